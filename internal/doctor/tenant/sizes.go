package tenant

import (
	"context"
	"fmt"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

const (
	// countedRoles is of how many roles the members are counted one by one, if there are no
	// more, and sampledRoles of how many if there are.
	countedRoles, sampledRoles = 25, 12
	// mostCounted bounds what is believed of a count.
	mostCounted = 1 << 40
)

// sizes are how much there is.
type sizes struct {
	users, roles, memberships int
	// lengths are the numbers of members of those roles whose members were counted.
	// everybody is among them if PrivX has it.
	lengths []int
	// byRole are the numbers of members by the role's canonical id, where they were counted.
	byRole map[string]int
	// estimated says how memberships was estimated; empty if it is exact.
	estimated string
	// unknown says what could not be counted; empty if all was.
	unknown string
}

// counted notes that a role has so many members.
func (s *sizes) counted(role privx.Role, n int) {
	if s.byRole == nil {
		s.byRole = make(map[string]int)
	}
	s.byRole[privx.CanonicalID(role.ID)] = n
	s.lengths = append(s.lengths, n)
}

// survey counts users, roles and memberships. What was asked before is not asked again.
func survey(ctx context.Context, v *doctor.Visit) sizes {
	var s sizes
	var known bool
	if s.users, known = users.length(ctx, v); !known {
		s.unknown = "the users"
		return s
	}
	if s.roles, known = roles.length(ctx, v); !known {
		s.unknown = "the roles"
		return s
	}
	read, _ := roles.whole(ctx, v)
	all := rolesIn(read)
	switch {
	case s.roles <= countedRoles && len(all) == s.roles:
		s.countEach(ctx, v, all)
	case countsMembers(ctx, v, all):
		s.addMemberCounts(all)
	default:
		s.sample(ctx, v, all)
	}
	s.memberships = min(s.memberships, mostCounted)
	if s.memberships == 0 && s.unknown == "" {
		s.unknown = "memberships, of which PrivX shows none," // Every user is a member of privx-user.
	}
	return s
}

// length is how many rows a list has, and whether that is known. A count is taken if it is
// true, and otherwise the rows are counted if they are few.
func (l list) length(ctx context.Context, v *doctor.Visit) (int, bool) {
	found := l.counts(ctx, v)
	if found.way == "" {
		return found.count, true
	}
	read, all := l.whole(ctx, v)
	var seen privx.IDs
	for _, p := range read {
		for _, id := range p.IDs {
			seen.Add(id)
		}
	}
	if all {
		return seen.Len(), true
	}
	return found.count, found.way == wayMoreCounted
}

// believed is what is believed of an estimate.
func believed(estimate float64) int { return int(min(estimate, mostCounted)) }

// members is how many members a role has, and whether that is known.
func (s *sizes) members(ctx context.Context, v *doctor.Visit, role privx.Role) (int, bool) {
	l := membersOf("a role", role.ID)
	if users.counts(ctx, v).way != "" {
		p := l.first(ctx, v) // Counts prove nothing here, and a page that is full may be cut.
		return len(p.Items), p.Good() && len(p.Items) < min(p.limit, fullPage(ctx, v))
	}
	p := l.at(ctx, v, 0, 1)
	if !p.Good() {
		return 0, false
	}
	return max(p.counted(), len(p.Items)), true
}

// fullPage is how many rows PrivX gives at a time, as far as its list of users shows.
func fullPage(ctx context.Context, v *doctor.Visit) int {
	read, _ := users.whole(ctx, v)
	if len(read) > 1 {
		return len(read[0].Items)
	}
	return api.MaxPageSize
}

// countEach counts the members of each role.
func (s *sizes) countEach(ctx context.Context, v *doctor.Visit, all []privx.Role) {
	for _, role := range all {
		n, known := s.members(ctx, v, role)
		if !known {
			s.unknown = "the members of some roles"
		}
		s.memberships += n
		s.counted(role, n)
	}
}

// countsMembers tells whether each role says how many members it has, and says the truth as
// far as was looked.
func countsMembers(ctx context.Context, v *doctor.Visit, all []privx.Role) bool {
	for _, role := range all {
		if role.MemberCount == nil || *role.MemberCount < 0 {
			return false
		}
	}
	var s sizes
	for _, role := range spread(all, lookedRoles) {
		if n, known := s.members(ctx, v, role); !known || n != *role.MemberCount {
			return false
		}
	}
	return len(all) > 0
}

// addMemberCounts adds up what the roles say of their members.
func (s *sizes) addMemberCounts(all []privx.Role) {
	for _, role := range all {
		n := min(*role.MemberCount, mostCounted)
		s.counted(role, n)
		s.memberships = min(s.memberships+n, mostCounted)
	}
	if len(all) < s.roles {
		s.memberships = believed(float64(s.memberships) / float64(len(all)) * float64(s.roles))
		s.estimated = fmt.Sprintf("an estimate, from what %d of the roles say of their members", len(all))
	}
}

// sample counts the members of privx-user and of some other roles, and takes these for all
// others.
func (s *sizes) sample(ctx context.Context, v *doctor.Visit, all []privx.Role) {
	var others []privx.Role
	for _, role := range all {
		if !role.System || role.Name != privx.RoleNameUser {
			others = append(others, role)
			continue
		}
		n, known := s.members(ctx, v, role)
		if !known {
			n = s.users // Everybody is a member.
		}
		s.memberships += n
		s.counted(role, n)
	}
	sum, looked := 0, 0
	for _, role := range spread(others, sampledRoles) {
		n, known := s.members(ctx, v, role)
		if !known {
			continue
		}
		sum, looked = sum+n, looked+1
		s.counted(role, n)
	}
	if looked == 0 {
		s.unknown = "the members of roles"
		return
	}
	s.memberships += believed(float64(sum) / float64(looked) * float64(s.roles-len(all)+len(others)))
	s.estimated = fmt.Sprintf("an estimate, from %s besides %s", many(looked, "role", "roles"), privx.RoleNameUser)
}

var sized = doctor.Check{
	ID:      Sized,
	Promise: "it is known how much there is to sync",
	How: fmt.Sprintf("PrivX's own counts of users and roles are taken where they are true. Otherwise the rows are counted if they fit on %d pages. "+
		"The members of each role are counted if there are up to %d roles. Otherwise the roles' own member_count is taken, if it is true for the roles that are looked at. "+
		"Without it, the memberships are estimated from privx-user and %d other roles.", maxPages, countedRoles, sampledRoles),
	Needs: []string{MayListUsers, MayListRoles},
	Ways: []doctor.Way{{
		Name: "not-known", Outcome: doctor.Warning,
		When:    "It could not be found out how many users, roles or memberships there are.",
		Matters: "There is no forecast of how long a sync takes, and of how much memory and space it needs.",
		Do:      "Let the connector sync once, and look at the last line of its log, which has all the numbers.",
	}},
	Run: func(ctx context.Context, v *doctor.Visit) doctor.Finding {
		s := survey(ctx, v)
		v.Users, v.Roles, v.Memberships, v.Estimated = s.users, s.roles, s.memberships, s.estimated != ""
		if s.unknown != "" {
			v.Memberships = 0
			return doctor.Finding{Way: "not-known", Found: s.unknown + " could not be counted"}
		}
		found := fmt.Sprintf("%s, %s, %s", many(s.users, "user", "users"), many(s.roles, "role", "roles"), many(s.memberships, "membership", "memberships"))
		if s.estimated != "" {
			found += " (" + s.estimated + ")"
		}
		return doctor.Pass(found, "")
	},
}
