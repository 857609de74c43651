package connector_test

import (
	"net/http"
	"strings"

	"github.com/conductorone/baton-privx/internal/faultmatrix"
	"github.com/conductorone/baton-privx/internal/privxsim"
)

const (
	hostsPath       = "/host-store/api/v1/hosts"
	hostsSearchPath = "/host-store/api/v1/hosts/search"
	secretsPath     = "/vault/api/v1/search/secrets"
	networksPath    = "/network-access-manager/api/v1/nwtargets"
	apisPath        = "/api-proxy/api/v1/api-targets"
	awsRolesPath    = "/role-store/api/v1/awsroles"
	groupsPath      = "/authorizer/api/v1/accessgroups"
)

func each(all ...faultmatrix.Call) []faultmatrix.Call { return all }

// reachActs are what a whole sync of what roles reach adds to one without: the checks, which
// come first, and the lists. Calls that are made alike are in one act.
func reachActs() []act {
	acts := []act{
		{
			call: "checks", target: get(hostsPath, 0), also: each(post(secretsPath, 0), get(networksPath, 0), get(apisPath, 0)),
			onlyWord: true, takes: showsNothing,
		},
		{call: "check: AWS roles", target: get(awsRolesPath, 0), onlyWord: true, bare: true},
		{call: "may hosts be listed?", target: get(hostsPath, 1), also: each(get(hostsPath, 2)), takes: showsNothing},
		{
			call: "hosts, secrets, network targets, API targets", target: post(hostsSearchPath, 0),
			also: each(post(secretsPath, 1), get(networksPath, 1), get(apisPath, 1)), onlyWord: true,
		},
		{
			call: "page 2 of them", target: later(post(hostsSearchPath, 1)),
			also: each(later(post(secretsPath, 2)), later(get(networksPath, 2)), later(get(apisPath, 2))),
		},
		{call: "AWS roles", target: get(awsRolesPath, 1), onlyWord: true, bare: true},
		{call: "no AWS roles, again", target: empty(get(awsRolesPath, 2)), prepare: removeAWSRoles, takes: showsNull},
		{
			call: "a host that was deleted", target: get(hostsPath+"/{doomed}", 0), options: privxsim.Options{SearchWithoutPrincipals: true},
			prepare: deleteHostMidway, takes: either(said(http.StatusNotFound), isOver),
		},
		{call: "access groups", target: get(groupsPath, 0)},
	}
	for i := range acts {
		acts[i].run, acts[i].good, acts[i].cfg = syncs, complete, fullReach()
	}
	return acts
}

func removeAWSRoles(s *stage) {
	for _, role := range s.store.AWSRoles() {
		s.store.RemoveAWSRole(role.ID)
	}
}

// deleteHostMidway deletes a host when it is asked for, after it has been listed.
func deleteHostMidway(s *stage) {
	s.doomed = s.store.AddHost(privxsim.Host{CommonName: "doomed"}).ID
	s.sim.OnRequest(func(r privxsim.Request) {
		if strings.HasSuffix(r.Path, s.doomed) {
			s.store.RemoveHost(s.doomed)
		}
	})
}

// targetedReachActs are those of a targeted sync of a target of each kind, and of a role that
// reaches them.
func targetedReachActs() []act {
	acts := []act{
		{
			call: "host, network target, API target, AWS role", target: get(hostsPath+"/*", 0),
			also: each(get(networksPath+"/*", 0), get(apisPath+"/*", 0), get(awsRolesPath+"/*", 0)),
		},
		{call: "secret", target: post(secretsPath, 1), onlyWord: true},
		{call: "access groups", target: get(groupsPath, 0)},
		{call: "roles", target: get(rolesPath, 1)},
		{
			call: "what else roles reach", target: post(hostsSearchPath, 0),
			also: each(post(secretsPath, 3), get(networksPath, 1), get(apisPath, 1)), onlyWord: true,
		},
		{call: "AWS roles that roles reach", target: get(awsRolesPath, 1), onlyWord: true, bare: true},
		{call: "number of a role's members", target: get("/role-store/api/v1/roles/{reaching}/members", 0), takes: either(showsNothing, said(http.StatusNotFound))},
	}
	for i := range acts {
		acts[i].run, acts[i].good, acts[i].afterWhole, acts[i].cfg = syncsTargets, complete, true, fullReach()
	}
	return acts
}
