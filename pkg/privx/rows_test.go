package privx_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/privx"
)

// The rows of the lists, as the connector gets them.
func TestList_Rows(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{sim: privxsim.Options{MemberCount: true}})
	users, err := h.client.ListUsers(t.Context(), "")
	require.NoError(t, err)
	truth := map[string]privxsim.User{}
	for _, u := range h.store.Users() {
		truth[u.ID] = u
	}
	for _, u := range users.Items {
		want := truth[u.ID]
		require.Equal(t, want.Principal, u.Principal)
		require.Equal(t, want.FullName, u.FullName)
		require.Equal(t, want.Email, u.Email)
		require.Equal(t, want.Source, u.Source)
		require.Equal(t, want.SourceType, u.SourceType)
		require.Equal(t, want.Created, u.Created)
		require.Equal(t, want.MFA.Status, u.MFA.Status)
	}
	role := h.roleWithMembers()
	members, err := h.client.ListMembers(t.Context(), role, privx.MayBeEmpty, "")
	require.NoError(t, err)
	for _, m := range members.Items {
		require.True(t, slices.ContainsFunc(m.Roles, func(r privx.RoleEntry) bool { return r.ID == role && (r.Explicit || r.Implicit) }))
	}
	one, err := h.client.GetRole(t.Context(), role)
	require.NoError(t, err)
	require.NotNil(t, one.MemberCount)
	require.Equal(t, len(members.Items), *one.MemberCount)
	sources, err := h.client.Sources(t.Context())
	require.NoError(t, err)
	require.Len(t, sources.Items, len(h.store.Sources()))
}

// Fields that nobody outside PrivX may see are not in what is decoded.
func TestList_SecretsAreNeverDecoded(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{seed: privxsim.SeedOptions{Users: 120, Roles: 24, MembersPerRole: 12}})
	users, err := h.client.ListUsers(t.Context(), "")
	require.NoError(t, err)
	roles, err := h.client.ListRoles(t.Context(), "")
	require.NoError(t, err)
	sources, err := h.client.Sources(t.Context())
	require.NoError(t, err)
	for _, rows := range []any{users.Items, roles.Items, sources} {
		text, err := json.Marshal(rows)
		require.NoError(t, err)
		require.NotContains(t, string(text), privxsim.CanaryPrefix)
	}
}

// GetUser and GetRole fail if PrivX answers another object than the one asked for.
func TestGet_AnotherObject(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{})
	h.answerJSON(userPath, `{"id":"another"}`)
	h.answerJSON(rolePath, `{"id":"another"}`)
	for _, c := range h.reads() {
		if c.name != "GetUser" && c.name != "GetRole" {
			continue
		}
		wantError(t, c.run(t.Context()), codes.FailedPrecondition, http.StatusOK)
	}
}

func TestRoleEntry_Periods(t *testing.T) {
	t.Parallel()
	newer := []privx.Period{{Start: "a", End: "b"}, {Start: "c"}}
	for _, tt := range []struct {
		entry privx.RoleEntry
		want  []privx.Period
	}{
		{privx.RoleEntry{}, nil},
		{privx.RoleEntry{GrantStart: "x", GrantEnd: "y"}, []privx.Period{{Start: "x", End: "y"}}},
		{privx.RoleEntry{GrantEnd: "y"}, []privx.Period{{End: "y"}}},
		{privx.RoleEntry{ValidityPeriods: newer, GrantStart: "x"}, newer},
	} {
		require.Equal(t, tt.want, tt.entry.Periods())
	}
}

// A list of a user's roles that is not complete is an error. For directories, the page tells
// how many more are counted than shown.
func TestList_WholeListsThatAreNotWhole(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{})
	for _, path := range []string{userRolesPath, sourcesPath} {
		h.sim.Inject(privxsim.Fault{Path: path, Status: http.StatusOK, Body: `{"count":60,"items":[{"id":"a"}]}`})
	}
	_, err := h.client.UserRoles(t.Context(), h.store.Users()[0].ID)
	wantError(t, err, codes.FailedPrecondition, http.StatusOK)
	sources, err := h.client.Sources(t.Context())
	require.NoError(t, err)
	require.Equal(t, 60, sources.Total)
	require.Equal(t, 1, sources.Read)
}
