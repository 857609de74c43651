package writeprobe_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/privxsim"
)

// cluster is a PrivX whose nodes lag, each by another time, and know new tokens late.
func cluster(seed int64) privxsim.Options {
	return privxsim.Options{Seed: seed, AffinityCookie: seed%2 == 0, Nodes: []privxsim.Node{
		{Lag: 9 * time.Second}, {Lag: 3 * time.Second, TokenLag: 2 * time.Second}, {ClockOffset: -5 * time.Second},
	}}
}

// seeds are how many clusters a test has.
func seeds() int64 {
	if testing.Short() {
		return 4
	}
	return 20
}

// In a cluster, too, the list is as it was in the end: also if a write comes to nothing, or
// fails and is made, and whenever the run is interrupted.
func TestCluster(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]privxsim.Fault{
		"undisturbed": {Kind: privxsim.FaultHeader}, "dropped": {Kind: privxsim.FaultDropWrite}, "reset": {Kind: privxsim.FaultResetAfter},
		"500": {Status: http.StatusInternalServerError},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range seeds() {
				in(t, setup{options: cluster(seed)}, func(t *testing.T, s *site) {
					before := s.memberships()
					once := fault
					once.Skip, once.Count = int(seed)%10, 1
					s.sim.Inject(put(once))
					results := s.run(t.Context())
					require.False(t, s.probe.Unrestored, s.out)
					require.Equal(t, before, s.memberships())
					requireSafe(t, s, before, results)
					require.Contains(t, []string{"", "a", "b"}, s.visit.Answers["PXQ-064"].Side)
				})
			}
		})
		t.Run(name+", interrupted", func(t *testing.T) {
			t.Parallel()
			for seed := range seeds() {
				in(t, setup{options: cluster(seed)}, func(t *testing.T, s *site) {
					before := s.memberships()
					s.sim.Inject(put(fault))
					ctx, cancel := context.WithCancel(t.Context())
					var n atomic.Int32
					s.sim.OnRequest(func(privxsim.Request) {
						if n.Add(1) == 2*int32(seed)+14 {
							s.sim.ClearFaults()
							cancel()
						}
					})
					s.run(ctx)
					require.False(t, s.probe.Unrestored, s.out)
					require.Equal(t, before, s.memberships())
				})
			}
		})
	}
}

// The write that puts the list back comes to nothing, and a node still shows the list from
// before everything was written: that is not taken for the end.
func TestAnOldListIsNotTakenForTheEnd(t *testing.T) {
	t.Parallel()
	// A node that lags shows no role until 9 s after the grant, and the run is interrupted at once.
	options := privxsim.Options{Nodes: []privxsim.Node{{}, {Lag: 9 * time.Second}}, Route: func(r privxsim.Request) int {
		if r.Method == http.MethodPut {
			return 0
		}
		return 1
	}}
	in(t, setup{options: options}, func(t *testing.T, s *site) {
		before := s.memberships()
		ctx, cancel := context.WithCancel(t.Context())
		s.afterPut(putGrant, func([]byte) { cancel() })
		s.sim.Inject(put(privxsim.Fault{Kind: privxsim.FaultDropWrite, Skip: 2, Count: 1}))
		s.run(ctx)
		require.Equal(t, before, s.memberships())
		require.False(t, s.probe.Unrestored)
		require.Len(t, s.puts(), 4)
	})
}

// A node that restarts and shows nothing for a while takes nothing away, and is not believed.
func TestANodeThatRestarts(t *testing.T) {
	t.Parallel()
	requests := undisturbed(t)
	for _, i := range turns(requests) {
		in(t, setup{options: privxsim.Options{Nodes: []privxsim.Node{{Empty: 5 * time.Second}, {}}}}, func(t *testing.T, s *site) {
			time.Sleep(time.Minute)
			before := s.memberships()
			var n atomic.Int32
			s.sim.OnRequest(func(privxsim.Request) {
				if int(n.Add(1)) == i+1 {
					s.sim.RestartNode(0)
				}
			})
			results := s.run(t.Context())
			require.False(t, s.probe.Unrestored, "%d: %s", i, s.out)
			requireSafe(t, s, before, results)
		})
	}
}

// Whatever else PrivX may do, the list is as it was in the end.
func TestManners(t *testing.T) {
	t.Parallel()
	for name, options := range map[string]privxsim.Options{
		"grants every entry": {GrantEveryEntry: true}, "splits": {SplitMemberships: true}, "hides privx-user": {HideUserRole: true},
		"counts nothing": {Count: privxsim.CountOmitted}, "ignores unknown roles": {UnknownRoles: privxsim.UnknownRolesIgnored},
		"grants every entry and lags": {GrantEveryEntry: true, Nodes: []privxsim.Node{{}, {Lag: 4 * time.Second}}},
		"null in the record":          {UserRolesNull: true}, "short tokens": {TokenTTL: 15 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in(t, setup{options: options}, func(t *testing.T, s *site) {
				before := s.memberships()
				results := s.run(t.Context())
				require.False(t, s.probe.Unrestored, s.out)
				requireSafe(t, s, before, results)
				require.Empty(t, results["PX-PROBE-09"].Way)
			})
		})
		t.Run(name+", killed", func(t *testing.T) {
			t.Parallel()
			if testing.Short() {
				t.Skip("TestKilled is the same with the usual manners")
			}
			for place := putAsRead; place <= putBack; place++ {
				in(t, setup{options: options}, func(t *testing.T, s *site) {
					before := s.memberships()
					s.kill(t, place)
					s.byHand(t)
					require.Equal(t, before, s.memberships())
				})
			}
		})
	}
}
