package rolestore

import (
	"encoding/json"
	"net/http"

	"github.com/conductorone/baton-privx/internal/privxsim/core"
	"github.com/conductorone/baton-privx/internal/privxsim/target"
)

// What the role store says of an AWS role.
const (
	AWSRoleOK      = "OK"
	AWSRoleMissing = "MISSING" // it is no longer in AWS
)

// AWSRole is a role in AWS that roles of PrivX can give, as the last scan of AWS has
// found it.
type AWSRole struct {
	ID          string           `json:"id"`
	Name        string           `json:"name"`
	ARN         string           `json:"arn"`
	Updated     string           `json:"updated"`
	Description string           `json:"description"`
	Source      string           `json:"source"` // id of the Source
	Status      string           `json:"status"` // AWSRoleOK or AWSRoleMissing
	Roles       []target.RoleRef `json:"roles"`

	// Extra holds further members of the JSON object; they win over the fields.
	Extra map[string]json.RawMessage `json:"-"`
}

// awsRoleOrder is the order in which AWS roles come, which no client can choose.
var awsRoleOrder = core.Order[*AWSRole]{
	Keys:    map[string]func(*AWSRole) string{"name": func(r *AWSRole) string { return r.Name }},
	ID:      func(r *AWSRole) string { return r.ID },
	Default: "name",
}

func newAWSRoles(installation string) *core.Table[AWSRole] {
	return core.NewTable(installation+"/aws-roles", awsRoleOrder, func(last AWSRole, id string) AWSRole {
		last.ID = id
		return last
	})
}

// AddAWSRole adds an AWS role, or replaces the one with the same id, and returns it with
// what was filled in.
func (s *Store) AddAWSRole(role AWSRole) AWSRole {
	if role.ID == "" {
		role.ID = s.awsRoles.NextID()
	}
	if role.Status == "" {
		role.Status = AWSRoleOK
	}
	role.Roles = target.NameRoles(s, role.Roles)
	s.awsRoles.Put(role)
	return role
}

// UpdateAWSRole replaces the AWS role with the same id.
func (s *Store) UpdateAWSRole(role AWSRole) {
	role.Roles = target.NameRoles(s, role.Roles)
	s.awsRoles.Update(role)
}

// RemoveAWSRole removes an AWS role.
func (s *Store) RemoveAWSRole(id string) { s.awsRoles.Remove(id) }

// AWSRoles returns all AWS roles by id.
func (s *Store) AWSRoles() []AWSRole { return s.awsRoles.Rows() }

// ReachedAWSRoles returns which roles give which AWS roles, also missing ones.
func (s *Store) ReachedAWSRoles() []target.Reached {
	var all []target.Reached
	for _, role := range s.AWSRoles() {
		reached := target.Reached{Kind: target.KindAWSRole, Target: role.ID, Way: target.WayAssume}
		all = append(all, target.Reach(s, role.Roles, reached)...)
	}
	return all
}

// listAWSRoles shows all AWS roles: there is no paging.
func (s *service) listAWSRoles(c *core.Call) core.Answer {
	rows := s.store.awsRoles.Ascending(c, awsRoleOrder.Default)
	encode := func(dst []byte, role *AWSRole) []byte { return append(dst, s.encodeAWSRole(role)...) }
	if s.opts.AWSRolesEnvelope {
		return core.List(c, rows, encode)
	}
	return core.Array(rows, encode)
}

// getAWSRole shows one AWS role.
func (s *service) getAWSRole(c *core.Call) core.Answer {
	role := s.store.awsRoles.Get(c, c.ID)
	if role == nil {
		return core.NotFound().Answer()
	}
	return core.JSON(http.StatusOK, s.encodeAWSRole(role))
}

// unknownInAWSRole is a member that no client knows, as every release of PrivX brings
// new ones.
const unknownInAWSRole = `"x_future_aws":{"account":123456789012}`

func (s *service) encodeAWSRole(role *AWSRole) []byte {
	shown := *role
	shown.Roles = s.targets.Refs(role.Roles)
	return core.WithExtra(core.WithMembers(core.MustMarshal(shown), unknownInAWSRole), role.Extra)
}
