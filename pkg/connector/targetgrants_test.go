package connector_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/config"
)

// Of a target's grants that another process goes on with, none is missing, though a role has
// been deleted meanwhile.
func TestGrantsOfATargetThatAnotherProcessGoesOnWith(t *testing.T) {
	t.Parallel()
	const accounts = 8_000
	store := viewedStore()
	deleted, kept := store.AddRole(privxsim.Role{Name: "deleted"}), store.AddRole(privxsim.Role{Name: "kept"})
	host := privxsim.Host{CommonName: "large"}
	for i := range accounts {
		host.Principals = append(host.Principals, privxsim.Principal{Principal: fmt.Sprintf("a%04d", i), Roles: refs(deleted, kept)})
	}
	store.AddHost(host)
	set := func(c *config.Privx) { c.SyncHosts, c.ExpandReach = true, config.ExpandOff }
	targetsInBubble(t, store, privxsim.Options{}, set, func(x *tenant) {
		before := x.pieces("a sync")
		before.list("role")
		row := before.list("host")[0]
		page := before.reaching(row, "")
		require.NotEmpty(x.t, page.GetNextPageToken())
		store.RemoveRole(deleted.ID)
		x.connector = x.another()
		after := x.pieces("a sync")
		rest := after.reaching(row, page.GetNextPageToken())
		roles := make(map[string]int)
		for _, g := range slices.Concat(page.GetList(), rest.GetList()) {
			roles[g.GetPrincipal().GetId().GetResource()]++
		}
		require.Equal(x.t, accounts, roles[kept.ID])
	})
}

// reaching gives a page of who reaches a target.
func (p *pieces) reaching(target *v2.Resource, token string) *v2.GrantsServiceListGrantsResponse {
	p.t.Helper()
	page, err := v2.NewGrantsServiceClient(p.conn).ListGrants(p.ctx,
		v2.GrantsServiceListGrantsRequest_builder{Resource: target, ActiveSyncId: p.id, PageToken: token}.Build())
	require.NoError(p.t, err)
	return page
}

// Answers with grants of long ids are not too long for baton-sdk.
func TestGrantsWithLongIDs(t *testing.T) {
	t.Parallel()
	store := viewedStore()
	var roles []privxsim.Role
	for i := range 200 {
		roles = append(roles, store.AddRole(privxsim.Role{Name: fmt.Sprint("role ", i)}))
	}
	domain := &privxsim.Handle{ID: "5c2d1f60-0000-4000-8000-0000000000d1", Name: "corp.example"}
	host := privxsim.Host{CommonName: "large"}
	for i := range 20 {
		name := strings.Repeat("ש", 49) + fmt.Sprint(i)
		host.Principals = append(host.Principals, privxsim.Principal{Principal: name, TargetDomain: domain, Roles: refs(roles...)})
	}
	store.AddHost(host)
	x := newTenantWith(t, store, privxsim.Options{}, func(c *config.Privx) { c.SyncHosts, c.ExpandReach = true, config.ExpandOn })
	path, err := x.sync()
	require.NoError(t, err)
	require.Len(t, ofTargets(read(t, path)), len(roles)*len(host.Principals))
}
