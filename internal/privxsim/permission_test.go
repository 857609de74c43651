package privxsim_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/conductorone/baton-privx/internal/privxsim"
)

// newClient adds an API client with permissions and returns its role's id.
func newClient(h *harness, permissions ...string) (privxsim.APIClient, string) {
	client := h.store.AddAPIClient(privxsim.APIClient{Name: "client", Secret: "secret"})
	role := h.store.AddRole(privxsim.Role{Name: "client's", Permissions: permissions})
	h.store.GrantExplicit(role.ID, client.ID, privxsim.Grant{})
	return client, role.ID
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	h := newHarness(t, privxsim.NewStore(), privxsim.Options{})
	user := h.store.AddUser(privxsim.User{Principal: "user"}).ID
	role := rolesPath + "/" + h.store.UserRoleID()
	for _, c := range []struct {
		method, path string
		permissions  []string // any one of them will do; none: nobody needs one
	}{
		{http.MethodPost, searchPath, []string{"users-view"}},
		{http.MethodGet, usersPath + user, []string{"users-view"}},
		{http.MethodGet, usersPath + "current", nil},
		{http.MethodGet, usersPath + user + "/roles", []string{"users-view", "roles-view"}},
		{http.MethodPut, usersPath + user + "/roles", []string{"roles-manage"}},
		{http.MethodGet, rolesPath, []string{"roles-view"}},
		{http.MethodGet, role, []string{"roles-view"}},
		{http.MethodGet, role + "/members", []string{"roles-view"}},
		{http.MethodGet, sourcePath, []string{"sources-view"}},
		{http.MethodPost, logoutPath, nil},
	} {
		body := "{}"
		if c.method == http.MethodPut {
			body = "[]"
		}
		all := []string{"users-view", "users-manage", "roles-view", "roles-manage", "sources-view", "sources-manage"}
		for _, permission := range all {
			want := http.StatusForbidden
			for _, p := range c.permissions {
				if p == permission {
					want = http.StatusOK
				}
			}
			if len(c.permissions) == 0 {
				want = http.StatusOK
			}
			client, _ := newClient(h, permission)
			h.token = h.login(client.ID, client.Secret)
			res := h.do(c.method, c.path, body)
			if res.status != want {
				t.Errorf("%s %s with %s: %d, want %d", c.method, c.path, permission, res.status, want)
			}
			if want == http.StatusForbidden {
				res.wantError(t, want, "")
			}
		}
		h.token = h.login(admin.ID, admin.Secret)
		if res := h.do(c.method, c.path, body); res.status != http.StatusOK {
			t.Errorf("%s %s as administrator: %d", c.method, c.path, res.status)
		}
		h.token = ""
		h.do(c.method, c.path, body).wantError(t, http.StatusUnauthorized, "")
	}
}

// Permissions are those of the moment when the token was issued.
func TestPermissionsAreFixedWithTheToken(t *testing.T) {
	t.Parallel()
	h := newHarness(t, privxsim.NewStore(), privxsim.Options{})
	client, role := newClient(h, "roles-view")
	h.token = h.login(client.ID, client.Secret)
	h.store.RemoveExplicit(role, client.ID)
	if res := h.get(rolesPath); res.status != http.StatusOK {
		t.Errorf("%d with the token of before", res.status)
	}
	h.token = h.login(client.ID, client.Secret)
	h.get(rolesPath).wantError(t, http.StatusForbidden, "")
	h.store.Map(role, client.ID)
	h.get(rolesPath).wantError(t, http.StatusForbidden, "")
	h.token = h.login(client.ID, client.Secret)
	if res := h.get(rolesPath); res.status != http.StatusOK {
		t.Errorf("%d with a new token", res.status)
	}
}

func TestGrantsGivePermissionsInTheirTime(t *testing.T) {
	t.Parallel()
	now := time.Date(2030, 6, 1, 0, 0, 0, 0, time.UTC)
	past := privxsim.Period{Start: "2029-01-01T00:00:00Z", End: "2029-02-01T00:00:00Z"}
	current := privxsim.Period{Start: "2030-01-01T00:00:00Z", End: "2030-12-01T00:00:00+02:00"}
	restricted := func(periods ...privxsim.Period) privxsim.Grant {
		return privxsim.Grant{Type: privxsim.GrantTimeRestricted, Periods: periods}
	}
	for name, c := range map[string]struct {
		grant privxsim.Grant
		want  int
	}{
		"permanent":         {privxsim.Grant{}, http.StatusOK},
		"floating":          {privxsim.Grant{Type: privxsim.GrantFloating, FloatingHours: 1}, http.StatusOK},
		"current":           {restricted(past, current), http.StatusOK},
		"over":              {restricted(past), http.StatusForbidden},
		"not started":       {restricted(privxsim.Period{Start: "2030-06-01T00:00:00.000000001Z", End: current.End}), http.StatusForbidden},
		"older encoding":    {privxsim.Grant{Type: privxsim.GrantTimeRestricted, Start: current.Start, End: current.End}, http.StatusOK},
		"older, over":       {privxsim.Grant{Type: privxsim.GrantTimeRestricted, Start: past.Start, End: past.End}, http.StatusForbidden},
		"newer one decides": {privxsim.Grant{Type: privxsim.GrantTimeRestricted, Periods: []privxsim.Period{past}, Start: current.Start, End: current.End}, http.StatusForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, privxsim.NewStore(), privxsim.Options{Clock: func() time.Time { return now }})
			client, role := newClient(h, "roles-view")
			h.store.GrantExplicit(role, client.ID, c.grant)
			h.token = h.login(client.ID, client.Secret)
			if got := h.get(rolesPath).status; got != c.want {
				t.Errorf("status %d, want %d", got, c.want)
			}
		})
	}
}
