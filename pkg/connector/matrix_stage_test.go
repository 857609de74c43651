package connector_test

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/conductorone/baton-privx/internal/errorid/errortest"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	sdksync "github.com/conductorone/baton-sdk/pkg/sync"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/conductorone/baton-privx/internal/c1z"
	"github.com/conductorone/baton-privx/internal/faultmatrix"
	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/config"
	"github.com/conductorone/baton-privx/pkg/privx"
)

// act is an operation, and a call that it makes.
type act struct {
	call string
	// target is the call; {role}, {user} and {empty} in its path stand for stage.held,
	// stage.user and stage.role, {everybody} for the role that everybody holds.
	target faultmatrix.Call
	// also are calls that the same is done to: once to each of them, and without end to one of
	// them, by turns.
	also []faultmatrix.Call
	// cfg asks for what roles reach; nil for none.
	cfg *config.Privx
	// last: it is the last call of its kind, which is counted in place of target.Skip.
	last bool
	// onlyWord: nothing but the call tells whether a role has members, or whether there are
	// targets. bare: null is a list without rows there.
	onlyWord, bare bool
	// options and credentials are those with which the operation makes the call.
	options     privxsim.Options
	credentials privx.Credentials
	// prepare brings about that it makes the call.
	prepare func(*stage)
	// afterWhole: the stage's file has a whole sync, which is wholeFile's.
	afterWhole bool
	wholeFile  []byte
	// run is the operation, and tells what came of it.
	run func(*stage) string
	// strangers: members need not be among the users.
	strangers bool
	// good is what comes of it without a fault.
	good string
	// undisturbed is what a sync without a fault has, and what came of it.
	undisturbed        *synced
	undisturbedOutcome string
	// spare: the operation can do without the call.
	spare bool
	// takes tells which faults are answers, too; nil is none.
	takes func(faultmatrix.Fault) bool
}

// syncs tells whether the operation is a sync.
func (a act) syncs() bool { return a.good == complete }

// empties tells whether a fault shows a list as empty, and nothing else says that it is not.
func (a act) empties(f faultmatrix.Fault) bool {
	return a.onlyWord && (f.Empties || a.bare && showsNull(f))
}

// calls are those to which a fault happens that is the n-th of all.
func (a act) calls(n, count int) []faultmatrix.Call {
	all := append([]faultmatrix.Call{a.target}, a.also...)
	if count == 0 {
		return []faultmatrix.Call{all[n%len(all)]}
	}
	return all
}

// stage is a tenant where time is fake (see inBubble), and what the acts are about.
type stage struct {
	*tenant

	act   act
	fault faultmatrix.Fault
	file  string
	// role is not held by anybody, held is by user.
	role, user, held string
	// reaching is a role beside held that reaches something, and doomed is a host that goes
	// when it is asked for; both where roles reach something.
	reaching, doomed string
	history          *history
	// whole is the id of a whole sync that is in the file before the act, if any.
	whole string
}

// stagePage is how many rows PrivX gives at a time. In each list, the rows on both
// sides of the end of the first page have been created at the same time.
const stagePage = 10

// onStage runs an act in a bubble.
func onStage(t *testing.T, a act, test func(*stage)) {
	t.Helper()
	if a.cfg != nil {
		onReachStage(t, a, test)
		return
	}
	store := privxsim.Seed(privxsim.SeedOptions{Users: 24, Roles: 6, MembersPerRole: 6})
	role, user := addScene(store)
	held := store.AddRole(privxsim.Role{Name: "held", Created: "2023-06-01T00:00:00Z"}).ID
	kept := store.AddRole(privxsim.Role{Name: "kept", Created: "2023-06-01T00:00:00Z"}).ID
	for i := range 6 {
		store.AddUser(privxsim.User{Principal: fmt.Sprint("twin", i), Created: "2023-01-01T12:30:00Z"})
	}
	store.GrantExplicit(held, user, privxsim.Grant{})
	store.GrantExplicit(kept, user, privxsim.Grant{})
	a.options.MaxPageSize = stagePage
	inBubble(t, store, a.options, cmp.Or(a.credentials, privx.Credentials(allFour)), func(x *tenant) {
		s := &stage{tenant: x, act: a, role: role, user: user, held: held}
		s.set(test)
	})
}

// set makes the stage ready for its act.
func (s *stage) set(test func(*stage)) {
	s.file = filepath.Join(s.t.TempDir(), "sync.c1z")
	if s.act.afterWhole {
		require.NoError(s.t, os.WriteFile(s.file, s.act.wholeFile, 0o600))
		s.whole = s.finishedSyncs()[0]
		time.Sleep(time.Hour)
	}
	if s.act.prepare != nil {
		s.act.prepare(s)
	}
	test(s)
}

// The stage is as it is said to be.
func TestStagePagesEndWithinTies(t *testing.T) {
	t.Parallel()
	onStage(t, act{}, func(s *stage) {
		var users, roles []string
		for _, user := range s.store.Users() {
			users = append(users, user.Created)
		}
		for _, role := range s.store.Roles() {
			roles = append(roles, role.Created)
		}
		for _, created := range [][]string{sorted(users), sorted(roles)} {
			require.Greater(s.t, len(created), stagePage)
			require.NotEmpty(s.t, created[stagePage])
			require.Equal(s.t, created[stagePage-1], created[stagePage])
		}
	})
}

// named is a call's path with ids in place of what stands for them.
func (s *stage) named(path string) string {
	return strings.NewReplacer(
		"{role}", s.held, "{empty}", s.role, "{user}", s.user, "{everybody}", s.store.UserRoleID(),
		"{reaching}", s.reaching, "{doomed}", s.doomed,
	).Replace(path)
}

// suffer runs the operation with a fault, and then without: whatever came of it,
// the next one is good. Of syncs, which take long, that is seen after a fault without
// end alone. The fault is the n-th of all.
func (s *stage) suffer(fault faultmatrix.Fault, n, count int) string {
	s.t.Helper()
	s.fault = fault
	roles := s.store.Roles()
	s.sim.ResetRequests()
	calls := s.act.calls(n, count)
	var stops []func()
	for i := range calls {
		calls[i].Path = s.named(calls[i].Path)
		stops = append(stops, fault.Inject(s.sim, s.store, calls[i], count))
	}
	began := time.Now()
	outcome := s.act.run(s)
	require.Less(s.t, time.Since(began), limit*time.Duration(len(calls)))
	hit := 0
	for i, call := range calls {
		if s.sim.CountRequests(call.Method, call.Path) > call.Skip {
			hit++
		}
		stops[i]()
	}
	require.NotZero(s.t, hit, "the fault has hit nothing")
	if strings.TrimSuffix(outcome, andWarned) == s.act.good {
		require.Equal(s.t, len(calls), hit, "the fault has hit some calls alone")
	}
	s.fault = faultmatrix.Fault{}
	if fault.Forbids {
		// Users that were read without sources-view stay so when the sync is gone on
		// with; there was a warning then.
		s.act.undisturbedOutcome = ""
	}
	for _, role := range roles {
		s.store.UpdateRole(role) // with the permissions that it may have lost
	}
	// Until refused credentials are tried again, and permissions have come back with
	// a new token.
	time.Sleep(10 * time.Minute)
	s.logs.TakeAll()
	if strings.TrimSuffix(outcome, andWarned) != s.act.good && (count == 0 || !s.act.syncs()) {
		again := strings.TrimSuffix(s.act.run(s), andWarned)
		if fault.Forbids && again == unnamed {
			again = complete // So it is with names of access groups.
		}
		require.Equal(s.t, s.act.good, again, "after %s", outcome)
	}
	return outcome
}

// failed is the outcome that is an error, as an operator may be shown it.
func (s *stage) failed(err error) string {
	s.t.Helper()
	errortest.ID(s.t, err.Error())
	require.NotContains(s.t, err.Error(), privxsim.CanaryPrefix)
	require.NotContains(s.t, err.Error(), privxsim.DefaultAPIClientSecret)
	require.NotContains(s.t, err.Error(), privxsim.DefaultOAuthClientSecret)
	code := status.Code(err)
	require.NotEqual(s.t, codes.Unknown, code, "%v", err)
	return code.String()
}

// warned adds whether the connector gave a warning.
func (s *stage) warned(outcome string) string {
	for _, message := range s.warnings() {
		if strings.HasPrefix(message, "baton-privx: ") {
			return outcome + andWarned
		}
	}
	return outcome
}

// syncs runs a whole sync into the stage's file. One that fails leaves nothing in
// it that looks whole.
func syncs(s *stage) string {
	s.t.Helper()
	seen := s.watch()
	options := []sdksync.SyncOpt{sdksync.WithWorkerCount(4)}
	if !s.act.strangers && !s.fault.Turns {
		options = append(options, sdksync.WithFailFastInvariants())
	}
	err := s.syncInto(s.file, options...)
	if err != nil {
		require.NotEqual(s.t, codes.NotFound, status.Code(err), "baton-sdk would skip what is missing")
		require.Empty(s.t, s.finishedSyncs())
		return s.failed(err)
	}
	got := readBack(s.t, s.file)
	rows := rowsOf(got)
	whole := s.forgive(rows)
	if s.act.cfg != nil && whole == complete {
		whole = s.forgiveReach(got, rows)
	}
	s.requireAll(rows, seen)
	outcome := s.warned(whole)
	if outcome == s.act.undisturbedOutcome && !s.fault.Turns {
		requireSame(s.t, s.act.undisturbed, got)
	}
	return outcome
}

// finishedSyncs are the ids of those in the stage's file that look whole.
func (s *stage) finishedSyncs() []string {
	s.t.Helper()
	runs, err := c1z.Runs(s.t.Context(), s.file, s.t.TempDir())
	require.NoError(s.t, err)
	var finished []string
	for _, run := range runs {
		if run.Finished {
			finished = append(finished, run.ID)
		}
	}
	return finished
}

// syncsTarget runs a targeted sync of one resource after a whole one.
func syncsTarget(kind string, id func(*stage) string) func(*stage) string {
	return func(s *stage) string {
		s.t.Helper()
		target := v2.Resource_builder{Id: v2.ResourceId_builder{ResourceType: kind, Resource: id(s)}.Build()}.Build()
		err := s.syncInto(s.file, sdksync.WithTargetedSyncResources([]*v2.Resource{target}))
		if err != nil {
			require.Subset(s.t, []string{s.whole}, s.finishedSyncs(), "a part looks whole")
			return s.failed(err)
		}
		got := readBack(s.t, s.file)
		found := append(keys(got.users), keys(got.roles)...)
		if len(found) == 0 {
			return s.warned(leftOut)
		}
		require.Equal(s.t, []string{id(s)}, found)
		rows := rowsOf(got)
		whole := s.forgive(rows)
		want := []string{}
		for _, m := range s.store.Memberships() {
			if m.RoleID == id(s) {
				want = append(want, "grant "+grantID(m.RoleID, m.UserID))
			}
		}
		maps.DeleteFunc(rows, func(row string, _ bool) bool { return !strings.HasPrefix(row, "grant ") })
		require.Equal(s.t, sorted(want), keys(rows))
		return s.warned(whole)
	}
}

// changes runs a grant or a revoke through baton-sdk's retries. Whatever comes of
// it, all other memberships are as they were.
func changes(role func(*stage) string, change func(*stage) error, made func(*stage) bool) func(*stage) string {
	return func(s *stage) string {
		s.t.Helper()
		before := s.store.MembershipsBut(role(s), s.user)
		err := change(s)
		require.True(s.t, reflect.DeepEqual(before, s.store.MembershipsBut(role(s), s.user)), "another membership was changed")
		switch {
		case err == nil:
			require.True(s.t, made(s), "a success that is none")
			return s.warned(verified)
		case made(s):
			return s.failed(err) + butMade
		default:
			return s.failed(err)
		}
	}
}
