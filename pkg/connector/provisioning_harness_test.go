package connector_test

import (
	"net/http"
	"slices"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/annotations"
	"github.com/conductorone/baton-sdk/pkg/types/grant"
	"github.com/stretchr/testify/require"

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
