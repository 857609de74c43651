package rolestore

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/conductorone/baton-privx/internal/privxsim/core"
)

// putEntry is one explicit role of those that a user shall have.
type putEntry struct {
	roleID string
	entry  *entry
}

// parseEntries reads the list of roles that a user shall have. Guess (PXQ-031): PrivX
// refuses the same mistakes, in this way; that it wants a list is known.
func (o Options) parseEntries(body []byte) ([]putEntry, *core.Error) {
	if !o.AcceptNullRoles && bytes.Equal(bytes.TrimSpace(body), []byte("null")) {
		return nil, core.BadRequest("", "body is null")
	}
	var list []map[string]json.RawMessage
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, core.BadRequest("", "body is not a list of roles")
	}
	var entries []putEntry
	for _, fields := range list {
		e, granted, err := o.parseEntry(fields)
		if err != nil {
			return nil, err
		}
		if !granted {
			continue
		}
		if slices.ContainsFunc(entries, func(other putEntry) bool { return other.roleID == e.roleID }) {
			return nil, core.BadRequest("id", "role is listed twice: "+e.roleID)
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// parseEntry reads one entry and whether it grants its role.
func (o Options) parseEntry(fields map[string]json.RawMessage) (putEntry, bool, *core.Error) {
	var known struct {
		ID            string   `json:"id"`
		Explicit      bool     `json:"explicit"`
		GrantType     string   `json:"grant_type"`
		Periods       []Period `json:"grant_validity_periods"`
		Start         string   `json:"grant_start"`
		End           string   `json:"grant_end"`
		FloatingHours int      `json:"floating_length"`
	}
	if err := json.Unmarshal(core.MustMarshal(fields), &known); err != nil {
		return putEntry{}, false, core.BadRequest("", "entry has a field of a wrong type")
	}
	if known.ID == "" {
		return putEntry{}, false, core.BadRequest("id", "entry has no role id")
	}
	if !known.Explicit && !o.GrantEveryEntry {
		return putEntry{}, false, nil
	}
	grant := Grant{
		Type: known.GrantType, Periods: known.Periods, Start: known.Start, End: known.End, FloatingHours: known.FloatingHours,
	}
	if grant.Type == "" { // as an old client sends it
		grant.Type = GrantPermanent
	}
	if err := grant.check(); err != nil {
		return putEntry{}, false, err
	}
	raw, extra := splitFields(fields)
	return putEntry{roleID: known.ID, entry: newRawEntry(grant, raw, extra)}, true, nil
}

// splitFields returns the fields of a grant and the fields that nobody knows,
// both in the text form in which they came. Zero values, which some clients
// send for what is absent, are dropped.
func splitFields(fields map[string]json.RawMessage) (map[string]json.RawMessage, map[string]json.RawMessage) {
	grant, unknown := map[string]json.RawMessage{}, map[string]json.RawMessage{}
	for name, value := range fields {
		switch {
		case slices.Contains(grantFields, name):
			if !slices.Contains([]string{`""`, "0", "null", "[]"}, string(value)) {
				grant[name] = value
			}
		case !slices.Contains(roleFields, name):
			unknown[name] = value
		}
	}
	return grant, unknown
}
