package privxsim_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/conductorone/baton-privx/internal/privxsim"
)

// cluster is a simulator of several nodes, of which a test chooses the one that
// answers, with a clock that it moves.
type cluster struct {
	grants

	clock clock
	node  *atomic.Int32
}

var clusterStart = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

// newCluster starts one whose nodes have come to rest.
func newCluster(t *testing.T, opts privxsim.Options) cluster {
	t.Helper()
	c := cluster{clock: newClock(clusterStart), node: &atomic.Int32{}}
	opts.Clock, opts.TokenTTL = c.clock.Now, 24*time.Hour
	opts.Route = func(privxsim.Request) int { return int(c.node.Load()) }
	c.grants = newGrants(t, opts)
	c.clock.advance(time.Hour)
	c.http.Transport = direct{c.sim}
	return c
}

// direct asks a handler without a connection, for tests that ask for much.
type direct struct{ handler http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	recorder := httptest.NewRecorder()
	d.handler.ServeHTTP(recorder, r)
	return recorder.Result(), nil
}

// on makes a node answer from now on.
func (c cluster) on(node int) cluster {
	c.node.Store(int32(node))
	return c
}

// Where time is fake, so are the ages that nodes go by.
func TestClusterWhereTimeIsFake(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newPipedHarness(t, privxsim.Options{Nodes: []privxsim.Node{{Lag: 10 * time.Second, Empty: 3 * time.Second}}})
		h.store.AddRole(privxsim.Role{Name: "new"})
		for _, step := range []struct {
			after time.Duration
			roles int
		}{{0, 0}, {3*time.Second - 1, 0}, {1, 2}, {7*time.Second - 1, 2}, {1, 3}} {
			time.Sleep(step.after)
			if got := len(h.get(rolesPath).items(t)); got != step.roles {
				t.Errorf("%d roles, want %d", got, step.roles)
			}
		}
	})
}

// A token that another node has issued is refused until the lag is over; one of its
// own is taken at once.
func TestTokenLag(t *testing.T) {
	t.Parallel()
	const lag = 300 * time.Millisecond
	c := newCluster(t, privxsim.Options{Nodes: []privxsim.Node{{}, {TokenLag: lag}, {TokenLag: lag}}})
	c.token = c.on(1).login(admin.ID, admin.Secret)
	want := func(statuses ...int) {
		t.Helper()
		for node, status := range statuses {
			if got := c.on(node).get(rolesPath).status; got != status {
				t.Errorf("node %d: %d, want %d", node, got, status)
			}
		}
	}
	want(200, 200, 401)
	c.clock.advance(lag - 1)
	want(200, 200, 401)
	c.clock.advance(1)
	want(200, 200, 200)
}

// A node goes by its own clock in what it says and in when a token ends.
func TestClockOffset(t *testing.T) {
	t.Parallel()
	c := newCluster(t, privxsim.Options{Nodes: []privxsim.Node{{}, {ClockOffset: -2 * time.Minute}, {ClockOffset: time.Minute}}})
	for node, date := range []string{"Tue, 01 Jan 2030 01:00:00 GMT", "Tue, 01 Jan 2030 00:58:00 GMT", "Tue, 01 Jan 2030 01:01:00 GMT"} {
		if got := c.on(node).get(statusPath).header.Get("Date"); got != date {
			t.Errorf("node %d: %s, want %s", node, got, date)
		}
	}
	for issuer, wants := range [][]int{{401, 200, 401}, {401, 401, 401}, {200, 200, 401}} {
		c.token = c.on(issuer).login(admin.ID, admin.Secret)
		c.clock.advance(24 * time.Hour) // which is how long it holds
		for node, want := range wants {
			if got := c.on(node).get(rolesPath).status; got != want {
				t.Errorf("issued by node %d, node %d: %d, want %d", issuer, node, got, want)
			}
		}
	}
}

// Lists that come in pages are miscounted, and have the rows that they have.
func TestCountOffset(t *testing.T) {
	t.Parallel()
	c := newCluster(t, privxsim.Options{Nodes: []privxsim.Node{{}, {CountOffset: -1}, {CountOffset: -100}, {CountOffset: 2}}})
	for name, page := range c.pagedLists(c.both) {
		var counts []string
		for node := range 4 {
			c.on(node)
			counts = append(counts, fmt.Sprint(page("").object(t)["count"]))
		}
		want := map[string]string{"users": "2 1 0 4", "roles": "5 4 0 7", "members": "1 0 0 3"}[name]
		if got := strings.Join(counts, " "); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
		if c.on(2); len(page("").items(t)) == 0 {
			t.Errorf("%s: the rows are gone", name)
		}
	}
	if got := c.on(1).get(usersPath + c.user + "/roles").object(t)["count"]; fmt.Sprint(got) != "3" {
		t.Errorf("roles of a user: %v", got)
	}
}

// For a while after its start, and after each restart, a node's lists are empty.
func TestEmptyNodes(t *testing.T) {
	t.Parallel()
	for _, notFound := range []bool{false, true} {
		c := newCluster(t, privxsim.Options{EmptyNotFound: notFound, Nodes: []privxsim.Node{{}, {Empty: 3 * time.Second}}})
		lists := []string{rolesPath, sourcePath, rolesPath + "/" + c.both + "/members", usersPath + c.user + "/roles"}
		objects := []string{usersPath + c.user, rolesPath + "/" + c.both, usersPath + "current"}
		want := func(node int, empty bool) {
			t.Helper()
			answers := []response{c.on(node).search("", "{}")}
			for _, path := range lists {
				answers = append(answers, c.get(path))
			}
			for _, res := range answers {
				if isEmpty := string(res.body) == `{"count":0,"items":[]}`; isEmpty != empty || res.status != http.StatusOK {
					t.Errorf("node %d, empty %t: %d %s", node, empty, res.status, res.body)
				}
			}
			for _, path := range objects {
				if got := c.get(path).status == http.StatusNotFound; got != (empty && notFound) {
					t.Errorf("node %d, empty %t: %s is not found: %t", node, empty, path, got)
				}
			}
		}
		want(1, false)
		c.sim.RestartNode(0)
		c.sim.RestartNode(1)
		want(0, false)
		want(1, true)
		c.clock.advance(3*time.Second - 1)
		want(1, true)
		if res := c.putRoles(c.user, "[]"); res.status != http.StatusOK || c.memberships()[c.both] != onlyImplicit {
			t.Errorf("a write: %d %s", res.status, res.body)
		}
		c.clock.advance(1)
		want(1, false)
	}
	now := newClock(clusterStart)
	h := newHarness(t, privxsim.NewStore(), privxsim.Options{Clock: now.Now, Nodes: []privxsim.Node{{Empty: time.Second}}})
	first := len(h.get(rolesPath).items(t))
	now.advance(time.Second)
	if second := len(h.get(rolesPath).items(t)); first != 0 || second != 2 {
		t.Errorf("%d roles after the start, then %d", first, second)
	}
}
