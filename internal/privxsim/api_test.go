package privxsim_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/conductorone/baton-privx/internal/privxsim"
)

func TestSearch(t *testing.T) {
	t.Parallel()
	store := privxsim.NewStore()
	source := store.AddSource(privxsim.Source{Name: "AD", Type: privxsim.SourceTypeAD, Enabled: true}).ID
	ann := store.AddUser(privxsim.User{Principal: "ann", FullName: "Ann Ångström", Source: source})
	bob := store.AddUser(privxsim.User{Principal: "bob", Email: "BOB@example.com"})
	h := newHarness(t, store, privxsim.Options{})
	for body, want := range map[string][]string{
		`{}`:                             {admin.ID, "ann", "bob"},
		`{"keywords":"","user_id":null}`: {admin.ID, "ann", "bob"},
		`{"keywords":"ångs"}`:            {"ann"},
		`{"keywords":"bob@,  ANN"}`:      {"ann", "bob"},
		`{"keywords":"nobody"}`:          {},
		`{"source":"` + source + `"}`:    {"ann"},
		`{"user_id":["` + bob.ID + `"]}`: {"bob"},
		`{"user_id":["` + ann.ID + `","` + bob.ID + `"],"source":"` + source + `"}`: {"ann"},
		`{"user_id":["x"],"unknown":1}`:                                             {},
	} {
		res := h.search("?sortkey=principal", body)
		if got := values(res.items(t), "principal"); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", body, got, want)
		}
		for _, u := range res.items(t) {
			if roles, there := u["roles"]; !there || roles != nil {
				t.Errorf("roles %v, want null", roles)
			}
		}
	}
	for _, body := range []string{"", "null", "[]", "{", `{"user_id":"x"}`} {
		h.search("", body).wantError(t, http.StatusBadRequest, "")
	}
	if ann.SourceType != privxsim.SourceTypeAD || bob.SourceType != privxsim.SourceTypeLocal {
		t.Errorf("source types %s, %s", ann.SourceType, bob.SourceType)
	}
}

func TestMembers(t *testing.T) {
	t.Parallel()
	for mode, want := range map[privxsim.MemberRolesMode]string{
		privxsim.MemberRolesThisRole: "both/true/true",
		privxsim.MemberRolesAll:      "privx-user/<nil>/true mapped/<nil>/true both/true/true",
		privxsim.MemberRolesNull:     "",
	} {
		g := newGrants(t, privxsim.Options{MemberRoles: mode})
		for role, members := range map[string][]string{
			g.plain:              {},
			g.mapped:             {"user"},
			g.both:               {"user"},
			g.store.UserRoleID(): {admin.ID, "user"}, // API clients too
		} {
			items := g.get(rolesPath + "/" + role + "/members?sortkey=principal").items(t)
			if got := values(items, "principal"); !slices.Equal(got, members) {
				t.Errorf("%s: %q, want %q", role, got, members)
			}
			if role != g.both {
				continue
			}
			var shown []string
			roles, isList := items[0]["roles"].([]any)
			for _, r := range roles {
				role, _ := r.(map[string]any)
				shown = append(shown, fmt.Sprintf("%v/%v/%v", role["name"], role["explicit"], role["implicit"]))
				if role["grant_type"] != nil {
					t.Errorf("a member's role shows its grant: %v", role)
				}
			}
			if got := strings.Join(shown, " "); got != want || isList != (mode != privxsim.MemberRolesNull) {
				t.Errorf("mode %d: roles %q, want %q", mode, got, want)
			}
		}
	}
}

func TestMembersMayTellOfTheirGrants(t *testing.T) {
	t.Parallel()
	for _, mode := range []privxsim.MemberRolesMode{privxsim.MemberRolesThisRole, privxsim.MemberRolesAll} {
		g := newGrants(t, privxsim.Options{MemberRoles: mode, MemberGrants: true})
		g.store.GrantExplicit(g.plain, g.user, privxsim.Grant{Type: privxsim.GrantFloating, FloatingHours: 24})
		if body := g.get(rolesPath + "/" + g.plain + "/members").body; !strings.Contains(string(body), `"grant_type":"FLOATING","floating_length":24`) {
			t.Errorf("mode %d: %s", mode, body)
		}
	}
}

// Members can carry many roles: all of their own, as without the option, and then
// some that do not exist, always the same.
func TestHeavyMembers(t *testing.T) {
	t.Parallel()
	const heavy = 45
	for _, grants := range []bool{false, true} {
		light := newGrants(t, privxsim.Options{MemberRoles: privxsim.MemberRolesAll, MemberGrants: grants})
		g := newGrants(t, privxsim.Options{HeavyMembers: heavy, MemberGrants: grants})
		exist := values(g.get(rolesPath).items(t), "id")
		for _, role := range []string{g.both, g.store.UserRoleID()} {
			path := rolesPath + "/" + role + "/members"
			light, res := light.get(path).items(t), g.get(path)
			members := res.items(t)
			if again := g.get(path); len(members) != len(light) || !bytes.Equal(again.body, res.body) {
				t.Errorf("%d members, want %d; then %s", len(members), len(light), again.body)
			}
			for i, member := range members {
				own, roles := objects(light[i]["roles"]), objects(member["roles"])
				if len(roles) != heavy {
					t.Fatalf("%d roles, want %d: %v", len(roles), heavy, member)
				}
				if !reflect.DeepEqual(roles[:len(own)], own) {
					t.Errorf("first %v, want %v", roles[:len(own)], own)
				}
				if !slices.Contains(values(roles[:len(own)], "id"), role) {
					t.Errorf("a member of %s without it: %v", role, own)
				}
				wantPadding(t, roles[len(own):], exist)
			}
		}
		user := g.get(usersPath + g.user).object(t)
		if n := len(objects(user["roles"])); n != 3 || len(g.roles()) != 3 {
			t.Errorf("%d roles of a user, %d in its list", n, len(g.roles()))
		}
	}
}

// objects are those of a list in JSON.
func objects(list any) []map[string]any {
	var all []map[string]any
	items, _ := list.([]any)
	for _, item := range items {
		object, _ := item.(map[string]any)
		all = append(all, object)
	}
	return all
}

// wantPadding checks roles that are none of those that exist.
func wantPadding(t *testing.T, roles []map[string]any, exist []string) {
	t.Helper()
	seen := slices.Clone(exist)
	for i, id := range values(roles, "id") {
		if slices.Contains(seen, id) {
			t.Errorf("%s exists or comes twice", id)
		}
		seen = append(seen, id)
		for _, name := range []string{"name", "comment", "permissions", "context", "access_group_id", "owner_src", "source_rules", "explicit"} {
			if roles[i][name] == nil {
				t.Errorf("a role without its %s: %v", name, roles[i])
			}
		}
		if n := len(marshal(t, roles[i])); n != 1600 {
			t.Errorf("%d bytes: %v", n, roles[i])
		}
	}
}

// A page of them is as large as its rows are heavy; who has more roles than that
// carries them all, and who has none but some that are made up carries these.
func TestHowHeavyMembersAre(t *testing.T) {
	t.Parallel()
	h := newHarness(t, manyUsers(100), privxsim.Options{HeavyMembers: 45, HideUserRole: true})
	members := rolesPath + "/" + h.store.UserRoleID() + "/members"
	res := h.get(members + "?limit=100")
	if n := len(res.body); n < 7_200_000 || n > 7_300_000 || res.err != nil {
		t.Errorf("%d bytes, %v: %.300s", n, res.err, res.body)
	}
	for _, member := range h.get(members + "?limit=3").items(t) {
		if made := objects(member["roles"]); len(made) != 45 {
			t.Errorf("%v", made)
		}
	}
	g := newGrants(t, privxsim.Options{HeavyMembers: 2})
	if own := objects(g.get(rolesPath + "/" + g.both + "/members").items(t)[0]["roles"]); len(own) != 3 {
		t.Errorf("%v", own)
	}
}

func TestMemberCounts(t *testing.T) {
	t.Parallel()
	count := func(g grants, role string) string {
		object := g.get(rolesPath + "/" + role).object(t)
		return fmt.Sprintf("%v %v", object["member_count"], object["explicit_count"])
	}
	old := newGrants(t, privxsim.Options{})
	if got := count(old, old.both); got != "<nil> <nil>" {
		t.Errorf("without the option: %s", got)
	}
	g := newGrants(t, privxsim.Options{MemberCount: true})
	g.store.SetMemberCount(g.plain, 17, 3)
	for role, want := range map[string]string{g.both: "1 1", g.mapped: "1 0", g.store.UserRoleID(): "2 0", g.plain: "17 3"} {
		if got := count(g, role); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestSources(t *testing.T) {
	t.Parallel()
	store := privxsim.NewStore()
	id := store.AddSource(privxsim.Source{Name: "AD", Type: privxsim.SourceTypeAD, Enabled: true}).ID
	h := newHarness(t, store, privxsim.Options{})
	h.store.SetSourceEnabled(id, false)
	h.store.SetSourceEnabled("unknown", false)
	items := h.get(sourcePath).items(t)
	if got := values(items, "enabled"); !slices.Equal(got, []string{"true", "true", "false"}) {
		t.Errorf("enabled: %q", got)
	}
	if got := values(items, "connection"); !slices.Equal(got, []string{"map[type:LOCAL]", "map[type:API-CLIENT]", "map[type:AD]"}) {
		t.Errorf("connection: %q", got)
	}
	h.store.RemoveSource(id)
	if sources := h.store.Sources(); len(sources) != 2 || len(h.get(sourcePath).items(t)) != 2 {
		t.Errorf("after a removal: %+v", sources)
	}
}

func TestStatusNeedsNoToken(t *testing.T) {
	t.Parallel()
	h := newHarness(t, privxsim.NewStore(), privxsim.Options{})
	h.token = ""
	for _, service := range []string{"auth", "role-store", "settings"} {
		if res := h.get("/" + service + "/api/v1/status"); res.status != http.StatusOK || res.object(t)["status"] != "RUNNING" {
			t.Errorf("%s: %d %s", service, res.status, res.body)
		}
	}
}

func TestReadOnly(t *testing.T) {
	t.Parallel()
	for configured, want := range map[int]int{0: http.StatusServiceUnavailable, http.StatusForbidden: http.StatusForbidden} {
		g := newGrants(t, privxsim.Options{ReadOnlyStatus: configured})
		restricting := func() bool {
			return strings.Contains(string(g.get(statusPath).body), `"restricting":true`)
		}
		g.sim.SetReadOnly(true)
		g.putRoles(g.user, "[]").wantError(t, want, "")
		if !restricting() || g.memberships()[g.both] != bothParts {
			t.Errorf("restricting %t, %v", restricting(), g.memberships())
		}
		if res := g.search("", "{}"); res.status != http.StatusOK {
			t.Errorf("a search: %d", res.status)
		}
		g.sim.SetReadOnly(false)
		if res := g.putRoles(g.user, "[]"); res.status != http.StatusOK || restricting() {
			t.Errorf("afterwards: %d, restricting %t", res.status, restricting())
		}
	}
}

func TestPathsThatAreNotTheAPIs(t *testing.T) {
	t.Parallel()
	h := newHarness(t, privxsim.NewStore(), privxsim.Options{})
	for _, path := range []string{"/", "/login", "/role-store/api/v1/users", "/role-store/api/v1/roles/", "//role-store/api/v1/roles", "/role-store/api/v2/roles", "/no-store/api/v1/status"} {
		res := h.get(path)
		if res.status != http.StatusOK || !strings.HasPrefix(res.header.Get("Content-Type"), "text/html") {
			t.Errorf("%s: %d %s", path, res.status, res.header)
		}
	}
	h.do(http.MethodDelete, rolesPath, "").wantError(t, http.StatusMethodNotAllowed, "")
}

func TestPathPrefix(t *testing.T) {
	t.Parallel()
	h := newHarness(t, privxsim.NewStore(), privxsim.Options{PathPrefix: "/privx/"})
	if res := h.get(rolesPath); res.status != http.StatusOK {
		t.Errorf("%d %s", res.status, res.body)
	}
	h.url = strings.TrimSuffix(h.url, "/privx")
	for _, path := range []string{rolesPath, "/privxy" + rolesPath, "/privx"} {
		if res := h.get(path); res.status != http.StatusNotFound || !strings.HasPrefix(res.header.Get("Content-Type"), "text/html") {
			t.Errorf("%s: %d %s", path, res.status, res.body)
		}
	}
	if n := h.sim.CountRequests("", rolesPath); n != 2 {
		t.Errorf("%d requests, want one within the prefix and one without", n)
	}
}

func TestCurrentUserCanBeSwitchedOff(t *testing.T) {
	t.Parallel()
	h := newHarness(t, privxsim.NewStore(), privxsim.Options{NoCurrentUser: true})
	h.get(usersPath+"current").wantError(t, http.StatusBadRequest, "id")
	on := newHarness(t, privxsim.NewStore(), privxsim.Options{})
	if user := on.get(usersPath + "current").object(t); user["id"] != admin.ID || user["permissions"] == nil {
		t.Errorf("%v", user)
	}
}

func TestAffinityCookie(t *testing.T) {
	t.Parallel()
	h := newHarness(t, privxsim.NewStore(), privxsim.Options{AffinityCookie: true})
	first := h.send(h.tokenRequest(passwordForm(admin.ID, admin.Secret))).header.Get("Set-Cookie")
	node, _, _ := strings.Cut(first, ";")
	r := h.request(t.Context(), http.MethodGet, rolesPath, "")
	r.Header.Set("Cookie", node)
	if second := h.send(r).header.Get("Set-Cookie"); node == "" || !strings.HasPrefix(second, node+";") {
		t.Errorf("cookies %q, %q", first, second)
	}
	if other := h.get(rolesPath).header.Get("Set-Cookie"); strings.HasPrefix(other, node+";") {
		t.Errorf("a client without a cookie is on the node of another: %q", other)
	}
	plain := newHarness(t, privxsim.NewStore(), privxsim.Options{})
	if got := plain.get(rolesPath).header.Get("Set-Cookie"); got != "" {
		t.Errorf("a cookie that was not asked for: %q", got)
	}
}

func TestRequestsThatAreTooLarge(t *testing.T) {
	t.Parallel()
	g := newGrants(t, privxsim.Options{})
	g.putRoles(g.user, "["+strings.Repeat(" ", 16<<20)+"]").wantError(t, http.StatusRequestEntityTooLarge, "")
	requests := g.sim.Requests()
	if n := len(requests[len(requests)-1].Body); n != 1<<20 {
		t.Errorf("%d bytes were recorded", n)
	}
}

// Fields of a user or role can be added or replaced at will.
func TestExtraMembers(t *testing.T) {
	t.Parallel()
	h := newHarness(t, privxsim.NewStore(), privxsim.Options{})
	user := h.store.AddUser(privxsim.User{Principal: "user", FullName: "x", Extra: map[string]json.RawMessage{"full_name": json.RawMessage(`null`), "mfa": json.RawMessage(`{}`)}})
	got := h.get(usersPath + user.ID).object(t)
	if got["full_name"] != nil || fmt.Sprint(got["mfa"]) != "map[]" || got["principal"] != "user" {
		t.Errorf("%v", got)
	}
	role := h.store.AddRole(privxsim.Role{Name: "role"})
	role.Extra = map[string]json.RawMessage{"deleted": json.RawMessage("true")}
	role.Name = "renamed"
	h.store.UpdateRole(role)
	if got := h.get(rolesPath + "/" + role.ID).object(t); got["deleted"] != true || got["name"] != "renamed" {
		t.Errorf("%v", got)
	}
}

func TestSearchCanIgnoreUserIDs(t *testing.T) {
	t.Parallel()
	h := newHarness(t, manyUsers(3), privxsim.Options{IgnoreUserIDs: true})
	if all, got := h.search("", "{}").items(t), h.search("", `{"user_id":["`+admin.ID+`"]}`).items(t); len(got) != len(all) {
		t.Errorf("%d of %d users", len(got), len(all))
	}
}
