package privx_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

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
