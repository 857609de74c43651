package privx_test

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// The tests of this file are those that package assumptions names and that no other file
// has: what the client does where PrivX is not as it is assumed to be.

// Rows that were all created at the same time, and come in another order each time:
// the list is whole, or an error.
func TestRowsOfTheSameTimeInAnyOrder(t *testing.T) {
	t.Parallel()
	whole := 0
	for seed := range int64(20) {
		store := emptyStore()
		for range 30 {
			store.AddUser(privxsim.User{Created: "2024-01-01T00:00:00Z"})
		}
		options := privxsim.Options{MaxPageSize: 10, RandomTies: true, Seed: seed}
		inBubble(t, setup{store: store, sim: options}, func(t *testing.T, h *harness) {
			users := h.lists()[0]
			got, err := users.readAll(t.Context())
			if err != nil {
				wantError(t, err, codes.Aborted, http.StatusOK)
				return
			}
			require.ElementsMatch(t, users.truth(), got)
			whole++
		})
	}
	require.Positive(t, whole)
}

// A sort key that PrivX does not take is no question of the page size: the error names
// it.
func TestSortKeyThatIsRefused(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{})
	for _, l := range h.lists() {
		h.sim.Inject(privxsim.Fault{
			Path: l.path, Status: http.StatusBadRequest, Body: `{"error_code":"BAD_REQUEST","error_message":"no such sort key","property":"sortkey"}`,
		})
		_, err := l.readAll(t.Context())
		require.Equal(t, "sortkey", asError(t, err, codes.InvalidArgument, http.StatusBadRequest).Property)
		require.ErrorContains(t, err, "no such sort key")
	}
}

// One row goes and one comes before the second page, so that the count stays.
func TestOneRowGoesAndAnotherComes(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{sim: privxsim.Options{MaxPageSize: 7}})
	for _, l := range h.lists() {
		h.sim.ClearFaults()
		h.sim.Inject(privxsim.Fault{Path: l.path, Kind: privxsim.FaultTurnover, Skip: 1, Count: 1})
		before := l.truth()
		got, err := l.readAll(t.Context())
		require.NoError(t, err)
		require.Len(t, l.truth(), len(before))
		require.NotEqual(t, before, l.truth(), "%s: a row has gone", l.name)
		for _, id := range before {
			if slices.Contains(l.truth(), id) {
				require.Contains(t, got, id, l.name)
			}
		}
	}
}

// Two nodes that count differently by one, and are asked in turn.
func TestNodesThatCountDifferently(t *testing.T) {
	t.Parallel()
	for _, offset := range []int{-1, 1} {
		var asked atomic.Int64
		options := privxsim.Options{
			MaxPageSize: 7, Nodes: []privxsim.Node{{}, {CountOffset: offset}},
			Route: func(privxsim.Request) int { return int(asked.Add(1) % 2) },
		}
		inBubble(t, setup{sim: options}, func(t *testing.T, h *harness) {
			for _, l := range h.lists() {
				l.wantAll(t)
			}
		})
	}
}

// A user's list of roles that is null for ever, and once.
func TestRolesThatAreNull(t *testing.T) {
	t.Parallel()
	bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
		c := m.changes()[name]
		before := m.roles()
		m.faultGet(privxsim.Fault{Kind: privxsim.FaultNullItems})
		ctx, cancel := context.WithTimeout(t.Context(), budget)
		defer cancel()
		got, err := c.change(ctx, m.user, c.role)
		wantError(t, err, codes.FailedPrecondition, http.StatusOK)
		require.ErrorContains(t, err, "null in place of a list")
		require.Nil(t, got)
		require.Empty(t, m.writes())
		require.Equal(t, before, m.roles())

		m.sim.ClearFaults()
		m.faultGet(privxsim.Fault{Kind: privxsim.FaultNullItems, Count: 1})
		require.NoError(t, second(c.change(t.Context(), m.user, c.role)))
		require.Equal(t, except(before, c.role, c.after), m.roles())
	})
}

// A user without roles of whom his own record says nothing either: the list is still
// empty when a node that has just started shows its lists again.
func TestFirstRoleWhereTheRecordSaysNothing(t *testing.T) {
	t.Parallel()
	membersInBubble(t, setup{sim: privxsim.Options{HideUserRole: true, UserRolesNull: true}}, func(t *testing.T, m *members) {
		user := m.store.AddUser(privxsim.User{Principal: "new"}).ID
		began := time.Now()
		got, err := m.client.GrantRole(t.Context(), user, m.none)
		mustChange(t, got, err)
		require.Equal(t, onlyExplicit, held(got.Membership))
		require.Equal(t, api.EmptyMoment, time.Since(began), "fake time")
	})
}

// A floating grant that has become a time-restricted one holds until its end.
func TestFloatingGrantThatHasBegun(t *testing.T) {
	t.Parallel()
	m := newMembers(t, setup{sim: privxsim.Options{TokenTTL: 24 * time.Hour}})
	m.store.GrantExplicit(m.none, m.user, privxsim.Grant{Type: privxsim.GrantFloating, FloatingHours: 8})
	m.store.StartFloating(m.none, m.user, m.clock.Now())
	got, err := m.client.GrantRole(t.Context(), m.user, m.none)
	require.NoError(t, err)
	require.False(t, got.Written)
	require.Equal(t, privx.GrantTimeRestricted, got.Membership.GrantType)
	m.clock.advance(8 * time.Hour)
	got, err = m.client.GrantRole(t.Context(), m.user, m.none)
	mustChange(t, got, err)
	require.Equal(t, privx.GrantPermanent, got.Membership.GrantType)
}

// A PrivX that grants every role of a list that is written: the change is made, and
// whoever asked for it is told what else has become explicit.
func TestWriteThatGrantsEveryEntry(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"grant", "revoke"} {
		m := newMembers(t, setup{sim: privxsim.Options{GrantEveryEntry: true}})
		c := m.changes()[name]
		got, err := c.change(t.Context(), m.user, c.role)
		mustChange(t, got, err)
		require.Equal(t, c.after, m.roles()[c.role])
		require.ElementsMatch(t, []string{m.mapped, m.store.UserRoleID()}, got.Disturbed)
		require.Equal(t, bothParts, m.roles()[m.mapped])
		require.Len(t, m.writes(), 1)
	}
}

// Also a PrivX that takes null for an empty list is sent an empty one.
func TestEmptyListIsNeverNull(t *testing.T) {
	t.Parallel()
	membersInBubble(t, setup{sim: privxsim.Options{AcceptNullRoles: true, HideUserRole: true}}, func(t *testing.T, m *members) {
		user := m.store.AddUser(privxsim.User{Principal: "new"}).ID
		m.store.GrantExplicit(m.none, user, privxsim.Grant{})
		got, err := m.client.RevokeRole(t.Context(), user, m.none)
		mustChange(t, got, err)
		require.Equal(t, []string{"[]"}, m.writes())
	})
}

// A success is one, whichever it is and whatever it says: the read after it tells.
func TestWriteWithAnotherSuccess(t *testing.T) {
	t.Parallel()
	for _, code := range []int{http.StatusOK, http.StatusCreated, http.StatusAccepted, http.StatusNoContent} {
		bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
			c := m.changes()[name]
			m.faultPut(privxsim.Fault{Kind: privxsim.FaultStatusAfter, Status: code, Body: `{"id":"x"}`})
			got, err := c.change(t.Context(), m.user, c.role)
			mustChange(t, got, err)
			require.Equal(t, c.after, held(got.Membership), strconv.Itoa(code))
			require.Equal(t, "GET PUT GET", m.calls())
		})
	}
}

// PrivX says with 400 that there is no such user: that is no proof that he is gone.
func TestNotFoundThatIsSaidWith400(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"grant", "revoke"} {
		m := newMembers(t, setup{})
		m.faultGet(privxsim.Fault{Status: http.StatusBadRequest, Body: `{"error_code":"USER_NOT_FOUND"}`})
		got, err := m.changes()[name].change(t.Context(), m.user, m.explicit)
		require.Equal(t, "USER_NOT_FOUND", asError(t, err, codes.InvalidArgument, http.StatusBadRequest).Code)
		require.ErrorContains(t, err, "USER_NOT_FOUND")
		require.Nil(t, got)
		require.Empty(t, m.writes())
	}
}

// A 404 with any error code of PrivX's is one.
func TestNotFoundUnderAnotherCode(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{})
	for _, code := range []string{"NOT_FOUND", "ROLE_NOT_FOUND", "GENERAL_ERROR", "SOMETHING_NEW"} {
		h.sim.ClearFaults()
		h.sim.Inject(privxsim.Fault{Path: rolePath, Status: http.StatusNotFound, Body: `{"error_code":"` + code + `"}`})
		_, err := h.client.GetRole(t.Context(), h.roleWithMembers())
		require.True(t, privx.IsNotFound(err), "%v", err)
		require.ErrorContains(t, err, code)
	}
}

// A code that may mean "try later" does not make another request of a 400.
func TestOverloadThatIsSaidWith400(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{})
	h.login(t)
	h.sim.Inject(privxsim.Fault{Path: rolePath, Status: http.StatusBadRequest, Body: `{"error_code":"MAX_LOAD"}`})
	_, err := h.client.GetRole(t.Context(), h.roleWithMembers())
	require.Equal(t, "MAX_LOAD", asError(t, err, codes.InvalidArgument, http.StatusBadRequest).Code)
	require.Len(t, h.sim.Requests(), 1)
}

// Details that are null, or have null in them, cost nothing of what else is said.
func TestErrorDetailsThatAreNull(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{})
	for _, details := range []string{`null`, `[]`, `[null]`, `[{}]`} {
		h.sim.ClearFaults()
		h.sim.Inject(privxsim.Fault{Path: rolesPath, Status: http.StatusConflict, Body: `{"error_code":"BAD","error_message":"no good","details":` + details + `}`})
		e := asError(t, h.getRoles(t.Context()), codes.FailedPrecondition, http.StatusConflict)
		require.Equal(t, "BAD", e.Code, details)
		require.Contains(t, e.Message, "no good", details)
	}
}

// An id that is none and that PrivX does not find, rather than refuse it: nobody has it.
func TestMalformedIDThatIsNotFound(t *testing.T) {
	t.Parallel()
	membersInBubble(t, setup{}, func(t *testing.T, m *members) {
		m.sim.Inject(privxsim.Fault{Path: "/role-store/api/v1/users/alice/roles", Status: http.StatusNotFound})
		wantError(t, second(m.client.GrantRole(t.Context(), "alice", m.none)), codes.NotFound, http.StatusNotFound)
		got, err := m.client.RevokeRole(t.Context(), "alice", m.none)
		require.NoError(t, err)
		require.Equal(t, &privx.Change{UserGone: true}, got)
		require.Empty(t, m.writes())
	})
}

// A base URL that leads past the API meets the web interface.
func TestPathThatIsNotTheAPIs(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{})
	client := newClient(t.Context(), t, h.url+"/wrong", allFour)
	_, err := client.ListRoles(t.Context(), "")
	require.Contains(t, asError(t, err, codes.FailedPrecondition, http.StatusOK).Hint, "check that base-url")
}

// An endpoint that does not take JSON says no more than one that refuses credentials.
func TestTokenRequestThatIsRefused(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{credentials: apiOnly, sim: privxsim.Options{PublicClient: true}})
	h.sim.Inject(privxsim.Fault{Path: publicTokenPath, Status: http.StatusBadRequest})
	wantRefused(t, h, "check api-client-id")
}

// What the API client may do is fixed with its token.
func TestPermissionComesWithTheNextToken(t *testing.T) {
	t.Parallel()
	const life = 5 * time.Minute
	h := newHarness(t, setup{sim: privxsim.Options{TokenTTL: life}})
	h.login(t)
	for _, role := range h.store.Roles() {
		h.store.RemoveExplicit(role.ID, privxsim.DefaultAPIClientID)
	}
	require.NoError(t, h.getRoles(t.Context()), "the token still has it")
	h.clock.advance(life)
	err := h.getRoles(t.Context())
	require.Contains(t, asError(t, err, codes.PermissionDenied, http.StatusForbidden).Hint, "it takes effect with the next token, within minutes")
	h.store.GrantExplicit(h.store.AdminRoleID(), privxsim.DefaultAPIClientID, privxsim.Grant{})
	require.True(t, privx.IsForbidden(h.getRoles(t.Context())), "the token does not have it yet")
	h.clock.advance(life)
	require.NoError(t, h.getRoles(t.Context()))
}

// Logins that PrivX limits with 429 say nothing of the credentials.
func TestLoginsThatAreLimited(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{})
	h.sim.Inject(privxsim.Fault{Path: tokenPath, Status: http.StatusTooManyRequests})
	err := h.getRoles(t.Context())
	wantError(t, err, codes.Unavailable, http.StatusTooManyRequests)
	require.False(t, privx.IsUnauthenticated(err))
	require.Equal(t, api.MaxTries, h.tokens())
	h.sim.ClearFaults()
	require.NoError(t, h.getRoles(t.Context()))
}

// Without the endpoint that tells who the client is, the credentials do.
func TestActsAs_WithoutTheEndpoint(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{sim: privxsim.Options{NoCurrentUser: true}})
	for id, want := range map[string]bool{unknownID: false, privxsim.DefaultAPIClientID: true} {
		itself, err := h.client.ActsAs(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, want, itself)
	}
}

// A node that lags for longer than a change is remembered: its list is believed, and
// what was changed before is lost with it. See LagTime.
func TestNodeThatLagsForLongerThanIsThought(t *testing.T) {
	t.Parallel()
	var behind atomic.Bool
	options := privxsim.Options{Nodes: []privxsim.Node{{}, {Lag: api.LagTime + 5*time.Second}}, Route: func(r privxsim.Request) int {
		if r.Method == http.MethodGet && behind.CompareAndSwap(true, false) {
			return 1
		}
		return 0
	}}
	membersInBubble(t, setup{sim: options}, func(t *testing.T, m *members) {
		time.Sleep(time.Minute) // Fake time, until both nodes know what there is.
		got, err := m.client.GrantRole(t.Context(), m.user, m.none)
		mustChange(t, got, err)
		time.Sleep(api.LagTime + time.Second) // Fake time.
		behind.Store(true)
		got, err = m.client.GrantRole(t.Context(), m.user, m.other)
		mustChange(t, got, err)
		require.Empty(t, got.Disturbed)
		require.Equal(t, onlyExplicit, m.roles()[m.other])
		require.NotContains(t, m.roles(), m.none)
	})
}

// A grant with an end whose times were taken from one clock, and that is read by
// another.
func TestGrantWithAnEndByTwoClocks(t *testing.T) {
	t.Parallel()
	for _, offset := range []time.Duration{-3 * time.Second, 3 * time.Second} {
		var asked atomic.Int64
		options := privxsim.Options{
			Nodes: []privxsim.Node{{}, {ClockOffset: offset}},
			Route: func(r privxsim.Request) int {
				if r.Method != http.MethodGet {
					return 0
				}
				return int(asked.Add(1) % 2) // One node is read before the write, and the other one after it.
			},
		}
		membersInBubble(t, setup{sim: options, grantLength: grantLength}, func(t *testing.T, m *members) {
			for range 3 {
				user := m.store.AddUser(privxsim.User{}).ID
				m.sim.ResetRequests()
				got, err := m.client.GrantRole(t.Context(), user, m.none)
				mustChange(t, got, err)
				require.Equal(t, privx.GrantTimeRestricted, got.Membership.GrantType)
				require.Equal(t, "GET PUT GET", m.calls(), "it has begun by the other clock as well")
			}
		})
	}
}
