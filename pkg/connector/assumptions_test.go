package connector_test

import (
	"encoding/json"
	"testing"
	"time"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/conductorone/baton-privx/internal/privxsim"
)

// The tests of this file are those that package assumptions names and that no other file
// has: what the connector does where PrivX is not as it is assumed to be.

// A membership whose time is over is reported with its times, and can be granted anew.
func TestMembershipThatIsOver(t *testing.T) {
	t.Parallel()
	const start, end = "2020-01-01T00:00:00Z", "2020-02-01T00:00:00Z"
	x := newScene(t, privxsim.Options{MemberGrants: true})
	x.store.GrantExplicit(x.role, x.user, privxsim.Grant{Type: "TIME_RESTRICTED", Start: start, End: end})
	requireMembership(t, x.mustSync().grants[grantID(x.role, x.user)], "", map[string]any{"explicit": true, "implicit": false,
		"grant_type": "TIME_RESTRICTED", "validity_periods": []any{map[string]any{"start": start, "end": end}}})
	got, _ := x.mustGrant(x.role, x.user)
	requireMembership(t, got, "", map[string]any{"explicit": true, "implicit": false, "grant_type": "PERMANENT"})
}

// A membership that PrivX removes when its time is over is not there any more, and can
// be granted anew.
func TestMembershipThatPrivXRemovesWhenItIsOver(t *testing.T) {
	t.Parallel()
	x := newScene(t, privxsim.Options{MemberGrants: true})
	x.store.GrantExplicit(x.role, x.user, privxsim.Grant{Type: "TIME_RESTRICTED", Start: "2020-01-01T00:00:00Z", End: "2020-02-01T00:00:00Z"})
	x.store.RemoveExpired(time.Now())
	s := x.mustSync()
	x.requireComplete(s)
	require.NotContains(t, s.grants, grantID(x.role, x.user))
	got, _ := x.mustGrant(x.role, x.user)
	requireMembership(t, got, "", map[string]any{"explicit": true, "implicit": false, "grant_type": "PERMANENT"})
}

// The role that everybody holds is nobody's to lose where PrivX does not show it among
// his roles either, and a sync warns of nothing.
func TestRoleOfEverybodyThatIsNotShown(t *testing.T) {
	t.Parallel()
	store := provisioningStore()
	role, user := addScene(store)
	store.GrantExplicit(role, user, privxsim.Grant{})
	options := privxsim.Options{HideUserRole: true, MemberRoles: privxsim.MemberRolesNull}
	inBubble(t, store, options, allFour, func(x *tenant) {
		x.requireComplete(x.mustSync())
		require.Empty(t, x.ownWarnings())
		_, err := x.revoke(store.UserRoleID(), stub("user", user))
		require.Equal(t, codes.FailedPrecondition, status.Code(err), "%v", err)
		require.ErrorContains(t, err, "built in: every user is a member")
		require.Zero(t, x.writes())
	})
}

// A PrivX that shows no directories rather than refuse to: the sync goes on without
// them, and says so.
func TestDirectoriesThatAreNotShown(t *testing.T) {
	t.Parallel()
	store := plainStore()
	closed := store.AddSource(privxsim.Source{Name: "Old LDAP", Enabled: false})
	user := store.AddUser(privxsim.User{Principal: "bob", Source: closed.ID})
	inBubble(t, store, privxsim.Options{}, allFour, func(x *tenant) {
		x.sim.Inject(privxsim.Fault{Path: sourcesPath, Kind: privxsim.FaultEmptyList})
		s := x.mustSync()
		x.requireComplete(s)
		require.Equal(t, v2.Status_RESOURCE_STATUS_ENABLED, s.users[user.ID].GetStatus().GetStatus())
		require.NotContains(t, profile(s.users[user.ID]), "source_name")
		require.Len(t, x.ownWarnings(), 1)
	})
}

// A field that would say that a user is disabled is not known, and not shown.
func TestUserWithAFieldThatIsNotKnown(t *testing.T) {
	t.Parallel()
	store := plainStore()
	user := store.AddUser(privxsim.User{Principal: "bob", Extra: map[string]json.RawMessage{
		"disabled": json.RawMessage("true"), "status": json.RawMessage(`"LOCKED"`),
	}})
	s := newTenant(t, store, privxsim.Options{}).mustSync()
	require.Equal(t, v2.Status_RESOURCE_STATUS_ENABLED, s.users[user.ID].GetStatus().GetStatus())
	require.NotContains(t, profile(s.users[user.ID]), "disabled")
	require.NotContains(t, profile(s.users[user.ID]), "status")
}

// The users of a directory that was removed stay, without its name.
func TestUsersOfARemovedDirectory(t *testing.T) {
	t.Parallel()
	store := plainStore()
	directory := store.AddSource(privxsim.Source{Name: "Contoso AD", Type: "AD", Enabled: false})
	user := store.AddUser(privxsim.User{Principal: "bob", Source: directory.ID})
	x := newTenant(t, store, privxsim.Options{})
	require.Equal(t, "Contoso AD", profile(x.mustSync().users[user.ID])["source_name"])
	store.RemoveSource(directory.ID)
	s := x.mustSync()
	x.requireComplete(s)
	require.Equal(t, v2.Status_RESOURCE_STATUS_ENABLED, s.users[user.ID].GetStatus().GetStatus())
	require.NotContains(t, profile(s.users[user.ID]), "source_name")
	require.Equal(t, directory.ID, profile(s.users[user.ID])["source_id"])
}
