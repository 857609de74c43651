package privx_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// PrivX says 200 and changes nothing.
func TestWritesThatDoNothingAreNoSuccess(t *testing.T) {
	t.Parallel()
	bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
		c := m.changes()[name]
		before := m.roles()
		m.faultPut(privxsim.Fault{Kind: privxsim.FaultDropWrite})
		began := time.Now()
		got, err := c.change(t.Context(), m.user, c.role)
		wantError(t, err, codes.Aborted, http.StatusOK)
		require.Nil(t, got)
		require.Len(t, m.writes(), api.MaxRounds)
		require.Equal(t, before, m.roles())
		require.Less(t, time.Since(began), budget, "fake time")
	})
}

// If one write does nothing, the next one makes the change.
func TestOneWriteThatDoesNothing(t *testing.T) {
	t.Parallel()
	bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
		c := m.changes()[name]
		m.faultPut(privxsim.Fault{Kind: privxsim.FaultDropWrite, Count: 1})
		got, err := c.change(t.Context(), m.user, c.role)
		require.NoError(t, err)
		require.Equal(t, c.after, held(got.Membership))
		require.Equal(t, "GET "+outwaited+" GET PUT GET", m.calls())
	})
}

// If a node lags, the write is looked for until no node may lag any more. Until then nothing
// is written a second time. If the write appears only later, the next cycle finds it.
func TestVerify_ALaggingNode(t *testing.T) {
	t.Parallel()
	for lag := range 14 {
		t.Run(strconv.Itoa(lag), func(t *testing.T) {
			t.Parallel()
			bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
				c := m.changes()[name]
				want := except(m.roles(), c.role, c.after)
				if lag > 0 {
					m.faultGet(privxsim.Fault{Kind: privxsim.FaultStale, Skip: 1, Count: lag})
				}
				began := time.Now()
				got, err := c.change(t.Context(), m.user, c.role)
				require.NoError(t, err)
				require.True(t, got.Written)
				require.Equal(t, c.after, held(got.Membership))
				calls := "GET PUT GET" + strings.Repeat(" GET", lag)
				if lag == 13 {
					calls = "GET " + outwaited + " GET PUT GET"
				}
				require.Equal(t, calls, m.calls())
				require.Equal(t, want, m.roles())
				took := []time.Duration{0, time.Second / 4}
				for s := range 10 {
					took = append(took, time.Duration(s+1)*time.Second)
				}
				require.Equal(t, append(took, api.LagTime, api.LagTime)[lag], time.Since(began), "fake time")
			})
		})
	}
}

// doneAnyway are the faults of a write that PrivX executes all the same.
func doneAnyway() map[string]privxsim.Fault {
	faults := map[string]privxsim.Fault{
		"reset":   {Kind: privxsim.FaultResetAfter},
		"timeout": {Kind: privxsim.FaultSlowHeader, Delay: time.Hour},
	}
	for _, code := range []int{408, 429, 500, 501, 502, 503, 504, 599, 302, 999} {
		faults[strconv.Itoa(code)] = privxsim.Fault{Kind: privxsim.FaultStatusAfter, Status: code}
	}
	return faults
}

// If a write was executed and its answer was lost, a read shows that. The write is not sent
// again.
func TestWritesThatWereExecutedWithoutAGoodAnswer(t *testing.T) {
	t.Parallel()
	for what, fault := range doneAnyway() {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
				c := m.changes()[name]
				want := except(m.roles(), c.role, c.after)
				m.faultPut(fault)
				ctx, cancel := context.WithTimeout(t.Context(), budget)
				defer cancel()
				began := time.Now()
				got, err := c.change(ctx, m.user, c.role)
				require.NoError(t, err)
				require.True(t, got.Written)
				require.Equal(t, c.after, held(got.Membership))
				require.Equal(t, "GET PUT GET", m.calls())
				require.Equal(t, want, m.roles())
				if fault.Delay > 0 {
					require.Equal(t, api.ExchangeTimeout, time.Since(began), "fake time")
				}
			})
		})
	}
}

// If a write was not executed but may have been, it is looked for and then made anew from a
// fresh read. What something else has written meanwhile stays.
func TestWritesThatWereNotExecutedAreRepeated(t *testing.T) {
	t.Parallel()
	faults := map[string]privxsim.Fault{
		"reset":   {Kind: privxsim.FaultResetBefore},
		"timeout": {Kind: privxsim.FaultStall},
		"429 that says when": {
			Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"7"}},
		},
		"503 that says when": {
			Status: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": {"7"}},
		},
	}
	for _, code := range []int{408, 429, 500, 502, 503, 504} {
		faults[strconv.Itoa(code)] = privxsim.Fault{Status: code}
	}
	for what, fault := range faults {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
				c := m.changes()[name]
				want := except(except(m.roles(), c.role, c.after), m.other, onlyExplicit)
				once := fault // A row of the table is not changed: it is everybody's.
				once.Count = 1
				m.faultPut(once)
				m.afterPut(func(n int) {
					if n == 1 {
						m.store.GrantExplicit(m.other, m.user, privxsim.Grant{})
					}
				})
				ctx, cancel := context.WithTimeout(t.Context(), budget)
				defer cancel()
				began := time.Now()
				got, err := c.change(ctx, m.user, c.role)
				require.NoError(t, err)
				require.True(t, got.Written)
				require.Equal(t, c.after, held(got.Membership))
				calls := "GET " + settled + " status GET PUT GET"
				if fault.Status == 0 {
					calls = "GET " + settled + " GET PUT GET"
				}
				require.Equal(t, calls, m.calls())
				bodies := m.writes()
				require.NotContains(t, ids(t, bodies[0]), m.other)
				require.Contains(t, ids(t, bodies[1]), m.other, "made from a fresh read")
				require.Equal(t, want, m.roles())
				if fault.Header != nil {
					require.Equal(t, 2*time.Second+7*time.Second, time.Since(began), "fake time")
				}
			})
		})
	}
}

// The pause before a write is sent again is short, so that there is time for it.
func TestPausesOfAChangeAreShort(t *testing.T) {
	t.Parallel()
	bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
		c := m.changes()[name]
		privx.SetBackOff(m.client, func() backoff.BackOff { return backoff.NewConstantBackOff(time.Minute) })
		m.faultPut(privxsim.Fault{Status: http.StatusBadGateway, Count: 1})
		began := time.Now()
		require.NoError(t, second(c.change(t.Context(), m.user, c.role)))
		require.Equal(t, 2*time.Second+api.MaxShortPause, time.Since(began), "fake time")
	})
}

// An answer to a write that is neither a success nor transient is an error, unless the
// change was made.
func TestAnswersToAWriteThatAreNone(t *testing.T) {
	t.Parallel()
	for what, tt := range map[string]struct {
		fault  privxsim.Fault
		code   codes.Code
		status int
	}{
		"a redirect":           {privxsim.Fault{Kind: privxsim.FaultRedirect}, codes.FailedPrecondition, 302},
		"another redirect":     {privxsim.Fault{Kind: privxsim.FaultRedirect, Status: 307}, codes.FailedPrecondition, 307},
		"not modified":         {privxsim.Fault{Status: 304}, codes.FailedPrecondition, 304},
		"a login page":         {privxsim.Fault{Kind: privxsim.FaultHTML}, codes.FailedPrecondition, 200},
		"not implemented":      {privxsim.Fault{Status: 501}, codes.FailedPrecondition, 501},
		"no status of HTTP's":  {privxsim.Fault{Status: 999}, codes.FailedPrecondition, 999},
		"a very long error":    {privxsim.Fault{Status: 400, Body: strings.Repeat("x", api.MaxShortBody+1)}, codes.FailedPrecondition, 0},
		"a very long 5xx":      {privxsim.Fault{Status: 502, Body: strings.Repeat("x", api.MaxShortBody+1)}, codes.FailedPrecondition, 0},
		"a gateway's 404 page": {privxsim.Fault{Kind: privxsim.FaultHTML, Status: 404}, codes.FailedPrecondition, 404},
	} {
		for _, done := range []bool{false, true} {
			t.Run(fmt.Sprint(what, ", done ", done), func(t *testing.T) {
				t.Parallel()
				bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
					c := m.changes()[name]
					before := m.roles()
					m.faultPut(tt.fault)
					if done {
						m.afterPut(func(int) { m.undo(c.role, c.after) })
					}
					got, err := c.change(t.Context(), m.user, c.role)
					require.Len(t, m.writes(), 1)
					if done && tt.status != 404 { // Of which PrivX may know nothing, but nothing was executed.
						require.NoError(t, err)
						require.Equal(t, "GET PUT GET", m.calls())
						require.Equal(t, c.after, held(got.Membership))
						return
					}
					wantError(t, err, tt.code, tt.status)
					require.Nil(t, got)
					if !done {
						require.Equal(t, before, m.roles())
					}
				})
			})
		}
	}
}

// A refused write was not executed: it is sent once and not looked for.
func TestRefusedWritesAreNotRepeated(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]codes.Code{
		http.StatusBadRequest:          codes.InvalidArgument,
		http.StatusForbidden:           codes.PermissionDenied,
		http.StatusMethodNotAllowed:    codes.InvalidArgument,
		http.StatusConflict:            codes.FailedPrecondition,
		http.StatusGone:                codes.InvalidArgument,
		http.StatusUnprocessableEntity: codes.InvalidArgument,
		http.StatusLocked:              codes.InvalidArgument,
	} {
		t.Run(strconv.Itoa(code), func(t *testing.T) {
			t.Parallel()
			bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
				c := m.changes()[name]
				m.faultPut(privxsim.Fault{Status: code})
				got, err := c.change(t.Context(), m.user, c.role)
				e := asError(t, err, want, code)
				require.Nil(t, got)
				require.Equal(t, "PUT /role-store/api/v1/users/{id}/roles", e.Endpoint)
				require.Equal(t, code == http.StatusForbidden, strings.Contains(e.Hint, "roles-manage"), e.Hint)
				calls := "GET PUT status"
				if name == "grant" && code != http.StatusForbidden {
					calls += " role"
				}
				require.Equal(t, calls, m.calls())
			})
		})
	}
}

// If a read is refused, the change fails and nothing is written.
func TestRefusedReads(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]codes.Code{
		http.StatusBadRequest: codes.InvalidArgument, http.StatusForbidden: codes.PermissionDenied,
		http.StatusNotImplemented: codes.FailedPrecondition, http.StatusMovedPermanently: codes.FailedPrecondition,
	} {
		for _, skip := range []int{0, 1} {
			t.Run(fmt.Sprint(code, " after ", skip), func(t *testing.T) {
				t.Parallel()
				bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
					c := m.changes()[name]
					m.faultGet(privxsim.Fault{Status: code, Skip: skip})
					got, err := c.change(t.Context(), m.user, c.role)
					e := asError(t, err, want, code)
					require.Nil(t, got)
					require.Equal(t, code == http.StatusForbidden, strings.Contains(e.Hint, "users-view and roles-view"), e.Hint)
					require.Equal(t, []string{"GET", "GET PUT GET"}[skip], m.calls())
					require.Equal(t, skip == 1, strings.Contains(err.Error(), "the change was sent, and could not be verified"), "%v", err)
				})
			})
		}
	}
}

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

// A Retry-After beyond the deadline is not waited for.
func TestRetryAfterBeyondTheDeadline(t *testing.T) {
	t.Parallel()
	for endpoint, place := range endpoints() {
		t.Run(endpoint, func(t *testing.T) {
			t.Parallel()
			bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
				c := m.changes()[name]
				m.forgetToken()
				f := place
				f.Status, f.Header = http.StatusServiceUnavailable, http.Header{"Retry-After": {"40"}}
				m.sim.Inject(f)
				ctx, cancel := context.WithTimeout(t.Context(), budget)
				defer cancel()
				began := time.Now()
				err := second(c.change(ctx, m.user, c.role))
				wantError(t, err, codes.Unavailable, http.StatusServiceUnavailable)
				require.LessOrEqual(t, time.Since(began), 2*time.Second, "fake time")
			})
		})
	}
}

// A change has a deadline even if the caller sets none.
func TestAChangeHasADeadlineOfItsOwn(t *testing.T) {
	t.Parallel()
	for endpoint, place := range endpoints() {
		t.Run(endpoint, func(t *testing.T) {
			t.Parallel()
			bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
				c := m.changes()[name]
				m.forgetToken()
				f := place
				f.Status = http.StatusBadGateway
				m.sim.Inject(f)
				began := time.Now()
				require.Error(t, second(c.change(t.Context(), m.user, c.role)))
				require.LessOrEqual(t, time.Since(began), api.MaxElapsed, "fake time")
			})
		})
	}
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

// The error of a failing grant holds no secret, whatever PrivX repeats.
func TestSecretsInFailingChanges(t *testing.T) {
	t.Parallel()
	for endpoint, place := range map[string]privxsim.Fault{
		"the first read":     {Method: http.MethodGet, Path: userRolesPath},
		"the write":          {Method: http.MethodPut, Path: userRolesPath},
		"the verifying read": {Method: http.MethodGet, Path: userRolesPath, Skip: 1},
		"the search":         {Path: searchPath},
		"the role":           {Path: rolePath},
	} {
		for _, code := range []int{400, 403, 404, 409, 501} {
			t.Run(fmt.Sprint(endpoint, " ", code), func(t *testing.T) {
				t.Parallel()
				m := newMembers(t, setup{})
				require.NoError(t, second(m.client.UserRoles(t.Context(), m.user)))
				_, bearer, _ := strings.Cut(m.sim.Requests()[0].Header.Get("Authorization"), " ")
				body, err := json.Marshal(map[string]string{
					"error_code":    "X " + privxsim.DefaultOAuthClientSecret,
					"error_message": privxsim.DefaultAPIClientSecret + " " + bearer,
					"property":      bearer,
				})
				require.NoError(t, err)
				switch endpoint {
				case "the search":
					m.store.RemoveUser(m.user)
				case "the role":
					m.faultPut(privxsim.Fault{Status: http.StatusBadRequest})
				}
				f := place
				f.Status, f.Body = code, string(body)
				m.sim.Inject(f)
				for _, c := range m.changes() {
					err := second(c.change(t.Context(), m.user, c.role))
					require.Error(t, err)
					wantNoSecret(t, err.Error(), privxsim.DefaultOAuthClientSecret, privxsim.DefaultAPIClientSecret, bearer)
				}
			})
		}
	}
}

// A write whose token is refused was not executed. It is made anew from a fresh read,
// because the list may change while a new token is fetched.
func TestATokenIsRefusedToAWrite(t *testing.T) {
	t.Parallel()
	bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
		c := m.changes()[name]
		want := except(except(m.roles(), c.role, c.after), m.other, onlyExplicit)
		m.faultPut(privxsim.Fault{Status: http.StatusUnauthorized, Count: 1})
		m.sim.OnRequest(func(r privxsim.Request) {
			if r.Path == tokenPath {
				m.store.GrantExplicit(m.other, m.user, privxsim.Grant{})
			}
		})
		got, err := c.change(t.Context(), m.user, c.role)
		require.NoError(t, err)
		require.True(t, got.Written)
		require.Equal(t, c.after, held(got.Membership))
		require.Equal(t, "GET PUT token GET PUT GET", m.calls())
		require.Equal(t, want, m.roles())
	})
}

// If new tokens are refused, too, the change goes on for some seconds and then fails.
func TestEveryTokenIsRefusedToAWrite(t *testing.T) {
	t.Parallel()
	bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
		privx.SetTokenPauses(m.client, api.TokenPauses...)
		c := m.changes()[name]
		before := m.roles()
		m.faultPut(privxsim.Fault{Status: http.StatusUnauthorized})
		got, err := c.change(t.Context(), m.user, c.role)
		e := asError(t, err, codes.Unauthenticated, http.StatusUnauthorized)
		require.Nil(t, got)
		require.Contains(t, e.Hint, "clocks")
		require.Equal(t, strings.Repeat("GET PUT ", 5)+"status", m.calls(), "no token is asked for in vain")
		require.Equal(t, before, m.roles())
	})
}
