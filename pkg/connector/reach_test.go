package connector_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/annotations"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/conductorone/baton-privx/internal/c1z"
	"github.com/conductorone/baton-privx/internal/errorid"
	"github.com/conductorone/baton-privx/internal/errorid/errortest"
	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/config"
)

// syncTargets syncs a landscape and reads the file back.
func syncTargets(t *testing.T, l *landscape, adjust func(*config.Privx)) (*tenant, *c1z.Content) {
	t.Helper()
	x := newTenantWith(t, l.store, privxsim.Options{}, adjust)
	path, err := x.sync()
	require.NoError(t, err)
	return x, read(t, path)
}

// A sync for which nothing of it was asked has the rows and makes the calls that it had and
// made before there was any of it.
func TestNothingOfTargetsUnlessAskedFor(t *testing.T) {
	t.Parallel()
	l := newLandscape()
	x, content := syncTargets(t, l, func(*config.Privx) {})
	require.Empty(t, ofTargets(content))
	for _, r := range content.Resources {
		require.Contains(t, []string{"user", "role"}, r.GetId().GetResourceType())
		require.NotContains(t, profile(r), "administrative")
	}
	require.Len(t, content.ResourceTypes, 2)
	require.Equal(t, "Member of the PrivX role DBA", descriptionOf(content, l.dba))
	for _, r := range x.sim.Requests() {
		require.True(t, strings.HasPrefix(r.Path, "/role-store/") || strings.HasPrefix(r.Path, "/auth/"), r.Path)
		require.NotContains(t, r.Path, "awsroles")
	}
}

func descriptionOf(content *c1z.Content, role privxsim.Role) string {
	return content.Entitlement("role", role.ID, "assigned").GetDescription()
}

// Each setting brings its own kind, and calls its own list alone.
func TestEachSettingOfTargets(t *testing.T) {
	t.Parallel()
	for kind, set := range map[string]func(*config.Privx){
		"host":           func(c *config.Privx) { c.SyncHosts = true },
		"secret":         func(c *config.Privx) { c.SyncSecrets = true },
		"network_target": func(c *config.Privx) { c.SyncNetworkTargets = true },
		"api_target":     func(c *config.Privx) { c.SyncApiTargets = true },
		"aws_role":       func(c *config.Privx) { c.SyncAwsRoles = true },
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			l := newLandscape()
			_, content := syncTargets(t, l, func(cfg *config.Privx) {
				set(cfg)
				cfg.ExpandReach = config.ExpandOff
			})
			want := slices.DeleteFunc(reachGrants(l.store), func(id string) bool {
				return !strings.HasPrefix(id, kind+":") || strings.HasPrefix(id, "secret:personal")
			})
			require.Equal(t, want, ofTargets(content))
			require.NotEmpty(t, want)
			for _, id := range content.ResourceIDs("secret") {
				require.True(t, strings.HasPrefix(id, "shared/"), id)
			}
		})
	}
}

// What PrivX is asked for is one pass over each list, and nothing for each row. What holds a
// secret is nowhere.
func TestCallsForTargets(t *testing.T) {
	t.Parallel()
	l := newLandscape()
	x := newTenantWith(t, l.store, privxsim.Options{}, func(cfg *config.Privx) {
		allTargets(cfg)
		cfg.RoleSummary, cfg.ExpandReach = true, config.ExpandOff
	})
	path, err := x.sync()
	require.NoError(t, err)
	calls := make(map[string]int)
	for _, r := range x.sim.Requests() {
		if !strings.HasPrefix(r.Path, "/role-store/api/v1/roles/") {
			calls[r.Method+" "+r.Path]++
		}
	}
	require.Equal(t, 1, calls["POST /host-store/api/v1/hosts/search"])
	require.Equal(t, 3, calls["GET /host-store/api/v1/hosts"], "the check, and the permission before and after the list")
	require.Equal(t, 2, calls["POST /vault/api/v1/search/secrets"], "the check and the list")
	require.Equal(t, 2, calls["GET /network-access-manager/api/v1/nwtargets"])
	require.Equal(t, 2, calls["GET /api-proxy/api/v1/api-targets"])
	require.Equal(t, 2, calls["GET /role-store/api/v1/awsroles"])
	require.Equal(t, 1, calls["GET /authorizer/api/v1/accessgroups"])
	requireNoCanary(t, x, path)
}

// requireNoCanary looks for what the simulator puts in the place of secrets.
func requireNoCanary(t *testing.T, x *tenant, path string) {
	t.Helper()
	content := read(t, path)
	var texts []string
	for _, r := range content.Resources {
		texts = append(texts, r.String())
	}
	for _, e := range content.Entitlements {
		texts = append(texts, e.String())
	}
	for _, g := range content.Grants {
		texts = append(texts, g.String())
	}
	for _, entry := range x.logs.All() {
		texts = append(texts, entry.Message, fmt.Sprint(entry.ContextMap()))
	}
	for _, text := range texts {
		require.NotContains(t, text, privxsim.CanaryPrefix)
		require.NotContains(t, text, "hunter2")
	}
}

// What a target's row says of it.
func TestRowsOfTargets(t *testing.T) {
	t.Parallel()
	l := newLandscape()
	_, content := syncTargets(t, l, allTargets)
	db := targetNamed(t, content, "host", "db-1")
	require.Equal(t, map[string]any{
		"name": "db-1", "addresses": "10.0.0.1", "services": "RDP 10.0.0.1:3389, SSH 10.0.0.1:22", "tags": "env=prod", "zone": "eu",
		"cloud_provider": "AWS", "cloud_region": "eu-1", "recorded": true,
		"access_group_id": profile(db)["access_group_id"], "access_group_name": profile(db)["access_group_name"],
	}, profile(db))
	require.NotEmpty(t, profile(db)["access_group_name"])
	off := targetNamed(t, content, "host", "db-2")
	require.Equal(t, "disabled in PrivX by an administrator", profile(off)["disabled"])
	require.Equal(t, v2.Status_RESOURCE_STATUS_DISABLED, off.GetStatus().GetStatus())
	require.Equal(t, "10.0.0.3", targetNamed(t, content, "host", "10.0.0.3").GetDisplayName())
	root := content.Entitlement("host", db.GetId().GetResource(), "account:root")
	require.Equal(t, "root on db-1", root.GetDisplayName())
	require.Equal(t, "Reach the account root on the host db-1. Allowed: SSH file transfer, shell. Its password was last rotated on 2026-10-01T00:00:00Z. "+
		"Or: Reach the account root on the host db-1. Its password was last rotated on 2026-10-01T00:00:00Z.", root.GetDescription())
	oracle := content.Entitlement("host", db.GetId().GetResource(), "account:oracle")
	require.Equal(t, "Reach the account oracle on the host db-1. Commands are restricted to the whitelists harmless. "+
		"The last error in the rotation of its password: no connection.", oracle.GetDescription())
	notes := annotations.Annotations(oracle.GetAnnotations())
	immutable, found := pick(t, notes, &v2.EntitlementImmutable{})
	require.True(t, found)
	require.Equal(t, "the accounts of the host in PrivX", immutable.GetMetadata().AsMap()["change_in"])
}

// A role's entitlement tells what membership means.
func TestRoleSummary(t *testing.T) {
	t.Parallel()
	l := newLandscape()
	_, content := syncTargets(t, l, func(cfg *config.Privx) {
		allTargets(cfg)
		cfg.RoleSummary = true
	})
	require.Equal(t, "Administers PrivX: users-manage. Member of the PrivX role DBA. "+
		"Reaches oracle and root on 2 hosts (db-1, db-2), 1 of them disabled, reads 15 secrets ( , Admin, a/b, …), reaches 1 API target (billing), assumes 1 AWS role (admin). "+
		"Sessions are recorded on 1 of 2 hosts; of 1 it is not known.", descriptionOf(content, l.dba))
	require.True(t, strings.HasPrefix(descriptionOf(content, privxsim.Role{ID: adminOf(l.store)}), "Administers PrivX: its members reach every target"))
	dba := content.Resource("role", l.dba.ID)
	require.Equal(t, true, profile(dba)["administrative"])
	require.Equal(t, "users-manage", profile(dba)["administrative_permissions"])
	require.Equal(t, false, profile(content.Resource("role", l.web.ID))["administrative"])
}

func adminOf(store *privxsim.Store) string {
	for _, role := range store.Roles() {
		if role.Name == "privx-admin" {
			return role.ID
		}
	}
	return ""
}

// Before they are expanded, grants of targets are the roles'; afterwards, the roles' members
// have them, too.
func TestExpandedReach(t *testing.T) {
	t.Parallel()
	l := newLandscape()
	x, content := syncTargets(t, l, func(cfg *config.Privx) {
		allTargets(cfg)
		cfg.ExpandReach = config.ExpandOn
	})
	want := reachGrants(l.store)
	members := make(map[string][]string)
	for _, m := range l.store.Memberships() {
		members[m.RoleID] = append(members[m.RoleID], m.UserID)
	}
	rows := 0
	for _, r := range l.store.Reach() {
		for _, user := range members[r.Role] {
			want = append(want, reachedEntitlement(r)+":user:"+user)
			rows++
		}
	}
	slices.Sort(want)
	require.Equal(t, slices.Compact(want), ofTargets(content))
	told := x.logs.FilterMessageSnippet("take at most so many rows").All()
	require.Len(t, told, 1)
	require.Equal(t, int64(rows), told[0].ContextMap()["rows"])
}

// An expansion of more rows than the limit ends a sync before the first of them, in one-shot
// runs and where the operator has set the limit; otherwise it is a warning.
func TestExpansionLimit(t *testing.T) {
	t.Parallel()
	l := newLandscape()
	x := newTenantWith(t, l.store, privxsim.Options{}, func(cfg *config.Privx) {
		allTargets(cfg)
		cfg.ExpandReach, cfg.ExpandReachLimit = config.ExpandOn, 3
	})
	_, err := x.sync()
	require.Equal(t, codes.FailedPrecondition, status.Code(err))
	require.ErrorContains(t, err, "more than the limit of 3: set expand-reach to off")
	require.Equal(t, errorid.TooManyRows, errortest.ID(t, err.Error()))
}

// Roles that targets name and that PrivX did not list are no grants, and there is one warning
// of them, with their number.
func TestRolesThatAreNotThere(t *testing.T) {
	t.Parallel()
	l := newLandscape()
	x := newTenantWith(t, l.store, privxsim.Options{UnmarkedDeletedRoles: true}, allTargets)
	_, err := x.sync()
	require.NoError(t, err)
	warned := x.logs.FilterMessageSnippet("targets name roles that PrivX did not list").All()
	require.Len(t, warned, 1)
	require.Equal(t, int64(1), warned[0].ContextMap()["roles"])
	require.Equal(t, int64(3+len(oddNames)), warned[0].ContextMap()["references"])
}

// A host whose accounts do not fit into a row ends the sync, rather than be cut.
func TestATargetThatIsTooLarge(t *testing.T) {
	t.Parallel()
	l := newLandscape()
	huge := privxsim.Host{CommonName: "huge"}
	for i := range 15_000 {
		huge.Principals = append(huge.Principals, privxsim.Principal{Principal: fmt.Sprintf("an account with a rather long name, so that fewer of them are needed: %d", i), Roles: refs(l.dba)})
	}
	l.store.AddHost(huge)
	x := newTenantWith(t, l.store, privxsim.Options{}, func(cfg *config.Privx) { cfg.SyncHosts = true })
	_, err := x.sync()
	require.Equal(t, codes.FailedPrecondition, status.Code(err))
	require.ErrorContains(t, err, "has 15000 entitlements, and with the roles that hold them it is larger than baton-sdk takes: leave sync-hosts out")
	require.Equal(t, errorid.TargetTooLarge, errortest.ID(t, err.Error()))
}

// A row that is not this connector's own, or was changed, is not guessed at.
func TestRowsThatAreNotOurs(t *testing.T) {
	t.Parallel()
	x := newTenantWith(t, newLandscape().store, privxsim.Options{}, func(cfg *config.Privx) { cfg.SyncHosts = true })
	server := x.builder()
	for _, notes := range []annotations.Annotations{
		nil,
		annotations.New(wrapperspb.String("not JSON")),
		annotations.New(wrapperspb.String(`{"ways":[{"name":"without a slug"}]}`)),
	} {
		host := v2.Resource_builder{Id: v2.ResourceId_builder{ResourceType: "host", Resource: "x"}.Build(), Annotations: notes}.Build()
		_, err := server.ListGrants(x.ctx, v2.GrantsServiceListGrantsRequest_builder{Resource: host}.Build())
		require.Equal(t, codes.FailedPrecondition, status.Code(err))
		require.Equal(t, errorid.RowWithoutRoles, errortest.ID(t, err.Error()))
		_, err = server.ListEntitlements(x.ctx, v2.EntitlementsServiceListEntitlementsRequest_builder{Resource: host}.Build())
		require.Equal(t, errorid.RowWithoutRoles, errortest.ID(t, err.Error()))
	}
}
