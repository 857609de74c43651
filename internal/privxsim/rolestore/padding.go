package rolestore

import (
	"fmt"
	"strings"

	"github.com/conductorone/baton-privx/internal/privxsim/core"
)

// paddingRoleSize is how long each role of a padding is.
const paddingRoleSize = 1600

// paddingRole encodes the n-th role of a padding, with a comment that makes it as
// long as all.
func paddingRole(n int) []byte {
	role := Role{
		ID: fmt.Sprintf("fadd0000-0000-4000-8000-%012d", n), Name: fmt.Sprintf("Padding %06d", n), Comment: ".",
		Created: "2024-07-08T17:03:41.188307Z", Updated: "2024-07-09T21:21:07.31022Z", Author: adminPrincipal, UpdatedBy: adminPrincipal,
		Permissions: []string{"connections-manual", "hosts-view", permUsersView, permRolesView, permSourcesView},
		Context:     Context{BlockRole: true, Validity: []string{"MON"}, StartTime: "00:00", EndTime: "00:00", TimeZone: "UTC", IPMasks: []string{"0.0.0.0/0"}},
	}
	encode := func() []byte { return core.WithMembers(encodeRole(role), `"explicit":true`) }
	role.Comment = strings.Repeat(".", len(role.Comment)+paddingRoleSize-len(encode()))
	return encode()
}
