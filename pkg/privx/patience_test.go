package privx_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// An error tells baton-sdk how long to wait.
func TestRateLimitData(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name       string
		status     int
		retryAfter string
		wait       time.Duration // 0: no rate-limit data
	}{
		{"429 that says when", http.StatusTooManyRequests, "40", 40 * time.Second},
		{"429 that does not say", http.StatusTooManyRequests, "", time.Minute},
		{"429 that talks rubbish", http.StatusTooManyRequests, "-7", time.Minute},
		{"429 that asks for too much", http.StatusTooManyRequests, "600", time.Minute},
		{"503 that says when", http.StatusServiceUnavailable, "20", 20 * time.Second},
		{"503 that does not say", http.StatusServiceUnavailable, "", 0},
		{"500 that says when", http.StatusInternalServerError, "20", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, setup{})
			h.sim.Inject(privxsim.Fault{Path: searchPath, Status: tt.status, Header: http.Header{"Retry-After": {tt.retryAfter}}})
			// Check, because it makes each call only once: a repeated one would really wait.
			err := h.client.Check(t.Context())
			e := asError(t, err, codes.Unavailable, tt.status)
			limit := rateLimit(err)
			if tt.wait == 0 {
				require.Nil(t, limit)
				require.Zero(t, e.RetryAt)
				return
			}
			require.NotNil(t, limit)
			require.Equal(t, v2.RateLimitDescription_STATUS_OVERLIMIT, limit.GetStatus())
			require.True(t, h.clock.Now().Add(tt.wait).Equal(limit.GetResetAt().AsTime()), limit.GetResetAt().AsTime())
			require.True(t, e.RetryAt.Equal(limit.GetResetAt().AsTime()))
		})
	}
}

// The same after the client's own tries.
func TestRateLimitDataAfterRetries(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{})
	h.sim.Inject(privxsim.Fault{Path: rolesPath, Status: http.StatusTooManyRequests})
	err := h.getRoles(t.Context())
	wantError(t, err, codes.Unavailable, http.StatusTooManyRequests)
	require.NotNil(t, rateLimit(err))
	require.NotNil(t, rateLimit(fmt.Errorf("baton-privx: listing roles: %w", err)))
	require.Equal(t, api.MaxTries, h.sim.CountRequests("", rolesPath))
}

// rateLimit is the rate-limit data that the SDK finds in an error.
func rateLimit(err error) *v2.RateLimitDescription {
	for _, detail := range status.Convert(err).Details() {
		if limit, ok := detail.(*v2.RateLimitDescription); ok {
			return limit
		}
	}
	return nil
}

// tenMinutes is a client whose list of roles fails, as seen by a baton-sdk that repeats the
// call.
type tenMinutes struct {
	*harness

	t *testing.T
}

func newTenMinutes(t *testing.T) tenMinutes {
	t.Helper()
	h := newHarness(t, setup{sim: privxsim.Options{TokenTTL: 24 * time.Hour}})
	h.login(t)
	return tenMinutes{h, t}
}

// fail lets some time pass, lets the list of roles fail, and checks the code of the error.
func (m tenMinutes) fail(after time.Duration, want codes.Code) {
	m.t.Helper()
	m.clock.advance(after)
	m.sim.Inject(privxsim.Fault{Path: rolesPath, Status: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": {"0"}}})
	err := m.getRoles(m.t.Context())
	wantError(m.t, err, want, http.StatusServiceUnavailable)
	require.Equal(m.t, want == codes.Unavailable, rateLimit(err) != nil, "rate-limit data makes the SDK wait")
	m.sim.ClearFaults()
}

func TestPatience_TenMinutesWithoutAGoodAnswer(t *testing.T) {
	t.Parallel()
	m := newTenMinutes(t)
	m.fail(0, codes.Unavailable)
	m.fail(5*time.Minute, codes.Unavailable)
	m.fail(5*time.Minute-time.Second, codes.Unavailable)
	m.fail(time.Second, codes.Aborted)
	m.fail(time.Second, codes.Unavailable) // Another task's first failure.
}

func TestPatience_SuccessResets(t *testing.T) {
	t.Parallel()
	m := newTenMinutes(t)
	m.fail(0, codes.Unavailable)
	m.fail(9*time.Minute, codes.Unavailable)
	require.NoError(t, m.getRoles(t.Context()))
	m.fail(2*time.Minute, codes.Unavailable)
	m.fail(9*time.Minute, codes.Unavailable)
	m.fail(time.Minute, codes.Aborted)
}

func TestPatience_DefiniteAnswerResets(t *testing.T) {
	t.Parallel()
	m := newTenMinutes(t)
	m.fail(0, codes.Unavailable)
	m.fail(9*time.Minute, codes.Unavailable)
	m.sim.Inject(privxsim.Fault{Path: rolesPath, Status: http.StatusForbidden, Count: 1})
	wantError(t, m.getRoles(t.Context()), codes.PermissionDenied, http.StatusForbidden)
	m.sim.ClearFaults()
	m.fail(2*time.Minute, codes.Unavailable)
}

func TestPatience_OldFailuresDoNotCount(t *testing.T) {
	t.Parallel()
	m := newTenMinutes(t)
	m.fail(0, codes.Unavailable)
	m.fail(api.Patience, codes.Unavailable)
	m.fail(9*time.Minute, codes.Unavailable)
	m.fail(time.Minute, codes.Aborted)
}

func TestPatience_EndpointsAreApart(t *testing.T) {
	t.Parallel()
	m := newTenMinutes(t)
	m.fail(0, codes.Unavailable)
	m.fail(6*time.Minute, codes.Unavailable)
	require.NoError(t, second(m.client.ListUsers(t.Context(), "")))
	m.sim.Inject(privxsim.Fault{Path: searchPath, Status: http.StatusBadGateway})
	m.clock.advance(4 * time.Minute)
	wantError(t, second(m.client.ListUsers(t.Context(), "")), codes.Unavailable, http.StatusBadGateway)
	m.fail(0, codes.Aborted)
}

// A cancelled call is neither a good answer nor a failure.
func TestPatience_CancelledCallsDoNotCount(t *testing.T) {
	t.Parallel()
	m := newTenMinutes(t)
	m.fail(0, codes.Unavailable)
	m.fail(9*time.Minute, codes.Unavailable)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, m.getRoles(ctx), context.Canceled)
	m.fail(time.Minute, codes.Aborted)
}

// A one-shot sync repeats a call that is Unavailable without end. Patience ends that.
func TestPatience_EndlessRepetitionEnds(t *testing.T) {
	t.Parallel()
	inBubble(t, setup{}, func(t *testing.T, h *harness) {
		h.sim.Inject(privxsim.Fault{Status: http.StatusServiceUnavailable})
		start := time.Now()
		err := h.getRoles(t.Context())
		for status.Code(err) == codes.Unavailable && time.Since(start) < time.Hour {
			time.Sleep(time.Second) // Fake time.
			err = h.getRoles(t.Context())
		}
		require.Equal(t, codes.Aborted, status.Code(err))
		require.GreaterOrEqual(t, time.Since(start), api.Patience)
		require.Less(t, time.Since(start), api.Patience+api.MaxElapsed)
	})
}

// One try may take as long as Patience. Its failure does not begin a new spell.
func TestPatience_LongTries(t *testing.T) {
	inBubble(t, setup{timeout: 11 * time.Minute}, func(t *testing.T, h *harness) {
		h.sim.Inject(privxsim.Fault{Path: rolesPath, Method: http.MethodGet, Kind: privxsim.FaultSlowBody, Delay: 24 * time.Hour})
		err := h.getRoles(context.WithoutCancel(t.Context()))
		require.Equal(t, codes.Aborted, status.Code(err), "%v", err)
	})
}

// A caller that reads several objects, and begins with the first one after each failure, comes
// to an end although PrivX answers well about all but one of them.
func TestPatience_ObjectsAreApart(t *testing.T) {
	t.Parallel()
	m := newTenMinutes(t)
	good, bad := m.store.AdminRoleID(), m.store.UserRoleID()
	m.sim.Inject(privxsim.Fault{Path: rolesPath + "/" + bad + "/members", Status: http.StatusBadGateway, Header: http.Header{"Retry-After": {"0"}}})
	for _, c := range []struct {
		after time.Duration
		want  codes.Code
	}{{0, codes.Unavailable}, {6 * time.Minute, codes.Unavailable}, {4 * time.Minute, codes.Aborted}} {
		m.clock.advance(c.after)
		require.NoError(t, second(m.client.CountMembers(t.Context(), good)))
		wantError(t, second(m.client.CountMembers(t.Context(), bad)), c.want, http.StatusBadGateway)
	}
}
