package rolestore

import (
	"cmp"
	"encoding/json"
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

// SetEntryExtra sets what an explicit entry carries beyond the known fields.
func (s *Store) SetEntryExtra(roleID, userID string, extra map[string]json.RawMessage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.membership(roleID, userID)
	if m == nil || m.explicit == nil {
		panic(fmt.Sprintf("privxsim: user %s has no explicit membership of role %s", userID, roleID))
	}
	m.explicit = newEntry(m.explicit.grant, extra)
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
// simulator itself leaves them in place. Guess (PXQ-020): PrivX may do either.
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
