package tenant

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/ask"
	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// maxOwnRoles is how many of the API client's roles are asked for one by one.
const maxOwnRoles = 8

// own is what the API client may do by the roles that it holds.
type own struct {
	// permissions are those of its own roles, without what everybody has.
	permissions map[string]bool
	// admin tells that it may do everything.
	admin bool
	// lacking says what could not be read; empty if all was.
	lacking string
}

// may tells whether it is known to have a permission.
func (o own) may(permission string) bool { return o.admin || o.permissions[permission] }

// list are its permissions in order.
func (o own) list() []string { return slices.Sorted(maps.Keys(o.permissions)) }

// ownRole is a role that the API client holds, or the role itself. A field that PrivX leaves
// out is nil.
type ownRole struct {
	privx.RoleEntry

	System      *bool     `json:"system"`
	Permissions *[]string `json:"permissions"`
}

// isWhole tells whether it says what the role may do. A role that has the name of a built-in
// one must say whether it is that one.
func (r ownRole) isWhole() bool {
	named := r.Name == privx.RoleNameAdmin || r.Name == privx.RoleNameUser
	return r.Name != "" && r.Permissions != nil && (!named || r.System != nil)
}

// isBuiltIn tells whether it is the built-in role of a name.
func (r ownRole) isBuiltIn(name string) bool { return r.Name == name && r.System != nil && *r.System }

// ownPermissions reads the API client's own roles and what they may do.
func ownPermissions(ctx context.Context, v *doctor.Visit) own {
	found := own{permissions: make(map[string]bool)}
	id := self(ctx, v)
	if id == "" {
		found.lacking = "PrivX does not say which user the API client is"
		return found
	}
	held := ask.RowsOf(v.Ask.Get(ctx, privx.Endpoints.UserRoles.Request(id)))
	switch {
	case !held.Good():
		found.lacking = "the API client's own roles cannot be read: " + held.Err.Error()
	case held.Count != nil && *held.Count > len(held.Items):
		found.lacking = "PrivX shows only a part of the API client's own roles"
	case len(held.Items) == 0:
		found.lacking = "PrivX shows no roles of the API client"
	}
	asked := 0
	for _, item := range held.Items {
		var role ownRole
		if json.Unmarshal(item, &role) != nil {
			found.lacking = "one of the API client's own roles cannot be read"
			continue
		}
		if !role.InForce(v.Client.API().Now()) {
			continue
		}
		if !role.isWhole() && asked < maxOwnRoles {
			asked++
			role = roleItself(ctx, v, role)
		}
		found.add(role)
	}
	return found
}

// roleItself asks for a role that was not shown whole.
func roleItself(ctx context.Context, v *doctor.Visit, role ownRole) ownRole {
	answer := v.Ask.Get(ctx, privx.Endpoints.Role.Request(role.ID))
	var itself ownRole
	if !answer.Good() || json.Unmarshal(answer.Body, &itself) != nil || !privx.SameID(itself.ID, role.ID) {
		return role
	}
	if itself.System == nil {
		// PrivX leaves out what is false, as the vendor's own clients do.
		itself.System = new(bool)
	}
	return itself
}

// add adds what a role may do.
func (o *own) add(role ownRole) {
	switch {
	case role.isBuiltIn(privx.RoleNameAdmin):
		o.admin = true
	case role.isBuiltIn(privx.RoleNameUser):
	case !role.isWhole():
		o.lacking = cmp.Or(o.lacking, "the permissions of some of the API client's own roles cannot be read")
	default:
		for _, name := range *role.Permissions {
			o.permissions[name] = true
		}
	}
}

// self is the id of the API client as a user: the one that PrivX tells, else the one in the
// credentials; empty if neither does.
func self(ctx context.Context, v *doctor.Visit) string {
	if v.Self != "" {
		return v.Self
	}
	answer := v.Ask.Get(ctx, privx.Endpoints.CurrentUser.Request())
	var user api.OnlyID
	if answer.Good() && json.Unmarshal(answer.Body, &user) == nil && user.ID != "" {
		return user.ID
	}
	return v.Client.API().Principal()
}

// IsManage tells whether a permission is one to change something, however it is written.
func IsManage(permission string) bool {
	return strings.HasSuffix(strings.ToLower(strings.TrimSpace(permission)), "-manage")
}
