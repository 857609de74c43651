package privxsim_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/conductorone/baton-privx/internal/privxsim"
)

// hostNames are those of the hosts that a search finds.
func (h *harness) hostNames(body string) string {
	h.t.Helper()
	return strings.Join(values(h.do(http.MethodPost, hostSearchPath, body).items(h.t), "common_name"), " ")
}

// Without hosts-view a search shows the hosts that the caller reaches itself, or with
// SearchForbidden nothing.
func TestHostSearchWithoutPermission(t *testing.T) {
	t.Parallel()
	for _, forbidden := range []bool{false, true} {
		h := newHarness(t, privxsim.NewStore(), privxsim.Options{SearchForbidden: forbidden})
		client, role := newClient(h, "users-view")
		for name, ref := range map[string]privxsim.RoleRef{
			"its": {ID: role}, "everyone's": {ID: h.store.UserRoleID()}, "marked": {ID: role, Deleted: true}, "other": {ID: nthID(1)},
		} {
			h.store.AddHost(privxsim.Host{CommonName: name, AccessGroupID: nthID(7), Principals: []privxsim.Principal{
				{Principal: "nobody's"}, {Principal: "root", Roles: []privxsim.RoleRef{ref}},
			}})
		}
		if got := h.hostNames("{}"); got != "everyone's its marked other" {
			t.Errorf("an administrator: %q", got)
		}
		h.token = h.login(client.ID, client.Secret)
		if forbidden {
			h.do(http.MethodPost, hostSearchPath, "{}").wantError(t, http.StatusForbidden, "")
			continue
		}
		if got := h.hostNames("{}"); got != "everyone's its" {
			t.Errorf("what it reaches itself: %q", got)
		}
	}
}

// With SearchWithoutPrincipals a row of a search lacks the accounts that the host alone
// has, and has everything else.
func TestHostSearchWithoutPrincipals(t *testing.T) {
	t.Parallel()
	for _, without := range []bool{false, true} {
		h := newHarness(t, privxsim.NewStore(), privxsim.Options{SearchWithoutPrincipals: without})
		id := h.store.AddHost(privxsim.Host{Principals: []privxsim.Principal{{Principal: "root"}}}).ID
		row := h.do(http.MethodPost, hostSearchPath, "{}").items(t)[0]
		alone := h.get(hostsPath + "/" + id).object(t)
		_, told := row["principals"]
		if told == without || len(alone["principals"].([]any)) != 1 || len(alone)-len(row) != map[bool]int{true: 1}[without] {
			t.Errorf("row %v, alone %v", row, alone)
		}
	}
}

func TestHostSearchFilters(t *testing.T) {
	t.Parallel()
	h := newHarness(t, privxsim.NewStore(), privxsim.Options{})
	h.store.AddHost(privxsim.Host{CommonName: "a", Principals: []privxsim.Principal{{Roles: []privxsim.RoleRef{{ID: nthID(1)}}}}})
	h.store.AddHost(privxsim.Host{CommonName: "b", AccessGroupID: nthID(2)})
	for body, want := range map[string]string{
		"{}": "a b", fmt.Sprintf(`{"role":[%q]}`, nthID(1)): "a", fmt.Sprintf(`{"access_group_ids":[%q,"x"]}`, nthID(2)): "b", `{"role":["x"]}`: "",
	} {
		if got := h.hostNames(body); got != want {
			t.Errorf("%s: %q, want %q", body, got, want)
		}
	}
	for _, path := range []string{hostSearchPath, secretSearchPath} {
		for _, body := range []string{"", "null", "[]", `{"role":"x","owner_id":"x"}`} {
			h.do(http.MethodPost, path, body).wantError(t, http.StatusBadRequest, "")
		}
	}
}

// Whatever a client may not keep is in the answers, so that one that keeps it is found.
func TestTargetsCarryCanaries(t *testing.T) {
	t.Parallel()
	store := referring(privxsim.RoleRef{ID: nthID(1), Name: "r"})
	store.AddHost(privxsim.Host{Services: []privxsim.Listener{{Service: "SSH"}}, Principals: []privxsim.Principal{{Principal: "root"}}})
	h := newHarness(t, store, privxsim.Options{})
	for path, fields := range map[string]string{
		hostsPath:                      "passphrase host_certificate_raw key tls_certificate_trust_anchors",
		apiTargetsPath:                 "basic_auth_password bearer_token certificate private_key tls_trust_anchors",
		accessGroupsPath:               "host_certificate_trust_anchors winrm_host_certificate_trust_anchors",
		"/vault/api/v1/secrets/shared": "password",
	} {
		body := string(h.get(path).body)
		for _, field := range strings.Fields(fields) {
			if !strings.Contains(body, fmt.Sprintf("%q:%q", field, privxsim.CanaryPrefix)[:len(field)+3+len(privxsim.CanaryPrefix)]) {
				t.Errorf("no canary in %s of %s", field, body)
			}
		}
	}
	if body := string(h.do(http.MethodPost, secretSearchPath, "{}").body); strings.Contains(body, privxsim.CanaryPrefix) || strings.Contains(body, `"data"`) {
		t.Errorf("data in a list of secrets: %s", body)
	}
}

// What the list of secrets shows without vault-manage depends on VaultSight and
// HidePersonalSecrets; with it, everything.
func TestSightOfSecrets(t *testing.T) {
	t.Parallel()
	const every = "foreign mine nobody's read written"
	for _, c := range []struct {
		opts privxsim.Options
		want string
	}{
		{privxsim.Options{}, every},
		{privxsim.Options{HidePersonalSecrets: true}, "mine nobody's read written"},
		{privxsim.Options{VaultSight: privxsim.VaultSeesOwn}, "mine read written"},
		{privxsim.Options{VaultSight: privxsim.VaultSeesForbidden}, "403"},
	} {
		h := newHarness(t, privxsim.NewStore(), c.opts)
		client, role := newClient(h, "users-view")
		manager, _ := newClient(h, "vault-manage")
		refs := []privxsim.RoleRef{{ID: role}}
		for _, secret := range []privxsim.Secret{
			{Name: "nobody's", ReadRoles: []privxsim.RoleRef{{ID: role, Deleted: true}}},
			{Name: "read", ReadRoles: refs},
			{Name: "written", WriteRoles: refs}, {Name: "mine", OwnerID: client.ID}, {Name: "foreign", OwnerID: nthID(1)},
		} {
			h.store.AddSecret(secret)
		}
		shows := func(client privxsim.APIClient) string {
			h.token = h.login(client.ID, client.Secret)
			res := h.do(http.MethodPost, secretSearchPath, "{}")
			if res.status != http.StatusOK {
				return fmt.Sprint(res.status)
			}
			return strings.Join(values(res.items(t), "name"), " ")
		}
		if got := shows(manager); got != every {
			t.Errorf("%+v: vault-manage shows %q", c.opts.VaultSight, got)
		}
		if got := shows(client); got != c.want {
			t.Errorf("%+v: %q, want %q", c.opts.VaultSight, got, c.want)
		}
		wantOne := http.StatusOK
		if !strings.Contains(c.want, "nobody's") {
			wantOne = http.StatusNotFound
		}
		if got := h.get(secretMetadataPath + segment("nobody's")).status; got != wantOne {
			t.Errorf("%+v: alone %d, want %d", c.opts.VaultSight, got, wantOne)
		}
		// Where a secret is asked for by its owner, it takes to be the owner, or vault-manage.
		foreign := "/vault/api/v1/user/" + nthID(1) + "/metadata/secrets/foreign"
		h.get(foreign).wantError(t, http.StatusForbidden, "")
		if got := h.get("/vault/api/v1/user/" + client.ID + "/metadata/secrets/mine").status; got != http.StatusOK {
			t.Errorf("its own: %d", got)
		}
		h.token = h.login(manager.ID, manager.Secret)
		if got := h.get(foreign).status; got != http.StatusOK {
			t.Errorf("another's with vault-manage: %d", got)
		}
	}
}

// A name is one of its owner's, in the case that it has, and may be any text.
func TestNamesOfSecrets(t *testing.T) {
	t.Parallel()
	h := newHarness(t, privxsim.NewStore(), privxsim.Options{})
	user := h.store.AddUser(privxsim.User{Principal: "user"}).ID
	names := []string{"db", "DB", "a/b", `q"u'o%te`, "käse ☕", "..", "dots.txt?x=1#y"}
	for _, name := range names {
		h.store.AddSecret(privxsim.Secret{Name: name, Path: "shared"})
		h.store.AddSecret(privxsim.Secret{Name: name, OwnerID: user, Path: "personal"})
	}
	of := "/vault/api/v1/user/" + user + "/"
	for _, name := range names {
		for path, want := range map[string]string{
			secretMetadataPath: "shared", "/vault/api/v1/secrets/": "shared", of + "metadata/secrets/": "personal", of + "secrets/": "personal",
		} {
			secret := h.get(path + segment(name)).object(t)
			if _, data := secret["data"]; secret["name"] != name || secret["path"] != want || data == strings.Contains(path, "metadata") {
				t.Errorf("%s%s: %v", path, name, secret)
			}
		}
	}
	if n := len(h.do(http.MethodPost, secretSearchPath, fmt.Sprintf(`{"owner_id":[%q]}`, user)).items(t)); n != len(names) {
		t.Errorf("%d secrets of the user", n)
	}
	if res := h.get(secretMetadataPath + "a/b"); !strings.Contains(string(res.body), "<html>") {
		t.Errorf("a slash that is not escaped: %s", res.body)
	}
}

// What stands before PrivX may take an escaped slash for the end of a segment, so that
// such a name is not found: a fault with a pattern as its Path.
func TestNamesWithASlashThatAreNotFound(t *testing.T) {
	t.Parallel()
	h := newHarness(t, privxsim.NewStore(), privxsim.Options{})
	h.store.AddSecret(privxsim.Secret{Name: "a/b"})
	h.store.AddSecret(privxsim.Secret{Name: "ab"})
	h.sim.Inject(privxsim.Fault{Path: secretMetadataPath + "*%2F*", Status: http.StatusNotFound})
	h.get(secretMetadataPath+segment("a/b")).wantError(t, http.StatusNotFound, "")
	if got := h.get(secretMetadataPath + "ab").status; got != http.StatusOK {
		t.Errorf("another name: %d", got)
	}
}

// The page of a search for secrets is told by the query, or with VaultPagingInBody by
// the body.
func TestPagingOfSecrets(t *testing.T) {
	t.Parallel()
	for inBody, want := range map[bool]string{false: "a b", true: "d"} {
		h := newHarness(t, privxsim.NewStore(), privxsim.Options{VaultPagingInBody: inBody})
		for _, name := range []string{"a", "b", "c", "d"} {
			h.store.AddSecret(privxsim.Secret{Name: name})
		}
		res := h.do(http.MethodPost, secretSearchPath+"?limit=2&sortkey=name", `{"limit":1,"offset":0,"sortkey":"name","sortdir":"DESC"}`)
		if got := strings.Join(values(res.items(t), "name"), " "); got != want {
			t.Errorf("in the body %t: %q, want %q", inBody, got, want)
		}
	}
}

// AWS roles are all in one answer, which is nothing but them, or with AWSRolesEnvelope a
// list as others.
func TestAWSRoles(t *testing.T) {
	t.Parallel()
	for _, envelope := range []bool{false, true} {
		c := newCluster(t, privxsim.Options{AWSRolesEnvelope: envelope, Nodes: []privxsim.Node{{}, {Lag: time.Hour}, {Empty: time.Minute}}})
		read := func() []map[string]any {
			res := c.get(awsRolesPath + "?limit=1&refresh=false")
			if envelope {
				return res.items(t)
			}
			return decode[[]map[string]any](t, res.body)
		}
		if rows := read(); rows == nil || len(rows) != 0 {
			t.Errorf("without any: %v", rows)
		}
		gone := c.store.AddAWSRole(privxsim.AWSRole{Name: "b", Status: privxsim.AWSRoleMissing}).ID
		kept := c.store.AddAWSRole(privxsim.AWSRole{Name: "a"})
		if rows := read(); !slices.Equal(values(rows, "status"), []string{"OK", "MISSING"}) {
			t.Errorf("%v", rows)
		}
		if got := c.get(awsRolesPath + "/" + gone).object(t)["name"]; got != "b" {
			t.Errorf("alone: %v", got)
		}
		c.store.RemoveAWSRole(gone)
		kept.Name = "renamed"
		c.store.UpdateAWSRole(kept)
		c.get(awsRolesPath+"/"+gone).wantError(t, http.StatusNotFound, "")
		if got := values(read(), "name"); !slices.Equal(got, []string{"renamed"}) {
			t.Errorf("%q", got)
		}
		c.on(1)
		if rows := read(); len(rows) != 0 {
			t.Errorf("a node that lags: %v", rows)
		}
		c.on(2).sim.RestartNode(2)
		if rows := read(); rows == nil || len(rows) != 0 {
			t.Errorf("a node that was just started: %v", rows)
		}
	}
}

// An older PrivX has no API targets: NoAPIProxy.
func TestPrivXWithoutAPITargets(t *testing.T) {
	t.Parallel()
	h := newHarness(t, privxsim.NewStore(), privxsim.Options{NoAPIProxy: true})
	for _, path := range []string{apiTargetsPath, "/api-proxy/api/v1/status"} {
		if res := h.get(path); res.status != http.StatusOK || !strings.Contains(string(res.body), "<html>") {
			t.Errorf("%s: %d %s", path, res.status, res.body)
		}
	}
}

// A list may not take the sort key that others do.
func TestSortKeyOfHostsThatIsRefused(t *testing.T) {
	t.Parallel()
	h := newHarness(t, privxsim.NewStore(), privxsim.Options{})
	h.sim.Inject(privxsim.Fault{
		Path: hostSearchPath, Status: http.StatusBadRequest, Body: `{"error_code":"BAD_REQUEST","property":"sortkey"}`,
	})
	h.do(http.MethodPost, hostSearchPath+oldestFirst, "{}").wantError(t, http.StatusBadRequest, "sortkey")
	if got := h.get(hostsPath + oldestFirst).status; got != http.StatusOK {
		t.Errorf("the other list: %d", got)
	}
}
