package privxsim_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/conductorone/baton-privx/internal/privxsim"
)

// shows returns what the node shows of everything, in an order that is always the
// same.
func (c cluster) shows() map[string]string {
	c.t.Helper()
	all := map[string]string{"users": canonical(c.search("?limit=1000", "{}"))}
	for _, path := range []string{rolesPath, sourcePath} {
		all[path] = canonical(c.get(path))
	}
	for _, u := range c.store.Users() {
		for _, path := range []string{usersPath + u.ID, usersPath + u.ID + "/roles"} {
			all[path] = canonical(c.get(path))
		}
	}
	for _, r := range c.store.Roles() {
		for _, path := range []string{rolesPath + "/" + r.ID, rolesPath + "/" + r.ID + "/members"} {
			all[path] = canonical(c.get(path))
		}
	}
	return all
}

// canonical is an answer with its lists sorted.
func canonical(r response) string {
	var v any
	if err := json.Unmarshal(r.body, &v); err != nil {
		return err.Error()
	}
	var sorted func(any) string
	sorted = func(v any) string {
		var texts []string
		switch v := v.(type) {
		case []any:
			for _, item := range v {
				texts = append(texts, sorted(item))
			}
		case map[string]any:
			for name, value := range v {
				texts = append(texts, name+":"+sorted(value))
			}
		default:
			return fmt.Sprint(v)
		}
		slices.Sort(texts)
		return fmt.Sprint(texts)
	}
	return fmt.Sprint(r.status, sorted(v))
}

// A node shows each change once it is as old as its lag, and not before.
func TestLag(t *testing.T) {
	t.Parallel()
	const lag = 5 * time.Second
	c := newCluster(t, privxsim.Options{MemberCount: true, Nodes: []privxsim.Node{{}, {Lag: lag}}})
	source := c.store.AddSource(privxsim.Source{Name: "AD", Type: privxsim.SourceTypeAD}).ID
	passing := c.store.AddUser(privxsim.User{Principal: "passing"}).ID
	c.store.GrantExplicit(c.both, passing, privxsim.Grant{})
	c.clock.advance(time.Minute)
	floating := privxsim.Grant{Type: privxsim.GrantFloating, FloatingHours: 1}
	extra := map[string]json.RawMessage{"x": json.RawMessage("1")}
	user, role := usersPath+c.user, rolesPath+"/"+c.plain
	ofUser := []string{user, user + "/roles"}
	membership := slices.Concat(ofUser, []string{role, role + "/members"})
	for _, change := range []struct {
		name  string
		make  func()
		shown []string // at least
	}{
		{"a grant", func() { c.store.GrantExplicit(c.plain, c.user, privxsim.Grant{}) }, membership},
		{"a mapping", func() { c.store.Map(c.plain, c.user) }, ofUser},
		{"fields of an entry", func() { c.store.SetEntryExtra(c.plain, c.user, extra) }, ofUser},
		{"the end of a grant", func() { c.store.RemoveExplicit(c.plain, c.user) }, ofUser},
		{"the end of a mapping", func() { c.store.Unmap(c.plain, c.user) }, membership},
		{"a floating grant", func() { c.store.GrantExplicit(c.plain, c.user, floating) }, membership},
		{"its start", func() { c.store.StartFloating(c.plain, c.user, clusterStart) }, ofUser},
		{"its end", func() { c.store.RemoveExpired(clusterStart.Add(time.Hour)) }, membership},
		{"a write", func() { c.putRoles(c.user, fmt.Sprintf(`[{"id":%q,"explicit":true}]`, c.plain)) }, slices.Concat(membership, []string{rolesPath + "/" + c.both})},
		{"a count", func() { c.store.SetMemberCount(c.plain, 7, 7) }, []string{role, rolesPath}},
		{"another name of a role", func() { c.store.UpdateRole(privxsim.Role{ID: c.plain, Name: "renamed"}) }, []string{role, rolesPath, user}},
		{"another name of a user", func() { c.store.UpdateUser(privxsim.User{ID: c.user, Principal: "renamed"}) }, []string{user, "users", role + "/members"}},
		{"a new user", func() { c.store.AddUser(privxsim.User{Principal: "new"}) }, []string{"users", rolesPath + "/" + c.store.UserRoleID() + "/members"}},
		{"a new role", func() { c.store.AddRole(privxsim.Role{Name: "new"}) }, []string{rolesPath}},
		{"a directory switched on", func() { c.store.SetSourceEnabled(source, true) }, []string{sourcePath}},
		{"the end of a directory", func() { c.store.RemoveSource(source) }, []string{sourcePath}},
		{"the end of a user", func() { c.store.RemoveUser(passing) }, []string{"users", rolesPath + "/" + c.both + "/members"}},
		{"the end of a role", func() { c.store.RemoveRole(c.plain) }, slices.Concat(ofUser, []string{rolesPath})},
		{"a turnover", func() {
			c.sim.Inject(privxsim.Fault{Kind: privxsim.FaultTurnover, Count: 1})
			c.get(rolesPath + "/" + c.both + "/members")
		}, []string{"users", rolesPath + "/" + c.both + "/members"}},
	} {
		before := c.on(1).shows()
		c.on(0)
		change.make()
		c.clock.advance(lag - 1)
		truth := c.on(0).shows()
		for _, path := range change.shown {
			if truth[path] == before[path] {
				t.Errorf("%s: it is not seen in %s: %s", change.name, path, truth[path])
			}
		}
		for path, got := range c.on(1).shows() {
			if want, ok := before[path]; ok && got != want {
				t.Errorf("%s: shown too early in %s: %s", change.name, path, got)
			}
		}
		c.clock.advance(1)
		if got := c.on(1).shows(); !reflect.DeepEqual(got, truth) {
			t.Errorf("%s: after the lag\n%v\nwant\n%v", change.name, got, truth)
		}
	}
}

// The node that takes a write shows it at once, whatever it does not know yet, and
// is not led back by what it learns later.
func TestTheNodeThatWritesSeesIt(t *testing.T) {
	t.Parallel()
	c := newCluster(t, privxsim.Options{Nodes: []privxsim.Node{{}, {Lag: 10 * time.Second}, {Lag: 10 * time.Second}}})
	roles := func() string {
		names := values(c.get(usersPath+c.user+"/roles").items(t), "name")
		slices.Sort(names)
		return strings.Join(names, " ")
	}
	put := func(ids ...string) {
		t.Helper()
		entries := []string{}
		for _, id := range ids {
			entries = append(entries, fmt.Sprintf(`{"id":%q,"explicit":true}`, id))
		}
		if res := c.putRoles(c.user, "["+strings.Join(entries, ",")+"]"); res.status != http.StatusOK {
			t.Fatalf("%d %s", res.status, res.body)
		}
	}
	want := func(node int, names string) {
		t.Helper()
		c.on(node)
		if got := roles(); got != names {
			t.Errorf("node %d shows %q, want %q", node, got, names)
		}
	}
	c.on(1)
	put(c.plain)
	want(0, "both mapped plain privx-user")
	want(1, "both mapped plain privx-user")
	want(2, "both mapped privx-user")

	c.clock.advance(time.Second)
	c.store.Unmap(c.mapped, c.user)
	fresh := c.store.AddRole(privxsim.Role{Name: "fresh"}).ID
	c.on(2)
	put(fresh)
	want(0, "both fresh privx-user")
	want(1, "both mapped plain privx-user")
	want(2, "both fresh mapped privx-user")

	c.clock.advance(9 * time.Second) // node 2 now learns of the first write
	want(1, "both mapped plain privx-user")
	want(2, "both fresh mapped privx-user")
	c.clock.advance(time.Second)
	for node := range 3 {
		want(node, "both fresh privx-user")
	}
}

// What a node learns before its time is not undone by what was before it: here that
// a user and a role have gone and come back, without their memberships.
func TestWhatHasComeBackIsNotWhatItWas(t *testing.T) {
	t.Parallel()
	c := newCluster(t, privxsim.Options{Nodes: []privxsim.Node{{}, {Lag: 10 * time.Second}}})
	passing := c.store.AddUser(privxsim.User{ID: nthID(1), Principal: "passing"})
	staying := c.store.AddUser(privxsim.User{Principal: "staying"}).ID
	role := c.store.AddRole(privxsim.Role{ID: nthID(2), Name: "passing"})
	c.store.GrantExplicit(c.plain, passing.ID, privxsim.Grant{})
	c.store.GrantExplicit(role.ID, staying, privxsim.Grant{})
	c.store.RemoveUser(passing.ID)
	c.store.RemoveRole(role.ID)
	c.store.AddUser(passing)
	c.store.AddRole(role)
	if res := c.on(1).putRoles(passing.ID, fmt.Sprintf(`[{"id":%q,"explicit":true}]`, role.ID)); res.status != http.StatusOK {
		t.Fatalf("%d %s", res.status, res.body)
	}
	if names := values(c.get(usersPath+passing.ID+"/roles").items(t), "name"); !slices.Equal(names, []string{"privx-user", "passing"}) {
		t.Errorf("at once: %q", names)
	}
	c.clock.advance(10 * time.Second)
	want := c.on(0).shows()
	if got := c.on(1).shows(); !reflect.DeepEqual(got, want) {
		t.Errorf("after the lag\n%v\nwant\n%v", got, want)
	}
}

// Whatever happens, a node shows what the truth was its lag ago.
func TestLaggingNodesShowThePast(t *testing.T) {
	t.Parallel()
	c, something := newChangingCluster(t, 0, 3*time.Second, 7*time.Second)
	history := []map[string]string{c.shows()}
	for range 25 {
		c.on(0)
		something()
		history = append(history, c.shows())
		for node, lag := range []int{0, 3, 7} {
			want := history[max(len(history)-1-lag, 0)]
			for path, got := range c.on(node).shows() {
				if past, ok := want[path]; ok && got != past { // what is new was not asked for then
					t.Fatalf("node %d, %s: %s\nwant %s", node, path, got, past)
				}
			}
		}
		c.clock.advance(time.Second)
	}
}

// Whichever nodes are asked for changes, each shows the truth once its lag is over.
func TestLaggingNodesComeToTheTruth(t *testing.T) {
	t.Parallel()
	c, something := newChangingCluster(t, 0, 3*time.Second, 7*time.Second)
	random := rand.New(rand.NewPCG(3, 4))
	for round := range 15 {
		for range 20 {
			c.on(random.IntN(3))
			something()
			c.clock.advance(time.Duration(random.IntN(2000)) * time.Millisecond)
			c.on(random.IntN(3)).get(usersPath + c.user)
		}
		c.clock.advance(7 * time.Second)
		want := c.on(0).shows()
		for node := range 3 {
			if got := c.on(node).shows(); !reflect.DeepEqual(got, want) {
				t.Fatalf("round %d, node %d\n%v\nwant\n%v", round, node, got, want)
			}
		}
	}
}

// Many clients at once, on all nodes, while the store changes and nodes restart.
func TestClusterAtOnce(t *testing.T) {
	t.Parallel()
	c, _ := newChangingCluster(t, 0, 3*time.Second, 7*time.Second)
	var clients sync.WaitGroup
	for client := range 6 {
		clients.Go(func() {
			for step := range 20 {
				c.on((client + step) % 3)
				c.putRoles(c.user, fmt.Sprintf(`[{"id":%q,"explicit":true}]`, []string{c.plain, c.both}[step%2]))
				c.get(rolesPath + "/" + c.plain + "/members")
				c.search("", "{}")
				c.store.AddUser(privxsim.User{ID: nthID(step % 4), Principal: "user"})
				c.store.Map(c.plain, c.user)
				c.sim.RestartNode(step % 3)
				c.store.RemoveUser(nthID((step + 2) % 4))
				c.clock.advance(500 * time.Millisecond)
			}
		})
	}
	clients.Wait()
	c.clock.advance(7 * time.Second)
	want := c.on(0).shows()
	for node := range 3 {
		if got := c.on(node).shows(); !reflect.DeepEqual(got, want) {
			t.Errorf("node %d\n%v\nwant\n%v", node, got, want)
		}
	}
}

// newChangingCluster starts a cluster, and returns what makes something happen in it.
func newChangingCluster(t *testing.T, lags ...time.Duration) (cluster, func()) {
	t.Helper()
	var nodes []privxsim.Node
	for _, lag := range lags {
		nodes = append(nodes, privxsim.Node{Lag: lag})
	}
	c := newCluster(t, privxsim.Options{MemberCount: true, Nodes: nodes})
	// The same users and roles come and go.
	users, roles := []string{c.user, nthID(1), nthID(2)}, []string{c.plain, c.mapped, nthID(3), nthID(4)}
	random := rand.New(rand.NewPCG(1, 2))
	return c, func() { c.something(random, pickOne(random, users), pickOne(random, roles)) }
}

func nthID(n int) string { return fmt.Sprintf("b0000000-0000-4000-8000-%012d", n) }

func pickOne(random *rand.Rand, from []string) string { return from[random.IntN(len(from))] }

// something happens to a user or a role.
func (c cluster) something(random *rand.Rand, user, role string) {
	c.t.Helper()
	users, roles := c.store.Users(), c.store.Roles()
	there := slices.ContainsFunc(users, func(u privxsim.User) bool { return u.ID == user }) &&
		slices.ContainsFunc(roles, func(r privxsim.Role) bool { return r.ID == role })
	switch n := random.IntN(12); {
	case n == 0:
		c.store.RemoveUser(user)
	case n == 1:
		c.store.RemoveRole(role)
	case n == 2 || !there:
		c.store.AddUser(privxsim.User{ID: user, Principal: fmt.Sprint("user", random.IntN(100))})
		c.store.AddRole(privxsim.Role{ID: role, Name: fmt.Sprint("role", random.IntN(100))})
	case n == 3:
		c.store.Map(role, user)
	case n == 4:
		c.store.Unmap(role, user)
	case n == 5:
		c.store.GrantExplicit(role, user, privxsim.Grant{})
	case n == 6:
		c.store.RemoveExplicit(role, user)
	default:
		if res := c.putRoles(user, fmt.Sprintf(`[{"id":%q,"explicit":true}]`, role)); res.status != http.StatusOK {
			c.t.Fatalf("%d %s", res.status, res.body)
		}
	}
}
