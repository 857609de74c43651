package connector_test

import (
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"

	sdksync "github.com/conductorone/baton-sdk/pkg/sync"
	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/c1z"
	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/connector"
	"github.com/conductorone/baton-privx/pkg/privx"
)

// holders is a tenant with users who hold as many roles each, besides the one that
// everybody holds, and with as many users who hold none.
func holders(users, roles int) *privxsim.Store {
	store := plainStore()
	ids := make([]string, 2*roles)
	for i := range ids {
		ids[i] = store.AddRole(privxsim.Role{Name: fmt.Sprintf("role %d", i)}).ID
	}
	for i := range users {
		store.AddUser(privxsim.User{Principal: fmt.Sprintf("nothing%d", i)})
		user := store.AddUser(privxsim.User{Principal: fmt.Sprintf("user%d", i)})
		for n := range roles {
			store.GrantExplicit(ids[(i+n)%len(ids)], user.ID, privxsim.Grant{})
		}
	}
	return store
}

// A few holders, and the bytes that there must be room for to keep all of their roles
// in one sync, but not in two.
const (
	fewUsers, fewRoles = 30, 4
	roomForOne         = 10_000
)

// lookups is how often users' roles were asked for since it was last called.
func (x *tenant) lookups() int {
	defer x.sim.ResetRequests()
	return x.sim.CountRequests("GET", rolesOfPath)
}

// Where members do not carry their roles, each user is asked for once, however many
// roles he holds, and not at all if it is only the one that everybody holds.
func TestEachUsersRolesAreAskedForOnce(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("make test reads the roles of thousands of users here")
	}
	const users, roles = 2000, 10
	store := holders(users, roles)
	inBubble(t, store, privxsim.Options{MemberRoles: privxsim.MemberRolesNull}, allFour, func(x *tenant) {
		path, err := x.sync()
		require.NoError(x.t, err)
		content, err := c1z.Read(x.ctx, path)
		require.NoError(x.t, err)
		require.Len(x.t, content.Grants, len(store.Memberships()))
		require.Equal(x.t, users+1, x.lookups(), "and the API client")
	})
}

// A role is found among a user's, whatever the case of its id there.
func TestHeldRoleInAnotherCase(t *testing.T) {
	t.Parallel()
	store := plainStore()
	role := store.AddRole(privxsim.Role{ID: "abcdef00-0000-4000-8000-000000000001", Name: "R"}).ID
	user := store.AddUser(privxsim.User{ID: "abcdef00-0000-4000-8000-000000000002", Principal: "u"}).ID
	store.Map(role, user)
	x := newTenant(t, store, privxsim.Options{MemberRoles: privxsim.MemberRolesNull})
	x.sim.Inject(privxsim.Fault{Path: "/role-store/api/v1/users/" + user + "/roles", Status: http.StatusOK,
		Body: fmt.Sprintf(`{"count":1,"items":[{"id":%q,"implicit":true}]}`, strings.ToUpper(role))})
	requireMembership(t, x.mustSync().grants[grantID(role, user)], "the mapping rules of the role in PrivX",
		map[string]any{"explicit": false, "implicit": true})
}

// What there is no room for is asked for again, and the room comes back with the end
// of a sync.
func TestRoomForUsersRoles(t *testing.T) {
	t.Parallel()
	const asked, askedEachTime = fewUsers + 1, fewUsers*fewRoles + 1 // and the API client
	for name, c := range map[string]struct{ room, least, most int }{
		"none":        {1, askedEachTime, askedEachTime},
		"for some":    {roomForOne / 2, asked + 1, askedEachTime - 1},
		"for all":     {roomForOne, asked, asked},
		"as is usual": {0, asked, asked},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newTenant(t, holders(fewUsers, fewRoles), privxsim.Options{MemberRoles: privxsim.MemberRolesNull})
			x.setBounds(connector.Bounds{HeldRoles: c.room})
			for range 2 {
				x.requireComplete(x.mustSync(sdksync.WithWorkerCount(1))) // What two ask for at the same time is asked for once.
				got := x.lookups()
				require.GreaterOrEqual(t, got, c.least)
				require.LessOrEqual(t, got, c.most)
			}
		})
	}
}

// bookOf gives a book with users who hold ten of a hundred roles each, and the bytes
// that it counts.
func bookOf(users int, entry func(user, role int) privx.RoleEntry) (connector.RoleBook, int) {
	bytes := 0
	book := connector.NewRoleBook(func(more int) bool { bytes += more; return true })
	for user := range users {
		roles := make([]privx.RoleEntry, 10)
		for i := range roles {
			roles[i] = entry(user, i)
			roles[i].ID = bookID("role", (user+i)%100)
		}
		book.Add(bookID("user", user), roles)
	}
	return book, bytes
}

// bookID is an id as long as PrivX's.
func bookID(kind string, n int) string { return fmt.Sprintf("%s%032d", kind, n) }

// alike are memberships of which there are three kinds, and apart are those that have
// validity periods of their own.
func alike(user, role int) privx.RoleEntry {
	return privx.RoleEntry{Explicit: user%2 == 0, Implicit: role%2 == 0, GrantType: "PERMANENT"}
}

func apart(user, role int) privx.RoleEntry {
	return privx.RoleEntry{Explicit: true, GrantType: "TIME_RESTRICTED", ValidityPeriods: []privx.Period{
		{Start: fmt.Sprintf("2031-01-01T00:%08d:00Z", user), End: fmt.Sprintf("2031-01-01T00:%08d:00Z", role)},
	}}
}

// A user with ten roles takes some 230 bytes. Validity periods take more, and are
// counted.
func TestRoleBookCountsItsBytes(t *testing.T) {
	t.Parallel()
	const users = 10_000
	_, bytes := bookOf(users, alike)
	require.InDelta(t, 230, bytes/users, 10)
	_, bytes = bookOf(users, apart)
	require.Greater(t, bytes/users, 10*500)

	book := connector.NewRoleBook(func(int) bool { return false })
	book.Add("u", []privx.RoleEntry{{ID: "r", Explicit: true}})
	_, kept := book.Entry("u", "r")
	require.False(t, kept, "there is no room")
}

// All that a grant tells of a membership comes out of a book as it went in.
func TestRoleBookKeepsEachEntry(t *testing.T) {
	t.Parallel()
	periods := func(n int) []privx.Period {
		all := make([]privx.Period, n)
		for i := range all {
			all[i] = privx.Period{Start: fmt.Sprint("start", i), End: fmt.Sprint("end", i)}
		}
		return all
	}
	given := []privx.RoleEntry{
		{}, {Explicit: true}, {Implicit: true}, {Explicit: true, Implicit: true},
		{Explicit: true, GrantType: "PERMANENT"},
		{Explicit: true, GrantType: "FLOATING", FloatingLength: 1.5},
		{Explicit: true, GrantType: "FLOATING", FloatingLength: 2},
		{Explicit: true, ValidityPeriods: periods(1)}, {Explicit: true, ValidityPeriods: periods(2)},
		{Explicit: true, ValidityPeriods: []privx.Period{{Start: `a" "b`}}},
		{Explicit: true, ValidityPeriods: []privx.Period{{Start: "a", End: "b"}}},
	}
	roles := append([]privx.RoleEntry(nil), given...)
	for i := range roles {
		roles[i].ID, roles[i].Name = bookID("role", i), "a name"
	}
	roles = append(roles, privx.RoleEntry{ID: "old", GrantStart: "start0", GrantEnd: "end0", Explicit: true},
		privx.RoleEntry{ID: "many", ValidityPeriods: periods(1000)})
	book := connector.NewRoleBook(func(int) bool { return true })
	book.Add("U", roles)
	for i, want := range given {
		got, kept := book.Entry("u", strings.ToUpper(bookID("role", i)))
		require.True(t, kept)
		require.Equal(t, &want, got)
	}
	got, _ := book.Entry("u", "old")
	require.Equal(t, periods(1), got.Periods())
	got, _ = book.Entry("u", "many")
	require.Equal(t, periods(16), got.Periods(), "as many as a grant shows")
	got, kept := book.Entry("u", "another role")
	require.True(t, kept)
	require.Nil(t, got)
}

// BenchmarkRoleBook tells how many bytes a user with ten roles takes, as counted and
// as the heap grows.
func BenchmarkRoleBook(b *testing.B) {
	for name, entry := range map[string]func(user, role int) privx.RoleEntry{"alike": alike, "apart": apart} {
		b.Run(name, func(b *testing.B) {
			const users = 20_000
			for b.Loop() {
				before := heap()
				book, bytes := bookOf(users, entry)
				b.ReportMetric(float64(heap()-before)/users, "heap-bytes/user")
				b.ReportMetric(float64(bytes)/users, "counted-bytes/user")
				runtime.KeepAlive(book)
			}
		})
	}
}

// heap is how many bytes are in use.
func heap() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}
