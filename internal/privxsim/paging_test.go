package privxsim_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/conductorone/baton-privx/internal/privxsim"
)

func manyUsers(n int) *privxsim.Store {
	store := privxsim.NewStore()
	for i := range n {
		store.AddUser(privxsim.User{Principal: fmt.Sprintf("user%04d", i), Created: "2024-01-01T00:00:00Z"})
	}
	return store
}

func TestPageSizes(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]int{
		"":                 50, // the default
		"?limit=0":         50,
		"?limit=7":         7,
		"?limit=100":       80, // the cap
		"?offset=118":      3,  // the end: the API client is the 121st
		"?offset=121":      0,
		"?offset=99999999": 0,
	} {
		t.Run(query, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, manyUsers(120), privxsim.Options{MaxPageSize: 80})
			res := h.search(query, "{}")
			if got := len(res.items(t)); got != want {
				t.Errorf("%d items, want %d", got, want)
			}
			if count := fmt.Sprint(res.object(t)["count"]); count != "121" {
				t.Errorf("count %s", count)
			}
		})
	}
}

func TestPagesThatAreRefused(t *testing.T) {
	t.Parallel()
	h := newHarness(t, manyUsers(1), privxsim.Options{MaxPageSize: 80, RefuseLargePages: true})
	for query, property := range map[string]string{
		"?limit=81":                        "limit",
		"?limit=-1":                        "limit",
		"?limit=x":                         "limit",
		"?offset=-1":                       "offset",
		"?offset=1.5":                      "offset",
		"?sortkey=shoe_size":               "sortkey",
		"?sortkey=created&sortdir=up":      "sortdir",
		"?sortkey=created&sortdir=asc":     "sortdir",
		"?limit=99999999999999999999":      "limit",
		"?sortkey=full_name%20&sortdir=UP": "sortkey",
	} {
		h.search(query, "{}").wantError(t, http.StatusBadRequest, property)
		h.get(rolesPath+query).wantError(t, http.StatusBadRequest, property)
		h.get(rolesPath+"/"+h.store.UserRoleID()+"/members"+query).wantError(t, http.StatusBadRequest, property)
	}
	if n := len(h.search("?limit=80", "{}").items(t)); n != 2 {
		t.Errorf("%d items on a page of the largest size", n)
	}
}

func TestCounts(t *testing.T) {
	t.Parallel()
	for mode, want := range map[privxsim.CountMode]string{
		privxsim.CountHonest: "61", privxsim.CountOmitted: "<nil>", privxsim.CountZero: "0",
		privxsim.CountPageLength: "50", privxsim.CountTooLarge: "1061",
	} {
		h := newHarness(t, manyUsers(60), privxsim.Options{Count: mode})
		res := h.search("", "{}")
		if got := fmt.Sprint(res.object(t)["count"]); got != want || len(res.items(t)) != 50 {
			t.Errorf("mode %d: count %s of %d items, want %s", mode, got, len(res.items(t)), want)
		}
	}
}

func TestOrders(t *testing.T) {
	t.Parallel()
	store := privxsim.NewStore()
	for _, u := range []privxsim.User{ // with other fractions of the same second
		{Principal: "b", FullName: "N", Email: "2@x", Created: "2024-01-01T00:00:01Z", Updated: "2024-01-02T00:00:00Z"},
		{Principal: "a", FullName: "O", Email: "1@x", Created: "2024-01-01T00:00:01.5Z", Updated: "2024-01-03T00:00:00Z"},
		{Principal: "c", FullName: "M", Email: "3@x", Created: "2024-01-01T00:00:01.123456789Z", Updated: "2024-01-01T00:00:00Z"},
	} {
		store.AddUser(u)
	}
	h := newHarness(t, store, privxsim.Options{})
	store.RemoveUser(admin.ID)
	for query, want := range map[string][]string{
		"?sortkey=principal":              {"a", "b", "c"},
		"?sortkey=principal&sortdir=DESC": {"c", "b", "a"},
		"?sortkey=email&sortdir=ASC":      {"a", "b", "c"},
		"?sortkey=full_name":              {"c", "b", "a"},
		"?sortkey=name":                   {"c", "b", "a"},
		"?sortkey=created":                {"b", "c", "a"},
		"?sortkey=updated&sortdir=DESC":   {"a", "b", "c"},
		"":                                {"a", "c", "b"}, // newest first
	} {
		for _, res := range []response{h.search(query, "{}"), h.get(rolesPath + "/" + store.UserRoleID() + "/members" + query)} {
			if got := values(res.items(t), "principal"); !slices.Equal(got, want) {
				t.Errorf("%s: %q, want %q", query, got, want)
			}
		}
	}
	if got := values(h.get(rolesPath+"?sortkey=name&sortdir=DESC").items(t), "name"); !slices.Equal(got, []string{"privx-user", "privx-admin"}) {
		t.Errorf("roles: %q", got)
	}
}

// walk reads all pages and returns the ids in order.
func walk(t *testing.T, page func(query string) response, order string) []string {
	t.Helper()
	var ids []string
	for {
		items := page(fmt.Sprintf("?limit=7&offset=%d&%s", len(ids), order)).items(t)
		if len(items) == 0 {
			return ids
		}
		ids = append(ids, values(items, "id")...)
	}
}

// All users are equally old, so that only a stable order finds each once.
func TestPagesTogetherShowEachOnce(t *testing.T) {
	t.Parallel()
	h := newHarness(t, manyUsers(40), privxsim.Options{})
	role := h.store.AddRole(privxsim.Role{Name: "r"})
	var want []string
	for _, u := range h.store.Users() {
		want = append(want, u.ID)
		h.store.Map(role.ID, u.ID)
	}
	for _, order := range []string{"sortkey=created", "sortkey=created&sortdir=DESC", "sortkey=source", ""} {
		for name, page := range map[string]func(string) response{
			"users":   func(q string) response { return h.search(q, "{}") },
			"members": func(q string) response { return h.get(rolesPath + "/" + role.ID + "/members" + q) },
		} {
			got := walk(t, page, order)
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("%s by %q: %d ids, want %d", name, order, len(got), len(want))
			}
		}
	}
}

// What changes between two pages moves the rows of the second.
func TestLiveDataShifts(t *testing.T) {
	t.Parallel()
	h := newHarness(t, manyUsers(20), privxsim.Options{})
	byPrincipal := func(offset int) []string {
		return values(h.search(fmt.Sprintf("?sortkey=principal&limit=5&offset=%d", offset), "{}").items(t), "principal")
	}
	first := byPrincipal(1)
	h.store.AddUser(privxsim.User{Principal: "00"})
	if got, want := byPrincipal(6)[0], first[4]; got != want {
		t.Errorf("after an addition the second page begins with %s, want %s again", got, want)
	}
	renamed := h.store.AddUser(privxsim.User{Principal: "01"})
	renamed.Principal = "zz"
	h.store.UpdateUser(renamed)
	if got := h.search("?sortkey=principal&sortdir=DESC&limit=1", "{}").items(t)[0]["principal"]; got != "zz" {
		t.Errorf("after a change of name %v is last", got)
	}
	h.store.RemoveUser(renamed.ID)
	h.store.UpdateUser(renamed) // is gone, and stays so
	if n := len(h.search("?limit=100", "{}").items(t)); n != 22 {
		t.Errorf("%d users", n)
	}
}

// A list that was shown before shows the next change all the same.
func TestMemberListsFollowChanges(t *testing.T) {
	t.Parallel()
	h := newHarness(t, privxsim.NewStore(), privxsim.Options{})
	role := h.store.AddRole(privxsim.Role{Name: "role"}).ID
	a, b := h.store.AddUser(privxsim.User{Principal: "a"}), h.store.AddUser(privxsim.User{Principal: "b"})
	want := func(after string, principals ...string) {
		t.Helper()
		if got := values(h.get(rolesPath+"/"+role+"/members?sortkey=principal").items(t), "principal"); !slices.Equal(got, principals) {
			t.Errorf("after %s: %q, want %q", after, got, principals)
		}
	}
	want("nothing")
	h.store.Map(role, a.ID)
	want("a mapping", "a")
	h.putRoles(b.ID, `[{"id":"`+role+`","explicit":true}]`)
	want("a grant", "a", "b")
	a.Principal = "c"
	h.store.UpdateUser(a)
	want("a change of name", "b", "c")
	h.putRoles(b.ID, `[]`)
	want("a revocation", "c")
	h.store.GrantExplicit(role, b.ID, privxsim.Grant{})
	h.store.RemoveUser(b.ID)
	want("the removal of a user", "c")
	h.store.Unmap(role, a.ID)
	want("the end of a mapping")
}

// Users that are equal by the sort key keep their order when others come and go.
func TestTiesAreBrokenTheSameWayEachTime(t *testing.T) {
	t.Parallel()
	h := newHarness(t, manyUsers(30), privxsim.Options{})
	order := func() []string {
		return values(h.search("?sortkey=created&sortdir=DESC", "{}").items(t), "id")
	}
	before := order()
	passing := h.store.AddUser(privxsim.User{Principal: "passing", Created: "2020-01-01T00:00:00Z"})
	h.store.RemoveUser(passing.ID)
	if after := order(); !slices.Equal(before, after) {
		t.Errorf("%q, before %q", after, before)
	}
}

func TestRoleListsFollowChanges(t *testing.T) {
	t.Parallel()
	h := newHarness(t, privxsim.NewStore(), privxsim.Options{})
	want := func(names ...string) {
		t.Helper()
		if got := values(h.get(rolesPath).items(t), "name"); !slices.Equal(got, names) {
			t.Errorf("%q, want %q", got, names)
		}
	}
	want("privx-admin", "privx-user")
	role := h.store.AddRole(privxsim.Role{Name: "a"})
	want("a", "privx-admin", "privx-user")
	role.Name = "z"
	h.store.UpdateRole(role)
	want("privx-admin", "privx-user", "z")
	h.store.RemoveRole(role.ID)
	want("privx-admin", "privx-user")
}
