package privx_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// Concurrent changes of one user's roles through one client all survive.
func TestConcurrentGrantsAllSurvive(t *testing.T) {
	t.Parallel()
	rounds := 100
	if testing.Short() {
		rounds = 3
	}
	for _, n := range []int{2, 10, 50} {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			t.Parallel()
			m := newMembers(t, setup{sim: privxsim.Options{TokenTTL: time.Hour}})
			roles := make([]string, n)
			for i := range roles {
				roles[i] = m.store.AddRole(privxsim.Role{Name: "role " + strconv.Itoa(i)}).ID
			}
			for range rounds {
				m.user = m.store.AddUser(privxsim.User{}).ID
				before := m.roles()
				m.sim.ResetRequests()
				errs := make(chan error, n)
				for _, role := range roles {
					go func() {
						got, err := m.client.GrantRole(t.Context(), m.user, role)
						if err == nil && (!got.Written || held(got.Membership) != onlyExplicit || len(got.Disturbed) > 0) {
							err = fmt.Errorf("%+v", got)
						}
						errs <- err
					}()
				}
				for range n {
					require.NoError(t, <-errs)
				}
				want := maps.Clone(before)
				for _, role := range roles {
					want[role] = onlyExplicit
				}
				require.Equal(t, want, m.roles())
				require.Len(t, m.writes(), n)
			}
			require.Zero(t, privx.Locks(m.client).Len())
		})
	}
}

// All callers that wait for one token request get the same error value. None of them changes
// it, which the race detector checks.
func TestOneTokenErrorForAll(t *testing.T) {
	t.Parallel()
	membersInBubble(t, setup{sim: privxsim.Options{Latency: 50 * time.Millisecond}}, func(t *testing.T, m *members) {
		m.forgetToken()
		m.sim.Inject(privxsim.Fault{Path: tokenPath, Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"0"}}, Count: 3})
		const callers = 8
		errs := make(chan error, callers)
		for range callers {
			user := m.store.AddUser(privxsim.User{}).ID
			go func() { errs <- second(m.client.GrantRole(t.Context(), user, m.none)) }()
		}
		for range callers {
			require.NoError(t, <-errs)
		}
		require.Equal(t, 4, m.tokens())
	})
}

// Each change that was made is one step between held and not held, and the steps add up.
func TestMixedChangesHaveAnOrder(t *testing.T) {
	t.Parallel()
	m := newMembers(t, setup{sim: privxsim.Options{TokenTTL: time.Hour}})
	random := rand.New(rand.NewPCG(1, 0))
	const rounds, perRound = 25, 12
	roles := []string{m.none, m.explicit, m.mapped, m.both}
	for range rounds {
		before := m.roles()
		var mu sync.Mutex
		steps, asked := map[string]int{}, map[string]int{}
		var all sync.WaitGroup
		for range perRound {
			role, grants := roles[random.IntN(len(roles))], random.IntN(2) == 0
			run, step := m.client.RevokeRole, -1
			if grants {
				run, step = m.client.GrantRole, 1
			}
			asked[role] |= 1 << (step + 1) // 4 for grants, 1 for revokes
			all.Go(func() {
				got, err := run(t.Context(), m.user, role)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Errorf("%v", err)
					return
				}
				if got.Written {
					steps[role] += step
				}
				if explicit := got.Membership != nil && got.Membership.Explicit; explicit != grants {
					t.Errorf("grant %t: %+v", grants, got)
				}
			})
		}
		all.Wait()
		after := m.roles()
		for _, role := range roles {
			change := explicitly(after[role]) - explicitly(before[role])
			require.Equal(t, steps[role], change, "from %q to %q", before[role], after[role])
			if asked[role] == 4 || asked[role] == 1 { // All asked for the same.
				require.Equal(t, asked[role]/4, explicitly(after[role]))
			}
		}
	}
	require.Zero(t, privx.Locks(m.client).Len())
}

func explicitly(how string) int {
	if how == onlyExplicit || how == bothParts {
		return 1
	}
	return 0
}

// While one user's write is held up, another user's is made, and further ones for the first
// user wait for their turn.
func TestUsersBesideEachOtherAndOneInOrder(t *testing.T) {
	t.Parallel()
	membersInBubble(t, setup{}, func(t *testing.T, m *members) {
		bob := m.store.AddUser(privxsim.User{Principal: "bob"}).ID
		release := make(chan struct{})
		held := "/role-store/api/v1/users/" + m.user + "/roles"
		m.sim.Inject(privxsim.Fault{Method: http.MethodPut, Path: held, Kind: privxsim.FaultSlowHeader, Release: release, Count: 1})

		roles := []string{m.none}
		for range 20 {
			roles = append(roles, m.store.AddRole(privxsim.Role{}).ID)
		}
		errs := make(chan error, len(roles))
		for _, role := range roles {
			go func() { errs <- second(m.client.GrantRole(t.Context(), m.user, role)) }()
			synctest.Wait() // It waits for its turn, behind the ones before it.
		}
		require.Equal(t, "GET PUT", m.calls(), "the others wait")
		require.Equal(t, 1, privx.Locks(m.client).Len())

		require.NoError(t, second(m.client.GrantRole(t.Context(), bob, m.none)))
		require.Equal(t, "GET PUT GET PUT GET", m.calls())
		require.Equal(t, 1, privx.Locks(m.client).Len())

		// A caller that gives up does not change the order of the others.
		ctx, cancel := context.WithCancel(t.Context())
		err := awaitResult(func() error { return second(m.client.GrantRole(ctx, m.user, m.other)) }, cancel)
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, "GET PUT GET PUT GET", m.calls())
		short, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		require.ErrorIs(t, second(m.client.RevokeRole(short, m.user, m.explicit)), context.DeadlineExceeded)

		m.sim.ResetRequests()
		close(release)
		for range roles {
			require.NoError(t, <-errs)
		}
		var order []string
		for _, body := range m.writes() {
			all := ids(t, body)
			order = append(order, all[len(all)-1])
		}
		require.Equal(t, roles[1:], order)
		require.Zero(t, privx.Locks(m.client).Len())
	})
}

// Changes wait for one another even if the user's id is given in another case.
func TestOneLockForAnIDInAnyCase(t *testing.T) {
	t.Parallel()
	membersInBubble(t, setup{}, func(t *testing.T, m *members) {
		m.faultGet(privxsim.Fault{Kind: privxsim.FaultStall})
		ctx, cancel := context.WithCancel(t.Context())
		errs := make(chan error, 2)
		for _, id := range []string{m.user, strings.ToUpper(m.user)} {
			go func() { errs <- second(m.client.GrantRole(ctx, id, m.none)) }()
		}
		synctest.Wait()
		require.Equal(t, "GET", m.calls())
		cancel()
		require.ErrorIs(t, <-errs, context.Canceled)
		require.ErrorIs(t, <-errs, context.Canceled)
		require.Zero(t, privx.Locks(m.client).Len())
	})
}

// Something else undoes the change once, between the write and the read that verifies it.
// The whole cycle is repeated.
func TestAChangeThatIsUndoneOnce(t *testing.T) {
	t.Parallel()
	bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
		c := m.changes()[name]
		want := except(m.roles(), c.role, c.after)
		m.afterPut(func(n int) {
			if n == 1 {
				m.undo(c.role, c.before)
			}
		})
		got, err := c.change(t.Context(), m.user, c.role)
		require.NoError(t, err)
		require.Equal(t, c.after, held(got.Membership))
		require.True(t, got.Written)
		require.Empty(t, got.Disturbed)
		require.Equal(t, "GET "+outwaited+" GET PUT GET", m.calls())
		require.Equal(t, want, m.roles())
	})
}

// undo sets an explicit membership back to what it was before.
func (m *members) undo(roleID, before string) {
	if explicitly(before) == 0 {
		m.store.RemoveExplicit(roleID, m.user)
	} else {
		m.store.GrantExplicit(roleID, m.user, privxsim.Grant{})
	}
}

// If the change is undone each time, it is given up with an error.
func TestAChangeThatIsUndoneEachTime(t *testing.T) {
	t.Parallel()
	bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
		c := m.changes()[name]
		before := m.roles()
		m.afterPut(func(int) { m.undo(c.role, c.before) })
		got, err := c.change(t.Context(), m.user, c.role)
		e := asError(t, err, codes.Aborted, http.StatusOK)
		require.Contains(t, e.Error(), "2 times")
		require.Nil(t, got)
		calls := "GET " + outwaited + " GET " + outwaited + " GET status"
		if name == "grant" {
			calls += " role" // Whether there is such a role at all.
		}
		require.Equal(t, calls, m.calls())
		require.Equal(t, before, m.roles())
		require.Zero(t, privx.Locks(m.client).Len())
	})
}

// The change is undone until after the last write, and then made by something else.
func TestAChangeDoneBySomethingElseInTheEnd(t *testing.T) {
	t.Parallel()
	bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
		c := m.changes()[name]
		m.afterPut(func(int) { m.undo(c.role, c.before) })
		var reads atomic.Int32
		m.sim.OnRequest(func(r privxsim.Request) {
			if r.Method == http.MethodGet && matches(userRolesPath, r.Path) && reads.Add(1) == 1+api.MaxRounds*13 {
				m.undo(c.role, c.after)
			}
		})
		got, err := c.change(t.Context(), m.user, c.role)
		require.NoError(t, err)
		require.Equal(t, c.after, held(got.Membership))
		require.Len(t, m.writes(), api.MaxRounds)
	})
}

// Something else changes another role meanwhile. That is kept, and reported in Disturbed.
func TestOtherRolesAreDisturbed(t *testing.T) {
	t.Parallel()
	for what, foreign := range map[string]struct {
		role   func(m *members) string
		change func(m *members, role string)
		how    string
	}{
		"granted":          {func(m *members) string { return m.other }, func(m *members, role string) { m.store.GrantExplicit(role, m.user, privxsim.Grant{}) }, onlyExplicit},
		"revoked":          {func(m *members) string { return m.both }, func(m *members, role string) { m.store.RemoveExplicit(role, m.user) }, onlyImplicit},
		"mapped and given": {func(m *members) string { return m.mapped }, func(m *members, role string) { m.store.GrantExplicit(role, m.user, privxsim.Grant{}) }, bothParts},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
				c, other := m.changes()[name], foreign.role(m)
				want := except(except(m.roles(), c.role, c.after), other, foreign.how)
				m.afterPut(func(int) { foreign.change(m, other) })
				got, err := c.change(t.Context(), m.user, c.role)
				require.NoError(t, err)
				require.Equal(t, []string{other}, got.Disturbed)
				require.True(t, got.Written)
				require.Equal(t, c.after, held(got.Membership))
				require.Equal(t, "GET PUT GET GET", m.calls())
				require.Equal(t, want, m.roles())
			})
		})
	}
}

// Memberships by mapping rules change by themselves, and are not reported in Disturbed.
func TestRulesDoNotDisturb(t *testing.T) {
	t.Parallel()
	bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
		c := m.changes()[name]
		m.afterPut(func(int) {
			m.store.Unmap(m.mapped, m.user)
			m.store.Unmap(m.both, m.user)
			m.store.Map(m.other, m.user)
		})
		got, err := c.change(t.Context(), m.user, c.role)
		require.NoError(t, err)
		require.Empty(t, got.Disturbed)
		require.Equal(t, "GET PUT GET", m.calls())
	})
}

// A role is in Disturbed once, however often it was changed.
func TestDisturbedIsASet(t *testing.T) {
	t.Parallel()
	bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
		c := m.changes()[name]
		m.afterPut(func(n int) {
			if n == 1 {
				m.undo(c.role, c.before)
			}
			m.undo(m.other, []string{1: onlyExplicit, 2: ""}[n])
			m.undo(m.both, []string{1: "", 2: onlyExplicit}[n])
		})
		got, err := c.change(t.Context(), m.user, c.role)
		require.NoError(t, err)
		want := []string{m.other, m.both}
		slices.Sort(want)
		require.Equal(t, want, got.Disturbed)
		require.Len(t, m.writes(), 2)
	})
}
