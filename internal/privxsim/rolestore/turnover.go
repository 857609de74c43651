package rolestore

import (
	"slices"

	"github.com/conductorone/baton-privx/internal/privxsim/core"
)

// turnOverUsers makes a turnover (see core.Call) in the list of the users that a
// search finds.
func (s *Store) turnOverUsers(search userSearch, w core.Window) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.turnOver(s.find(search, w.SortKey), w)
}

// turnOverMembers makes a turnover in the list of a role's members: a user is
// removed, and another one added and granted the role.
func (s *Store) turnOverMembers(roleID string, w core.Window) {
	s.mu.Lock()
	defer s.mu.Unlock()
	role := s.roles[roleID]
	if role == nil {
		return
	}
	if added := s.turnOver(s.orderedMembers(role, w.SortKey), w); added != "" {
		s.join(roleID, added).explicit = newEntry(Grant{}, nil)
		s.membershipChanged(roleID, added)
	}
}

// turnOver removes the first of some users and adds one that comes after the last. It
// returns the id of the new one, or "" if none may go: API clients stay.
func (s *Store) turnOver(ascending []*userRecord, w core.Window) string {
	first, last := core.Ends(ascending, w, func(u *userRecord) bool {
		return !slices.ContainsFunc(s.apiClients, func(c APIClient) bool { return c.ID == u.ID })
	})
	if first == nil {
		return ""
	}
	s.removeUser(first.ID)
	return s.addUser(User{
		ID: s.ids.NextOuter(w), Principal: last.Principal, FullName: last.FullName, Email: last.Email,
		Source: last.Source, Created: last.Created, Updated: last.Updated,
	}).ID
}

// turnOverRoles makes a turnover in the list of roles. Built-in ones stay, and so do
// those of API clients, which have their permissions from them.
func (s *Store) turnOverRoles(w core.Window) {
	s.mu.Lock()
	defer s.mu.Unlock()
	first, last := core.Ends(s.orderedRoles(w.SortKey), w, func(r *roleRecord) bool {
		return !r.System && !slices.ContainsFunc(s.apiClients, func(c APIClient) bool { return r.members[s.users[c.ID]] != nil })
	})
	if first == nil {
		return
	}
	s.removeRole(first.ID)
	s.addRole(Role{
		ID: s.ids.NextOuter(w), Name: last.Name, Comment: last.Comment,
		Author: last.Author, Created: last.Created, Updated: last.Updated,
	})
}
