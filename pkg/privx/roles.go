package privx

import (
	"context"
	"net/http"

	"google.golang.org/grpc/codes"
)

const (
	rolesPath   = "/role-store/api/v1/roles"
	rolePath    = "/role-store/api/v1/roles/{}"
	membersPath = "/role-store/api/v1/roles/{}/members"
)

// Role is a role of PrivX's role store, as far as it is read.
type Role struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Comment string `json:"comment"`
	// System marks the built-in roles privx-admin and privx-user.
	System        bool     `json:"system"`
	Permissions   []string `json:"permissions"`
	AccessGroupID string   `json:"access_group_id"`
	Context       *Context `json:"context"`
	// SourceRules are the mapping rules: who is a member without being granted it.
	SourceRules *SourceRule `json:"source_rules"`
	// MemberCount is nil where PrivX does not say; it may be out of date.
	MemberCount *int `json:"member_count"`
	// Created is RFC 3339; empty for built-in roles.
	Created string `json:"created"`
}

func (r Role) identity() string { return r.ID }

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
	return readPage[Role](ctx, c, c.roleList(), token)
}

func (c *Client) roleList() list {
	return list{
		request: request{method: http.MethodGet, path: rolesPath, permission: "roles-view"},
		size:    &c.pageSizes.roles, emptiness: NeverEmpty, checked: &c.checked.roles, ifEmpty: nobodyListed,
	}
}

// GetRole reads one role.
func (c *Client) GetRole(ctx context.Context, id string) (*Role, error) {
	rq := &request{method: http.MethodGet, path: rolePath, ids: []string{id}, permission: "roles-view"}
	var role Role
	if err := c.read(ctx, rq, &role); err != nil {
		return nil, err
	}
	if !SameID(role.ID, id) {
		return nil, mismatch(rq, "another role than the one asked for")
	}
	return &role, nil
}

// ListMembers reads a page of a role's members, explicit and implicit ones, API
// clients among them. An empty token asks for the first page. Where the role is known
// to have members and PrivX shows none, the error is one for which IsEmpty is true.
func (c *Client) ListMembers(ctx context.Context, roleID string, members Emptiness, token string) (*Page[Member], error) {
	return readPage[Member](ctx, c, list{
		request: request{method: http.MethodGet, path: membersPath, ids: []string{roleID}, permission: "roles-view"},
		size:    &c.pageSizes.members, emptiness: members, ifEmpty: noMembers,
	}, token)
}

func noMembers(l list) *Error {
	return &Error{
		Endpoint: l.request.endpoint(), Status: http.StatusOK, grpcCode: codes.Aborted, empty: true,
		Message: "an empty list of a role that has members", Hint: "sync again",
	}
}

// Member is a member of a role. There are many more members than users: what else
// PrivX shows of a member is in the list of users, and is not decoded here.
type Member struct {
	ID string `json:"id"`
	// Roles may be all roles of the member, the one that was asked for alone, or
	// nil, which is that PrivX does not say.
	Roles []RoleEntry `json:"roles"`
}

func (m Member) identity() string { return m.ID }

// mismatch is the error for a 200 that answers something else.
func mismatch(rq *request, what string) *Error {
	return contradiction(rq.endpoint(), what)
}
