package connector_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/conductorone/baton-privx/internal/errorid"
	"github.com/conductorone/baton-privx/internal/errorid/errortest"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/types/grant"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zapcore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/config"
)

// What PrivX refuses has a code that baton-sdk does not try again, says what was
// being done and what can be done about it, and changes nothing.
func TestFailedGrantAndRevoke(t *testing.T) {
	t.Parallel()
	const everywhere = -1
	for name, c := range map[string]struct {
		role, user string // instead of the scene's
		fault      *privxsim.Fault
		cannot     bool // the API client lacks roles-manage
		grant      codes.Code
		revoke     codes.Code // OK: revoked already
		says       string
		writes     int // of each, or everywhere: does not matter
	}{
		"unknown user":      {user: nobody, grant: codes.NotFound, revoke: codes.OK, says: "OBJECT_NOT_FOUND"},
		"unknown role":      {role: nobody, grant: codes.NotFound, revoke: codes.OK, says: "GET /role-store/api/v1/roles/{id}", writes: everywhere},
		"not a user's id":   {user: "alice", grant: codes.InvalidArgument, revoke: codes.InvalidArgument, says: "not a UUID"},
		"an id that climbs": {user: "..", grant: codes.InvalidArgument, revoke: codes.InvalidArgument, says: "malformed id"},
		"no id":             {user: " ", grant: codes.InvalidArgument, revoke: codes.InvalidArgument, says: "id"},
		"no roles-manage":   {cannot: true, grant: codes.PermissionDenied, revoke: codes.PermissionDenied, says: "the permission roles-manage", writes: 1},
		"roles cannot be read": {
			fault: &privxsim.Fault{Path: rolesOfPath, Status: 403},
			grant: codes.PermissionDenied, revoke: codes.PermissionDenied, says: "the permission users-view and roles-view",
		},
		"a page for a 404": {
			fault: &privxsim.Fault{Path: rolesOfPath, Kind: privxsim.FaultHTML, Status: 404},
			grant: codes.FailedPrecondition, revoke: codes.FailedPrecondition, says: "check that base-url",
		},
		"a page": {
			fault: &privxsim.Fault{Path: rolesOfPath, Kind: privxsim.FaultHTML},
			grant: codes.FailedPrecondition, revoke: codes.FailedPrecondition, says: "not JSON",
		},
		"half a list": {
			fault: &privxsim.Fault{Path: rolesOfPath, Kind: privxsim.FaultTruncated},
			grant: codes.FailedPrecondition, revoke: codes.FailedPrecondition, says: "not the JSON",
		},
		"a list that is cut": {
			fault: &privxsim.Fault{Path: rolesOfPath, Status: 200, Body: `{"count":3,"items":[]}`},
			grant: codes.FailedPrecondition, revoke: codes.FailedPrecondition, says: "GET /role-store/api/v1/users/{id}/roles",
		},
		"null": {
			fault: &privxsim.Fault{Path: rolesOfPath, Kind: privxsim.FaultNull},
			grant: codes.FailedPrecondition, revoke: codes.FailedPrecondition, says: "not a JSON object",
		},
		"a write that is refused": {
			fault: &privxsim.Fault{Method: "PUT", Status: 400},
			grant: codes.InvalidArgument, revoke: codes.InvalidArgument, says: "PUT /role-store/api/v1/users/{id}/roles", writes: 1,
		},
		"a write that conflicts": { // and is no grant that exists already
			fault: &privxsim.Fault{Method: "PUT", Status: 409},
			grant: codes.FailedPrecondition, revoke: codes.FailedPrecondition, says: "409", writes: 1,
		},
		"a write that is 501": {
			fault: &privxsim.Fault{Method: "PUT", Status: 501},
			grant: codes.FailedPrecondition, revoke: codes.FailedPrecondition, says: "501", writes: 1,
		},
		"a user that the search knows": {
			fault: &privxsim.Fault{Method: "GET", Path: rolesOfPath, Status: 404},
			grant: codes.NotFound, revoke: codes.FailedPrecondition, says: "GET",
		},
		"no token": {
			fault: &privxsim.Fault{Path: "/auth/api/v1/oauth/token", Status: 401},
			grant: codes.Unauthenticated, revoke: codes.Unauthenticated, says: "the credentials were refused",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := provisioningStore()
			if c.cannot {
				store = plainStore()
			}
			x := newSceneWith(t, store, privxsim.Options{}, func(*config.Privx) {})
			// A role to revoke, and one to grant.
			other := store.AddRole(privxsim.Role{Name: "other"}).ID
			store.GrantExplicit(other, x.user, privxsim.Grant{})
			role, revoked, user := x.role, other, x.user
			if c.role != "" {
				role, revoked = c.role, c.role
			}
			if c.user != "" {
				user = c.user
			}
			before := store.Memberships()
			if c.fault != nil {
				x.sim.Inject(*c.fault)
			}

			_, _, err := x.grant(role, stub("user", user))
			require.Equal(t, c.grant.String(), status.Code(err).String(), "%v", err)
			require.ErrorContains(t, err, c.says)
			require.ErrorContains(t, err, "baton-privx: granting role "+role+" for user "+user+": ")
			_, cancelled := grant.IsErrGrantCancelled(err)
			require.False(t, cancelled, "it failed, and was not declined")

			notes, err := x.revoke(revoked, stub("user", user))
			require.Equal(t, c.revoke.String(), status.Code(err).String(), "%v", err)
			if c.revoke == codes.OK {
				_, already := pick(t, notes, &v2.GrantAlreadyRevoked{})
				require.True(t, already)
			} else {
				require.ErrorContains(t, err, c.says)
				require.ErrorContains(t, err, "baton-privx: revoking role "+revoked+" for user "+user+": ")
			}
			if c.writes != everywhere {
				require.Equal(t, 2*c.writes, x.writes())
			}
			require.Equal(t, before, store.Memberships())
		})
	}
}

// While PrivX is upgraded it takes no change, with whatever status it says so.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	for _, code := range []int{400, 403, 404, 405, 409, 423, 500, 503} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			t.Parallel()
			x := newScene(t, privxsim.Options{ReadOnlyStatus: code})
			held := x.store.AddRole(privxsim.Role{Name: "held"}).ID
			x.store.GrantExplicit(held, x.user, privxsim.Grant{})
			x.sim.SetReadOnly(true)
			_, _, err := x.grant(x.role, stub("user", x.user))
			require.Equal(t, codes.FailedPrecondition.String(), status.Code(err).String(), "%v", err)
			require.ErrorContains(t, err, "PrivX is being upgraded and is read-only")
			_, cancelled := grant.IsErrGrantCancelled(err)
			require.False(t, cancelled)
			_, err = x.revoke(held, stub("user", x.user))
			require.Equal(t, codes.FailedPrecondition.String(), status.Code(err).String(), "%v", err)
			require.ErrorContains(t, err, "PrivX is being upgraded and is read-only")

			x.sim.SetReadOnly(false)
			x.mustGrant(x.role, x.user)
			x.mustRevoke(held, x.user)
			require.True(t, x.membership(x.role, x.user).Explicit)
			require.False(t, x.membership(held, x.user).Explicit)
		})
	}
}

// What a grant and a revoke cost: three calls, one where nothing is to be done, and
// one more a process, which asks who the connector is.
func TestWhatAChangeCosts(t *testing.T) {
	t.Parallel()
	x := newScene(t, privxsim.Options{})
	kept := x.store.AddRole(privxsim.Role{Name: "kept"}).ID
	x.mustGrant(kept, x.user)
	for _, c := range []struct {
		run   func()
		calls int
	}{
		{func() { x.mustGrant(x.role, x.user) }, 3},
		{func() { x.mustGrant(x.role, x.user) }, 1},
		{func() { x.mustRevoke(x.role, x.user) }, 3},
	} {
		x.sim.ResetRequests()
		c.run()
		require.Len(t, x.sim.Requests(), c.calls)
	}
	require.Zero(t, x.sim.CountRequests("GET", currentUserPath), "it was asked before the first one")
}

// atOnce makes n calls beside each other.
func atOnce(n int, call func(i int) error) []error {
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { errs[i] = call(i) })
	}
	all.Wait()
	return errs
}

// Through baton-sdk, beside a whole sync: none of many grants for one user is
// lost, nor what he held before, nor is anything that was revoked beside them
// still there.
func TestManyAtOnceForOneUser(t *testing.T) {
	t.Parallel()
	const revokes = 5
	for _, grants := range []int{10, 50} {
		t.Run(fmt.Sprint(grants), func(t *testing.T) {
			t.Parallel()
			if testing.Short() {
				t.Skip("make test waits for dozens of changes of one user, one after the other")
			}
			store := privxsim.Seed(privxsim.SeedOptions{Users: 20, Roles: 5})
			user := store.AddUser(privxsim.User{Principal: "alice"}).ID
			kept := store.AddRole(privxsim.Role{Name: "kept"}).ID
			keptGrant := privxsim.Grant{Type: "TIME_RESTRICTED", Periods: []privxsim.Period{{Start: "2020-01-01T00:00:00Z", End: "2020-02-01T00:00:00Z"}}}
			store.GrantExplicit(kept, user, keptGrant)
			extra := map[string]json.RawMessage{"x_ticket": json.RawMessage("1.50")}
			store.SetEntryExtra(kept, user, extra)
			var granted, revoked []string
			for i := range grants {
				granted = append(granted, store.AddRole(privxsim.Role{Name: fmt.Sprintf("granted %d", i)}).ID)
			}
			for i := range revokes {
				revoked = append(revoked, store.AddRole(privxsim.Role{Name: fmt.Sprintf("revoked %d", i)}).ID)
				store.GrantExplicit(revoked[i], user, privxsim.Grant{})
			}
			x := newTenant(t, store, privxsim.Options{})
			manager := v2.NewGrantManagerServiceClient(x.client())

			changed := make(chan []error, 1)
			go func() {
				changed <- atOnce(revokes+grants, func(i int) error {
					if i < revokes {
						_, err := manager.Revoke(x.ctx, revokeRequest(revoked[i], stub("user", user), grant.UnknownGrantId))
						return err
					}
					_, err := manager.Grant(x.ctx, grantRequest(granted[i-revokes], stub("user", user)))
					return err
				})
			}()
			x.mustSync()
			for _, err := range <-changed {
				require.NoError(t, err)
			}

			s := x.mustSync()
			x.requireComplete(s)
			for i, role := range granted {
				require.True(t, x.membership(role, user).Explicit, "grant %d of %d is lost", i, grants)
				require.Contains(t, s.grants, grantID(role, user))
			}
			for i, role := range revoked {
				require.False(t, x.membership(role, user).Explicit, "revoke %d of %d is lost", i, revokes)
				require.NotContains(t, s.grants, grantID(role, user))
			}
			held := x.membership(kept, user)
			require.Equal(t, keptGrant.Periods, held.Grant.Periods)
			require.Equal(t, extra, held.Extra)
			require.Equal(t, revokes+grants, x.writesDone(), "each was written once")
			require.Empty(t, x.logs.FilterMessageSnippet("something else changed").All())
		})
	}
}

// What something else changed between a write and its verification is told to the
// operator.
func TestForeignChangeIsToldOf(t *testing.T) {
	t.Parallel()
	x := newScene(t, privxsim.Options{})
	other := x.store.AddRole(privxsim.Role{Name: "other"}).ID
	var once sync.Once
	x.sim.OnResponse(func(r privxsim.Request) {
		if r.Method == http.MethodPut {
			once.Do(func() { x.store.GrantExplicit(other, x.user, privxsim.Grant{}) })
		}
	})
	x.mustGrant(x.role, x.user)
	require.True(t, x.membership(x.role, x.user).Explicit)
	require.True(t, x.membership(other, x.user).Explicit)
	warned := x.logs.FilterMessageSnippet("something else changed the same user's roles").All()
	require.Len(t, warned, 1)
	require.Equal(t, zapcore.WarnLevel, warned[0].Level)
	require.Equal(t, []any{other}, warned[0].ContextMap()["other_role_ids"])
}

// A caller who has gone away is not told that something was refused.
func TestCancelledCall(t *testing.T) {
	t.Parallel()
	for name, path := range map[string]string{"asking who it is": currentUserPath, "reading the roles": rolesOfPath} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newSceneWith(t, provisioningStore(), oauthOnlyWorks(), oauthOnly)
			x.sim.Inject(privxsim.Fault{Path: path, Kind: privxsim.FaultStall})
			ctx, cancel := context.WithCancel(x.ctx)
			x.sim.OnRequest(func(r privxsim.Request) {
				if r.Method == http.MethodGet && (path == r.Path || path == rolesOfPath && strings.HasSuffix(r.Path, "/roles")) {
					cancel()
				}
			})
			_, err := x.builder().Grant(ctx, grantRequest(x.role, stub("user", x.user)))
			require.ErrorIs(t, err, context.Canceled)
			require.Equal(t, errorid.Cancelled, errortest.ID(t, err.Error()))
			require.NotEqual(t, codes.FailedPrecondition, status.Code(err), "%v", err)
		})
	}
}
