package privxsim_test

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/conductorone/baton-privx/internal/privxsim"
)

// tied is a store of users and roles that are all equally old: users are members
// of the first of the roles.
func tied(n int) (*privxsim.Store, string) {
	store := manyUsers(n)
	first := ""
	for i := range n {
		id := store.AddRole(privxsim.Role{Name: fmt.Sprintf("role%04d", i), Created: "2024-01-01T00:00:00Z"}).ID
		if i == 0 {
			first = id
		}
	}
	for _, u := range store.Users() {
		store.GrantExplicit(first, u.ID, privxsim.Grant{})
	}
	return store, first
}

// pagedLists are the three lists that come in pages, by name.
func (h *harness) pagedLists(role string) map[string]func(query string) response {
	return map[string]func(string) response{
		"users":   func(query string) response { return h.search(query, "{}") },
		"roles":   func(query string) response { return h.get(rolesPath + query) },
		"members": func(query string) response { return h.get(rolesPath + "/" + role + "/members" + query) },
	}
}

const oldestFirst = "?limit=100&sortkey=created&sortdir=ASC"

// Rows that are equal come in random order in the answer that is hit, and all of
// them do; rows that differ stay in their order.
func TestTies(t *testing.T) {
	t.Parallel()
	store, role := tied(30)
	h := newHarness(t, store, privxsim.Options{})
	for name, page := range h.pagedLists(role) {
		before := values(page(oldestFirst).items(t), "id")
		byName := values(page("?limit=100&sortkey=name").items(t), "full_name")
		h.sim.Inject(privxsim.Fault{Kind: privxsim.FaultTies, Count: 1})
		mixed := values(page(oldestFirst).items(t), "id")
		if after := values(page(oldestFirst).items(t), "id"); slices.Equal(mixed, before) || !slices.Equal(after, before) {
			t.Errorf("%s: before %q, mixed %q, after %q", name, before, mixed, after)
		}
		slices.Sort(before)
		slices.Sort(mixed)
		if !slices.Equal(mixed, before) {
			t.Errorf("%s: other rows: %q, %q", name, mixed, before)
		}
		h.sim.Inject(privxsim.Fault{Kind: privxsim.FaultTies, Count: 1})
		if got := values(page("?limit=100&sortkey=name").items(t), "full_name"); !slices.Equal(got, byName) {
			t.Errorf("%s by name: %q, before %q", name, got, byName)
		}
	}
}

// With the option each answer has an order of its own, so that pages together lack
// rows; the same seed gives the same orders.
func TestRandomTies(t *testing.T) {
	t.Parallel()
	order := func(seed int64) []string {
		store, role := tied(40)
		h := newHarness(t, store, privxsim.Options{RandomTies: true, Seed: seed})
		var all []string
		for _, name := range []string{"users", "roles", "members"} {
			ids := walk(t, h.pagedLists(role)[name], "sortkey=created&sortdir=DESC")
			all = append(all, ids...)
			slices.Sort(ids)
			if n := len(slices.Compact(ids)); n >= 40 {
				t.Errorf("%s: all of %d rows are there", name, n)
			}
		}
		return all
	}
	first := order(1)
	if again := order(1); !slices.Equal(first, again) {
		t.Errorf("the same seed: %q, %q", first, again)
	}
	if other := order(2); slices.Equal(first, other) {
		t.Errorf("another seed: %q", other)
	}
}

// A row goes and another comes, so that the page after the first lacks one though
// the list is as long as before. API clients and built-in roles stay.
func TestTurnover(t *testing.T) {
	t.Parallel()
	for _, order := range []string{"sortkey=created&sortdir=ASC", "sortkey=created&sortdir=DESC", "sortkey=name&sortdir=ASC", "sortkey=name&sortdir=DESC", ""} {
		for _, name := range []string{"users", "roles", "members"} {
			t.Run(name+" by "+order, func(t *testing.T) {
				t.Parallel()
				store, role := tied(20)
				h := newHarness(t, store, privxsim.Options{})
				page := h.pagedLists(role)[name]
				all := "?limit=100&" + order
				before := page(all)
				ids := values(before.items(t), "id")
				h.sim.Inject(privxsim.Fault{Kind: privxsim.FaultTurnover, Count: 1})
				second := page("?limit=8&offset=8&" + order)
				if got := values(second.items(t), "id"); !slices.Equal(got, ids[9:17]) {
					t.Errorf("second page %q of %q", got, ids)
				}
				if was, is := before.object(t)["count"], second.object(t)["count"]; was != is {
					t.Errorf("count %v, was %v", is, was)
				}
				after := values(page(all).items(t), "id")
				gone, come := without(ids, after), without(after, ids)
				if len(gone) != 1 || len(come) != 1 {
					t.Fatalf("%q have gone, %q have come", gone, come)
				}
				for _, id := range []string{admin.ID, store.UserRoleID(), store.AdminRoleID()} {
					if gone[0] == id {
						t.Errorf("%s is gone", id)
					}
				}
			})
		}
	}
}

// without returns what is in a list and not in another.
func without(list, other []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return slices.Contains(other, s) })
}

// Where nothing may go, nothing comes.
func TestTurnoverOfWhatStays(t *testing.T) {
	t.Parallel()
	h := newHarness(t, privxsim.NewStore(), privxsim.Options{})
	_, held := newClient(h, "users-view")
	empty := h.store.AddRole(privxsim.Role{Name: "empty"}).ID
	h.store.RemoveRole(empty)
	users, roles := h.store.Users(), h.store.Roles()
	h.sim.Inject(privxsim.Fault{Kind: privxsim.FaultTurnover})
	for _, page := range h.pagedLists(held) {
		page("")
	}
	h.get(rolesPath+"/"+empty+"/members").wantError(t, http.StatusNotFound, "")
	if !reflect.DeepEqual(h.store.Users(), users) || !reflect.DeepEqual(h.store.Roles(), roles) {
		t.Errorf("%+v\n%+v", h.store.Users(), h.store.Roles())
	}
}

func TestPageCount(t *testing.T) {
	t.Parallel()
	store, role := tied(20)
	h := newHarness(t, store, privxsim.Options{})
	for name, page := range h.pagedLists(role) {
		count := func() string { return fmt.Sprint(page("?limit=7").object(t)["count"]) }
		h.sim.Inject(privxsim.Fault{Kind: privxsim.FaultPageCount, Count: 1})
		if hit, next := count(), count(); hit != "7" || !strings.HasPrefix(next, "2") {
			t.Errorf("%s: count %s, then %s", name, hit, next)
		}
	}
}
