package connector_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	rs "github.com/conductorone/baton-sdk/pkg/types/resource"
	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/connector"
)

// bareRole is a role with nothing but its id.
func bareRole(id string) *v2.Resource {
	return v2.Resource_builder{Id: v2.ResourceId_builder{ResourceType: "role", Resource: id}.Build()}.Build()
}

// sharing is a tenant with two roles that one user holds, and two calls that list
// their members and wait for the user's roles.
type sharing struct {
	*tenant

	userRoles string // the path of the user's roles
	roles     [2]*v2.Resource
	leave     [2]context.CancelFunc
	results   [2]chan error
}

// share runs a test after the two calls have begun and wait for the same request,
// which meets a fault.
func share(t *testing.T, fault privxsim.Fault, test func(s *sharing)) {
	t.Helper()
	store := plainStore()
	user := store.AddUser(privxsim.User{Principal: "both"}).ID
	s := &sharing{userRoles: "/role-store/api/v1/users/" + user + "/roles"}
	for i, name := range []string{"one", "other"} {
		role := store.AddRole(privxsim.Role{Name: name}).ID
		store.GrantExplicit(role, user, privxsim.Grant{})
		s.roles[i] = bareRole(role)
	}
	inBubble(t, store, privxsim.Options{MemberRoles: privxsim.MemberRolesNull}, allFour, func(x *tenant) {
		s.tenant = x
		fault.Path, fault.Count = s.userRoles, 1
		x.sim.Inject(fault)
		for i, role := range s.roles {
			ctx, leave := context.WithCancel(x.ctx)
			defer leave()
			s.leave[i], s.results[i] = leave, make(chan error, 1)
			go func() {
				s.results[i] <- s.list(ctx, role)
			}()
			synctest.Wait() // until it waits for PrivX, or for the other
		}
		s.requireAsked(1)
		test(s)
	})
}

// list lists the members of a role, of which there is one.
func (s *sharing) list(ctx context.Context, role *v2.Resource) error {
	grants, _, err := s.connector.ResourceSyncers(ctx)[1].Grants(ctx, role, rs.SyncOpAttrs{SyncID: "a sync"})
	if err == nil && len(grants) != 1 {
		err = fmt.Errorf("%d members", len(grants))
	}
	return err
}

// requireLeaves lets one of the two go away, which takes no time.
func (s *sharing) requireLeaves(i int) {
	s.t.Helper()
	began := time.Now()
	s.leave[i]()
	require.ErrorIs(s.t, <-s.results[i], context.Canceled)
	require.Zero(s.t, time.Since(began))
	synctest.Wait()
}

// requireAsked checks how often PrivX was asked for the user's roles.
func (s *sharing) requireAsked(times int) {
	s.t.Helper()
	require.Equal(s.t, times, s.sim.CountRequests("GET", s.userRoles))
}

// What several roles ask for at the same time is asked for once. Whoever goes away,
// the other has the answer.
func TestSharedCallOutlivesOneWhoLeaves(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]int{"who has begun it": 0, "who has joined": 1, "nobody": -1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			share(t, privxsim.Fault{Kind: privxsim.FaultSlowHeader, Delay: 10 * time.Second}, func(s *sharing) {
				if first >= 0 {
					s.requireLeaves(first)
				}
				for i := range s.results {
					if i != first {
						require.NoError(s.t, <-s.results[i])
					}
				}
				s.requireAsked(1)
			})
		})
	}
}

// When nobody waits any more, the request is ended, and so is what would follow it.
func TestSharedCallEndsWithTheLastWhoLeaves(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]privxsim.Fault{
		"without an answer": {Kind: privxsim.FaultStall}, // which would be asked again for after a minute
		"with an empty one": {Status: http.StatusOK, Body: `{"count":0,"items":[]}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			share(t, fault, func(s *sharing) {
				s.requireLeaves(0)
				s.requireLeaves(1)
				time.Sleep(time.Hour)
				s.requireAsked(1)
			})
		})
	}
}

// Who comes when the last one has left asks anew, also while what was left ends.
func TestSharedCallThatWasLeftIsNotJoined(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		share := connector.NewShared()
		ctx, leave := context.WithCancel(t.Context())
		left := make(chan error, 1)
		go func() {
			_, err := share(ctx, func(ctx context.Context) (int, error) {
				<-ctx.Done()
				time.Sleep(time.Second)
				return 1, nil
			})
			left <- err
		}()
		synctest.Wait()
		leave()
		synctest.Wait()
		got, err := share(t.Context(), func(context.Context) (int, error) { return 2, nil })
		require.NoError(t, err)
		require.Equal(t, 2, got)
		require.ErrorIs(t, <-left, context.Canceled)
	})
}

// The failure of one is not taken for the others'.
func TestFailedLookupFailsNoOther(t *testing.T) {
	t.Parallel()
	share(t, privxsim.Fault{Kind: privxsim.FaultSlowHeader, Delay: 10 * time.Second}, func(s *sharing) {
		bad := s.store.AddUser(privxsim.User{Principal: "bad"}).ID
		third := s.store.AddRole(privxsim.Role{Name: "third"}).ID
		for _, user := range s.store.Users() {
			if user.ID == bad || user.Principal == "both" {
				s.store.GrantExplicit(third, user.ID, privxsim.Grant{})
			}
		}
		s.sim.Inject(privxsim.Fault{Path: "/role-store/api/v1/users/" + bad + "/roles", Status: http.StatusForbidden})
		err := s.list(s.ctx, bareRole(third))
		require.ErrorContains(s.t, err, "reading the roles of user "+bad)
		for i := range s.results {
			require.NoError(s.t, <-s.results[i])
		}
		s.requireAsked(1)
	})
}
