package rolestore

import (
	"maps"
	"slices"

	"github.com/conductorone/baton-privx/internal/privxsim/core"
)

// AddUser adds a user, or replaces the one with the same id, and returns it
// with what was filled in. A user without a source is a local one.
func (s *Store) AddUser(user User) User {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addUser(user)
}

func (s *Store) addUser(user User) User {
	if user.ID == "" {
		user.ID = s.ids.Next()
	}
	if user.Source == "" {
		user.Source = s.localSource
	}
	if source := s.sources[user.Source]; source != nil && user.SourceType == "" {
		user.SourceType = source.Type
	}
	if user.SourceUserID == "" {
		user.SourceUserID = user.ID
	}
	if user.RefreshTimestamp == "" {
		user.RefreshTimestamp = "1720647628"
	}
	if user.Attributes == nil {
		user.Attributes = []Attribute{}
	}
	s.putUser(user)
	return user
}

// UpdateUser replaces the user with the same id; its memberships stay.
func (s *Store) UpdateUser(user User) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users[user.ID] != nil {
		s.putUser(user)
	}
}

func (s *Store) putUser(user User) {
	record := s.users[user.ID]
	if record == nil {
		record = &userRecord{}
		s.users[user.ID] = record
	}
	record.User = user
	record.wire = encodeUser(user)
	record.created, record.updated = core.SortableTime(user.Created), core.SortableTime(user.Updated)
	s.usersChanged()
	s.userChanged(user.ID)
}

// usersChanged forgets every order that was computed from the users.
func (s *Store) usersChanged() {
	s.userVersion++
	s.userOrders = nil
}

// RemoveUser removes a user or API client, and its memberships.
func (s *Store) RemoveUser(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.removeUser(id)
}

func (s *Store) removeUser(id string) {
	user := s.users[id]
	if user == nil {
		return
	}
	for _, m := range user.memberships {
		delete(m.role.members, user)
		s.membershipChanged(m.role.ID, id)
	}
	delete(s.users, id)
	s.apiClients = slices.DeleteFunc(s.apiClients, func(c APIClient) bool { return c.ID == id })
	s.usersChanged()
	s.userChanged(id)
}

// Users returns all users, API clients among them, by id.
func (s *Store) Users() []User {
	s.mu.Lock()
	defer s.mu.Unlock()
	users := make([]User, 0, len(s.users))
	for _, id := range slices.Sorted(maps.Keys(s.users)) {
		users = append(users, s.users[id].User)
	}
	return users
}
