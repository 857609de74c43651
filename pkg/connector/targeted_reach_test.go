package connector_test

import (
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	sdksync "github.com/conductorone/baton-sdk/pkg/sync"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/conductorone/baton-privx/internal/errorid"
	"github.com/conductorone/baton-privx/internal/errorid/errortest"
	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/config"
)

// A targeted sync of a target, or of a role that tells what it reaches, has the same rows as
// the whole one, byte for byte, and reads each list that it needs once.
func TestTargetedSyncOfTargets(t *testing.T) {
	t.Parallel()
	l := newLandscape()
	inBubbleWith(t, l.store, privxsim.Options{}, allFour, fullReach(), func(x *tenant) {
		path := filepath.Join(x.t.TempDir(), "sync.c1z")
		// What ConductorOne gets, which expands grants itself.
		require.NoError(x.t, x.syncInto(path, sdksync.WithDontExpandGrants()))
		whole := readBack(x.t, path)
		require.Equal(x.t, targetIDs(l.store), keys(whole.targets))
		asked := make(map[string]*v2.Resource)
		maps.Copy(asked, whole.targets)
		for id, role := range whole.roles {
			asked["role "+id] = role
		}
		secrets := 0
		for _, id := range keys(asked) {
			if strings.HasPrefix(id, "secret ") {
				if secrets++; secrets%5 != 0 {
					continue // There are many, which differ in their names alone.
				}
			}
			x.sim.ResetRequests()
			row := asked[id]
			require.NoError(x.t, x.syncInto(path, sdksync.WithTargetedSyncResources([]*v2.Resource{stub(row.GetId().GetResourceType(), row.GetId().GetResource())})))
			x.requirePart(whole, readBack(x.t, path), row)
			x.requireListsReadOnce(id)
		}
	})
}

// requirePart wants a targeted sync to have the rows of a whole one that are one resource's.
func (x *tenant) requirePart(whole, part *synced, row *v2.Resource) {
	x.t.Helper()
	prefix := row.GetId().GetResourceType() + ":" + row.GetId().GetResource() + ":"
	resources := map[string]*v2.Resource{row.GetId().GetResource(): row}
	if row.GetId().GetResourceType() == "role" {
		requireSameBytes(x.t, resources, part.roles)
	} else {
		requireSameBytes(x.t, map[string]*v2.Resource{row.GetId().GetResourceType() + " " + row.GetId().GetResource(): row}, part.targets)
	}
	requireSameBytes(x.t, withPrefix(whole.entitlements, prefix), part.entitlements)
	requireSameBytes(x.t, withPrefix(whole.grants, prefix), part.grants)
}

func withPrefix[M any](rows map[string]M, prefix string) map[string]M {
	kept := maps.Clone(rows)
	maps.DeleteFunc(kept, func(id string, _ M) bool { return !strings.HasPrefix(id, prefix) })
	return kept
}

func requireSameBytes[M proto.Message](t *testing.T, want, got map[string]M) {
	t.Helper()
	require.Equal(t, keys(want), keys(got))
	for id, row := range want {
		one, err := proto.MarshalOptions{Deterministic: true}.Marshal(row)
		require.NoError(t, err)
		other, err := proto.MarshalOptions{Deterministic: true}.Marshal(got[id])
		require.NoError(t, err)
		require.Equal(t, one, other, "%v\n%v", row, got[id])
	}
}

// requireListsReadOnce wants no list to have been read more than once since the last sync, but
// for the checks of permissions.
func (x *tenant) requireListsReadOnce(of string) {
	x.t.Helper()
	for call, n := range map[[2]string]int{
		{http.MethodPost, hostsSearchPath}: 1, {http.MethodGet, hostsPath}: 1 + 2, {http.MethodPost, secretsPath}: 1 + 1,
		{http.MethodGet, networksPath}: 1 + 1, {http.MethodGet, apisPath}: 1 + 1, {http.MethodGet, awsRolesPath}: 1 + 1,
		{http.MethodGet, groupsPath}: 1, {http.MethodGet, rolesPath}: 1 + 1, {http.MethodPost, searchPath}: 1, {http.MethodGet, sourcesPath}: 1,
	} {
		require.LessOrEqual(x.t, x.sim.CountRequests(call[0], call[1]), n, "%s: %v", of, call)
	}
}

// A targeted sync walks through each list that it needs once, and through no other. A secret
// is looked for in the list of secrets: no further than to the secret, unless the whole list
// is needed.
func TestListsOfATargetedSync(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		set func(*config.Privx)
		// target and role tell whether all lists are needed for a target, and for a role.
		target, role bool
	}{
		"as it is":     {set: func(cfg *config.Privx) { cfg.ExpandReach = config.ExpandOff }},
		"expand-reach": {set: func(cfg *config.Privx) { cfg.ExpandReach = config.ExpandOn }, target: true},
		"role-summary": {set: func(cfg *config.Privx) { cfg.ExpandReach, cfg.RoleSummary = config.ExpandOff, true }, role: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := &config.Privx{}
			allTargets(cfg)
			c.set(cfg)
			scene := newReachScene()
			lists := func(all bool, more ...string) []string {
				if all {
					more = append(more, hostsSearchPath, secretsPath, networksPath, apisPath, awsRolesPath)
				}
				return slices.Compact(sorted(more))
			}
			inBubbleWith(t, scene.store, privxsim.Options{MaxPageSize: stagePage}, allFour, cfg, func(x *tenant) {
				for id, want := range map[string][]string{
					"host " + x.store.Hosts()[0].ID:                    lists(c.target, rolesPath, groupsPath),
					"secret shared/t01":                                lists(c.target, rolesPath, secretsPath),
					"secret personal/" + scene.user + "/t00":           lists(false, rolesPath, secretsPath),
					"network_target " + x.store.NetworkTargets()[0].ID: lists(c.target, rolesPath),
					"api_target " + x.store.APITargets()[0].ID:         lists(c.target, rolesPath, groupsPath),
					"aws_role " + x.store.AWSRoles()[0].ID:             lists(c.target, rolesPath),
					"role " + scene.held:                               lists(c.role),
				} {
					x.sim.ResetRequests()
					x.syncTarget(id)
					require.Equal(x.t, want, x.walks(), id)
					if pages := x.sim.CountRequests(http.MethodPost, secretsPath) - 1; slices.Contains(want, awsRolesPath) {
						require.Equal(x.t, 2, pages, id)
					} else {
						require.LessOrEqual(x.t, pages, 1, id)
					}
				}
			})
		})
	}
}

// syncTarget runs a targeted sync of a resource, which is given as its kind and id.
func (x *tenant) syncTarget(resource string) {
	x.t.Helper()
	kind, id, _ := strings.Cut(resource, " ")
	require.NoError(x.t, x.syncInto(filepath.Join(x.t.TempDir(), "sync.c1z"), sdksync.WithTargetedSyncResources([]*v2.Resource{stub(kind, id)})))
}

// What a walk has left that found a secret is taken within a minute. A sync that asks for the
// grants of a secret later, and has not asked for the secret, reads the list.
func TestSumsThatATargetedSyncHasLeft(t *testing.T) {
	t.Parallel()
	inBubbleWith(t, newReachScene().store, privxsim.Options{}, allFour, fullReach(), func(x *tenant) {
		secrets := x.pieces("listed").list("secret")
		for after, walks := range map[time.Duration]int{time.Minute: 0, time.Minute + 1: 1} {
			x.connector = x.another()
			resumed := x.pieces("resumed")
			_, err := v2.NewResourceGetterServiceClient(resumed.conn).GetResource(x.ctx, v2.ResourceGetterServiceGetResourceRequest_builder{ResourceId: secrets[1].GetId()}.Build())
			require.NoError(x.t, err)
			time.Sleep(after)
			x.sim.ResetRequests()
			for range 2 {
				resumed.reaching(secrets[1], "")
			}
			require.Equal(x.t, walks, x.sim.CountRequests(http.MethodPost, secretsPath), after)
		}
	})
}

// A secret that PrivX does not list is left out of a targeted sync.
func TestSecretThatIsNotListed(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"shared/T01", "shared/t00", "personal/nobody/t01"} {
		inBubbleWith(t, newReachScene().store, privxsim.Options{MaxPageSize: stagePage}, allFour, fullReach(), func(x *tenant) {
			_, err := x.builder().GetResource(x.ctx, v2.ResourceGetterServiceGetResourceRequest_builder{ResourceId: stub("secret", id).GetId()}.Build())
			require.Equal(x.t, codes.NotFound, status.Code(err))
			require.ErrorContains(x.t, err, "baton-privx: reading the secret "+id+": PrivX does not list it")
			require.Equal(x.t, errorid.NotFound, errortest.ID(x.t, err.Error()))
			x.syncTarget("secret " + id)
		})
	}
}

// walks are the lists that were walked through since the last sync, as often as they were.
// A check of a permission asks for one row, or for all of AWS roles, and comes first.
func (x *tenant) walks() []string {
	var begun []string
	checked := false
	for _, r := range x.sim.Requests() {
		switch query := r.RawQuery; {
		case r.Path == awsRolesPath && !checked:
			checked = true
		case strings.HasSuffix(r.Path, "/members") || r.Path == sourcesPath || strings.Contains(query, "limit=1&"):
		case r.Path == awsRolesPath || r.Path == groupsPath || strings.Contains(query, "offset=0&"):
			begun = append(begun, r.Path)
		}
	}
	return sorted(begun)
}
