package privx_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// endpoints are the requests of a change that may fail.
func endpoints() map[string]privxsim.Fault {
	return map[string]privxsim.Fault{
		"the first read":     {Method: http.MethodGet, Path: userRolesPath},
		"the write":          {Method: http.MethodPut, Path: userRolesPath},
		"the verifying read": {Method: http.MethodGet, Path: userRolesPath, Skip: 1},
		"the token":          {Path: tokenPath},
	}
}

// forgetToken makes the next request ask for a token first.
func (m *members) forgetToken() {
	m.sim.RevokeTokens()
	m.sim.ResetRequests()
}

// A change that keeps failing ends by the caller's deadline.
func TestAFailingChangeIsOverByTheDeadline(t *testing.T) {
	t.Parallel()
	for endpoint, place := range endpoints() {
		for what, fault := range map[string]privxsim.Fault{
			"503":         {Status: http.StatusServiceUnavailable},
			"500":         {Status: http.StatusInternalServerError},
			"429":         {Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"2"}}},
			"no wait":     {Status: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": {"0"}}, Delay: 0},
			"reset":       {Kind: privxsim.FaultResetBefore},
			"reset after": {Kind: privxsim.FaultResetAfter},
			"stall":       {Kind: privxsim.FaultStall},
			"slow body":   {Kind: privxsim.FaultSlowBody, Delay: time.Hour},
		} {
			if endpoint == "the write" && (what == "reset after" || what == "slow body") {
				continue // The write is done.
			}
			t.Run(endpoint+" "+what, func(t *testing.T) {
				t.Parallel()
				bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
					c := m.changes()[name]
					m.forgetToken()
					f := fault
					f.Method, f.Path, f.Skip = place.Method, place.Path, place.Skip
					m.sim.Inject(f)
					ctx, cancel := context.WithTimeout(t.Context(), budget)
					defer cancel()
					began := time.Now()
					got, err := c.change(ctx, m.user, c.role)
					require.Nil(t, got)
					require.True(t, status.Code(err) == codes.Unavailable || errors.Is(err, context.DeadlineExceeded), "%v", err)
					require.LessOrEqual(t, time.Since(began), budget, "fake time")
					require.GreaterOrEqual(t, time.Since(began), 5*time.Second, "ridden out for a while")
					require.Zero(t, privx.Locks(m.client).Len())
					time.Sleep(api.TokenTimeout) // Nobody waits for a token any more.
				})
			})
		}
	}
}

// A change succeeds if the failures end in time.
func TestFailuresOfAChangeAreRiddenOut(t *testing.T) {
	t.Parallel()
	for endpoint, place := range endpoints() {
		for what, fault := range map[string]privxsim.Fault{
			"503":   {Status: http.StatusServiceUnavailable},
			"500":   {Status: http.StatusInternalServerError},
			"429":   {Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"3"}}},
			"reset": {Kind: privxsim.FaultResetBefore},
			"stall": {Kind: privxsim.FaultStall},
		} {
			t.Run(endpoint+" "+what, func(t *testing.T) {
				t.Parallel()
				bothInBubble(t, setup{timeout: 8 * time.Second}, func(t *testing.T, m *members, name string) {
					c := m.changes()[name]
					want := except(m.roles(), c.role, c.after)
					m.forgetToken()
					f := fault
					f.Method, f.Path, f.Skip = place.Method, place.Path, place.Skip
					m.sim.Inject(f)
					time.AfterFunc(20*time.Second, m.sim.ClearFaults)
					ctx, cancel := context.WithTimeout(t.Context(), budget)
					defer cancel()
					got, err := c.change(ctx, m.user, c.role)
					require.NoError(t, err)
					require.Equal(t, c.after, held(got.Membership))
					require.Equal(t, want, m.roles())
				})
			})
		}
	}
}

// failingAt runs a test of a grant and a revoke for each endpoint that they use, which
// answers with a fault.
func failingAt(t *testing.T, fault privxsim.Fault, test func(t *testing.T, m *members, name string)) {
	t.Helper()
	for endpoint, place := range endpoints() {
		f := fault
		f.Method, f.Path, f.Skip = place.Method, place.Path, place.Skip
		t.Run(endpoint, func(t *testing.T) {
			t.Parallel()
			bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
				m.forgetToken()
				m.sim.Inject(f)
				test(t, m, name)
			})
		})
	}
}

// A Retry-After beyond the deadline is not waited for.
func TestRetryAfterBeyondTheDeadline(t *testing.T) {
	t.Parallel()
	fault := privxsim.Fault{Status: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": {"40"}}}
	failingAt(t, fault, func(t *testing.T, m *members, name string) {
		c := m.changes()[name]
		ctx, cancel := context.WithTimeout(t.Context(), budget)
		defer cancel()
		began := time.Now()
		err := second(c.change(ctx, m.user, c.role))
		wantError(t, err, codes.Unavailable, http.StatusServiceUnavailable)
		require.LessOrEqual(t, time.Since(began), 2*time.Second, "fake time")
	})
}

// A change has a deadline even if the caller sets none.
func TestAChangeHasADeadlineOfItsOwn(t *testing.T) {
	t.Parallel()
	failingAt(t, privxsim.Fault{Status: http.StatusBadGateway}, func(t *testing.T, m *members, name string) {
		c := m.changes()[name]
		began := time.Now()
		require.Error(t, second(c.change(t.Context(), m.user, c.role)))
		require.LessOrEqual(t, time.Since(began), api.MaxElapsed, "fake time")
	})
}

// A change that is cancelled returns at once, in whatever state it is.
func TestCancellingAChangeReturnsAtOnce(t *testing.T) {
	t.Parallel()
	stall := privxsim.FaultStall
	throttled := privxsim.Fault{Method: http.MethodPut, Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"50"}}}
	for name, tt := range map[string]struct {
		faults []privxsim.Fault
		after  time.Duration
		last   string // the request that was made last
	}{
		"in the first read":               {[]privxsim.Fault{{Path: userRolesPath, Kind: stall}}, 0, "GET"},
		"before the first read's next":    {[]privxsim.Fault{{Path: userRolesPath, Status: http.StatusServiceUnavailable}}, 0, "GET"},
		"in the write":                    {[]privxsim.Fault{{Method: http.MethodPut, Kind: stall}}, 0, "PUT"},
		"in the write that was done":      {[]privxsim.Fault{{Method: http.MethodPut, Kind: privxsim.FaultSlowHeader, Delay: time.Hour}}, 0, "PUT"},
		"in the verifying read":           {[]privxsim.Fault{{Method: http.MethodGet, Path: userRolesPath, Kind: stall, Skip: 1}}, 0, "GET"},
		"while the write is not there":    {[]privxsim.Fault{{Method: http.MethodPut, Kind: privxsim.FaultDropWrite}}, 0, "GET"},
		"before the next write":           {[]privxsim.Fault{throttled}, 5 * time.Second, "status"},
		"in the token":                    {[]privxsim.Fault{{Path: tokenPath, Kind: stall}}, 0, "token"},
		"in the status":                   {[]privxsim.Fault{{Method: http.MethodPut, Status: http.StatusForbidden}, {Path: statusPath, Kind: stall}}, 0, "status"},
		"in the look whether a user is":   {[]privxsim.Fault{{Path: userRolesPath, Status: http.StatusNotFound}, {Path: searchPath, Kind: stall}}, 0, "search"},
		"in the look whether a role is":   {[]privxsim.Fault{{Method: http.MethodPut, Status: http.StatusBadRequest}, {Path: rolePath, Kind: stall}}, 0, "role"},
		"in a look for what is not there": {[]privxsim.Fault{{Method: http.MethodPut, Kind: stall, Count: 1}}, api.ExchangeTimeout + time.Second/2, "GET"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
				c := m.changes()[name]
				if tt.last == "search" && name == "grant" || tt.last == "role" && name == "revoke" {
					return // They do not look.
				}
				if tt.last == "token" {
					m.forgetToken()
				}
				for _, fault := range tt.faults {
					m.sim.Inject(fault)
				}
				ctx, cancel := context.WithCancel(t.Context())
				var cancelled time.Time
				err := awaitResult(func() error { return second(c.change(ctx, m.user, c.role)) }, func() {
					time.Sleep(tt.after)
					synctest.Wait()
					calls := strings.Fields(m.calls())
					if last := calls[len(calls)-1]; last != tt.last {
						t.Errorf("cancelled after %s, not %s", last, tt.last)
					}
					cancelled = time.Now()
					cancel()
				})
				if tt.last == "status" && tt.after == 0 || tt.last == "role" {
					require.Contains(t, err.Error(), "PUT", "what the write was refused with says more")
				} else {
					require.ErrorIs(t, err, context.Canceled)
				}
				require.Equal(t, tt.last == "PUT", strings.Contains(err.Error(), "the change may have been sent, and could not be verified"), "%v", err)
				require.Zero(t, time.Since(cancelled), "fake time")
				require.Zero(t, privx.Locks(m.client).Len())
				time.Sleep(api.TokenTimeout) // Nobody waits for a token any more.
			})
		})
	}
}

func TestCancelledBeforehandChangesNothing(t *testing.T) {
	t.Parallel()
	m := newMembers(t, setup{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range m.changes() {
		require.ErrorIs(t, second(c.change(ctx, m.user, c.role)), context.Canceled)
	}
	require.Empty(t, m.calls())
	require.Zero(t, privx.Locks(m.client).Len())
}
