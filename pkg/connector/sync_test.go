package connector_test

import (
	"fmt"
	"math"
	"path/filepath"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	sdksync "github.com/conductorone/baton-sdk/pkg/sync"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/conductorone/baton-privx/internal/privxsim"
)

const (
	searchPath  = "/role-store/api/v1/users/search"
	rolesPath   = "/role-store/api/v1/roles"
	membersPath = "/role-store/api/v1/roles/*/members"
	sourcesPath = "/role-store/api/v1/sources"
	rolesOfPath = "/role-store/api/v1/users/*/roles"
)

// A sync holds all that PrivX knows, whatever the manners of its lists.
func TestSyncIsCompleteWhateverTheServersManners(t *testing.T) {
	t.Parallel()
	for name, options := range map[string]privxsim.Options{
		"honest":                      {},
		"path prefix":                 {PathPrefix: "/some/privx"},
		"pages clamped to 7":          {MaxPageSize: 7},
		"pages above 100 refused":     {MaxPageSize: 100, RefuseLargePages: true},
		"no count":                    {Count: privxsim.CountOmitted},
		"count of zero":               {Count: privxsim.CountZero},
		"members carry all roles":     {MemberRoles: privxsim.MemberRolesAll},
		"members carry no roles":      {MemberRoles: privxsim.MemberRolesNull},
		"member counts":               {MemberCount: true},
		"cookies":                     {AffinityCookie: true},
		"clamped and without a count": {MaxPageSize: 13, Count: privxsim.CountOmitted},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newTenant(t, privxsim.Seed(privxsim.SeedOptions{Users: 150, Roles: 20, MembersPerRole: 25}), options)
			x.requireComplete(x.mustSync())
		})
	}
}

// A count that is too large loses nothing, but one beside an empty list is
// an error: PrivX leaves lists empty where it has more hits than it wants to show.
func TestCountTooLarge(t *testing.T) {
	t.Parallel()
	store := plainStore()
	x := newTenant(t, store, privxsim.Options{Count: privxsim.CountTooLarge, MaxPageSize: 2})
	store.Map(store.AdminRoleID(), store.AddUser(privxsim.User{Principal: "admin"}).ID)
	x.requireComplete(x.mustSync())
	require.Contains(t, x.warnings(), "baton-privx: PrivX counts its users differently from what it lists")

	store.AddRole(privxsim.Role{Name: "empty"})
	_, err := x.sync()
	require.ErrorContains(t, err, "a list that counts 1000 rows and shows none")
	require.Equal(t, codes.FailedPrecondition, status.Code(err))
}

// A sync with eight workers, which the race detector watches, is as complete as one with
// one worker.
func TestSyncIsTheSameWithAnyNumberOfWorkers(t *testing.T) {
	t.Parallel()
	for _, workers := range []int{1, 8} {
		x := newTenant(t, privxsim.Seed(privxsim.SeedOptions{Users: 100, Roles: 40}), privxsim.Options{MaxPageSize: 9})
		x.requireComplete(x.mustSync(sdksync.WithWorkerCount(workers)))
	}
}

// Unchanged data gives unchanged content.
func TestTwoSyncsOfTheSameDataAreEqual(t *testing.T) {
	t.Parallel()
	x := newTenant(t, privxsim.Seed(privxsim.SeedOptions{Users: 60}), privxsim.Options{})
	first, second := x.mustSync(), x.mustSync()
	requireSame(t, first, second)
}

// requireSame compares all rows of two syncs.
func requireSame(t *testing.T, want, got *synced) {
	t.Helper()
	requireSameRows(t, want.types, got.types)
	requireSameRows(t, want.users, got.users)
	requireSameRows(t, want.roles, got.roles)
	requireSameRows(t, want.targets, got.targets)
	requireSameRows(t, want.entitlements, got.entitlements)
	requireSameRows(t, want.grants, got.grants)
}

func requireSameRows[M proto.Message](t *testing.T, want, got map[string]M) {
	t.Helper()
	require.Equal(t, keys(want), keys(got))
	for id, row := range want {
		require.True(t, proto.Equal(row, got[id]), "%v\n%v", row, got[id])
	}
}

// On an honest server a sync makes no call that is not needed: besides the least,
// today's three, one for each list that meets or passes a multiple of the page size,
// and one for each role without members.
func TestSyncSparesCalls(t *testing.T) {
	t.Parallel()
	store := plainStore()
	for i := range 45 {
		store.AddRole(privxsim.Role{Name: fmt.Sprintf("role %d", i)})
	}
	roles := store.Roles()
	for i := range 2100 {
		user := store.AddUser(privxsim.User{Principal: fmt.Sprintf("user%d", i)})
		store.GrantExplicit(roles[10].ID, user.ID, privxsim.Grant{})
		store.GrantExplicit(roles[11+i%30].ID, user.ID, privxsim.Grant{})
	}
	members := make(map[string]int)
	for _, membership := range store.Memberships() {
		members[membership.RoleID]++
	}
	for _, memberCount := range []bool{false, true} {
		least, more := 1+1, 3 // a token, the sources
		list := func(rows int) {
			least += pages(rows)
			if rows >= 1000 {
				more++
			}
		}
		list(len(store.Users()))
		list(len(roles))
		empty := 0
		for _, role := range roles {
			list(members[role.ID])
			if members[role.ID] == 0 {
				empty++
			}
		}
		require.Greater(t, empty, 10)
		if !memberCount {
			more += empty
		}
		inBubble(t, store, privxsim.Options{MemberCount: memberCount}, allFour, func(x *tenant) {
			x.requireComplete(x.mustSync())
			made := len(x.sim.Requests())
			require.LessOrEqual(t, made, int(math.Floor(float64(least)*1.01))+more, "calls made; the least is %d", least)
			require.Equal(t, 1, x.sim.CountRequests("POST", "/auth/api/v1/oauth/token"), "one token for all")
			require.Zero(t, x.sim.Sessions(), "the sync leaves no session behind")
		})
	}
}

func pages(rows int) int { return max(1, (rows+999)/1000) }

// The closing line tells what was read.
func TestSyncEndsWithOneClosingLine(t *testing.T) {
	t.Parallel()
	x := newTenant(t, privxsim.Seed(privxsim.SeedOptions{Users: 30, Roles: 6}), privxsim.Options{MaxPageSize: 10})
	x.mustSync()
	lines := x.logs.FilterMessage("baton-privx: everything read from PrivX").All()
	require.Len(t, lines, 1)
	fields := lines[0].ContextMap()
	require.EqualValues(t, len(x.store.Users()), fields["users"])
	require.EqualValues(t, len(x.store.Roles()), fields["roles"])
	require.EqualValues(t, len(x.store.Memberships()), fields["memberships"])
	require.EqualValues(t, 0, fields["skipped_roles"])
	// Validate's two probes and its token came before.
	require.EqualValues(t, len(x.sim.Requests())-3, fields["calls"])
	require.Contains(t, fields, "duration")
}

// A targeted sync of a role has its entitlement and its grants, and one of a
// user has the user.
func TestTargetedSync(t *testing.T) {
	t.Parallel()
	store := privxsim.Seed(privxsim.SeedOptions{Users: 30, Roles: 6})
	x := newTenant(t, store, privxsim.Options{})
	membership := store.Memberships()[0]
	path := filepath.Join(t.TempDir(), "sync.c1z")
	require.NoError(t, x.syncInto(path))
	target := func(kind, id string) *v2.Resource {
		return v2.Resource_builder{Id: v2.ResourceId_builder{ResourceType: kind, Resource: id}.Build()}.Build()
	}
	require.NoError(t, x.syncInto(path, sdksync.WithTargetedSyncResources([]*v2.Resource{
		target("role", membership.RoleID), target("user", membership.UserID), target("user", "00000000-0000-4000-8000-00000000dead"),
	})))
	s := readBack(t, path)
	require.Equal(t, []string{membership.RoleID}, keys(s.roles))
	require.Equal(t, []string{membership.UserID}, keys(s.users), "who does not exist is left out")
	require.Equal(t, []string{"role:" + membership.RoleID + ":assigned"}, keys(s.entitlements))
	var want []string
	for _, m := range store.Memberships() {
		if m.RoleID == membership.RoleID {
			want = append(want, grantID(m.RoleID, m.UserID))
		}
	}
	require.Equal(t, sorted(want), keys(s.grants))
}

// A sync that another process has begun lacks what that one saw: no warning and
// no closing line may come from half of the truth.
func TestResumedSyncDrawsNoConclusions(t *testing.T) {
	t.Parallel()
	const id = "3MTdEllMfZYCoIkUgDGJloOm0NA"
	store := privxsim.Seed(privxsim.SeedOptions{Users: 30, Roles: 30})
	listAll := func(x *tenant, kind, token string, pages int) (string, []*v2.Resource) {
		client, rows := v2.NewResourcesServiceClient(x.client()), []*v2.Resource(nil)
		for range pages {
			page, err := client.ListResources(x.ctx, v2.ResourcesServiceListResourcesRequest_builder{
				ResourceTypeId: kind, PageToken: token, ActiveSyncId: id,
			}.Build())
			require.NoError(t, err)
			rows = append(rows, page.GetList()...)
			if token = page.GetNextPageToken(); token == "" {
				break
			}
		}
		return token, rows
	}
	options := privxsim.Options{MaxPageSize: 10}
	begun := newTenant(t, store, options)
	usersAt, _ := listAll(begun, "user", "", 1)
	rolesAt, _ := listAll(begun, "role", "", 1)

	resumed := newTenant(t, store, options)
	_, users := listAll(resumed, "user", usersAt, 100)
	_, roles := listAll(resumed, "role", rolesAt, 100)
	require.Len(t, users, len(store.Users()), "the lists start over: nobody knows any more which rows there were")
	require.Len(t, roles, len(store.Roles()))
	grants := v2.NewGrantsServiceClient(resumed.client())
	for _, role := range roles {
		for token := ""; ; {
			page, err := grants.ListGrants(resumed.ctx, v2.GrantsServiceListGrantsRequest_builder{
				Resource: role, PageToken: token, ActiveSyncId: id,
			}.Build())
			require.NoError(t, err)
			if token = page.GetNextPageToken(); token == "" {
				break
			}
		}
	}
	require.Empty(t, resumed.warnings())
	require.Empty(t, resumed.logs.FilterMessage("baton-privx: everything read from PrivX").All())
}
