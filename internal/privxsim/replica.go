package privxsim

import (
	"slices"
	"time"
)

// A node that lags shows a replica: a store of its own that learns of each change
// of the truth only when it is old enough. A change tells what has become of one
// thing, not what was done to it, so that a replica which already knows something
// newer of the thing can pass over it, and all replicas come to the truth in the end.

// thing is what can change: a directory, a user, a role, or, if it has both a role
// and a user, a membership.
type thing struct{ source, role, user string }

// change is what has become of a thing.
type change struct {
	thing  thing
	number int // grows with each change of a store
	at     time.Time
	apply  func(*Store)
}

// follow gives a node a replica of the store as it is now.
func (s *Store) follow(n *node) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n.store = s.replica()
	s.followers = append(s.followers, n)
}

// changed tells those who follow what has become of a thing. Those who call it
// have nothing to tell if nobody does.
func (s *Store) changed(t thing, apply func(*Store)) {
	s.changes++
	for _, n := range s.followers {
		c := change{thing: t, number: s.changes, at: n.clock(), apply: apply}
		n.store.mu.Lock()
		if n == s.writer {
			n.learn(c)
		} else {
			n.pending = append(n.pending, c)
		}
		n.store.mu.Unlock()
	}
}

// learn applies a change of a membership before its time, and with it what has
// become of its user and its role, without which there would be none.
func (n *node) learn(c change) {
	for _, p := range n.pending {
		if p.thing == (thing{user: c.thing.user}) || p.thing == (thing{role: c.thing.role}) {
			n.apply(p)
		}
	}
	n.apply(c)
}

// catchUp applies the changes whose time has come.
func (n *node) catchUp(now time.Time) {
	for len(n.pending) > 0 && now.Sub(n.pending[0].at) >= n.Lag {
		n.apply(n.pending[0])
		n.pending = n.pending[1:]
	}
	if len(n.pending) == 0 {
		clear(n.known)
	}
}

// apply makes the replica show a change, unless it shows a later one of the thing.
func (n *node) apply(c change) {
	if n.known[c.thing] < c.number {
		n.known[c.thing] = c.number
		c.apply(n.store)
	}
}

// sourceChanged tells what has become of a directory.
func (s *Store) sourceChanged(id string) {
	if s.followers == nil {
		return
	}
	apply := func(r *Store) { r.removeSource(id) }
	if record := s.sources[id]; record != nil {
		source := record.Source
		apply = func(r *Store) { r.putSource(source) }
	}
	s.changed(thing{source: id}, apply)
}

// userChanged tells what has become of a user, without its memberships.
func (s *Store) userChanged(id string) {
	if s.followers == nil {
		return
	}
	apply := func(r *Store) { r.removeUser(id) }
	if record := s.users[id]; record != nil {
		user := record.User
		apply = func(r *Store) { r.putUser(user) }
	}
	s.changed(thing{user: id}, apply)
}

// roleChanged tells what has become of a role, without its members.
func (s *Store) roleChanged(id string) {
	if s.followers == nil {
		return
	}
	apply := func(r *Store) { r.removeRole(id) }
	if record := s.roles[id]; record != nil {
		role, counts := record.Role, record.counts
		apply = func(r *Store) {
			r.putRole(role)
			r.roles[id].counts = counts
		}
	}
	s.changed(thing{role: id}, apply)
}

// membershipChanged tells what has become of a membership.
func (s *Store) membershipChanged(roleID, userID string) {
	if s.followers == nil {
		return
	}
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
	s.changed(thing{role: roleID, user: userID}, apply)
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
