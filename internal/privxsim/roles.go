package privxsim

import (
	"fmt"
	"net/http"
)

// listRoles shows roles.
func (s *Simulator) listRoles(c *call) answer {
	w, err := roleSortKeys.parse(c.query, s.opts)
	if err != nil {
		return err.answer()
	}
	if c.turnover {
		s.store.turnOverRoles(w)
	}
	view := c.node.view()
	defer view.mu.Unlock()
	roles := view.orderedRoles(w.sortKey)
	part := rows(s, c, roles, w, roleSortKeys.values[w.sortKey])
	l := s.newPage(c, len(part), len(roles))
	for _, role := range part {
		l.body = append(l.item(), s.encodeRole(view, role)...)
	}
	return l.answer()
}

// getRole shows one role.
func (s *Simulator) getRole(c *call) answer {
	view := c.node.view()
	defer view.mu.Unlock()
	role := view.roles[c.id]
	if role == nil {
		return notFound().answer()
	}
	return jsonAnswer(http.StatusOK, s.encodeRole(view, role))
}

// encodeRole encodes a role, with its counts if PrivX is new enough for them.
func (s *Simulator) encodeRole(view *Store, role *roleRecord) []byte {
	if !s.opts.MemberCount {
		return role.wire
	}
	counts := view.countMembers(role)
	return withMembers(role.wire, fmt.Sprintf(`"member_count":%d,"explicit_count":%d`, counts.all, counts.explicit))
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
func (s *Simulator) listMembers(c *call) answer {
	w, err := userSortKeys.parse(c.query, s.opts)
	if err != nil {
		return err.answer()
	}
	if c.turnover {
		s.store.turnOverMembers(c.id, w)
	}
	view := c.node.view()
	defer view.mu.Unlock()
	role := view.roles[c.id]
	if role == nil {
		return notFound().answer()
	}
	members := view.orderedMembers(role, w.sortKey)
	part := rows(s, c, members, w, userSortKeys.values[w.sortKey])
	l := s.newPage(c, len(part), len(members))
	for _, user := range part {
		l.body = s.appendMember(l.item(), view, role, user)
	}
	return l.answer()
}

// appendMember encodes a user as it stands among a role's members.
func (s *Simulator) appendMember(dst []byte, view *Store, role *roleRecord, user *userRecord) []byte {
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
	dst = append(appendOpen(dst, user.wire), `,"roles":[`...)
	dst = m.append(dst, view.everyone, s.opts.MemberGrants)
	return append(dst, `],"permissions":null}`...)
}
