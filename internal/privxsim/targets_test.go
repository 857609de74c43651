package privxsim_test

import (
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/conductorone/baton-privx/internal/privxsim"
)

const (
	hostSearchPath     = hostsPath + "/search"
	secretSearchPath   = "/vault/api/v1/search/secrets"
	secretMetadataPath = "/vault/api/v1/metadata/secrets/"
	networkTargetsPath = "/network-access-manager/api/v1/nwtargets"
	apiTargetsPath     = "/api-proxy/api/v1/api-targets"
	accessGroupsPath   = "/authorizer/api/v1/accessgroups"
	awsRolesPath       = "/role-store/api/v1/awsroles"
)

// A kind of targets: its list, where one of them is shown alone, and what of a row is
// put there.
type targetKind struct {
	method, list, one, id string
	permission            string
	largest               int // page
	add                   func(s *privxsim.Store, name, created string)
	rename                func(s *privxsim.Store, id, name string)
	remove                func(s *privxsim.Store, id string)
}

// name is the field that add gives the name.
func (k targetKind) name() string {
	if strings.HasPrefix(k.list, hostsPath) {
		return "common_name"
	}
	return "name"
}

// targetKinds are those whose lists come in pages. Host is there twice: PrivX has two
// lists.
var targetKinds = map[string]targetKind{
	"hosts":       hostKind(http.MethodPost, hostSearchPath, ""),
	"other hosts": hostKind(http.MethodGet, hostsPath, "hosts-view"),
	"secrets": {
		method: http.MethodPost, list: secretSearchPath, one: secretMetadataPath, id: "name", largest: 100,
		add: func(s *privxsim.Store, name, created string) {
			s.AddSecret(privxsim.Secret{Name: name, Created: created})
		},
		rename: func(s *privxsim.Store, id, name string) { s.UpdateSecret(privxsim.Secret{Name: id, Path: name}) },
		remove: func(s *privxsim.Store, id string) { s.RemoveSecret("", id) },
	},
	"network targets": {
		method: http.MethodGet, list: networkTargetsPath, one: networkTargetsPath + "/", id: "id", permission: "network-targets-view", largest: 1000,
		add: func(s *privxsim.Store, name, created string) {
			s.AddNetworkTarget(privxsim.NetworkTarget{Name: name, Created: created})
		},
		rename: func(s *privxsim.Store, id, name string) {
			s.UpdateNetworkTarget(privxsim.NetworkTarget{ID: id, Name: name})
		},
		remove: (*privxsim.Store).RemoveNetworkTarget,
	},
	"API targets": {
		method: http.MethodGet, list: apiTargetsPath, one: apiTargetsPath + "/", id: "id", permission: "api-targets-view", largest: 1000,
		add: func(s *privxsim.Store, name, created string) {
			s.AddAPITarget(privxsim.APITarget{Name: name, Created: created})
		},
		rename: func(s *privxsim.Store, id, name string) {
			s.UpdateAPITarget(privxsim.APITarget{ID: id, Name: name, AccessGroupID: s.DefaultAccessGroup()})
		},
		remove: (*privxsim.Store).RemoveAPITarget,
	},
	"access groups": {
		method: http.MethodGet, list: accessGroupsPath, one: accessGroupsPath + "/", id: "id", permission: "access-groups-manage", largest: 100,
		add: func(s *privxsim.Store, name, created string) {
			s.AddAccessGroup(privxsim.AccessGroup{Name: name, Created: created})
		},
		rename: func(s *privxsim.Store, id, name string) {
			s.UpdateAccessGroup(privxsim.AccessGroup{ID: id, Name: name})
		},
		remove: (*privxsim.Store).RemoveAccessGroup,
	},
}

func hostKind(method, list, permission string) targetKind {
	return targetKind{
		method: method, list: list, one: hostsPath + "/", id: "id", permission: permission, largest: 1000,
		add: func(s *privxsim.Store, name, created string) {
			s.AddHost(privxsim.Host{CommonName: name, Created: created})
		},
		rename: func(s *privxsim.Store, id, name string) {
			s.UpdateHost(privxsim.Host{ID: id, CommonName: name, AccessGroupID: s.DefaultAccessGroup()})
		},
		remove: (*privxsim.Store).RemoveHost,
	}
}

// page asks for a page of a kind.
func (h *harness) page(k targetKind, query string) response {
	h.t.Helper()
	return h.do(k.method, k.list+query, "{}")
}

// filled is a store with so many of a kind, beside the access group that every store has.
func (k targetKind) filled(n int) *privxsim.Store {
	store := privxsim.NewStore()
	for _, group := range store.AccessGroups() {
		if k.list == accessGroupsPath {
			store.RemoveAccessGroup(group.ID)
		}
	}
	for i := range n {
		k.add(store, fmt.Sprintf("target%04d", i), fmt.Sprintf("2024-01-01T00:%02d:00Z", i/2))
	}
	return store
}

// eachKind runs a test of each kind.
func eachKind(t *testing.T, test func(t *testing.T, k targetKind)) {
	t.Helper()
	for name, k := range targetKinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, k)
		})
	}
}

func TestTargetsComeInPages(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, k targetKind) {
		h := newHarness(t, k.filled(103), privxsim.Options{})
		standard := 50
		if k.largest == 100 {
			standard = 100
		}
		for query, want := range map[string]int{
			"": standard, "?limit=7": 7, "?limit=2000": min(k.largest, 103), "?offset=101": 2, "?offset=103": 0,
		} {
			res := h.page(k, query)
			if got, count := len(res.items(t)), fmt.Sprint(res.object(t)["count"]); got != want || count != "103" {
				t.Errorf("%q: %d rows, want %d; count %s", query, got, want, count)
			}
		}
		ids := walk(t, func(query string) response { return h.page(k, query) }, "sortkey=created&sortdir=ASC")
		slices.Sort(ids)
		if n := len(slices.Compact(ids)); k.id == "id" && n != 103 {
			t.Errorf("%d of 103 rows in pages", n)
		}
		if names := values(h.page(k, "?sortkey=created&sortdir=DESC&limit=3").items(t), k.name()); names[0] != "target0102" {
			t.Errorf("newest first: %q", names)
		}
		for query, property := range map[string]string{
			"?sortkey=shoe_size": "sortkey", "?limit=x": "limit", "?offset=-1": "offset", "?sortkey=created&sortdir=up": "sortdir",
		} {
			h.page(k, query).wantError(t, http.StatusBadRequest, property)
		}
	})
}

func TestTargetPagesThatAreRefused(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, k targetKind) {
		h := newHarness(t, k.filled(1), privxsim.Options{RefuseLargePages: true})
		h.page(k, fmt.Sprint("?limit=", k.largest+1)).wantError(t, http.StatusBadRequest, "limit")
		if n := len(h.page(k, fmt.Sprint("?limit=", k.largest)).items(t)); n != 1 {
			t.Errorf("%d rows on a page of the largest size", n)
		}
	})
}

// A target alone is the row of the list, and one that is not there is not found.
func TestTargetAlone(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, k targetKind) {
		h := newHarness(t, k.filled(2), privxsim.Options{})
		for _, row := range h.page(k, "").items(t) {
			res := h.get(k.one + fmt.Sprint(row[k.id]))
			if !reflect.DeepEqual(res.object(t), row) {
				t.Errorf("alone %s, in the list %v", res.body, row)
			}
		}
		h.get(k.one+nthID(99)).wantError(t, http.StatusNotFound, "")
		if k.id == "id" {
			h.get(k.one+"x").wantError(t, http.StatusBadRequest, "id")
		}
	})
}

func TestTargetPermissions(t *testing.T) {
	t.Parallel()
	every := []string{
		"users-view", "roles-view", "roles-manage", "sources-view", "hosts-view", "network-targets-view",
		"api-targets-view", "role-target-resources-view", "access-groups-manage",
	}
	check := func(t *testing.T, h *harness, method, path, needed string) {
		t.Helper()
		for _, permission := range every {
			client, _ := newClient(h, permission)
			h.token = h.login(client.ID, client.Secret)
			want := http.StatusForbidden
			if needed == "" || permission == needed {
				want = http.StatusOK
			}
			if got := h.do(method, path, "{}").status; got != want {
				t.Errorf("%s %s with %s: %d, want %d", method, path, permission, got, want)
			}
		}
		h.token = ""
		h.do(method, path, "{}").wantError(t, http.StatusUnauthorized, "")
	}
	eachKind(t, func(t *testing.T, k targetKind) {
		h := newHarness(t, k.filled(1), privxsim.Options{})
		id := fmt.Sprint(h.page(k, "").items(t)[0][k.id])
		check(t, h, k.method, k.list, k.permission)
		alone := k.permission
		if k.list == hostSearchPath {
			alone = "hosts-view"
		}
		check(t, h, http.MethodGet, k.one+id, alone)
	})
	t.Run("AWS roles", func(t *testing.T) {
		t.Parallel()
		h := newHarness(t, privxsim.NewStore(), privxsim.Options{})
		id := h.store.AddAWSRole(privxsim.AWSRole{Name: "ops"}).ID
		check(t, h, http.MethodGet, awsRolesPath, "role-target-resources-view")
		check(t, h, http.MethodGet, awsRolesPath+"/"+id, "role-target-resources-view")
	})
}

// A node that lags shows targets as they were, and one that was just started shows none.
func TestTargetsAreReplicated(t *testing.T) {
	t.Parallel()
	const lag = 5 * time.Second
	eachKind(t, func(t *testing.T, k targetKind) {
		c := newCluster(t, privxsim.Options{Nodes: []privxsim.Node{{}, {Lag: lag}, {Empty: time.Minute}}})
		for _, group := range c.store.AccessGroups() {
			if k.list == accessGroupsPath {
				c.store.RemoveAccessGroup(group.ID)
			}
		}
		for i := range 2 {
			k.add(c.store, fmt.Sprint("target", i), "")
		}
		c.clock.advance(lag)
		shows := func() string { return canonical(c.page(k, "")) }
		ids := values(c.on(0).page(k, "").items(t), k.id)
		before := shows()
		k.remove(c.store, ids[0])
		k.rename(c.store, ids[1], "renamed")
		k.rename(c.store, ids[0], "does not come back")
		k.add(c.store, "another", "")
		after := shows()
		if before == after || strings.Contains(after, "does not come back") || !strings.Contains(after, "renamed") {
			t.Errorf("before %s\nafter %s", before, after)
		}
		c.clock.advance(lag - 1)
		if got := c.on(1).page(k, ""); canonical(got) != before {
			t.Errorf("just before the lag is over: %s", got.body)
		}
		if status := c.get(k.one + ids[0]).status; status != http.StatusOK {
			t.Errorf("what is gone, alone: %d", status)
		}
		c.clock.advance(1)
		if got := c.page(k, ""); canonical(got) != after {
			t.Errorf("after the lag: %s", got.body)
		}
		c.get(k.one+ids[0]).wantError(t, http.StatusNotFound, "")
		c.sim.RestartNode(2)
		if got := c.on(2).page(k, ""); len(got.items(t)) != 0 || fmt.Sprint(got.object(t)["count"]) != "0" {
			t.Errorf("a node that was just started: %s", got.body)
		}
	})
}

// Faults of lists meet those of targets as well.
func TestTargetsMeetFaults(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, k targetKind) {
		h := newHarness(t, k.filled(20), privxsim.Options{})
		once := func(kind privxsim.FaultKind) { h.sim.Inject(privxsim.Fault{Path: k.list, Kind: kind, Count: 1}) }
		once(privxsim.FaultStatus)
		h.page(k, "").wantError(t, http.StatusInternalServerError, "")
		once(privxsim.FaultPageCount)
		if count := fmt.Sprint(h.page(k, "?limit=3").object(t)["count"]); count != "3" {
			t.Errorf("the count of a page: %s", count)
		}
		before := values(h.page(k, oldestFirst).items(t), k.id)
		once(privxsim.FaultTies)
		if mixed := values(h.page(k, oldestFirst).items(t), k.id); slices.Equal(mixed, before) {
			t.Errorf("ties in the order of before: %q", mixed)
		}
		once(privxsim.FaultTurnover)
		second := values(h.page(k, "?limit=8&offset=8&sortkey=created&sortdir=ASC").items(t), k.id)
		after := values(h.page(k, oldestFirst).items(t), k.id)
		if !slices.Equal(second, before[9:17]) || len(without(before, after)) != 1 || len(without(after, before)) != 1 {
			t.Errorf("a turnover: second page %q, before %q, after %q", second, before, after)
		}
		if n := h.sim.CountRequests(k.method, k.list); n != 6 {
			t.Errorf("%d requests were recorded", n)
		}
	})
}

// segment is a text as a segment of a path.
func segment(text string) string { return url.PathEscape(text) }
