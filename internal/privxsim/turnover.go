package privxsim

import (
	"fmt"
	"slices"
)

// A turnover is what offset paging cannot show: a row goes from the front of a
// list, so that all others move up by one, and another comes behind them, so that
// the list is as long as before.

// turnOverUsers does so to the users that a search finds. API clients stay.
func (s *Store) turnOverUsers(search userSearch, w window) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.turnOver(s.find(search, w.sortKey), w)
}

// turnOverMembers does so to the members of a role: a user is removed, and another
// one added and granted the role.
func (s *Store) turnOverMembers(roleID string, w window) {
	s.mu.Lock()
	defer s.mu.Unlock()
	role := s.roles[roleID]
	if role == nil {
		return
	}
	if added := s.turnOver(s.orderedMembers(role, w.sortKey), w); added != "" {
		s.join(roleID, added).explicit = newEntry(Grant{}, nil)
		s.membershipChanged(roleID, added)
	}
}

// turnOver does so to some users, and returns the id of the one that has come, if
// one has.
func (s *Store) turnOver(ascending []*userRecord, w window) string {
	first, last := ends(ascending, w, func(u *userRecord) bool {
		return !slices.ContainsFunc(s.apiClients, func(c APIClient) bool { return c.ID == u.ID })
	})
	if first == nil {
		return ""
	}
	s.removeUser(first.ID)
	return s.addUser(User{
		ID: s.newOuterID(w), Principal: last.Principal, FullName: last.FullName, Email: last.Email,
		Source: last.Source, Created: last.Created, Updated: last.Updated,
	}).ID
}

// turnOverRoles does so to the roles. Built-in ones stay, and so do those of API
// clients, which have their permissions from them.
func (s *Store) turnOverRoles(w window) {
	s.mu.Lock()
	defer s.mu.Unlock()
	first, last := ends(s.orderedRoles(w.sortKey), w, func(r *roleRecord) bool {
		return !r.System && !slices.ContainsFunc(s.apiClients, func(c APIClient) bool { return r.members[s.users[c.ID]] != nil })
	})
	if first == nil {
		return
	}
	s.removeRole(first.ID)
	s.addRole(Role{
		ID: s.newOuterID(w), Name: last.Name, Comment: last.Comment,
		Author: last.Author, Created: last.Created, Updated: last.Updated,
	})
}

// ends returns the first and the last of the rows that may go, in the order in
// which the window shows them, or nil.
func ends[T any](ascending []*T, w window, mayGo func(*T) bool) (*T, *T) {
	first := slices.IndexFunc(ascending, mayGo)
	if first < 0 {
		return nil, nil
	}
	last := len(ascending) - 1
	for !mayGo(ascending[last]) {
		last--
	}
	if w.descending {
		first, last = last, first
	}
	return ascending[first], ascending[last]
}

// newOuterID makes an id that comes behind all others where rows are equal by the
// sort key.
func (s *Store) newOuterID(w window) string {
	s.ids++
	if w.descending {
		return fmt.Sprintf("00000000-0000-4000-8000-%012x", 1<<48-s.ids)
	}
	return fmt.Sprintf("ffffffff-ffff-4fff-bfff-%012x", s.ids)
}
