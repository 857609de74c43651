package privx_test

import (
	"context"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

var (
	oauthOnly = privx.OAuthClientCredentials{
		ClientID: privxsim.DefaultOAuthClientID, ClientSecret: privxsim.DefaultOAuthClientSecret,
	}
	apiOnly = privx.APIClientCredentials{
		ClientID: privxsim.DefaultAPIClientID, ClientSecret: privxsim.DefaultAPIClientSecret,
	}
)

// All three token requests to the byte.
func TestToken_RequestBytes(t *testing.T) {
	t.Parallel()
	const secret = "p+l/u=s&a%n d\"é:<"
	for _, tt := range []struct {
		name                string
		credentials         privx.Credentials
		path, contentType   string
		basic, body, asJSON string
	}{
		{
			"password grant",
			privx.PasswordGrant{OAuthClientID: "privx-external", OAuthClientSecret: "Zm9v+/8=", APIClientID: "5d9c-id", APIClientSecret: secret},
			tokenPath, "application/x-www-form-urlencoded", "privx-external:Zm9v+/8=",
			"grant_type=password&password=p%2Bl%2Fu%3Ds%26a%25n+d%22%C3%A9%3A%3C&username=5d9c-id", "",
		},
		{
			"OAuth client alone",
			privx.OAuthClientCredentials{ClientID: "privx-external", ClientSecret: secret},
			tokenPath, "application/x-www-form-urlencoded", "privx-external:" + secret,
			"grant_type=client_credentials", "",
		},
		{
			"API client alone",
			privx.APIClientCredentials{ClientID: "5d9c-id", ClientSecret: "Zm9v+/8="},
			publicTokenPath, "application/json", "",
			`{"client_id":"5d9c-id","client_secret":"Zm9v+/8=","grant_type":"client_credentials"}`, "",
		},
		{
			"API client alone, odd secret",
			privx.APIClientCredentials{ClientID: "5d9c-id", ClientSecret: secret},
			publicTokenPath, "application/json", "", "",
			`{"client_id":"5d9c-id","client_secret":"p+l/u=s&a%n d\"é:<","grant_type":"client_credentials"}`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, setup{credentials: tt.credentials})
			require.Error(t, h.getRoles(t.Context()))
			sent := h.sim.Requests()
			require.Len(t, sent, 1)
			r := sent[0]
			require.Equal(t, http.MethodPost, r.Method)
			require.Equal(t, tt.path, r.Path)
			require.Empty(t, r.RawQuery)
			require.Equal(t, tt.contentType, r.Header.Get("Content-Type"))
			require.Equal(t, "application/json", r.Header.Get("Accept"))
			require.True(t, strings.HasPrefix(r.Header.Get("User-Agent"), "baton-privx "), r.Header.Get("User-Agent"))
			authorization := ""
			if tt.basic != "" {
				authorization = "Basic " + base64.StdEncoding.EncodeToString([]byte(tt.basic))
			}
			require.Equal(t, authorization, r.Header.Get("Authorization"))
			if tt.asJSON != "" {
				require.JSONEq(t, tt.asJSON, string(r.Body))
			} else {
				require.Equal(t, tt.body, string(r.Body))
			}
		})
	}
}

func TestToken_EachWayWorks(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]setup{
		"password grant":     {},
		"OAuth client alone": {credentials: oauthOnly, sim: privxsim.Options{OAuthClientCredentials: true, OAuthPrincipal: privxsim.DefaultAPIClientID}},
		"API client alone":   {credentials: apiOnly, sim: privxsim.Options{PublicClient: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, s)
			for _, c := range h.reads() {
				require.NoError(t, c.run(t.Context()), c.name)
			}
			require.NoError(t, h.client.Check(t.Context()))
			require.Equal(t, 1, h.tokens())
			require.Equal(t, 1, h.sim.Sessions())
		})
	}
}

func TestToken_NewSendsNothing(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{})
	require.Empty(t, h.sim.Requests())
	require.Zero(t, h.client.Calls())
}

// All callers share one token request.
func TestOneTokenForManyWaiters(t *testing.T) {
	t.Parallel()
	inBubble(t, setup{}, func(t *testing.T, h *harness) {
		release := make(chan struct{})
		h.sim.Inject(privxsim.Fault{Path: tokenPath, Kind: privxsim.FaultSlowHeader, Release: release})
		const callers = 100
		results := make(chan error, callers)
		for range callers {
			go func() { results <- h.getRoles(t.Context()) }()
		}
		synctest.Wait()
		require.Equal(t, 1, h.sim.CountRequests("", ""))
		close(release)
		for range callers {
			require.NoError(t, <-results)
		}
		require.Equal(t, 1, h.tokens())
		require.Equal(t, callers, h.sim.CountRequests(http.MethodGet, rolesPath))
	})
}

func TestOneTokenForASync(t *testing.T) {
	t.Parallel()
	const life, duration = time.Minute, 10 * time.Minute
	h := newHarness(t, setup{sim: privxsim.Options{TokenTTL: life}})
	role, end := h.roleWithMembers(), h.clock.Now().Add(duration)
	for h.clock.Now().Before(end) {
		require.NoError(t, second(h.client.GetRole(t.Context(), role)))
		h.clock.advance(4 * time.Second)
	}
	usable := life - api.TokenSkew
	require.LessOrEqual(t, h.tokens(), int((duration+usable-1)/usable)+1)
	for _, r := range h.sent(rolePath) {
		require.Equal(t, http.StatusOK, r.Status, "a token was used beyond its life")
	}
}

// A token is replaced in time, whatever its expires_in.
func TestTokensAreReplacedInTime(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, expiresIn string
		usable          time.Duration
	}{
		{"five minutes", "300", 290 * time.Second},
		{"in a string", `"300"`, 290 * time.Second},
		{"with a fraction", "300.5", 290*time.Second + 500*time.Millisecond},
		{"eleven seconds", "11", time.Second},
		{"shorter than the skew", "8", 4 * time.Second},
		{"missing", "", api.UnknownTokenLife},
		{"zero", "0", api.UnknownTokenLife},
		{"negative", "-300", api.UnknownTokenLife},
		{"null", "null", api.UnknownTokenLife},
		{"text", `"soon"`, api.UnknownTokenLife},
		{"NaN", `"NaN"`, api.UnknownTokenLife},
		{"true", "true", api.UnknownTokenLife},
		{"object", "{}", api.UnknownTokenLife},
		{"beyond all numbers", "1e999", api.UnknownTokenLife},
		{"huge", "1e12", api.MaxTokenLife - api.TokenSkew},
		{"infinite", `"Inf"`, api.MaxTokenLife - api.TokenSkew},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, setup{sim: privxsim.Options{TokenTTL: 48 * time.Hour, ExpiresIn: &tt.expiresIn}})
			require.NoError(t, h.getRoles(t.Context()))
			h.clock.advance(tt.usable - time.Nanosecond)
			require.NoError(t, h.getRoles(t.Context()))
			require.Equal(t, 1, h.tokens(), "replaced too early")
			h.clock.advance(time.Nanosecond)
			require.NoError(t, h.getRoles(t.Context()))
			require.Equal(t, 2, h.tokens(), "not replaced")
		})
	}
}

// The caller that began the token request gives up, and the others get the token.
func TestTheFirstCallerLeavesAndATokenComes(t *testing.T) {
	t.Parallel()
	inBubble(t, setup{}, func(t *testing.T, h *harness) {
		release := make(chan struct{})
		h.sim.Inject(privxsim.Fault{Path: tokenPath, Kind: privxsim.FaultSlowHeader, Release: release})
		ctx, cancel := context.WithCancel(t.Context())
		first, others := make(chan error, 1), make(chan error, 10)
		go func() { first <- h.getRoles(ctx) }()
		synctest.Wait()
		for range cap(others) {
			go func() { others <- h.getRoles(t.Context()) }()
		}
		synctest.Wait()
		cancel()
		require.ErrorIs(t, <-first, context.Canceled)
		synctest.Wait() // A token request that ended with the first caller would have ended by now.
		close(release)
		for range cap(others) {
			require.NoError(t, <-others)
		}
		require.Equal(t, 1, h.tokens())
	})
}

// A token request that hangs is given up for all callers, with an error that can be tried
// again.
func TestTokenRequestIsBounded(t *testing.T) {
	t.Parallel()
	inBubble(t, setup{}, func(t *testing.T, h *harness) {
		h.sim.Inject(privxsim.Fault{Path: tokenPath, Kind: privxsim.FaultStall, Count: 1})
		start := time.Now()
		require.NoError(t, h.getRoles(t.Context()))
		require.GreaterOrEqual(t, time.Since(start), api.TokenTimeout)
		require.LessOrEqual(t, time.Since(start), api.TokenTimeout+time.Second)
		require.Equal(t, 2, h.tokens())
		require.ErrorContains(t, wantTokenTimeout(t, h), "timed out")
	})
}

func wantTokenTimeout(t *testing.T, h *harness) error {
	t.Helper()
	h.sim.RevokeTokens()
	h.sim.Inject(privxsim.Fault{Path: tokenPath, Kind: privxsim.FaultStall})
	err := h.client.Check(t.Context())
	wantError(t, err, codes.Unavailable, 0)
	return err
}

// The load balancer's cookie goes with every further request.
func TestAffinityCookieIsSentAgain(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{sim: privxsim.Options{AffinityCookie: true}})
	for _, c := range h.reads() {
		require.NoError(t, c.run(t.Context()))
	}
	require.NoError(t, h.client.Logout(t.Context()))
	sent := h.sim.Requests()
	require.Empty(t, sent[0].Header.Get("Cookie"))
	cookie := sent[1].Header.Get("Cookie")
	require.NotEmpty(t, cookie)
	for _, r := range sent[1:] {
		require.Equal(t, cookie, r.Header.Get("Cookie"), r.Path)
	}
}

func TestToken_BearerThatIsNoToken(t *testing.T) {
	t.Parallel()
	for _, token := range []string{``, `null`, `""`, `"a b"`, `"a\r\nX-Evil: 1"`, `"ä"`, `{}`, `7`} {
		h := newHarness(t, setup{})
		body := `{"expires_in":300}`
		if token != "" {
			body = `{"access_token":` + token + `,"expires_in":300}`
		}
		h.answerJSON(tokenPath, body)
		wantError(t, h.getRoles(t.Context()), codes.FailedPrecondition, http.StatusOK)
		require.Len(t, h.sim.Requests(), 1, token)
	}
}

func TestCalls_CountEverything(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{})
	h.sim.Inject(privxsim.Fault{Path: rolesPath, Status: http.StatusBadGateway, Count: 2})
	require.NoError(t, h.getRoles(t.Context()))
	require.EqualValues(t, 4, h.client.Calls())
	h.sim.RevokeTokens()
	require.NoError(t, h.client.Check(t.Context()))
	require.EqualValues(t, 4+4, h.client.Calls())
	require.NoError(t, h.client.Logout(t.Context()))
	require.EqualValues(t, 9, h.client.Calls())
	require.Len(t, h.sim.Requests(), 9)
}

// Many callers at once, with revoked tokens and failures. This is for the race detector.
func TestToken_ManyCallersAndMuchTrouble(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{})
	h.sim.Inject(privxsim.Fault{Path: rolesPath, Status: http.StatusBadGateway, Skip: 5, Count: 3})
	h.sim.Inject(privxsim.Fault{Path: tokenPath, Status: http.StatusBadGateway, Skip: 1, Count: 2})
	const callers = 8
	results := make(chan error, callers)
	for n := range callers {
		go func() {
			var err error
			for i := 0; i < 10 && err == nil; i++ {
				switch {
				case n == 0:
					h.sim.RevokeTokens()
				case n == 1 && i%3 == 0:
					err = h.client.Logout(t.Context())
				default:
					err = h.getRoles(t.Context())
				}
			}
			results <- err
		}()
	}
	for range callers {
		// A token may be revoked between the two tries of a call.
		if err := <-results; err != nil {
			require.True(t, privx.IsUnauthenticated(err), err)
		}
	}
}
