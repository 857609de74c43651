package rolestore

import (
	"encoding/json"

	"github.com/conductorone/baton-privx/internal/privxsim/core"
)

// Every object carries members that no client knows, as every release of PrivX
// brings new ones. The numbers are such that a decoder which goes through
// float64 damages them.
const (
	unknownInUser   = `"x_future_user":{"score":1.50,"serial":12345678901234567890,"flags":[true,null]}`
	unknownInRole   = `"x_future_role":{"weight":0.10,"labels":["a","b"]}`
	unknownInHandle = `"x_future_handle":[{"n":9007199254740993}]`
	unknownInSource = `"x_future_source":"later"`
)

// encodeUser encodes a user without roles and permissions, which differ from
// answer to answer.
func encodeUser(user User) []byte {
	user.Attributes = orEmpty(user.Attributes)
	return core.WithExtra(core.WithMembers(core.MustMarshal(user), unknownInUser), user.Extra)
}

// encodeRole encodes a role as it stands in a list of roles.
func encodeRole(role Role) []byte {
	role = normalRole(role)
	return core.WithExtra(core.WithMembers(core.MustMarshal(role), unknownInRole), role.Extra)
}

// encodeHandle encodes a role as it stands in a user's list of roles, without
// what describes the membership. Guess (PXQ-021): it has the fields of the one public
// sample and no others, with source_rules reduced to null as there.
func encodeHandle(role Role) []byte {
	role = normalRole(role)
	return core.WithMembers(core.MustMarshal(struct {
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
	connection := core.WithExtra(core.MustMarshal(struct {
		Type string `json:"type"`
	}{source.Type}), source.Connection)
	object := core.MustMarshal(struct {
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
	return core.WithExtra(core.WithMembers(object, unknownInSource), source.Extra)
}

// append encodes a role as it stands in a list of roles of a user. Guess (PXQ-021,
// PXQ-022): false values are left out, as they are in recorded lists of roles, and a
// membership that is only mapped has no grant_type.
func (m *membership) append(dst []byte, everyone *roleRecord, withGrant bool) []byte {
	dst = core.AppendOpen(dst, m.role.handle)
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
