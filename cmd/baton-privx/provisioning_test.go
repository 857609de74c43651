package main_test

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/conductorone/baton-privx/internal/privxsim"
)

// desk is a site, a role and a user of it, and a folder with a sync of it all,
// which baton-sdk looks up in what it is told to grant and revoke.
type desk struct {
	*site

	dir              string
	role, user, held string // the user holds held
	env              map[string]string
}

func newDesk(t *testing.T, store *privxsim.Store, options privxsim.Options) *desk {
	t.Helper()
	d := &desk{site: newSite(t, store, options), dir: t.TempDir()}
	d.role = store.AddRole(privxsim.Role{Name: "On call"}).ID
	d.user = store.AddUser(privxsim.User{Principal: "alice", FullName: "Alice Example"}).ID
	d.env = env(d.settings())
	d.sync(t)
	return d
}

func (d *desk) sync(t *testing.T) {
	t.Helper()
	got := runIn(t, d.dir, d.env)
	require.Zero(t, got.code, got.stderr)
	d.sim.ResetRequests()
}

func smallDesk(t *testing.T) *desk {
	t.Helper()
	return newDesk(t, privxsim.Seed(privxsim.SeedOptions{Users: 10, Roles: 3}), privxsim.Options{})
}

func grantArgs(role, kind, principal string) []string {
	return []string{"--grant-entitlement", "role:" + role + ":assigned", "--grant-principal", principal, "--grant-principal-type", kind}
}

func grantID(role, user string) string { return "role:" + role + ":assigned:user:" + user }

func (d *desk) grant(t *testing.T, args ...string) outcome {
	t.Helper()
	return runIn(t, d.dir, d.env, append(grantArgs(d.role, "user", d.user), args...)...)
}

func (d *desk) revoke(t *testing.T, id string) outcome {
	t.Helper()
	return runIn(t, d.dir, d.env, "--revoke-grant", id)
}

// explicit tells whether the simulated PrivX knows the explicit membership.
func (s *site) explicit(role, user string) bool {
	for _, m := range s.store.Memberships() {
		if m.RoleID == role && m.UserID == user {
			return m.Explicit
		}
	}
	return false
}

func (s *site) writes() int { return s.sim.CountRequests(http.MethodPut, "") }

// Grant, again, revoke, again, each seen by a sync.
func TestGrantAndRevoke(t *testing.T) {
	t.Parallel()
	d := smallDesk(t)
	id := grantID(d.role, d.user)
	for range 2 {
		got := d.grant(t)
		require.Zero(t, got.code, got.stderr)
		require.True(t, d.explicit(d.role, d.user))
		require.Equal(t, 1, d.writes(), "the second time nothing is written")
	}
	d.sync(t)
	file := filepath.Join(d.dir, "sync.c1z")
	require.Contains(t, grantsIn(t, file), id)
	require.Equal(t, d.memberships(), grantsIn(t, file))
	for range 2 {
		got := d.revoke(t, id)
		require.Zero(t, got.code, got.stderr)
		require.False(t, d.explicit(d.role, d.user))
		require.Equal(t, 1, d.writes())
	}
	d.sync(t)
	require.NotContains(t, grantsIn(t, file), id)
	require.Equal(t, d.memberships(), grantsIn(t, file))
}

// A grant or revoke that fails ends with the code of its failure, and the cause
// is what the operator reads last.
func TestFailedGrantsAndRevokes(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("make test runs the binary with each of these faults")
	}
	for name, c := range map[string]struct {
		prepare func(d *desk)
		args    func(d *desk) []string
		code    codes.Code
		says    string
		silent  bool // PrivX is not asked anything
	}{
		"own API client": {
			args: func(d *desk) []string { return grantArgs(d.role, "user", privxsim.DefaultAPIClientID) },
			code: codes.FailedPrecondition, says: "the API client that the connector itself runs as", silent: true,
		},
		"a role as the principal": {
			args: func(d *desk) []string { return grantArgs(d.role, "role", d.store.AdminRoleID()) },
			code: codes.FailedPrecondition, says: "only a user can be a member of a role", silent: true,
		},
		"a user that is gone": {
			prepare: func(d *desk) { d.store.RemoveUser(d.user) },
			code:    codes.NotFound, says: "OBJECT_NOT_FOUND",
		},
		"a role that is gone": {
			prepare: func(d *desk) { d.store.RemoveRole(d.role) },
			code:    codes.NotFound, says: "OBJECT_NOT_FOUND",
		},
		"a user that was never there": {
			args: func(d *desk) []string { return grantArgs(d.role, "user", "00000000-0000-4000-8000-00000000dead") },
			code: codes.NotFound, says: "not found", silent: true,
		},
		"a missing permission": {
			prepare: func(d *desk) { d.sim.Inject(privxsim.Fault{Method: "PUT", Status: 403}) },
			code:    codes.PermissionDenied, says: "the permission roles-manage",
		},
		"an upgrade": {
			prepare: func(d *desk) { d.sim.SetReadOnly(true) },
			code:    codes.FailedPrecondition, says: "PrivX is being upgraded and is read-only",
		},
		"refused credentials": {
			prepare: func(d *desk) { d.sim.Inject(privxsim.Fault{Path: "/auth/api/v1/oauth/token", Status: 401}) },
			code:    codes.Unauthenticated, says: "the credentials were refused",
		},
		"a revoke of what the rules give": {
			args: func(d *desk) []string {
				return []string{"--revoke-grant", grantID(d.store.UserRoleID(), d.user)}
			},
			code: codes.FailedPrecondition, says: "built in: every user is a member",
		},
		"a revoke without the permission": {
			prepare: func(d *desk) { d.sim.Inject(privxsim.Fault{Method: "PUT", Status: 403}) },
			args: func(d *desk) []string {
				for _, m := range d.store.Memberships() {
					if m.Explicit && !m.Implicit && m.UserID != privxsim.DefaultAPIClientID {
						return []string{"--revoke-grant", grantID(m.RoleID, m.UserID)}
					}
				}
				return nil
			},
			code: codes.PermissionDenied, says: "the permission roles-manage",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := smallDesk(t)
			args := grantArgs(d.role, "user", d.user)
			if c.args != nil {
				args = c.args(d)
			}
			if c.prepare != nil {
				c.prepare(d)
			}
			before := d.memberships()
			got := runIn(t, d.dir, d.env, append(args, "--log-level", "debug")...)
			require.Equal(t, int(c.code), got.code, got.stderr)
			require.Contains(t, got.lastLine(), c.says)
			if name != "a user that was never there" { // whom baton-sdk does not find in the file
				got.ownError(t)
			}
			require.Equal(t, before, d.memberships())
			if c.silent {
				require.Zero(t, d.writes())
				require.Zero(t, d.sim.CountRequests("", "/role-store/api/v1/users/*/roles"))
			}
			requireNoSecrets(t, got)
		})
	}
}

// At debug level, through retries to a success and to a failure,
// no output holds a secret, though the server repeats all that it is told.
func TestGrantsPrintNoSecrets(t *testing.T) {
	t.Parallel()
	d := smallDesk(t)
	echo := `{"error":"x ` + privxsim.DefaultOAuthClientSecret + `","error_description":"` + privxsim.DefaultAPIClientSecret +
		`","error_code":"` + privxsim.DefaultAPIClientSecret + `","error_message":"` + privxsim.DefaultOAuthClientSecret + `"}`
	const userRoles = "/role-store/api/v1/users/*/roles"
	d.sim.Inject(privxsim.Fault{Method: "GET", Path: userRoles, Count: 1, Status: 503, Body: echo})
	d.sim.Inject(privxsim.Fault{Method: "PUT", Count: 1, Status: 500, Body: echo})
	got := d.grant(t, "--log-level", "debug")
	require.Zero(t, got.code, got.stderr)
	require.True(t, d.explicit(d.role, d.user))
	requireNoSecrets(t, got)

	d.sim.Inject(privxsim.Fault{Method: "GET", Path: userRoles, Status: 403, Body: echo})
	got = d.grant(t, "--log-level", "debug")
	require.Equal(t, int(codes.PermissionDenied), got.code, got.stderr)
	requireNoSecrets(t, got)
	for _, r := range d.sim.Requests() {
		require.NotContains(t, got.all(), r.Header.Get("Authorization"))
	}
}

// An end for what is granted, from a flag, a variable and the SDK's YAML file; by
// default there is none.
func TestGrantMaxHours(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("make test runs the binary with each way to say it")
	}
	now := time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC)
	limited := map[string]any{
		"explicit": true, "grant_type": "TIME_RESTRICTED", "grant_start": "2031-05-06T07:08:09Z", "grant_end": "2031-05-08T08:08:09Z",
		"grant_validity_periods": []any{map[string]any{"grant_start": "2031-05-06T07:08:09Z", "grant_end": "2031-05-08T08:08:09Z"}},
	}
	permanent := map[string]any{"explicit": true, "grant_type": "PERMANENT"}
	for name, c := range map[string]struct {
		flag, variable, yaml string
		want                 map[string]any
	}{
		"not set":             {want: permanent},
		"null":                {yaml: "grant-max-hours:", want: permanent},
		"flag":                {flag: "49", want: limited},
		"variable":            {variable: "49", want: limited},
		"YAML":                {yaml: "grant-max-hours: 49", want: limited},
		"flag, spaces":        {flag: " 49 ", want: limited},
		"variable, from file": {variable: "49\n", want: limited},
		"YAML, quoted":        {yaml: "grant-max-hours: '49'", want: limited},
		"YAML, another case":  {yaml: "Grant-Max-Hours: 49", want: limited},
		"YAML, an alias":      {yaml: "x: &hours 49\ngrant-max-hours: *hours", want: limited},
		"YAML, merged":        {yaml: "x: &all {grant-max-hours: 49}\n<<: *all", want: limited},
		"variable over YAML":  {variable: "49", yaml: "grant-max-hours: 010", want: limited},
		"flag over all":       {flag: "49", variable: "010", yaml: "grant-max-hours: 010", want: limited},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, privxsim.Seed(privxsim.SeedOptions{Users: 10, Roles: 3}), privxsim.Options{Clock: func() time.Time { return now }})
			var args []string
			if c.flag != "" {
				args = []string{"--grant-max-hours", c.flag}
			}
			if c.variable != "" {
				d.env["BATON_GRANT_MAX_HOURS"] = c.variable
			}
			if c.yaml != "" {
				d.env["BATON_CONFIG_PATH"] = writeYAML(t, c.yaml)
			}
			got := d.grant(t, args...)
			require.Zero(t, got.code, got.stderr)
			require.True(t, d.explicit(d.role, d.user))
			require.Equal(t, c.want, d.written(t))
		})
	}
}

// written is the entry of the role in the one list that was written, without what
// names the role.
func (d *desk) written(t *testing.T) map[string]any {
	t.Helper()
	var found []map[string]any
	for _, r := range d.sim.Requests() {
		if r.Method != http.MethodPut {
			continue
		}
		var entries []map[string]any
		require.NoError(t, json.Unmarshal(r.Body, &entries))
		for _, entry := range entries {
			if entry["id"] == d.role {
				delete(entry, "id")
				found = append(found, entry)
			}
		}
	}
	require.Len(t, found, 1)
	return found[0]
}
