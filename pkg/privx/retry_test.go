package privx_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/conductorone/baton-privx/internal/errorid"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// transientStatuses are the statuses after which the same read may succeed.
var transientStatuses = []int{
	http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway,
	http.StatusServiceUnavailable, http.StatusGatewayTimeout,
}

// transientFaults are the other failures after which the same read may succeed.
var transientFaults = []privxsim.FaultKind{privxsim.FaultResetBefore, privxsim.FaultResetAfter, privxsim.FaultCut}

func TestTransientStatusIsRetried(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{})
	h.login(t)
	for _, c := range h.reads() {
		for _, code := range transientStatuses {
			h.sim.Inject(privxsim.Fault{Method: c.method, Path: c.path, Status: code, Count: api.MaxTries - 1})
			require.NoError(t, c.run(t.Context()), "%s after %d", c.name, code)
			require.Equal(t, api.MaxTries, h.sim.CountRequests(c.method, c.path), "%s after %d", c.name, code)
			h.sim.ClearFaults()
			h.sim.ResetRequests()
		}
	}
}

func TestTransientConnectionFaultIsRetried(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{})
	h.login(t)
	for _, c := range h.reads() {
		for _, kind := range transientFaults {
			// net/http itself sends a GET again when a reused connection breaks.
			h.sim.Inject(privxsim.Fault{Method: c.method, Path: c.path, Kind: kind, Count: 2})
			require.NoError(t, c.run(t.Context()), "%s after %s", c.name, kind)
			h.sim.ClearFaults()
			h.sim.ResetRequests()
		}
	}
}

func TestRetriesAreBounded(t *testing.T) {
	t.Parallel()
	for _, code := range transientStatuses {
		t.Run(strconv.Itoa(code), func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, setup{})
			h.login(t)
			for _, c := range h.reads() {
				h.sim.Inject(privxsim.Fault{Method: c.method, Path: c.path, Status: code})
				wantError(t, c.run(t.Context()), codes.Unavailable, code)
				require.Equal(t, api.MaxTries, h.sim.CountRequests(c.method, c.path), c.name)
			}
		})
	}
}

func TestReplayedSearchHasItsBody(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{})
	h.sim.Inject(privxsim.Fault{Path: searchPath, Status: http.StatusBadGateway, Count: 1})
	h.sim.Inject(privxsim.Fault{Path: searchPath, Kind: privxsim.FaultResetBefore, Count: 1})
	require.NoError(t, second(h.client.ListUsers(t.Context(), "")))
	sent := h.sent(searchPath)
	require.Len(t, sent, 3)
	for _, r := range sent {
		require.JSONEq(t, "{}", string(r.Body))
		require.Equal(t, "application/json", r.Header.Get("Content-Type"))
	}
}

func TestTransientTokenFailureIsRetried(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{})
	h.sim.Inject(privxsim.Fault{Path: tokenPath, Status: http.StatusServiceUnavailable, Count: 2})
	require.NoError(t, h.getRoles(t.Context()))
	require.Equal(t, 3, h.tokens())
}

func TestRetryAfterIsObeyed(t *testing.T) {
	t.Parallel()
	const least, most = 250 * time.Millisecond, 750 * time.Millisecond // the first wait of the backoff
	for _, tt := range []struct {
		name, value string
		min, max    time.Duration
	}{
		{"seconds", "2", 2 * time.Second, 2 * time.Second},
		{"no wait", "0", 0, 0},
		{"date", "in 30s", 30 * time.Second, 30 * time.Second},
		{"bounded", "120", time.Minute, time.Minute},
		{"bounded date", "in 10m", time.Minute, time.Minute},
		{"negative", "-5", least, most},
		{"past date", "in -5m", least, most},
		{"huge", "99999999999", least, most},
		{"too long", "7200", least, most},
		{"garbage", "soon", least, most},
		{"absent", "", least, most},
	} {
		for _, code := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
			t.Run(fmt.Sprint(tt.name, " ", code), func(t *testing.T) {
				t.Parallel()
				inBubble(t, setup{}, func(t *testing.T, h *harness) {
					h.login(t)
					header := http.Header{}
					if tt.value != "" {
						header.Set("Retry-After", headerValue(t, tt.value))
					}
					h.sim.Inject(privxsim.Fault{Path: rolesPath, Status: code, Header: header, Count: 1})
					start := time.Now()
					require.NoError(t, h.getRoles(t.Context()))
					require.GreaterOrEqual(t, time.Since(start), tt.min)
					require.LessOrEqual(t, time.Since(start), tt.max)
				})
			})
		}
	}
}

// headerValue turns "in 30s" into a date.
func headerValue(t *testing.T, value string) string {
	t.Helper()
	if len(value) < 3 || value[:3] != "in " {
		return value
	}
	d, err := time.ParseDuration(value[3:])
	require.NoError(t, err)
	return time.Now().Add(d).UTC().Format(http.TimeFormat)
}

// The default backoff has jitter over its full range: a thousand draws for each attempt.
func TestBackoffHasJitter(t *testing.T) {
	t.Parallel()
	const draws = 1000
	var seen [api.MaxTries + 5]map[time.Duration]bool
	for range draws {
		b := api.DefaultBackOff()
		b.Reset()
		for attempt := range seen {
			wait := b.NextBackOff()
			require.GreaterOrEqual(t, wait, time.Duration(0))
			require.LessOrEqual(t, wait, min(time.Minute, time.Second<<attempt), "attempt %d", attempt)
			if seen[attempt] == nil {
				seen[attempt] = map[time.Duration]bool{}
			}
			seen[attempt][wait] = true
		}
	}
	for attempt, waits := range seen {
		require.Greater(t, len(waits), draws/2, "attempt %d draws the same again and again", attempt)
	}
}

func TestPermanentStatusIsNotRetried(t *testing.T) {
	t.Parallel()
	for status, code := range map[int]codes.Code{
		http.StatusBadRequest:          codes.InvalidArgument,
		http.StatusPaymentRequired:     codes.InvalidArgument,
		http.StatusForbidden:           codes.PermissionDenied,
		http.StatusNotFound:            codes.NotFound,
		http.StatusMethodNotAllowed:    codes.InvalidArgument,
		http.StatusConflict:            codes.FailedPrecondition,
		http.StatusGone:                codes.InvalidArgument,
		http.StatusUnprocessableEntity: codes.InvalidArgument,
		http.StatusNotImplemented:      codes.FailedPrecondition,
		http.StatusMultipleChoices:     codes.FailedPrecondition,
		http.StatusNotModified:         codes.FailedPrecondition,
		999:                            codes.FailedPrecondition,
	} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, setup{})
			h.login(t)
			for _, c := range h.reads() {
				isList := c.path == searchPath || c.path == rolesPath || c.path == membersPath
				if status == http.StatusBadRequest && isList {
					continue // The first page is asked for in smaller sizes: see the list's tests.
				}
				h.sim.Inject(privxsim.Fault{Method: c.method, Path: c.path, Status: status})
				wantError(t, c.run(t.Context()), code, status)
				require.Equal(t, 1, h.sim.CountRequests(c.method, c.path), c.name)
			}
		})
	}
}

// Check and Logout are never repeated, whatever fails.
func TestCheckAndLogoutAreNotRepeated(t *testing.T) {
	t.Parallel()
	for _, status := range transientStatuses {
		h := newHarness(t, setup{})
		h.login(t)
		h.sim.Inject(privxsim.Fault{Status: status})
		wantError(t, h.client.Check(t.Context()), codes.Unavailable, status)
		require.Equal(t, 1, h.sim.CountRequests("", ""))
		wantError(t, h.client.Logout(t.Context()), codes.Unavailable, status)
		require.Equal(t, 2, h.sim.CountRequests("", ""))
	}
}

// awaitResult starts a call in a bubble, calls then once all goroutines wait, and returns
// the call's result.
func awaitResult(run func() error, then func()) error {
	result := make(chan error, 1)
	go func() { result <- run() }()
	synctest.Wait()
	then()
	return <-result
}

// Cancelling returns at once, wherever the call is.
func TestCancellingAReadReturnsAtOnce(t *testing.T) {
	t.Parallel()
	never := privxsim.Fault{Kind: privxsim.FaultStall}
	for name, fault := range map[string]privxsim.Fault{
		"during backoff":               {Path: rolesPath, Status: http.StatusServiceUnavailable},
		"during a long Retry-After":    {Path: rolesPath, Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"50"}}},
		"during a slow header":         {Path: rolesPath, Kind: privxsim.FaultSlowHeader, Delay: 20 * time.Second},
		"during a slow body":           {Path: rolesPath, Kind: privxsim.FaultSlowBody, Delay: 20 * time.Second},
		"without any answer":           never,
		"during a slow token's header": {Path: tokenPath, Kind: privxsim.FaultSlowHeader, Delay: 20 * time.Second},
		"during a slow token's body":   {Path: tokenPath, Kind: privxsim.FaultSlowBody, Delay: 20 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, setup{}, func(t *testing.T, h *harness) {
				h.sim.Inject(fault)
				ctx, cancel := context.WithCancel(t.Context())
				start := time.Now()
				err := awaitResult(func() error { return h.getRoles(ctx) }, cancel)
				require.ErrorIs(t, err, context.Canceled)
				require.Zero(t, time.Since(start))
				require.LessOrEqual(t, h.sim.CountRequests(http.MethodGet, rolesPath), 1)
				if fault.Kind == privxsim.FaultStall || fault.Path == tokenPath {
					time.Sleep(api.TokenTimeout) // Fake time: nobody waits for the token request any more.
				}
			})
		})
	}
}

func TestTheCallersDeadlineEndsARead(t *testing.T) {
	t.Parallel()
	inBubble(t, setup{}, func(t *testing.T, h *harness) {
		h.login(t)
		h.sim.Inject(privxsim.Fault{Kind: privxsim.FaultStall})
		ctx, cancel := context.WithTimeout(t.Context(), 7*time.Second)
		defer cancel()
		start := time.Now()
		require.ErrorIs(t, h.getRoles(ctx), context.DeadlineExceeded)
		require.Equal(t, 7*time.Second, time.Since(start))
	})
}

func TestCancelledBeforehandSendsNothing(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{})
	h.login(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range h.reads() {
		require.ErrorIs(t, c.run(ctx), context.Canceled, c.name)
	}
	require.ErrorIs(t, h.client.Check(ctx), context.Canceled)
	require.Empty(t, h.sim.Requests())
}

// The bubble fails the test if a goroutine is left over.
func TestAStallEndsWithinTheTimeout(t *testing.T) {
	t.Parallel()
	const timeout = 10 * time.Second
	for _, path := range []string{rolesPath, tokenPath} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			inBubble(t, setup{timeout: timeout}, func(t *testing.T, h *harness) {
				h.sim.Inject(privxsim.Fault{Path: path, Kind: privxsim.FaultStall})
				start := time.Now()
				e := asError(t, h.getRoles(t.Context()), codes.Unavailable, 0)
				require.Equal(t, map[string]errorid.ID{rolesPath: errorid.TooSlow, tokenPath: errorid.TimedOut}[path], errorid.Of(e))
				require.GreaterOrEqual(t, time.Since(start), timeout)
				require.LessOrEqual(t, time.Since(start), api.MaxElapsed+timeout)
				fewer := map[bool]int{true: 2}[path == rolesPath] // Smaller pages are asked for at once.
				require.LessOrEqual(t, h.sim.CountRequests("", path), fewer+api.MaxTries)
			})
		})
	}
}

// The same as TestAStallEndsWithinTheTimeout, over a socket and with a real transport.
func TestStallOverASocket(t *testing.T) {
	t.Parallel()
	for _, kind := range []privxsim.FaultKind{privxsim.FaultStall, privxsim.FaultSlowHeader, privxsim.FaultSlowBody} {
		h := newHarness(t, setup{timeout: 30 * time.Millisecond})
		h.sim.Inject(privxsim.Fault{Path: tokenPath, Kind: kind, Delay: time.Minute})
		wantError(t, h.getRoles(t.Context()), codes.Unavailable, 0)
		require.LessOrEqual(t, h.tokens(), api.MaxTries)
	}
}

func TestRepetitionsAreBoundedInTime(t *testing.T) {
	t.Parallel()
	inBubble(t, setup{}, func(t *testing.T, h *harness) {
		h.login(t)
		h.sim.Inject(privxsim.Fault{Status: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": {"50"}}})
		start := time.Now()
		wantError(t, h.getRoles(t.Context()), codes.Unavailable, http.StatusServiceUnavailable)
		require.LessOrEqual(t, time.Since(start), api.MaxElapsed)
		require.Equal(t, 3, h.sim.CountRequests("", "")) // A third wait of 50 s would be too long.
	})
}

func TestClosedReusedConnection(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{})
	// One call has to succeed: the transport itself takes another connection.
	require.NoError(t, h.client.Check(t.Context()))
	h.sim.ResetRequests()
	h.sim.Inject(privxsim.Fault{Path: rolesPath, Kind: privxsim.FaultResetBefore, Count: 1})
	require.NoError(t, h.client.Check(t.Context()))
	require.Equal(t, 2, h.sim.CountRequests(http.MethodGet, rolesPath))
}

// An error that was returned is not changed later by another call.
func TestRetry_ErrorsAreNotShared(t *testing.T) {
	t.Parallel()
	m := newTenMinutes(t)
	m.sim.Inject(privxsim.Fault{Path: rolesPath, Status: http.StatusBadGateway})
	first := m.getRoles(t.Context())
	m.clock.advance(9 * time.Minute)
	require.Error(t, m.getRoles(t.Context()))
	m.clock.advance(time.Minute)
	last := m.getRoles(t.Context())
	require.Equal(t, codes.Unavailable, status.Code(first))
	require.Equal(t, codes.Aborted, status.Code(last))
	var a, b *privx.Error
	require.True(t, errors.As(first, &a) && errors.As(last, &b) && a != b)
}

// The documented numbers. The other tests take them from the code.
func TestBounds(t *testing.T) {
	t.Parallel()
	require.Equal(t, 5, api.MaxTries)
	require.Equal(t, time.Minute, api.MaxRetryAfter)
	require.Equal(t, 10*time.Minute, api.Patience)
	require.Equal(t, time.Minute, api.RefusalMemory)
	require.GreaterOrEqual(t, api.TokenSkew, 10*time.Second)
	require.Equal(t, 64<<20, api.MaxBody)
	require.Equal(t, 1<<20, api.MaxShortBody)
	require.Equal(t, 16<<20, api.MaxPageBody)
	require.Equal(t, 32<<20, api.MaxReading)
	require.Equal(t, [...]int{1000, 500, 100, 50, 10}, api.PageSizeSteps)
}

// A check ends soon even if one request may take much longer.
func TestCheckOfAStalledPrivX(t *testing.T) {
	inBubble(t, setup{timeout: 5 * time.Minute}, func(t *testing.T, h *harness) {
		h.sim.Inject(privxsim.Fault{Path: rolesPath, Kind: privxsim.FaultStall, Delay: time.Hour})
		began := time.Now()
		err := h.client.Check(t.Context())
		require.Equal(t, codes.Unavailable, status.Code(err), "%v", err)
		require.Equal(t, 30*time.Second, time.Since(began), "fake time")
	})
}
