package rolestore

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/conductorone/baton-privx/internal/privxsim/core"
)

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
		fields[fieldPeriods] = core.MustMarshal(grant.Periods)
	}
	if grant.Start != "" {
		fields[fieldStart] = core.MustMarshal(grant.Start)
	}
	if grant.End != "" {
		fields[fieldEnd] = core.MustMarshal(grant.End)
	}
	if grant.FloatingHours != 0 {
		fields[fieldFloating] = core.MustMarshal(grant.FloatingHours)
	}
	return newRawEntry(grant, fields, extra)
}

// newRawEntry makes an entry whose grant is written as it was sent.
func newRawEntry(grant Grant, fields, extra map[string]json.RawMessage) *entry {
	wire := fmt.Appendf(nil, "%q:%q", fieldGrantType, grant.Type)
	for _, members := range []map[string]json.RawMessage{fields, extra} {
		for _, name := range slices.Sorted(maps.Keys(members)) {
			wire = fmt.Appendf(wire, ",%s:%s", core.MustMarshal(name), members[name])
		}
	}
	return &entry{grant: grant, extra: extra, wire: string(wire)}
}
