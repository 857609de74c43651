package privxsim_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/conductorone/baton-privx/internal/privxsim"
)

// referring is a store with one target of each kind that refers to a role, which it
// names by what the role was called then.
func referring(role privxsim.RoleRef) *privxsim.Store {
	store := privxsim.NewStore()
	refer(store, role)
	return store
}

func refer(store *privxsim.Store, role privxsim.RoleRef) {
	refs := []privxsim.RoleRef{role}
	store.AddHost(privxsim.Host{CommonName: "web", Principals: []privxsim.Principal{{Principal: "root", Roles: refs, CommandRestrictions: &privxsim.CommandRestrictions{
		Enabled: true, Whitelists: []privxsim.WhitelistGrant{{Whitelist: privxsim.Handle{Name: "ls"}, Roles: refs}},
	}}}})
	store.AddSecret(privxsim.Secret{Name: "shared", ReadRoles: refs, WriteRoles: refs})
	store.AddNetworkTarget(privxsim.NetworkTarget{Name: "net", Roles: refs})
	store.AddAPITarget(privxsim.APITarget{Name: "api", Roles: refs})
	store.AddAWSRole(privxsim.AWSRole{Name: "aws", Roles: refs})
}

// references is what the rows of all kinds show of the role that they refer to.
func (h *harness) references() []string {
	h.t.Helper()
	host := h.do(http.MethodPost, hostSearchPath, "{}").items(h.t)[0]["principals"].([]any)[0].(map[string]any)
	grant := host["command_restrictions"].(map[string]any)["whitelists"].([]any)[0].(map[string]any)
	secret := h.do(http.MethodPost, secretSearchPath, "{}").items(h.t)[0]
	lists := []any{
		host["roles"], grant["roles"], secret["read_roles"], secret["write_roles"],
		h.get(networkTargetsPath).items(h.t)[0]["roles"], h.get(apiTargetsPath).items(h.t)[0]["roles"],
		decode[[]map[string]any](h.t, h.get(awsRolesPath).body)[0]["roles"],
	}
	var all []string
	for _, list := range lists {
		ref := list.([]any)[0].(map[string]any)
		all = append(all, fmt.Sprint(ref["id"], " ", ref["name"], " ", ref["deleted"]))
	}
	return all
}

// All kinds refer to a role alike: by its name of now or of then, and, once it is gone,
// with a mark or without.
func TestReferencesToRoles(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		opts                     privxsim.Options
		before, renamed, removed string
	}{
		"by default":           {privxsim.Options{}, "old <nil>", "new <nil>", "old true"},
		"UnmarkedDeletedRoles": {privxsim.Options{UnmarkedDeletedRoles: true}, "old <nil>", "new <nil>", "old <nil>"},
		"StaleRoleNames":       {privxsim.Options{StaleRoleNames: true}, "old <nil>", "old <nil>", "old true"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := privxsim.NewStore()
			role := store.AddRole(privxsim.Role{Name: "old"})
			refer(store, privxsim.RoleRef{ID: role.ID})
			h := newHarness(t, store, c.opts)
			want := func(when, text string) {
				t.Helper()
				for i, got := range h.references() {
					if got != role.ID+" "+text {
						t.Errorf("%s, reference %d: %q, want %q", when, i, got, text)
					}
				}
			}
			want("at first", c.before)
			role.Name = "new"
			store.UpdateRole(role)
			want("renamed", c.renamed)
			store.RemoveRole(role.ID)
			want("removed", c.removed)
		})
	}
}

// A reference can be marked while there is the role, and none of the two reaches anything.
func TestReachLeavesOutRolesThatAreGone(t *testing.T) {
	t.Parallel()
	store := referring(privxsim.RoleRef{ID: nthID(1), Name: "never was"})
	role := store.AddRole(privxsim.Role{Name: "still there"})
	refer(store, privxsim.RoleRef{ID: role.ID, Deleted: true})
	if reach := store.Reach(); len(reach) != 0 {
		t.Errorf("%+v", reach)
	}
	refer(store, privxsim.RoleRef{ID: role.ID})
	if n := len(store.Reach()); n != 6 {
		t.Errorf("%d are reached", n)
	}
	store.RemoveRole(role.ID)
	if reach := store.Reach(); len(reach) != 0 {
		t.Errorf("after the role has gone: %+v", reach)
	}
}

// Empty lists within rows are [], or with NullLists null.
func TestEmptyListsInRows(t *testing.T) {
	t.Parallel()
	for null, want := range map[bool]string{false: "[]", true: "null"} {
		store := privxsim.NewStore()
		store.AddHost(privxsim.Host{})
		store.AddHost(privxsim.Host{Principals: []privxsim.Principal{{Principal: "root", CommandRestrictions: &privxsim.CommandRestrictions{}}}})
		store.AddSecret(privxsim.Secret{Name: "s"})
		store.AddNetworkTarget(privxsim.NetworkTarget{})
		store.AddAPITarget(privxsim.APITarget{})
		store.AddAWSRole(privxsim.AWSRole{})
		h := newHarness(t, store, privxsim.Options{NullLists: null})
		for _, c := range []struct {
			res    response
			fields string
		}{
			{h.do(http.MethodPost, hostSearchPath, "{}"), "addresses services principals tags scope status roles applications whitelists"},
			{h.do(http.MethodPost, secretSearchPath, "{}"), "read_roles write_roles"},
			{h.get(networkTargetsPath), "dst roles tags"},
			{h.get(apiTargetsPath), "tags roles authorized_endpoints unauthorized_endpoints"},
			{h.get(awsRolesPath), "roles"},
		} {
			for _, field := range strings.Fields(c.fields) {
				if !strings.Contains(string(c.res.body), fmt.Sprintf("%q:%s", field, want)) {
					t.Errorf("%s is not %s in %s", field, want, c.res.body)
				}
			}
		}
	}
}

// A row says in one of three forms whether it is disabled: DisabledForm.
func TestDisabledTargets(t *testing.T) {
	t.Parallel()
	for form, want := range map[privxsim.DisabledForm]string{
		privxsim.DisabledFalse:       "FALSE BY_ADMIN BY_LICENSE SOMEHOW",
		privxsim.DisabledNotDisabled: "NOT_DISABLED BY_ADMIN BY_LICENSE SOMEHOW",
		privxsim.DisabledBoolean:     "false true true true",
	} {
		store := privxsim.NewStore()
		for i, reason := range []string{"", privxsim.DisabledByAdmin, privxsim.DisabledByLicense, "SOMEHOW"} {
			store.AddHost(privxsim.Host{ID: nthID(i), Disabled: reason})
			store.AddNetworkTarget(privxsim.NetworkTarget{ID: nthID(i), Disabled: reason})
			store.AddAPITarget(privxsim.APITarget{ID: nthID(i), Disabled: reason})
		}
		h := newHarness(t, store, privxsim.Options{DisabledForm: form})
		for _, path := range []string{hostsPath, networkTargetsPath, apiTargetsPath} {
			if got := strings.Join(values(h.get(path+"?sortkey=id").items(t), "disabled"), " "); got != want {
				t.Errorf("%s: %q, want %q", path, got, want)
			}
		}
	}
}

// Hosts and API targets are shown by the access groups of those roles that give the
// permission, in silence.
func TestAccessGroupsLimitWhatIsShown(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		opts      privxsim.Options
		ungrouped string // what a role without a group shows
		foreign   int
	}{
		"by default":               {privxsim.Options{}, "default north south", http.StatusNotFound},
		"UngroupedRolesSeeNothing": {privxsim.Options{UngroupedRolesSeeNothing: true}, "", http.StatusNotFound},
		"ForeignForbidden":         {privxsim.Options{ForeignForbidden: true}, "default north south", http.StatusForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := privxsim.NewStore()
			groups := map[string]string{"default": store.DefaultAccessGroup()}
			for i, group := range []string{"default", "north", "south"} {
				if groups[group] == "" {
					groups[group] = store.AddAccessGroup(privxsim.AccessGroup{Name: group}).ID
				}
				store.AddHost(privxsim.Host{ID: nthID(i), CommonName: group, AccessGroupID: groups[group]})
				store.AddAPITarget(privxsim.APITarget{ID: nthID(i), Name: group, AccessGroupID: groups[group]})
			}
			h := newHarness(t, store, c.opts)
			shows := func() string {
				t.Helper()
				hosts := strings.Join(values(h.get(hostsPath).items(t), "common_name"), " ")
				for list, got := range map[string][]string{
					"search":      values(h.do(http.MethodPost, hostSearchPath, "{}").items(t), "common_name"),
					"API targets": values(h.get(apiTargetsPath).items(t), "name"),
				} {
					if got := strings.Join(got, " "); got != hosts {
						t.Errorf("%s: %q, hosts: %q", list, got, hosts)
					}
				}
				return hosts
			}
			client, id := newClient(h, "hosts-view", "api-targets-view")
			role := privxsim.Role{ID: id, Permissions: []string{"hosts-view", "api-targets-view"}, AccessGroupID: groups["north"]}
			store.UpdateRole(role)
			other := store.AddRole(privxsim.Role{Name: "gives nothing", AccessGroupID: groups["south"]})
			store.GrantExplicit(other.ID, client.ID, privxsim.Grant{})
			h.token = h.login(client.ID, client.Secret)
			if got := shows(); got != "north" {
				t.Errorf("one group: %q", got)
			}
			for _, path := range []string{hostsPath, apiTargetsPath} {
				h.get(path+"/"+nthID(2)).wantError(t, c.foreign, "")
				h.get(path+"/"+nthID(9)).wantError(t, http.StatusNotFound, "")
				if got := h.get(path + "/" + nthID(1)).status; got != http.StatusOK {
					t.Errorf("%s of its group: %d", path, got)
				}
			}
			other.Permissions = role.Permissions
			store.UpdateRole(other)
			if got := shows(); got != "north south" {
				t.Errorf("two groups: %q", got)
			}
			store.RemoveExplicit(other.ID, client.ID)
			role.AccessGroupID = ""
			store.UpdateRole(role)
			if got := shows(); got != c.ungrouped {
				t.Errorf("no group: %q", got)
			}
			h.token = h.login(admin.ID, admin.Secret)
			if got := shows(); got != "default north south" {
				t.Errorf("an administrator: %q", got)
			}
		})
	}
}
