package rolestore

import (
	"maps"
	"slices"

	"github.com/conductorone/baton-privx/internal/privxsim/core"
)

// Guess (PXQ-004): without a sort key, users come newest first and roles by name. The
// recorded answers are in that order, if they were asked for without one.
var (
	userOrder = core.Order[*userRecord]{
		Keys: map[string]func(*userRecord) string{
			"created":   func(u *userRecord) string { return u.created },
			"updated":   func(u *userRecord) string { return u.updated },
			"principal": func(u *userRecord) string { return u.Principal },
			"full_name": func(u *userRecord) string { return u.FullName },
			"name":      func(u *userRecord) string { return u.FullName },
			"email":     func(u *userRecord) string { return u.Email },
			"source":    func(u *userRecord) string { return u.Source },
		},
		ID:      func(u *userRecord) string { return u.ID },
		Default: "created", DefaultDescending: true,
	}
	roleOrder = core.Order[*roleRecord]{
		Keys: map[string]func(*roleRecord) string{
			"created": func(r *roleRecord) string { return core.SortableTime(r.Created) },
			"updated": func(r *roleRecord) string { return core.SortableTime(r.Updated) },
			"name":    func(r *roleRecord) string { return r.Name },
			"comment": func(r *roleRecord) string { return r.Comment },
			"author":  func(r *roleRecord) string { return r.Author },
		},
		ID:      func(r *roleRecord) string { return r.ID },
		Default: "name",
	}
)

// orderedUsers returns all users in ascending order. Orders are kept until a
// user changes, so that a page of a large list costs no more than of a small.
func (s *Store) orderedUsers(key string) []*userRecord {
	if s.userOrders[key] == nil {
		if s.userOrders == nil {
			s.userOrders = map[string][]*userRecord{}
		}
		s.userOrders[key] = userOrder.Sort(slices.Collect(maps.Values(s.users)), key)
	}
	return s.userOrders[key]
}

// orderedMembers returns a role's members in ascending order.
func (s *Store) orderedMembers(role *roleRecord, key string) []*userRecord {
	if role == s.everyone {
		return s.orderedUsers(key)
	}
	if role.orderVersion != s.userVersion || role.orders == nil {
		role.orders = map[string][]*userRecord{}
		role.orderVersion = s.userVersion
	}
	if role.orders[key] == nil {
		role.orders[key] = userOrder.Sort(slices.Collect(maps.Keys(role.members)), key)
	}
	return role.orders[key]
}

// orderedRoles returns all roles in ascending order.
func (s *Store) orderedRoles(key string) []*roleRecord {
	if s.roleOrders[key] == nil {
		if s.roleOrders == nil {
			s.roleOrders = map[string][]*roleRecord{}
		}
		s.roleOrders[key] = roleOrder.Sort(slices.Collect(maps.Values(s.roles)), key)
	}
	return s.roleOrders[key]
}
