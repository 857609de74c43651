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
	store, reaching, held, user := reachScene()
	a.options.MaxPageSize = stagePage
	inBubbleWith(t, store, a.options, cmp.Or(a.credentials, privx.Credentials(allFour)), a.cfg, func(x *tenant) {
		s := &stage{tenant: x, act: a, user: user, held: held, reaching: reaching}
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
	if !slices.ContainsFunc(keys(got.targets), func(id string) bool { return got.targets[id].GetProfile().GetFields()["access_group_name"] != nil }) {
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
// sync. What it has is what the whole one has of them.
func syncsTargets(s *stage) string {
	s.t.Helper()
	whole := s.act.undisturbed
	var targets []*v2.Resource
	for _, id := range s.someTargets() {
		kind, id, _ := strings.Cut(id, " ")
		targets = append(targets, stub(kind, id))
	}
	err := s.syncInto(s.file, sdksync.WithTargetedSyncResources(targets))
	if err != nil {
		require.Subset(s.t, []string{s.whole}, s.finishedSyncs(), "a part looks whole")
		return s.failed(err)
	}
	got := readBack(s.t, s.file)
	found := keys(got.targets)
	for _, id := range keys(got.roles) {
		found = append(found, "role "+id)
	}
	require.Subset(s.t, s.someTargets(), found)
	outcome := complete
	if len(found) < len(s.someTargets()) {
		outcome = leftOut
	}
	for id, row := range got.targets {
		want := proto.CloneOf(whole.targets[id])
		if want.GetProfile().GetFields()["access_group_name"] != nil && row.GetProfile().GetFields()["access_group_name"] == nil {
			outcome = unnamed
			delete(want.GetProfile().GetFields(), "access_group_name")
		}
		require.True(s.t, proto.Equal(want, row), "%v\n%v", want, row)
	}
	ofFound := func(id string) bool {
		return slices.ContainsFunc(found, func(target string) bool { return strings.HasPrefix(id, strings.Replace(target, " ", ":", 1)+":") })
	}
	for id, row := range whole.entitlements {
		if !ofFound(id) {
			continue
		}
		require.Contains(s.t, got.entitlements, id)
		if !proto.Equal(row, got.entitlements[id]) {
			require.True(s.t, s.act.empties(s.fault), "%v\n%v", row, got.entitlements[id])
			outcome = noneShown
		}
	}
	direct := append(reachGrants(s.store), grantsOfRole(s, s.held)...)
	direct = slices.DeleteFunc(direct, func(id string) bool { return !ofFound(id) })
	require.Equal(s.t, sorted(direct), keys(got.grants))
	return s.warned(outcome)
}

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
