package connector_test

import (
	"maps"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	sdksync "github.com/conductorone/baton-sdk/pkg/sync"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/conductorone/baton-privx/internal/privxsim"
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
			x.requireListsReadOnce(row.GetId().GetResourceType())
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
// for the checks of permissions. A secret is looked for in the list before its roles are
// counted.
func (x *tenant) requireListsReadOnce(kind string) {
	x.t.Helper()
	most := map[[2]string]int{
		{http.MethodPost, hostsSearchPath}: 1, {http.MethodGet, hostsPath}: 1 + 2, {http.MethodPost, secretsPath}: 1 + 1,
		{http.MethodGet, networksPath}: 1 + 1, {http.MethodGet, apisPath}: 1 + 1, {http.MethodGet, awsRolesPath}: 1 + 1,
		{http.MethodGet, groupsPath}: 1, {http.MethodGet, rolesPath}: 1 + 1, {http.MethodPost, searchPath}: 1, {http.MethodGet, sourcesPath}: 1,
	}
	if kind == "secret" {
		most[[2]string{http.MethodPost, secretsPath}]++
	}
	for call, n := range most {
		require.LessOrEqual(x.t, x.sim.CountRequests(call[0], call[1]), n, "%s: %v", kind, call)
	}
}
