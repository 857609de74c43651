package privx

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// What is only shown of a target must not fail a sync: what cannot be read of it is left
// out.

// shown is a field that is only shown. It holds as much of it as can be read.
type shown[T any] struct{ value T }

// UnmarshalJSON reads the field.
func (s *shown[T]) UnmarshalJSON(data []byte) error {
	var value T
	_ = json.Unmarshal(data, &value)
	s.value = value
	return nil
}

// text is a text that is only shown. A number is shown as it stands.
type text string

// UnmarshalJSON reads the text.
func (t *text) UnmarshalJSON(data []byte) error {
	var said string
	if err := json.Unmarshal(data, &said); err != nil && isNumber(data) {
		said = string(data)
	}
	*t = text(said)
	return nil
}

// isNumber tells whether a JSON value is a number.
func isNumber(data []byte) bool { return data[0] == '-' || data[0] >= '0' && data[0] <= '9' }

func (t text) String() string { return string(t) }

// time is the text of a time, which is empty for the year 1: that stands for never.
func (t text) time() string {
	if strings.HasPrefix(string(t), "0001-") {
		return ""
	}
	return string(t)
}

// number is the text of a number from 0 to most; 0 if it is none.
func (t text) number(most int) int {
	n, err := strconv.Atoi(string(t))
	if err != nil || n < 0 || n > most {
		return 0
	}
	return n
}

// texts are the texts of a list that are not empty; nil if there are none.
func texts(list []text) []string {
	var all []string
	for _, one := range list {
		if one != "" {
			all = append(all, string(one))
		}
	}
	return all
}

// told is a field of which an absent one and null are not the same.
type told[T any] struct {
	value T
	// is tells that there is such a field, be it null.
	is bool
}

// UnmarshalJSON reads the field.
func (t *told[T]) UnmarshalJSON(data []byte) error {
	var value T
	err := json.Unmarshal(data, &value)
	t.value, t.is = value, true
	return err
}

// Disabled is PrivX's word on whether something is disabled, and why: FALSE, NOT_DISABLED or
// nothing if it is not, and else BY_ADMIN, BY_LICENSE or another text.
type Disabled string

// UnmarshalJSON reads a text, or a boolean as PrivX's own requests have it. What is neither
// says nothing that is known, and is UNKNOWN.
func (d *Disabled) UnmarshalJSON(data []byte) error {
	var said any
	_ = json.Unmarshal(data, &said)
	switch said := said.(type) {
	case nil:
		*d = ""
	case string:
		*d = Disabled(said)
	case bool:
		*d = Disabled(strings.ToUpper(strconv.FormatBool(said)))
	default:
		*d = "UNKNOWN"
	}
	return nil
}

// Is tells whether it is disabled.
func (d Disabled) Is() bool {
	return !slices.Contains([]string{"", "FALSE", "NOT_DISABLED"}, strings.ToUpper(string(d)))
}
