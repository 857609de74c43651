package questions_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/assumptions"
	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/doctortest"
	"github.com/conductorone/baton-privx/internal/doctor/questions"
	"github.com/conductorone/baton-privx/internal/privxsim"
)

// isOfTargets tells whether a question is about what roles reach.
func isOfTargets(id string) bool {
	topics := assumptions.Topics()
	return slices.ContainsFunc(topics[len(topics)-1].Assumptions, func(a assumptions.Assumption) bool { return a.ID == id })
}

// targetIDs are the ids of the questions about what roles reach that are asked.
func targetIDs() []string {
	var ids []string
	for _, check := range questions.Layer().Checks {
		if isOfTargets(check.ID) {
			ids = append(ids, check.ID)
		}
	}
	return ids
}

// mayNotSeeHosts is a connector whose API client may list users and roles alone.
func mayNotSeeHosts(given *doctor.Given) { mayNotSeeSources(given) }

// syncing is what is arranged with settings on.
func syncing(arrange arrangement, settings ...string) arrangement {
	return configured(arrange, func(given *doctor.Given) { doctortest.TurnOn(given, settings...) })
}

// reaching is a PrivX with hosts and other targets, which are all synced.
func reaching(options privxsim.Options, faults ...privxsim.Fault) arrangement {
	return reachingIn(func(*privxsim.Store) {}, options, faults...)
}

// reachingIn is such a PrivX whose tenant was changed.
func reachingIn(change func(*privxsim.Store), options privxsim.Options, faults ...privxsim.Fault) arrangement {
	return syncing(func(t *testing.T) doctor.Given {
		t.Helper()
		store := privxsim.Seed(privxsim.SeedOptions{Users: 20, Roles: 6, Hosts: 30})
		change(store)
		site := doctortest.NewSite(t, store, options)
		for _, fault := range faults {
			site.Sim.Inject(fault)
		}
		return site.Given(t)
	}, doctortest.TargetSettings...)
}

// rowsOf is such a PrivX that shows these rows of hosts, and nothing else of targets.
func rowsOf(hosts ...string) arrangement {
	return syncing(reaching(privxsim.Options{}, body(doctortest.HostSearchPath, list(hosts...))), "sync-hosts")
}

// ungrouped puts the API client's roles into no access group.
func ungrouped(store *privxsim.Store) {
	for _, role := range store.Roles() {
		if strings.HasPrefix(role.Name, "API client Baton") {
			role.AccessGroupID = ""
			store.UpdateRole(role)
		}
	}
}

// managing lets the API client manage the vault.
func managing(store *privxsim.Store) {
	role := store.AddRole(privxsim.Role{Name: "Vault", Permissions: []string{"vault-manage"}})
	store.GrantExplicit(role.ID, privxsim.DefaultAPIClientID, privxsim.Grant{})
}

// withASecretOfItsOwn gives the API client a personal secret.
func withASecretOfItsOwn(store *privxsim.Store) {
	store.AddSecret(privxsim.Secret{Name: "its own", OwnerID: privxsim.DefaultAPIClientID})
}

// sortKeyRefused is a fault of each request for a list but one without a sort key.
var sortKeyRefused = func(path string) arrangement {
	return func(t *testing.T) doctor.Given {
		t.Helper()
		site := doctortest.NewSite(t, privxsim.Seed(privxsim.SeedOptions{Users: 20, Roles: 6, Hosts: 30}), privxsim.Options{})
		site.Sim.Alter(func(rq privxsim.Request, a *privxsim.Answer) {
			if rq.Matches("", path) && strings.Contains(rq.RawQuery, "sortkey") {
				a.Status, a.Body = http.StatusBadRequest, []byte(`{"error_code":"BAD_REQUEST"}`)
			}
		})
		given := site.Given(t)
		doctortest.TurnOn(&given, doctortest.TargetSettings...)
		return given
	}
}

func targetCases() []doctortest.Case {
	assumed := reaching(privxsim.Options{})
	status := func(status int, paths ...string) arrangement {
		var faults []privxsim.Fault
		for _, path := range paths {
			faults = append(faults, doctortest.Status("", path, status))
		}
		return reaching(privxsim.Options{}, faults...)
	}
	cases := []doctortest.Case{
		finding("references to roles that are not listed", onSide("PXQ-073", "", "a", assumed)),
		finding("0 say that", onSide("PXQ-073", "", "b", reaching(privxsim.Options{UnmarkedDeletedRoles: true}))),
		onSide("PXQ-073", "not-seen", "", rowsOf(`{"id":"a","principals":[{"roles":[]}]}`)),
		named(onSide("PXQ-073", "not-seen", "", configured(reaching(privxsim.Options{UnmarkedDeletedRoles: true}), func(g *doctor.Given) { g.Config.PageSize = 10 })),
			"too many roles", "came"),

		onSide("PXQ-074", "not-seen", "", assumed),
		onSide("PXQ-075", "", "a", assumed),
		onSide("PXQ-075", "", "b", reaching(privxsim.Options{NullLists: true})),
		onSide("PXQ-075", "not-seen", "", rowsOf(`{"id":"a"}`)),
		finding("in 2 ways", onSide("PXQ-076", "unknown-form", "otherwise", rowsOf(`{"id":"a","disabled":"FALSE"}`, `{"id":"b","disabled":false}`))),
		named(onSide("PXQ-076", "unknown-form", "otherwise", rowsOf(`{"id":"a","disabled":"MAYBE"}`)), "another text", ""),
		onSide("PXQ-076", "", "a", assumed),
		onSide("PXQ-076", "", "c", reaching(privxsim.Options{DisabledForm: privxsim.DisabledBoolean})),
		onSide("PXQ-076", "not-seen", "", rowsOf(`{"id":"a","disabled":"BY_ADMIN"}`, `{"id":"b"}`)),

		finding("30 hosts of 3 access groups", onSide("PXQ-077", "", "a", reachingIn(ungrouped, privxsim.Options{}))),
		onSide("PXQ-077", "not-seen", "", assumed),
		finding("0 hosts", onSide("PXQ-077", "not-seen", "", reachingIn(ungrouped, privxsim.Options{UngroupedRolesSeeNothing: true}))),

		finding("2 lists came", onSide("PXQ-079", "", "a", assumed)),
		finding("1 of 2 lists", onSide("PXQ-079", "refused", "b", sortKeyRefused(doctortest.HostSearchPath))),
		named(onSide("PXQ-079", "refused", "b", sortKeyRefused(doctortest.APITargetsPath)), "API targets", "1 of 2 lists"),
		named(onSide("PXQ-079", "unanswered", "", status(400, doctortest.HostSearchPath)), "whatever is asked", ""),

		onSide("PXQ-080", "", "a", assumed),
		onSide("PXQ-080", "left-out", "b", reaching(privxsim.Options{SearchWithoutPrincipals: true})),
		finding("that has 1", onSide("PXQ-080", "fewer-accounts", "otherwise", reaching(privxsim.Options{},
			body(doctortest.HostSearchPath, list(`{"id":"a","principals":null}`)), body(doctortest.HostsPath+"/*", `{"id":"a","principals":[{}]}`)))),
		onSide("PXQ-080", "not-seen", "", rowsOf()),
		named(onSide("PXQ-080", "unanswered", "", reaching(privxsim.Options{}, privxsim.Fault{
			Method: http.MethodGet, Path: doctortest.HostsPath + "/*", Status: http.StatusOK, Body: `{"id":"another"}`,
		})), "another host", ""),

		onSide("PXQ-081", "not-seen", "", assumed),
		onSide("PXQ-081", "", "a", configured(assumed, mayNotSeeHosts)),
		onSide("PXQ-081", "", "b", configured(reaching(privxsim.Options{SearchForbidden: true}), mayNotSeeHosts)),
		onSide("PXQ-081", "unanswered", "", status(502, doctortest.HostsPath)),

		onSide("PXQ-082", "", "a", assumed),
		onSide("PXQ-082", "forbidden", "c", reaching(privxsim.Options{VaultSight: privxsim.VaultSeesForbidden})),
		onSide("PXQ-082", "not-seen", "", reachingIn(managing, privxsim.Options{})),
		named(onSide("PXQ-082", "not-seen", "", reaching(privxsim.Options{VaultSight: privxsim.VaultSeesOwn})), "its own", "0 secrets"),
		named(onSide("PXQ-082", "not-seen", "", reachingIn(withASecretOfItsOwn, privxsim.Options{VaultSight: privxsim.VaultSeesOwn})), "a personal one", "1 secret"),
		named(onSide("PXQ-082", "not-seen", "", status(403, userRolesPath)), "own roles", ""),
		onSide("PXQ-083", "", "a", assumed),
		onSide("PXQ-083", "not-seen", "", reaching(privxsim.Options{HidePersonalSecrets: true})),
		named(onSide("PXQ-083", "not-seen", "", reachingIn(managing, privxsim.Options{})), "vault-manage", ""),

		onSide("PXQ-084", "", "a", assumed),
		onSide("PXQ-084", "", "b", reaching(privxsim.Options{VaultPagingInBody: true})),
		onSide("PXQ-084", "not-seen", "", reaching(privxsim.Options{}, body(doctortest.SecretSearchPath, list(`{"name":"a"}`)))),
		onSide("PXQ-084", "otherwise", "otherwise", reaching(privxsim.Options{}, body(doctortest.SecretSearchPath, list(`{"name":"a"}`, `{"name":"b"}`, `{"name":"c"}`)))),

		onSide("PXQ-085", "", "a", assumed),
		onSide("PXQ-085", "", "b", reaching(privxsim.Options{AWSRolesEnvelope: true})),
		onSide("PXQ-085", "not-seen", "", reaching(privxsim.Options{}, body(doctortest.AWSRolesPath, "null"))),
		named(onSide("PXQ-085", "unanswered", "", reaching(privxsim.Options{}, body(doctortest.AWSRolesPath, `{"status":"UP"}`))), "another object", ""),
		onSide("PXQ-086", "", "a", assumed),
		onSide("PXQ-086", "missing", "b", reaching(privxsim.Options{NoAPIProxy: true})),
		named(onSide("PXQ-086", "missing", "b", reaching(privxsim.Options{}, privxsim.Fault{Path: doctortest.APITargetsPath, Kind: privxsim.FaultHTML})), "a page", "200"),
		named(onSide("PXQ-086", "", "a", configured(assumed, mayNotSeeHosts)), "refused", "may not list"),
	}
	broken := []string{
		doctortest.HostSearchPath, doctortest.HostsPath, doctortest.SecretSearchPath, doctortest.NetworkTargetsPath, doctortest.APITargetsPath, doctortest.AWSRolesPath,
	}
	for _, id := range targetIDs() {
		cases = append(cases, onSide(id, "off", "", with(privxsim.Options{})), onSide(id, "unanswered", "", status(http.StatusBadGateway, broken...)))
	}
	return append(cases, finding("have another name", onSide("PXQ-074", "", "b", func(t *testing.T) doctor.Given {
		t.Helper()
		return takenOn(t, "PXQ-074", "b")
	})))
}

func TestTargets(t *testing.T) {
	t.Parallel()
	doctortest.RunCases(t, all(), only(targetIDs()...), targetCases())
}

// A PrivX with targets is on the side that is assumed, as far as that can be seen, and there
// is an end to what is asked.
func TestAssumedSidesOfTargets(t *testing.T) {
	t.Parallel()
	results, visit := doctortest.Run(t, all(), reaching(privxsim.Options{})(t))
	for _, id := range targetIDs() {
		result := results[id]
		t.Log(id, result.Outcome, result.Way, result.Found, result.Cause, visit.Answers[id])
		if result.Outcome == doctor.Skipped {
			require.Equal(t, "not-seen", result.Way, id)
			continue
		}
		require.Equal(t, doctor.Passed, result.Outcome, id)
		require.Equal(t, "a", visit.Answers[id].Side, id)
		require.NotContains(t, result.Found, "example.com", "names are nobody's business")
		doctortest.RequireNoSecrets(t, result.Found)
	}
	t.Log(visit.Ask.Requests())
	require.LessOrEqual(t, visit.Ask.Requests(), mostRequests+requestsForTargets)
}

// requestsForTargets is how many requests are made more where all kinds of targets are synced.
const requestsForTargets = 15

// Nonsense in place of targets is nothing to stumble over, and answers nothing.
func TestNonsenseInTargets(t *testing.T) {
	t.Parallel()
	for name, fault := range nonsense {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var faults []privxsim.Fault
			for _, path := range []string{
				doctortest.HostSearchPath, doctortest.HostsPath, doctortest.HostsPath + "/*", doctortest.SecretSearchPath,
				doctortest.NetworkTargetsPath, doctortest.APITargetsPath, doctortest.AWSRolesPath,
			} {
				fault.Path = path
				faults = append(faults, fault)
			}
			results, visit := doctortest.Run(t, unguarded(), reaching(privxsim.Options{}, faults...)(t), targetIDs()...)
			for _, id := range targetIDs() {
				result := results[id]
				require.True(t, result.Way == "" || result.Ending != nil, "%s ends in %q, which it does not name", id, result.Way)
				require.False(t, result.Outcome == doctor.Passed && visit.Answers[id].Side == "", id)
				if !slices.Contains([]string{"PXQ-079", "PXQ-085", "PXQ-086"}, id) { // These ask for no more than a list.
					require.NotEqual(t, "a", visit.Answers[id].Side, "%s: %s", id, result.Found)
				}
			}
		})
	}
}
