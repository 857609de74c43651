package privxsim

import (
	"bytes"
	"fmt"
	"strings"
)

// paddingRoleSize is how long each role of a padding is.
const paddingRoleSize = 1600

// padding are roles that do not exist, with which the lists of a member's roles are
// made longer. They are encoded once, each with a comma before it, and all are of
// the same length, so that some of them are a part of the text.
type padding []byte

// newPadding encodes so many roles.
func newPadding(roles int) padding {
	var p padding
	for n := range roles {
		p = append(append(p, ','), paddingRole(n)...)
	}
	return p
}

// after returns what makes a list of so many roles one of at least so many.
func (p padding) after(roles, atLeast int) []byte {
	more := p[:max(atLeast-roles, 0)*(1+paddingRoleSize)]
	if roles == 0 {
		return bytes.TrimPrefix(more, []byte(","))
	}
	return more
}

// paddingRole encodes the n-th role of a padding, with a comment that makes it as
// long as all.
func paddingRole(n int) []byte {
	role := Role{
		ID: fmt.Sprintf("fadd0000-0000-4000-8000-%012d", n), Name: fmt.Sprintf("Padding %06d", n), Comment: ".",
		Created: "2024-07-08T17:03:41.188307Z", Updated: "2024-07-09T21:21:07.31022Z", Author: adminPrincipal, UpdatedBy: adminPrincipal,
		Permissions: []string{"connections-manual", "hosts-view", permUsersView, permRolesView, permSourcesView},
		Context:     Context{BlockRole: true, Validity: []string{"MON"}, StartTime: "00:00", EndTime: "00:00", TimeZone: "UTC", IPMasks: []string{"0.0.0.0/0"}},
	}
	encode := func() []byte { return withMembers(encodeRole(role), `"explicit":true`) }
	role.Comment = strings.Repeat(".", len(role.Comment)+paddingRoleSize-len(encode()))
	return encode()
}
