// Package tenant has the checks of what PrivX shows to the API client: the permissions, how
// whole the lists are, and how long a sync will take.
package tenant

import (
	"context"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/connection"
)

// Ids of checks that others need.
const (
	MayListUsers = "PX-PERM-01"
	MayListRoles = "PX-PERM-02"
)

// Permissions is the layer of permissions.
func Permissions() doctor.Layer {
	return doctor.Layer{Name: "Permissions", Checks: []doctor.Check{mayListUsers, mayListRoles}}
}

// Layers are the other layers of this package, in their order.
func Layers() []doctor.Layer { return nil }

var mayListUsers = doctor.Check{
	ID:      MayListUsers,
	Promise: "the API client may list users",
	How:     "The connector's own check is made.",
	Needs:   []string{connection.LoggedIn},
	Ways: []doctor.Way{{
		Name: "forbidden", Outcome: doctor.Failed,
		When: "PrivX refuses it.", Matters: "A sync fails.", Do: "Give a role of the API client the permission users-view.",
	}},
	Run: func(ctx context.Context, v *doctor.Visit) doctor.Finding {
		if err := v.Client.CheckUsers(ctx); err != nil {
			return doctor.Finding{Way: "forbidden", Cause: err.Error()}
		}
		return doctor.Pass("users-view", "users-view")
	},
}

var mayListRoles = doctor.Check{
	ID:      MayListRoles,
	Promise: "the API client may list roles and their members",
	How:     "The connector's own check is made.",
	Needs:   []string{connection.LoggedIn},
	Ways: []doctor.Way{{
		Name: "forbidden", Outcome: doctor.Failed,
		When: "PrivX refuses it.", Matters: "A sync fails.", Do: "Give a role of the API client the permission roles-view.",
	}},
	Run: func(ctx context.Context, v *doctor.Visit) doctor.Finding {
		if err := v.Client.CheckRoles(ctx); err != nil {
			return doctor.Finding{Way: "forbidden", Cause: err.Error()}
		}
		return doctor.Pass("roles-view", "roles-view")
	},
}
