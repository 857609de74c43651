package rolestore

import (
	"time"

	"github.com/conductorone/baton-privx/internal/privxsim/target"
)

// RoleName returns the name of a role, and whether there is one.
func (s *Store) RoleName(id string) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	role := s.roles[id]
	if role == nil {
		return "", false
	}
	return role.Name, true
}

// Held returns the roles that a user has at a time.
func (s *Store) Held(user string, now time.Time) []target.HeldRole {
	s.mu.Lock()
	defer s.mu.Unlock()
	record := s.users[user]
	if record == nil {
		return nil
	}
	var held []target.HeldRole
	for m := range s.membershipsOf(record) {
		if m.implicit || m.role == s.everyone || m.explicit != nil && m.explicit.grant.activeAt(now) {
			held = append(held, target.HeldRole{ID: m.role.ID, AccessGroupID: m.role.AccessGroupID, Permissions: m.role.Permissions})
		}
	}
	return held
}

// DefaultAccessGroup returns the id of the access group in which roles are made.
func (s *Store) DefaultAccessGroup() string { return s.accessGroup }
