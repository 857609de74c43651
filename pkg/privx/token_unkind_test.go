package privx_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// unknownTokens is inBubble with a client that waits until PrivX's nodes know a new token.
func unknownTokens(t *testing.T, test func(t *testing.T, h *harness)) {
	t.Helper()
	inBubble(t, setup{}, func(t *testing.T, h *harness) {
		privx.SetTokenPauses(h.client, api.TokenPauses...)
		test(t, h)
	})
}

// A new token that a node does not know yet is sent again for some seconds. Only then is a
// newer one fetched, which is sent again in the same way.
func TestToken_NotKnownYet(t *testing.T) {
	t.Parallel()
	series := len(api.TokenPauses) + 1 // how often one token is sent
	for _, tt := range []struct {
		refused, tokens int
	}{
		{1, 0}, {2, 0}, {series - 1, 0}, {series, 1}, {2*series - 1, 1},
	} {
		unknownTokens(t, func(t *testing.T, h *harness) {
			h.login(t)
			h.sim.Inject(privxsim.Fault{Path: rolesPath, Status: http.StatusUnauthorized, Count: tt.refused})
			began := time.Now()
			require.NoError(t, h.getRoles(t.Context()), "%d times", tt.refused)
			require.Equal(t, tt.tokens, h.tokens(), "%d times", tt.refused)
			require.Equal(t, tt.refused+1, h.sim.CountRequests(http.MethodGet, rolesPath))
			require.Positive(t, time.Since(began), "fake time")
			require.Less(t, time.Since(began), api.ExchangeTimeout, "fake time")
		})
	}
}

// A PrivX that never accepts a token leads to an error, after one further login.
func TestToken_NeverKnown(t *testing.T) {
	t.Parallel()
	unknownTokens(t, func(t *testing.T, h *harness) {
		for _, c := range h.reads() {
			h.login(t)
			h.sim.Inject(privxsim.Fault{Method: c.method, Path: c.path, Status: http.StatusUnauthorized})
			began := time.Now()
			e := asError(t, c.run(t.Context()), codes.Unauthenticated, http.StatusUnauthorized)
			require.Contains(t, e.Hint, "clocks", c.name)
			require.LessOrEqual(t, h.tokens(), 1, c.name)
			require.LessOrEqual(t, h.sim.CountRequests(c.method, c.path), 2*(len(api.TokenPauses)+1), c.name)
			require.Less(t, time.Since(began), api.ExchangeTimeout, "fake time")
			h.sim.ClearFaults()
		}
	})
}

// A token that PrivX has known for a while is replaced at once.
func TestToken_NotKnownAnyMore(t *testing.T) {
	t.Parallel()
	unknownTokens(t, func(t *testing.T, h *harness) {
		h.login(t)
		time.Sleep(api.NewToken) // Fake time.
		h.sim.RevokeTokens()
		began := time.Now()
		require.NoError(t, h.getRoles(t.Context()))
		require.Equal(t, 1, h.tokens())
		require.Zero(t, time.Since(began), "fake time")
	})
}

// However many callers wait for a token to be known, one newer token is fetched.
func TestToken_NotKnownToMany(t *testing.T) {
	t.Parallel()
	unknownTokens(t, func(t *testing.T, h *harness) {
		h.login(t)
		const callers = 20
		h.sim.Inject(privxsim.Fault{Path: rolesPath, Status: http.StatusUnauthorized, Count: callers * (len(api.TokenPauses) + 1)})
		results := make(chan error, callers)
		for range callers {
			go func() { results <- h.getRoles(t.Context()) }()
		}
		for range callers {
			require.NoError(t, <-results)
		}
		require.Equal(t, 1, h.tokens())
	})
}

// A caller whose token another one replaced, while it waited for it to be known, waits for
// the newer one to be known as well, and does not drop it.
func TestToken_ReplacedWhileWaiting(t *testing.T) {
	t.Parallel()
	unknownTokens(t, func(t *testing.T, h *harness) {
		h.login(t)
		series := len(api.TokenPauses) + 1
		// The first caller's series, the second's but its last, and one of each with the newer token.
		refused := 2*series + 1
		h.sim.Inject(privxsim.Fault{Path: rolesPath, Status: http.StatusUnauthorized, Count: refused})
		results := make(chan error, 2)
		for range 2 {
			go func() { results <- h.getRoles(t.Context()) }()
			time.Sleep(time.Millisecond) // Fake time: the second is always a little later.
		}
		require.NoError(t, <-results)
		require.NoError(t, <-results)
		require.Equal(t, 1, h.tokens())
		require.Equal(t, refused+2, h.sim.CountRequests(http.MethodGet, rolesPath))
	})
}

// A late 401 to a token that was replaced meanwhile does not drop the newer token.
func TestToken_ALate401(t *testing.T) {
	t.Parallel()
	inBubble(t, setup{}, func(t *testing.T, h *harness) {
		h.login(t)
		const callers = 5
		releases, results := make([]chan struct{}, callers), make(chan error, callers)
		for i := range releases {
			releases[i] = make(chan struct{})
			h.sim.Inject(privxsim.Fault{Path: rolesPath, Kind: privxsim.FaultSlowHeader, Release: releases[i], Count: 1})
		}
		h.sim.RevokeTokens()
		for range callers {
			go func() { results <- h.getRoles(t.Context()) }()
		}
		synctest.Wait()
		for _, release := range releases {
			close(release)
			require.NoError(t, <-results)
		}
		require.Equal(t, 1, h.tokens())
	})
}

// The life of a token counts from the time of the request for it, because the answer may
// have taken long.
func TestToken_LifeFromTheRequest(t *testing.T) {
	t.Parallel()
	inBubble(t, setup{}, func(t *testing.T, h *harness) {
		const underWay, life = 20 * time.Second, 300 * time.Second
		h.sim.Inject(privxsim.Fault{Path: tokenPath, Kind: privxsim.FaultSlowHeader, Delay: underWay, Count: 1})
		asked := time.Now()
		require.NoError(t, h.getRoles(t.Context()))
		require.Equal(t, underWay, time.Since(asked), "fake time")
		h.sim.ResetRequests()
		time.Sleep(life + time.Second - underWay) // Fake time: the token has just ended.
		require.NoError(t, h.getRoles(t.Context()))
		require.Equal(t, 1, h.tokens())
		for _, r := range h.sent(rolesPath) {
			require.Equal(t, http.StatusOK, r.Status, "a token was used after its end")
		}
	})
}

// A change that is cancelled while it waits for its token to be known has only sent requests
// that PrivX refused.
func TestToken_CancelledWhileItIsNotKnown(t *testing.T) {
	t.Parallel()
	bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
		privx.SetTokenPauses(m.client, api.TokenPauses...)
		c := m.changes()[name]
		m.faultPut(privxsim.Fault{Status: http.StatusUnauthorized})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(500*time.Millisecond, cancel) // Fake time.
		err := second(c.change(ctx, m.user, c.role))
		require.ErrorIs(t, err, context.Canceled)
		require.NotContains(t, err.Error(), "may have been sent")
		require.Len(t, m.writes(), 1)
	})
}

// If the token of a write is not known yet, the write is made anew from a fresh read, with
// the same token, for some seconds.
func TestToken_NotKnownToAWrite(t *testing.T) {
	t.Parallel()
	bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
		privx.SetTokenPauses(m.client, api.TokenPauses...)
		c := m.changes()[name]
		m.faultPut(privxsim.Fault{Status: http.StatusUnauthorized})
		time.AfterFunc(3500*time.Millisecond, m.sim.ClearFaults) // Fake time.
		m.sim.OnRequest(func(r privxsim.Request) {
			if r.Method == http.MethodPut && len(m.writes()) <= 1 {
				m.store.GrantExplicit(m.other, m.user, privxsim.Grant{})
			}
		})
		got, err := c.change(t.Context(), m.user, c.role)
		require.NoError(t, err)
		require.True(t, got.Written)
		require.NotContains(t, m.calls(), "token")
		require.Greater(t, len(m.writes()), 2)
		require.Equal(t, onlyExplicit, m.roles()[m.other], "what was granted meanwhile is kept")
	})
}
