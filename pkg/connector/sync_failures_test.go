package connector_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/conductorone/baton-privx/internal/errorid/errortest"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	sdksync "github.com/conductorone/baton-sdk/pkg/sync"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/conductorone/baton-privx/internal/privxsim"
)

// Fail closed: an answer that is not the list fails the sync with a code that
// baton-sdk does not take for "skip it".
func TestWrongAnswersFailTheSync(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("make test has each list answered wrongly")
	}
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
				errortest.ID(t, err.Error())
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

// The one thing that may be skipped is a role that PrivX confirms is gone.
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
	if testing.Short() {
		t.Skip("make test waits here for a minute, for new tokens")
	}
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

// Through the whole connector: rows that go while pages are read cost no
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

// A page token that the connector has not given out is an error, and not the first page.
func TestMalformedPageTokenIsAnError(t *testing.T) {
	t.Parallel()
	x := newTenant(t, plainStore(), privxsim.Options{})
	client := v2.NewResourcesServiceClient(x.client())
	for _, kind := range []string{"user", "role"} {
		_, err := client.ListResources(x.ctx, v2.ResourcesServiceListResourcesRequest_builder{ResourceTypeId: kind, PageToken: "rubbish"}.Build())
		require.Equal(t, codes.InvalidArgument, status.Code(err), "%v", err)
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
	if testing.Short() {
		t.Skip("make test reads many long rows here")
	}
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
