package tenant_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/doctortest"
	"github.com/conductorone/baton-privx/internal/doctor/tenant"
	"github.com/conductorone/baton-privx/internal/privxsim"
)

func TestPermissions(t *testing.T) {
	t.Parallel()
	only := []doctor.Layer{tenant.Permissions()}
	doctortest.RunCases(t, layers(), only, slices.Concat(
		capabilityCases(tenant.MayListUsers, doctortest.SearchPath), capabilityCases(tenant.MayListRoles, doctortest.RolesPath),
		optionalCases(), targetPermissionCases(), groupCases(),
	))
}

// capabilityCases are those of a capability that has a check of the connector's own.
func capabilityCases(id, path string) []doctortest.Case {
	whole := func(kind privxsim.FaultKind) arrangement {
		return with(privxsim.Fault{Method: method(path), Path: path, Kind: kind})
	}
	return []doctortest.Case{
		{Check: id, Found: "-view", Arrange: with()},
		{Check: id, Way: "forbidden", Cause: "-view", Arrange: with(doctortest.Status(method(path), path, http.StatusForbidden))},
		{Check: id, Way: "empty", Cause: "cannot be", Arrange: whole(privxsim.FaultEmptyList)},
		{Check: id, Way: "unauthenticated", Cause: "401", Arrange: with(doctortest.Status(method(path), path, http.StatusUnauthorized))},
		{Check: id, Way: "foreign", Cause: "not JSON", Arrange: whole(privxsim.FaultHTML)},
		{Check: id, Way: "foreign", Name: "counts and shows none", Cause: "counts 7 rows and shows none", Arrange: with(answered(path, 0, "7"))},
		{Check: id, Way: "unavailable", Cause: "503", Arrange: with(doctortest.Status(method(path), path, http.StatusServiceUnavailable))},
		{Check: id, Way: "refused", Cause: "400", Arrange: with(doctortest.Status(method(path), path, http.StatusBadRequest))},
	}
}

func optionalCases() []doctortest.Case {
	const sources, grant, more = "PX-PERM-03", "PX-PERM-04", "PX-PERM-05"
	// held are the API client's own roles, as PrivX shows them.
	held := func(count, role string) arrangement { return with(answered(userRolesPath, 0, count, role)) }
	at := func(kind privxsim.FaultKind) arrangement {
		return with(privxsim.Fault{Path: doctortest.SourcesPath, Kind: kind})
	}
	return []doctortest.Case{
		{Check: sources, Found: "6 directories", Arrange: with()},
		{Check: sources, Way: "forbidden", Cause: "sources-view", Arrange: changed(with(), syncOnly)},
		{Check: sources, Way: "empty", Arrange: at(privxsim.FaultEmptyList)},
		{Check: sources, Way: "empty", Name: "null", Arrange: at(privxsim.FaultNullItems)},
		{Check: sources, Name: "empty once", Found: "6 directories", Arrange: with(privxsim.Fault{Path: doctortest.SourcesPath, Kind: privxsim.FaultEmptyList, Count: 1})},
		{Check: sources, Way: "unavailable", Cause: "503", Arrange: with(refusedSources(http.StatusServiceUnavailable))},
		{Check: sources, Way: "foreign", Arrange: at(privxsim.FaultHTML)},
		{Check: sources, Way: "foreign", Name: "404", Cause: "404", Arrange: with(refusedSources(http.StatusNotFound))},
		{Check: sources, Way: "foreign", Name: "no id", Cause: "row 2", Arrange: with(answered(doctortest.SourcesPath, 0, "2", `{"id":"a"}`, `{"name":"b"}`))},
		{Check: sources, Way: "foreign", Name: "no items", Cause: "without items", Arrange: with(privxsim.Fault{Path: doctortest.SourcesPath, Status: 200, Body: `{"status":"UP"}`})},
		{Check: sources, Way: "foreign", Name: "counts and shows none", Cause: "counts 3", Arrange: with(answered(doctortest.SourcesPath, 0, "3"))},

		{Check: grant, Found: "roles-manage, by the roles", Arrange: changed(with(), provisioning)},
		{Check: grant, Name: "an administrator", Found: "everything", Arrange: changed(administrator, provisioning)},
		{Check: grant, Name: "roles asked for one by one", Found: "roles-manage", Arrange: changed(withRoles(false), provisioning)},
		{Check: grant, Way: "off", Arrange: with()},
		{Check: grant, Way: "lacking", Arrange: changed(changed(with(), syncOnly), provisioning)},
		{Check: grant, Way: "lacking", Name: "the role has expired", Arrange: changed(expired, provisioning)},
		{Check: grant, Way: "not-known", Cause: "own roles cannot be read", Arrange: changed(with(doctortest.Status("GET", userRolesPath, 403)), provisioning)},
		{Check: grant, Way: "not-known", Name: "none shown", Cause: "no roles", Arrange: changed(with(privxsim.Fault{Path: userRolesPath, Kind: privxsim.FaultEmptyList}), provisioning)},
		{Check: grant, Way: "not-known", Name: "a part", Cause: "only a part", Arrange: changed(held("5", `{"id":"r","name":"r","implicit":true,"permissions":[]}`), provisioning)},
		{Check: grant, Way: "not-known", Name: "what a role may do", Cause: "own roles cannot be read", Arrange: changed(withRoles(true), provisioning)},
		{Check: grant, Way: "not-known", Name: "a false administrator", Cause: "own roles cannot be read", Arrange: changed(
			held("1", `{"id":"r","name":"privx-admin","implicit":true}`), provisioning)},
		{Check: grant, Way: "not-known", Name: "an entry of another type", Cause: "cannot be read", Arrange: changed(held("1", `5`), provisioning)},

		{Check: more, Found: "roles-view, users-view", Arrange: changed(with(), syncOnly)},
		{Check: more, Name: "provisioning", Found: "roles-manage", Arrange: changed(with(), provisioning)},
		{Check: more, Way: "more", Found: "roles-manage", Arrange: with()},
		{Check: more, Way: "more", Name: "written otherwise", Found: `"Hosts-MANAGE "`, Arrange: held("1", `{"id":"r","name":"r","implicit":true,"permissions":["Hosts-MANAGE "]}`)},
		{Check: more, Way: "administrator", Found: "privx-admin", Arrange: administrator},
		{Check: more, Way: "not-known", Found: "cannot be read", Arrange: changed(with(doctortest.Status("GET", userRolesPath, 403)), syncOnly)},
		{Check: more, Way: "more", Name: "an odd name", Found: `"\x1b[2J-manage"`, Arrange: held("1", `{"id":"r","name":"r","implicit":true,"permissions":["\u001b[2J-manage"]}`)},
	}
}

func refusedSources(status int) privxsim.Fault {
	return doctortest.Status(http.MethodGet, doctortest.SourcesPath, status)
}

// administrator is a tenant whose API client is a member of privx-admin.
func administrator(t *testing.T) doctor.Given {
	t.Helper()
	site := doctortest.NewSite(t, nil, privxsim.Options{})
	site.Store.GrantExplicit(site.Store.AdminRoleID(), privxsim.DefaultAPIClientID, privxsim.Grant{})
	return site.Given(t)
}

// expired is a tenant whose API client may read, and no longer has the role that lets it
// grant.
func expired(t *testing.T) doctor.Given {
	t.Helper()
	site := doctortest.NewSite(t, nil, privxsim.Options{})
	role := site.Store.AddRole(privxsim.Role{Name: "Granting", Permissions: []string{"roles-manage"}})
	site.Store.GrantExplicit(role.ID, privxsim.SyncOnlyAPIClientID, privxsim.Grant{
		Type: privxsim.GrantTimeRestricted, Periods: []privxsim.Period{{Start: "2020-01-01T00:00:00Z", End: "2020-02-01T00:00:00Z"}},
	})
	given := site.Given(t)
	syncOnly(&given)
	return given
}

// withRoles is a tenant whose PrivX does not say in a user's list of roles what these may do.
// It may refuse to show the roles, too.
func withRoles(hidden bool) arrangement {
	return func(t *testing.T) doctor.Given {
		t.Helper()
		site := doctortest.NewSite(t, nil, privxsim.Options{})
		for _, role := range site.Store.Roles() {
			if role.Name == "API client Baton" {
				site.Sim.Inject(answered(userRolesPath, 0, "1", `{"id":"`+role.ID+`","name":"`+role.Name+`","explicit":true,"permissions":null}`))
			}
		}
		if hidden {
			site.Sim.Inject(doctortest.Status(http.MethodGet, doctortest.RolesPath+"/*", http.StatusForbidden))
		}
		return site.Given(t)
	}
}
