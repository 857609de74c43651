package privx_test

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/privx"
)

// unknownID is the id of no user and no role.
const unknownID = "5d9c6f2e-0000-4c0b-9e37-2f1b7a6c4d10"

// budget is the time that the connector gives one grant or revoke.
const budget = 30 * time.Second

// How a user holds a role.
const (
	onlyExplicit = "explicit"
	onlyImplicit = "implicit"
	bothParts    = "explicit and implicit"
)

// members is a user who holds roles in several ways, in a store with little else.
type members struct {
	*harness

	user string
	// The ids of roles that are not held, held explicitly, held by a mapping rule, and
	// held in both ways; and another one that is not held.
	none, explicit, mapped, both, other string
}

// holdings makes the store. Its API client has the permissions that provisioning needs.
func holdings() (*privxsim.Store, *members) {
	store := privxsim.NewStore()
	client := store.AddAPIClient(privxsim.APIClient{ID: privxsim.DefaultAPIClientID, Name: "Baton", Secret: privxsim.DefaultAPIClientSecret})
	own := store.AddRole(privxsim.Role{Name: "own", Permissions: []string{"users-view", "roles-view", "roles-manage"}})
	store.GrantExplicit(own.ID, client.ID, privxsim.Grant{})
	m := &members{user: store.AddUser(privxsim.User{Principal: "alex"}).ID}
	for _, role := range []struct {
		id               *string
		explicit, mapped bool
	}{{id: &m.none}, {&m.explicit, true, false}, {&m.mapped, false, true}, {&m.both, true, true}, {id: &m.other}} {
		*role.id = store.AddRole(privxsim.Role{Name: "a <role> & more"}).ID
		if role.mapped {
			store.Map(*role.id, m.user)
		}
		if role.explicit {
			store.GrantExplicit(*role.id, m.user, privxsim.Grant{})
			store.SetEntryExtra(*role.id, m.user, map[string]json.RawMessage{"x_ticket": json.RawMessage(`{"n":1.50}`)})
		}
	}
	return store, m
}

// newMembers is newHarness with a token and the store that holdings makes.
func newMembers(t *testing.T, s setup) *members {
	t.Helper()
	var m *members
	s.store, m = holdings()
	m.harness = newHarness(t, s)
	m.login(t)
	return m
}

// membersInBubble is inBubble with a token and the store that holdings makes.
func membersInBubble(t *testing.T, s setup, test func(t *testing.T, m *members)) {
	t.Helper()
	var m *members
	s.store, m = holdings()
	inBubble(t, s, func(t *testing.T, h *harness) {
		m.harness = h
		m.login(t)
		test(t, m)
	})
}

// change is GrantRole or RevokeRole.
type change func(ctx context.Context, userID, roleID string) (*privx.Change, error)

// changes are a grant and a revoke, each with a role for which it has to write, and with how
// that role is held afterwards.
func (m *members) changes() map[string]struct {
	change
	role, before, after string
} {
	return map[string]struct {
		change
		role, before, after string
	}{
		"grant":  {m.client.GrantRole, m.none, "", onlyExplicit},
		"revoke": {m.client.RevokeRole, m.explicit, onlyExplicit, ""},
	}
}

// bothInBubble runs a test for a grant and for a revoke.
func bothInBubble(t *testing.T, s setup, test func(t *testing.T, m *members, name string)) {
	t.Helper()
	for _, name := range []string{"grant", "revoke"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			membersInBubble(t, s, func(t *testing.T, m *members) { test(t, m, name) })
		})
	}
}

// calls names all requests, in order. Those for a user's roles go by their method.
func (h *harness) calls() string {
	names := []string{}
	for _, r := range h.sim.Requests() {
		name := r.Method + " " + r.Path
		for pattern, short := range map[string]string{
			userRolesPath: r.Method, statusPath: "status", searchPath: "search", rolePath: "role", tokenPath: "token", currentPath: "current",
		} {
			if matches(pattern, r.Path) {
				name = short
			}
		}
		names = append(names, name)
	}
	return strings.Join(names, " ")
}

// writes are the bodies that were PUT.
func (h *harness) writes() []string {
	var bodies []string
	for _, r := range h.sent(userRolesPath) {
		if r.Method == http.MethodPut {
			bodies = append(bodies, string(r.Body))
		}
	}
	return bodies
}

// ids are the roles in a body that was PUT.
func ids(t *testing.T, body string) []string {
	t.Helper()
	var list []struct{ ID string }
	require.NoError(t, json.Unmarshal([]byte(body), &list), body)
	all := []string{}
	for _, entry := range list {
		all = append(all, entry.ID)
	}
	return all
}

// roles is how the user holds each role but privx-user, which everybody holds.
func (m *members) roles() map[string]string {
	held := map[string]string{}
	for _, one := range m.memberships() {
		if one.UserID == m.user && one.RoleID != m.store.UserRoleID() {
			held[one.RoleID] = parts(one.Explicit, one.Implicit)
		}
	}
	return held
}

func parts(explicit, implicit bool) string {
	switch {
	case explicit && implicit:
		return bothParts
	case explicit:
		return onlyExplicit
	case implicit:
		return onlyImplicit
	default:
		return ""
	}
}

// held is how a role is held by its entry.
func held(entry *privx.RoleEntry) string {
	if entry == nil {
		return ""
	}
	return parts(entry.Explicit, entry.Implicit)
}

// except is a copy of roles with one of them changed.
func except(roles map[string]string, id, how string) map[string]string {
	changed := maps.Clone(roles)
	changed[id] = how
	if how == "" {
		delete(changed, id)
	}
	return changed
}

// memberships are all memberships in the store, so that two states can be compared.
func (h *harness) memberships() []privxsim.Membership {
	all := h.store.Memberships()
	for i := range all {
		if len(all[i].Extra) == 0 {
			all[i].Extra = nil
		}
	}
	return all
}

// entry is the user's explicit membership of a role, as the store has it.
func (m *members) entry(t *testing.T, roleID string) privxsim.Membership {
	t.Helper()
	all := m.memberships()
	i := slices.IndexFunc(all, func(one privxsim.Membership) bool { return one.UserID == m.user && one.RoleID == roleID })
	require.GreaterOrEqual(t, i, 0, "no membership")
	return all[i]
}

// faultPut and faultGet inject a fault into writes and reads of users' roles.
func (h *harness) faultPut(f privxsim.Fault) {
	f.Method, f.Path = http.MethodPut, userRolesPath
	h.sim.Inject(f)
}

func (h *harness) faultGet(f privxsim.Fault) {
	f.Method, f.Path = http.MethodGet, userRolesPath
	h.sim.Inject(f)
}

// beforePut and afterPut call a foreign writer before and after each write is executed. The
// writer gets the number of the write, from 1.
func (h *harness) beforePut(foreign func(n int)) { h.sim.OnRequest(countPuts(foreign)) }

func (h *harness) afterPut(foreign func(n int)) { h.sim.OnResponse(countPuts(foreign)) }

func countPuts(foreign func(n int)) func(privxsim.Request) {
	var n atomic.Int32
	return func(r privxsim.Request) {
		if r.Method == http.MethodPut {
			foreign(int(n.Add(1)))
		}
	}
}

// settled are the calls for a write of unknown outcome that was not executed: it is looked
// for, and may then be sent again.
const settled = "PUT GET GET GET GET"

// outwaited are the calls for a write that PrivX accepted and that no read shows: it is
// looked for until no node may lag any more.
const outwaited = "PUT GET GET GET GET GET GET GET GET GET GET GET GET"
