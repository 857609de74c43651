package privx_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

func TestLogout_EndsTheSession(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{})
	h.login(t)
	require.NoError(t, h.getRoles(t.Context()))
	bearer := h.sent(rolesPath)[0].Header.Get("Authorization")
	require.NoError(t, h.client.Logout(t.Context()))
	require.Zero(t, h.sim.Sessions())
	sent := h.sent(logoutPath)
	require.Len(t, sent, 1)
	require.Equal(t, http.MethodPost, sent[0].Method)
	require.Equal(t, bearer, sent[0].Header.Get("Authorization"))
	require.Empty(t, sent[0].Body)

	h.sim.ResetRequests()
	require.NoError(t, h.client.Logout(t.Context()), "there is nothing left to end")
	require.Empty(t, h.sim.Requests())
	require.NoError(t, h.getRoles(t.Context()), "a later call fetches another token")
	require.Equal(t, 1, h.tokens())
}

func TestLogout_WithoutATokenSendsNothing(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{})
	require.NoError(t, h.client.Logout(t.Context()))
	h.sim.Inject(privxsim.Fault{Path: tokenPath, Status: http.StatusUnauthorized, Count: 1})
	require.Error(t, h.getRoles(t.Context()))
	h.sim.ResetRequests()
	require.NoError(t, h.client.Logout(t.Context()))
	require.Empty(t, h.sim.Requests())
}

func TestLogout_FailureIsAnErrorAndDropsTheToken(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{})
	for _, fault := range []privxsim.Fault{
		{Status: http.StatusUnauthorized}, {Status: http.StatusForbidden}, {Status: http.StatusInternalServerError},
		{Kind: privxsim.FaultRedirect}, {Kind: privxsim.FaultResetBefore}, {Kind: privxsim.FaultOversized, Status: http.StatusBadGateway},
	} {
		h.login(t)
		fault.Path = logoutPath
		h.sim.Inject(fault)
		require.Error(t, h.client.Logout(t.Context()), "%+v", fault)
		require.Equal(t, 1, h.sim.CountRequests("", logoutPath), "%+v", fault)
		require.NoError(t, h.client.Logout(t.Context()))
		h.sim.ClearFaults()
	}
}

func TestLogout_IsBounded(t *testing.T) {
	t.Parallel()
	inBubble(t, setup{}, func(t *testing.T, h *harness) {
		h.login(t)
		h.sim.Inject(privxsim.Fault{Path: logoutPath, Kind: privxsim.FaultStall})
		start := time.Now()
		require.ErrorIs(t, h.client.Logout(t.Context()), context.DeadlineExceeded)
		require.Equal(t, api.LogoutTimeout, time.Since(start))
	})
}

// A call that is under way during a logout gets a 401, fetches a new token and succeeds.
func TestLogout_DoesNotHurtOthers(t *testing.T) {
	t.Parallel()
	inBubble(t, setup{}, func(t *testing.T, h *harness) {
		h.login(t)
		release := make(chan struct{})
		h.sim.Inject(privxsim.Fault{Path: rolesPath, Status: http.StatusUnauthorized, Kind: privxsim.FaultSlowHeader, Release: release, Count: 1})
		result := make(chan error, 1)
		h.sim.OnRequest(func(r privxsim.Request) {
			if r.Path == logoutPath {
				close(release)
			}
		})
		go func() { result <- h.getRoles(t.Context()) }()
		synctest.Wait()
		require.NoError(t, h.client.Logout(t.Context()))
		require.NoError(t, <-result)
		require.NoError(t, h.getRoles(t.Context()))
	})
}
