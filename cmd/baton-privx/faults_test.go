package main_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/conductorone/baton-privx/internal/faultmatrix"
	"github.com/conductorone/baton-privx/internal/privxsim"
)

const rolesOfPath = "/role-store/api/v1/users/*/roles"

// ordeal is an operation of the binary, and a call that it makes.
type ordeal struct {
	operation, call string
	target          faultmatrix.Call
	run             func(t *testing.T, d *desk) string
	// changes is the role whose membership it changes.
	changes func(d *desk) string
}

// ordeals are what the faults happen to, in turn.
func ordeals() []ordeal {
	return []ordeal{
		{
			"grant", "write", faultmatrix.Call{Method: http.MethodPut, Path: rolesOfPath},
			func(t *testing.T, d *desk) string {
				t.Helper()
				return changed(t, d.grant(t), d.explicit(d.role, d.user))
			},
			func(d *desk) string { return d.role },
		},
		{
			"sync", "users, page 2", faultmatrix.Call{Method: http.MethodPost, Path: "/role-store/api/v1/users/search", Skip: 2, LaterPage: true},
			func(t *testing.T, d *desk) string {
				t.Helper()
				before := d.memberships()
				got := runIn(t, d.dir, d.env, "--file", "new.c1z")
				found := grantsIn(t, filepath.Join(d.dir, "new.c1z"))
				if got.code != 0 {
					got.ownError(t)
					require.Nil(t, found, "what was not finished looks as if it were")
					return codes.Code(got.code).String()
				}
				requireWhatStayed(t, before, d.memberships(), found)
				return "complete"
			},
			func(*desk) string { return "" },
		},
		{
			"revoke", "verifying read", faultmatrix.Call{Method: http.MethodGet, Path: rolesOfPath, Skip: 1},
			func(t *testing.T, d *desk) string {
				t.Helper()
				return changed(t, d.revoke(t, grantID(d.held, d.user)), !d.explicit(d.held, d.user))
			},
			func(d *desk) string { return d.held },
		},
	}
}

// requireWhatStayed holds what was found against what there was before and after: what
// has gone may be in it, and what has come may be missing.
func requireWhatStayed(t *testing.T, before, after, found map[string]bool) {
	t.Helper()
	for id := range found {
		require.True(t, before[id] || after[id], "there was never %s", id)
	}
	for id := range after {
		require.True(t, found[id] || !before[id], "it lacks %s", id)
	}
}

// changed is the outcome of a grant or revoke.
func changed(t *testing.T, got outcome, made bool) string {
	t.Helper()
	if got.code != 0 {
		got.ownError(t)
	}
	switch text := codes.Code(got.code).String(); {
	case got.code == 0 && made:
		return "verified"
	case made:
		return text + ", though made"
	default:
		return text
	}
}

// TestFaults lets each fault happen once to the real binary, of which must come
// what the fault matrix says.
func TestFaults(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("make test has the binary meet each fault")
	}
	var operations []faultmatrix.Operation
	for _, o := range ordeals() {
		operations = append(operations, faultmatrix.Operation{Name: o.operation})
	}
	table, err := faultmatrix.Read(filepath.Join("..", "..", faultmatrix.Path), operations)
	require.NoError(t, err)
	first := newFaultDesk(t)
	first.sync(t)
	synced, err := os.ReadFile(filepath.Join(first.dir, "sync.c1z"))
	require.NoError(t, err)
	for i, fault := range faultmatrix.Faults() {
		o := ordealFor(t, table, fault, i)
		t.Run(fault.Name+", "+o.operation, func(t *testing.T) {
			t.Parallel()
			d := newFaultDesk(t)
			require.NoError(t, os.WriteFile(filepath.Join(d.dir, "sync.c1z"), synced, 0o600))
			others := d.store.MembershipsBut(o.changes(d), d.user)
			fault.Inject(d.sim, d.store, o.target, 1)
			got := o.run(t, d)
			want := strings.TrimSuffix(faultmatrix.Once(table[o.operation][fault.Name][o.call]), ", with a warning")
			require.Equal(t, want, got)
			require.Greater(t, d.sim.CountRequests(o.target.Method, o.target.Path), o.target.Skip, "the fault has hit nothing")
			if !fault.Turns {
				require.Equal(t, others, d.store.MembershipsBut(o.changes(d), d.user), "another membership was changed")
			}
		})
	}
}

// ordealFor finds what a fault happens to. What keeps the client waiting does so
// for the least time in a grant. A sync has most patience with an answer that is
// long on a busy machine: a grant or a revoke may have none left.
func ordealFor(t *testing.T, table faultmatrix.Table, fault faultmatrix.Fault, i int) ordeal {
	t.Helper()
	all := ordeals()
	if fault.Waits {
		return all[0]
	}
	if fault.Bulky {
		return all[1]
	}
	for n := range all {
		o := all[(i+n)%len(all)]
		if table[o.operation][fault.Name][o.call] != "" {
			return o
		}
	}
	require.Fail(t, "it happens to nothing", fault.Name)
	return ordeal{}
}

// newFaultDesk makes a desk that is the same each time, so that one sync does for
// all of them.
func newFaultDesk(t *testing.T) *desk {
	t.Helper()
	store := privxsim.Seed(privxsim.SeedOptions{Users: 24, Roles: 3})
	d := &desk{site: newSite(t, store, privxsim.Options{MaxPageSize: 10}), dir: t.TempDir()}
	d.env = env(d.settings())
	d.role = store.AddRole(privxsim.Role{Name: "On call"}).ID
	d.held = store.AddRole(privxsim.Role{Name: "held"}).ID
	d.user = store.AddUser(privxsim.User{Principal: "alice"}).ID
	store.GrantExplicit(d.held, d.user, privxsim.Grant{})
	return d
}
