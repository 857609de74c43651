package connector_test

import (
	"maps"
	"strings"
	"sync"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/privxsim"
)

// rows are those of a sync's file, by their kinds and ids.
type rows map[string]bool

func rowsOf(s *synced) rows {
	all := make(rows)
	for kind, ids := range map[string][]string{
		"user": keys(s.users), "role": keys(s.roles), "entitlement": keys(s.entitlements), "grant": keys(s.grants),
	} {
		for _, id := range ids {
			all[kind+" "+id] = kind != "entitlement" || strings.HasPrefix(id, "role:")
		}
	}
	for _, id := range keys(s.targets) {
		all[id] = true
	}
	maps.DeleteFunc(all, func(_ string, compared bool) bool { return !compared })
	return all
}

// rows are those that a sync of PrivX as it is now would have.
func (s *stage) rows() rows {
	all := make(rows)
	for _, user := range s.store.Users() {
		all["user "+user.ID] = true
	}
	for _, role := range s.store.Roles() {
		all["role "+role.ID], all["entitlement role:"+role.ID+":assigned"] = true, true
	}
	for _, m := range s.store.Memberships() {
		all["grant "+grantID(m.RoleID, m.UserID)] = true
	}
	if s.act.cfg != nil {
		s.addReach(all)
	}
	return all
}

// forgive adds the members of the role that PrivX has shown without any, where it may
// be believed, and tells whether the sync is complete without that.
func (s *stage) forgive(got rows) string {
	lacking := make(rows)
	for _, m := range s.store.Memberships() {
		if row := "grant " + grantID(m.RoleID, m.UserID); m.RoleID == s.held && !got[row] {
			lacking[row] = true
		}
	}
	if len(lacking) == 0 || !s.act.empties(s.fault) {
		return complete
	}
	maps.Copy(got, lacking)
	return shownEmpty
}

// history is what there has been since a sync was begun, which may be gone on with.
type history struct {
	mu sync.Mutex
	// before is what there was when it began, and ever all that there was at some time.
	before, ever rows
}

// watch begins the stage's history. Where rows come and go all the time, each request is
// looked at.
func (s *stage) watch() *history {
	if s.history != nil {
		return s.history
	}
	h := &history{before: s.rows(), ever: s.rows()}
	s.history = h
	if s.fault.Turns {
		s.sim.OnRequest(func(privxsim.Request) {
			h.mu.Lock()
			defer h.mu.Unlock()
			maps.Copy(h.ever, s.rows())
		})
	}
	return h
}

// requireAll compares a sync with what there was. What has gone meanwhile may be in it,
// and what has come may be missing; nothing else.
func (s *stage) requireAll(got rows, h *history) {
	s.t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	after := s.rows()
	maps.Copy(h.ever, after)
	for row := range after {
		require.True(s.t, got[row] || !h.before[row], "it lacks %s", row)
	}
	for row := range got {
		require.True(s.t, h.ever[row], "there was never %s", row)
	}
}
