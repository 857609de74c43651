package privxsim

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// GrantExplicit makes a user an explicit member of a role, or changes how long
// the explicit membership holds. A rule-mapped membership stays beside it.
func (s *Store) GrantExplicit(roleID, userID string, grant Grant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.join(roleID, userID).explicit = newEntry(grant, nil)
	s.membershipChanged(roleID, userID)
}

// RemoveExplicit takes the explicit part of a membership away.
func (s *Store) RemoveExplicit(roleID, userID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m := s.membership(roleID, userID); m != nil {
		m.explicit = nil
		s.settle(m)
	}
}

// Map makes a user a member of a role as a mapping rule does.
func (s *Store) Map(roleID, userID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.join(roleID, userID).implicit = true
	s.membershipChanged(roleID, userID)
}

// Unmap takes the rule-mapped part of a membership away. Nobody can be unmapped
// from privx-user.
func (s *Store) Unmap(roleID, userID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m := s.membership(roleID, userID); m != nil {
		m.implicit = false
		s.settle(m)
	}
}

// StartFloating does what PrivX does when a floating grant is first used: it
// becomes a time-restricted one that begins now.
func (s *Store) StartFloating(roleID, userID string, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.membership(roleID, userID)
	if m == nil || m.explicit == nil || m.explicit.grant.Type != GrantFloating {
		return
	}
	length := time.Duration(m.explicit.grant.FloatingHours) * time.Hour
	m.explicit = newEntry(Grant{Type: GrantTimeRestricted, Periods: []Period{{
		Start: now.UTC().Format(time.RFC3339Nano),
		End:   now.Add(length).UTC().Format(time.RFC3339Nano),
	}}}, m.explicit.extra)
	s.membershipChanged(roleID, userID)
}

// RemoveExpired takes away every explicit membership whose time is over. The
// simulator itself leaves them in place. Guess: PrivX may do either.
func (s *Store) RemoveExpired(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, role := range s.roles {
		for _, m := range role.members {
			if m.explicit != nil && m.explicit.grant.overAt(now) {
				m.explicit = nil
				s.settle(m)
			}
		}
	}
}

// Memberships returns every membership, by role id and then user id. The
// implicit ones of privx-user are among them.
func (s *Store) Memberships() []Membership {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Membership
	for _, user := range s.users {
		for m := range s.membershipsOf(user) {
			all = append(all, m.public(s.everyone))
		}
	}
	slices.SortFunc(all, func(a, b Membership) int {
		return cmp.Or(cmp.Compare(a.RoleID, b.RoleID), cmp.Compare(a.UserID, b.UserID))
	})
	return all
}

// MembershipsBut returns all memberships but a user's of a role, to be compared with
// what they were: fields that are none of the simulator's are nil where there are
// none.
func (s *Store) MembershipsBut(roleID, userID string) []Membership {
	others := slices.DeleteFunc(s.Memberships(), func(m Membership) bool { return m.RoleID == roleID && m.UserID == userID })
	for i := range others {
		if len(others[i].Extra) == 0 {
			others[i].Extra = nil
		}
	}
	return others
}

// membershipsOf yields a user's memberships, that of privx-user always first.
func (s *Store) membershipsOf(user *userRecord) func(yield func(*membership) bool) {
	return func(yield func(*membership) bool) {
		if !yield(s.everyoneMembership(user)) {
			return
		}
		for _, m := range user.memberships {
			if m.role != s.everyone && !yield(m) {
				return
			}
		}
	}
}

// everyoneMembership returns a user's membership of privx-user, which has a
// record only if it was granted on top.
func (s *Store) everyoneMembership(user *userRecord) *membership {
	if m := s.everyone.members[user]; m != nil {
		return m
	}
	return &membership{user: user, role: s.everyone}
}

func (m *membership) public(everyone *roleRecord) Membership {
	out := Membership{
		RoleID: m.role.ID, UserID: m.user.ID,
		Explicit: m.explicit != nil, Implicit: m.implicit || m.role == everyone,
	}
	if m.explicit != nil {
		out.Grant, out.Extra = m.explicit.grant, m.explicit.extra
	}
	return out
}

// membership returns the record of a membership, or nil.
func (s *Store) membership(roleID, userID string) *membership {
	role := s.roles[roleID]
	if role == nil {
		return nil
	}
	return role.members[s.users[userID]]
}

// join returns the record of a membership, made if there was none. The caller
// makes it explicit or implicit.
func (s *Store) join(roleID, userID string) *membership {
	role, user := s.roles[roleID], s.users[userID]
	if role == nil || user == nil {
		panic(fmt.Sprintf("privxsim: no such role or user: %q, %q", roleID, userID))
	}
	m := role.members[user]
	if m == nil {
		m = &membership{user: user, role: role}
		role.members[user] = m
		user.memberships = append(user.memberships, m)
		role.orders = nil
	}
	return m
}

// settle ends a change of a membership that may have taken away what it was.
func (s *Store) settle(m *membership) {
	s.dropIfEmpty(m)
	s.membershipChanged(m.role.ID, m.user.ID)
}

// dropIfEmpty removes the record of a membership that is neither explicit nor
// implicit any more.
func (s *Store) dropIfEmpty(m *membership) {
	if m.implicit || m.explicit != nil {
		return
	}
	delete(m.role.members, m.user)
	m.user.memberships = slices.DeleteFunc(m.user.memberships, func(other *membership) bool { return other == m })
	m.role.orders = nil
}

// splitMemberships makes two of those that are explicit and implicit.
func splitMemberships(memberships []*membership) []*membership {
	var parts []*membership
	for _, m := range memberships {
		if m.explicit != nil && m.implicit {
			parts = append(parts, &membership{user: m.user, role: m.role, explicit: m.explicit})
			m = &membership{user: m.user, role: m.role, implicit: true}
		}
		parts = append(parts, m)
	}
	return parts
}

// UnknownRolesMode says what becomes of a role that is granted and does not
// exist.
type UnknownRolesMode int

// What becomes of a role that is granted and does not exist. Guess: the first.
const (
	UnknownRolesRefused  UnknownRolesMode = iota // 400
	UnknownRolesNotFound                         // 404
	UnknownRolesIgnored                          // 200: the others are granted
)

// check returns the entries of roles that exist, or the error for one that does
// not.
func (m UnknownRolesMode) check(roles map[string]*roleRecord, entries []putEntry) ([]putEntry, *apiError) {
	known := make([]putEntry, 0, len(entries))
	for _, e := range entries {
		switch {
		case roles[e.roleID] != nil:
			known = append(known, e)
		case m == UnknownRolesRefused:
			return nil, badRequest("id", "no such role: "+e.roleID)
		case m == UnknownRolesNotFound:
			return nil, notFound()
		}
	}
	return known, nil
}

// replaceExplicit makes the given entries, by role id, the whole set of a
// user's explicit memberships, as one change that a node was asked for.
func (s *Store) replaceExplicit(userID string, entries []putEntry, unknown UnknownRolesMode, writer *node) *apiError {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writer = writer
	defer func() { s.writer = nil }()
	user := s.users[userID]
	if user == nil {
		return notFound()
	}
	entries, err := unknown.check(s.roles, entries)
	if err != nil {
		return err
	}
	user.before = nil
	for m := range s.membershipsOf(user) {
		before := *m
		user.before = append(user.before, &before)
	}
	touched := slices.DeleteFunc(slices.Clone(user.memberships), func(m *membership) bool { return m.explicit == nil })
	for _, m := range touched {
		m.explicit = nil
	}
	for _, e := range entries {
		m := s.join(e.roleID, userID)
		m.explicit = e.entry
		touched = append(touched, m)
	}
	for _, m := range touched {
		s.settle(m)
	}
	return nil
}

// activeAt reports whether the grant holds at a time. A floating one does: its
// time begins with its use.
func (g Grant) activeAt(now time.Time) bool {
	if g.Type != GrantTimeRestricted {
		return true
	}
	for _, p := range g.periods() {
		start, errStart := time.Parse(time.RFC3339, p.Start)
		end, errEnd := time.Parse(time.RFC3339, p.End)
		if errStart == nil && errEnd == nil && !now.Before(start) && now.Before(end) {
			return true
		}
	}
	return false
}

// overAt reports whether the grant has come to its end.
func (g Grant) overAt(now time.Time) bool {
	if g.Type != GrantTimeRestricted {
		return false
	}
	for _, p := range g.periods() {
		if end, err := time.Parse(time.RFC3339, p.End); err != nil || now.Before(end) {
			return false
		}
	}
	return true
}

// periods returns the grant's time spans: the newer encoding if it is there,
// else the older one.
func (g Grant) periods() []Period {
	if len(g.Periods) > 0 || g.Start == "" && g.End == "" {
		return g.Periods
	}
	return []Period{{Start: g.Start, End: g.End}}
}
