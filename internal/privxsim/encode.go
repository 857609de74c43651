package privxsim

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Every object carries members that no client knows, as every release of PrivX
// brings new ones. The numbers are such that a decoder which goes through
// float64 damages them.
const (
	unknownInUser   = `"x_future_user":{"score":1.50,"serial":12345678901234567890,"flags":[true,null]}`
	unknownInRole   = `"x_future_role":{"weight":0.10,"labels":["a","b"]}`
	unknownInHandle = `"x_future_handle":[{"n":9007199254740993}]`
	unknownInSource = `"x_future_source":"later"`
	unknownInStatus = `"x_future_status":{}`
	unknownInToken  = `"x_future_token":"later"` //nolint:gosec // It is no credential.
)

// mustMarshal encodes what always can be encoded.
func mustMarshal(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("privxsim: %v", err))
	}
	return data
}

// withMembers returns a JSON object with further members, each `"name":value`.
func withMembers(object []byte, members ...string) []byte {
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

// withExtra returns a JSON object in which the extra members replace or join
// those that it has.
func withExtra(object []byte, extra map[string]json.RawMessage) []byte {
	if len(extra) == 0 {
		return object
	}
	members := map[string]json.RawMessage{}
	if err := json.Unmarshal(object, &members); err != nil {
		panic(fmt.Sprintf("privxsim: %v", err))
	}
	maps.Copy(members, extra)
	return mustMarshal(members)
}

// encodeUser encodes a user without roles and permissions, which differ from
// answer to answer.
func encodeUser(user User) []byte {
	user.Attributes = orEmpty(user.Attributes)
	return withExtra(withMembers(mustMarshal(user), unknownInUser), user.Extra)
}

// encodeRole encodes a role as it stands in a list of roles.
func encodeRole(role Role) []byte {
	role = normalRole(role)
	return withExtra(withMembers(mustMarshal(role), unknownInRole), role.Extra)
}

// encodeHandle encodes a role as it stands in a user's list of roles, without
// what describes the membership. Guess: it has the fields of the one public
// sample and no others, with source_rules reduced to null as there.
func encodeHandle(role Role) []byte {
	role = normalRole(role)
	return withMembers(mustMarshal(struct {
		ID            string          `json:"id"`
		Name          string          `json:"name"`
		System        bool            `json:"system,omitempty"`
		Permissions   []string        `json:"permissions"`
		AccessGroupID string          `json:"access_group_id"`
		OwnerSource   string          `json:"owner_src"`
		Rules         json.RawMessage `json:"source_rules"`
		Context       Context         `json:"context"`
	}{
		role.ID, role.Name, role.System, role.Permissions, role.AccessGroupID, role.OwnerSource,
		json.RawMessage(`{"rules":null}`), role.Context,
	}), unknownInHandle)
}

// normalRole writes empty lists as [], where PrivX does so.
func normalRole(role Role) Role {
	role.Permissions = orEmpty(role.Permissions)
	role.Context.Validity = orEmpty(role.Context.Validity)
	role.Context.IPMasks = orEmpty(role.Context.IPMasks)
	role.Rules = normalRule(role.Rules)
	return role
}

func normalRule(rule Rule) Rule {
	rules := make([]Rule, 0, len(rule.Rules))
	for _, inner := range rule.Rules {
		rules = append(rules, normalRule(inner))
	}
	rule.Rules = rules
	return rule
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// encodeSource encodes a directory.
func encodeSource(source Source) []byte {
	connection := withExtra(mustMarshal(struct {
		Type string `json:"type"`
	}{source.Type}), source.Connection)
	object := mustMarshal(struct {
		ID         string          `json:"id"`
		Name       string          `json:"name"`
		Created    string          `json:"created,omitempty"`
		Updated    string          `json:"updated,omitempty"`
		Author     string          `json:"author,omitempty"`
		TTL        int             `json:"ttl"`
		Comment    string          `json:"comment,omitempty"`
		Tags       []string        `json:"tags,omitempty"`
		StatusCode string          `json:"status_code"`
		StatusText string          `json:"status_text"`
		Enabled    bool            `json:"enabled"`
		Connection json.RawMessage `json:"connection"`
	}{
		source.ID, source.Name, source.Created, source.Updated, source.Author, 900,
		source.Comment, source.Tags, "OK", "", source.Enabled, connection,
	})
	return withExtra(withMembers(object, unknownInSource), source.Extra)
}

// append encodes a role as it stands in a list of roles of a user. Guess: false
// values are left out, as they are in recorded lists of roles, and a membership
// that is only mapped has no grant_type.
func (m *membership) append(dst []byte, everyone *roleRecord, withGrant bool) []byte {
	dst = appendOpen(dst, m.role.handle)
	if m.explicit != nil {
		dst = append(dst, `,"explicit":true`...)
		if withGrant {
			dst = append(dst, ',')
			dst = append(dst, m.explicit.wire...)
		}
	}
	if m.implicit || m.role == everyone {
		dst = append(dst, `,"implicit":true`...)
	}
	return append(dst, '}')
}

// appendOpen appends an encoded object without its closing brace, so that more
// members can follow.
func appendOpen(dst, object []byte) []byte { return append(dst, object[:len(object)-1]...) }

// entry is the explicit part of a membership, with the encoded members of a JSON
// object that tell of it. It never changes, so memberships may share one.
type entry struct {
	grant Grant
	extra map[string]json.RawMessage
	wire  string
}

// newEntry makes an entry from a grant and what else the entry carries.
func newEntry(grant Grant, extra map[string]json.RawMessage) *entry {
	if grant.Type == "" {
		grant.Type = GrantPermanent
	}
	fields := map[string]json.RawMessage{}
	if len(grant.Periods) > 0 {
		fields[fieldPeriods] = mustMarshal(grant.Periods)
	}
	if grant.Start != "" {
		fields[fieldStart] = mustMarshal(grant.Start)
	}
	if grant.End != "" {
		fields[fieldEnd] = mustMarshal(grant.End)
	}
	if grant.FloatingHours != 0 {
		fields[fieldFloating] = mustMarshal(grant.FloatingHours)
	}
	return newRawEntry(grant, fields, extra)
}

// newRawEntry makes an entry whose grant is written as it was sent.
func newRawEntry(grant Grant, fields, extra map[string]json.RawMessage) *entry {
	wire := fmt.Appendf(nil, "%q:%q", fieldGrantType, grant.Type)
	for _, members := range []map[string]json.RawMessage{fields, extra} {
		for _, name := range slices.Sorted(maps.Keys(members)) {
			wire = fmt.Appendf(wire, ",%s:%s", mustMarshal(name), members[name])
		}
	}
	return &entry{grant: grant, extra: extra, wire: string(wire)}
}
