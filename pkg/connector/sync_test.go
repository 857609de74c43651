package connector_test

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/annotations"
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

// A sync holds all that PrivX knows, whatever the manners of its lists (C1, C3).
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

// A count that is too large loses nothing (C3), but one beside an empty list is
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

// With eight workers, under -race (F7), and with one.
func TestSyncIsTheSameWithAnyNumberOfWorkers(t *testing.T) {
	t.Parallel()
	for _, workers := range []int{1, 8} {
		x := newTenant(t, privxsim.Seed(privxsim.SeedOptions{Users: 100, Roles: 40}), privxsim.Options{MaxPageSize: 9})
		x.requireComplete(x.mustSync(sdksync.WithWorkerCount(workers)))
	}
}

// C11: unchanged data gives unchanged content.
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

// C10: all that the old connector would have made of the recorded answers is
// there, under the same ids and with the same profile keys.
func TestOldConnectorsRowsAreAllThere(t *testing.T) {
	t.Parallel()
	store := plainStore()
	var users struct {
		Items []privxsim.User `json:"items"`
	}
	var roles struct {
		Items []privxsim.Role `json:"items"`
	}
	readFixture(t, "search_page_0.json", &users)
	readFixture(t, "roles_page_0.json", &roles)
	for _, user := range users.Items {
		store.AddUser(user)
	}
	for _, role := range roles.Items {
		if role.Name != privxsim.RoleNameAdmin && role.Name != privxsim.RoleNameUser {
			store.AddRole(role)
		}
	}
	const testRole, alex, admin = "3453395a-2a12-50a5-4fdb-794d567edae0", "9ceb1de9-e52f-4a6f-521e-3a0dd2d1537b", "e2401730-dc81-4f6e-864a-328c3c8e8f6b"
	const apiClient = "bc0e7972-8f4f-43a0-795a-abfa0ed0309a"
	store.GrantExplicit(testRole, apiClient, privxsim.Grant{})
	store.GrantExplicit(testRole, alex, privxsim.Grant{})
	store.Map(store.AdminRoleID(), admin)

	s := newTenant(t, store, privxsim.Options{}).mustSync()

	for id, fullName := range map[string]string{apiClient: "Development", alex: "Alex Example", admin: "Super User"} {
		require.Contains(t, s.users, id)
		require.Equal(t, fullName, s.users[id].GetDisplayName())
		require.Equal(t, fullName, profile(s.users[id])["full_name"])
		require.Equal(t, id, profile(s.users[id])["id"])
	}
	for id, name := range map[string]string{testRole: "Test Role", store.AdminRoleID(): "privx-admin", store.UserRoleID(): "privx-user"} {
		require.Contains(t, s.roles, id)
		require.Equal(t, name, profile(s.roles[id])["name"])
		require.Contains(t, s.entitlements, "role:"+id+":assigned")
	}
	for _, id := range []string{
		"role:3453395a-2a12-50a5-4fdb-794d567edae0:assigned:user:bc0e7972-8f4f-43a0-795a-abfa0ed0309a",
		"role:3453395a-2a12-50a5-4fdb-794d567edae0:assigned:user:9ceb1de9-e52f-4a6f-521e-3a0dd2d1537b",
		grantID(store.AdminRoleID(), admin),
		grantID(store.UserRoleID(), alex),
	} {
		require.Contains(t, s.grants, id)
	}
}

func readFixture(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "internal", "privxsim", "testdata", name))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, into))
}

// Each kind of user as ConductorOne sees it (C7).
func TestUsers(t *testing.T) {
	t.Parallel()
	store := plainStore()
	directory := store.AddSource(privxsim.Source{Name: "Contoso AD", Type: "AD", Enabled: true})
	closed := store.AddSource(privxsim.Source{Name: "Old LDAP", Type: "LDAP", Enabled: false})
	full := store.AddUser(privxsim.User{
		Principal: "alice", FullName: "Alice Example", FirstName: "Alice", LastName: "Example", Email: "alice@example.com",
		Source: directory.ID, SourceType: "AD", SAMAccountName: "aexample", WindowsAccount: "Administrator", UnixAccount: "root",
		Department: "Ops", JobTitle: "Engineer", Company: "Example Ltd", Created: "2024-07-08T17:27:26.178110397Z",
		MFA: privxsim.MFA{Status: "ENABLED"},
	})
	unnamed := store.AddUser(privxsim.User{Principal: "bob", FullName: "  ", Source: closed.ID, SourceType: "LDAP", MFA: privxsim.MFA{Status: "DISABLED"}})
	byEmail := store.AddUser(privxsim.User{Email: "carol@example.com", SourceType: "SOMETHING-NEW", MFA: privxsim.MFA{Status: "DEFAULT"}, Created: "yesterday"})
	bare := store.AddUser(privxsim.User{FirstName: "", Source: "00000000-0000-4000-8000-00000000dead"})
	long := store.AddUser(privxsim.User{Principal: "long", FullName: strings.Repeat("人", 2000)})

	s := newTenant(t, store, privxsim.Options{}).mustSync()

	user := s.users[full.ID]
	trait := userTrait(t, user)
	require.Equal(t, "Alice Example", user.GetDisplayName())
	require.Equal(t, v2.Status_RESOURCE_STATUS_ENABLED, user.GetStatus().GetStatus())
	require.Equal(t, int64(1720459646), user.GetCreatedAt().GetSeconds())
	require.Equal(t, "alice", trait.GetLogin())
	require.Equal(t, []string{"aexample"}, trait.GetLoginAliases(), "shared accounts such as root are no aliases")
	require.Equal(t, "alice@example.com", trait.GetEmails()[0].GetAddress())
	require.Equal(t, "Alice", trait.GetStructuredName().GetGivenName())
	require.Equal(t, "Example", trait.GetStructuredName().GetFamilyName())
	require.True(t, trait.GetMfaStatus().GetMfaEnabled())
	require.Equal(t, v2.UserTrait_ACCOUNT_TYPE_HUMAN, trait.GetAccountType())
	require.Equal(t, map[string]any{
		"id": full.ID, "full_name": "Alice Example", "principal": "alice", "source_id": directory.ID, "source_name": "Contoso AD",
		"source_type": "AD", "department": "Ops", "title": "Engineer", "company": "Example Ltd",
	}, profile(user))

	user = s.users[unnamed.ID]
	trait = userTrait(t, user)
	require.Equal(t, "bob", user.GetDisplayName())
	require.Equal(t, v2.Status_RESOURCE_STATUS_DISABLED, user.GetStatus().GetStatus(), "his directory is disabled")
	require.Empty(t, trait.GetEmails())
	require.Nil(t, trait.GetStructuredName())
	require.NotNil(t, trait.GetMfaStatus())
	require.False(t, trait.GetMfaStatus().GetMfaEnabled())

	user = s.users[byEmail.ID]
	require.Equal(t, "carol@example.com", user.GetDisplayName())
	require.Nil(t, userTrait(t, user).GetMfaStatus(), "DEFAULT says nothing")
	require.Nil(t, user.GetCreatedAt())
	require.Equal(t, "SOMETHING-NEW", profile(user)["source_type"], "C12")

	user = s.users[bare.ID]
	require.Equal(t, bare.ID, user.GetDisplayName())
	require.Equal(t, v2.Status_RESOURCE_STATUS_ENABLED, user.GetStatus().GetStatus(), "an unknown directory is not a disabled one")

	require.LessOrEqual(t, len(s.users[long.ID].GetDisplayName()), 1024)
	require.True(t, strings.HasSuffix(s.users[long.ID].GetDisplayName(), "人…"))

	client := s.users[privxsim.DefaultAPIClientID]
	require.Equal(t, v2.UserTrait_ACCOUNT_TYPE_SERVICE, userTrait(t, client).GetAccountType())
}

// API clients are marked as non-human identities, and nobody and nothing else is.
func TestOnlyAPIClientsAreMarkedAsNonHuman(t *testing.T) {
	t.Parallel()
	store := privxsim.Seed(privxsim.SeedOptions{Users: 60, Roles: 8})
	store.AddAPIClient(privxsim.APIClient{Name: "another", Secret: "s"})
	s := newTenant(t, store, privxsim.Options{}).mustSync()

	clients, marked := make(map[string]bool), make(map[string]bool)
	for _, user := range store.Users() {
		if user.SourceType == "API-CLIENT" {
			clients[user.ID] = true
		}
	}
	require.Greater(t, len(clients), 1)
	require.Greater(t, len(s.users), len(clients))
	for id, row := range s.users {
		mark, found := pick(t, row.GetAnnotations(), &v2.NonHumanIdentityTrait{})
		if found {
			marked[id] = true
			require.Equal(t, v2.NonHumanIdentityTrait_NHI_TYPE_APP_REGISTRATION, mark.GetNhiType())
			require.Equal(t, "privx.api_client", mark.GetNhiDetail())
			require.Equal(t, v2.UserTrait_ACCOUNT_TYPE_SERVICE, userTrait(t, row).GetAccountType())
		}
	}
	require.Equal(t, clients, marked)
	for id, row := range s.roles {
		_, found := pick(t, row.GetAnnotations(), &v2.NonHumanIdentityTrait{})
		require.False(t, found, id)
	}
}

func userTrait(t *testing.T, user *v2.Resource) *v2.UserTrait {
	t.Helper()
	require.NotNil(t, user)
	trait, found := pick(t, annotations.Annotations(user.GetAnnotations()), &v2.UserTrait{})
	require.True(t, found)
	return trait
}

// Each kind of role as ConductorOne sees it.
func TestRoles(t *testing.T) {
	t.Parallel()
	store := plainStore()
	directory := store.AddSource(privxsim.Source{Name: "Contoso AD", Type: "AD", Enabled: true})
	rich := store.AddRole(privxsim.Role{
		Name: "Operators", Comment: strings.Repeat("コメント", 1000), Permissions: []string{"hosts-view", "future-permission"},
		AccessGroupID: "9030b77b-3360-4dea-7efc-4cd5c818b49b",
		Rules: privxsim.Rule{Type: "GROUP", Match: "ALL", Rules: []privxsim.Rule{
			{Type: "RULE", Source: directory.ID, SearchString: "(department=Ops)"},
			{Type: "GROUP", Match: "ANY", Rules: []privxsim.Rule{
				{Type: "RULE", Source: directory.ID, SearchString: "(title=Engineer)"},
				{Type: "RULE", Source: "11111111-2222-4333-8444-555555555555", SearchString: "(uid=alex)"},
			}},
		}},
		Context: privxsim.Context{Enabled: true, BlockRole: true, Validity: []string{"MON", "TUE"}, StartTime: "08:00", EndTime: "16:00",
			TimeZone: "Europe/Helsinki", IPMasks: []string{"192.0.2.0/24"}},
	})
	plain := store.AddRole(privxsim.Role{Name: "Plain"})

	s := newTenant(t, store, privxsim.Options{}).mustSync()

	role := s.roles[rich.ID]
	require.Equal(t, "Operators", role.GetDisplayName())
	require.LessOrEqual(t, len(role.GetDescription()), 2048)
	require.True(t, strings.HasPrefix(role.GetDescription(), "コメント"))
	got := profile(role)
	require.Equal(t, "Operators", got["name"])
	require.Equal(t, false, got["system"])
	require.Equal(t, "hosts-view, future-permission", got["permissions"])
	require.Equal(t, "9030b77b-3360-4dea-7efc-4cd5c818b49b", got["access_group_id"])
	require.Equal(t, "usable on MON, TUE from 08:00 to 16:00 (Europe/Helsinki) from certain addresses; use outside of that is blocked", got["context"])
	require.Equal(t, "users of Contoso AD matching (department=Ops) and "+
		"(users of Contoso AD matching (title=Engineer) or users of 11111111-2222-4333-8444-555555555555 matching (uid=alex))", got["mapping_rules"])
	require.NotContains(t, fmt.Sprint(got), "192.0.2", "addresses stay out")

	require.Equal(t, map[string]any{"name": "Plain", "system": false}, withoutGroup(profile(s.roles[plain.ID])))
	require.Equal(t, true, profile(s.roles[store.UserRoleID()])["system"])
	require.Equal(t, "built in: every user is a member", profile(s.roles[store.UserRoleID()])["mapping_rules"])

	entitlement := s.entitlements["role:"+rich.ID+":assigned"]
	require.Equal(t, "assigned", entitlement.GetSlug())
	require.Equal(t, v2.Entitlement_PURPOSE_VALUE_ASSIGNMENT, entitlement.GetPurpose())
	require.Len(t, entitlement.GetGrantableTo(), 1)
	require.Equal(t, "user", entitlement.GetGrantableTo()[0].GetId())
}

func withoutGroup(profile map[string]any) map[string]any {
	delete(profile, "access_group_id")
	return profile
}

// C8, C9: how a membership came about, the same whether members say it
// themselves or the users have to be asked.
func TestMemberships(t *testing.T) {
	t.Parallel()
	for name, options := range map[string]privxsim.Options{
		"members carry the role":  {MemberRoles: privxsim.MemberRolesThisRole, MemberGrants: true},
		"members carry all roles": {MemberRoles: privxsim.MemberRolesAll, MemberGrants: true},
		"members carry no roles":  {MemberRoles: privxsim.MemberRolesNull},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := plainStore()
			role := store.AddRole(privxsim.Role{Name: "R", Rules: privxsim.Rule{Type: "RULE", Source: store.LocalSourceID(), SearchString: "(cn=x)"}})
			user := func(name string) string { return store.AddUser(privxsim.User{Principal: name, FullName: name}).ID }
			mapped, granted, both, timed, legacy, floating, unknown := user("m"), user("g"), user("b"), user("t"), user("l"), user("f"), user("u")
			store.Map(role.ID, mapped)
			store.GrantExplicit(role.ID, granted, privxsim.Grant{Type: "PERMANENT"})
			store.Map(role.ID, both)
			store.GrantExplicit(role.ID, both, privxsim.Grant{Type: "PERMANENT"})
			store.GrantExplicit(role.ID, timed, privxsim.Grant{Type: "TIME_RESTRICTED", Periods: []privxsim.Period{{Start: "2020-01-01T00:00:00Z", End: "2020-02-01T00:00:00Z"}}})
			store.GrantExplicit(role.ID, legacy, privxsim.Grant{Type: "TIME_RESTRICTED", Start: "2031-01-01T00:00:00Z", End: "2031-02-01T00:00:00Z"})
			store.GrantExplicit(role.ID, floating, privxsim.Grant{Type: "FLOATING", FloatingHours: 24})
			store.GrantExplicit(role.ID, unknown, privxsim.Grant{Type: "BY_MOONLIGHT"})

			x := newTenant(t, store, options)
			s := x.mustSync()
			x.requireComplete(s)

			const rules = "users of Local users matching (cn=x)"
			requireMembership(t, s.grants[grantID(role.ID, mapped)], rules, map[string]any{"explicit": false, "implicit": true})
			requireMembership(t, s.grants[grantID(role.ID, granted)], "", map[string]any{"explicit": true, "implicit": false, "grant_type": "PERMANENT"})
			requireMembership(t, s.grants[grantID(role.ID, both)], "", map[string]any{"explicit": true, "implicit": true, "grant_type": "PERMANENT"})
			requireMembership(t, s.grants[grantID(role.ID, timed)], "", map[string]any{"explicit": true, "implicit": false, "grant_type": "TIME_RESTRICTED",
				"validity_periods": []any{map[string]any{"start": "2020-01-01T00:00:00Z", "end": "2020-02-01T00:00:00Z"}}})
			requireMembership(t, s.grants[grantID(role.ID, legacy)], "", map[string]any{"explicit": true, "implicit": false, "grant_type": "TIME_RESTRICTED",
				"validity_periods": []any{map[string]any{"start": "2031-01-01T00:00:00Z", "end": "2031-02-01T00:00:00Z"}}})
			requireMembership(t, s.grants[grantID(role.ID, floating)], "", map[string]any{"explicit": true, "implicit": false, "grant_type": "FLOATING", "floating_hours": float64(24)})
			requireMembership(t, s.grants[grantID(role.ID, unknown)], "", map[string]any{"explicit": true, "implicit": false, "grant_type": "BY_MOONLIGHT"})
			everybodys := map[string]any{"explicit": false, "implicit": true}
			if options.MemberRoles == privxsim.MemberRolesNull {
				everybodys = nil // Nobody is asked for it.
			}
			requireMembership(t, s.grants[grantID(store.UserRoleID(), granted)], "built in: every user is a member", everybodys)

			asked := x.sim.CountRequests("GET", rolesOfPath)
			if options.MemberRoles == privxsim.MemberRolesNull {
				require.Equal(t, len(store.Users()), asked, "each user's roles are asked for once")
			} else {
				require.Zero(t, asked, "no call is made for what members say themselves")
			}
		})
	}
}

// Where the member's entry does not say more, as in the one sample of it, no call
// is made to find out.
func TestMembershipsWithoutParticulars(t *testing.T) {
	t.Parallel()
	store := plainStore()
	role := store.AddRole(privxsim.Role{Name: "R"})
	user := store.AddUser(privxsim.User{Principal: "f"})
	store.GrantExplicit(role.ID, user.ID, privxsim.Grant{Type: "FLOATING", FloatingHours: 24})
	x := newTenant(t, store, privxsim.Options{})
	requireMembership(t, x.mustSync().grants[grantID(role.ID, user.ID)], "", map[string]any{"explicit": true, "implicit": false})
	require.Zero(t, x.sim.CountRequests("GET", rolesOfPath))
}

// requireMembership checks a grant's metadata, which may be none, and that it is
// immutable with the given rules in words, or mutable where there are none.
func requireMembership(t *testing.T, grant *v2.Grant, rules string, metadata map[string]any) {
	t.Helper()
	require.NotNil(t, grant)
	notes := annotations.Annotations(grant.GetAnnotations())
	meta, found := pick(t, notes, &v2.GrantMetadata{})
	require.Equal(t, metadata != nil, found)
	if found {
		require.Equal(t, metadata, meta.GetMetadata().AsMap())
	}
	immutable, found := pick(t, notes, &v2.GrantImmutable{})
	require.Equal(t, rules != "", found)
	if found {
		require.Equal(t, map[string]any{"mapping_rules": rules}, immutable.GetMetadata().AsMap())
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

// Fail closed: an answer that is not the list fails the sync with a code that
// baton-sdk does not take for "skip it".
func TestWrongAnswersFailTheSync(t *testing.T) {
	t.Parallel()
	lists := map[string]privxsim.Fault{
		"users":   {Method: "POST", Path: searchPath, Skip: 1}, // after Validate's
		"roles":   {Method: "GET", Path: rolesPath, Skip: 1},
		"members": {Method: "GET", Path: membersPath, Skip: 2},
		"sources": {Method: "GET", Path: sourcesPath},
	}
	answers := map[string]struct {
		fault privxsim.Fault
		code  codes.Code
	}{
		"403":                   {privxsim.Fault{Kind: privxsim.FaultStatus, Status: 403}, codes.PermissionDenied},
		"404 in PrivX's words":  {privxsim.Fault{Kind: privxsim.FaultStatus, Status: 404}, codes.FailedPrecondition},
		"404 of something else": {privxsim.Fault{Kind: privxsim.FaultHTML, Status: 404}, codes.FailedPrecondition},
		"400":                   {privxsim.Fault{Kind: privxsim.FaultStatus, Status: 400}, codes.InvalidArgument},
		"401 again and again":   {privxsim.Fault{Kind: privxsim.FaultStatus, Status: 401}, codes.Unauthenticated},
		"501":                   {privxsim.Fault{Kind: privxsim.FaultStatus, Status: 501}, codes.FailedPrecondition},
		"login page":            {privxsim.Fault{Kind: privxsim.FaultHTML}, codes.FailedPrecondition},
		"redirect":              {privxsim.Fault{Kind: privxsim.FaultRedirect}, codes.FailedPrecondition},
		"truncated":             {privxsim.Fault{Kind: privxsim.FaultTruncated}, codes.FailedPrecondition},
		"garbage":               {privxsim.Fault{Kind: privxsim.FaultGarbage}, codes.FailedPrecondition},
		"empty":                 {privxsim.Fault{Kind: privxsim.FaultEmpty}, codes.FailedPrecondition},
		"no content":            {privxsim.Fault{Kind: privxsim.FaultNoContent}, codes.FailedPrecondition},
		"null":                  {privxsim.Fault{Kind: privxsim.FaultNull}, codes.FailedPrecondition},
		"trailing garbage":      {privxsim.Fault{Kind: privxsim.FaultTrailing}, codes.FailedPrecondition},
		"deeply nested":         {privxsim.Fault{Kind: privxsim.FaultNested}, codes.FailedPrecondition},
	}
	for list, where := range lists {
		for answer, want := range answers {
			if list == "sources" && answer == "403" {
				continue // degrades, see TestSourcesMayBeForbidden
			}
			if list == "members" && answer == "404 in PrivX's words" {
				continue // the role exists, see TestRoleDeletedDuringTheSync
			}
			t.Run(list+" answered "+answer, func(t *testing.T) {
				t.Parallel()
				x := newTenant(t, privxsim.Seed(privxsim.SeedOptions{Users: 20, Roles: 5}), privxsim.Options{})
				fault := want.fault
				fault.Method, fault.Path, fault.Skip = where.Method, where.Path, where.Skip
				x.sim.Inject(fault)
				_, err := x.sync()
				require.Error(t, err)
				require.Equal(t, want.code.String(), status.Code(err).String(), "%v", err)
				require.Contains(t, err.Error(), "baton-privx: ")
				require.NotContains(t, err.Error(), privxsim.CanaryPrefix)
			})
		}
	}
}

// The error of a missing permission names it.
func TestValidateNamesTheMissingPermission(t *testing.T) {
	t.Parallel()
	for missing, others := range map[string][]string{
		"users-view": {"roles-view"},
		"roles-view": {"users-view"},
	} {
		store := privxsim.NewStore()
		store.AddAPIClient(privxsim.APIClient{ID: privxsim.DefaultAPIClientID, Secret: privxsim.DefaultAPIClientSecret})
		role := store.AddRole(privxsim.Role{Name: "too little", Permissions: others})
		store.GrantExplicit(role.ID, privxsim.DefaultAPIClientID, privxsim.Grant{})
		x := newTenant(t, store, privxsim.Options{})
		_, err := x.connector.Validate(x.ctx)
		require.Equal(t, codes.PermissionDenied, status.Code(err))
		require.ErrorContains(t, err, "the permission "+missing)
		_, err = x.sync()
		require.ErrorContains(t, err, "the permission "+missing)
	}
}

// Without sources-view, users count as enabled, and one warning says so.
func TestSourcesMayBeForbidden(t *testing.T) {
	t.Parallel()
	store := privxsim.NewStore()
	store.AddAPIClient(privxsim.APIClient{ID: privxsim.DefaultAPIClientID, Secret: privxsim.DefaultAPIClientSecret})
	role := store.AddRole(privxsim.Role{Name: "least", Permissions: []string{"users-view", "roles-view"}})
	store.GrantExplicit(role.ID, privxsim.DefaultAPIClientID, privxsim.Grant{})
	closed := store.AddSource(privxsim.Source{Name: "Old LDAP", Enabled: false})
	user := store.AddUser(privxsim.User{Principal: "bob", Source: closed.ID})
	x := newTenant(t, store, privxsim.Options{MaxPageSize: 1})
	s := x.mustSync()
	x.requireComplete(s)
	require.Equal(t, v2.Status_RESOURCE_STATUS_ENABLED, s.users[user.ID].GetStatus().GetStatus())
	require.NotContains(t, profile(s.users[user.ID]), "source_name")
	var said []string
	for _, warning := range x.warnings() {
		if strings.Contains(warning, "sources-view") {
			said = append(said, warning)
		}
	}
	require.Len(t, said, 1)
}

// C6: the one thing that may be skipped is a role that PrivX confirms is gone.
func TestRoleDeletedDuringTheSync(t *testing.T) {
	t.Parallel()
	store := privxsim.Seed(privxsim.SeedOptions{Users: 20, Roles: 5})
	x := newTenant(t, store, privxsim.Options{})
	doomed := store.AddRole(privxsim.Role{Name: "doomed"})
	store.GrantExplicit(doomed.ID, store.Users()[0].ID, privxsim.Grant{})
	x.sim.OnRequest(func(r privxsim.Request) {
		if r.Path == rolesPath+"/"+doomed.ID+"/members" {
			store.RemoveRole(doomed.ID)
		}
	})
	s := x.mustSync()
	require.Contains(t, s.roles, doomed.ID, "it was there when the roles were listed")
	delete(s.roles, doomed.ID)
	delete(s.entitlements, "role:"+doomed.ID+":assigned")
	x.requireComplete(s)
	require.Contains(t, x.warnings(), "baton-privx: role skipped: it was deleted in PrivX during the sync")
	line := x.logs.FilterMessage("baton-privx: everything read from PrivX").All()
	require.Len(t, line, 1)
	require.EqualValues(t, 1, line[0].ContextMap()["skipped_roles"])
}

// A 404 for the members of a role that exists proves nothing and fails the sync;
// so does one for a role of which PrivX does not confirm that it is gone.
func TestMembersNotFoundOfAnExistingRole(t *testing.T) {
	t.Parallel()
	for name, role := range map[string]*privxsim.Fault{
		"the role exists":            nil,
		"the role's 404 is a page":   {Method: "GET", Path: rolesPath + "/*", Kind: privxsim.FaultHTML, Status: 404},
		"the role must not be read":  {Method: "GET", Path: rolesPath + "/*", Kind: privxsim.FaultStatus, Status: 403},
		"the role answers otherwise": {Method: "GET", Path: rolesPath + "/*", Kind: privxsim.FaultNull},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newTenant(t, privxsim.Seed(privxsim.SeedOptions{Users: 20, Roles: 5}), privxsim.Options{})
			x.sim.Inject(privxsim.Fault{Method: "GET", Path: membersPath, Skip: 2, Count: 1, Kind: privxsim.FaultStatus, Status: 404})
			if role != nil {
				x.sim.Inject(*role)
			}
			_, err := x.sync()
			require.Error(t, err)
			require.NotEqual(t, codes.NotFound, status.Code(err), "%v", err)
		})
	}
}

// A transient failure is ridden out and costs nothing.
func TestTransientFailuresCostNothing(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]privxsim.Fault{
		"503":           {Kind: privxsim.FaultStatus, Status: 503},
		"429":           {Kind: privxsim.FaultStatus, Status: 429, Header: http.Header{"Retry-After": {"0"}}},
		"a proxy's 502": {Kind: privxsim.FaultHTML, Status: 502},
		"reset before":  {Kind: privxsim.FaultResetBefore},
		"reset after":   {Kind: privxsim.FaultResetAfter},
		"cut":           {Kind: privxsim.FaultCut},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newTenant(t, privxsim.Seed(privxsim.SeedOptions{Users: 40, Roles: 5}), privxsim.Options{MaxPageSize: 20})
			for _, path := range []string{searchPath, rolesPath, membersPath, sourcesPath, "/auth/api/v1/oauth/token"} {
				once := fault
				once.Path, once.Count, once.Skip = path, 1, 1
				if path == sourcesPath || path == "/auth/api/v1/oauth/token" {
					once.Skip = 0
				}
				x.sim.Inject(once)
			}
			x.requireComplete(x.mustSync())
		})
	}
}

// Tokens that die in the middle of a sync cost nothing either.
func TestTokensRevokedDuringTheSync(t *testing.T) {
	t.Parallel()
	x := newTenant(t, privxsim.Seed(privxsim.SeedOptions{Users: 40, Roles: 10}), privxsim.Options{MaxPageSize: 10})
	revoked := make(map[string]bool)
	x.sim.OnRequest(func(r privxsim.Request) {
		if strings.HasSuffix(r.Path, "/members") && !revoked[r.Path] {
			revoked[r.Path] = true
			x.sim.RevokeTokens()
		}
	})
	x.requireComplete(x.mustSync(sdksync.WithWorkerCount(1)))
	require.Equal(t, 1+len(revoked), x.sim.CountRequests("POST", "/auth/api/v1/oauth/token"))
}

// Members that were not in the list of users are synced and warned of, and so is
// a member_count that does not fit.
func TestWarningsAboutMembers(t *testing.T) {
	t.Parallel()
	store := plainStore()
	role := store.AddRole(privxsim.Role{Name: "R"})
	store.GrantExplicit(role.ID, store.AddUser(privxsim.User{Principal: "a"}).ID, privxsim.Grant{})
	store.SetMemberCount(role.ID, 17, 17)
	x := newTenant(t, store, privxsim.Options{MemberCount: true})
	var late string
	x.sim.OnRequest(func(r privxsim.Request) {
		if strings.HasSuffix(r.Path, "/members") && late == "" {
			late = store.AddUser(privxsim.User{Principal: "late"}).ID
			store.GrantExplicit(role.ID, late, privxsim.Grant{})
		}
	})
	path := filepath.Join(t.TempDir(), "sync.c1z")
	// Without WithFailFastInvariants: a stranger's grant has no principal.
	require.NoError(t, x.syncInto(path, sdksync.WithWorkerCount(1)))
	require.Contains(t, readBack(t, path).grants, grantID(role.ID, late))

	warnings := x.warnings()
	require.Contains(t, warnings, "baton-privx: members of roles are not among the users that PrivX listed")
	require.Contains(t, warnings, "baton-privx: PrivX's member_count of a role disagrees with the members it lists; the members were taken")
}

// C4 through the whole connector: rows that go while pages are read cost no
// other row.
func TestRowsThatGoCostNoOtherRow(t *testing.T) {
	t.Parallel()
	store := privxsim.Seed(privxsim.SeedOptions{Users: 90, Roles: 4, MembersPerRole: 40})
	x := newTenant(t, store, privxsim.Options{MaxPageSize: 10})
	victims := store.Users()[:12]
	x.sim.OnRequest(func(r privxsim.Request) {
		if r.Path == searchPath && !strings.Contains(r.RawQuery, "offset=0&") && len(victims) > 0 && victims[0].ID != privxsim.DefaultAPIClientID {
			store.RemoveUser(victims[0].ID)
			victims = victims[1:]
		}
	})
	path := filepath.Join(t.TempDir(), "sync.c1z")
	require.NoError(t, x.syncInto(path, sdksync.WithWorkerCount(1)))
	s := readBack(t, path)
	for _, user := range store.Users() {
		require.Contains(t, s.users, user.ID)
	}
	for _, membership := range store.Memberships() {
		require.Contains(t, s.grants, grantID(membership.RoleID, membership.UserID))
	}
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

// S7: what has no place in a review is nowhere in the file.
func TestSecretsAreNotSynced(t *testing.T) {
	t.Parallel()
	x := newTenant(t, privxsim.Seed(privxsim.SeedOptions{Users: 60, Roles: 20}), privxsim.Options{})
	s := x.mustSync()
	canaries := []string{
		privxsim.CanaryPrefix, privxsim.CanaryIPMask, privxsim.DefaultAPIClientSecret, privxsim.DefaultOAuthClientSecret,
	}
	look := func(what string, row proto.Message) {
		text := fmt.Sprint(row)
		for _, canary := range canaries {
			require.NotContains(t, text, canary, what)
		}
	}
	for _, row := range s.users {
		look("a user", row)
	}
	for _, row := range s.roles {
		look("a role", row)
	}
	for _, row := range s.grants {
		look("a grant", row)
	}
	for _, entry := range x.logs.All() {
		text := entry.Message + fmt.Sprint(entry.ContextMap())
		for _, canary := range canaries {
			require.NotContains(t, text, canary, "the log")
		}
	}
}

// Rows that are as long as PrivX lets them be fit into the SDK's messages.
func TestLongRowsFitIntoMessages(t *testing.T) {
	t.Parallel()
	store := plainStore()
	long := strings.Repeat("ж", 4000)
	for i := range 600 {
		store.AddUser(privxsim.User{Principal: fmt.Sprintf("u%d", i), FullName: long, Department: long, JobTitle: long, Company: long})
		store.AddRole(privxsim.Role{Name: fmt.Sprintf("%d%s", i, long), Comment: long, Permissions: []string{long},
			Rules: privxsim.Rule{Type: "RULE", SearchString: long}})
	}
	x := newTenant(t, store, privxsim.Options{})
	x.requireComplete(x.mustSync())
}

// C5 at the connector's door.
func TestMalformedPageTokenIsAnError(t *testing.T) {
	t.Parallel()
	x := newTenant(t, plainStore(), privxsim.Options{})
	client := v2.NewResourcesServiceClient(x.client())
	for _, kind := range []string{"user", "role"} {
		_, err := client.ListResources(x.ctx, v2.ResourcesServiceListResourcesRequest_builder{ResourceTypeId: kind, PageToken: "rubbish"}.Build())
		require.Equal(t, codes.InvalidArgument, status.Code(err), "%v", err)
	}
}

// No page of a user's or role's list is refused for what it holds: every row
// decodes to something, also when fields are null.
func TestNullFields(t *testing.T) {
	t.Parallel()
	store := plainStore()
	null := json.RawMessage("null")
	store.AddUser(privxsim.User{Principal: "n", Extra: map[string]json.RawMessage{
		"full_name": null, "email": null, "mfa": null, "created": null, "source": null, "attributes": null, "samaccountname": null, "new_field": json.RawMessage(`{"a":[1]}`),
	}})
	store.AddRole(privxsim.Role{Name: "n", Extra: map[string]json.RawMessage{
		"comment": null, "permissions": null, "context": null, "source_rules": null, "system": null, "access_group_id": null, "member_count": null,
	}})
	x := newTenant(t, store, privxsim.Options{})
	x.requireComplete(x.mustSync())
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

// Everybody holds privx-user, whether PrivX puts it into the users' roles or not.
func TestEverybodyHoldsPrivxUser(t *testing.T) {
	t.Parallel()
	for name, roles := range map[string]string{"not among the roles": `[]`, "no roles at all": `null`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := plainStore()
			user := store.AddUser(privxsim.User{Principal: "u"})
			x := newTenant(t, store, privxsim.Options{})
			x.sim.Inject(privxsim.Fault{Path: rolesPath + "/" + store.UserRoleID() + "/members", Status: 200,
				Body: fmt.Sprintf(`{"count":2,"items":[{"id":%q,"roles":%s},{"id":%q,"roles":%s}]}`, user.ID, roles, privxsim.DefaultAPIClientID, roles)})
			s := x.mustSync()
			requireMembership(t, s.grants[grantID(store.UserRoleID(), user.ID)], "built in: every user is a member", nil)
			require.Zero(t, x.sim.CountRequests("GET", rolesOfPath), "nobody is asked for what everybody holds")
		})
	}
}

// A gateway that answers for PrivX does not make roles disappear, nor does a
// PrivX that denies the roles that are built in.
func TestGatewaysNotFoundIsNoProof(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"a gateway":  `{"timestamp":"2026-01-01","status":404,"error":"Not Found","path":"/role-store"}`,
		"all denied": `{"error_code":"OBJECT_NOT_FOUND"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newTenant(t, privxsim.Seed(privxsim.SeedOptions{Users: 20, Roles: 5}), privxsim.Options{})
			x.sim.Inject(privxsim.Fault{Path: membersPath, Status: 404, Body: body})
			x.sim.Inject(privxsim.Fault{Path: rolesPath + "/*", Status: 404, Body: body})
			_, err := x.sync()
			require.Equal(t, codes.FailedPrecondition, status.Code(err), "%v", err)
		})
	}
}

// A page that is cut to fit into a message while the list shrinks loses nobody.
func TestCutPageOfAShrinkingList(t *testing.T) {
	t.Parallel()
	store := plainStore()
	long := strings.Repeat("x", 4000)
	var ids []string
	for i := range 1500 {
		ids = append(ids, store.AddUser(privxsim.User{
			Principal: fmt.Sprintf("u%d", i), FullName: long, Department: long, JobTitle: long, Company: long,
			Created: time.Date(2020, 1, 1, 0, i, 0, 0, time.UTC).Format(time.RFC3339),
		}).ID)
	}
	x := newTenant(t, store, privxsim.Options{})
	searches := 0
	x.sim.OnRequest(func(r privxsim.Request) {
		if r.Path != searchPath {
			return
		}
		if searches++; searches == 3 { // after Validate's and the first page
			for _, id := range ids[:20] {
				store.RemoveUser(id)
			}
		}
	})
	path := filepath.Join(t.TempDir(), "sync.c1z")
	require.NoError(t, x.syncInto(path, sdksync.WithWorkerCount(1)))
	s := readBack(t, path)
	for _, user := range store.Users() {
		require.Contains(t, s.users, user.ID)
	}
}
