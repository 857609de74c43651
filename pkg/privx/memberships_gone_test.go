package privx_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/privx"
)

// gatewayNotFound is a 404 that is not PrivX's.
const gatewayNotFound = `{"message":"no Route matched with those values"}`

// P9: a user is gone when PrivX says so in its own words and its search, asked
// for him, answers without him.
func TestP9_RevokeFromAUserWhoIsGone(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		user   func(m *members) string
		when   func(m *members, gone func())
		calls  string
		before []privxsim.Fault
	}{
		"never was": {func(*members) string { return unknownID }, nil, "GET search", nil},
		"long gone": {nil, func(_ *members, gone func()) { gone() }, "GET search", nil},
		"goes before the write": {nil, func(m *members, gone func()) {
			m.beforePut(func(int) { gone() })
		}, "GET PUT status search", nil},
		"goes after the write": {nil, func(m *members, gone func()) {
			m.afterPut(func(int) { gone() })
		}, "GET PUT GET search", nil},
		"goes while the write is not heard of": {nil, func(m *members, gone func()) {
			m.afterPut(func(int) { gone() })
		}, "GET PUT GET search", []privxsim.Fault{{Method: http.MethodPut, Kind: privxsim.FaultResetBefore}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMembers(t, setup{})
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
			got, err := m.client.RevokeRole(t.Context(), user, m.explicit)
			require.NoError(t, err)
			require.Equal(t, &privx.Change{UserGone: true}, got)
			require.Equal(t, tt.calls, m.calls())
			require.JSONEq(t, `{"user_id":["`+user+`"]}`, string(m.sent(searchPath)[0].Body))
		})
	}
}

// P9: a 404 alone does not say so.
func TestP9_NotFoundAndNotGone(t *testing.T) {
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
		"the search answers others":           {sim: privxsim.Options{IgnoreUserIDs: true}, gone: true, code: codes.FailedPrecondition, searches: 1},
		"the search may not be used":          {search: privxsim.Fault{Status: http.StatusForbidden}, gone: true, code: codes.PermissionDenied, searches: 1},
		"the search is not found":             {search: notFound, gone: true, code: codes.NotFound, searches: 1},
		"the search is at fault":              {search: privxsim.Fault{Status: http.StatusBadGateway}, gone: true, code: codes.Unavailable, searches: privx.MaxTries},
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
			if tt.gone {
				m.store.RemoveUser(m.user)
			}
			got, err := m.client.RevokeRole(t.Context(), m.user, m.explicit)
			require.Nil(t, got)
			var e *privx.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, tt.code, status.Code(err), "%v", err)
			require.Equal(t, tt.sim.IgnoreUserIDs, strings.Contains(e.Error(), "other users than the one searched for"), "%v", err)
			require.Equal(t, tt.searches, m.sim.CountRequests("", searchPath))
			require.Empty(t, m.writes())
		})
	}
}

// P9: a user whom the search finds beside others is there.
func TestP9_TheSearchAnswersOthersToo(t *testing.T) {
	t.Parallel()
	m := newMembers(t, setup{sim: privxsim.Options{IgnoreUserIDs: true}})
	m.faultGet(privxsim.Fault{Status: http.StatusNotFound})
	e := asError(t, second(m.client.RevokeRole(t.Context(), m.user, m.explicit)), codes.FailedPrecondition, http.StatusNotFound)
	require.Contains(t, e.Error(), "yet the search knows the user")
}

// P9: a grant to nobody.
func TestP9_GrantToAnUnknownUser(t *testing.T) {
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

// P9: nothing of an id gets out of its place in the path.
func TestP9_MalformedIDs(t *testing.T) {
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

// A grant of a role that does not exist, however PrivX takes it.
func TestP9_UnknownRole(t *testing.T) {
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

				// To revoke it, there is nothing to do.
				m.sim.ResetRequests()
				revoked, err := m.client.RevokeRole(t.Context(), m.user, unknownID)
				require.NoError(t, err)
				require.Equal(t, &privx.Change{}, revoked)
				require.Equal(t, "GET", m.calls())
			})
		})
	}
}

// A role that is there is not to blame: the write's own error stays.
func TestP9_KnownRoleOrNobodyKnows(t *testing.T) {
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
