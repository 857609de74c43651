package connector_test

import (
	"testing"

	"github.com/conductorone/baton-privx/internal/errorid"
	"github.com/conductorone/baton-privx/internal/errorid/errortest"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/annotations"
	"github.com/conductorone/baton-sdk/pkg/types/grant"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zapcore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/conductorone/baton-privx/internal/privxsim"
)

// A revoke works from the principal and the entitlement, whatever is said to be
// the grant's id, and is written once.
func TestRevoke(t *testing.T) {
	t.Parallel()
	for name, id := range map[string]string{"the id": "", "the placeholder": grant.UnknownGrantId, "another's id": grantID(nobody, nobody)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newScene(t, privxsim.Options{})
			other := x.store.AddRole(privxsim.Role{Name: "other"}).ID
			for _, role := range []string{x.role, other} {
				x.store.GrantExplicit(role, x.user, privxsim.Grant{})
			}
			if id == "" {
				id := grantID(x.role, x.user)
				require.Contains(t, x.mustSync().grants, id)
			}
			manager := v2.NewGrantManagerServiceClient(x.client())
			got, err := manager.Revoke(x.ctx, revokeRequest(x.role, stub("user", x.user), id))
			require.NoError(t, err)
			require.Empty(t, got.GetAnnotations())
			require.Len(t, x.logs.FilterMessage("baton-privx: done and verified: revoking a role").All(), 1)
			s := x.mustSync()
			x.requireComplete(s)
			require.NotContains(t, s.grants, grantID(x.role, x.user))
			require.Contains(t, s.grants, grantID(other, x.user))

			got, err = manager.Revoke(x.ctx, revokeRequest(x.role, stub("user", x.user), id))
			require.NoError(t, err)
			_, already := pick(t, got.GetAnnotations(), &v2.GrantAlreadyRevoked{})
			require.True(t, already)
			require.Equal(t, 1, x.writes())
		})
	}
}

// What is gone is revoked: the user, or the role.
func TestRevokeOfWhatIsGone(t *testing.T) {
	t.Parallel()
	for name, remove := range map[string]func(x *scene){
		"the user": func(x *scene) { x.store.RemoveUser(x.user) },
		"the role": func(x *scene) { x.store.RemoveRole(x.role) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newScene(t, privxsim.Options{})
			x.mustGrant(x.role, x.user)
			remove(x)
			notes := x.mustRevoke(x.role, x.user)
			_, already := pick(t, notes, &v2.GrantAlreadyRevoked{})
			require.True(t, already)
			require.Equal(t, 1, x.writes(), "the grant's own")
		})
	}
}

// A 404 is not believed where it could be anybody's.
func TestRevokeBelievesNoOther404(t *testing.T) {
	t.Parallel()
	for name, search := range map[string]privxsim.Fault{
		"a page for the search":   {Path: searchPath, Kind: privxsim.FaultHTML, Status: 404},
		"a search that says 404":  {Path: searchPath, Status: 404},
		"a search that is denied": {Path: searchPath, Status: 403},
		"others were found":       {Path: searchPath, Status: 200, Body: `{"count":2,"items":[{"id":"` + nobody + `"},{"id":"` + privxsim.DefaultAPIClientID + `"}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newScene(t, privxsim.Options{})
			x.store.GrantExplicit(x.role, x.user, privxsim.Grant{})
			x.sim.Inject(privxsim.Fault{Method: "GET", Path: rolesOfPath, Status: 404})
			x.sim.Inject(search)
			_, err := x.revoke(x.role, stub("user", x.user))
			require.Error(t, err)
			require.NotEqual(t, codes.NotFound, status.Code(err), "%v", err)
			require.Zero(t, x.writes())
		})
	}
}

// A membership that only the role's mapping rules can end is not said to be revoked.
func TestRevokeOfAMappedMembership(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault *privxsim.Fault
		words string
	}{
		"with the rules":               {words: ruleWords},
		"the role cannot be read":      {&privxsim.Fault{Method: "GET", Path: rolesPath + "/*", Status: 403}, "the mapping rules of the role in PrivX"},
		"the directories are not told": {&privxsim.Fault{Method: "GET", Path: sourcesPath, Status: 403}, "matching (cn=x)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newScene(t, privxsim.Options{})
			x.store.Map(x.role, x.user)
			if c.fault != nil {
				x.sim.Inject(*c.fault)
			}
			_, err := x.revoke(x.role, stub("user", x.user))
			require.Equal(t, codes.FailedPrecondition, status.Code(err), "%v", err)
			require.ErrorContains(t, err, "the user holds the role through its mapping rules alone")
			require.ErrorContains(t, err, c.words)
			require.Equal(t, errorid.MappedOnly, errortest.ID(t, err.Error()))
			require.Zero(t, x.writes())
			require.True(t, x.membership(x.role, x.user).Implicit)

			// Explicit as well, the explicit part goes, and what stays is told.
			x.store.GrantExplicit(x.role, x.user, privxsim.Grant{})
			notes := x.mustRevoke(x.role, x.user)
			requireRemains(t, x.tenant, notes, x.role, c.words)
			require.Equal(t, 1, x.writes())
			require.Equal(t, privxsim.Membership{RoleID: x.role, UserID: x.user, Implicit: true}, x.membership(x.role, x.user))
		})
	}
}

// requireRemains wants a revoke's answer, and a warning, that say through which
// rules the user keeps the role.
func requireRemains(t *testing.T, x *tenant, notes annotations.Annotations, role, words string) {
	t.Helper()
	_, already := pick(t, notes, &v2.GrantAlreadyRevoked{})
	require.False(t, already)
	immutable, found := pick(t, notes, &v2.GrantImmutable{})
	require.True(t, found)
	require.Equal(t, role, immutable.GetSourceId())
	require.Contains(t, immutable.GetMetadata().AsMap()["mapping_rules"], words)
	warned := x.logs.FilterMessage("baton-privx: the explicit membership was revoked, and the user keeps the role through its mapping rules").All()
	require.Len(t, warned, 1)
	require.Equal(t, zapcore.WarnLevel, warned[0].Level)
	require.Contains(t, warned[0].ContextMap()["mapping_rules"], words)
	require.Equal(t, role, warned[0].ContextMap()["role_id"])
}

// Everybody holds privx-user, so that nobody can lose it, whether PrivX puts it
// among the user's roles or not.
func TestPrivxUserIsNeverRevoked(t *testing.T) {
	t.Parallel()
	const builtIn = "built in: every user is a member"
	const otherList = `{"count":1,"items":[{"id":"` + nobody + `","explicit":true}]}`
	t.Run("among the roles", func(t *testing.T) {
		t.Parallel()
		x := newScene(t, privxsim.Options{})
		_, err := x.revoke(x.store.UserRoleID(), stub("user", x.user))
		require.Equal(t, codes.FailedPrecondition, status.Code(err), "%v", err)
		require.ErrorContains(t, err, builtIn)
		require.NotContains(t, err.Error(), "a change of the rules", "there are none")
		require.Zero(t, x.writes())

		x.mustGrant(x.store.UserRoleID(), x.user)
		requireRemains(t, x.tenant, x.mustRevoke(x.store.UserRoleID(), x.user), x.store.UserRoleID(), builtIn)
	})
	for name, list := range map[string]string{"not among the roles": otherList, "no roles": `{"count":0,"items":[]}`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newScene(t, privxsim.Options{})
			x.sim.Inject(privxsim.Fault{Method: "GET", Path: rolesOfPath, Status: 200, Body: list})
			_, err := x.revoke(x.store.UserRoleID(), stub("user", x.user))
			require.Equal(t, codes.FailedPrecondition, status.Code(err), "%v", err)
			require.ErrorContains(t, err, builtIn)
			require.Equal(t, errorid.Everybodys, errortest.ID(t, err.Error()))
			require.Zero(t, x.writes())
		})
	}
	t.Run("not among the roles, but granted on top", func(t *testing.T) {
		t.Parallel()
		x := newScene(t, privxsim.Options{})
		role := x.store.UserRoleID()
		x.sim.Inject(privxsim.Fault{Method: "GET", Path: rolesOfPath, Status: 200, Count: 1,
			Body: `{"count":1,"items":[{"id":"` + role + `","explicit":true,"grant_type":"PERMANENT"}]}`})
		x.sim.Inject(privxsim.Fault{Method: "GET", Path: rolesOfPath, Status: 200, Body: `{"count":0,"items":[]}`})
		requireRemains(t, x.tenant, x.mustRevoke(role, x.user), role, builtIn)
		require.Equal(t, 1, x.writes())
	})
	t.Run("but who is gone has lost it", func(t *testing.T) {
		t.Parallel()
		x := newScene(t, privxsim.Options{})
		x.store.RemoveUser(x.user)
		_, already := pick(t, x.mustRevoke(x.store.UserRoleID(), x.user), &v2.GrantAlreadyRevoked{})
		require.True(t, already)
	})
	t.Run("the role cannot be read", func(t *testing.T) {
		t.Parallel()
		x := newScene(t, privxsim.Options{})
		x.sim.Inject(privxsim.Fault{Method: "GET", Path: rolesOfPath, Status: 200, Body: otherList})
		x.sim.Inject(privxsim.Fault{Method: "GET", Path: rolesPath + "/*", Status: 403})
		_, err := x.revoke(x.store.UserRoleID(), stub("user", x.user))
		require.Equal(t, codes.PermissionDenied, status.Code(err), "%v", err)
	})
}

// A revoke that was made and verified is one, whatever PrivX would answer to more
// questions: there are none.
func TestRevokeThatWasMadeAsksNothingMore(t *testing.T) {
	t.Parallel()
	x := newScene(t, privxsim.Options{})
	x.store.GrantExplicit(x.role, x.user, privxsim.Grant{})
	x.sim.Inject(privxsim.Fault{Method: "GET", Path: rolesPath + "/*", Status: 403})
	require.Empty(t, x.mustRevoke(x.role, x.user))
	require.False(t, x.membership(x.role, x.user).Explicit)
	require.Zero(t, x.sim.CountRequests("GET", rolesPath+"/*"))
}
