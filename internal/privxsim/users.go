package privxsim

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// userSearch is what a search may ask for. Everything is optional: {} finds
// all users.
type userSearch struct {
	Keywords string   `json:"keywords"`
	Source   string   `json:"source"`
	UserIDs  []string `json:"user_id"`
}

func (q userSearch) everything() bool {
	return q.Keywords == "" && q.Source == "" && len(q.UserIDs) == 0
}

// matches reports whether a user is found. Guess: one keyword suffices, and it
// may stand anywhere in the principal, full name or e-mail address.
func (q userSearch) matches(u *userRecord) bool {
	if q.Source != "" && u.Source != q.Source {
		return false
	}
	if len(q.UserIDs) > 0 && !slices.Contains(q.UserIDs, u.ID) {
		return false
	}
	words := strings.FieldsFunc(strings.ToLower(q.Keywords), func(r rune) bool { return r == ' ' || r == ',' })
	text := strings.ToLower(u.Principal + "\n" + u.FullName + "\n" + u.Email)
	return len(words) == 0 || slices.ContainsFunc(words, func(word string) bool { return strings.Contains(text, word) })
}

// searchUsers is the one way to list users. It shows them without roles.
func (s *Simulator) searchUsers(c *call) answer {
	w, err := userSortKeys.parse(c.query, s.opts)
	if err != nil {
		return err.answer()
	}
	var search *userSearch
	if json.Unmarshal(c.Body, &search) != nil || search == nil {
		return badRequest("", "body is not a JSON object").answer() // Guess: also when it is empty.
	}
	if s.opts.IgnoreUserIDs {
		search.UserIDs = nil
	}
	if c.turnover {
		s.store.turnOverUsers(*search, w)
	}
	view := c.node.view()
	defer view.mu.Unlock()
	users := view.find(*search, w.sortKey)
	part := rows(s, c, users, w, userSortKeys.values[w.sortKey])
	l := s.newPage(c, len(part), len(users))
	for _, u := range part {
		l.body = appendWithoutRoles(l.item(), u, nil)
	}
	return l.answer()
}

// find returns the users that a search finds, in ascending order.
func (s *Store) find(search userSearch, key string) []*userRecord {
	users := s.orderedUsers(key)
	if search.everything() {
		return users
	}
	return slices.DeleteFunc(slices.Clone(users), func(u *userRecord) bool { return !search.matches(u) })
}

// appendWithoutRoles encodes a user without roles.
func appendWithoutRoles(dst []byte, user *userRecord, permissions []string) []byte {
	dst = append(appendOpen(dst, user.wire), `,"roles":null,"permissions":`...)
	return append(append(dst, mustMarshal(permissions)...), '}')
}

// appendWithRoles encodes a user with all its roles, padded to at least so many.
func (s *Simulator) appendWithRoles(dst []byte, view *Store, user *userRecord, withGrants bool, atLeast int, permissions []string) []byte {
	dst = append(appendOpen(dst, user.wire), `,"roles":[`...)
	shown := 0
	for m := range view.membershipsOf(user) {
		if s.hides(view, m) {
			continue
		}
		if shown > 0 {
			dst = append(dst, ',')
		}
		dst = m.append(dst, view.everyone, withGrants)
		shown++
	}
	dst = append(dst, s.padding.after(shown, atLeast)...)
	dst = append(dst, `],"permissions":`...)
	return append(append(dst, mustMarshal(permissions)...), '}')
}

// hides reports whether a membership is left out where a user's are shown.
func (s *Simulator) hides(view *Store, m *membership) bool {
	return s.opts.HideUserRole && m.role == view.everyone && m.explicit == nil
}

// getUser shows one user with its roles.
func (s *Simulator) getUser(c *call) answer {
	return s.oneUser(c, c.id, nil)
}

// getCurrentUser shows who the caller is. Guess: it works for an API client
// and shows the permissions that the token gives.
func (s *Simulator) getCurrentUser(c *call) answer {
	return s.oneUser(c, c.holder.principal, c.holder.permissions)
}

func (s *Simulator) oneUser(c *call, id string, permissions []string) answer {
	view := c.node.view()
	defer view.mu.Unlock()
	user := view.users[id]
	if user == nil {
		return notFound().answer()
	}
	if s.opts.UserRolesNull {
		return jsonAnswer(http.StatusOK, appendWithoutRoles(nil, user, permissions))
	}
	return jsonAnswer(http.StatusOK, s.appendWithRoles(nil, view, user, true, 0, permissions))
}

// getUserRoles shows a user's roles: there is no paging.
func (s *Simulator) getUserRoles(c *call) answer {
	view := c.node.view()
	defer view.mu.Unlock()
	user := view.users[c.id]
	if user == nil {
		return notFound().answer()
	}
	memberships := slices.Collect(view.membershipsOf(user))
	if c.stale && user.before != nil {
		memberships = slices.Clone(user.before)
	}
	memberships = slices.DeleteFunc(memberships, func(m *membership) bool { return s.hides(view, m) })
	if s.opts.SplitMemberships {
		memberships = splitMemberships(memberships)
	}
	l := s.newList(c, len(memberships), len(memberships))
	for _, m := range memberships {
		l.body = m.append(l.item(), view.everyone, true)
	}
	return l.answer()
}
