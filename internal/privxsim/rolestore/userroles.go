package rolestore

import (
	"slices"

	"github.com/conductorone/baton-privx/internal/privxsim/core"
)

// getUserRoles shows a user's roles: there is no paging.
func (s *service) getUserRoles(c *core.Call) core.Answer {
	view := s.view(c)
	defer view.mu.Unlock()
	user := view.users[c.ID]
	if user == nil {
		return core.NotFound().Answer()
	}
	memberships := slices.Collect(view.membershipsOf(user))
	if c.Stale && user.before != nil {
		memberships = slices.Clone(user.before)
	}
	memberships = slices.DeleteFunc(memberships, func(m *membership) bool { return s.hides(view, m) })
	if s.opts.SplitMemberships {
		memberships = splitMemberships(memberships)
	}
	return core.List(c, memberships, func(dst []byte, m *membership) []byte { return m.append(dst, view.everyone, true) })
}

// splitMemberships makes two of those that are explicit and implicit.
func splitMemberships(memberships []*membership) []*membership {
	var parts []*membership
	for _, m := range memberships {
		if m.explicit != nil && m.implicit {
			parts = append(parts, &membership{user: m.user, role: m.role, explicit: m.explicit})
			m = &membership{user: m.user, role: m.role, implicit: true}
		}
		parts = append(parts, m)
	}
	return parts
}

// putUserRoles sets a user's explicit roles: those entries of a list that say
// explicit, unless Options say otherwise. Mapped ones are not affected, and entries
// that only tell of them are ignored. The answer is empty.
func (s *service) putUserRoles(c *core.Call) core.Answer {
	entries, err := s.opts.parseEntries(c.Body)
	if err == nil {
		err = s.store.replaceExplicit(c, entries, s.opts.UnknownRoles)
	}
	if err != nil {
		return err.Answer()
	}
	return core.Empty()
}
