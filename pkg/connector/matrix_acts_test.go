package connector_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/conductorone/baton-privx/internal/faultmatrix"
	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/privx"
)

const (
	tokenPath       = "/auth/api/v1/oauth/token"
	publicTokenPath = "/auth/api/v1/oauth/clientcredentials/privx-external/token"
	logoutPath      = "/auth/api/v1/logout"
	userPath        = "/role-store/api/v1/users/*"
	rolePath        = rolesPath + "/*"
	statusPath      = "/role-store/api/v1/status"
)

// operationUnderTest is an operation with all calls that it can make.
type operationUnderTest struct {
	name string
	acts []act
}

func operationsUnderTest() []operationUnderTest {
	return []operationUnderTest{
		{"sync", syncActs()},
		{"targeted sync", targetedActs()},
		{"sync of what roles reach", reachActs()},
		{"targeted sync of what roles reach", targetedReachActs()},
		{"grant", grantActs()},
		{"revoke", revokeActs()},
	}
}

func get(path string, skip int) faultmatrix.Call {
	return faultmatrix.Call{Method: http.MethodGet, Path: path, Skip: skip}
}

func post(path string, skip int) faultmatrix.Call {
	return faultmatrix.Call{Method: http.MethodPost, Path: path, Skip: skip}
}

// empty says that a call is for a list that has nothing.
func empty(c faultmatrix.Call) faultmatrix.Call {
	c.Empty = true
	return c
}

// later says that a call is for a page after the first.
func later(c faultmatrix.Call) faultmatrix.Call {
	c.LaterPage = true
	return c
}

// either joins what is taken for an answer.
func either(one, other func(faultmatrix.Fault) bool) func(faultmatrix.Fault) bool {
	return func(f faultmatrix.Fault) bool { return one(f) || other(f) }
}

// showsNothing is an empty list.
func showsNothing(f faultmatrix.Fault) bool { return f.Empties }

// showsNull is null in the place of a list that comes without an envelope.
func showsNull(f faultmatrix.Fault) bool { return f.Name == "null" }

// isOver is what is over when the call is repeated from its beginning.
func isOver(f faultmatrix.Fault) bool { return f.Transient }

// said is what PrivX says in its own words.
func said(status int) func(faultmatrix.Fault) bool {
	return func(f faultmatrix.Fault) bool { return f.Said == status }
}

// doesNotTell is a status, whoever says it, with which PrivX does not tell who the
// API client is: the credentials do.
func doesNotTell(f faultmatrix.Fault) bool {
	status, _, _ := strings.Cut(strings.ReplaceAll(f.Name, ",", " "), " ")
	return slices.Contains([]string{"400", "403", "404"}, status)
}

// clientSecret are the credentials of the API client alone.
var clientSecret = privx.APIClientCredentials{
	ClientID: privxsim.DefaultAPIClientID, ClientSecret: privxsim.DefaultAPIClientSecret,
}

// oauthAlone are credentials that do not tell as whom the connector runs.
var oauthAlone = privx.OAuthClientCredentials{
	ClientID: privxsim.DefaultOAuthClientID, ClientSecret: privxsim.DefaultOAuthClientSecret,
}

// The first requests to the lists are those with which the connector checks its
// permissions.
func syncActs() []act {
	acts := []act{
		{call: "first token", target: post(tokenPath, 0)},
		{call: "first token (client secret)", target: post(publicTokenPath, 0), credentials: clientSecret, options: privxsim.Options{PublicClient: true}},
		{call: "check: users", target: post(searchPath, 0)},
		{call: "check: roles", target: get(rolesPath, 0)},
		{call: "later token", target: post(tokenPath, 1), options: privxsim.Options{Latency: 3 * time.Second, TokenTTL: 25 * time.Second}},
		{call: "users", target: post(searchPath, 1)},
		{call: "users, page 2", target: later(post(searchPath, 2))},
		{call: "roles", target: get(rolesPath, 1)},
		{call: "roles, page 2", target: later(get(rolesPath, 2))},
		{call: "sources", target: get(sourcesPath, 0), takes: either(said(http.StatusForbidden), showsNothing)},
		{call: "members of a role", target: get("/role-store/api/v1/roles/{role}/members", 0), onlyWord: true},
		{call: "a role without members, again", target: empty(get("/role-store/api/v1/roles/{empty}/members", 1))},
		{call: "members, page 2", target: later(get("/role-store/api/v1/roles/{everybody}/members", 1))},
		{
			call: "roles of a member", target: get("/role-store/api/v1/users/{user}/roles", 0),
			options: privxsim.Options{MemberRoles: privxsim.MemberRolesNull}, takes: either(said(http.StatusNotFound), showsNothing),
		},
		{call: "members that were not listed", target: post(searchPath, 0), last: true, strangers: true, prepare: addMemberMidway, takes: showsNothing},
		{call: "a role that was deleted", target: get(rolePath, 0), prepare: deleteRoleMidway, takes: said(http.StatusNotFound)},
		{call: "logout", target: post(logoutPath, 0), spare: true},
	}
	for i := range acts {
		acts[i].run, acts[i].good = syncs, complete
	}
	return acts
}

// deleteRoleMidway deletes a role when its members are asked for, for which PrivX
// is then asked whether there is such a role.
func deleteRoleMidway(s *stage) {
	doomed := s.store.AddRole(privxsim.Role{Name: "doomed"})
	s.store.GrantExplicit(doomed.ID, s.user, privxsim.Grant{})
	s.sim.OnRequest(func(r privxsim.Request) {
		if strings.HasSuffix(r.Path, doomed.ID+"/members") {
			s.store.RemoveRole(doomed.ID)
		}
	})
}

// addMemberMidway adds a user when members are first asked for, after the list of users
// has been read. PrivX is then asked who he is.
func addMemberMidway(s *stage) {
	var once sync.Once
	s.sim.OnRequest(func(r privxsim.Request) {
		if r.Matches(http.MethodGet, membersPath) {
			once.Do(func() {
				s.store.AddUser(privxsim.User{Principal: "stranger", Created: time.Now().UTC().Format(time.RFC3339)})
			})
		}
	})
}

func targetedActs() []act {
	user := func(s *stage) string { return s.user }
	role := func(s *stage) string { return s.held }
	hollow := func(s *stage) string { return s.role }
	acts := []act{
		{call: "token", target: post(tokenPath, 0), run: syncsTarget("user", user)},
		{call: "check: users", target: post(searchPath, 0), run: syncsTarget("user", user)},
		{call: "check: roles", target: get(rolesPath, 0), run: syncsTarget("user", user)},
		{call: "sources", target: get(sourcesPath, 0), run: syncsTarget("user", user), takes: either(said(http.StatusForbidden), showsNothing)},
		{call: "user", target: get(userPath, 0), run: syncsTarget("user", user)},
		{call: "role", target: get(rolePath, 0), run: syncsTarget("role", role)},
		{call: "its members", target: get(membersPath, 0), run: syncsTarget("role", role), onlyWord: true},
		{call: "no members, again", target: empty(get(membersPath, 1)), run: syncsTarget("role", hollow)},
	}
	for i := range acts {
		acts[i].good, acts[i].afterWhole = complete, true
	}
	return acts
}

// changeActs are what a grant and a revoke have in common.
func changeActs(run func(*stage) string) []act {
	oauthOnly := oauthOnlyWorks()
	acts := []act{
		{call: "token", target: post(tokenPath, 0)},
		{call: "who am I", target: get(currentUserPath, 0), takes: doesNotTell},
		{call: "who am I (OAuth client alone)", target: get(currentUserPath, 0), credentials: oauthAlone, options: oauthOnly},
		{call: "read", target: get(rolesOfPath, 0)},
		{call: "write", target: faultmatrix.Call{Method: http.MethodPut, Path: rolesOfPath}},
		{call: "verifying read", target: get(rolesOfPath, 1)},
	}
	for i := range acts {
		acts[i].run, acts[i].good = run, verified
	}
	return append(acts, act{
		call: "is PrivX being upgraded?", target: get(statusPath, 0), run: run, good: codes.FailedPrecondition.String(),
		prepare: func(s *stage) { s.sim.SetReadOnly(true) },
	})
}

// noRolesActs are what a change asks where a user's list of roles is empty: after the
// given number of other reads, the list once more, and the user's own record or, where
// that does not tell of roles, the list for a third time.
func noRolesActs(run func(*stage) string, reads int, prepare func(*stage)) []act {
	hidden := privxsim.Options{HideUserRole: true}
	noRoles := privxsim.Options{HideUserRole: true, UserRolesNull: true}
	acts := []act{
		{call: "an empty list, again", target: empty(get(rolesOfPath, reads)), options: hidden},
		{call: "the user's own record", target: get("/role-store/api/v1/users/{user}", 0), options: hidden},
		{call: "an empty list, for the third time", target: empty(get(rolesOfPath, reads+1)), options: noRoles},
	}
	for i := range acts {
		acts[i].run, acts[i].good, acts[i].prepare = run, verified, prepare
	}
	return acts
}

// takeRoles takes roles from the user, by their names.
func takeRoles(names ...string) func(*stage) {
	return func(s *stage) {
		for _, role := range s.store.Roles() {
			if slices.Contains(names, role.Name) {
				s.store.RemoveExplicit(role.ID, s.user)
			}
		}
	}
}

func grantActs() []act {
	grant := func(role func(*stage) string) func(*stage) string {
		return changes(role,
			func(s *stage) error { _, _, err := s.grant(role(s), stub("user", s.user)); return err },
			func(s *stage) bool { return s.membership(role(s), s.user).Explicit },
		)
	}
	toUser := grant(func(s *stage) string { return s.role })
	acts := append(changeActs(toUser), act{
		call: "is there such a role?", target: get(rolePath, 0),
		run: grant(func(*stage) string { return nobody }), good: codes.NotFound.String(),
	})
	return append(acts, noRolesActs(toUser, 1, takeRoles("held", "kept"))...)
}

func revokeActs() []act {
	revoke := func(role, user func(*stage) string) func(*stage) string {
		return changes(role,
			func(s *stage) error { _, err := s.revoke(role(s), stub("user", user(s))); return err },
			func(s *stage) bool { return !s.membership(role(s), user(s)).Explicit },
		)
	}
	held, notHeld := func(s *stage) string { return s.held }, func(s *stage) string { return s.role }
	user, gone := func(s *stage) string { return s.user }, func(*stage) string { return nobody }
	acts := append(changeActs(revoke(held, user)),
		act{call: "is the role everybody's?", target: get(rolePath, 0), run: revoke(notHeld, user), good: verified, takes: said(http.StatusNotFound)},
		act{
			call: "which rules keep it?", target: get(rolePath, 0), run: revoke(held, user), good: verified, spare: true,
			prepare: func(s *stage) { s.store.Map(s.held, s.user) },
		},
		act{call: "is the user gone?", target: empty(post(searchPath, 0)), run: revoke(held, gone), good: verified},
	)
	// The last role is revoked: the verifying read shows nothing.
	return append(acts, noRolesActs(revoke(held, user), 2, takeRoles("kept"))...)
}
