package connector_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/annotations"
	"github.com/conductorone/baton-sdk/pkg/types/grant"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zapcore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/config"
)

const (
	currentUserPath = "/role-store/api/v1/users/current"
	ruleWords       = "users of Local users matching (cn=x)"
	nobody          = "00000000-0000-4000-8000-00000000dead"
)

// scene is a tenant with a role that has mapping rules, and a user who is
// nothing but a user.
type scene struct {
	*tenant

	role, user string
}

// provisioningStore is plainStore whose API client may also grant roles.
func provisioningStore() *privxsim.Store {
	store := plainStore()
	role := store.AddRole(privxsim.Role{Name: "provisioner", Permissions: []string{"roles-manage"}})
	store.GrantExplicit(role.ID, privxsim.DefaultAPIClientID, privxsim.Grant{})
	return store
}

func newScene(t *testing.T, options privxsim.Options) *scene {
	t.Helper()
	return newSceneWith(t, provisioningStore(), options, func(*config.Privx) {})
}

func newSceneWith(t *testing.T, store *privxsim.Store, options privxsim.Options, adjust func(*config.Privx)) *scene {
	t.Helper()
	role, user := addScene(store)
	return &scene{newTenantWith(t, store, options, adjust), role, user}
}

func addScene(store *privxsim.Store) (string, string) {
	role := store.AddRole(privxsim.Role{
		Name: "Operators", Rules: privxsim.Rule{Type: "RULE", Source: store.LocalSourceID(), SearchString: "(cn=x)"},
	})
	return role.ID, store.AddUser(privxsim.User{Principal: "alice", FullName: "Alice Example"}).ID
}

// oauthOnly leaves the configuration without the API client's name.
func oauthOnly(cfg *config.Privx) { cfg.ApiClientId, cfg.ApiClientSecret = "", "" }

// oauthOnlyWorks are the manners of a PrivX that lets such a client in.
func oauthOnlyWorks() privxsim.Options {
	return privxsim.Options{OAuthClientCredentials: true, OAuthPrincipal: privxsim.DefaultAPIClientID}
}

// stub is a resource of which nothing but the id is known.
func stub(kind, id string) *v2.Resource {
	return v2.Resource_builder{Id: v2.ResourceId_builder{ResourceType: kind, Resource: id}.Build()}.Build()
}

func entitlementOf(role string) *v2.Entitlement {
	return v2.Entitlement_builder{Id: "role:" + role + ":assigned", Resource: stub("role", role)}.Build()
}

func grantRequest(role string, principal *v2.Resource) *v2.GrantManagerServiceGrantRequest {
	return v2.GrantManagerServiceGrantRequest_builder{Entitlement: entitlementOf(role), Principal: principal}.Build()
}

func revokeRequest(role string, principal *v2.Resource, id string) *v2.GrantManagerServiceRevokeRequest {
	return v2.GrantManagerServiceRevokeRequest_builder{Grant: v2.Grant_builder{
		Id: id, Entitlement: entitlementOf(role), Principal: principal,
	}.Build()}.Build()
}

// grant grants as ConductorOne does. The grant is nil where none was given.
func (x *tenant) grant(role string, principal *v2.Resource) (*v2.Grant, annotations.Annotations, error) {
	x.t.Helper()
	got, err := v2.NewGrantManagerServiceClient(x.client()).Grant(x.ctx, grantRequest(role, principal))
	if err != nil {
		return nil, nil, err
	}
	require.Len(x.t, got.GetGrants(), 1)
	return got.GetGrants()[0], got.GetAnnotations(), nil
}

func (x *tenant) mustGrant(role, user string) (*v2.Grant, annotations.Annotations) {
	x.t.Helper()
	got, notes, err := x.grant(role, stub("user", user))
	require.NoError(x.t, err)
	return got, notes
}

// revoke revokes as ConductorOne does where it does not know the grant's id.
func (x *tenant) revoke(role string, principal *v2.Resource) (annotations.Annotations, error) {
	x.t.Helper()
	got, err := v2.NewGrantManagerServiceClient(x.client()).Revoke(x.ctx, revokeRequest(role, principal, grant.UnknownGrantId))
	return got.GetAnnotations(), err
}

func (x *tenant) mustRevoke(role, user string) annotations.Annotations {
	x.t.Helper()
	notes, err := x.revoke(role, stub("user", user))
	require.NoError(x.t, err)
	return notes
}

// membership is how the simulated PrivX knows a membership.
func (x *tenant) membership(role, user string) privxsim.Membership {
	for _, m := range x.store.Memberships() {
		if m.RoleID == role && m.UserID == user {
			return m
		}
	}
	return privxsim.Membership{RoleID: role, UserID: user}
}

// writes is how often a user's roles were written.
func (x *tenant) writes() int { return x.sim.CountRequests(http.MethodPut, "") }

// writesDone is how often they were written and PrivX did it. What carries the
// token of a sync that has just logged out is sent again.
func (x *tenant) writesDone() int {
	return len(slices.DeleteFunc(x.sim.Requests(), func(r privxsim.Request) bool {
		return r.Method != http.MethodPut || r.Status == http.StatusUnauthorized
	}))
}

// requireSameGrant compares the answer to a grant with the row that a sync made.
func requireSameGrant(t *testing.T, row, got *v2.Grant) {
	t.Helper()
	require.NotNil(t, row)
	require.Equal(t, row.GetId(), got.GetId())
	require.Equal(t, row.GetPrincipal().GetId().String(), got.GetPrincipal().GetId().String())
	require.Equal(t, row.GetEntitlement().GetId(), got.GetEntitlement().GetId())
	require.Equal(t, row.GetEntitlement().GetResource().GetId().String(), got.GetEntitlement().GetResource().GetId().String())
	for _, of := range []*v2.Grant{row, got} {
		_, immutable := pick(t, of.GetAnnotations(), &v2.GrantImmutable{})
		require.False(t, immutable, "what is explicit can be revoked")
	}
	want, found := pick(t, row.GetAnnotations(), &v2.GrantMetadata{})
	require.True(t, found)
	have, found := pick(t, got.GetAnnotations(), &v2.GrantMetadata{})
	require.True(t, found)
	require.Equal(t, want.GetMetadata().AsMap(), have.GetMetadata().AsMap())
}

// What was granted is what the next sync finds, in the same words, whatever the
// membership was before; PrivX is written to only where that is needed (P1, P2).
func TestGrant(t *testing.T) {
	t.Parallel()
	const past, future, far = "2020-01-01T00:00:00Z", "2090-01-01T00:00:00Z", "2091-01-01T00:00:00Z"
	for name, c := range map[string]struct {
		held    *privxsim.Grant
		mapped  bool
		already bool
		want    map[string]any
	}{
		"nothing": {want: map[string]any{"explicit": true, "implicit": false, "grant_type": "PERMANENT"}},
		"mapped":  {mapped: true, want: map[string]any{"explicit": true, "implicit": true, "grant_type": "PERMANENT"}},
		"permanent": {
			held: &privxsim.Grant{Type: "PERMANENT"}, already: true,
			want: map[string]any{"explicit": true, "implicit": false, "grant_type": "PERMANENT"},
		},
		"permanent and mapped": {
			held: &privxsim.Grant{Type: "PERMANENT"}, mapped: true, already: true,
			want: map[string]any{"explicit": true, "implicit": true, "grant_type": "PERMANENT"},
		},
		"floating": {
			held: &privxsim.Grant{Type: "FLOATING", FloatingHours: 8}, already: true,
			want: map[string]any{"explicit": true, "implicit": false, "grant_type": "FLOATING", "floating_hours": float64(8)},
		},
		"of a type to come": {
			held: &privxsim.Grant{Type: "BY_MOONLIGHT"}, already: true,
			want: map[string]any{"explicit": true, "implicit": false, "grant_type": "BY_MOONLIGHT"},
		},
		"in force for a time": {
			held: &privxsim.Grant{Type: "TIME_RESTRICTED", Periods: []privxsim.Period{{Start: past, End: far}}}, already: true,
			want: map[string]any{"explicit": true, "implicit": false, "grant_type": "TIME_RESTRICTED",
				"validity_periods": []any{map[string]any{"start": past, "end": far}}},
		},
		"over": {
			held: &privxsim.Grant{Type: "TIME_RESTRICTED", Periods: []privxsim.Period{{Start: past, End: "2020-02-01T00:00:00Z"}}},
			want: map[string]any{"explicit": true, "implicit": false, "grant_type": "PERMANENT"},
		},
		"yet to come": {
			held: &privxsim.Grant{Type: "TIME_RESTRICTED", Start: future, End: far},
			want: map[string]any{"explicit": true, "implicit": false, "grant_type": "PERMANENT"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newScene(t, privxsim.Options{MemberGrants: true})
			if c.held != nil {
				x.store.GrantExplicit(x.role, x.user, *c.held)
			}
			if c.mapped {
				x.store.Map(x.role, x.user)
			}
			got, notes := x.mustGrant(x.role, x.user)
			_, already := pick(t, notes, &v2.GrantAlreadyExists{})
			require.Equal(t, c.already, already)
			if c.already {
				require.Zero(t, x.writes())
				require.Equal(t, 1, x.sim.CountRequests("GET", rolesOfPath), "one read tells")
			} else {
				require.Equal(t, 1, x.writes())
				require.Equal(t, 2, x.sim.CountRequests("GET", rolesOfPath))
				require.Len(t, x.logs.FilterMessage("baton-privx: done and verified: granting a role").All(), 1)
			}
			require.Equal(t, grantID(x.role, x.user), got.GetId())
			requireMembership(t, got, "", c.want)
			s := x.mustSync()
			x.requireComplete(s)
			requireSameGrant(t, s.grants[got.GetId()], got)

			// P1: again, it is there already.
			before := x.writes()
			again, notes := x.mustGrant(x.role, x.user)
			_, already = pick(t, notes, &v2.GrantAlreadyExists{})
			require.True(t, already)
			require.Equal(t, before, x.writes())
			requireSameGrant(t, again, got)
		})
	}
}

// The same where members do not carry their roles, and for roles and users whose
// resources are given in full.
func TestGrantOfWhatASyncHasFound(t *testing.T) {
	t.Parallel()
	x := newScene(t, privxsim.Options{MemberRoles: privxsim.MemberRolesNull})
	s := x.mustSync()
	id := grantID(x.role, x.user)
	require.NotContains(t, s.grants, id)
	entitlement := s.entitlements["role:"+x.role+":assigned"]
	entitlement.SetResource(s.roles[x.role])
	manager := v2.NewGrantManagerServiceClient(x.client())
	granted, err := manager.Grant(x.ctx, v2.GrantManagerServiceGrantRequest_builder{Entitlement: entitlement, Principal: s.users[x.user]}.Build())
	require.NoError(t, err)
	s = x.mustSync()
	x.requireComplete(s)
	require.Len(t, granted.GetGrants(), 1)
	requireSameGrant(t, s.grants[id], granted.GetGrants()[0])

	_, err = manager.Revoke(x.ctx, v2.GrantManagerServiceRevokeRequest_builder{Grant: s.grants[id]}.Build())
	require.NoError(t, err)
	s = x.mustSync()
	x.requireComplete(s)
	require.NotContains(t, s.grants, id)
}

// With a length, a grant ends by itself, by PrivX's clock, and what is in force
// is not made longer.
func TestGrantForATime(t *testing.T) {
	t.Parallel()
	now := time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC)
	clock := func() time.Time { return now }
	x := newSceneWith(t, provisioningStore(), privxsim.Options{Clock: clock, MemberGrants: true}, func(cfg *config.Privx) { cfg.GrantMaxHours = 36 })
	got, _ := x.mustGrant(x.role, x.user)
	const start, end = "2031-05-06T07:08:09Z", "2031-05-07T19:08:09Z"
	requireMembership(t, got, "", map[string]any{"explicit": true, "implicit": false, "grant_type": "TIME_RESTRICTED",
		"validity_periods": []any{map[string]any{"start": start, "end": end}}})
	held := x.membership(x.role, x.user).Grant
	require.Equal(t, privxsim.Grant{
		Type: "TIME_RESTRICTED", Periods: []privxsim.Period{{Start: start, End: end}}, Start: start, End: end,
	}, held, "in both encodings")

	_, notes := x.mustGrant(x.role, x.user)
	_, already := pick(t, notes, &v2.GrantAlreadyExists{})
	require.True(t, already)
	require.Equal(t, 1, x.writes())
	requireSameGrant(t, x.mustSync().grants[got.GetId()], got)
}

// Built-in roles are granted and revoked like any other (P10).
func TestSystemRole(t *testing.T) {
	t.Parallel()
	x := newScene(t, privxsim.Options{})
	admin := x.store.AdminRoleID()
	x.mustGrant(admin, x.user)
	require.True(t, x.membership(admin, x.user).Explicit)
	require.Contains(t, x.mustSync().grants, grantID(admin, x.user))
	require.Empty(t, x.mustRevoke(admin, x.user))
	require.False(t, x.membership(admin, x.user).Explicit)
	require.NotContains(t, x.mustSync().grants, grantID(admin, x.user))
}

// What the connector declines to do costs no request at all, and a declined grant
// is one that ConductorOne knows as such, also over gRPC (P10).
func TestDeclined(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		principal *v2.Resource
		says      string
	}{
		"a role":               {stub("role", nobody), `only a user can be a member of a role, not a "role"`},
		"no type":              {stub("", nobody), `only a user can be a member of a role, not a ""`},
		"another type":         {stub("group", nobody), `not a "group"`},
		"own API client":       {stub("user", privxsim.DefaultAPIClientID), "the API client that the connector itself runs as"},
		"own API client, CAPS": {stub("user", strings.ToUpper(privxsim.DefaultAPIClientID)), "the API client that the connector itself runs as"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newScene(t, privxsim.Options{})
			x.store.GrantExplicit(x.role, privxsim.DefaultAPIClientID, privxsim.Grant{})

			_, _, err := x.grant(x.role, c.principal)
			reason, cancelled := grant.IsErrGrantCancelled(err)
			require.True(t, cancelled, "%v", err)
			require.Contains(t, reason, c.says)
			require.Contains(t, reason, "granting role "+x.role)
			require.Equal(t, codes.FailedPrecondition, status.Code(err))
			require.ErrorContains(t, err, c.says)

			_, err = x.revoke(x.role, c.principal)
			require.Equal(t, codes.FailedPrecondition, status.Code(err), "%v", err)
			require.ErrorContains(t, err, c.says)
			require.ErrorContains(t, err, "revoking role "+x.role)
			_, cancelled = grant.IsErrGrantCancelled(err)
			require.False(t, cancelled, "a revoke is no grant")

			require.Empty(t, x.sim.Requests())
			require.True(t, x.membership(x.role, privxsim.DefaultAPIClientID).Explicit)
		})
	}
}

// Other API clients are users like any other.
func TestOtherAPIClient(t *testing.T) {
	t.Parallel()
	x := newScene(t, privxsim.Options{})
	other := x.store.AddAPIClient(privxsim.APIClient{Name: "another", Secret: "s"}).ID
	x.mustGrant(x.role, other)
	require.True(t, x.membership(x.role, other).Explicit)
	x.mustRevoke(x.role, other)
	require.False(t, x.membership(x.role, other).Explicit)
}

// What PrivX refuses has a code that baton-sdk does not try again, says what was
// being done and what can be done about it, and changes nothing (P9, P11).
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

// A revoke works from the principal and the entitlement, whatever is said to be
// the grant's id, and is written once (P1).
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

// A 404 is not believed where it could be anybody's (P9).
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

// P3: what only the rules can end is not said to be revoked.
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

// An API client that PrivX knows under another id than the credentials name: neither
// is changed.
func TestOwnAPIClientUnderAnotherID(t *testing.T) {
	t.Parallel()
	x := newScene(t, privxsim.Options{})
	x.sim.Inject(privxsim.Fault{Path: currentUserPath, Status: 200, Body: `{"id":"` + strings.ToUpper(x.user) + `"}`})
	for _, user := range []string{x.user, privxsim.DefaultAPIClientID} {
		_, _, err := x.grant(x.role, stub("user", user))
		reason, cancelled := grant.IsErrGrantCancelled(err)
		require.True(t, cancelled, "%v", err)
		require.Contains(t, reason, "the API client that the connector itself runs as")
		_, err = x.revoke(x.role, stub("user", user))
		require.Equal(t, codes.FailedPrecondition, status.Code(err))
		require.ErrorContains(t, err, "the API client that the connector itself runs as")
	}
	require.Zero(t, x.writes())
	require.Equal(t, 1, x.sim.CountRequests("GET", currentUserPath))
}

// Where PrivX does not say who the connector is, the id in the credentials does, and
// the log says so once.
func TestOwnAPIClientIsTheOneOfTheCredentials(t *testing.T) {
	t.Parallel()
	for _, code := range []int{400, 403, 404} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			t.Parallel()
			x := newScene(t, privxsim.Options{})
			x.sim.Inject(privxsim.Fault{Path: currentUserPath, Status: code})
			x.mustGrant(x.role, x.user)
			x.mustRevoke(x.role, x.user)
			_, _, err := x.grant(x.role, stub("user", privxsim.DefaultAPIClientID))
			_, cancelled := grant.IsErrGrantCancelled(err)
			require.True(t, cancelled, "%v", err)
			require.Equal(t, 1, x.sim.CountRequests("GET", currentUserPath))
			require.Len(t, x.logs.FilterMessageSnippet("PrivX does not say as which API client the connector runs").All(), 1)
		})
	}
}

// Credentials that do not name the API client: PrivX is asked who it is, once.
func TestOwnAPIClientIsAskedFor(t *testing.T) {
	t.Parallel()
	x := newSceneWith(t, provisioningStore(), oauthOnlyWorks(), oauthOnly)
	manager := v2.NewGrantManagerServiceClient(x.client())
	var users []string
	for i := range 5 {
		users = append(users, x.store.AddUser(privxsim.User{Principal: fmt.Sprintf("u%d", i)}).ID)
	}
	errs := atOnce(len(users), func(i int) error {
		_, err := manager.Grant(x.ctx, grantRequest(x.role, stub("user", users[i])))
		return err
	})
	for i, user := range users {
		require.NoError(t, errs[i])
		require.True(t, x.membership(x.role, user).Explicit)
	}
	require.Equal(t, 1, x.sim.CountRequests("GET", currentUserPath))

	before := x.writes()
	_, _, err := x.grant(x.role, stub("user", privxsim.DefaultAPIClientID))
	reason, cancelled := grant.IsErrGrantCancelled(err)
	require.True(t, cancelled, "%v", err)
	require.Contains(t, reason, "the API client that the connector itself runs as")
	_, err = x.revoke(x.role, stub("user", privxsim.DefaultAPIClientID))
	require.Equal(t, codes.FailedPrecondition, status.Code(err))
	require.Equal(t, before, x.writes())
	require.Equal(t, 1, x.sim.CountRequests("GET", currentUserPath))
}

// Where it cannot be known, nothing is changed.
func TestOwnAPIClientCannotBeKnown(t *testing.T) {
	t.Parallel()
	without := oauthOnlyWorks()
	without.NoCurrentUser = true
	for name, c := range map[string]struct {
		options privxsim.Options
		fault   *privxsim.Fault
		code    codes.Code
		says    string
	}{
		"PrivX does not offer it": {without, nil, codes.FailedPrecondition, "give its api-client-id"},
		"a 404":                   {oauthOnlyWorks(), &privxsim.Fault{Status: 404}, codes.FailedPrecondition, "give its api-client-id"},
		"a page":                  {oauthOnlyWorks(), &privxsim.Fault{Kind: privxsim.FaultHTML}, codes.FailedPrecondition, "give its api-client-id"},
		"forbidden":               {oauthOnlyWorks(), &privxsim.Fault{Status: 403}, codes.FailedPrecondition, "give its api-client-id"},
		"nobody":                  {oauthOnlyWorks(), &privxsim.Fault{Status: 200, Body: `{"id":""}`}, codes.FailedPrecondition, "a user without an id"},
		"refused credentials":     {privxsim.Options{}, nil, codes.Unauthenticated, "the credentials were refused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newSceneWith(t, provisioningStore(), c.options, oauthOnly)
			held := x.store.AddRole(privxsim.Role{Name: "held"}).ID
			x.store.GrantExplicit(held, x.user, privxsim.Grant{})
			if c.fault != nil {
				fault := *c.fault
				fault.Path = currentUserPath
				x.sim.Inject(fault)
			}
			_, _, err := x.grant(x.role, stub("user", x.user))
			require.Equal(t, c.code.String(), status.Code(err).String(), "%v", err)
			require.ErrorContains(t, err, c.says)
			_, err = x.revoke(held, stub("user", x.user))
			require.Equal(t, c.code.String(), status.Code(err).String(), "%v", err)
			require.ErrorContains(t, err, c.says)
			require.Zero(t, x.writes())

			if c.fault != nil {
				x.sim.ClearFaults()
				x.mustGrant(x.role, x.user) // a failure is not remembered
			}
		})
	}
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

// P6 through baton-sdk, beside a whole sync: none of many grants for one user is
// lost, nor what he held before, nor is anything that was revoked beside them
// still there.
func TestManyAtOnceForOneUser(t *testing.T) {
	t.Parallel()
	const revokes = 5
	for _, grants := range []int{10, 50} {
		t.Run(fmt.Sprint(grants), func(t *testing.T) {
			t.Parallel()
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
			require.NotEqual(t, codes.FailedPrecondition, status.Code(err), "%v", err)
		})
	}
}
