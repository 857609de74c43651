package config

import (
	"regexp"

	"github.com/conductorone/baton-privx/internal/errorid"

	"github.com/conductorone/baton-sdk/pkg/field"
)

// Numbers are the names of the settings that are whole numbers.
func Numbers() []string {
	var names []string
	for _, f := range Config.Fields {
		if f.Variant == field.IntVariant {
			names = append(names, f.FieldName)
		}
	}
	return names
}

// plainNumber has no more digits than any int can hold.
var plainNumber = regexp.MustCompile(`^(0|[1-9][0-9]{0,8})$`)

// CheckNumber tells whether a text that was given for a whole number is one in plain
// digits. The parsers that the SDK uses take 010 for 8, for example. An
// error is as that of [Privx.Settings], which looks at the number's size.
func CheckNumber(name, text string) error {
	if plainNumber.MatchString(text) {
		return nil
	}
	return &Error{ID: errorid.Number, Field: name, Problem: "must be a whole number in at most 9 digits, without a sign, a leading zero or anything else"}
}
