package connector_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/conductorone/baton-privx/internal/errorid"
	"github.com/conductorone/baton-privx/internal/errorid/errortest"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	sdksync "github.com/conductorone/baton-sdk/pkg/sync"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/conductorone/baton-privx/internal/privxsim"
)

const closingLine = "baton-privx: everything read from PrivX"

// closing are the fields of the closing lines.
func (x *tenant) closing() []map[string]any {
	var lines []map[string]any
	for _, entry := range x.logs.FilterMessage(closingLine).All() {
		lines = append(lines, entry.ContextMap())
	}
	return lines
}

// crowd is a tenant with more users than a page has, all of whom hold a role.
func crowd() (*privxsim.Store, string) {
	store := plainStore()
	role := store.AddRole(privxsim.Role{Name: "crowd"})
	for i := range 250 {
		user := store.AddUser(privxsim.User{Principal: fmt.Sprintf("user%d", i), Created: time.Unix(int64(1_600_000_000+i), 0).UTC().Format(time.RFC3339)})
		store.GrantExplicit(role.ID, user.ID, privxsim.Grant{})
	}
	return store, role.ID
}

// An empty answer once costs nothing, at any page of any list; for ever, it fails the
// sync.
func TestEmptyAnswersEndNoList(t *testing.T) {
	t.Parallel()
	store, role := crowd()
	for name, fault := range map[string]privxsim.Fault{
		"users":           {Path: searchPath, Skip: 1},
		"users, page 2":   {Path: searchPath, Skip: 2},
		"roles":           {Path: rolesPath, Skip: 1},
		"members":         {Path: rolesPath + "/" + role + "/members"},
		"members, page 2": {Path: rolesPath + "/" + role + "/members", Skip: 1},
		"members, page 3": {Path: rolesPath + "/" + role + "/members", Skip: 2},
		"everybody":       {Path: rolesPath + "/" + store.UserRoleID() + "/members"},
	} {
		for _, count := range []int{1, 0} {
			t.Run(fmt.Sprintf("%s, %d times", name, count), func(t *testing.T) {
				t.Parallel()
				inBubble(t, store, privxsim.Options{MaxPageSize: 100}, allFour, func(x *tenant) {
					empty := fault
					empty.Count, empty.Status, empty.Body = count, http.StatusOK, `{"count":0,"items":[]}`
					x.sim.Inject(empty)
					path, err := x.sync()
					switch {
					case err != nil:
						require.Zero(t, count)
						require.Contains(t, []codes.Code{codes.Aborted, codes.FailedPrecondition}, status.Code(err), "%v", err)
						require.Empty(t, x.closing())
					case name == "members" && count == 0:
						// A role that PrivX shows without members all the time has none.
						require.NotContains(t, readBack(t, path).grants, grantID(role, store.Users()[0].ID))
					default:
						require.Equal(t, 1, count)
						x.requireComplete(readBack(t, path))
						require.Empty(t, x.warnings())
						require.EqualValues(t, len(store.Memberships()), x.closing()[0]["memberships"])
					}
				})
			})
		}
	}
}

// All roles without members are waited for together.
func TestRolesWithoutMembersAreWaitedForTogether(t *testing.T) {
	t.Parallel()
	store := plainStore()
	for i := range 250 {
		store.AddRole(privxsim.Role{Name: fmt.Sprintf("role %d", i)})
	}
	inBubble(t, store, privxsim.Options{}, allFour, func(x *tenant) {
		began := time.Now()
		x.requireComplete(x.mustSync())
		require.LessOrEqual(t, time.Since(began), 4*time.Second, "fake time: baton-sdk has a hundred roles read at a time")
		require.Equal(t, 2*250+2+1+1, x.sim.CountRequests("GET", membersPath), "twice, but for the two built-in roles and the connector's own")
		require.EqualValues(t, 253, x.closing()[0]["roles"])
	})
	inBubble(t, store, privxsim.Options{MemberCount: true}, allFour, func(x *tenant) {
		began := time.Now()
		x.requireComplete(x.mustSync())
		require.Zero(t, time.Since(began), "fake time: PrivX says that there are none")
	})
}

// A role is shown empty by a node that has just started: its members are there when
// it is asked again.
func TestRoleThatIsShownEmptyOnce(t *testing.T) {
	t.Parallel()
	store, role := crowd()
	for _, memberCount := range []bool{false, true} {
		inBubble(t, store, privxsim.Options{MemberCount: memberCount, MaxPageSize: 100}, allFour, func(x *tenant) {
			x.sim.Inject(privxsim.Fault{Path: membersPath, Count: 3, Status: http.StatusOK, Body: `{"count":0,"items":[]}`})
			x.requireComplete(x.mustSync())
			require.Empty(t, x.warnings())
			require.Len(t, x.closing(), 1)
		})
	}
	// A sync of the role alone confirms it, too.
	inBubble(t, store, privxsim.Options{MaxPageSize: 100}, allFour, func(x *tenant) {
		x.sim.Inject(privxsim.Fault{Path: membersPath, Count: 1, Status: http.StatusOK, Body: `{"count":0,"items":[]}`})
		path := filepath.Join(t.TempDir(), "one.c1z")
		target := v2.Resource_builder{Id: v2.ResourceId_builder{ResourceType: "role", Resource: role}.Build()}.Build()
		require.NoError(t, x.syncInto(path, sdksync.WithTargetedSyncResources([]*v2.Resource{target})))
		require.Len(t, readBack(t, path).grants, 250)
	})
}

// A member_count above 0 is not believed against a list that stays empty, nor is the
// list before it was asked for over some seconds.
func TestMemberCountThatNeverComesTrue(t *testing.T) {
	t.Parallel()
	store := plainStore()
	role := store.AddRole(privxsim.Role{Name: "R"})
	store.SetMemberCount(role.ID, 3, 3)
	inBubble(t, store, privxsim.Options{MemberCount: true}, allFour, func(x *tenant) {
		began := time.Now()
		x.requireComplete(x.mustSync())
		require.GreaterOrEqual(t, time.Since(began), 5*time.Second)
		entry := x.logs.FilterMessage("baton-privx: PrivX's member_count of a role disagrees with the members it lists; the members were taken").All()
		require.Len(t, entry, 1)
		require.EqualValues(t, 3, entry[0].ContextMap()["member_count"])
		require.EqualValues(t, 0, entry[0].ContextMap()["members"])
		require.Len(t, x.closing(), 1)
	})
}

// hideUser lets PrivX leave a user out of its list of users, and of it alone.
func (x *tenant) hideUser(t *testing.T, user privxsim.User, found bool) {
	t.Helper()
	var mu sync.Mutex
	x.sim.OnRequest(func(r privxsim.Request) {
		mu.Lock()
		defer mu.Unlock()
		x.sim.ClearFaults()
		if r.Path != searchPath {
			return
		}
		if strings.Contains(string(r.Body), "user_id") {
			if !found {
				x.sim.Inject(privxsim.Fault{Path: searchPath, Status: http.StatusOK, Body: `{"count":0,"items":[]}`})
			}
			return
		}
		rows := ""
		for _, u := range x.store.Users() {
			if u.ID != user.ID {
				rows += fmt.Sprintf(`,{"id":%q,"principal":%q}`, u.ID, u.Principal)
			}
		}
		x.sim.Inject(privxsim.Fault{Path: searchPath, Status: http.StatusOK,
			Body: fmt.Sprintf(`{"count":%d,"items":[%s]}`, len(x.store.Users())-1, rows[1:])})
	})
}

// A member that the list of users did not have and that was there before proves that
// the list was short. Others are users that PrivX does not list.
func TestMembersThatWereNotListed(t *testing.T) {
	t.Parallel()
	began := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // as in a bubble
	for name, c := range map[string]struct {
		created time.Time
		found   bool
		proof   bool
	}{
		"there before":            {began.Add(-61 * time.Second), true, true},
		"just created":            {began.Add(-59 * time.Second), true, false},
		"created during the sync": {began.Add(time.Second), true, false},
		"not found":               {began.Add(-time.Hour), false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := plainStore()
			for i := range 5 {
				store.AddUser(privxsim.User{Principal: fmt.Sprint("u", i)})
			}
			stranger := store.AddUser(privxsim.User{Principal: "stranger", Created: c.created.Format(time.RFC3339)})
			inBubble(t, store, privxsim.Options{}, allFour, func(x *tenant) {
				x.hideUser(t, stranger, c.found)
				path := filepath.Join(t.TempDir(), "sync.c1z")
				err := x.syncInto(path, sdksync.WithWorkerCount(4))
				if c.proof {
					require.Equal(t, codes.Aborted, status.Code(err), "%v", err)
					require.ErrorContains(t, err, stranger.ID)
					require.Equal(t, errorid.UsersMissing, errortest.ID(t, err.Error()))
					require.Empty(t, x.closing())
					return
				}
				require.NoError(t, err)
				require.Contains(t, readBack(t, path).grants, grantID(store.UserRoleID(), stranger.ID))
				require.Len(t, x.closing(), 1)
				warned := x.logs.FilterMessage("baton-privx: members of roles or owners of secrets are not among the users that PrivX listed").All()
				require.Len(t, warned, 1, "once a sync")
				require.EqualValues(t, 1, warned[0].ContextMap()["count"])
				searches := 0
				for _, r := range x.sim.Requests() {
					if r.Path == searchPath && strings.Contains(string(r.Body), "user_id") {
						searches++
					}
				}
				require.Equal(t, 1, searches)
			})
		})
	}
}

// Many strangers are searched for 100 at a time, and not more than a thousand.
func TestManyMembersThatWereNotListed(t *testing.T) {
	t.Parallel()
	store := plainStore()
	roles := []string{store.AddRole(privxsim.Role{Name: "A"}).ID, store.AddRole(privxsim.Role{Name: "B"}).ID}
	const each = 675
	inBubble(t, store, privxsim.Options{}, allFour, func(x *tenant) {
		for n, role := range roles {
			rows := ""
			for i := range each {
				rows += fmt.Sprintf(`,{"id":"00000000-0000-4000-8000-%012d","roles":[{"id":%q,"explicit":true}]}`, n*each+i, role)
			}
			x.sim.Inject(privxsim.Fault{Path: rolesPath + "/" + role + "/members", Status: http.StatusOK,
				Body: fmt.Sprintf(`{"count":%d,"items":[%s]}`, each, rows[1:])})
		}
		require.NoError(t, x.syncInto(filepath.Join(t.TempDir(), "sync.c1z")))
		searches := 0
		for _, r := range x.sim.Requests() {
			if r.Path == searchPath && strings.Contains(string(r.Body), "user_id") {
				searches++
				require.LessOrEqual(t, strings.Count(string(r.Body), "00000000-"), 100)
			}
		}
		require.Equal(t, 10, searches)
		warned := x.logs.FilterMessage("baton-privx: members of roles or owners of secrets are not among the users that PrivX listed").All()
		require.EqualValues(t, 2*each, warned[0].ContextMap()["count"])
	})
}

// Where another process has listed the users, or has begun to, nothing is concluded:
// nobody is searched for, and there is no closing line.
func TestNoClosingLineOverAnotherProcessesUsers(t *testing.T) {
	t.Parallel()
	const id = "3MTdEllMfZYCoIkUgDGJloOm0NA"
	store := privxsim.Seed(privxsim.SeedOptions{Users: 30, Roles: 10})
	inBubble(t, store, privxsim.Options{MemberCount: true}, allFour, func(x *tenant) {
		conn := x.client()
		page, err := v2.NewResourcesServiceClient(conn).ListResources(x.ctx, v2.ResourcesServiceListResourcesRequest_builder{ResourceTypeId: "role", ActiveSyncId: id}.Build())
		require.NoError(t, err)
		for _, role := range page.GetList() {
			_, err := v2.NewGrantsServiceClient(conn).ListGrants(x.ctx, v2.GrantsServiceListGrantsRequest_builder{Resource: role, ActiveSyncId: id}.Build())
			require.NoError(t, err)
		}
		require.Empty(t, x.closing())
		require.Zero(t, x.sim.CountRequests("POST", searchPath))
		require.Zero(t, x.sim.Sessions(), "the session is ended all the same")
	})
}

// With many syncs at once, each has its closing line.
func TestManySyncsAtOnce(t *testing.T) {
	t.Parallel()
	store := privxsim.Seed(privxsim.SeedOptions{Users: 10, Roles: 3})
	inBubble(t, store, privxsim.Options{Latency: time.Second}, allFour, func(x *tenant) {
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				_, err := x.sync()
				require.NoError(t, err)
			})
		}
		all.Wait()
		require.Len(t, x.closing(), 8)
		for _, line := range x.closing() {
			require.EqualValues(t, len(store.Users()), line["users"])
			require.EqualValues(t, len(store.Memberships()), line["memberships"])
		}
	})
}

// A PrivX that counts the rows of each answer, and clamps its answers: nothing of it
// can be seen in one of them, but when the connection is checked.
func TestCountOfClampedAnswers(t *testing.T) {
	t.Parallel()
	store := privxsim.Seed(privxsim.SeedOptions{Users: 150, Roles: 20, MembersPerRole: 60})
	inBubble(t, store, privxsim.Options{MaxPageSize: 50, Count: privxsim.CountPageLength}, allFour, func(x *tenant) {
		x.requireComplete(x.mustSync())
	})
}

// A member whose own roles are shown empty is asked for once more. It costs nothing
// that PrivX leaves out the role that everybody holds.
func TestMembersWhoseRolesAreShownEmpty(t *testing.T) {
	t.Parallel()
	store := plainStore()
	role := store.AddRole(privxsim.Role{Name: "held"}).ID
	for i := range 40 {
		user := store.AddUser(privxsim.User{Principal: fmt.Sprint("u", i)})
		if i == 0 {
			store.GrantExplicit(role, user.ID, privxsim.Grant{})
		}
	}
	inBubble(t, store, privxsim.Options{MemberRoles: privxsim.MemberRolesNull, HideUserRole: true}, allFour, func(x *tenant) {
		began := time.Now()
		x.requireComplete(x.mustSync())
		require.LessOrEqual(t, time.Since(began), 5*time.Second)
		require.Empty(t, x.warnings())
		for count, warnings := range []int{1, 0} { // For ever, and once.
			x.logs.TakeAll()
			x.sim.ClearFaults()
			x.sim.Inject(privxsim.Fault{Path: rolesOfPath, Kind: privxsim.FaultEmptyList, Count: count})
			s := x.mustSync()
			x.requireComplete(s)
			require.Len(t, x.logs.FilterMessage("baton-privx: a member's roles cannot be read: PrivX shows that the user has none").All(), 2*warnings,
				"of the user and of the API client")
		}
	})
}
