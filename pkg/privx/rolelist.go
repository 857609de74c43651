package privx

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/conductorone/baton-privx/internal/errorid"

	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// roleList is a user's whole list of roles, which PrivX reads and writes in one
// piece.
type roleList struct {
	entries []heldRole
	// beside are the roles in the user's own record if the list is empty. All of them are
	// implicit, and they are never written.
	beside []heldRole
	// date is the time by PrivX's clock when the list was read; zero if PrivX gave none.
	date time.Time
}

// heldRole is an entry of the list, with the JSON that it came as. That JSON is written
// back, so that fields which this client does not know are not lost.
type heldRole struct {
	RoleEntry

	text json.RawMessage
}

// UnmarshalJSON decodes the entry and keeps its JSON.
func (h *heldRole) UnmarshalJSON(text []byte) error {
	h.text = bytes.Clone(text)
	return json.Unmarshal(text, &h.RoleEntry)
}

// listOf is the list in PrivX's answer.
func listOf(page *Page[heldRole]) roleList { return roleList{entries: page.Items, date: page.Date} }

// time is when the list was read, by PrivX's clock or, if it gave none, by this client's.
func (l roleList) time(ours time.Time) time.Time {
	if l.date.IsZero() {
		return ours
	}
	return l.date
}

// membership is how the user holds a role; nil if the user does not. If PrivX shows the
// explicit and the implicit membership as two entries, they are merged.
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

// others are the entries of all other roles, as PrivX sent them.
func (l roleList) others(roleID string) []json.RawMessage {
	texts := make([]json.RawMessage, 0, len(l.entries)+1)
	for _, held := range l.entries {
		if !SameID(held.ID, roleID) {
			texts = append(texts, held.text)
		}
	}
	return texts
}

// granted is the list with the role made explicit. The grant ends after the given length;
// if that is 0, it has no end.
func (l roleList) granted(roleID string, length time.Duration) ([]json.RawMessage, error) {
	if held := l.membership(roleID); held != nil && held.Explicit && slices.ContainsFunc(held.Periods(), Period.unreadable) {
		e := api.Contradiction(getUserRoles, "a membership whose times cannot be read, and that a grant would replace").WithID(errorid.TimesUnreadable)
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
			e := api.Contradiction(getUserRoles, "no Date header, so that a time-limited grant cannot be given an end").WithID(errorid.NoDate)
			e.Hint = "let what stands in front of PrivX pass the header on, or leave grant-max-hours out"
			return nil, e
		}
		// Both encodings are written: PrivX before version 33 knows only the second.
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

// isOfGrant tells whether a field is one of grantFields, in any case of its letters. A
// decoder that ignores case, as Go's does, must not find two fields that contradict each
// other.
func isOfGrant(name string) bool {
	return slices.ContainsFunc(grantFields, func(field string) bool { return strings.EqualFold(field, name) })
}

// editable is the entry of a role, by fields: the explicit one if there are two, and empty
// if there is none.
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

// disturbed are the roles, other than roleID, that are explicit in only one of two lists.
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

// listBody is the JSON of the list to write. An empty list is [] and never null.
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
