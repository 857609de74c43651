package rolestore

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/conductorone/baton-privx/internal/privxsim/core"
)

// getUserRoles shows a user's roles: there is no paging.
func (s *service) getUserRoles(c *core.Call) core.Answer {
	view := s.view(c)
	defer view.mu.Unlock()
	user := view.users[c.ID]
	if user == nil {
		return core.NotFound().Answer()
	}
	memberships := slices.Collect(view.membershipsOf(user))
	if c.Stale && user.before != nil {
		memberships = slices.Clone(user.before)
	}
	memberships = slices.DeleteFunc(memberships, func(m *membership) bool { return s.hides(view, m) })
	if s.opts.SplitMemberships {
		memberships = splitMemberships(memberships)
	}
	return core.List(c, memberships, func(dst []byte, m *membership) []byte { return m.append(dst, view.everyone, true) })
}

// splitMemberships makes two of those that are explicit and implicit.
func splitMemberships(memberships []*membership) []*membership {
	var parts []*membership
	for _, m := range memberships {
		if m.explicit != nil && m.implicit {
			parts = append(parts, &membership{user: m.user, role: m.role, explicit: m.explicit})
			m = &membership{user: m.user, role: m.role, implicit: true}
		}
		parts = append(parts, m)
	}
	return parts
}

// Fields of a role in a user's list that tell of the grant.
const (
	fieldGrantType = "grant_type"
	fieldPeriods   = "grant_validity_periods"
	fieldStart     = "grant_start"
	fieldEnd       = "grant_end"
	fieldFloating  = "floating_length"
)

var grantFields = []string{fieldPeriods, fieldStart, fieldEnd, fieldFloating}

// roleFields are the other known fields of such an entry. What a client sends
// in them is ignored: the role is described by the role store itself.
var roleFields = []string{
	"id", "name", "type", "arn", "source", "created", "updated", "author", "updatedby", "explicit", "implicit",
	"system", fieldGrantType, "comment", "tags", "permissions", "access_group_id", "owner_src",
	"principal_public_key_strings", "permit_agent", "source_rules", "context", "member_count", "explicit_count",
	"deleted", "deleted_by", "x_future_handle",
}

// putEntry is one explicit role of those that a user shall have.
type putEntry struct {
	roleID string
	entry  *entry
}

// putUserRoles sets a user's explicit roles: those entries of a list that say
// explicit. Mapped ones are not affected, and entries that only tell of them
// are ignored. The answer is empty.
func (s *service) putUserRoles(c *core.Call) core.Answer {
	entries, err := parseEntries(c.Body, s.opts.AcceptNullRoles)
	if err == nil {
		err = s.store.replaceExplicit(c, entries, s.opts.UnknownRoles)
	}
	if err != nil {
		return err.Answer()
	}
	return core.Empty()
}

// parseEntries reads the list. Guess: PrivX refuses the same mistakes, in this
// way; that it wants a list is known.
func parseEntries(body []byte, acceptNull bool) ([]putEntry, *core.Error) {
	if !acceptNull && bytes.Equal(bytes.TrimSpace(body), []byte("null")) {
		return nil, core.BadRequest("", "body is null")
	}
	var list []map[string]json.RawMessage
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, core.BadRequest("", "body is not a list of roles")
	}
	var entries []putEntry
	for _, fields := range list {
		e, explicit, err := parseEntry(fields)
		if err != nil {
			return nil, err
		}
		if !explicit {
			continue
		}
		if slices.ContainsFunc(entries, func(other putEntry) bool { return other.roleID == e.roleID }) {
			return nil, core.BadRequest("id", "role is listed twice: "+e.roleID)
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// parseEntry reads one entry and whether it is explicit.
func parseEntry(fields map[string]json.RawMessage) (putEntry, bool, *core.Error) {
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
	if !known.Explicit {
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
