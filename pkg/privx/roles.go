package privx

import (
	"context"
	"errors"
	"net/http"

	"github.com/conductorone/baton-privx/internal/errorid"

	"github.com/conductorone/baton-privx/pkg/privx/api"
)

var (
	getRoles   = api.Endpoint{Method: http.MethodGet, Path: "/role-store/api/v1/roles", Permission: "roles-view"}
	getRole    = api.Endpoint{Method: http.MethodGet, Path: "/role-store/api/v1/roles/{}", Permission: "roles-view"}
	getMembers = api.Endpoint{Method: http.MethodGet, Path: "/role-store/api/v1/roles/{}/members", Permission: "roles-view"}
)

// Names of the two roles that are built into every PrivX. Whoever holds the first may do
// everything; every user holds the second, though it has no mapping rules.
const (
	RoleNameAdmin = "privx-admin"
	RoleNameUser  = "privx-user"
)

// Role is a role of PrivX's role store, with the fields that are read.
type Role struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Comment string `json:"comment"`
	// System marks the built-in roles privx-admin and privx-user.
	System        bool     `json:"system"`
	Permissions   []string `json:"permissions"`
	AccessGroupID string   `json:"access_group_id"`
	Context       *Context `json:"context"`
	// SourceRules are the mapping rules, which make users members without a grant.
	SourceRules *SourceRule `json:"source_rules"`
	// MemberCount is nil where PrivX does not say; it may be out of date.
	MemberCount *int `json:"member_count"`
	// Created is RFC 3339; empty for built-in roles.
	Created string `json:"created"`
}

// Identity is the id.
func (r Role) Identity() string { return r.ID }

// Context limits when and from where a role can be used. It does not change who
// its members are.
type Context struct {
	Enabled bool `json:"enabled"`
	// BlockRole: outside the limits the role is blocked rather than just audited.
	BlockRole bool     `json:"block_role"`
	Validity  []string `json:"validity"`
	StartTime string   `json:"start_time"`
	EndTime   string   `json:"end_time"`
	Timezone  string   `json:"timezone"`
	IPMasks   []string `json:"ip_masks"`
}

// SourceRule is a mapping rule, or a group of them.
type SourceRule struct {
	// Type is GROUP or RULE.
	Type string `json:"type"`
	// Match is ANY or ALL, for a GROUP.
	Match string       `json:"match"`
	Rules []SourceRule `json:"rules"`
	// Source is the id of the directory that a RULE searches.
	Source string `json:"source"`
	// SearchString is a RULE's LDAP filter.
	SearchString string `json:"search_string"`
}

// ListRoles reads a page of all roles. An empty token asks for the first page.
func (c *Client) ListRoles(ctx context.Context, token string) (*Page[Role], error) {
	return api.ReadPage[Role](ctx, c.api, allRoles(), token)
}

func allRoles() *api.List {
	return &api.List{Request: getRoles.Request(), Emptiness: NeverEmpty, IfEmpty: nothingListed}
}

// nothingListed is the error for an empty list of users or of roles. Neither can be empty:
// the API client is a user itself, and two roles are built in.
func nothingListed(l *api.List) *Error {
	e := api.Contradiction(l.Request.Endpoint, "an empty list, which cannot be").WithID(errorid.ListEmpty)
	e.Hint = hintNothingListed
	return e
}

const hintNothingListed = "look whether PrivX shows users and roles to the API client in its own pages, and try again"

// IsNothingListed tells whether PrivX lists no users or no roles at all, which cannot be.
func IsNothingListed(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Hint == hintNothingListed
}

// GetRole reads one role.
func (c *Client) GetRole(ctx context.Context, id string) (*Role, error) {
	role, err := api.Read[Role](ctx, c.api, getRole.Request(id))
	if err != nil {
		return nil, err
	}
	if !SameID(role.ID, id) {
		return nil, api.Contradiction(getRole, "another role than the one asked for")
	}
	return &role, nil
}

// ListMembers reads a page of a role's members: explicit and implicit ones, API clients
// among them. An empty token asks for the first page. If the role is known to have members
// and PrivX shows none, IsEmpty is true for the error.
func (c *Client) ListMembers(ctx context.Context, roleID string, members Emptiness, token string) (*Page[Member], error) {
	list := &api.List{Request: getMembers.Request(roleID), Emptiness: members, IfEmpty: noMembers}
	return api.ReadPage[Member](ctx, c.api, list, token)
}

// CountMembers is how many members a role has: PrivX's own count, or that of the rows where
// PrivX does not count them.
func (c *Client) CountMembers(ctx context.Context, roleID string) (int, error) {
	list := &api.List{Request: getMembers.Request(roleID), Emptiness: MayBeEmpty, IfEmpty: noMembers}
	count, err := api.CountRows[api.OnlyID](ctx, c.api, list)
	if err != nil || count >= 0 {
		return count, err
	}
	page, err := api.ReadToEnd[api.OnlyID](ctx, c.api, list)
	if err != nil {
		return 0, err
	}
	return page.Read, nil
}

func noMembers(l *api.List) *Error {
	e := api.Contradiction(l.Request.Endpoint, "an empty list of a role that has members").WithKind(api.ShownEmpty)
	e.Hint = "sync again"
	return e
}

// Member is a member of a role. All roles together have many more members than there are
// users, so the other fields of a member, which the list of users has as well, are not
// decoded here.
type Member struct {
	ID string `json:"id"`
	// Roles may be all roles of the member, or only the role that was asked for. It is nil
	// if PrivX does not say.
	Roles []RoleEntry `json:"roles"`
}

// Identity is the id.
func (m Member) Identity() string { return m.ID }
