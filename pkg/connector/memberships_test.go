package connector_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/annotations"
	sdksync "github.com/conductorone/baton-sdk/pkg/sync"
	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/privxsim"
)

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

// How a membership came about, the same whether members say it
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
	require.Contains(t, warnings, "baton-privx: members of roles or owners of secrets are not among the users that PrivX listed")
	require.Contains(t, warnings, "baton-privx: PrivX's member_count of a role disagrees with the members it lists; the members were taken")
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
