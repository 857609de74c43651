package rolestore

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/conductorone/baton-privx/internal/privxsim/core"
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

// matches reports whether a user is found. Guess (PXQ-012): one keyword suffices, and it
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
func (s *service) searchUsers(c *core.Call) core.Answer {
	w, err := userOrder.Window(c)
	if err != nil {
		return err.Answer()
	}
	var search *userSearch
	if json.Unmarshal(c.Body, &search) != nil || search == nil {
		return core.BadRequest("", "body is not a JSON object").Answer() // Guess (PXQ-011): also when it is empty.
	}
	if s.opts.IgnoreUserIDs {
		search.UserIDs = nil
	}
	if c.Turnover {
		s.store.turnOverUsers(*search, w)
	}
	view := s.view(c)
	defer view.mu.Unlock()
	return userOrder.Page(c, w, view.find(*search, w.SortKey), func(dst []byte, user *userRecord) []byte {
		return appendWithoutRoles(dst, user, nil)
	})
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
	dst = append(core.AppendOpen(dst, user.wire), `,"roles":null,"permissions":`...)
	return append(append(dst, core.MustMarshal(permissions)...), '}')
}

// appendWithRoles encodes a user with all its roles, padded to at least so many.
func (s *service) appendWithRoles(dst []byte, view *Store, user *userRecord, withGrants bool, atLeast int, permissions []string) []byte {
	dst = append(core.AppendOpen(dst, user.wire), `,"roles":[`...)
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
	dst = append(dst, s.padding.After(shown, atLeast)...)
	dst = append(dst, `],"permissions":`...)
	return append(append(dst, core.MustMarshal(permissions)...), '}')
}

// hides reports whether a membership is left out where a user's are shown.
func (s *service) hides(view *Store, m *membership) bool {
	return s.opts.HideUserRole && m.role == view.everyone && m.explicit == nil
}

// getUser shows one user with its roles.
func (s *service) getUser(c *core.Call) core.Answer {
	return s.oneUser(c, c.ID, nil)
}

// getCurrentUser shows who the caller is. Guess (PXQ-048): it works for an API client
// and shows the permissions that the token gives.
func (s *service) getCurrentUser(c *core.Call) core.Answer {
	return s.oneUser(c, c.Caller.Principal, c.Caller.Permissions)
}

func (s *service) oneUser(c *core.Call, id string, permissions []string) core.Answer {
	view := s.view(c)
	defer view.mu.Unlock()
	user := view.users[id]
	if user == nil {
		return core.NotFound().Answer()
	}
	if s.opts.UserRolesNull {
		return core.JSON(http.StatusOK, appendWithoutRoles(nil, user, permissions))
	}
	return core.JSON(http.StatusOK, s.appendWithRoles(nil, view, user, true, 0, permissions))
}
