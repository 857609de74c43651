package rolestore

import (
	"maps"
	"slices"
)

// AddRole adds a role without members, or replaces the one with the same id,
// and returns it with what was filled in.
func (s *Store) AddRole(role Role) Role {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addRole(role)
}

func (s *Store) addRole(role Role) Role {
	if role.ID == "" {
		role.ID = s.ids.Next()
	}
	if role.AccessGroupID == "" {
		role.AccessGroupID = s.accessGroup
	}
	if role.Rules.Type == "" {
		role.Rules = Rule{Type: "GROUP", Match: "ANY"}
	}
	if role.Context.IPMasks == nil {
		role.Context.IPMasks = []string{"0.0.0.0/0"}
	}
	s.putRole(role)
	return role
}

// UpdateRole replaces the role with the same id; its members stay.
func (s *Store) UpdateRole(role Role) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.roles[role.ID] != nil {
		s.putRole(role)
	}
}

func (s *Store) putRole(role Role) {
	record := s.roles[role.ID]
	if record == nil {
		record = &roleRecord{members: map[*userRecord]*membership{}}
		s.roles[role.ID] = record
	}
	record.Role = role
	record.wire = encodeRole(role)
	record.handle = encodeHandle(role)
	s.roleOrders = nil
	s.roleChanged(role.ID)
}

// RemoveRole removes a role and its memberships.
func (s *Store) RemoveRole(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.removeRole(id)
}

func (s *Store) removeRole(id string) {
	role := s.roles[id]
	if role == nil {
		return
	}
	for user := range role.members {
		user.memberships = slices.DeleteFunc(user.memberships, func(m *membership) bool { return m.role == role })
		delete(role.members, user)
		s.membershipChanged(id, user.ID)
	}
	delete(s.roles, id)
	s.roleOrders = nil
	s.roleChanged(id)
}

// Roles returns all roles by id.
func (s *Store) Roles() []Role {
	s.mu.Lock()
	defer s.mu.Unlock()
	roles := make([]Role, 0, len(s.roles))
	for _, id := range slices.Sorted(maps.Keys(s.roles)) {
		roles = append(roles, s.roles[id].Role)
	}
	return roles
}

// SetMemberCount makes a role claim so many members, and so many explicit
// ones, whatever the truth. It shows only with Options.MemberCount.
func (s *Store) SetMemberCount(roleID string, members, explicit int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if role := s.roles[roleID]; role != nil {
		role.counts = &memberCounts{all: members, explicit: explicit}
		s.roleChanged(roleID)
	}
}
