package privx

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// roleList is a user's whole list of roles, which PrivX reads and writes in one
// piece.
type roleList struct {
	entries []heldRole
	// beside are the roles in the user's own record where the list is empty. None of
	// them was granted, and they are never written.
	beside []heldRole
	// date is what PrivX's clock said when it was read; zero if it said nothing.
	date time.Time
}

// heldRole is an entry of the list and the text that it came in. The text is
// what goes back, so that nothing this client does not know is lost.
type heldRole struct {
	RoleEntry

	text json.RawMessage
}

// UnmarshalJSON keeps the text.
func (h *heldRole) UnmarshalJSON(text []byte) error {
	h.text = bytes.Clone(text)
	return json.Unmarshal(text, &h.RoleEntry)
}

// listOf is the list that PrivX has answered.
func listOf(page *Page[heldRole]) roleList { return roleList{entries: page.Items, date: page.Date} }

// time is that of the list by PrivX's clock or, if it gave none, by ours.
func (l roleList) time(ours *api.Client) time.Time {
	if l.date.IsZero() {
		return ours.Now()
	}
	return l.date
}

// membership is how the user holds a role, nil if he does not. Should PrivX tell
// of the explicit and the implicit part in two entries, they are one here.
func (l roleList) membership(roleID string) *RoleEntry {
	var found *RoleEntry
	entries := l.entries
	if len(entries) == 0 {
		entries = l.beside
	}
	for _, held := range entries {
		if !SameID(held.ID, roleID) {
			continue
		}
		entry := held.RoleEntry
		if found != nil {
			implicit := found.Implicit || entry.Implicit
			if found.Explicit {
				entry = *found
			}
			entry.Implicit = implicit
		}
		found = &entry
	}
	return found
}

// explicit tells whether the user holds a role explicitly.
func (l roleList) explicit(roleID string) bool {
	held := l.membership(roleID)
	return held != nil && held.Explicit
}

// others are the entries of all other roles, as they came.
func (l roleList) others(roleID string) []json.RawMessage {
	texts := make([]json.RawMessage, 0, len(l.entries)+1)
	for _, held := range l.entries {
		if !SameID(held.ID, roleID) {
			texts = append(texts, held.text)
		}
	}
	return texts
}

// granted is the list with a role made explicit, for the given length or, if
// that is 0, without an end.
func (l roleList) granted(roleID string, length time.Duration) ([]json.RawMessage, error) {
	if held := l.membership(roleID); held != nil && held.Explicit && slices.ContainsFunc(held.Periods(), Period.unreadable) {
		e := api.Contradiction(getUserRoles, "a membership whose times cannot be read, and that a grant would replace")
		e.Hint = "look at the membership in PrivX: if it shall be replaced, remove it there first"
		return nil, e
	}
	entry, err := l.editable(roleID)
	if err != nil {
		return nil, err
	}
	maps.DeleteFunc(entry, func(name string, _ json.RawMessage) bool { return isOfGrant(name) })
	given := map[string]any{"explicit": true, "grant_type": GrantPermanent}
	if len(entry) == 0 {
		given["id"] = roleID
	}
	if length > 0 {
		if l.date.IsZero() {
			e := api.Contradiction(getUserRoles, "no Date header, so that a time-limited grant cannot be given an end")
			e.Hint = "let what stands in front of PrivX pass the header on, or leave grant-max-hours out"
			return nil, e
		}
		// Both encodings: PrivX before version 33 knows the second alone.
		start, end := l.date.UTC().Format(time.RFC3339), l.date.Add(length).UTC().Format(time.RFC3339)
		given["grant_type"] = GrantTimeRestricted
		given["grant_validity_periods"] = []Period{{Start: start, End: end}}
		given["grant_start"], given["grant_end"] = start, end
	}
	for field, value := range given {
		if entry[field], err = json.Marshal(value); err != nil {
			return nil, fmt.Errorf("making the entry of a role: %w", err)
		}
	}
	text, err := json.Marshal(entry)
	if err != nil {
		return nil, fmt.Errorf("making the entry of a role: %w", err)
	}
	return append(l.others(roleID), text), nil
}

// grantFields say how a role was granted.
var grantFields = []string{"explicit", "grant_type", "grant_validity_periods", "grant_start", "grant_end", "floating_length"}

// isOfGrant tells whether a field is one of them. Who reads names in any case, as
// Go does, must not find two that contradict each other.
func isOfGrant(name string) bool {
	return slices.ContainsFunc(grantFields, func(field string) bool { return strings.EqualFold(field, name) })
}

// editable is the entry of a role by fields, the explicit one if there are two;
// empty if there is none.
func (l roleList) editable(roleID string) (map[string]json.RawMessage, error) {
	fields := make(map[string]json.RawMessage)
	var text json.RawMessage
	for _, held := range l.entries {
		if SameID(held.ID, roleID) && (text == nil || held.Explicit) {
			text = held.text
		}
	}
	if text == nil {
		return fields, nil
	}
	if err := json.Unmarshal(text, &fields); err != nil {
		return nil, fmt.Errorf("reading the entry of a role: %w", err)
	}
	return fields, nil
}

// disturbed are the other roles that are explicit in one of two lists and not in
// the other.
func (l roleList) disturbed(now roleList, roleID string) []string {
	var ids []string
	for _, pair := range [2][2]roleList{{l, now}, {now, l}} {
		for _, held := range pair[0].entries {
			if held.Explicit && !SameID(held.ID, roleID) && !pair[1].explicit(held.ID) {
				ids = append(ids, held.ID)
			}
		}
	}
	return sortedSet(ids)
}

func sortedSet(ids []string) []string {
	slices.Sort(ids)
	return slices.Compact(ids)
}

// listBody is the list as it is written. An empty one is [] and never null.
func listBody(entries []json.RawMessage) []byte {
	var b bytes.Buffer
	b.WriteByte('[')
	for i, text := range entries {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(text)
	}
	b.WriteByte(']')
	return b.Bytes()
}
