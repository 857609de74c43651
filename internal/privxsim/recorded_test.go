package privxsim_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/conductorone/baton-privx/internal/privxsim"
)

// recorded reads a recorded answer of a real PrivX.
func recorded(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// shape adds to a set what a value has where: "items[].mfa.seed: object".
func shape(into map[string]bool, at string, v any) {
	switch v := v.(type) {
	case map[string]any:
		into[at+": object"] = true
		for name, member := range v {
			shape(into, at+"."+name, member)
		}
	case []any:
		into[at+": array"] = true
		for _, item := range v {
			shape(into, at+"[]", item)
		}
	default:
		into[fmt.Sprintf("%s: %T", at, v)] = true
	}
}

func missing(t *testing.T, want, have []byte) []string {
	t.Helper()
	wanted, had := map[string]bool{}, map[string]bool{}
	shape(wanted, "", decode[any](t, want))
	shape(had, "", decode[any](t, have))
	maps.DeleteFunc(wanted, func(s string, _ bool) bool { return had[s] })
	return slices.Sorted(maps.Keys(wanted))
}

// Whatever a real PrivX showed, the seeded simulator shows too, somewhere, with
// the same type of value.
func TestSeededAnswersHaveEveryRecordedShape(t *testing.T) {
	t.Parallel()
	h := newHarness(t, privxsim.Seed(privxsim.SeedOptions{}), privxsim.Options{})
	for name, simulated := range map[string]response{
		"search_page_0.json": h.search("?limit=1000", "{}"),
		"search_empty.json":  h.search("?offset=1000", "{}"),
		"roles_page_0.json":  h.get(rolesPath + "?limit=1000"),
	} {
		if gone := missing(t, recorded(t, name), simulated.body); len(gone) > 0 {
			t.Errorf("%s has what no simulated answer has:\n%s", name, strings.Join(gone, "\n"))
		}
	}
}

func TestShapesAreCompared(t *testing.T) {
	t.Parallel()
	got := missing(t, []byte(`{"items":[{"a":1,"b":"x"},{"c":{"d":null}}]}`), []byte(`{"items":[{"a":"1","b":"x","c":{}}]}`))
	if want := []string{".items[].a: json.Number", ".items[].c.d: <nil>"}; !slices.Equal(got, want) {
		t.Errorf("missing %q, want %q", got, want)
	}
}

// A store that holds what the real PrivX held answers what it answered, but for
// the members that are unknown on purpose: nothing is added and nothing left out.
func TestRecordedObjectsComeBackUnchanged(t *testing.T) {
	t.Parallel()
	store := privxsim.NewStore()
	h := newHarness(t, store, privxsim.Options{})
	for _, raw := range decode[struct{ Items []json.RawMessage }](t, recorded(t, "search_page_0.json")).Items {
		user := store.AddUser(decode[privxsim.User](t, raw))
		items := h.search("", `{"user_id":["`+user.ID+`"]}`).items(t)
		if len(items) != 1 {
			t.Fatalf("%d items", len(items))
		}
		wantSame(t, items[0], decode[map[string]any](t, raw))
	}
	for _, raw := range decode[struct{ Items []json.RawMessage }](t, recorded(t, "roles_page_0.json")).Items {
		role := store.AddRole(decode[privxsim.Role](t, raw))
		wantSame(t, h.get(rolesPath+"/"+role.ID).object(t), decode[map[string]any](t, raw))
	}
	none := h.search("", `{"keywords":"nobody"}`)
	wantSame(t, none.object(t), decode[map[string]any](t, recorded(t, "search_empty.json")))
}

// The default order is that of the recorded pages.
func TestRecordedPagesComeBackInOrder(t *testing.T) {
	t.Parallel()
	type page struct{ Items []map[string]any }
	store := privxsim.NewStore()
	h := newHarness(t, store, privxsim.Options{})
	store.RemoveUser(admin.ID) // whose token still holds
	users := decode[page](t, recorded(t, "search_page_0.json")).Items
	for _, i := range []int{1, 0, 2} {
		store.AddUser(decode[privxsim.User](t, marshal(t, users[i])))
	}
	if got, want := values(h.search("", "{}").items(t), "id"), values(users, "id"); !slices.Equal(got, want) {
		t.Errorf("users %q, want %q", got, want)
	}
	roles := decode[page](t, recorded(t, "roles_page_0.json")).Items
	store.AddRole(decode[privxsim.Role](t, marshal(t, roles[0])))
	if got, want := values(h.get(rolesPath).items(t), "name"), values(roles, "name"); !slices.Equal(got, want) {
		t.Errorf("roles %q, want %q", got, want)
	}
}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// wantSame compares objects but for members that nobody knows.
func wantSame(t *testing.T, got, want map[string]any) {
	t.Helper()
	maps.DeleteFunc(got, func(name string, _ any) bool { return strings.HasPrefix(name, "x_future") })
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%s\nwant\n%s", marshal(t, got), marshal(t, want))
	}
}

// Every object of every answer has a member that no client knows.
func TestEveryObjectHasUnknownMembers(t *testing.T) {
	t.Parallel()
	h := newHarness(t, privxsim.Seed(privxsim.SeedOptions{}), privxsim.Options{MemberRoles: privxsim.MemberRolesAll})
	user := h.get(usersPath + admin.ID)
	objects := []map[string]any{user.object(t), h.get(statusPath).object(t), h.get(usersPath + "current").object(t)}
	for _, list := range []response{
		h.search("", "{}"), h.get(rolesPath), h.get(sourcePath), h.get(usersPath + admin.ID + "/roles"),
		h.get(rolesPath + "/" + h.store.UserRoleID() + "/members"),
	} {
		objects = append(objects, list.items(t)...)
	}
	objects = append(objects, h.send(h.tokenRequest(passwordForm(admin.ID, admin.Secret))).object(t))
	for _, o := range objects {
		if roles, ok := o["roles"].([]any); ok {
			for _, role := range roles {
				objects = append(objects, role.(map[string]any))
			}
		}
	}
	for _, o := range objects {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(o)), func(name string) bool { return strings.HasPrefix(name, "x_future") }) {
			t.Errorf("no unknown member in %s", marshal(t, o))
		}
	}
	if user.status != http.StatusOK {
		t.Errorf("status %d", user.status)
	}
}
