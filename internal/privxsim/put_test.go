package privxsim_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/conductorone/baton-privx/internal/privxsim"
)

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

func TestEveryEntryCanBeGranted(t *testing.T) {
	t.Parallel()
	for every, want := range map[bool]string{false: onlyImplicit, true: bothParts} {
		g := newGrants(t, privxsim.Options{GrantEveryEntry: every})
		res := g.putRoles(g.user, fmt.Sprintf(`[{"id":%q,"implicit":true}]`, g.both))
		if res.status != http.StatusOK || g.memberships()[g.both] != want {
			t.Errorf("%d %s: %v", res.status, res.body, g.memberships())
		}
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
