package tenant_test

import (
	"context"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/conductorone/baton-sdk/pkg/cli"
	"github.com/conductorone/baton-sdk/pkg/uhttp"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/connection"
	"github.com/conductorone/baton-privx/internal/doctor/doctortest"
	"github.com/conductorone/baton-privx/internal/doctor/tenant"
	"github.com/conductorone/baton-privx/internal/faultmatrix"
	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/connector"
)

// The checks of permissions fail if and only if the connector's own check fails, and in the
// right place, whatever goes wrong with the calls that list users, roles and targets.
func TestFailsAsValidateDoes(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("make test waits for each fault")
	}
	paths := map[string]string{tenant.MayListUsers: doctortest.SearchPath, tenant.MayListRoles: doctortest.RolesPath}
	for _, of := range targetPaths {
		paths[of.id] = of.check
	}
	for id, path := range paths {
		call := faultmatrix.Call{Method: method(path), Path: path}
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			var group errgroup.Group
			group.SetLimit(8) // Most of them wait for most of the time.
			for _, fault := range faultmatrix.Faults() {
				if !fault.Fits(call) {
					continue
				}
				validated, doctored := faulty(t, fault, call), faulty(t, fault, call)
				group.Go(func() error {
					refused := validate(t.Context(), validated)
					results := permissions(t.Context(), doctored, slices.Collect(maps.Keys(paths)))
					failed := results[id].Outcome == doctor.Failed
					for other := range paths {
						// What takes permissions away takes those for the other calls, too.
						failed = failed || fault.Forbids && results[other].Outcome == doctor.Failed
						if other != id && !fault.Forbids && results[other].Outcome != doctor.Passed {
							t.Errorf("%s: %s is %v: %s", fault.Name, other, results[other].Outcome, results[other].Cause)
						}
					}
					if (refused != nil) != failed {
						t.Errorf("%s: Validate says %v, and %s %v: %s", fault.Name, refused, id, results[id].Outcome, results[id].Cause)
					}
					return nil
				})
			}
			require.NoError(t, group.Wait())
		})
	}
}

// faulty is a tenant with targets where a call fails each time.
func faulty(t *testing.T, fault faultmatrix.Fault, call faultmatrix.Call) doctor.Given {
	t.Helper()
	site := doctortest.NewSite(t, privxsim.Seed(privxsim.SeedOptions{Users: 40, Roles: 8, Hosts: 15}), privxsim.Options{})
	fault.Inject(site.Sim, site.Store, call, 0)
	given := site.Given(t)
	doctortest.TurnOn(&given, doctortest.TargetSettings...)
	given.HTTPTimeout = 8 * time.Second // So that no test waits for minutes.
	return given
}

// validate is what the connector's own check says.
func validate(ctx context.Context, given doctor.Given) error {
	ctx = context.WithValue(ctx, uhttp.ContextHTTPTimeoutKey, given.HTTPTimeout)
	builder, _, err := connector.New(ctx, given.Config, &cli.ConnectorOpts{})
	if err != nil {
		return err
	}
	_, err = builder.Validate(ctx)
	return err
}

func permissions(ctx context.Context, given doctor.Given, checks []string) map[string]doctor.Result {
	ctx = context.WithValue(ctx, uhttp.ContextHTTPTimeoutKey, given.HTTPTimeout)
	runner := &doctor.Runner{
		Layers: append(connection.Layers(), tenant.Permissions()), Only: checks,
	}
	results := make(map[string]doctor.Result)
	for _, result := range runner.Run(ctx, &doctor.Visit{Given: given}) {
		results[result.Check.ID] = result
	}
	return results
}

// The time that the connector gives to its own check is for all its parts together.
func TestChecksShareTheirTime(t *testing.T) {
	t.Parallel()
	given := with()(t)
	checked := doctor.Layer{Name: "Test", Checks: []doctor.Check{{
		ID: "PX-TEST-01", Promise: "the time is nearly over",
		Run: func(_ context.Context, v *doctor.Visit) doctor.Finding {
			v.Checked = time.Hour
			return doctor.Pass("", "")
		},
	}}}
	all := append(connection.Layers(), checked, tenant.Permissions())
	results, _ := doctortest.Run(t, all, given, "PX-TEST-01", tenant.MayListRoles)
	require.Equal(t, "unavailable", results[tenant.MayListRoles].Way)
	require.Contains(t, results[tenant.MayListRoles].Cause, "timed out")
}

// The login is a part of what the connector gives its time to. Each of the two answers here
// comes in time, and not both together.
func TestTheLoginSharesTheTime(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("make test waits for each fault")
	}
	slow := func() doctor.Given {
		given := with(
			privxsim.Fault{Path: doctortest.TokenPath, Kind: privxsim.FaultSlowHeader, Delay: 22 * time.Second},
			privxsim.Fault{Path: doctortest.SearchPath, Kind: privxsim.FaultSlowHeader, Delay: 22 * time.Second},
		)(t)
		given.HTTPTimeout = time.Minute
		return given
	}
	validated, doctored := slow(), slow()
	var refused error
	var group errgroup.Group
	group.Go(func() error {
		refused = validate(t.Context(), validated)
		return nil
	})
	results := permissions(t.Context(), doctored, []string{tenant.MayListUsers, tenant.MayListRoles})
	require.NoError(t, group.Wait())
	require.Error(t, refused)
	require.Empty(t, results[tenant.MayListUsers].Because, "the login is in time")
	require.Equal(t, "unavailable", results[tenant.MayListUsers].Way)
}

// Each capability of the connector has a check, and each id of the table a capability.
func TestEachCapabilityHasACheck(t *testing.T) {
	t.Parallel()
	found := make(map[string]bool)
	for _, check := range tenant.Permissions().Checks {
		require.False(t, found[check.ID], "%s twice", check.ID)
		found[check.ID] = true
	}
	require.Empty(t, tenant.WithoutID(), "give each capability the next free id")
	require.Len(t, found, len(connector.Capabilities())+2, "one is for what is more than they need, and one for access groups")
}

// A resource type behind a setting may be off, and there need not be any of it. Users and
// roles are always wanted, and never none.
func TestCheckOfACapabilityWithASetting(t *testing.T) {
	t.Parallel()
	for setting, ways := range map[string][2]string{"": {"empty", "off"}, "sync-aws-roles": {"off", "empty"}} {
		check := tenant.CheckFor(connector.Capability{Setting: setting, Permissions: []string{"aws-view"}, Purpose: "AWS roles"})
		require.Equal(t, "the API client has aws-view (AWS roles)", check.Promise)
		var names []string
		for _, way := range check.Ways {
			names = append(names, way.Name)
		}
		require.Contains(t, names, ways[0], setting)
		require.NotContains(t, names, ways[1], setting)
	}
}

// However large PrivX is, and however small its pages, some tens of requests are enough.
func TestRequestsAreBounded(t *testing.T) {
	t.Parallel()
	large := &privxsim.SeedOptions{Users: 500, Roles: 100}
	for _, options := range []privxsim.Options{{}, {Count: privxsim.CountOmitted}, {MaxPageSize: 7}, {MemberCount: true}, {MaxPageSize: 10, RefuseLargePages: true}} {
		_, v := doctortest.Run(t, layers(), changed(of(large, options), provisioning)(t))
		require.LessOrEqual(t, v.Ask.Requests(), 75, "%+v", options)
	}
}

// The calls of the forecast are those that a sync makes.
func TestCallsOfASync(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1000, 10} {
		given := changed(with(), pageOf(size))(t)
		_, v := doctortest.Run(t, layers(), given)
		client := v.Client
		before := client.Calls()
		users := 0
		for token := ""; ; {
			page, err := client.ListUsers(t.Context(), token)
			require.NoError(t, err)
			users += len(page.Items)
			if token = page.Next; token == "" {
				break
			}
		}
		var ids []string
		for token := ""; ; {
			page, err := client.ListRoles(t.Context(), token)
			require.NoError(t, err)
			for _, role := range page.Items {
				ids = append(ids, role.ID)
			}
			if token = page.Next; token == "" {
				break
			}
		}
		memberships := 0
		for _, id := range ids {
			for token := ""; ; {
				page, err := client.ListMembers(t.Context(), id, 0, token)
				require.NoError(t, err)
				memberships += len(page.Items)
				if token = page.Next; token == "" {
					break
				}
			}
		}
		require.Equal(t, []int{users, len(ids), memberships}, []int{v.Users, v.Roles, v.Memberships})
		// The session was ended, so that there is one more token; the sources, the two checks and
		// the logout are not made here.
		require.Equal(t, int(client.Calls()-before)+4, v.Calls, "pages of %d", size)
	}
}
