package privxsim_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
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

func TestPutReplacesTheExplicitSet(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body func(g grants) string
		want func(g grants) map[string]string
	}{
		"nothing": {
			func(grants) string { return `[]` },
			func(g grants) map[string]string {
				return map[string]string{g.mapped: onlyImplicit, g.both: onlyImplicit}
			},
		},
		"one more, the rest as it was": {
			func(g grants) string {
				return fmt.Sprintf(`[{"id":%q,"explicit":true,"grant_type":"PERMANENT"},{"id":%q,"explicit":true,"implicit":true},{"id":%q,"implicit":true}]`, g.plain, g.both, g.mapped)
			},
			func(g grants) map[string]string {
				return map[string]string{g.plain: onlyExplicit, g.mapped: onlyImplicit, g.both: bothParts}
			},
		},
		"a mapped one made explicit": {
			func(g grants) string { return fmt.Sprintf(`[{"id":%q,"explicit":true,"implicit":true}]`, g.mapped) },
			func(g grants) map[string]string {
				return map[string]string{g.mapped: bothParts, g.both: onlyImplicit}
			},
		},
		"implicit entries do nothing": {
			func(g grants) string {
				return fmt.Sprintf(`[{"id":%q,"explicit":false,"implicit":true},{"id":"5d9c6f2e-0000-4c0b-9e37-2f1b7a6c4d10","implicit":true}]`, g.plain)
			},
			func(g grants) map[string]string {
				return map[string]string{g.mapped: onlyImplicit, g.both: onlyImplicit}
			},
		},
		"as an old client sends it": {
			func(g grants) string {
				return fmt.Sprintf(`[{"id":%q,"name":"","grant_type":"","comment":"","access_group_id":"","grant_start":"","grant_end":"","permissions":null,`+
					`"principal_public_key_strings":null,"member_count":0,"floating_length":0,"explicit":true,"implicit":false,"system":false,`+
					`"permit_agent":false,"context":null,"source_rules":{"type":"","match":"","rules":null}}]`, g.plain)
			},
			func(g grants) map[string]string {
				return map[string]string{g.plain: onlyExplicit, g.mapped: onlyImplicit, g.both: onlyImplicit}
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGrants(t, privxsim.Options{})
			if res := g.putRoles(g.user, c.body(g)); res.status != http.StatusOK || len(res.body) != 0 {
				t.Fatalf("%d %s", res.status, res.body)
			}
			if got, want := g.memberships(), c.want(g); !reflect.DeepEqual(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
			for id, role := range g.roles() {
				if name := role["name"]; name == "" || role["context"] == nil {
					t.Errorf("role %s lost what describes it: %v", id, role)
				}
			}
		})
	}
}

func TestPrivxUserCanBeGrantedButNotTakenAway(t *testing.T) {
	t.Parallel()
	g := newGrants(t, privxsim.Options{})
	everyone := g.store.UserRoleID()
	for body, want := range map[string]string{
		fmt.Sprintf(`[{"id":%q,"explicit":true}]`, everyone): "true true",
		`[]`: "<nil> true",
	} {
		g.putRoles(g.user, body)
		role := g.roles()[everyone]
		if got := fmt.Sprintf("%v %v", role["explicit"], role["implicit"]); got != want {
			t.Errorf("after %s: %s, want %s", body, got, want)
		}
	}
}

func TestPutThatIsRefused(t *testing.T) {
	t.Parallel()
	const period = `{"grant_start":"2030-01-01T00:00:00Z","grant_end":"2029-01-01T00:00:00Z"}`
	for name, c := range map[string]struct{ body, property string }{
		"null":                  {`null`, ""},
		"nothing":               {``, ""},
		"object":                {`{"items":[]}`, ""},
		"list of ids":           {`["ROLE"]`, ""},
		"two lists":             {`[][]`, ""},
		"null entry":            {`[null]`, "id"},
		"no id":                 {`[{"explicit":true}]`, "id"},
		"number as id":          {`[{"id":7,"explicit":true}]`, ""},
		"unknown role":          {`[{"id":"5d9c6f2e-0000-4c0b-9e37-2f1b7a6c4d10","explicit":true}]`, "id"},
		"twice":                 {`[{"id":"ROLE","explicit":true},{"id":"ROLE","explicit":true}]`, "id"},
		"unknown grant type":    {`[{"id":"ROLE","explicit":true,"grant_type":"SOMETIMES"}]`, "grant_type"},
		"no period":             {`[{"id":"ROLE","explicit":true,"grant_type":"TIME_RESTRICTED"}]`, "grant_validity_periods"},
		"period ends before":    {`[{"id":"ROLE","explicit":true,"grant_type":"TIME_RESTRICTED","grant_validity_periods":[` + period + `]}]`, "grant_end"},
		"older encoding, no":    {`[{"id":"ROLE","explicit":true,"grant_type":"TIME_RESTRICTED","grant_start":"tomorrow","grant_end":"later"}]`, "grant_start"},
		"floating, how long":    {`[{"id":"ROLE","explicit":true,"grant_type":"FLOATING"}]`, "floating_length"},
		"floating, negative":    {`[{"id":"ROLE","explicit":true,"grant_type":"FLOATING","floating_length":-1}]`, "floating_length"},
		"text as floating time": {`[{"id":"ROLE","explicit":true,"grant_type":"FLOATING","floating_length":"1"}]`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGrants(t, privxsim.Options{})
			before := g.memberships()
			g.putRoles(g.user, strings.ReplaceAll(c.body, "ROLE", g.plain)).wantError(t, http.StatusBadRequest, c.property)
			if after := g.memberships(); !reflect.DeepEqual(before, after) {
				t.Errorf("changed: %v, %v before", after, before)
			}
		})
	}
}

func TestNullRolesCanBeAccepted(t *testing.T) {
	t.Parallel()
	g := newGrants(t, privxsim.Options{AcceptNullRoles: true})
	if res := g.putRoles(g.user, " null\n"); res.status != http.StatusOK || g.memberships()[g.both] != onlyImplicit {
		t.Errorf("%d %s: %v", res.status, res.body, g.memberships())
	}
}

// What a GET shows can be PUT back, and then the next GET shows the same: all
// kinds of grants, unknown members, and numbers to the last digit.
func TestWhatIsPutBackStays(t *testing.T) {
	t.Parallel()
	h := newHarness(t, privxsim.Seed(privxsim.SeedOptions{Users: 30, Roles: 30, MembersPerRole: 20}), privxsim.Options{})
	kinds := map[string]bool{}
	for _, user := range h.store.Users() {
		path := usersPath + user.ID + "/roles"
		before := h.get(path)
		items := decode[struct{ Items json.RawMessage }](t, before.body).Items
		if res := h.putRoles(user.ID, string(items)); res.status != http.StatusOK {
			t.Fatalf("%d %s", res.status, res.body)
		}
		if after := h.get(path); string(after.body) != string(before.body) {
			t.Fatalf("before\n%s\nafter\n%s", before.body, after.body)
		}
		for _, kind := range []string{"PERMANENT", "TIME_RESTRICTED", "FLOATING", "grant_validity_periods", `"grant_start"`, "12345678901234567890", "1.50", "x_future_ticket"} {
			kinds[kind] = kinds[kind] || strings.Contains(string(items), kind)
		}
	}
	for kind, seen := range kinds {
		if !seen {
			t.Errorf("nothing with %s was put back", kind)
		}
	}
}

func TestUnknownMembersOfEntriesAreKept(t *testing.T) {
	t.Parallel()
	g := newGrants(t, privxsim.Options{})
	extra := map[string]json.RawMessage{"ticket": json.RawMessage(`{"no":1.50,"big":123456789012345678901234567890}`)}
	g.store.SetEntryExtra(g.both, g.user, extra)
	if got := string(marshal(t, g.roles()[g.both]["ticket"])); got != `{"big":123456789012345678901234567890,"no":1.50}` {
		t.Errorf("shown: %s", got)
	}
	// A client that brings its own, and one that forgets all of it.
	g.putRoles(g.user, fmt.Sprintf(`[{"id":%q,"explicit":true,"reason":[1e3, 0.10],"grant_type":"FLOATING","floating_length":24}]`, g.both))
	m := membership(t, g.store, g.both, g.user)
	if string(m.Extra["reason"]) != `[1e3, 0.10]` || m.Extra["ticket"] != nil || m.Grant.FloatingHours != 24 {
		t.Errorf("stored: %+v", m)
	}
	if got := string(marshal(t, g.roles()[g.both]["reason"])); got != `[1e3,0.10]` {
		t.Errorf("shown: %s", got)
	}
}

func membership(t *testing.T, store *privxsim.Store, roleID, userID string) privxsim.Membership {
	t.Helper()
	all := store.Memberships()
	i := slices.IndexFunc(all, func(m privxsim.Membership) bool { return m.RoleID == roleID && m.UserID == userID })
	if i < 0 {
		t.Fatalf("user %s is not a member of %s", userID, roleID)
	}
	return all[i]
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

// Roles that do not exist, each way, beside one that does.
func TestUnknownRolesAreRefusedOrIgnored(t *testing.T) {
	t.Parallel()
	for mode, c := range map[privxsim.UnknownRolesMode]struct {
		status int
		want   string
	}{
		privxsim.UnknownRolesRefused:  {http.StatusBadRequest, ""},
		privxsim.UnknownRolesNotFound: {http.StatusNotFound, ""},
		privxsim.UnknownRolesIgnored:  {http.StatusOK, onlyExplicit},
	} {
		g := newGrants(t, privxsim.Options{UnknownRoles: mode})
		body := fmt.Sprintf(`[{"id":"5d9c6f2e-0000-4c0b-9e37-2f1b7a6c4d10","explicit":true},{"id":%q,"explicit":true}]`, g.plain)
		if res := g.putRoles(g.user, body); res.status != c.status || g.memberships()[g.plain] != c.want {
			t.Errorf("mode %d: %d %s: %v", mode, res.status, res.body, g.memberships())
		}
	}
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
