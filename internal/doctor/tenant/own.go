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

// Own is what the API client may do by the roles that it holds.
type Own struct {
	// Roles are those that it holds at this moment.
	Roles []OwnRole
	// permissions are those of its own roles, without what everybody has.
	permissions map[string]bool
	// admin tells that it may do everything.
	admin bool
	// lacking says what could not be read; empty if all was.
	lacking string
}

// OwnRole is a role of the API client.
type OwnRole struct {
	ID string
	// Permissions are what it lets its holders do.
	Permissions []string
	// Group is the access group that it is in; empty for none, and nil where PrivX does not
	// say.
	Group *string
}

// IsWhole tells whether all could be read.
func (o Own) IsWhole() bool { return o.lacking == "" }

// IsAdmin tells whether it may do everything.
func (o Own) IsAdmin() bool { return o.admin }

// May tells whether it is known to have a permission.
func (o Own) May(permission string) bool { return o.admin || o.permissions[permission] }

// list are its permissions in order.
func (o Own) list() []string { return slices.Sorted(maps.Keys(o.permissions)) }

// ownRole is a role that the API client holds, or the role itself. A field that PrivX leaves
// out is nil.
type ownRole struct {
	privx.RoleEntry

	System      *bool     `json:"system"`
	Permissions *[]string `json:"permissions"`
	Group       *string   `json:"access_group_id"`
}

// isWhole tells whether it says what the role may do. A role that has the name of a built-in
// one must say whether it is that one.
func (r ownRole) isWhole() bool {
	named := r.Name == privx.RoleNameAdmin || r.Name == privx.RoleNameUser
	return r.Name != "" && r.Permissions != nil && (!named || r.System != nil)
}

// permissions are what it lets its holders do, as far as it says.
func (r ownRole) permissions() []string {
	if r.Permissions == nil {
		return nil
	}
	return *r.Permissions
}

// isBuiltIn tells whether it is the built-in role of a name.
func (r ownRole) isBuiltIn(name string) bool { return r.Name == name && r.System != nil && *r.System }

// OwnPermissions reads the API client's own roles and what they may do.
func OwnPermissions(ctx context.Context, v *doctor.Visit) Own {
	found := Own{permissions: make(map[string]bool)}
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
func (o *Own) add(role ownRole) {
	o.Roles = append(o.Roles, OwnRole{ID: role.ID, Permissions: role.permissions(), Group: role.Group})
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
