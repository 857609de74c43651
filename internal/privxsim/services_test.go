package privxsim_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/internal/privxsim/auth"
	"github.com/conductorone/baton-privx/internal/privxsim/core"
	"github.com/conductorone/baton-privx/internal/privxsim/rolestore"
)

// hosts is the store of a service that only this test has: names by id.
type hosts struct {
	mu     sync.Mutex
	byID   map[string]string
	copies *core.Copies[string, *hosts]
}

func newHosts(names ...string) *hosts {
	h := &hosts{byID: map[string]string{}}
	h.copies = core.NewCopies[string](h, func(h *hosts) sync.Locker { return &h.mu }, func(h *hosts) *hosts {
		return &hosts{byID: maps.Clone(h.byID)}
	})
	for i, name := range names {
		h.add(nthID(i), name)
	}
	return h
}

// add adds a host, as somebody does whom no node was asked by.
func (h *hosts) add(id, name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.put(id, name)
}

func (h *hosts) put(id, name string) {
	h.byID[id] = name
	h.copies.Changed(id, func(replica *hosts) { replica.put(id, name) })
}

// host is a row of the list.
type host struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

var hostOrder = core.Order[host]{
	Keys:    map[string]func(host) string{"name": func(h host) string { return h.Name }, "none": func(host) string { return "" }},
	ID:      func(h host) string { return h.ID },
	Default: "name",
}

func (h *hosts) list(c *core.Call) core.Answer {
	w, err := hostOrder.Window(c)
	if err != nil {
		return err.Answer()
	}
	view := h.copies.View(c)
	defer view.mu.Unlock()
	var rows []host
	for id, name := range view.byID {
		rows = append(rows, host{id, name})
	}
	return hostOrder.Page(c, w, hostOrder.Sort(rows, w.SortKey), func(dst []byte, row host) []byte {
		return append(dst, core.MustMarshal(row)...)
	})
}

func (h *hosts) create(c *core.Call) core.Answer {
	var row host
	if err := json.Unmarshal(c.Body, &row); err != nil {
		return core.BadRequest("", "body is not a host").Answer()
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.copies.Write(c, func() { h.put(row.ID, row.Name) })
	return core.Empty()
}

func (h *hosts) service() core.Service {
	return core.Service{Name: "host-store", Data: h.copies, Endpoints: []core.Endpoint{
		{Method: http.MethodGet, Path: "hosts", AnyOf: []string{"hosts-view"}, Shows: core.ShowsList, Handle: h.list},
		{Method: http.MethodPost, Path: "hosts", AnyOf: []string{"hosts-manage"}, Writes: true, Handle: h.create},
	}}
}

const hostsPath = "/host-store/api/v1/hosts"

// hostHarness is a simulator with the service of hosts beside the others.
type hostHarness struct {
	*harness

	hosts *hosts
	clock clock
	node  *atomic.Int32 // that answers
}

func newHostHarness(t *testing.T, nodes ...privxsim.Node) hostHarness {
	t.Helper()
	store := privxsim.NewStore()
	addAdmin(store)
	h := hostHarness{hosts: newHosts("delta", "alpha", "charlie", "bravo"), clock: newClock(clusterStart), node: &atomic.Int32{}}
	sim := core.New(
		core.Options{Clock: h.clock.Now, Nodes: nodes, Route: func(core.Request) int { return int(h.node.Load()) }},
		auth.Service(store, auth.Options{TokenTTL: time.Hour}), rolestore.Service(store.Store, rolestore.Options{}), h.hosts.service(),
	)
	h.harness = newHarnessOf(t, store, sim, "")
	return h
}

// names are those of the hosts on a page.
func (h hostHarness) names(query string) string {
	h.t.Helper()
	return strings.Join(values(h.get(hostsPath+query).items(h.t), "name"), " ")
}

// A service that is added brings its endpoints and its store, and the tokens that
// auth issues, with the permissions that the role store knows, open it.
func TestAnotherServiceAsksForTokensAndPermissions(t *testing.T) {
	t.Parallel()
	h := newHostHarness(t)
	for permission, want := range map[string][]int{ // of the list, and of a write
		"roles-view": {403, 403}, "hosts-view": {200, 403}, "hosts-manage": {403, 200},
	} {
		client, _ := newClient(h.harness, permission)
		h.token = h.login(client.ID, client.Secret)
		got := []int{h.get(hostsPath).status, h.do(http.MethodPost, hostsPath, `{"id":"x","name":"x"}`).status}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", permission, got, want)
		}
	}
	h.token = ""
	h.get(hostsPath).wantError(t, http.StatusUnauthorized, "")
	if res := h.get("/host-store/api/v1/status"); res.status != http.StatusOK || res.object(t)["status"] != "RUNNING" {
		t.Errorf("its status: %d %s", res.status, res.body)
	}
	h.token = h.login(admin.ID, admin.Secret)
	h.do(http.MethodPut, hostsPath, "").wantError(t, http.StatusMethodNotAllowed, "")
	h.sim.SetReadOnly(true)
	h.do(http.MethodPost, hostsPath, "{}").wantError(t, http.StatusServiceUnavailable, "")
	if n := h.sim.CountRequests(http.MethodPost, hostsPath); n != 4 {
		t.Errorf("%d writes were recorded", n)
	}
}

func TestAnotherServiceComesInPages(t *testing.T) {
	t.Parallel()
	h := newHostHarness(t)
	for query, want := range map[string]string{
		"":                   "alpha bravo charlie delta",
		"?limit=3":           "alpha bravo charlie",
		"?limit=3&offset=3":  "delta",
		"?offset=4":          "",
		"?sortdir=DESC":      "delta charlie bravo alpha",
		"?sortkey=none":      "delta alpha charlie bravo", // by id
		"?limit=1&offset=01": "bravo",
	} {
		if got := h.names(query); got != want {
			t.Errorf("%q: %q, want %q", query, got, want)
		}
	}
	if count := fmt.Sprint(h.get(hostsPath + "?limit=1").object(t)["count"]); count != "4" {
		t.Errorf("count %s", count)
	}
	h.get(hostsPath+"?sortkey=id").wantError(t, http.StatusBadRequest, "sortkey")
	h.get(hostsPath+"?limit=-1").wantError(t, http.StatusBadRequest, "limit")
}

func TestAnotherServiceMeetsFaults(t *testing.T) {
	t.Parallel()
	h := newHostHarness(t)
	once := func(f privxsim.Fault) {
		f.Path, f.Count = hostsPath, 1
		h.sim.Inject(f)
	}
	once(privxsim.Fault{Status: http.StatusServiceUnavailable})
	h.get(hostsPath).wantError(t, http.StatusServiceUnavailable, "")
	once(privxsim.Fault{Kind: privxsim.FaultRepeatPage})
	if got := h.names("?limit=2&offset=2"); got != "alpha bravo" {
		t.Errorf("the first page again: %q", got)
	}
	once(privxsim.Fault{Kind: privxsim.FaultPageCount})
	if count := fmt.Sprint(h.get(hostsPath + "?limit=3").object(t)["count"]); count != "3" {
		t.Errorf("the count of a page: %s", count)
	}
	byID := h.names("?sortkey=none")
	orders := map[string]bool{byID: true}
	for range 20 {
		once(privxsim.Fault{Kind: privxsim.FaultTies})
		orders[h.names("?sortkey=none")] = true
	}
	if len(orders) < 2 || h.names("?sortkey=none") != byID {
		t.Errorf("ties come in the orders %v", orders)
	}
	once(privxsim.Fault{Kind: privxsim.FaultStatusAfter})
	h.do(http.MethodPost, hostsPath, `{"id":"x","name":"echo"}`).wantError(t, http.StatusInternalServerError, "")
	if got := h.names(""); got != "alpha bravo charlie delta echo" {
		t.Errorf("after a write that was said to have failed: %q", got)
	}
}

// Each node shows what it knows of the service's store: a node that lags shows the
// past, but for the writes that it was asked for itself.
func TestAnotherServiceIsReplicated(t *testing.T) {
	t.Parallel()
	const lag = 5 * time.Second
	h := newHostHarness(t, privxsim.Node{}, privxsim.Node{Lag: lag, CountOffset: 2}, privxsim.Node{Empty: time.Minute})
	want := func(when string, wants ...string) {
		t.Helper()
		for node, want := range wants {
			h.node.Store(int32(node))
			if got := h.names(""); got != want {
				t.Errorf("%s, node %d: %q, want %q", when, node, got, want)
			}
		}
	}
	const before, one, both = "alpha bravo charlie delta", "alpha bravo charlie delta foxtrot", "alpha bravo charlie delta echo foxtrot"
	want("at first", before, before, "")
	h.hosts.add(nthID(10), "echo")
	h.node.Store(1)
	if res := h.do(http.MethodPost, hostsPath, fmt.Sprintf(`{"id":%q,"name":"foxtrot"}`, nthID(11))); res.status != http.StatusOK {
		t.Errorf("%d %s", res.status, res.body)
	}
	want("after a change and a write", both, one, "")
	if count := fmt.Sprint(h.get(hostsPath).object(t)["count"]); count != "0" {
		t.Errorf("an empty node counts %s", count)
	}
	h.clock.advance(lag - 1)
	want("just before the lag is over", both, one, "")
	h.clock.advance(1)
	want("after the lag", both, both, "")
	h.clock.advance(time.Minute)
	want("after a minute", both, both, both)
	h.node.Store(1)
	if count := fmt.Sprint(h.get(hostsPath).object(t)["count"]); count != "8" {
		t.Errorf("a node that miscounts by 2 counts %s", count)
	}
}
