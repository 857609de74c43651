package rolestore

import (
	"slices"
	"time"
)

// AddAPIClient adds an API client and the user that it is, without any role,
// and returns it with what was filled in.
func (s *Store) AddAPIClient(client APIClient) APIClient {
	s.mu.Lock()
	if client.ID == "" {
		client.ID = s.ids.Next()
	}
	s.apiClients = append(s.apiClients, client)
	s.mu.Unlock()
	s.AddUser(User{
		ID: client.ID, Principal: client.ID, FullName: client.Name,
		Source: s.clientSource, Created: "2024-07-08T17:27:26.178110397Z",
	})
	return client
}

// APIClients returns all API clients in order of addition.
func (s *Store) APIClients() []APIClient {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.apiClients)
}

// FirstAPIClient returns the id of the API client that was added first; "" if there
// is none.
func (s *Store) FirstAPIClient() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.apiClients) == 0 {
		return ""
	}
	return s.apiClients[0].ID
}

// Authenticate reports whether an API client has this secret.
func (s *Store) Authenticate(id, secret string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.apiClients, func(c APIClient) bool {
		return c.ID == id && c.Secret == secret && secret != ""
	})
}

// Permissions returns what a principal may do at a time, sorted, and whether it is
// an administrator, who may do everything.
func (s *Store) Permissions(principal string, now time.Time) ([]string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	user := s.users[principal]
	if user == nil {
		return nil, false
	}
	permissions, admin := slices.Clone(s.everyone.Permissions), false
	for _, m := range user.memberships {
		if m.implicit || m.explicit != nil && m.explicit.grant.activeAt(now) {
			permissions = append(permissions, m.role.Permissions...)
			admin = admin || m.role == s.admins
		}
	}
	slices.Sort(permissions)
	return slices.Compact(permissions), admin
}
