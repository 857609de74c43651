package core

import (
	"encoding/json"
	"fmt"
	"maps"
)

// MustMarshal encodes what always can be encoded.
func MustMarshal(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("privxsim: %v", err))
	}
	return data
}

// WithMembers returns a JSON object with further members, each `"name":value`.
func WithMembers(object []byte, members ...string) []byte {
	out := make([]byte, 0, len(object)+256)
	out = append(out, object[:len(object)-1]...)
	for _, member := range members {
		if len(member) == 0 {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(out, member...)
	}
	return append(out, '}')
}

// WithExtra returns a JSON object in which the extra members replace or join
// those that it has.
func WithExtra(object []byte, extra map[string]json.RawMessage) []byte {
	if len(extra) == 0 {
		return object
	}
	members := map[string]json.RawMessage{}
	if err := json.Unmarshal(object, &members); err != nil {
		panic(fmt.Sprintf("privxsim: %v", err))
	}
	maps.Copy(members, extra)
	return MustMarshal(members)
}

// AppendOpen appends an encoded object without its closing brace, so that more
// members can follow.
func AppendOpen(dst, object []byte) []byte { return append(dst, object[:len(object)-1]...) }
