package privxsim_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/conductorone/baton-privx/internal/privxsim"
)

// nodesOf are the nodes that have answered.
func (h *harness) nodesOf(n int, ask func()) []int {
	h.sim.ResetRequests()
	var nodes []int
	for range n {
		ask()
	}
	for _, r := range h.sim.Requests() {
		nodes = append(nodes, r.Node)
	}
	return nodes
}

// Without a cookie any node answers, by chance and so for each seed in another order.
func TestNodesByChance(t *testing.T) {
	t.Parallel()
	answered := func(seed int64) []int {
		h := newHarness(t, privxsim.NewStore(), privxsim.Options{Seed: seed, Nodes: make([]privxsim.Node, 3)})
		return h.nodesOf(40, func() { h.get(rolesPath) })
	}
	first := answered(1)
	if again := answered(1); !slices.Equal(first, again) {
		t.Errorf("the same seed: %v, %v", first, again)
	}
	if other := answered(2); slices.Equal(first, other) {
		t.Errorf("another seed: %v", other)
	}
	if nodes := slices.Compact(slices.Sorted(slices.Values(first))); !slices.Equal(nodes, []int{0, 1, 2}) {
		t.Errorf("%v", nodes)
	}
}

// With the cookie, a client stays where its first answer came from; one with a cookie
// that no node has gets another.
func TestAffinity(t *testing.T) {
	t.Parallel()
	h := newHarness(t, privxsim.NewStore(), privxsim.Options{AffinityCookie: true, Nodes: make([]privxsim.Node, 3)})
	homes := map[int]bool{}
	for range 20 {
		cookie := ""
		nodes := h.nodesOf(5, func() {
			r := h.request(t.Context(), http.MethodGet, rolesPath, "")
			r.Header.Set("Cookie", cookie)
			cookie, _, _ = strings.Cut(h.send(r).header.Get("Set-Cookie"), ";")
		})
		if len(slices.Compact(nodes)) != 1 {
			t.Errorf("a client went from node to node: %v", nodes)
		}
		homes[nodes[0]] = true
	}
	if len(homes) != 3 {
		t.Errorf("all clients are on nodes %v", homes)
	}
	for _, value := range []string{"x", "x.", "x.3", "x.-1"} {
		r := h.request(t.Context(), http.MethodGet, rolesPath, "")
		r.Header.Set("Cookie", "privx-lb-node="+value)
		if res := h.send(r); res.status != http.StatusOK || strings.Contains(res.header.Get("Set-Cookie"), "="+value+";") {
			t.Errorf("%s: %d %s", value, res.status, res.header.Get("Set-Cookie"))
		}
	}
}

// A test chooses the node by the request.
func TestRoute(t *testing.T) {
	t.Parallel()
	h := newHarness(t, privxsim.NewStore(), privxsim.Options{Nodes: make([]privxsim.Node, 2), Route: func(r privxsim.Request) int {
		if r.Method == http.MethodPut {
			return 1
		}
		return 0
	}})
	var told []int
	h.sim.OnRequest(func(r privxsim.Request) { told = append(told, r.Node) })
	nodes := h.nodesOf(2, func() { h.get(rolesPath); h.putRoles(admin.ID, "[]") })
	if want := []int{0, 1, 0, 1}; !slices.Equal(nodes, want) || !slices.Equal(told, want) {
		t.Errorf("%v, %v", nodes, told)
	}
}
