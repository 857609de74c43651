package privx_test

import (
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// After a 401 the token is replaced, and the call is sent again unchanged.
func TestReplayAfter401(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{})
	for _, c := range h.reads() {
		h.login(t)
		h.sim.RevokeTokens()
		require.NoError(t, c.run(t.Context()), c.name)
		require.Equal(t, 1, h.tokens(), c.name)
		var sent []privxsim.Request
		for _, r := range h.sent(c.path) {
			if r.Method == c.method {
				sent = append(sent, r)
			}
		}
		require.Len(t, sent, 2, c.name)
		require.Equal(t, []int{http.StatusUnauthorized, http.StatusOK}, []int{sent[0].Status, sent[1].Status}, c.name)
		require.Equal(t, c.path == searchPath, string(sent[1].Body) == "{}", c.name)
		require.Equal(t, sent[0].Body, sent[1].Body, c.name)
		require.Equal(t, sent[0].RawQuery, sent[1].RawQuery, c.name)
		require.Equal(t, sent[0].Header.Get("Content-Type"), sent[1].Header.Get("Content-Type"), c.name)
		require.NotEqual(t, sent[0].Header.Get("Authorization"), sent[1].Header.Get("Authorization"), c.name)
	}
}

func TestSecond401IsFinal(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{})
	for _, c := range h.reads() {
		h.login(t)
		h.sim.Inject(privxsim.Fault{Method: c.method, Path: c.path, Status: http.StatusUnauthorized})
		err := c.run(t.Context())
		require.Contains(t, asError(t, err, codes.Unauthenticated, http.StatusUnauthorized).Hint, "clocks")
		require.True(t, privx.IsUnauthenticated(err))
		require.Equal(t, 2, h.sim.CountRequests(c.method, c.path), c.name)
		require.Equal(t, 1, h.tokens(), c.name)
		h.sim.ClearFaults()
	}
}

// If many callers get a 401 at once, one new token is fetched.
func TestOneRefreshForMany401s(t *testing.T) {
	t.Parallel()
	inBubble(t, setup{}, func(t *testing.T, h *harness) {
		h.login(t)
		release := make(chan struct{})
		const callers = 20
		h.sim.Inject(privxsim.Fault{Path: rolesPath, Kind: privxsim.FaultSlowHeader, Release: release, Count: callers})
		h.sim.RevokeTokens()
		results := make(chan error, callers)
		for range callers {
			go func() { results <- h.getRoles(t.Context()) }()
		}
		synctest.Wait()
		close(release)
		for range callers {
			require.NoError(t, <-results)
		}
		require.Equal(t, 1, h.tokens())
		require.Equal(t, 2*callers, h.sim.CountRequests(http.MethodGet, rolesPath))
	})
}

// Refused credentials are tried once and then not for a minute, because PrivX limits failed
// logins.
func TestRefusedCredentialsAreTriedOnce(t *testing.T) {
	t.Parallel()
	const fourFields = "check oauth-client-id, oauth-client-secret, api-client-id and api-client-secret against"
	wrongAPI, wrongOAuth := allFour, allFour
	wrongAPI.APIClientSecret = "wrong"
	wrongOAuth.OAuthClientSecret = "wrong"
	for _, tt := range []struct {
		name        string
		credentials privx.Credentials
		sim         privxsim.Options
		hint        string
	}{
		{"API client's secret", wrongAPI, privxsim.Options{}, fourFields},
		{"OAuth client's secret", wrongOAuth, privxsim.Options{}, fourFields},
		{"OAuth client alone", oauthOnly, privxsim.Options{}, "add api-client-id and api-client-secret"},
		{"API client alone", apiOnly, privxsim.Options{}, "oauth-client-id and oauth-client-secret are needed too"},
		{"API client alone, wrong secret", privx.APIClientCredentials{ClientID: "x", ClientSecret: "y"}, privxsim.Options{PublicClient: true}, "check api-client-id"},
	} {
		for _, status := range []int{http.StatusBadRequest, http.StatusUnauthorized} {
			t.Run(tt.name+" "+strconv.Itoa(status), func(t *testing.T) {
				t.Parallel()
				options := tt.sim // a copy: the other status runs beside this one
				options.BadCredentialsStatus = status
				h := newHarness(t, setup{credentials: tt.credentials, sim: options})
				wantRefused(t, h, tt.hint)
			})
		}
	}
}

func TestForbiddenTokenIsARefusal(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{})
	h.sim.Inject(privxsim.Fault{Path: tokenPath, Status: http.StatusForbidden})
	wantRefused(t, h, "api-client-secret")
}

// wantRefused checks that every call fails and that one token request is sent a minute.
func wantRefused(t *testing.T, h *harness, hint string) {
	t.Helper()
	for minute := 1; minute <= 2; minute++ {
		for _, c := range h.reads() {
			err := c.run(t.Context())
			require.True(t, privx.IsUnauthenticated(err), "%s: %v", c.name, err)
			require.ErrorContains(t, err, hint)
			require.ErrorContains(t, err, "the credentials were refused")
			require.Nil(t, rateLimit(err))
		}
		require.True(t, privx.IsUnauthenticated(h.client.Check(t.Context())))
		h.clock.advance(api.RefusalMemory - time.Nanosecond)
		require.True(t, privx.IsUnauthenticated(h.getRoles(t.Context())))
		require.Len(t, h.sim.Requests(), minute, "just the token requests")
		h.clock.advance(time.Nanosecond)
	}
}

// Credentials that have become valid work again after the minute.
func TestRefusalIsForgotten(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{})
	h.sim.Inject(privxsim.Fault{Path: tokenPath, Status: http.StatusUnauthorized, Count: 1})
	require.Error(t, h.getRoles(t.Context()))
	require.Error(t, h.getRoles(t.Context()))
	h.clock.advance(api.RefusalMemory)
	require.NoError(t, h.getRoles(t.Context()))
	require.Equal(t, 2, h.tokens())
}

// A PrivX without the token endpoint does not mean that the credentials are refused.
func TestNoSuchTokenEndpoint(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusNotFound, http.StatusMethodNotAllowed} {
		h := newHarness(t, setup{credentials: apiOnly})
		h.sim.Inject(privxsim.Fault{Path: publicTokenPath, Status: status})
		e := asError(t, h.getRoles(t.Context()), codes.FailedPrecondition, status)
		require.Contains(t, e.Hint, "does not offer this way to authenticate")
		require.Contains(t, e.Hint, "api-client-id")
		require.False(t, privx.IsNotFound(e))
		require.Len(t, h.sim.Requests(), 1)
	}
}
