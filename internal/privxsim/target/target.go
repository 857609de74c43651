// Package target is what the services that know targets have in common: references to
// roles, who is shown what, and how PrivX writes such rows.
package target

import (
	"slices"
	"time"

	"github.com/conductorone/baton-privx/internal/privxsim/core"
)

// CanaryPrefix begins every secret that the simulator shows, so that a leak can be found
// by looking for it.
const CanaryPrefix = "privxsim-canary-"

// Canary is a secret, as text in JSON.
func Canary(name string) string { return `"` + CanaryPrefix + name + `"` }

// RoleRef is how a target refers to a role that reaches it.
type RoleRef struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Deleted marks a reference to a role that is gone, whatever the role store knows.
	Deleted bool `json:"deleted,omitempty"`
}

// Handle is how a row refers to something else.
type Handle struct {
	ID      string `json:"id,omitempty"`
	Name    string `json:"name,omitempty"`
	Deleted bool   `json:"deleted,omitempty"`
}

// Why a target is disabled. PrivX has these; another text is sent as it is.
const (
	Enabled           = ""
	DisabledByAdmin   = "BY_ADMIN"
	DisabledByLicense = "BY_LICENSE"
)

// HeldRole is a role that somebody has.
type HeldRole struct {
	ID, AccessGroupID string
	Permissions       []string
}

// Roles are what the role store knows of roles.
type Roles interface {
	// RoleName returns the name of a role, and whether there is one.
	RoleName(id string) (string, bool)
	// Held returns the roles that a user has at a time.
	Held(user string, now time.Time) []HeldRole
}

// NameRoles returns references with the names that roles have now, where none was given.
func NameRoles(roles Roles, refs []RoleRef) []RoleRef {
	named := slices.Clone(refs)
	for i := range named {
		if named[i].Name == "" {
			named[i].Name, _ = roles.RoleName(named[i].ID)
		}
	}
	return named
}

// DisabledForm is how a row says whether it is disabled.
type DisabledForm int

// How a row says whether it is disabled.
const (
	DisabledFalse       DisabledForm = iota // "FALSE", or the reason
	DisabledNotDisabled                     // "NOT_DISABLED", or the reason
	DisabledBoolean                         // false or true
)

// Options are the manners that these services have in common. The zero value is PrivX
// as it is most likely.
type Options struct {
	// UnmarkedDeletedRoles leaves deleted out of references to roles that are gone.
	// Guess (PXQ-073): PrivX says "deleted":true, a field for which its clients have a place.
	UnmarkedDeletedRoles bool
	// StaleRoleNames makes references carry the name that the role had when they were
	// made. Guess (PXQ-074): they carry the name of now.
	StaleRoleNames bool
	// NullLists writes empty lists within rows as null. Guess (PXQ-075): they are [], as they
	// are in roles.
	NullLists bool
	// DisabledForm is how a row says whether it is disabled. Guess (PXQ-076): "FALSE" where it
	// is not, as in the public samples.
	DisabledForm DisabledForm
	// UngroupedRolesSeeNothing shows nobody anything on the ground of a role without
	// an access group. Guess (PXQ-077): such a role is not limited to any.
	UngroupedRolesSeeNothing bool
	// ForeignForbidden refuses an object of an access group that the caller may not
	// see. Guess (PXQ-078): PrivX says that there is none.
	ForeignForbidden bool
}

// View is what services show rows by.
type View struct {
	Options
	Roles
}

// Refs returns references as they are shown.
func (v View) Refs(refs []RoleRef) []RoleRef {
	shown := make([]RoleRef, 0, len(refs))
	for _, ref := range refs {
		name, there := v.RoleName(ref.ID)
		if there && !v.StaleRoleNames {
			ref.Name = name
		}
		ref.Deleted = ref.Deleted || !there && !v.UnmarkedDeletedRoles
		shown = append(shown, ref)
	}
	return List(v, shown)
}

// List returns a list that is written as an empty one is, if it is.
func List[T any](v View, list []T) []T {
	switch {
	case len(list) > 0:
		return list
	case v.NullLists:
		return nil
	default:
		return []T{}
	}
}

// Disabled is the member that says whether a row is disabled.
func (v View) Disabled(reason string) string {
	var value any = reason
	switch {
	case v.DisabledForm == DisabledBoolean:
		value = reason != Enabled
	case reason != Enabled:
	case v.DisabledForm == DisabledNotDisabled:
		value = "NOT_DISABLED"
	default:
		value = "FALSE"
	}
	return `"disabled":` + string(core.MustMarshal(value))
}

// Scope tells what the caller is shown by access groups: those of the roles from which
// it has a permission.
func (v View) Scope(c *core.Call, permission string) func(accessGroup string) bool {
	everything := c.Caller.Admin
	groups := map[string]bool{}
	for _, role := range v.Held(c.Caller.Principal, c.Now()) {
		if slices.Contains(role.Permissions, permission) {
			groups[role.AccessGroupID] = true
			everything = everything || role.AccessGroupID == "" && !v.UngroupedRolesSeeNothing
		}
	}
	return func(accessGroup string) bool { return everything || groups[accessGroup] && accessGroup != "" }
}

// Foreign answers who asks for an object of an access group that it may not see.
func (v View) Foreign() core.Answer {
	if v.ForeignForbidden {
		return core.StatusError(403)
	}
	return core.NotFound().Answer()
}

// Reached is one thing that a role reaches. It is made for tests, which hold clients to
// it, and so by another way than any client goes.
type Reached struct {
	Role   string // id
	Kind   string // KindHost, ...
	Target string // id; of a secret SharedSecret or its owner, a slash and its name
	// Way is how it is reached: WayAccount, ...
	Way string
	// These tell the accounts of a host apart.
	Account   string // its name
	Attribute string // that holds the name of it, among a user's
	Own       bool   // it is the user's own
	Domain    string // id
}

// Kinds of targets.
const (
	KindHost          = "host"
	KindSecret        = "secret"
	KindNetworkTarget = "network-target"
	KindAPITarget     = "api-target"
	KindAWSRole       = "aws-role"
)

// Ways in which a target is reached.
const (
	WayAccount = "account"
	WayRead    = "read"
	WayWrite   = "write"
	WayConnect = "connect"
	WayCall    = "call"
	WayAssume  = "assume"
)

// SharedSecret is what stands for the owner of a secret that is nobody's own.
const SharedSecret = "shared"

// Reach returns what those of some roles reach that are there.
func Reach(roles Roles, refs []RoleRef, reached Reached) []Reached {
	var all []Reached
	for _, ref := range refs {
		if _, there := roles.RoleName(ref.ID); there && !ref.Deleted {
			reached.Role = ref.ID
			all = append(all, reached)
		}
	}
	return all
}
