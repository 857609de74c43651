package connector_test

import (
	"strings"
	"testing"
	"time"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/types/grant"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/config"
)

// What was granted is what the next sync finds, in the same words, whatever the
// membership was before; PrivX is written to only where that is needed.
func TestGrant(t *testing.T) {
	t.Parallel()
	const past, future, far = "2020-01-01T00:00:00Z", "2090-01-01T00:00:00Z", "2091-01-01T00:00:00Z"
	for name, c := range map[string]struct {
		held    *privxsim.Grant
		mapped  bool
		already bool
		want    map[string]any
	}{
		"nothing": {want: map[string]any{"explicit": true, "implicit": false, "grant_type": "PERMANENT"}},
		"mapped":  {mapped: true, want: map[string]any{"explicit": true, "implicit": true, "grant_type": "PERMANENT"}},
		"permanent": {
			held: &privxsim.Grant{Type: "PERMANENT"}, already: true,
			want: map[string]any{"explicit": true, "implicit": false, "grant_type": "PERMANENT"},
		},
		"permanent and mapped": {
			held: &privxsim.Grant{Type: "PERMANENT"}, mapped: true, already: true,
			want: map[string]any{"explicit": true, "implicit": true, "grant_type": "PERMANENT"},
		},
		"floating": {
			held: &privxsim.Grant{Type: "FLOATING", FloatingHours: 8}, already: true,
			want: map[string]any{"explicit": true, "implicit": false, "grant_type": "FLOATING", "floating_hours": float64(8)},
		},
		"of a type to come": {
			held: &privxsim.Grant{Type: "BY_MOONLIGHT"}, already: true,
			want: map[string]any{"explicit": true, "implicit": false, "grant_type": "BY_MOONLIGHT"},
		},
		"in force for a time": {
			held: &privxsim.Grant{Type: "TIME_RESTRICTED", Periods: []privxsim.Period{{Start: past, End: far}}}, already: true,
			want: map[string]any{"explicit": true, "implicit": false, "grant_type": "TIME_RESTRICTED",
				"validity_periods": []any{map[string]any{"start": past, "end": far}}},
		},
		"over": {
			held: &privxsim.Grant{Type: "TIME_RESTRICTED", Periods: []privxsim.Period{{Start: past, End: "2020-02-01T00:00:00Z"}}},
			want: map[string]any{"explicit": true, "implicit": false, "grant_type": "PERMANENT"},
		},
		"yet to come": {
			held: &privxsim.Grant{Type: "TIME_RESTRICTED", Start: future, End: far},
			want: map[string]any{"explicit": true, "implicit": false, "grant_type": "PERMANENT"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newScene(t, privxsim.Options{MemberGrants: true})
			if c.held != nil {
				x.store.GrantExplicit(x.role, x.user, *c.held)
			}
			if c.mapped {
				x.store.Map(x.role, x.user)
			}
			got, notes := x.mustGrant(x.role, x.user)
			_, already := pick(t, notes, &v2.GrantAlreadyExists{})
			require.Equal(t, c.already, already)
			if c.already {
				require.Zero(t, x.writes())
				require.Equal(t, 1, x.sim.CountRequests("GET", rolesOfPath), "one read tells")
			} else {
				require.Equal(t, 1, x.writes())
				require.Equal(t, 2, x.sim.CountRequests("GET", rolesOfPath))
				require.Len(t, x.logs.FilterMessage("baton-privx: done and verified: granting a role").All(), 1)
			}
			require.Equal(t, grantID(x.role, x.user), got.GetId())
			requireMembership(t, got, "", c.want)
			s := x.mustSync()
			x.requireComplete(s)
			requireSameGrant(t, s.grants[got.GetId()], got)

			// The second time, the membership is there already.
			before := x.writes()
			again, notes := x.mustGrant(x.role, x.user)
			_, already = pick(t, notes, &v2.GrantAlreadyExists{})
			require.True(t, already)
			require.Equal(t, before, x.writes())
			requireSameGrant(t, again, got)
		})
	}
}

// The same where members do not carry their roles, and for roles and users whose
// resources are given in full.
func TestGrantOfWhatASyncHasFound(t *testing.T) {
	t.Parallel()
	x := newScene(t, privxsim.Options{MemberRoles: privxsim.MemberRolesNull})
	s := x.mustSync()
	id := grantID(x.role, x.user)
	require.NotContains(t, s.grants, id)
	entitlement := s.entitlements["role:"+x.role+":assigned"]
	entitlement.SetResource(s.roles[x.role])
	manager := v2.NewGrantManagerServiceClient(x.client())
	granted, err := manager.Grant(x.ctx, v2.GrantManagerServiceGrantRequest_builder{Entitlement: entitlement, Principal: s.users[x.user]}.Build())
	require.NoError(t, err)
	s = x.mustSync()
	x.requireComplete(s)
	require.Len(t, granted.GetGrants(), 1)
	requireSameGrant(t, s.grants[id], granted.GetGrants()[0])

	_, err = manager.Revoke(x.ctx, v2.GrantManagerServiceRevokeRequest_builder{Grant: s.grants[id]}.Build())
	require.NoError(t, err)
	s = x.mustSync()
	x.requireComplete(s)
	require.NotContains(t, s.grants, id)
}

// With a length, a grant ends by itself, by PrivX's clock, and what is in force
// is not made longer.
func TestGrantForATime(t *testing.T) {
	t.Parallel()
	now := time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC)
	clock := func() time.Time { return now }
	x := newSceneWith(t, provisioningStore(), privxsim.Options{Clock: clock, MemberGrants: true}, func(cfg *config.Privx) { cfg.GrantMaxHours = 36 })
	got, _ := x.mustGrant(x.role, x.user)
	const start, end = "2031-05-06T07:08:09Z", "2031-05-07T19:08:09Z"
	requireMembership(t, got, "", map[string]any{"explicit": true, "implicit": false, "grant_type": "TIME_RESTRICTED",
		"validity_periods": []any{map[string]any{"start": start, "end": end}}})
	held := x.membership(x.role, x.user).Grant
	require.Equal(t, privxsim.Grant{
		Type: "TIME_RESTRICTED", Periods: []privxsim.Period{{Start: start, End: end}}, Start: start, End: end,
	}, held, "in both encodings")

	_, notes := x.mustGrant(x.role, x.user)
	_, already := pick(t, notes, &v2.GrantAlreadyExists{})
	require.True(t, already)
	require.Equal(t, 1, x.writes())
	requireSameGrant(t, x.mustSync().grants[got.GetId()], got)
}

// Built-in roles are granted and revoked like any other.
func TestSystemRole(t *testing.T) {
	t.Parallel()
	x := newScene(t, privxsim.Options{})
	admin := x.store.AdminRoleID()
	x.mustGrant(admin, x.user)
	require.True(t, x.membership(admin, x.user).Explicit)
	require.Contains(t, x.mustSync().grants, grantID(admin, x.user))
	require.Empty(t, x.mustRevoke(admin, x.user))
	require.False(t, x.membership(admin, x.user).Explicit)
	require.NotContains(t, x.mustSync().grants, grantID(admin, x.user))
}

// What the connector declines to do costs no request at all, and a declined grant
// is one that ConductorOne knows as such, also over gRPC.
func TestDeclined(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		principal *v2.Resource
		says      string
	}{
		"a role":               {stub("role", nobody), `only a user can be a member of a role, not a "role"`},
		"no type":              {stub("", nobody), `only a user can be a member of a role, not a ""`},
		"another type":         {stub("group", nobody), `not a "group"`},
		"own API client":       {stub("user", privxsim.DefaultAPIClientID), "the API client that the connector itself runs as"},
		"own API client, CAPS": {stub("user", strings.ToUpper(privxsim.DefaultAPIClientID)), "the API client that the connector itself runs as"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newScene(t, privxsim.Options{})
			x.store.GrantExplicit(x.role, privxsim.DefaultAPIClientID, privxsim.Grant{})

			_, _, err := x.grant(x.role, c.principal)
			reason, cancelled := grant.IsErrGrantCancelled(err)
			require.True(t, cancelled, "%v", err)
			require.Contains(t, reason, c.says)
			require.Contains(t, reason, "granting role "+x.role)
			require.Equal(t, codes.FailedPrecondition, status.Code(err))
			require.ErrorContains(t, err, c.says)

			_, err = x.revoke(x.role, c.principal)
			require.Equal(t, codes.FailedPrecondition, status.Code(err), "%v", err)
			require.ErrorContains(t, err, c.says)
			require.ErrorContains(t, err, "revoking role "+x.role)
			_, cancelled = grant.IsErrGrantCancelled(err)
			require.False(t, cancelled, "a revoke is no grant")

			require.Empty(t, x.sim.Requests())
			require.True(t, x.membership(x.role, privxsim.DefaultAPIClientID).Explicit)
		})
	}
}

// Other API clients are users like any other.
func TestOtherAPIClient(t *testing.T) {
	t.Parallel()
	x := newScene(t, privxsim.Options{})
	other := x.store.AddAPIClient(privxsim.APIClient{Name: "another", Secret: "s"}).ID
	x.mustGrant(x.role, other)
	require.True(t, x.membership(x.role, other).Explicit)
	x.mustRevoke(x.role, other)
	require.False(t, x.membership(x.role, other).Explicit)
}
