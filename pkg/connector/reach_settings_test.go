package connector_test

import (
	"slices"
	"strings"
	"testing"

	sdksync "github.com/conductorone/baton-sdk/pkg/sync"

	"github.com/conductorone/baton-sdk/pkg/cli"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/conductorone/baton-privx/internal/errorid"
	"github.com/conductorone/baton-privx/internal/errorid/errortest"
	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/config"
	"github.com/conductorone/baton-privx/pkg/connector"
)

// Whether grants are expanded, and what comes of too many rows, by how the connector runs.
func TestExpansionByMode(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		mode     string
		oneShot  bool
		limit    int
		expands  bool
		tooLarge bool // is an error
	}{
		{"", false, 0, true, false},
		{config.ExpandAuto, false, 0, true, false},
		{config.ExpandAuto, true, 0, false, false},
		{config.ExpandOn, false, 0, true, false},
		{config.ExpandOn, true, 0, true, true},
		{config.ExpandOn, false, 7, true, true},
		{config.ExpandOff, false, 7, false, true},
		{config.ExpandOff, true, 0, false, true},
	} {
		expands, strict, limit := connector.ExpansionOf(&config.Privx{ExpandReach: c.mode, ExpandReachLimit: c.limit}, c.oneShot)
		require.Equal(t, c.expands, expands, "%+v", c)
		if expands {
			require.Equal(t, c.tooLarge, strict, "%+v", c)
		}
		if c.limit == 0 {
			require.Equal(t, 5_000_000, limit)
		} else {
			require.Equal(t, c.limit, limit)
		}
	}
}

// In a one-shot run, grants are expanded only where that was asked for.
func TestOneShotRunsExpandWhenAsked(t *testing.T) {
	t.Parallel()
	l := newLandscape()
	for mode, expands := range map[string]bool{config.ExpandAuto: false, config.ExpandOn: true} {
		x := newTenantWith(t, l.store, privxsim.Options{}, func(*config.Privx) {})
		x.connector = x.oneShot(func(cfg *config.Privx) {
			allTargets(cfg)
			cfg.ExpandReach = mode
		})
		path, err := x.sync()
		require.NoError(t, err)
		require.Equal(t, !expands, slices.Equal(reachGrants(l.store), ofTargets(read(t, path))), mode)
	}
}

// What is asked for and may not be read fails the check, the sync and the list, and names
// the permission.
func TestPermissionsOfTargets(t *testing.T) {
	t.Parallel()
	for permission, set := range map[string]func(*config.Privx){
		"hosts-view":                 func(c *config.Privx) { c.SyncHosts = true },
		"network-targets-view":       func(c *config.Privx) { c.SyncNetworkTargets = true },
		"api-targets-view":           func(c *config.Privx) { c.SyncApiTargets = true },
		"role-target-resources-view": func(c *config.Privx) { c.SyncAwsRoles = true },
	} {
		l := newLandscape()
		for _, role := range l.store.Roles() {
			if i := slices.Index(role.Permissions, permission); i >= 0 && role.Name != "privx-admin" {
				role.Permissions = slices.Delete(slices.Clone(role.Permissions), i, i+1)
				l.store.UpdateRole(role)
			}
		}
		x := newTenantWith(t, l.store, privxsim.Options{}, set)
		_, err := x.connector.Validate(x.ctx)
		require.Equal(t, codes.PermissionDenied, status.Code(err), permission)
		require.ErrorContains(t, err, permission)
		_, err = x.sync()
		require.Equal(t, codes.PermissionDenied, status.Code(err), permission)
		require.ErrorContains(t, err, permission)
	}
}

// A PrivX that has no API targets is told from one that hides them.
func TestPrivXWithoutAPITargets(t *testing.T) {
	t.Parallel()
	x := newTenantWith(t, newLandscape().store, privxsim.Options{NoAPIProxy: true}, func(c *config.Privx) { c.SyncApiTargets = true })
	_, err := x.connector.Validate(x.ctx)
	require.Equal(t, codes.FailedPrecondition, status.Code(err))
	require.ErrorContains(t, err, "this PrivX has no API targets (they come with version 42): leave sync-api-targets out")
	require.Equal(t, errorid.NotInThisPrivX, errortest.ID(t, err.Error()))
}

// The closing line has how many targets there were and in which access groups, and there is a
// warning of access groups that nothing was seen in.
func TestAccessGroupsThatNothingIsSeenOf(t *testing.T) {
	t.Parallel()
	l := newLandscape()
	hidden := l.store.AddAccessGroup(privxsim.AccessGroup{Name: "Vienna"})
	l.store.AddHost(privxsim.Host{CommonName: "hidden", AccessGroupID: hidden.ID, Principals: []privxsim.Principal{{Principal: "root", Roles: refs(l.dba)}}})
	for _, role := range l.store.Roles() {
		switch role.Name {
		case "viewer of targets", "DBA":
			role.AccessGroupID = l.store.DefaultAccessGroup()
		case "Ops":
			role.AccessGroupID = hidden.ID
		}
		l.store.UpdateRole(role)
	}
	x := newTenantWith(t, l.store, privxsim.Options{}, allTargets)
	path, err := x.sync()
	require.NoError(t, err)
	require.NotContains(t, read(t, path).ResourceIDs("host"), hidden.ID)
	warned := x.logs.FilterMessageSnippet("no host or API target was seen in access groups that roles are in").All()
	require.Len(t, warned, 1)
	require.Equal(t, []any{"Vienna"}, warned[0].ContextMap()["access_groups"])
	closing := x.logs.FilterMessage("baton-privx: everything read from PrivX").All()
	require.Len(t, closing, 1)
	numbers := closing[0].ContextMap()
	require.EqualValues(t, len(l.store.Secrets()), numbers["secrets"])
	require.EqualValues(t, 4, numbers["hosts"])
	require.Len(t, numbers["access_groups"], 1)
}

// oneShot makes a connector as a one-shot run has it, with the same PrivX.
func (x *tenant) oneShot(adjust func(*config.Privx)) *connector.Connector {
	x.t.Helper()
	cfg := *x.cfg
	adjust(&cfg)
	made, _, err := connector.NewOneShot(x.ctx, &cfg, &cli.ConnectorOpts{})
	require.NoError(x.t, err)
	return made.(*connector.Connector)
}

// A permission lost between the check and the only page of hosts.
func TestPermissionLostBeforeTheOnlyPageOfHosts(t *testing.T) {
	t.Parallel()
	l := newLandscape()
	x := newTenantWith(t, l.store, privxsim.Options{}, func(c *config.Privx) { c.SyncHosts = true })
	x.sim.OnRequest(func(r privxsim.Request) {
		if r.Path != "/host-store/api/v1/hosts/search" {
			return
		}
		for _, role := range l.store.Roles() {
			if i := slices.Index(role.Permissions, "hosts-view"); i >= 0 && role.Name != "privx-admin" {
				role.Permissions = slices.Delete(slices.Clone(role.Permissions), i, i+1)
				l.store.UpdateRole(role)
			}
		}
	})
	_, err := x.sync()
	require.Error(t, err, "a list that PrivX has shortened in silence")
}

// Targets that no role reaches at all are a warning, as PrivX may not tell who reaches them.
func TestTargetsThatNobodyReaches(t *testing.T) {
	t.Parallel()
	l := newLandscape()
	for _, target := range l.store.NetworkTargets() {
		target.Roles = nil
		l.store.UpdateNetworkTarget(target)
	}
	x := newTenantWith(t, l.store, privxsim.Options{}, allTargets)
	_, err := x.sync()
	require.NoError(t, err)
	warned := x.logs.FilterMessageSnippet("PrivX names no role for any of its").All()
	require.Len(t, warned, 1)
	require.Contains(t, warned[0].Message, "network targets")
	require.EqualValues(t, 2, warned[0].ContextMap()["count"])
}

// A resource type that baton-sdk was told to leave out is not read for what it would add.
func TestTypesThatAreLeftOut(t *testing.T) {
	t.Parallel()
	l := newLandscape()
	x := newTenantWith(t, l.store, privxsim.Options{}, func(*config.Privx) {})
	cfg := *x.cfg
	allTargets(&cfg)
	cfg.RoleSummary = true
	types := []string{"user", "role", "host"}
	made, _, err := connector.New(x.ctx, &cfg, &cli.ConnectorOpts{SyncResourceTypeIDs: types})
	require.NoError(t, err)
	x.connector = made
	path, err := x.sync(sdksync.WithSyncResourceTypes(types))
	require.NoError(t, err)
	content := read(t, path)
	require.NotEmpty(t, content.ResourceIDs("host"))
	require.Empty(t, content.ResourceIDs("secret"))
	require.NotContains(t, descriptionOf(content, l.dba), "secret")
	for _, r := range x.sim.Requests() {
		if strings.HasPrefix(r.Path, "/vault/") {
			require.Contains(t, r.RawQuery, "limit=1&", "the check alone")
		}
	}
}
