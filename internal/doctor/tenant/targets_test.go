package tenant_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/doctortest"
	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/config"
	"github.com/conductorone/baton-privx/pkg/connector"
	"github.com/conductorone/baton-privx/pkg/privx"
)

// targeted is a small tenant with hosts and other targets, all of which are synced.
func targeted(options privxsim.Options, faults ...privxsim.Fault) arrangement {
	return of(&privxsim.SeedOptions{Users: 40, Roles: 8, Hosts: 30}, options, faults...).syncing()
}

// syncing is an arrangement in which settings are on; with none, all that ask for targets.
func (a arrangement) syncing(settings ...string) arrangement {
	if len(settings) == 0 {
		settings = doctortest.TargetSettings
	}
	return changed(a, func(g *doctor.Given) { doctortest.TurnOn(g, settings...) })
}

// targetPaths are the paths of the connector's own check of each setting, and of the list.
var targetPaths = map[string]struct{ id, permission, check, list string }{
	"sync-hosts":           {"PX-PERM-06", "hosts-view", doctortest.HostsPath, doctortest.HostSearchPath},
	"sync-secrets":         {"PX-PERM-08", "", doctortest.SecretSearchPath, doctortest.SecretSearchPath},
	"sync-network-targets": {"PX-PERM-09", "network-targets-view", doctortest.NetworkTargetsPath, doctortest.NetworkTargetsPath},
	"sync-api-targets":     {"PX-PERM-10", "api-targets-view", doctortest.APITargetsPath, doctortest.APITargetsPath},
	"sync-aws-roles":       {"PX-PERM-11", "role-target-resources-view", doctortest.AWSRolesPath, doctortest.AWSRolesPath},
}

// targetPermissionCases are those of the checks of settings that ask for targets.
func targetPermissionCases() []doctortest.Case {
	var cases []doctortest.Case
	for setting, of := range targetPaths {
		at := func(kind privxsim.FaultKind) arrangement {
			return targeted(privxsim.Options{}, privxsim.Fault{Path: of.check, Kind: kind}).syncing(setting)
		}
		status := func(status int) arrangement {
			return targeted(privxsim.Options{}, doctortest.Status("", of.check, status)).syncing(setting)
		}
		cases = append(cases,
			doctortest.Case{Check: of.id, Found: of.permission, Arrange: targeted(privxsim.Options{}).syncing(setting)},
			doctortest.Case{Check: of.id, Name: "none", Arrange: at(privxsim.FaultEmptyList)},
			doctortest.Case{Check: of.id, Way: "off", Arrange: with()},
			doctortest.Case{Check: of.id, Way: "forbidden", Cause: of.permission, Arrange: status(http.StatusForbidden)},
			doctortest.Case{Check: of.id, Way: "missing", Cause: "leave " + setting + " out", Arrange: status(http.StatusNotFound)},
			doctortest.Case{Check: of.id, Way: "missing", Name: "a page", Cause: "leave " + setting + " out", Arrange: at(privxsim.FaultHTML)},
			doctortest.Case{Check: of.id, Way: "unauthenticated", Cause: "401", Arrange: status(http.StatusUnauthorized)},
			doctortest.Case{Check: of.id, Way: "foreign", Arrange: at(privxsim.FaultGarbage)},
			doctortest.Case{Check: of.id, Way: "unavailable", Cause: "503", Arrange: status(http.StatusServiceUnavailable)},
			doctortest.Case{Check: of.id, Way: "refused", Cause: "400", Arrange: status(http.StatusBadRequest)},
		)
	}
	const names = "PX-PERM-07"
	groups := func(fault privxsim.Fault) arrangement {
		fault.Path = doctortest.AccessGroupsPath
		return targeted(privxsim.Options{}, fault)
	}
	return append(cases,
		doctortest.Case{Check: "PX-PERM-08", Name: "all of them", Found: "12 secrets; with vault-manage", Arrange: managingSecrets},
		doctortest.Case{Check: "PX-PERM-08", Name: "perhaps not all", Found: "12 secrets; whether these are all is not known", Arrange: targeted(privxsim.Options{})},
		doctortest.Case{Check: "PX-PERM-08", Name: "not counted", Found: "succeeds; whether", Arrange: targeted(privxsim.Options{}, privxsim.Fault{
			Path: doctortest.SecretSearchPath, MinLimit: 2, Status: http.StatusServiceUnavailable,
		})},
		doctortest.Case{Check: "PX-PERM-10", Way: "missing", Name: "an older PrivX", Cause: "version 42", Arrange: targeted(privxsim.Options{NoAPIProxy: true})},

		doctortest.Case{Check: "PX-PERM-05", Name: "names of access groups", Found: "access-groups-manage", Arrange: changed(
			targeted(privxsim.Options{}).syncing("sync-api-targets"), provisioning)},
		doctortest.Case{Check: "PX-PERM-05", Way: "more", Name: "names of access groups", Found: "is needed: access-groups-manage", Arrange: changed(
			targeted(privxsim.Options{}).syncing("sync-aws-roles"), provisioning)},

		doctortest.Case{Check: names, Found: "3 access groups", Arrange: targeted(privxsim.Options{})},
		doctortest.Case{Check: names, Name: "of API targets", Found: "3 access groups", Arrange: targeted(privxsim.Options{}).syncing("sync-api-targets")},
		doctortest.Case{Check: names, Way: "off", Arrange: targeted(privxsim.Options{}).syncing("sync-secrets", "sync-network-targets", "sync-aws-roles")},
		doctortest.Case{Check: names, Way: "forbidden", Cause: "access-groups-manage", Arrange: groups(doctortest.Status("", "", http.StatusForbidden))},
		doctortest.Case{Check: names, Way: "missing", Arrange: groups(doctortest.Status("", "", http.StatusNotFound))},
		doctortest.Case{Check: names, Way: "missing", Name: "a page", Arrange: groups(privxsim.Fault{Kind: privxsim.FaultHTML})},
		doctortest.Case{Check: names, Way: "unavailable", Cause: "503", Arrange: groups(doctortest.Status("", "", http.StatusServiceUnavailable))},
		doctortest.Case{Check: names, Way: "foreign", Arrange: groups(privxsim.Fault{Status: http.StatusOK, Body: `{"count":1,"items":[{"name":"a"}]}`})},
	)
}

// managingSecrets is a tenant whose API client may do anything with secrets.
func managingSecrets(t *testing.T) doctor.Given {
	t.Helper()
	return ownRole(privxsim.Role{Name: "Secrets", Permissions: []string{"vault-manage"}})(t)
}

// ownRole is a tenant with targets whose API client has one role more.
func ownRole(role privxsim.Role, faults ...privxsim.Fault) arrangement {
	return prepared(func(store *privxsim.Store) {
		store.GrantExplicit(store.AddRole(role).ID, privxsim.DefaultAPIClientID, privxsim.Grant{})
	}, faults...)
}

// prepared is a tenant with targets that was changed.
func prepared(change func(*privxsim.Store), faults ...privxsim.Fault) arrangement {
	return arrangement(func(t *testing.T) doctor.Given {
		t.Helper()
		store := privxsim.Seed(privxsim.SeedOptions{Users: 40, Roles: 8, Hosts: 30})
		change(store)
		site := doctortest.NewSite(t, store, privxsim.Options{})
		for _, fault := range faults {
			site.Sim.Inject(fault)
		}
		return site.Given(t)
	}).syncing()
}

// emptyGroup adds an access group in which there is nothing.
func emptyGroup(store *privxsim.Store) { store.AddAccessGroup(privxsim.AccessGroup{Name: "Elsewhere"}) }

// groupOfARole adds an access group in which there is nothing but a role of others.
func groupOfARole(store *privxsim.Store) {
	group := store.AddAccessGroup(privxsim.AccessGroup{Name: "Elsewhere"})
	store.AddRole(privxsim.Role{Name: "Of elsewhere", AccessGroupID: group.ID})
}

func groupCases() []doctortest.Case {
	const id = "PX-PERM-12"
	mayNotList := doctortest.Status("", doctortest.AccessGroupsPath, http.StatusForbidden)
	admin := func(store *privxsim.Store) {
		emptyGroup(store)
		store.GrantExplicit(store.AdminRoleID(), privxsim.DefaultAPIClientID, privxsim.Grant{})
	}
	ungrouped := func(store *privxsim.Store) {
		emptyGroup(store)
		role := store.AddRole(privxsim.Role{Name: "In no group", Permissions: []string{"hosts-view"}})
		role.AccessGroupID = "" // A new one is in the default access group.
		store.UpdateRole(role)
		store.GrantExplicit(role.ID, privxsim.DefaultAPIClientID, privxsim.Grant{})
	}
	return []doctortest.Case{
		{Check: id, Found: "3 of 3 access groups", Arrange: prepared(func(*privxsim.Store) {})},
		{Check: id, Name: "an administrator", Found: "4 of 4 access groups", Arrange: prepared(admin)},
		{Check: id, Way: "off", Arrange: targeted(privxsim.Options{}).syncing("sync-secrets")},
		{Check: id, Way: "hidden", Found: "3 of 4 access groups; nothing was seen of Elsewhere", Arrange: prepared(emptyGroup)},
		{Check: id, Way: "hidden", Name: "of roles", Found: "3 of 4 access groups; nothing was seen of ", Arrange: prepared(groupOfARole, mayNotList)},
		{Check: id, Way: "hidden", Name: "API targets alone", Found: "0 of 2 access groups", Arrange: prepared(onlyHostsOfOneGroup, mayNotList)},
		{Check: id, Way: "not-known", Found: "PrivX does not tell which access groups there are", Arrange: prepared(func(*privxsim.Store) {}, mayNotList)},
		{Check: id, Way: "not-known", Name: "a role in no group", Found: "in no access group", Arrange: prepared(ungrouped)},
		{Check: id, Way: "not-known", Name: "own roles", Found: "own roles cannot be read", Arrange: prepared(emptyGroup, doctortest.Status("GET", userRolesPath, 403))},
	}
}

// onlyHostsOfOneGroup leaves the API client one role, which shows hosts of one access group,
// and no API targets.
func onlyHostsOfOneGroup(store *privxsim.Store) {
	group := ""
	for _, role := range store.Roles() {
		if strings.HasPrefix(role.Name, "API client Baton, targets") {
			group = role.AccessGroupID
			store.RemoveRole(role.ID)
		}
	}
	role := store.AddRole(privxsim.Role{Name: "Hosts of one group", AccessGroupID: group, Permissions: []string{"hosts-view"}})
	store.GrantExplicit(role.ID, privxsim.DefaultAPIClientID, privxsim.Grant{})
}

func targetListCases() []doctortest.Case {
	const counts, rows = "PX-LIST-08", "PX-LIST-09"
	at := func(path string, f privxsim.Fault) arrangement {
		f.Path, f.MinLimit = path, 2
		return targeted(privxsim.Options{}, f)
	}
	shown := func(path, body string) arrangement {
		return at(path, privxsim.Fault{Status: http.StatusOK, Body: body})
	}
	var cases []doctortest.Case
	for _, id := range []string{counts, rows} {
		cases = append(cases,
			doctortest.Case{Check: id, Way: "off", Arrange: with()},
			doctortest.Case{Check: id, Way: "not-read", Cause: "503", Arrange: at(doctortest.HostSearchPath, privxsim.Fault{Status: http.StatusServiceUnavailable})},
			doctortest.Case{Check: id, Way: "unusable", Cause: "403", Arrange: at(doctortest.HostSearchPath, privxsim.Fault{Status: http.StatusForbidden})},
			doctortest.Case{Check: id, Way: "unusable", Name: "AWS", Arrange: targeted(privxsim.Options{}, doctortest.Status("", doctortest.AWSRolesPath, 403))},
		)
	}
	return append(cases,
		doctortest.Case{Check: counts, Found: "hosts: all 30 of 30 counted; secrets: all 12 of 12 counted; network targets: all 12 of 12 counted; " +
			"API targets: all 12 of 12 counted; AWS roles: 12 rows, in one piece", Arrange: targeted(privxsim.Options{})},
		doctortest.Case{Check: counts, Name: "several pages", Found: "hosts: the first 10 and the last of 30 counted", Arrange: changed(targeted(privxsim.Options{}), pageOf(10))},
		doctortest.Case{Check: counts, Name: "AWS roles are counted", Found: "AWS roles: all 12 of 12 counted", Arrange: targeted(privxsim.Options{AWSRolesEnvelope: true})},
		doctortest.Case{Check: counts, Name: "none", Found: "secrets: none", Arrange: shown(doctortest.SecretSearchPath, `{"count":0,"items":[]}`)},
		doctortest.Case{Check: counts, Way: "hidden", Found: "secrets: none of 3 counted", Arrange: shown(doctortest.SecretSearchPath, `{"count":3,"items":[]}`)},
		doctortest.Case{Check: counts, Way: "no-count", Arrange: targeted(privxsim.Options{Count: privxsim.CountOmitted})},
		doctortest.Case{Check: counts, Way: "more-counted", Arrange: targeted(privxsim.Options{Count: privxsim.CountTooLarge})},
		doctortest.Case{Check: counts, Way: "more-counted", Name: "AWS", Found: "AWS roles: 1 of 2", Arrange: targeted(privxsim.Options{},
			privxsim.Fault{Path: doctortest.AWSRolesPath, Status: http.StatusOK, Body: `{"count":2,"items":[{"id":"a"}]}`})},
		doctortest.Case{Check: counts, Way: "more-shown", Arrange: changed(targeted(privxsim.Options{Count: privxsim.CountPageLength}), pageOf(10))},
		doctortest.Case{Check: counts, Way: "more-shown", Name: "AWS", Found: "AWS roles: 2, and 1", Arrange: targeted(privxsim.Options{},
			privxsim.Fault{Path: doctortest.AWSRolesPath, Status: http.StatusOK, Body: `{"count":1,"items":[{"id":"a"},{"id":"b"}]}`})},

		doctortest.Case{Check: rows, Found: "hosts: 30 rows; secrets: 12 rows; network targets: 12 rows; API targets: 12 rows; AWS roles: 12 rows", Arrange: targeted(privxsim.Options{})},
		doctortest.Case{Check: rows, Name: "none", Found: "AWS roles: 0 rows", Arrange: targeted(privxsim.Options{},
			privxsim.Fault{Path: doctortest.AWSRolesPath, Status: http.StatusOK, Body: "null"})},
		doctortest.Case{Check: rows, Way: "no-id", Found: "hosts: row 2", Arrange: shown(doctortest.HostSearchPath, `{"count":2,"items":[{"id":"a"},{"common_name":"b"}]}`)},
		doctortest.Case{Check: rows, Way: "no-id", Name: "a secret", Found: "secrets: row 1", Arrange: shown(doctortest.SecretSearchPath, `{"count":1,"items":[{"owner_id":"b"}]}`)},
		doctortest.Case{Check: rows, Way: "unreadable", Found: "network targets: row 1", Arrange: shown(doctortest.NetworkTargetsPath, `{"count":1,"items":[{"id":"a","roles":[{"name":"DBA"}]}]}`)},
		doctortest.Case{Check: rows, Way: "unreadable", Name: "a field", Found: `hosts: row 1: the field "principals`,
			Arrange: shown(doctortest.HostSearchPath, `{"count":1,"items":[{"id":"a","principals":5}]}`)},
	)
}

func reachedCases() []doctortest.Case {
	const id = "PX-SIZE-04"
	limited := func(g *doctor.Given) { g.Config.ExpandReach, g.Config.ExpandReachLimit = config.ExpandOn, 10 }
	return []doctortest.Case{
		{Check: id, Found: "29 hosts, 10 secrets, 12 network targets, 12 API targets, 12 AWS roles, ", Arrange: targeted(privxsim.Options{})},
		{Check: id, Name: "some of them", Found: "an estimate, from the first 10 of each", Arrange: changed(targeted(privxsim.Options{}), pageOf(10))},
		{Check: id, Name: "without counts", Found: "29 hosts, 10 secrets", Arrange: targeted(privxsim.Options{Count: privxsim.CountOmitted})},
		{Check: id, Name: "in service mode", Found: "for people, if they are expanded", Arrange: changed(targeted(privxsim.Options{}), func(g *doctor.Given) { g.ClientID = "a" })},
		{Check: id, Way: "off", Arrange: with()},
		{Check: id, Way: "too-many", Found: "for people", Arrange: changed(targeted(privxsim.Options{}), limited)},
		{Check: id, Way: "not-known", Found: "hosts could not be counted", Arrange: targeted(privxsim.Options{}, privxsim.Fault{
			Path: doctortest.HostSearchPath, MinLimit: 2, Status: http.StatusServiceUnavailable,
		})},
		{Check: id, Way: "not-known", Name: "no counts and many pages", Found: "hosts could not be counted", Arrange: changed(
			of(&privxsim.SeedOptions{Users: 20, Roles: 4, Hosts: 60}, privxsim.Options{Count: privxsim.CountOmitted}).syncing("sync-hosts"), pageOf(10))},
	}
}

// The grants that are counted, and the rows of their expansion, are those of the tenant's own
// map of what roles reach.
func TestReachAsItIs(t *testing.T) {
	t.Parallel()
	var store *privxsim.Store
	given := changed(prepared(func(made *privxsim.Store) { store = made }), func(g *doctor.Given) { g.Config.ExpandReach = config.ExpandOn })(t)
	results, v := doctortest.Run(t, layers(), given, "PX-SIZE-03", "PX-SIZE-04")
	members := map[string]int{store.UserRoleID(): len(store.Users())}
	for _, role := range store.Roles() {
		members[role.ID] += 0
	}
	for _, m := range store.Memberships() {
		if m.RoleID != store.UserRoleID() {
			members[m.RoleID]++
		}
	}
	skipped := make(map[string]bool)
	for _, host := range store.Hosts() {
		skipped[host.ID] = host.Deleted
	}
	grants, expanded := 0, 0
	for _, one := range store.Reach() {
		n, exists := members[one.Role]
		personal := one.Kind == privxsim.KindSecret && !strings.HasPrefix(one.Target, privxsim.SharedSecret+"/")
		if exists && !personal && !skipped[one.Target] {
			grants, expanded = grants+1, expanded+n
		}
	}
	require.Contains(t, results["PX-SIZE-04"].Found, fmt.Sprintf(" %d grants, %d rows for people", grants, expanded))
	require.Equal(t, expanded, v.ExpandedRows)
	require.Greater(t, v.ReachRows, grants)
	require.Contains(t, results["PX-SIZE-03"].Found, fmt.Sprintf("for %d rows", v.Users+v.Roles+v.Memberships+v.ReachRows+expanded))

	given.ClientID = "a" // In service mode ConductorOne may expand the grants.
	results, _ = doctortest.Run(t, layers(), given, "PX-SIZE-03")
	require.Contains(t, results["PX-SIZE-03"].Found, fmt.Sprintf("for %d rows", v.Users+v.Roles+v.Memberships+v.ReachRows))
}

// Where nothing of targets is synced, nothing is asked of them, and each of their checks is
// off. Where all is synced, there is an end to what is asked.
func TestRequestsForTargets(t *testing.T) {
	t.Parallel()
	store := privxsim.Seed(privxsim.SeedOptions{Users: 40, Roles: 8, Hosts: 30})
	site := doctortest.NewSite(t, store, privxsim.Options{})
	_, _ = doctortest.Run(t, layers(), site.Given(t))
	for _, rq := range site.Sim.Requests() {
		require.True(t, strings.HasPrefix(rq.Path, "/role-store/") || strings.HasPrefix(rq.Path, "/auth/"), rq.Path)
		require.NotEqual(t, doctortest.AWSRolesPath, rq.Path)
	}
	large := &privxsim.SeedOptions{Users: 500, Roles: 100, Hosts: 400, AccessGroups: 20}
	for _, options := range []privxsim.Options{{}, {Count: privxsim.CountOmitted}, {MaxPageSize: 7}, {MaxPageSize: 10, RefuseLargePages: true}, {SearchWithoutPrincipals: true}} {
		_, v := doctortest.Run(t, layers(), changed(of(large, options), provisioning).syncing()(t))
		t.Log(v.Ask.Requests())
		require.LessOrEqual(t, v.Ask.Requests(), 100, "%+v", options)
	}
}

// The calls of the forecast are those that a sync makes for targets.
func TestCallsForTargets(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1000, 10} {
		_, without := doctortest.Run(t, layers(), changed(targeted(privxsim.Options{}), func(g *doctor.Given) {
			pageOf(size)(g)
			g.On = func(string) bool { return false }
		})(t))
		_, v := doctortest.Run(t, layers(), changed(targeted(privxsim.Options{}), pageOf(size))(t))
		before := v.Client.Calls()
		for _, c := range connector.Capabilities() {
			if c.Check != nil && slices.Contains(doctortest.TargetSettings, c.Setting) {
				require.NoError(t, c.Check(t.Context(), v.Client))
			}
		}
		_, err := v.Client.AccessGroups(t.Context())
		require.NoError(t, err)
		readTargets(t, v)
		require.Equal(t, int(v.Client.Calls()-before)-1, v.Calls-without.Calls, "pages of %d", size) // The session was ended.
	}
}

// readTargets reads all lists of targets as a sync does.
func readTargets(t *testing.T, v *doctor.Visit) {
	t.Helper()
	readToEnd(t, v.Client.ListHosts)
	readToEnd(t, v.Client.ListSecrets)
	readToEnd(t, v.Client.ListNetworkTargets)
	readToEnd(t, v.Client.ListAPITargets)
	readToEnd(t, v.Client.ListAWSRoles)
}

func readToEnd[T any](t *testing.T, read func(context.Context, string) (*privx.Page[T], error)) {
	t.Helper()
	for token := ""; ; {
		page, err := read(t.Context(), token)
		require.NoError(t, err)
		if token = page.Next; token == "" {
			return
		}
	}
}

// Each setting has a check of its own that no other setting turns on.
func TestSettingsOfTargets(t *testing.T) {
	t.Parallel()
	for setting, of := range targetPaths {
		results, _ := doctortest.Run(t, layers(), targeted(privxsim.Options{}).syncing(setting)(t))
		for other, its := range targetPaths {
			want := "off"
			if other == setting {
				want = ""
			}
			require.Equal(t, want, results[its.id].Way, "%s with %s: %s", its.id, setting, results[of.id].Cause)
		}
	}
}
