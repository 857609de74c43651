package rolestore

import "slices"

// thing is what can change: a directory, a user, a role, or, if it has both a role
// and a user, a membership.
type thing struct{ source, role, user string }

// sourceChanged tells what has become of a directory.
func (s *Store) sourceChanged(id string) {
	apply := func(r *Store) { r.removeSource(id) }
	if record := s.sources[id]; record != nil {
		source := record.Source
		apply = func(r *Store) { r.putSource(source) }
	}
	s.copies.Changed(thing{source: id}, apply)
}

// userChanged tells what has become of a user, without its memberships.
func (s *Store) userChanged(id string) {
	apply := func(r *Store) { r.removeUser(id) }
	if record := s.users[id]; record != nil {
		user := record.User
		apply = func(r *Store) { r.putUser(user) }
	}
	s.copies.Changed(thing{user: id}, apply)
}

// roleChanged tells what has become of a role, without its members.
func (s *Store) roleChanged(id string) {
	apply := func(r *Store) { r.removeRole(id) }
	if record := s.roles[id]; record != nil {
		role, counts := record.Role, record.counts
		apply = func(r *Store) {
			r.putRole(role)
			r.roles[id].counts = counts
		}
	}
	s.copies.Changed(thing{role: id}, apply)
}

// membershipChanged tells what has become of a membership.
func (s *Store) membershipChanged(roleID, userID string) {
	apply := func(r *Store) {
		if m := r.membership(roleID, userID); m != nil {
			m.implicit, m.explicit = false, nil
			r.dropIfEmpty(m)
		}
	}
	if m := s.membership(roleID, userID); m != nil {
		implicit, explicit := m.implicit, m.explicit
		apply = func(r *Store) {
			m := r.join(roleID, userID)
			m.implicit, m.explicit = implicit, explicit
		}
	}
	// Without its user and its role there would be no membership.
	s.copies.Changed(thing{role: roleID, user: userID}, apply, thing{role: roleID}, thing{user: userID})
}

// replica returns a copy of what the store shows.
func (s *Store) replica() *Store {
	r := &Store{
		users:       make(map[string]*userRecord, len(s.users)),
		roles:       make(map[string]*roleRecord, len(s.roles)),
		sources:     make(map[string]*sourceRecord, len(s.sources)),
		localSource: s.localSource, clientSource: s.clientSource, accessGroup: s.accessGroup,
	}
	for _, source := range s.sourceRecords {
		record := *source
		r.sources[source.ID] = &record
		r.sourceRecords = append(r.sourceRecords, &record)
	}
	for id, role := range s.roles {
		r.roles[id] = &roleRecord{
			Role: role.Role, wire: role.wire, handle: role.handle, counts: role.counts,
			members: make(map[*userRecord]*membership, len(role.members)),
		}
	}
	r.everyone, r.admins = r.roles[s.everyone.ID], r.roles[s.admins.ID]
	for id, user := range s.users {
		record := &userRecord{
			User: user.User, wire: user.wire, created: user.created, updated: user.updated,
			memberships: slices.Clone(user.memberships),
		}
		for i, m := range user.memberships {
			copied := &membership{user: record, role: r.roles[m.role.ID], implicit: m.implicit, explicit: m.explicit}
			record.memberships[i] = copied
			copied.role.members[record] = copied
		}
		r.users[id] = record
	}
	return r
}
