// Package tenant has the checks of what PrivX shows to the API client: the permissions, how
// whole the lists are, and how long a sync will take.
package tenant

import (
	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/pkg/connector"
)

// Ids of checks that others need.
const (
	MayListUsers = "PX-PERM-01"
	MayListRoles = "PX-PERM-02"
	// Sized counts users, roles and memberships, and Fits makes the forecast of memory and
	// space.
	Sized = "PX-SIZE-01"
	Fits  = "PX-SIZE-03"
)

// Permissions is the layer of permissions: a check for each capability, one for what is more
// than they need, and one for access groups.
func Permissions() doctor.Layer {
	layer := doctor.Layer{Name: "Permissions"}
	for _, capability := range connector.Capabilities() {
		if check := checkOf(capability); check != nil {
			layer.Checks = append(layer.Checks, *check)
		}
	}
	layer.Checks = append(layer.Checks, noMore, seesAllGroups)
	return layer
}

// Layers are the other layers of this package, in their order.
func Layers() []doctor.Layer {
	return []doctor.Layer{
		{Name: "Completeness", Checks: []doctor.Check{usersCounted, rolesCounted, everybodyCounted, pageSize, readable, ordered, membersAreUsers, targetsCounted, targetsReadable}},
		{Name: "Size and forecast", Checks: []doctor.Check{sized, reached, timed, fits}},
	}
}
