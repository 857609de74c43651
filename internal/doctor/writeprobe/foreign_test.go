package writeprobe_test

import (
	"net/http"
	"path"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/privxsim"
)

// readsBefore are how many lists are read before the first write.
const readsBefore = 12

// foreign are the ways in which something else changes the user.
func foreign() []one {
	grantOther := func(s *site) func([]byte) {
		return func([]byte) { s.store.GrantExplicit(s.other, s.user, privxsim.Grant{}) }
	}
	return []one{
		{check: "PX-PROBE-03", way: "changed", loud: true, setup: arranged(func(s *site) { s.afterPut(putAsRead, grantOther(s)) })},
		{check: "PX-PROBE-03", way: "changed", loud: true, setup: arranged(func(s *site) { s.afterPut(putGrant, grantOther(s)) })},
		{check: "PX-PROBE-03", way: "changed", loud: true, setup: arranged(func(s *site) {
			s.afterPut(putGrant, func([]byte) { s.store.Map(s.other, s.user) })
		})},
		{check: "PX-PROBE-03", way: "unbegun", setup: arranged(func(s *site) {
			s.atRead(readsBefore, func() { s.store.Map(s.other, s.user) })
			time.AfterFunc(time.Minute, func() { s.store.Unmap(s.other, s.user) })
		})},
		{check: "PX-PROBE-03", way: "unbegun", setup: arranged(func(s *site) {
			s.atRead(readsBefore, func() { s.sim.Inject(get(status(http.StatusBadGateway))) })
		})},
		{check: "PX-PROBE-04", way: "changed", loud: true, setup: arranged(func(s *site) { s.afterPut(putRevoke, grantOther(s)) })},
		{check: "PX-PROBE-09", way: "changed", loud: true, setup: arranged(func(s *site) { s.afterPut(putAgain, grantOther(s)) })},
		{check: "PX-PROBE-09", way: "changed", loud: true, setup: arranged(func(s *site) { s.afterPut(putBack, grantOther(s)) })},
	}
}

// atRead calls a function before the n-th read of the list, from 1.
func (s *site) atRead(n int, f func()) {
	var reads atomic.Int32
	s.sim.OnRequest(func(r privxsim.Request) {
		if isRead(r) && int(reads.Add(1)) == n {
			f()
		}
	})
}

func isRead(r privxsim.Request) bool {
	ok, _ := path.Match(userRolesPath, r.Path)
	return ok && r.Method == http.MethodGet
}

// Whenever something else grants the user a role, that grant stays, and the probe undoes its
// own and no more. Only between the read before a write and the write itself nobody could
// see it.
func TestAnothersGrantStays(t *testing.T) {
	t.Parallel()
	requests := undisturbed(t)
	for _, i := range turns(requests) {
		if !isRead(requests[i]) {
			continue
		}
		in(t, setup{options: privxsim.Options{}}, func(t *testing.T, s *site) {
			before := s.memberships()
			var n atomic.Int32
			s.sim.OnRequest(func(privxsim.Request) {
				if int(n.Add(1)) == i+1 {
					s.store.GrantExplicit(s.other, s.user, privxsim.Grant{})
				}
			})
			results := s.run(t.Context())
			require.Len(t, s.memberships(), len(before)+1, "%d", i)
			require.Contains(t, s.memberships(), privxsim.Membership{
				RoleID: s.other, UserID: s.user, Explicit: true, Grant: privxsim.Grant{Type: privxsim.GrantPermanent},
			})
			require.Equal(t, len(s.puts()) > 0, s.probe.Unrestored)
			if s.probe.Unrestored {
				require.Contains(t, s.out.String(), "ATTENTION: SOMETHING ELSE HAS CHANGED THE ROLES OF THE USER "+s.user)
				require.Contains(t, s.out.String(), s.other)
				require.Equal(t, doctor.Failed, results["PX-PROBE-09"].Outcome)
				require.Equal(t, "changed", results["PX-PROBE-09"].Way)
			}
		})
	}
}

// The grant stays also if one node has shown it and the next one, which lags, does not.
func TestAnothersGrantStaysInACluster(t *testing.T) {
	t.Parallel()
	for place := putAsRead; place < putBack; place++ {
		for after := range 4 {
			options := privxsim.Options{Nodes: []privxsim.Node{{}, {Lag: 8 * time.Second}}, Route: writesTo(0)}
			in(t, setup{options: options}, func(t *testing.T, s *site) {
				var written, granted atomic.Bool
				var reads atomic.Int32
				s.afterPut(place, func([]byte) { written.Store(true) })
				s.sim.OnRequest(func(r privxsim.Request) {
					// It is made right before the node that does not lag is read.
					if written.Load() && isRead(r) && r.Node == 0 && int(reads.Add(1)) > after && granted.CompareAndSwap(false, true) {
						s.store.GrantExplicit(s.other, s.user, privxsim.Grant{})
					}
				})
				s.run(t.Context())
				require.Equal(t, []string{s.other}, s.held(), "place %d, %d reads later", place, after)
				require.True(t, s.probe.Unrestored)
				require.Contains(t, s.out.String(), "ATTENTION: SOMETHING ELSE HAS CHANGED")
			})
		}
	}
}

// Whenever something else takes the role away, the list is as it was in the end.
func TestAnotherTakesTheRoleAway(t *testing.T) {
	t.Parallel()
	requests := undisturbed(t)
	for _, i := range turns(requests) {
		in(t, setup{}, func(t *testing.T, s *site) {
			before := s.memberships()
			var n atomic.Int32
			s.sim.OnResponse(func(privxsim.Request) {
				if int(n.Add(1)) == i+1 {
					s.store.RemoveExplicit(s.role, s.user)
				}
			})
			s.run(t.Context())
			require.Equal(t, before, s.memberships())
			require.False(t, s.probe.Unrestored)
			require.Contains(t, []string{"", "a"}, s.visit.Answers["PXQ-064"].Side)
		})
	}
}

// held are the ids of the roles that the user holds by a grant.
func (s *site) held() []string {
	var ids []string
	for _, m := range s.memberships() {
		if m.UserID == s.user && m.Explicit {
			ids = append(ids, m.RoleID)
		}
	}
	return ids
}
