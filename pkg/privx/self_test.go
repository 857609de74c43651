package privx_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/grpc-ecosystem/go-grpc-middleware/logging/zap/ctxzap"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
	"google.golang.org/grpc/codes"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/privx"
)

// oauthWorks is a PrivX that accepts the credentials of an OAuth client alone.
func oauthWorks() setup {
	return setup{credentials: oauthOnly, sim: privxsim.Options{OAuthClientCredentials: true}}
}

// Both the credentials and PrivX, which is asked once, tell whom the client acts as.
func TestActsAs(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		setup
		own string // the calls to find out the own id
	}{
		"password grant":     {setup{}, ""},
		"API client alone":   {setup{credentials: apiOnly, sim: privxsim.Options{PublicClient: true}}, ""},
		"OAuth client alone": {oauthWorks(), "token current"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, tt.setup)
			for _, id := range []string{privxsim.DefaultAPIClientID, strings.ToUpper(privxsim.DefaultAPIClientID)} {
				itself, err := h.client.ActsAs(t.Context(), id)
				require.NoError(t, err)
				require.True(t, itself, id)
			}
			require.Equal(t, tt.own, h.calls())
			for range 3 {
				itself, err := h.client.ActsAs(t.Context(), unknownID)
				require.NoError(t, err)
				require.False(t, itself)
			}
			require.Equal(t, 1, h.sim.CountRequests(http.MethodGet, currentPath))
		})
	}
}

// If PrivX tells another id than the credentials, both ids are the client's own.
func TestActsAs_AnotherID(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{})
	h.answerJSON(currentPath, `{"id":"`+unknownID+`","principal":"`+privxsim.DefaultAPIClientID+`"}`)
	for _, id := range []string{privxsim.DefaultAPIClientID, unknownID, strings.ToUpper(unknownID)} {
		itself, err := h.client.ActsAs(t.Context(), id)
		require.NoError(t, err)
		require.True(t, itself, id)
	}
	itself, err := h.client.ActsAs(t.Context(), h.store.Users()[0].ID)
	require.NoError(t, err)
	require.False(t, itself)
	require.Equal(t, 1, h.sim.CountRequests(http.MethodGet, currentPath))
}

// If PrivX does not tell, the credentials decide, and that is logged once.
func TestActsAs_PrivXDoesNotTellAndTheCredentialsDo(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]privxsim.Fault{
		"400": {Status: http.StatusBadRequest}, "403": {Status: http.StatusForbidden}, "404": {Status: http.StatusNotFound},
		"a page for a 404": {Kind: privxsim.FaultHTML, Status: http.StatusNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, setup{})
			fault.Path = currentPath
			h.sim.Inject(fault)
			core, logs := observer.New(zapcore.InfoLevel)
			ctx := ctxzap.ToContext(t.Context(), zap.New(core))
			for range 3 {
				for id, want := range map[string]bool{privxsim.DefaultAPIClientID: true, unknownID: false} {
					itself, err := h.client.ActsAs(ctx, id)
					require.NoError(t, err)
					require.Equal(t, want, itself)
				}
			}
			require.Equal(t, 1, h.sim.CountRequests(http.MethodGet, currentPath))
			require.Equal(t, 1, logs.FilterMessageSnippet("PrivX does not say as which API client the connector runs").Len())
		})
	}
}

// A refused token does not tell whom the client acts as.
func TestActsAs_NoToken(t *testing.T) {
	t.Parallel()
	for _, code := range []int{http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound} {
		h := newHarness(t, setup{})
		h.sim.Inject(privxsim.Fault{Path: tokenPath, Status: code})
		require.Error(t, second(h.client.ActsAs(t.Context(), unknownID)))
		require.Zero(t, h.sim.CountRequests(http.MethodGet, currentPath))
	}
}

// Many callers share one answer, and one whose context ends does not wait for it.
func TestActsAs_AskedOnce(t *testing.T) {
	t.Parallel()
	inBubble(t, oauthWorks(), func(t *testing.T, h *harness) {
		release := make(chan struct{})
		h.sim.Inject(privxsim.Fault{Path: currentPath, Kind: privxsim.FaultSlowHeader, Release: release})
		const callers = 20
		results := make(chan string, callers)
		for range callers {
			go func() {
				itself, err := h.client.ActsAs(t.Context(), privxsim.DefaultAPIClientID)
				results <- fmt.Sprint(itself, err)
			}()
		}
		synctest.Wait()
		require.Equal(t, "token current", h.calls())
		ctx, cancel := context.WithCancel(t.Context())
		require.ErrorIs(t, awaitResult(func() error { return second(h.client.ActsAs(ctx, unknownID)) }, cancel), context.Canceled)
		close(release)
		for range callers {
			require.Equal(t, "true <nil>", <-results)
		}
		require.Equal(t, "token current", h.calls())
		require.Zero(t, privx.Locks(h.client).Len())
	})
}

func TestActsAs_FailuresAreNotRemembered(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]privxsim.Fault{
		"forbidden":     {Status: http.StatusForbidden}, // The credentials hold no id.
		"at fault":      {Status: http.StatusBadGateway},
		"a login page":  {Kind: privxsim.FaultHTML},
		"no id":         {Status: http.StatusOK, Body: `{"principal":"alex"}`},
		"an empty id":   {Status: http.StatusOK, Body: `{"id":""}`},
		"null":          {Kind: privxsim.FaultNull},
		"another shape": {Status: http.StatusOK, Body: `{"id":{}}`},
	} {
		for kind, with := range map[string]setup{"OAuth client alone": oauthWorks(), "all four": {}} {
			if kind == "all four" && name == "forbidden" {
				continue
			}
			t.Run(name+", "+kind, func(t *testing.T) {
				t.Parallel()
				h := newHarness(t, with)
				fault := fault // A copy, because parallel tests share the row.
				fault.Path = currentPath
				h.sim.Inject(fault)
				itself, err := h.client.ActsAs(t.Context(), unknownID)
				var e *privx.Error
				require.ErrorAs(t, err, &e)
				require.False(t, itself)
				h.sim.ClearFaults()
				itself, err = h.client.ActsAs(t.Context(), unknownID)
				require.NoError(t, err)
				require.False(t, itself)
			})
		}
	}
}

func TestActsAs_NobodyTells(t *testing.T) {
	t.Parallel()
	without := oauthWorks()
	without.sim.NoCurrentUser = true
	h := newHarness(t, without)
	itself, err := h.client.ActsAs(t.Context(), privxsim.DefaultAPIClientID)
	wantError(t, err, codes.InvalidArgument, http.StatusBadRequest)
	require.False(t, itself)
}
