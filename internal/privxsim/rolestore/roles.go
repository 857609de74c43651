package rolestore

import (
	"fmt"
	"net/http"

	"github.com/conductorone/baton-privx/internal/privxsim/core"
)

// MemberRolesMode says what the members of a role carry in "roles".
type MemberRolesMode int

// What the members of a role carry in "roles".
const (
	MemberRolesThisRole MemberRolesMode = iota // just the role that was asked for, as in the one public sample
	MemberRolesAll                             // all roles of the member
	MemberRolesNull                            // null, as in a search for users
)

// listRoles shows roles.
func (s *service) listRoles(c *core.Call) core.Answer {
	w, err := roleOrder.Window(c)
	if err != nil {
		return err.Answer()
	}
	if c.Turnover {
		s.store.turnOverRoles(w)
	}
	view := s.view(c)
	defer view.mu.Unlock()
	return roleOrder.Page(c, w, view.orderedRoles(w.SortKey), func(dst []byte, role *roleRecord) []byte {
		return append(dst, s.encodeRole(view, role)...)
	})
}

// getRole shows one role.
func (s *service) getRole(c *core.Call) core.Answer {
	view := s.view(c)
	defer view.mu.Unlock()
	role := view.roles[c.ID]
	if role == nil {
		return core.NotFound().Answer()
	}
	return core.JSON(http.StatusOK, s.encodeRole(view, role))
}

// encodeRole encodes a role, with its counts if PrivX is new enough for them.
func (s *service) encodeRole(view *Store, role *roleRecord) []byte {
	if !s.opts.MemberCount {
		return role.wire
	}
	counts := view.countMembers(role)
	return core.WithMembers(role.wire, fmt.Sprintf(`"member_count":%d,"explicit_count":%d`, counts.all, counts.explicit))
}

func (s *Store) countMembers(role *roleRecord) memberCounts {
	if role.counts != nil {
		return *role.counts
	}
	counts := memberCounts{all: len(role.members)}
	if role == s.everyone {
		counts.all = len(s.users)
	}
	for _, m := range role.members {
		if m.explicit != nil {
			counts.explicit++
		}
	}
	return counts
}

// listMembers shows the members of a role: explicit and implicit ones, API
// clients among them.
func (s *service) listMembers(c *core.Call) core.Answer {
	w, err := userOrder.Window(c)
	if err != nil {
		return err.Answer()
	}
	if c.Turnover {
		s.store.turnOverMembers(c.ID, w)
	}
	view := s.view(c)
	defer view.mu.Unlock()
	role := view.roles[c.ID]
	if role == nil {
		return core.NotFound().Answer()
	}
	return userOrder.Page(c, w, view.orderedMembers(role, w.SortKey), func(dst []byte, user *userRecord) []byte {
		return s.appendMember(dst, view, role, user)
	})
}

// appendMember encodes a user as it stands among a role's members.
func (s *service) appendMember(dst []byte, view *Store, role *roleRecord, user *userRecord) []byte {
	switch s.opts.MemberRoles {
	case MemberRolesNull:
		return appendWithoutRoles(dst, user, nil)
	case MemberRolesAll:
		return s.appendWithRoles(dst, view, user, s.opts.MemberGrants, s.opts.HeavyMembers, nil)
	case MemberRolesThisRole:
	}
	m := role.members[user]
	if m == nil {
		m = view.everyoneMembership(user)
	}
	dst = append(core.AppendOpen(dst, user.wire), `,"roles":[`...)
	dst = m.append(dst, view.everyone, s.opts.MemberGrants)
	return append(dst, `],"permissions":null}`...)
}
