// Package apiproxy is the service of PrivX that knows API targets, and the roles that may
// call them. PrivX has it since version 42.
package apiproxy

import (
	"encoding/json"
	"net/http"

	"github.com/conductorone/baton-privx/internal/privxsim/core"
	"github.com/conductorone/baton-privx/internal/privxsim/target"
)

// PermAPITargetsView is the permission that the service asks for.
const PermAPITargetsView = "api-targets-view"

// APITarget is an API target as the service shows one. Its credential is none of its
// fields but for the type: every API target that is shown carries canaries in its place.
type APITarget struct {
	ID                    string           `json:"id"`
	Name                  string           `json:"name"`
	Comment               string           `json:"comment,omitempty"`
	Tags                  []string         `json:"tags"`
	AccessGroupID         string           `json:"access_group_id"`
	Roles                 []target.RoleRef `json:"roles"`
	AuthorizedEndpoints   []Endpoint       `json:"authorized_endpoints"`
	UnauthorizedEndpoints []Endpoint       `json:"unauthorized_endpoints"`
	TLSInsecureSkipVerify bool             `json:"tls_insecure_skip_verify,omitempty"`
	AuditEnabled          *bool            `json:"audit_enabled,omitempty"`
	Created               string           `json:"created"`
	Author                string           `json:"author"`
	Updated               string           `json:"updated,omitempty"`
	UpdatedBy             string           `json:"updated_by,omitempty"`
	// CredentialType is the type of its credential: token, basicauth, certificate or
	// ephemeral-certificate.
	CredentialType string `json:"-"`
	// Disabled is why it is disabled; "" where it is not.
	Disabled string `json:"-"`

	// Extra holds further members of the JSON object; they win over the fields.
	Extra map[string]json.RawMessage `json:"-"`
}

// Endpoint are requests to an API target.
type Endpoint struct {
	Host                 string   `json:"host"`
	Protocols            []string `json:"protocols"`
	Methods              []string `json:"methods"`
	Paths                []string `json:"paths"`
	AllowUnauthenticated bool     `json:"allow_unauthenticated"`
	NATTargetHost        string   `json:"nat_target_host,omitempty"`
}

// APITargetTable is the truth that the service tells. It may be used by several
// goroutines at once.
type APITargetTable struct {
	table       *core.Table[APITarget]
	roles       target.Roles
	accessGroup string
}

// targetOrder is what API targets can be sorted by. Guess (PXQ-079): it is these keys, and they
// come by name where no key was sent.
var targetOrder = core.Order[*APITarget]{
	Keys: map[string]func(*APITarget) string{
		"id":      func(t *APITarget) string { return t.ID },
		"name":    func(t *APITarget) string { return t.Name },
		"comment": func(t *APITarget) string { return t.Comment },
		"created": func(t *APITarget) string { return core.SortableTime(t.Created) },
		"updated": func(t *APITarget) string { return core.SortableTime(t.Updated) },
	},
	ID:      func(t *APITarget) string { return t.ID },
	Default: "name",
}

// New returns a store without API targets. API targets are made in an access group unless
// they name another one.
func New(installation string, roles target.Roles, accessGroup string) *APITargetTable {
	another := func(last APITarget, id string) APITarget {
		last.ID = id
		return last
	}
	return &APITargetTable{core.NewTable(installation+"/api-targets", targetOrder, another), roles, accessGroup}
}

// AddAPITarget adds an API target, or replaces the one with the same id, and returns it
// with what was filled in.
func (t *APITargetTable) AddAPITarget(at APITarget) APITarget {
	if at.ID == "" {
		at.ID = t.table.NextID()
	}
	if at.AccessGroupID == "" {
		at.AccessGroupID = t.accessGroup
	}
	at.Roles = target.NameRoles(t.roles, at.Roles)
	t.table.Put(at)
	return at
}

// UpdateAPITarget replaces the API target with the same id.
func (t *APITargetTable) UpdateAPITarget(at APITarget) {
	at.Roles = target.NameRoles(t.roles, at.Roles)
	t.table.Update(at)
}

// RemoveAPITarget removes an API target.
func (t *APITargetTable) RemoveAPITarget(id string) { t.table.Remove(id) }

// APITargets returns all API targets by id.
func (t *APITargetTable) APITargets() []APITarget { return t.table.Rows() }

// Reach returns which roles reach which API targets, also disabled ones.
func (t *APITargetTable) Reach() []target.Reached {
	var all []target.Reached
	for _, at := range t.APITargets() {
		reached := target.Reached{Kind: target.KindAPITarget, Target: at.ID, Way: target.WayCall}
		all = append(all, target.Reach(t.roles, at.Roles, reached)...)
	}
	return all
}

type service struct {
	store *APITargetTable
	view  target.View
}

// Service returns the service that tells the truth of a store.
func Service(store *APITargetTable, shared target.Options) core.Service {
	s := &service{store, target.View{Options: shared, Roles: store.roles}}
	anyOf := []string{PermAPITargetsView}
	return core.Service{Name: "api-proxy", Data: store.table.Data(), Endpoints: []core.Endpoint{
		{Method: http.MethodGet, Path: "api-targets", AnyOf: anyOf, Shows: core.ShowsList, Handle: s.list},
		{Method: http.MethodGet, Path: "api-targets/{id}", AnyOf: anyOf, Shows: core.ShowsObject, Handle: s.get},
	}}
}

func (s *service) list(c *core.Call) core.Answer {
	w, err := targetOrder.Window(c)
	if err != nil {
		return err.Answer()
	}
	sees := s.view.Scope(c, PermAPITargetsView)
	return s.store.table.Page(c, w, func(at *APITarget) bool { return sees(at.AccessGroupID) }, s.encode)
}

func (s *service) get(c *core.Call) core.Answer {
	at := s.store.table.Get(c, c.ID)
	switch {
	case at == nil:
		return core.NotFound().Answer()
	case !s.view.Scope(c, PermAPITargetsView)(at.AccessGroupID):
		return s.view.Foreign()
	default:
		return core.JSON(http.StatusOK, s.encode(at))
	}
}

func (s *service) encode(at *APITarget) []byte {
	shown := *at
	shown.Roles = s.view.Refs(at.Roles)
	shown.Tags = target.List(s.view, at.Tags)
	shown.AuthorizedEndpoints = target.List(s.view, at.AuthorizedEndpoints)
	shown.UnauthorizedEndpoints = target.List(s.view, at.UnauthorizedEndpoints)
	return core.WithExtra(core.WithMembers(core.MustMarshal(shown),
		s.view.Disabled(at.Disabled), credential(at.CredentialType),
		`"tls_trust_anchors":`+target.Canary("api-trust-anchors"), `"x_future_api_target":true`), at.Extra)
}

// credential is the member that has the secrets of an API target, all of them whatever
// the type, so that one that leaks is found.
func credential(kind string) string {
	if kind == "" {
		kind = "token"
	}
	member := core.MustMarshal(map[string]string{
		"type": kind, "basic_auth_username": "api",
		"basic_auth_password": target.CanaryPrefix + "api-password", "bearer_token": target.CanaryPrefix + "bearer-token",
		"certificate": target.CanaryPrefix + "api-certificate", "private_key": target.CanaryPrefix + "api-private-key",
		"ephemeral_certificate_subject": "", "ephemeral_certificate_san": "", "ephemeral_certificate_template": "",
	})
	return `"target_credential":` + string(member)
}
