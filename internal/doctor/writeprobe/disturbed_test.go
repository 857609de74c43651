package writeprobe_test

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/writeprobe"
	"github.com/conductorone/baton-privx/internal/privxsim"
)

// disturbances are what can go wrong with a request.
var disturbances = map[string]privxsim.Fault{
	"500":            {Kind: privxsim.FaultStatus, Status: http.StatusInternalServerError},
	"503":            {Kind: privxsim.FaultStatus, Status: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": {"7"}}},
	"401":            {Kind: privxsim.FaultStatus, Status: http.StatusUnauthorized},
	"reset before":   {Kind: privxsim.FaultResetBefore},
	"reset after":    {Kind: privxsim.FaultResetAfter},
	"error after":    {Kind: privxsim.FaultStatusAfter, Status: http.StatusInternalServerError},
	"refused after":  {Kind: privxsim.FaultStatusAfter, Status: http.StatusBadRequest},
	"stall":          {Kind: privxsim.FaultStall},
	"slow":           {Kind: privxsim.FaultSlowHeader, Delay: 20 * time.Second},
	"a login page":   {Kind: privxsim.FaultHTML},
	"an empty list":  {Kind: privxsim.FaultEmptyList},
	"an old list":    {Kind: privxsim.FaultStale},
	"a dropped call": {Kind: privxsim.FaultDropWrite},
}

// undisturbed are the requests of a run with which nothing goes wrong.
func undisturbed(t *testing.T) []privxsim.Request {
	t.Helper()
	var requests []privxsim.Request
	in(t, setup{}, func(t *testing.T, s *site) {
		s.run(t.Context())
		requests = s.sim.Requests()
	})
	return requests
}

// requireSafe checks what must hold whatever went wrong: the list is as it was, or it is said
// loudly that this is not so, and nobody else's memberships have changed.
func requireSafe(t *testing.T, s *site, before []privxsim.Membership, results map[string]doctor.Result) {
	t.Helper()
	if !s.probe.Unrestored {
		require.Equal(t, before, s.memberships(), s.out)
		require.NotContains(t, s.out.String(), "ATTENTION")
	} else {
		require.Contains(t, s.out.String(), "ATTENTION: THE ROLES OF THE USER "+s.user+" COULD NOT BE PUT BACK AS THEY WERE")
		require.Contains(t, s.out.String(), `"id":"`+s.mapped+`"`)
	}
	require.Equal(t, others(s, before), others(s, s.memberships()))
	require.Regexp(t, `^[\n -~]*$`, s.out.String(), "fit for a terminal")
	require.NotContains(t, s.out.String(), privxsim.DefaultAPIClientSecret)
	require.NotContains(t, s.out.String(), privxsim.DefaultOAuthClientSecret)
	for id, result := range results {
		require.NotContains(t, result.Cause, "does not know the outcome", id)
	}
}

// others are the memberships but the user's of the role.
func others(s *site, all []privxsim.Membership) []privxsim.Membership {
	var rest []privxsim.Membership
	for _, m := range all {
		if m.UserID != s.user || m.RoleID != s.role {
			rest = append(rest, m)
		}
	}
	return rest
}

// Whichever request something goes wrong with, once, the list is as it was in the end. The
// many reads in a row are alike, and make test alone disturbs each of them, and in each way.
func TestDisturbedOnce(t *testing.T) {
	t.Parallel()
	requests := undisturbed(t)
	for name, fault := range disturbances {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if testing.Short() && name != "500" {
				t.Skip("one disturbance will do")
			}
			places := turns(requests)
			if !testing.Short() && (name == "500" || name == "stall") {
				places = every(requests)
			}
			for _, i := range places {
				in(t, setup{}, func(t *testing.T, s *site) {
					before := s.memberships()
					fault.Skip, fault.Count = i, 1
					s.sim.Inject(fault)
					results := s.run(t.Context())
					time.Sleep(time.Minute)
					requireSafe(t, s, before, results)
					require.False(t, s.probe.Unrestored, "%s at %d, %s %s: %s", name, i, requests[i].Method, requests[i].Path, s.out)
				})
			}
		})
	}
}

// Whichever request it begins with, and if it never ends: the list is as it was, or that is
// said loudly.
func TestDisturbedForEver(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it takes as long as TestDisturbedOnce again")
	}
	requests := undisturbed(t)
	for name, fault := range disturbances {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, i := range turns(requests) {
				in(t, setup{}, func(t *testing.T, s *site) {
					before := s.memberships()
					fault.Skip, fault.Count = i, 0
					s.sim.Inject(fault)
					began := time.Now()
					results := s.run(t.Context())
					require.Less(t, time.Since(began), 3*time.Minute)
					time.Sleep(time.Minute)
					requireSafe(t, s, before, results)
					if s.probe.Unrestored {
						requireFailed(t, results)
					}
				})
			}
		})
	}
}

func requireFailed(t *testing.T, results map[string]doctor.Result) {
	t.Helper()
	require.Equal(t, doctor.Failed, results["PX-PROBE-09"].Outcome, "%+v", results["PX-PROBE-09"])
}

// turns are the requests that are not the same as the two before them.
func turns(requests []privxsim.Request) []int {
	var all []int
	for i := range requests {
		if i < 2 || requests[i].Method != requests[i-1].Method || requests[i].Method != requests[i-2].Method || requests[i].Path != requests[i-1].Path {
			all = append(all, i)
		}
	}
	return all
}

// every are all requests.
func every(requests []privxsim.Request) []int {
	var all []int
	for i := range requests {
		all = append(all, i)
	}
	return all
}

// Whenever the run is interrupted, the list is as it was, and that is said. Nothing is
// written after that but the list as it was.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("make test interrupts the probe at each request")
	}
	requests := undisturbed(t)
	for name, hook := range map[string]func(s *site, f func(privxsim.Request)){
		"before": func(s *site, f func(privxsim.Request)) { s.sim.OnRequest(f) },
		"after":  func(s *site, f func(privxsim.Request)) { s.sim.OnResponse(f) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for i := range requests {
				in(t, setup{}, func(t *testing.T, s *site) {
					before := s.memberships()
					ctx, cancel := context.WithCancel(t.Context())
					var n atomic.Int32
					hook(s, func(privxsim.Request) {
						if int(n.Add(1)) == i+1 {
							cancel()
						}
					})
					results := s.run(ctx)
					requireSafe(t, s, before, results)
					require.False(t, s.probe.Unrestored, "%d", i)
					puts := s.puts()
					undone := 0
					for _, request := range requests[:i+1] {
						if request.Method == http.MethodPut {
							undone++
						}
					}
					if len(puts) > 0 {
						require.Contains(t, s.out.String(), "is as it was")
						require.Equal(t, "[]", puts[len(puts)-1])
						require.LessOrEqual(t, len(puts), undone+1, "%d: %q", i, puts)
					}
				})
			}
		})
	}
}

// Interrupted while everything fails: the message comes out all the same, and so does the
// check, although all others are skipped.
func TestInterruptedAndNotRestored(t *testing.T) {
	t.Parallel()
	in(t, setup{}, func(t *testing.T, s *site) {
		ctx, cancel := context.WithCancel(t.Context())
		puts := 0
		s.sim.OnResponse(func(r privxsim.Request) {
			if r.Method == http.MethodPut {
				if puts++; puts == 2 {
					s.sim.Inject(status(http.StatusInternalServerError))
					cancel()
				}
			}
		})
		results := s.run(ctx)
		require.Equal(t, doctor.Failed, results["PX-PROBE-09"].Outcome)
		require.Equal(t, doctor.Skipped, results["PX-PROBE-03"].Outcome)
		require.True(t, s.probe.Unrestored)
		require.Contains(t, s.out.String(), fmt.Sprintf("ATTENTION: THE ROLES OF THE USER %s", s.user))
		require.Contains(t, s.out.String(), "THE LAST ERROR: PrivX answered 500")
	})
}

// What became of the list is told by its check also when the run was interrupted, and asking
// for that writes nothing.
func TestInterruptedAndTold(t *testing.T) {
	t.Parallel()
	last := func(s *site) doctor.Check {
		checks := writeprobe.Layer(s.probe).Checks
		return checks[len(checks)-1]
	}
	for place, want := range map[int]string{-1: "untouched", putAsRead: "", putGrant: "", putBoth: "", putBack: ""} {
		in(t, setup{}, func(t *testing.T, s *site) {
			ctx, cancel := context.WithCancel(t.Context())
			if place < 0 {
				cancel()
			}
			s.afterPut(place, func([]byte) { cancel() })
			s.run(ctx)
			require.Equal(t, place >= 0, s.probe.Wrote())
			puts, printed := len(s.puts()), s.out.String()
			finding := last(s).Run(ctx, s.visit)
			require.Equal(t, want, finding.Way, "%d: %+v", place, finding)
			require.Len(t, s.puts(), puts)
			require.Equal(t, printed, s.out.String())
			cancel()
		})
	}
	in(t, setup{}, func(t *testing.T, s *site) {
		ctx, cancel := context.WithCancel(t.Context())
		s.afterPut(putGrant, func([]byte) {
			s.sim.Inject(status(http.StatusInternalServerError))
			cancel()
		})
		s.run(ctx)
		require.True(t, s.probe.Wrote())
		require.Equal(t, "not-restored", last(s).Run(ctx, s.visit).Way)
	})
	in(t, setup{clear: true}, func(t *testing.T, s *site) {
		ctx, cancel := context.WithCancel(t.Context())
		s.store.GrantExplicit(s.role, s.user, privxsim.Grant{})
		s.afterPut(0, func([]byte) { cancel() })
		s.run(ctx)
		require.True(t, s.probe.Wrote())
		finding := last(s).Run(ctx, s.visit)
		require.Empty(t, finding.Way)
		require.Contains(t, finding.Found, "the role was taken away")
	})
}

// A write that is under way when the run is interrupted is waited for: PrivX could make it
// after the list was put back.
func TestAWriteUnderWayIsWaitedFor(t *testing.T) {
	t.Parallel()
	for place := putAsRead; place <= putBack; place++ {
		in(t, setup{}, func(t *testing.T, s *site) {
			before := s.memberships()
			ctx, cancel := context.WithCancel(t.Context())
			s.beforePut(place, func([]byte) {
				time.AfterFunc(time.Second, cancel)
				time.Sleep(3 * time.Second)
			})
			s.run(ctx)
			require.False(t, s.probe.Unrestored)
			require.Equal(t, before, s.memberships())
			require.Len(t, s.puts(), min(place+2, putBack+1))
		})
	}
}

// A refused write that PrivX has made all the same is undone, too.
func TestRefusedAndMade(t *testing.T) {
	t.Parallel()
	in(t, setup{}, func(t *testing.T, s *site) {
		before := s.memberships()
		s.sim.Inject(put(privxsim.Fault{Kind: privxsim.FaultStatusAfter, Status: http.StatusBadRequest}))
		results := s.run(t.Context())
		require.False(t, s.probe.Unrestored, s.out)
		requireSafe(t, s, before, results)
		require.Equal(t, "[]", s.puts()[2])
	})
}

// Grants of roles by rules that come although PrivX has refused their entries may be
// somebody else's: they stay, and that is said loudly.
func TestGrantsAfterARefusal(t *testing.T) {
	t.Parallel()
	in(t, setup{options: privxsim.Options{GrantEveryEntry: true}}, func(t *testing.T, s *site) {
		s.sim.Inject(put(privxsim.Fault{Kind: privxsim.FaultStatusAfter, Status: http.StatusBadRequest, Count: 1}))
		results := s.run(t.Context())
		require.True(t, s.probe.Unrestored)
		require.Len(t, s.puts(), 1)
		require.Contains(t, s.out.String(), "ATTENTION: SOMETHING ELSE HAS CHANGED")
		require.Contains(t, s.out.String(), s.mapped)
		require.Equal(t, "changed", results["PX-PROBE-09"].Way)
	})
}

// Where PrivX takes long for each answer, the probe stops after a minute, and puts the list
// back.
func TestDeadline(t *testing.T) {
	t.Parallel()
	for _, latency := range []time.Duration{2 * time.Second, 3 * time.Second, 5 * time.Second, 6 * time.Second} {
		in(t, setup{options: privxsim.Options{Latency: latency}}, func(t *testing.T, s *site) {
			before := s.memberships()
			results := s.run(t.Context())
			ended := time.Now()
			requireSafe(t, s, before, results)
			require.False(t, s.probe.Unrestored, "%s: %s", latency, s.out)
			var written []time.Time
			for _, r := range s.sim.Requests() {
				if r.Method == http.MethodPut {
					written = append(written, r.Time)
				}
			}
			require.LessOrEqual(t, written[len(written)-2].Sub(written[0]), writeprobe.Budget)
			require.LessOrEqual(t, ended.Sub(written[0]), writeprobe.Budget+writeprobe.RestoreTime+10*time.Second)
			require.Equal(t, latency > 2*time.Second, results["PX-PROBE-05"].Way == "not-reached", "%s %+v", latency, results["PX-PROBE-05"])
		})
	}
}
