package writeprobe

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"

	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// entry is a role in a user's list, with the JSON that it came as. That JSON is written
// back, to the byte.
type entry struct {
	privx.RoleEntry

	text json.RawMessage
}

// UnmarshalJSON decodes the entry and keeps its JSON.
func (e *entry) UnmarshalJSON(text []byte) error {
	e.text = bytes.Clone(text)
	return json.Unmarshal(text, &e.RoleEntry)
}

// granted tells whether the user holds the role by a grant. An entry that says neither that
// nor that it is there by a rule may be a grant, and counts as one.
func (e *entry) granted() bool { return e.Explicit || !e.Implicit }

// list is a user's whole list of roles.
type list struct {
	entries []entry
	// date is the time by PrivX's clock when it was read; zero if PrivX gave none.
	date time.Time
}

// find is the entry of a role: the granted one if there are two, nil if there is none.
func (l *list) find(roleID string) *entry {
	var found *entry
	for i := range l.entries {
		if e := &l.entries[i]; privx.SameID(e.ID, roleID) && (found == nil || e.granted()) {
			found = e
		}
	}
	return found
}

// has tells whether the user holds a role by a grant.
func (l *list) has(roleID string) bool {
	e := l.find(roleID)
	return e != nil && e.granted()
}

// grants are the entries of roles that the user holds by a grant.
func (l *list) grants() []entry {
	return slices.DeleteFunc(slices.Clone(l.entries), func(e entry) bool { return !e.granted() })
}

// without are the entries but those of some roles.
func (l *list) without(roleIDs ...string) []entry {
	return slices.DeleteFunc(slices.Clone(l.entries), func(e entry) bool { return anyIs(roleIDs, e.ID) })
}

// rules are the ids of the roles that the user holds by a rule, sorted.
func (l *list) rules() []string {
	var ids []string
	for i := range l.entries {
		if l.entries[i].Implicit {
			ids = append(ids, privx.CanonicalID(l.entries[i].ID))
		}
	}
	slices.Sort(ids)
	return ids
}

// same tells whether two lists have the same entries with the same values, in any order.
func (l *list) same(other *list) bool { return slices.Equal(l.values(), other.values()) }

// values are the entries in a form that is the same if their values are.
func (l *list) values() []string {
	var all []string
	for i := range l.entries {
		all = append(all, value(l.entries[i].text))
	}
	slices.Sort(all)
	return all
}

// value is a JSON text with its fields in order and its numbers as they are. How many
// members a role has is left out: that changes with other users, too.
func value(text json.RawMessage) string {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var decoded any
	if decoder.Decode(&decoded) != nil {
		return string(text)
	}
	if fields, ok := decoded.(map[string]any); ok {
		delete(fields, "member_count")
		delete(fields, "explicit_count")
	}
	sorted, err := json.Marshal(decoded)
	if err != nil {
		return string(text)
	}
	return string(sorted)
}

// altered are the names of the fields that differ in two entries, sorted.
func altered(before, after *entry) []string {
	var was, is map[string]json.RawMessage
	if before == nil || after == nil || json.Unmarshal(before.text, &was) != nil || json.Unmarshal(after.text, &is) != nil {
		return nil
	}
	var names []string
	for name := range was {
		if value(was[name]) != value(is[name]) {
			names = append(names, name)
		}
	}
	for name := range is {
		if _, found := was[name]; !found {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// body is the JSON of entries to write. An empty list is [] and never null.
func body(entries []entry) []byte {
	texts := make([][]byte, 0, len(entries))
	for i := range entries {
		texts = append(texts, entries[i].text)
	}
	return slices.Concat([]byte("["), bytes.Join(texts, []byte(",")), []byte("]"))
}

// grant makes the entry that grants a role, with what else it shall say.
func grant(roleID string, fields map[string]any) entry {
	all := map[string]any{"id": roleID, "explicit": true, "grant_type": privx.GrantPermanent}
	for name, field := range fields {
		all[name] = field
	}
	text, _ := json.Marshal(all) // Texts and lists of them always marshal.
	return entry{RoleEntry: privx.RoleEntry{ID: roleID, Explicit: true}, text: text}
}

func anyIs(ids []string, id string) bool {
	return slices.ContainsFunc(ids, func(other string) bool { return api.SameID(other, id) })
}
