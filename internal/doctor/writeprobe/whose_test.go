package writeprobe_test

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/privxsim"
)

// Something else makes a grant of a role that the user has by a rule, after any of the writes
// and however long after it. That grant stays, is told of, and is not taken for PrivX's own
// doing, whether PrivX takes entries of such roles or refuses them.
func TestAnothersGrantOfARoleByRuleStays(t *testing.T) {
	t.Parallel()
	for name, arrange := range map[string]func(*site){
		"taken": nil, "refused": refuseRules, "the only one": nil,
	} {
		options := privxsim.Options{HideUserRole: name == "the only one"}
		for place := putAsRead; place < putBack; place++ {
			for _, after := range []time.Duration{0, 200 * time.Millisecond, 5 * time.Second} {
				t.Run(fmt.Sprintf("%s, write %d, %s after it", name, place, after), func(t *testing.T) {
					t.Parallel()
					in(t, setup{options: options, arrange: arrange}, func(t *testing.T, s *site) {
						s.afterPut(place, func([]byte) {
							time.AfterFunc(after, func() { s.store.GrantExplicit(s.mapped, s.user, privxsim.Grant{}) })
						})
						results := s.run(t.Context())
						require.Equal(t, []string{s.mapped}, s.held())
						require.True(t, s.probe.Unrestored)
						require.Equal(t, "changed", results["PX-PROBE-09"].Way)
						require.Contains(t, s.out.String(), "ATTENTION: SOMETHING ELSE HAS CHANGED")
						require.Contains(t, s.out.String(), "because it did not grant them: "+s.mapped)
						require.NotContains(t, s.out.String(), "is as it was")
						require.NotEqual(t, "b", s.visit.Answers["PXQ-030"].Side)
					})
				})
			}
		}
	}
}

// The grants that PrivX itself has made of roles by rules are taken away, and named. One that
// something else makes of such a role after that stays.
func TestGrantsThatPrivXMakes(t *testing.T) {
	t.Parallel()
	options := privxsim.Options{GrantEveryEntry: true}
	in(t, setup{options: options}, func(t *testing.T, s *site) {
		before := s.memberships()
		results := s.run(t.Context())
		require.Equal(t, before, s.memberships())
		require.False(t, s.probe.Unrestored)
		require.Contains(t, s.out.String(), "PrivX had made grants of these roles")
		require.Contains(t, s.out.String(), s.mapped)
		require.Equal(t, doctor.Passed, results["PX-PROBE-09"].Outcome)
		require.Contains(t, results["PX-PROBE-09"].Found, "grants that PrivX made of 2 roles")
	})
	for place := putGrant; place < putBack; place++ {
		in(t, setup{options: options}, func(t *testing.T, s *site) {
			s.afterPut(place, func([]byte) {
				time.AfterFunc(time.Millisecond, func() { s.store.GrantExplicit(s.mapped, s.user, privxsim.Grant{}) })
			})
			s.run(t.Context())
			require.Equal(t, []string{s.mapped}, s.held(), "%d", place)
			require.True(t, s.probe.Unrestored)
		})
	}
}

// Something else grants another role between two reads, in any of the pauses of the probe.
// That grant stays. Only what comes after the last read cannot be seen.
func TestAnothersGrantInAPauseStays(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("make test tries each pause")
	}
	for name, options := range map[string]privxsim.Options{"": {}, "short tokens": {TokenTTL: 15 * time.Second}} {
		reads := 0
		in(t, setup{options: options}, func(t *testing.T, s *site) {
			s.run(t.Context())
			for _, r := range s.sim.Requests() {
				if isRead(r) {
					reads++
				}
			}
		})
		for i := readsBefore; i < reads; i++ {
			in(t, setup{options: options}, func(t *testing.T, s *site) {
				var n atomic.Int32
				s.sim.OnResponse(func(r privxsim.Request) {
					if isRead(r) && int(n.Add(1)) == i {
						time.AfterFunc(200*time.Millisecond, func() { s.store.GrantExplicit(s.other, s.user, privxsim.Grant{}) })
					}
				})
				s.run(t.Context())
				require.Equal(t, []string{s.other}, s.held(), "%s read %d of %d", name, i, reads)
				require.Equal(t, s.probe.Wrote(), s.probe.Unrestored)
			})
		}
	}
}

// A request for a token that takes long does not come between the read of the list and the
// write.
func TestNoTokenIsFetchedBeforeAWrite(t *testing.T) {
	t.Parallel()
	for _, life := range []time.Duration{4 * time.Second, 7 * time.Second, 15 * time.Second, 23 * time.Second} {
		in(t, setup{options: privxsim.Options{TokenTTL: life, Latency: 700 * time.Millisecond}}, func(t *testing.T, s *site) {
			results := s.run(t.Context())
			requests := s.sim.Requests()
			for i, r := range requests {
				if r.Method == http.MethodPut {
					require.True(t, isRead(requests[i-1]), "%s: %s before a write", life, requests[i-1].Path)
				}
			}
			require.Greater(t, len(s.puts()), putRevoke, "%s %s %s", life, results["PX-PROBE-02"].Cause, results["PX-PROBE-03"].Found)
			require.Empty(t, results["PX-PROBE-09"].Way)
		})
	}
}
