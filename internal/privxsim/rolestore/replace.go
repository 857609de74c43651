package rolestore

import (
	"slices"

	"github.com/conductorone/baton-privx/internal/privxsim/core"
)

// UnknownRolesMode says what becomes of a role that is granted and does not
// exist.
type UnknownRolesMode int

// What becomes of a role that is granted and does not exist. Guess (PXQ-033): the first.
const (
	UnknownRolesRefused  UnknownRolesMode = iota // 400
	UnknownRolesNotFound                         // 404
	UnknownRolesIgnored                          // 200: the others are granted
)

// check returns the entries of roles that exist, or the error for one that does
// not.
func (m UnknownRolesMode) check(roles map[string]*roleRecord, entries []putEntry) ([]putEntry, *core.Error) {
	known := make([]putEntry, 0, len(entries))
	for _, e := range entries {
		switch {
		case roles[e.roleID] != nil:
			known = append(known, e)
		case m == UnknownRolesRefused:
			return nil, core.BadRequest("id", "no such role: "+e.roleID)
		case m == UnknownRolesNotFound:
			return nil, core.NotFound()
		}
	}
	return known, nil
}

// replaceExplicit makes the given entries, by role id, the whole set of a
// user's explicit memberships, as one change that the node of the call was asked for.
func (s *Store) replaceExplicit(c *core.Call, entries []putEntry, unknown UnknownRolesMode) *core.Error {
	s.mu.Lock()
	defer s.mu.Unlock()
	user := s.users[c.ID]
	if user == nil {
		return core.NotFound()
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
	s.copies.Write(c, func() { s.setExplicit(user, entries) })
	return nil
}

// setExplicit changes the explicit memberships of a user.
func (s *Store) setExplicit(user *userRecord, entries []putEntry) {
	touched := slices.DeleteFunc(slices.Clone(user.memberships), func(m *membership) bool { return m.explicit == nil })
	for _, m := range touched {
		m.explicit = nil
	}
	for _, e := range entries {
		m := s.join(e.roleID, user.ID)
		m.explicit = e.entry
		touched = append(touched, m)
	}
	for _, m := range touched {
		s.settle(m)
	}
}
