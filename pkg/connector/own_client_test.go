package connector_test

import (
	"fmt"
	"strings"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/types/grant"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/conductorone/baton-privx/internal/privxsim"
)

// An API client that PrivX knows under another id than the credentials name: neither
// is changed.
func TestOwnAPIClientUnderAnotherID(t *testing.T) {
	t.Parallel()
	x := newScene(t, privxsim.Options{})
	x.sim.Inject(privxsim.Fault{Path: currentUserPath, Status: 200, Body: `{"id":"` + strings.ToUpper(x.user) + `"}`})
	for _, user := range []string{x.user, privxsim.DefaultAPIClientID} {
		_, _, err := x.grant(x.role, stub("user", user))
		reason, cancelled := grant.IsErrGrantCancelled(err)
		require.True(t, cancelled, "%v", err)
		require.Contains(t, reason, "the API client that the connector itself runs as")
		_, err = x.revoke(x.role, stub("user", user))
		require.Equal(t, codes.FailedPrecondition, status.Code(err))
		require.ErrorContains(t, err, "the API client that the connector itself runs as")
	}
	require.Zero(t, x.writes())
	require.Equal(t, 1, x.sim.CountRequests("GET", currentUserPath))
}

// Where PrivX does not say who the connector is, the id in the credentials does, and
// the log says so once.
func TestOwnAPIClientIsTheOneOfTheCredentials(t *testing.T) {
	t.Parallel()
	for _, code := range []int{400, 403, 404} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			t.Parallel()
			x := newScene(t, privxsim.Options{})
			x.sim.Inject(privxsim.Fault{Path: currentUserPath, Status: code})
			x.mustGrant(x.role, x.user)
			x.mustRevoke(x.role, x.user)
			_, _, err := x.grant(x.role, stub("user", privxsim.DefaultAPIClientID))
			_, cancelled := grant.IsErrGrantCancelled(err)
			require.True(t, cancelled, "%v", err)
			require.Equal(t, 1, x.sim.CountRequests("GET", currentUserPath))
			require.Len(t, x.logs.FilterMessageSnippet("PrivX does not say as which API client the connector runs").All(), 1)
		})
	}
}

// Credentials that do not name the API client: PrivX is asked who it is, once.
func TestOwnAPIClientIsAskedFor(t *testing.T) {
	t.Parallel()
	x := newSceneWith(t, provisioningStore(), oauthOnlyWorks(), oauthOnly)
	manager := v2.NewGrantManagerServiceClient(x.client())
	var users []string
	for i := range 5 {
		users = append(users, x.store.AddUser(privxsim.User{Principal: fmt.Sprintf("u%d", i)}).ID)
	}
	errs := atOnce(len(users), func(i int) error {
		_, err := manager.Grant(x.ctx, grantRequest(x.role, stub("user", users[i])))
		return err
	})
	for i, user := range users {
		require.NoError(t, errs[i])
		require.True(t, x.membership(x.role, user).Explicit)
	}
	require.Equal(t, 1, x.sim.CountRequests("GET", currentUserPath))

	before := x.writes()
	_, _, err := x.grant(x.role, stub("user", privxsim.DefaultAPIClientID))
	reason, cancelled := grant.IsErrGrantCancelled(err)
	require.True(t, cancelled, "%v", err)
	require.Contains(t, reason, "the API client that the connector itself runs as")
	_, err = x.revoke(x.role, stub("user", privxsim.DefaultAPIClientID))
	require.Equal(t, codes.FailedPrecondition, status.Code(err))
	require.Equal(t, before, x.writes())
	require.Equal(t, 1, x.sim.CountRequests("GET", currentUserPath))
}

// Where it cannot be known, nothing is changed.
func TestOwnAPIClientCannotBeKnown(t *testing.T) {
	t.Parallel()
	without := oauthOnlyWorks()
	without.NoCurrentUser = true
	for name, c := range map[string]struct {
		options privxsim.Options
		fault   *privxsim.Fault
		code    codes.Code
		says    string
	}{
		"PrivX does not offer it": {without, nil, codes.FailedPrecondition, "give its api-client-id"},
		"a 404":                   {oauthOnlyWorks(), &privxsim.Fault{Status: 404}, codes.FailedPrecondition, "give its api-client-id"},
		"a page":                  {oauthOnlyWorks(), &privxsim.Fault{Kind: privxsim.FaultHTML}, codes.FailedPrecondition, "give its api-client-id"},
		"forbidden":               {oauthOnlyWorks(), &privxsim.Fault{Status: 403}, codes.FailedPrecondition, "give its api-client-id"},
		"nobody":                  {oauthOnlyWorks(), &privxsim.Fault{Status: 200, Body: `{"id":""}`}, codes.FailedPrecondition, "a user without an id"},
		"refused credentials":     {privxsim.Options{}, nil, codes.Unauthenticated, "the credentials were refused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newSceneWith(t, provisioningStore(), c.options, oauthOnly)
			held := x.store.AddRole(privxsim.Role{Name: "held"}).ID
			x.store.GrantExplicit(held, x.user, privxsim.Grant{})
			if c.fault != nil {
				fault := *c.fault
				fault.Path = currentUserPath
				x.sim.Inject(fault)
			}
			_, _, err := x.grant(x.role, stub("user", x.user))
			require.Equal(t, c.code.String(), status.Code(err).String(), "%v", err)
			require.ErrorContains(t, err, c.says)
			_, err = x.revoke(held, stub("user", x.user))
			require.Equal(t, c.code.String(), status.Code(err).String(), "%v", err)
			require.ErrorContains(t, err, c.says)
			require.Zero(t, x.writes())

			if c.fault != nil {
				x.sim.ClearFaults()
				x.mustGrant(x.role, x.user) // a failure is not remembered
			}
		})
	}
}
