package connector_test

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	sdksync "github.com/conductorone/baton-sdk/pkg/sync"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/conductorone/baton-privx/pkg/privx"
)

// onReachStage runs an act in a bubble where roles reach something.
func onReachStage(t *testing.T, a act, test func(*stage)) {
	t.Helper()
	scene := newReachScene()
	a.options.MaxPageSize = stagePage
	inBubbleWith(t, scene.store, a.options, cmp.Or(a.credentials, privx.Credentials(allFour)), a.cfg, func(x *tenant) {
		s := &stage{tenant: x, act: a, user: scene.user, held: scene.held, reaching: scene.reaching}
		s.set(test)
	})
}

// addReach adds what is reached now to the rows that a sync would have.
func (s *stage) addReach(all rows) {
	for _, id := range targetIDs(s.store) {
		all[id] = true
	}
	for _, id := range append(reachGrants(s.store), expandedGrants(s.store)...) {
		all["grant "+id] = true
	}
}

// forgiveReach adds the targets of a list that PrivX has shown empty, where it may be
// believed, and tells whether the sync is complete without that.
func (s *stage) forgiveReach(got *synced, rows rows) string {
	if !slices.ContainsFunc(keys(got.targets), func(id string) bool { return isNamed(got.targets[id]) }) {
		return unnamed
	}
	whole := complete
	for _, kind := range []string{"host", "secret", "network_target", "api_target", "aws_role"} {
		ofKind := func(row string) bool {
			return strings.HasPrefix(row, kind+" ") || strings.HasPrefix(row, "grant "+kind+":")
		}
		want := maps.Clone(s.rows())
		maps.DeleteFunc(want, func(row string, _ bool) bool { return !ofKind(row) })
		if len(want) > 0 && s.act.empties(s.fault) && !slices.ContainsFunc(keys(rows), ofKind) {
			maps.Copy(rows, want)
			whole = noneShown
		}
	}
	return whole
}

// someTargets are one of each kind, on the first page of its list, and a role.
func (s *stage) someTargets() []string {
	return []string{
		"host " + s.store.Hosts()[0].ID, "secret shared/t01", "network_target " + s.store.NetworkTargets()[0].ID,
		"api_target " + s.store.APITargets()[0].ID, "aws_role " + s.store.AWSRoles()[0].ID, "role " + s.held,
	}
}

// syncsTargets runs a targeted sync of one target of each kind and of a role after a whole
// sync.
func syncsTargets(s *stage) string {
	s.t.Helper()
	var targets []*v2.Resource
	for _, id := range s.someTargets() {
		kind, id, _ := strings.Cut(id, " ")
		targets = append(targets, stub(kind, id))
	}
	if err := s.syncInto(s.file, sdksync.WithTargetedSyncResources(targets)); err != nil {
		require.Subset(s.t, []string{s.whole}, s.finishedSyncs(), "a part looks whole")
		return s.failed(err)
	}
	return s.warned(s.comparePart(readBack(s.t, s.file)))
}

// comparePart wants a targeted sync to have what the whole one has of its targets, and tells
// what it lacks.
func (s *stage) comparePart(got *synced) string {
	s.t.Helper()
	found := keys(got.targets)
	for _, id := range keys(got.roles) {
		found = append(found, "role "+id)
	}
	require.Subset(s.t, s.someTargets(), found)
	ofFound := func(id string) bool {
		return slices.ContainsFunc(found, func(target string) bool { return strings.HasPrefix(id, strings.Replace(target, " ", ":", 1)+":") })
	}
	direct := append(reachGrants(s.store), grantsOfRole(s, s.held)...)
	direct = slices.DeleteFunc(direct, func(id string) bool { return !ofFound(id) })
	require.Equal(s.t, sorted(direct), keys(got.grants))
	outcome := cmp.Or(s.compareTargets(got), s.compareEntitlements(got, ofFound), complete)
	if outcome == complete && len(found) < len(s.someTargets()) {
		outcome = leftOut
	}
	return outcome
}

// compareTargets wants the same rows of targets, but perhaps for the names of access groups.
func (s *stage) compareTargets(got *synced) string {
	s.t.Helper()
	outcome := ""
	for id, row := range got.targets {
		want := proto.CloneOf(s.act.undisturbed.targets[id])
		if isNamed(want) && !isNamed(row) {
			outcome = unnamed
			delete(want.GetProfile().GetFields(), groupName)
		}
		require.True(s.t, proto.Equal(want, row), "%v\n%v", want, row)
	}
	return outcome
}

// compareEntitlements wants the same entitlements of what was found, but perhaps for what is
// told of targets that PrivX has shown none of.
func (s *stage) compareEntitlements(got *synced, ofFound func(id string) bool) string {
	s.t.Helper()
	outcome := ""
	for id, row := range s.act.undisturbed.entitlements {
		if !ofFound(id) {
			continue
		}
		require.Contains(s.t, got.entitlements, id)
		if !proto.Equal(row, got.entitlements[id]) {
			require.True(s.t, s.act.empties(s.fault), "%v\n%v", row, got.entitlements[id])
			outcome = noneShown
		}
	}
	return outcome
}

// groupName is the key of a profile that has the name of an access group.
const groupName = "access_group_name"

func isNamed(target *v2.Resource) bool { return target.GetProfile().GetFields()[groupName] != nil }

// grantsOfRole are the ids of its members' grants.
func grantsOfRole(s *stage, role string) []string {
	var ids []string
	for _, m := range s.store.Memberships() {
		if m.RoleID == role {
			ids = append(ids, grantID(m.RoleID, m.UserID))
		}
	}
	return ids
}
