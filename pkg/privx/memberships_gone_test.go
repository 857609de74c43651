package privx_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/conductorone/baton-privx/internal/errorid"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// gatewayNotFound is the body of a 404 that does not come from PrivX.
const gatewayNotFound = `{"message":"no Route matched with those values"}`

// searched are the calls of one search for a user and a witness.
const searched = "search search"

// A user is gone if PrivX itself answers 404 and a search for the user and a witness finds
// only the witness, also after the time for which a node may lag.
func TestRevokeFromAUserWhoIsGone(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		user   func(m *members) string
		when   func(m *members, gone func())
		calls  string
		before []privxsim.Fault
	}{
		"never was": {func(*members) string { return unknownID }, nil, "GET " + searched + " " + searched, nil},
		"long gone": {nil, func(_ *members, gone func()) { gone() }, "GET " + searched + " " + searched, nil},
		"goes before the write": {nil, func(m *members, gone func()) {
			m.beforePut(func(int) { gone() })
		}, "GET PUT status " + searched + " " + searched, nil},
		"goes after the write": {nil, func(m *members, gone func()) {
			m.afterPut(func(int) { gone() })
		}, "GET PUT GET " + searched + " " + searched, nil},
		"goes while the write is not heard of": {nil, func(m *members, gone func()) {
			m.afterPut(func(int) { gone() })
		}, "GET PUT GET " + searched + " " + searched, []privxsim.Fault{{Method: http.MethodPut, Kind: privxsim.FaultResetBefore}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			membersInBubble(t, setup{}, func(t *testing.T, m *members) {
				user := m.user
				if tt.user != nil {
					user = tt.user(m)
				}
				for _, fault := range tt.before {
					m.sim.Inject(fault)
				}
				if tt.when != nil {
					tt.when(m, func() { m.store.RemoveUser(m.user) })
				}
				began := time.Now()
				got, err := m.client.RevokeRole(t.Context(), user, m.explicit)
				require.NoError(t, err)
				require.Equal(t, &privx.Change{UserGone: true}, got)
				require.Equal(t, tt.calls, m.calls())
				require.Equal(t, api.LagTime, time.Since(began), "fake time")
				require.JSONEq(t, `{}`, string(m.sent(searchPath)[0].Body))
				var search struct {
					IDs []string `json:"user_id"`
				}
				require.NoError(t, json.Unmarshal(m.sent(searchPath)[1].Body, &search))
				require.Len(t, search.IDs, 2)
				require.Equal(t, user, search.IDs[0])
				require.True(t, slices.ContainsFunc(m.store.Users(), func(u privxsim.User) bool { return u.ID == search.IDs[1] }))
			})
		})
	}
}

// A 404 alone does not prove that the user is gone.
func TestAUserNotFoundIsNotYetGone(t *testing.T) {
	t.Parallel()
	html := privxsim.Fault{Kind: privxsim.FaultHTML, Status: http.StatusNotFound}
	gateway := privxsim.Fault{Status: http.StatusNotFound, Body: gatewayNotFound}
	notFound := privxsim.Fault{Status: http.StatusNotFound}
	for name, tt := range map[string]struct {
		get, search privxsim.Fault
		sim         privxsim.Options
		gone        bool
		code        codes.Code
		searches    int
	}{
		"the search knows him":                {get: notFound, code: codes.FailedPrecondition, searches: 1},
		"the search answers others":           {sim: privxsim.Options{IgnoreUserIDs: true}, gone: true, code: codes.FailedPrecondition, searches: 2},
		"the second search is forbidden":      {search: privxsim.Fault{Skip: 1, Status: http.StatusForbidden}, gone: true, code: codes.PermissionDenied, searches: 2},
		"the second search is at fault":       {search: privxsim.Fault{Skip: 1, Status: http.StatusBadGateway}, gone: true, code: codes.Unavailable, searches: 1 + api.MaxTries},
		"the second search has no items":      {search: privxsim.Fault{Skip: 1, Status: http.StatusOK, Body: `{"count":0}`}, gone: true, code: codes.FailedPrecondition, searches: 2},
		"the search may not be used":          {search: privxsim.Fault{Status: http.StatusForbidden}, gone: true, code: codes.PermissionDenied, searches: 1},
		"the search is not found":             {search: notFound, gone: true, code: codes.NotFound, searches: 1},
		"the search is at fault":              {search: privxsim.Fault{Status: http.StatusBadGateway}, gone: true, code: codes.Unavailable, searches: api.MaxTries},
		"the search is a login page":          {search: privxsim.Fault{Kind: privxsim.FaultHTML}, gone: true, code: codes.FailedPrecondition, searches: 1},
		"the search is empty":                 {search: privxsim.Fault{Kind: privxsim.FaultEmpty}, gone: true, code: codes.FailedPrecondition, searches: 1},
		"the search has no items":             {search: privxsim.Fault{Status: http.StatusOK, Body: `{"count":0}`}, gone: true, code: codes.FailedPrecondition, searches: 1},
		"the search counts one, shows none":   {search: privxsim.Fault{Status: http.StatusOK, Body: `{"count":1,"items":[]}`}, gone: true, code: codes.FailedPrecondition, searches: 1},
		"the search has one without an id":    {search: privxsim.Fault{Status: http.StatusOK, Body: `{"count":1,"items":[{}]}`}, gone: true, code: codes.FailedPrecondition, searches: 1},
		"a gateway's page":                    {get: html, code: codes.FailedPrecondition},
		"a gateway's page, and he is gone":    {get: html, gone: true, code: codes.FailedPrecondition},
		"a gateway's JSON":                    {get: gateway, code: codes.FailedPrecondition},
		"a gateway's JSON, and he is gone":    {get: gateway, gone: true, code: codes.FailedPrecondition},
		"an empty 404, as no API gives it":    {get: privxsim.Fault{Kind: privxsim.FaultEmpty, Status: http.StatusNotFound}, code: codes.FailedPrecondition},
		"410, which PrivX is not known to be": {get: privxsim.Fault{Status: http.StatusGone}, gone: true, code: codes.InvalidArgument},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMembers(t, setup{sim: tt.sim})
			for path, fault := range map[string]privxsim.Fault{userRolesPath: tt.get, searchPath: tt.search} {
				if fault.Status != 0 || fault.Kind != privxsim.FaultStatus {
					fault.Path = path
					m.sim.Inject(fault)
				}
			}
			m.store.AddUser(privxsim.User{Principal: "another"})
			if tt.gone {
				m.store.RemoveUser(m.user)
			}
			got, err := m.client.RevokeRole(t.Context(), m.user, m.explicit)
			require.Nil(t, got)
			var e *privx.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, tt.code, status.Code(err), "%v", err)
			require.Equal(t, tt.sim.IgnoreUserIDs, strings.Contains(e.Error(), "other users than the one searched for"), "%v", err)
			require.Equal(t, name == "the search knows him", errorid.Of(err) == errorid.UserFoundAndNot, "%v", err)
			require.Equal(t, tt.searches, m.sim.CountRequests("", searchPath))
			require.Empty(t, m.writes())
		})
	}
}

// A user whom the search finds among others exists.
func TestTheSearchAnswersOthersToo(t *testing.T) {
	t.Parallel()
	m := newMembers(t, setup{sim: privxsim.Options{IgnoreUserIDs: true}})
	m.faultGet(privxsim.Fault{Status: http.StatusNotFound})
	e := asError(t, second(m.client.RevokeRole(t.Context(), m.user, m.explicit)), codes.FailedPrecondition, http.StatusNotFound)
	require.Contains(t, e.Error(), "yet the search knows the user")
}

// A node that has just started finds nothing, which does not prove that the user is gone.
func TestANodeThatHasJustStarted(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		empty time.Duration
		fails bool
	}{"for a while": {6 * time.Second, false}, "for too long": {time.Minute, true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, m := holdings()
			cluster := privxsim.Options{Nodes: []privxsim.Node{{Empty: tt.empty}}, EmptyNotFound: true}
			inBubble(t, setup{store: store, sim: cluster}, func(t *testing.T, h *harness) {
				m.harness = h
				ctx, cancel := context.WithTimeout(t.Context(), budget)
				defer cancel()
				got, err := m.client.RevokeRole(ctx, m.user, m.explicit)
				if !tt.fails {
					mustChange(t, got, err)
					require.NotContains(t, m.roles(), m.explicit)
					return
				}
				e := asError(t, err, codes.Unavailable, http.StatusOK)
				require.Contains(t, e.Error(), "neither the user nor anybody else is found; a node of PrivX lags behind or has just started")
				require.Nil(t, got)
				require.Equal(t, onlyExplicit, m.roles()[m.explicit])
			})
		})
	}
}

// A search that finds neither the user nor the witness proves nothing, however the client
// authenticates.
func TestASearchThatFindsNobody(t *testing.T) {
	t.Parallel()
	nobody := privxsim.Fault{Path: searchPath, Skip: 1, Status: http.StatusOK, Body: emptyList}
	for name, tt := range map[string]struct {
		gone  bool
		count int // of such answers
		code  codes.Code
	}{
		"he is there":                      {false, 0, codes.Unavailable},
		"he is there, and found later":     {false, 2, codes.FailedPrecondition},
		"he is gone, which cannot be seen": {true, 0, codes.Unavailable},
		"he is gone, which is seen later":  {true, 1, codes.OK},
	} {
		for kind, with := range map[string]setup{"all four": {}, "OAuth client alone": oauthWorks()} {
			t.Run(name+", "+kind, func(t *testing.T) {
				t.Parallel()
				with.sim.NoCurrentUser = true
				membersInBubble(t, with, func(t *testing.T, m *members) {
					// The user is not among the first ones that PrivX lists.
					m.store.AddUser(privxsim.User{Principal: "another"})
					m.store.UpdateUser(privxsim.User{ID: m.user, Principal: "alex", Created: "2030-01-01T00:00:00Z"})
					m.faultGet(privxsim.Fault{Status: http.StatusNotFound})
					fault := nobody
					fault.Count = tt.count
					m.sim.Inject(fault)
					if tt.gone {
						m.store.RemoveUser(m.user)
					}
					ctx, cancel := context.WithTimeout(t.Context(), budget)
					defer cancel()
					got, err := m.client.RevokeRole(ctx, m.user, m.explicit)
					require.Equal(t, tt.code, status.Code(err), "%v", err)
					if tt.code == codes.OK {
						require.Equal(t, &privx.Change{UserGone: true}, got)
						return
					}
					require.Nil(t, got)
					require.Equal(t, !tt.gone, m.roles()[m.explicit] == onlyExplicit)
				})
			})
		}
	}
}

// A node that lags does not know a new user yet. The user is not taken for gone.
func TestANewUserIsNotGone(t *testing.T) {
	t.Parallel()
	const lag = 8 * time.Second
	for name, lacking := range map[string]string{"the list": http.MethodGet, "the write": http.MethodPut} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cluster := privxsim.Options{Nodes: []privxsim.Node{{}, {Lag: lag}}, Route: func(r privxsim.Request) int {
				if r.Method == lacking || r.Method == http.MethodPost {
					return 1
				}
				return 0
			}}
			membersInBubble(t, setup{sim: cluster}, func(t *testing.T, m *members) {
				user := m.store.AddUser(privxsim.User{Principal: "new"}).ID
				m.store.GrantExplicit(m.explicit, user, privxsim.Grant{})
				if lacking == http.MethodPut {
					m.faultPut(privxsim.Fault{Status: http.StatusNotFound, Body: `{"error_code":"OBJECT_NOT_FOUND"}`})
				}
				ctx, cancel := context.WithTimeout(t.Context(), budget)
				defer cancel()
				got, err := m.client.RevokeRole(ctx, user, m.explicit)
				e := asError(t, err, codes.FailedPrecondition, http.StatusNotFound)
				require.Contains(t, e.Error(), "yet the search knows the user")
				require.Nil(t, got)
			})
		})
	}
}

// The search has to be repeated, and there is no time for that.
func TestNoTimeToSearchAgain(t *testing.T) {
	t.Parallel()
	membersInBubble(t, setup{}, func(t *testing.T, m *members) {
		m.store.RemoveUser(m.user)
		ctx, cancel := context.WithTimeout(t.Context(), api.LagTime-time.Second)
		defer cancel()
		began := time.Now()
		got, err := m.client.RevokeRole(ctx, m.user, m.explicit)
		e := asError(t, err, codes.Unavailable, http.StatusOK)
		require.Contains(t, e.Message, "the user is not found, which a node that lags may say of a new one")
		require.Equal(t, errorid.UserNotProvenGone, errorid.Of(err))
		require.Nil(t, got)
		require.Zero(t, time.Since(began), "fake time")
	})
}

// A grant to a user who does not exist is NotFound.
func TestGrantingToAnUnknownUser(t *testing.T) {
	t.Parallel()
	m := newMembers(t, setup{})
	wantError(t, second(m.client.GrantRole(t.Context(), unknownID, m.none)), codes.NotFound, http.StatusNotFound)
	require.Equal(t, "GET", m.calls())
	m.sim.ResetRequests()
	m.beforePut(func(int) { m.store.RemoveUser(m.user) })
	e := asError(t, second(m.client.GrantRole(t.Context(), m.user, m.none)), codes.NotFound, http.StatusNotFound)
	require.Equal(t, http.MethodPut, strings.Fields(e.Endpoint)[0])
	require.Equal(t, "GET PUT status role", m.calls())
}

// An id cannot lead to another endpoint: it is refused or stays in its place in the path.
func TestMalformedIDsAreNotSent(t *testing.T) {
	t.Parallel()
	m := newMembers(t, setup{})
	for _, id := range []string{"", ".", "..", "../../roles", "a/b", m.user + "/../" + m.user, m.user + "?x=1"} {
		for _, c := range m.changes() {
			require.Error(t, second(c.change(t.Context(), id, c.role)))
		}
	}
	require.Empty(t, m.writes())
	for _, r := range m.sim.Requests() {
		require.True(t, matches(userRolesPath, r.Path), r.Path)
	}
}

// A grant of a role that does not exist is NotFound, however PrivX answers the write.
func TestGrantingAnUnknownRole(t *testing.T) {
	t.Parallel()
	cycle := "GET " + outwaited + " "
	for name, tt := range map[string]struct {
		mode  privxsim.UnknownRolesMode
		calls string
	}{
		"refused":   {privxsim.UnknownRolesRefused, "GET PUT status role"},
		"not found": {privxsim.UnknownRolesNotFound, "GET PUT status role"},
		"ignored":   {privxsim.UnknownRolesIgnored, cycle + cycle + "GET status role"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			membersInBubble(t, setup{sim: privxsim.Options{UnknownRoles: tt.mode}}, func(t *testing.T, m *members) {
				before := m.memberships()
				got, err := m.client.GrantRole(t.Context(), m.user, unknownID)
				e := asError(t, err, codes.NotFound, http.StatusNotFound)
				require.Nil(t, got)
				require.Equal(t, "GET /role-store/api/v1/roles/{id}", e.Endpoint)
				require.Equal(t, tt.calls, m.calls())
				require.Equal(t, before, m.memberships())

				// To revoke such a role, there is nothing to do.
				m.sim.ResetRequests()
				revoked, err := m.client.RevokeRole(t.Context(), m.user, unknownID)
				require.NoError(t, err)
				require.Equal(t, &privx.Change{}, revoked)
				require.Equal(t, "GET", m.calls())
			})
		})
	}
}

// If the role exists, or PrivX does not tell, the write's own error is returned.
func TestKnownRoleOrNobodyKnows(t *testing.T) {
	t.Parallel()
	for name, role := range map[string]privxsim.Fault{
		"known": {Kind: privxsim.FaultHeader}, "forbidden": {Status: http.StatusForbidden},
		"at fault": {Status: http.StatusBadGateway}, "a gateway's 404": {Kind: privxsim.FaultHTML, Status: http.StatusNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMembers(t, setup{})
			role.Path = rolePath
			m.sim.Inject(role)
			m.faultPut(privxsim.Fault{Status: http.StatusBadRequest})
			e := asError(t, second(m.client.GrantRole(t.Context(), m.user, m.none)), codes.InvalidArgument, http.StatusBadRequest)
			require.Equal(t, http.MethodPut, strings.Fields(e.Endpoint)[0])
		})
	}
}
