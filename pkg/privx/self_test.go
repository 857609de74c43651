package privx_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/privx"
)

// Whom the client acts as: the credentials say so, or PrivX does.
func TestSelf(t *testing.T) {
	t.Parallel()
	oauth := privxsim.Options{OAuthClientCredentials: true}
	for name, tt := range map[string]struct {
		setup
		calls string
	}{
		"password grant":     {setup{}, ""},
		"API client alone":   {setup{credentials: apiOnly}, ""},
		"OAuth client alone": {setup{credentials: oauthOnly, sim: oauth}, "token current"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, tt.setup)
			for range 3 {
				id, err := h.client.Self(t.Context())
				require.NoError(t, err)
				require.Equal(t, privxsim.DefaultAPIClientID, id)
			}
			require.Equal(t, tt.calls, h.calls())
		})
	}
}

// Many who ask share one answer, and who does not want to wait need not.
func TestSelf_AskedOnce(t *testing.T) {
	t.Parallel()
	inBubble(t, setup{credentials: oauthOnly, sim: privxsim.Options{OAuthClientCredentials: true}}, func(t *testing.T, h *harness) {
		release := make(chan struct{})
		h.sim.Inject(privxsim.Fault{Path: currentPath, Kind: privxsim.FaultSlowHeader, Release: release})
		const callers = 20
		results := make(chan string, callers)
		for range callers {
			go func() {
				id, err := h.client.Self(t.Context())
				results <- fmt.Sprint(id, err)
			}()
		}
		synctest.Wait()
		require.Equal(t, "token current", h.calls())
		ctx, cancel := context.WithCancel(t.Context())
		require.ErrorIs(t, awaitResult(func() error { return second(h.client.Self(ctx)) }, cancel), context.Canceled)
		close(release)
		for range callers {
			require.Equal(t, privxsim.DefaultAPIClientID+"<nil>", <-results)
		}
		require.Equal(t, "token current", h.calls())
		require.Zero(t, privx.Locks(h.client).Len())
	})
}

func TestSelf_FailuresAreNotRemembered(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]privxsim.Fault{
		"forbidden":     {Status: http.StatusForbidden},
		"at fault":      {Status: http.StatusBadGateway},
		"a login page":  {Kind: privxsim.FaultHTML},
		"no id":         {Status: http.StatusOK, Body: `{"principal":"alex"}`},
		"an empty id":   {Status: http.StatusOK, Body: `{"id":""}`},
		"null":          {Kind: privxsim.FaultNull},
		"another shape": {Status: http.StatusOK, Body: `{"id":{}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, setup{credentials: oauthOnly, sim: privxsim.Options{OAuthClientCredentials: true}})
			fault.Path = currentPath
			h.sim.Inject(fault)
			id, err := h.client.Self(t.Context())
			var e *privx.Error
			require.ErrorAs(t, err, &e)
			require.Empty(t, id)
			h.sim.ClearFaults()
			id, err = h.client.Self(t.Context())
			require.NoError(t, err)
			require.Equal(t, privxsim.DefaultAPIClientID, id)
		})
	}
}

func TestSelf_PrivXDoesNotTell(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{credentials: oauthOnly, sim: privxsim.Options{OAuthClientCredentials: true, NoCurrentUser: true}})
	id, err := h.client.Self(t.Context())
	wantError(t, err, codes.InvalidArgument, http.StatusBadRequest)
	require.Empty(t, id)
}
