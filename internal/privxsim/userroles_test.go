package privxsim_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/conductorone/baton-privx/internal/privxsim"
)

// grants is a store with a user, three roles of which "mapped" is the user's by
// a rule and "both" also by a grant, and the ids of all.
type grants struct {
	*harness

	user, plain, mapped, both string
}

func newGrants(t *testing.T, opts privxsim.Options) grants {
	t.Helper()
	h := newHarness(t, privxsim.NewStore(), opts)
	g := grants{harness: h, user: h.store.AddUser(privxsim.User{Principal: "user"}).ID}
	g.plain = h.store.AddRole(privxsim.Role{Name: "plain"}).ID
	g.mapped = h.store.AddRole(privxsim.Role{Name: "mapped"}).ID
	g.both = h.store.AddRole(privxsim.Role{Name: "both"}).ID
	h.store.Map(g.mapped, g.user)
	h.store.Map(g.both, g.user)
	h.store.GrantExplicit(g.both, g.user, privxsim.Grant{})
	return g
}

// roles returns what the API shows of the user's roles, by role id.
func (g grants) roles() map[string]map[string]any {
	g.t.Helper()
	roles := map[string]map[string]any{}
	for _, r := range g.get(usersPath + g.user + "/roles").items(g.t) {
		roles[fmt.Sprint(r["id"])] = r
	}
	return roles
}

// memberships returns the user's memberships in short: which part is there.
func (g grants) memberships() map[string]string {
	parts := map[string]string{}
	for _, m := range g.store.Memberships() {
		if m.UserID == g.user && m.RoleID != g.store.UserRoleID() {
			parts[m.RoleID] = fmt.Sprintf("explicit=%t implicit=%t", m.Explicit, m.Implicit)
		}
	}
	return parts
}

const (
	onlyExplicit = "explicit=true implicit=false"
	onlyImplicit = "explicit=false implicit=true"
	bothParts    = "explicit=true implicit=true"
)

func TestUserRolesAreShown(t *testing.T) {
	t.Parallel()
	g := newGrants(t, privxsim.Options{})
	roles := g.roles()
	for id, want := range map[string]string{ // explicit, implicit, grant_type
		g.mapped:              "<nil> true <nil>",
		g.both:                "true true PERMANENT",
		g.store.UserRoleID():  "<nil> true <nil>",
		g.store.AdminRoleID(): "<nil> <nil> <nil>", // not there at all
		g.plain:               "<nil> <nil> <nil>",
	} {
		if got := fmt.Sprintf("%v %v %v", roles[id]["explicit"], roles[id]["implicit"], roles[id]["grant_type"]); got != want {
			t.Errorf("%v: %s, want %s", roles[id]["name"], got, want)
		}
	}
	user := g.get(usersPath + g.user).object(t)
	if shown, _ := user["roles"].([]any); len(shown) != len(roles) || user["permissions"] != nil {
		t.Errorf("user: %v", user)
	}
	if rules := fmt.Sprint(roles[g.both]["source_rules"]); rules != "map[rules:<nil>]" {
		t.Errorf("source_rules: %s", rules)
	}
}

func TestFloatingGrantsStartAndOthersEnd(t *testing.T) {
	t.Parallel()
	now := time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)
	g := newGrants(t, privxsim.Options{})
	g.store.GrantExplicit(g.plain, g.user, privxsim.Grant{Type: privxsim.GrantFloating, FloatingHours: 24})
	g.store.SetEntryExtra(g.plain, g.user, map[string]json.RawMessage{"ticket": json.RawMessage("1")})
	g.store.StartFloating(g.plain, g.user, now)
	g.store.StartFloating(g.both, g.user, now) // is none
	role := g.roles()[g.plain]
	want := `[{"grant_end":"2030-01-02T12:00:00Z","grant_start":"2030-01-01T12:00:00Z"}]`
	if got := string(marshal(t, role["grant_validity_periods"])); got != want || role["grant_type"] != "TIME_RESTRICTED" || role["ticket"] == nil || role["floating_length"] != nil {
		t.Errorf("%v", role)
	}
	g.store.RemoveExpired(now.Add(24*time.Hour - 1))
	if parts := g.memberships(); parts[g.plain] != onlyExplicit {
		t.Errorf("before the end: %v", parts)
	}
	g.store.RemoveExpired(now.Add(24 * time.Hour))
	if parts := g.memberships(); parts[g.plain] != "" || parts[g.both] != bothParts {
		t.Errorf("after the end: %v", parts)
	}
}

func TestForeignersAreNotFound(t *testing.T) {
	t.Parallel()
	const unknown = "5d9c6f2e-0000-4c0b-9e37-2f1b7a6c4d10"
	g := newGrants(t, privxsim.Options{})
	for _, path := range []string{usersPath + unknown, usersPath + unknown + "/roles", rolesPath + "/" + unknown, rolesPath + "/" + unknown + "/members"} {
		res := g.get(path)
		res.wantError(t, http.StatusNotFound, "")
		if code := res.object(t)["error_code"]; code != "OBJECT_NOT_FOUND" {
			t.Errorf("%s: %v", path, code)
		}
	}
	g.putRoles(unknown, "[]").wantError(t, http.StatusNotFound, "")
	for _, path := range []string{usersPath + "1", usersPath + "a%2Fb/roles", rolesPath + "/..%2f../members", rolesPath + "/" + unknown + "0"} {
		g.get(path).wantError(t, http.StatusBadRequest, "id")
	}
	g.store.RemoveUser(g.user)
	g.get(usersPath+g.user+"/roles").wantError(t, http.StatusNotFound, "")
	for _, m := range g.store.Memberships() {
		if m.UserID == g.user {
			t.Errorf("membership of a user that is gone: %+v", m)
		}
	}
}

// A role that is removed takes its memberships along.
func TestRemovedRolesAreGone(t *testing.T) {
	t.Parallel()
	g := newGrants(t, privxsim.Options{})
	g.store.RemoveRole(g.both)
	g.store.RemoveRole(g.both)
	g.store.RemoveExplicit(g.both, g.user)
	g.store.Unmap(g.both, g.user)
	if parts := g.memberships(); !reflect.DeepEqual(parts, map[string]string{g.mapped: onlyImplicit}) {
		t.Errorf("%v", parts)
	}
	g.store.Unmap(g.mapped, g.user)
	if parts := g.memberships(); len(parts) != 0 {
		t.Errorf("%v", parts)
	}
	defer func() {
		if recover() == nil {
			t.Error("a grant of a role that is gone does not panic")
		}
	}()
	g.store.GrantExplicit(g.both, g.user, privxsim.Grant{})
}

// A role that is granted and mapped, in two parts, which can be sent back.
func TestSplitMemberships(t *testing.T) {
	t.Parallel()
	g := newGrants(t, privxsim.Options{SplitMemberships: true})
	path := usersPath + g.user + "/roles"
	before := g.get(path)
	var parts []string
	for _, role := range before.items(t) {
		if role["id"] == g.both {
			parts = append(parts, fmt.Sprintf("%v %v %v", role["explicit"], role["implicit"], role["grant_type"]))
		}
	}
	if want := []string{"true <nil> PERMANENT", "<nil> true <nil>"}; !slices.Equal(parts, want) {
		t.Errorf("%q, want %q", parts, want)
	}
	items := decode[struct{ Items json.RawMessage }](t, before.body).Items
	if res := g.putRoles(g.user, string(items)); res.status != http.StatusOK {
		t.Errorf("%d %s", res.status, res.body)
	}
	if after := g.get(path); string(after.body) != string(before.body) {
		t.Errorf("before\n%s\nafter\n%s", before.body, after.body)
	}
}

// privx-user can be left out of a user's roles, so that they can be none; not where
// it was granted, and not from the lists of roles and members.
func TestUserRoleCanBeHidden(t *testing.T) {
	t.Parallel()
	for _, hidden := range []bool{false, true} {
		g := newGrants(t, privxsim.Options{HideUserRole: hidden, MemberRoles: privxsim.MemberRolesAll})
		nobody := g.store.AddUser(privxsim.User{Principal: "nobody"}).ID
		everyone := rolesPath + "/" + g.store.UserRoleID()
		want := func(n int) {
			t.Helper()
			list := g.get(usersPath + nobody + "/roles")
			roles, _ := g.get(usersPath + nobody).object(t)["roles"].([]any)
			if count := list.object(t)["count"]; len(list.items(t)) != n || fmt.Sprint(count) != fmt.Sprint(n) || len(roles) != n {
				t.Errorf("hidden %t: %d roles, count %v, %d with the user", hidden, len(list.items(t)), count, len(roles))
			}
		}
		shown := 1
		if hidden {
			shown = 0
		}
		want(shown)
		g.store.GrantExplicit(g.store.UserRoleID(), nobody, privxsim.Grant{})
		want(1)
		if n := len(g.get(everyone + "/members").items(t)); n != 3 || g.get(everyone).status != http.StatusOK {
			t.Errorf("%d members of privx-user", n)
		}
	}
}

// What a single user carries can be null in place of the roles.
func TestUserWithoutRoles(t *testing.T) {
	t.Parallel()
	g := newGrants(t, privxsim.Options{UserRolesNull: true})
	for _, path := range []string{usersPath + g.user, usersPath + "current"} {
		user := g.get(path).object(t)
		if roles, there := user["roles"]; !there || roles != nil || (user["permissions"] == nil) != (path == usersPath+g.user) {
			t.Errorf("%v", user)
		}
	}
	if n := len(g.roles()); n != 3 {
		t.Errorf("%d roles in the user's own list", n)
	}
}
