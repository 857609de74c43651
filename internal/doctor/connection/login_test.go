package connection_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/connection"
	"github.com/conductorone/baton-privx/internal/doctor/doctortest"
	"github.com/conductorone/baton-privx/internal/privxsim"
)

const (
	oauthPair = "to oauth-client-id and oauth-client-secret"
	apiPair   = "to api-client-id and api-client-secret"
)

func wrongOAuth(g *doctor.Given) { g.Config.OauthClientSecret = "wrong" }

func wrongAPIClient(g *doctor.Given) { g.Config.ApiClientSecret = "wrong" }

// tokenFault is a PrivX with a fault of its token endpoint.
func tokenFault(kind privxsim.FaultKind, status int) arranger {
	return ordinary(privxsim.Options{}, privxsim.Fault{Path: doctortest.TokenPath, Kind: kind, Status: status})
}

// tokenSays answers a login with a status and a body.
func tokenSays(status int, body string) arranger {
	return ordinary(privxsim.Options{}, privxsim.Fault{Path: doctortest.TokenPath, Status: status, Body: body})
}

func TestLogin(t *testing.T) {
	t.Parallel()
	const token = connection.LoggedIn
	with := changed
	wantsAll := privxsim.Options{BadCredentialsStatus: http.StatusUnauthorized}
	public := privxsim.Options{PublicClient: true}
	public401 := privxsim.Options{PublicClient: true, BadCredentialsStatus: http.StatusUnauthorized}
	wrongAlone := func(g *doctor.Given) {
		withoutOAuth(g)
		wrongAPIClient(g)
	}
	unsaid := `"soon"`
	runCases(t, "Login", append(selfCases(), []doctortest.Case{
		{Check: token, Found: "password grant), valid for 5m0s", Arrange: ordinary(privxsim.Options{}), After: oneLogin},
		{Check: token, Name: "API client alone", Found: "the API client alone", Arrange: with(public, withoutOAuth)},
		{Check: token, Name: "OAuth client alone", Found: "the OAuth client alone", Arrange: with(privxsim.Options{OAuthClientCredentials: true}, withoutAPIClient)},
		{Check: token, Name: "without a life", Found: "a new one each minute", Arrange: ordinary(privxsim.Options{ExpiresIn: &unsaid})},
		{Check: token, Name: "without TLS", Arrange: plain},

		{Check: token, Way: "invalid-client", Found: "400 invalid_client " + oauthPair, Arrange: with(privxsim.Options{}, wrongOAuth), After: oneLogin},
		{Check: token, Way: "invalid-client", Name: "401", Found: "401 invalid_client " + oauthPair, Arrange: with(wantsAll, wrongOAuth)},
		{Check: token, Way: "invalid-client", Name: "401 of the API client", Found: "401 invalid_client", Arrange: with(wantsAll, wrongAPIClient)},
		{Check: token, Way: "invalid-client", Name: "API client alone", Found: "invalid_client " + apiPair, Arrange: with(public, wrongAlone)},
		{Check: token, Way: "invalid-client", Name: "API client alone, 401", Found: "401 invalid_client " + apiPair, Arrange: with(public401, wrongAlone)},
		{Check: token, Way: "invalid-client", Name: "OAuth client alone", Found: "invalid_client " + oauthPair, Arrange: with(privxsim.Options{}, func(g *doctor.Given) {
			withoutAPIClient(g)
			wrongOAuth(g)
		})},
		{Check: token, Way: "invalid-grant", Found: "400 invalid_grant " + apiPair, Arrange: with(privxsim.Options{}, wrongAPIClient), After: oneLogin},
		{Check: token, Way: "way-not-allowed", Name: "OAuth client alone", Found: "unauthorized_client " + oauthPair, Cause: "add api-client-id", Arrange: with(privxsim.Options{}, withoutAPIClient)},
		{Check: token, Way: "way-not-allowed", Name: "API client alone", Found: "unauthorized_client " + apiPair, Cause: "public client", Arrange: with(privxsim.Options{}, withoutOAuth)},
		{Check: token, Way: "way-not-allowed", Name: "grant", Found: "unsupported_grant_type", Arrange: tokenSays(400, `{"error":"unsupported_grant_type"}`)},
		{Check: token, Way: "bad-request", Cause: "invalid_request", Arrange: tokenFault(privxsim.FaultStatus, 400)},
		{Check: token, Way: "bad-request", Name: "nothing said", Arrange: tokenFault(privxsim.FaultNoBody, 400)},
		{Check: token, Way: "unauthorized", Arrange: tokenFault(privxsim.FaultNoBody, 401)},
		{Check: token, Way: "unauthorized", Name: "in words of its own", Arrange: tokenSays(401, `{"error_code":"UNAUTHORIZED","error_message":"no"}`)},
		{Check: token, Way: "forbidden", Arrange: tokenSays(403, `{"error_code":"PERMISSION_DENIED"}`)},
		{Check: token, Way: "forbidden", Name: "nothing said", Arrange: tokenFault(privxsim.FaultNoBody, 403)},
		{Check: token, Way: "no-endpoint", Name: "404", Found: "404", Arrange: tokenFault(privxsim.FaultStatus, 404)},
		{Check: token, Way: "no-endpoint", Name: "404 in HTML", Found: "404", Arrange: tokenFault(privxsim.FaultHTML, 404)},
		{Check: token, Way: "no-endpoint", Name: "405", Found: "405", Arrange: tokenFault(privxsim.FaultNoBody, 405)},
		{Check: token, Way: "throttled", Found: "429", Arrange: tokenFault(privxsim.FaultStatus, 429)},
		{Check: token, Way: "not-well", Name: "503", Found: "503", Arrange: tokenFault(privxsim.FaultStatus, 503)},
		{Check: token, Way: "not-well", Name: "502 in HTML", Found: "502", Arrange: tokenFault(privxsim.FaultHTML, 502)},
		{Check: token, Way: "not-well", Name: "408", Found: "408", Arrange: tokenFault(privxsim.FaultNoBody, 408)},
		{Check: token, Way: "foreign", Name: "HTML", Found: "200", Arrange: tokenFault(privxsim.FaultHTML, 0)},
		{Check: token, Way: "foreign", Name: "403 in HTML", Found: "403", Arrange: tokenFault(privxsim.FaultHTML, 403)},
		{Check: token, Way: "foreign", Name: "400 in HTML", Found: "400", Arrange: tokenFault(privxsim.FaultHTML, 400)},
		{Check: token, Way: "foreign", Name: "redirect", Found: "302", Arrange: tokenFault(privxsim.FaultRedirect, 0)},
		{Check: token, Way: "foreign", Name: "no token", Found: "200", Arrange: tokenSays(200, `{"token":"x"}`)},
		{Check: token, Way: "foreign", Name: "418", Found: "418", Arrange: tokenFault(privxsim.FaultStatus, 418)},
		{Check: token, Way: "no-answer", Arrange: tokenFault(privxsim.FaultResetBefore, 0)},
		{Check: token, Way: "no-answer", Name: "too long", Arrange: tokenFault(privxsim.FaultOversized, 0)},
		{Check: token, Way: "no-answer", Name: "in time", Arrange: inAWhile(tokenFault(privxsim.FaultStall, 0))},
	}...))
}

// oneLogin checks that one request was sent to PrivX's login, after that for its status.
func oneLogin(t *testing.T, v *doctor.Visit) {
	t.Helper()
	want := 2
	if v.Client.API().Calls() > 2 {
		want = 3 // The logout.
	}
	require.EqualValues(t, want, v.Client.Calls())
}

func selfCases() []doctortest.Case {
	const self = "PX-LOGIN-02"
	is := func(want string) func(*testing.T, *doctor.Visit) {
		return func(t *testing.T, v *doctor.Visit) { require.Equal(t, want, v.Self) }
	}
	current := func(kind privxsim.FaultKind, status int, body string) arranger {
		return ordinary(privxsim.Options{}, privxsim.Fault{Path: doctortest.CurrentPath, Kind: kind, Status: status, Body: body})
	}
	const id = privxsim.DefaultAPIClientID
	return []doctortest.Case{
		{Check: self, Arrange: ordinary(privxsim.Options{}), After: is(id)},
		{Check: self, Name: "by both names", Found: `"sync", "Sync client"`, Arrange: current(0, 200, `{"id":"A","principal":"sync","full_name":"Sync client"}`), After: is("A")},
		{Check: self, Name: "by its name", Found: `"Sync client"`, Arrange: current(0, 200, `{"id":"A","full_name":"Sync client"}`), After: is("A")},
		{Check: self, Name: "by its principal", Found: `"sync"`, Arrange: current(0, 200, `{"id":"A","principal":"sync","full_name":""}`), After: is("A")},
		{Check: self, Name: "by no name", Found: "without a name", Arrange: current(0, 200, `{"id":"A"}`), After: is("A")},
		{Check: self, Way: "as-named", Found: "400", Arrange: ordinary(privxsim.Options{NoCurrentUser: true}), After: is(id)},
		{Check: self, Way: "as-named", Name: "403", Found: "403", Arrange: current(0, 403, ""), After: is(id)},
		{
			Check: self, Way: "unknown", Found: "400",
			Arrange: changed(privxsim.Options{NoCurrentUser: true, OAuthClientCredentials: true}, withoutAPIClient), After: is(""),
		},
		{Check: self, Way: "no-answer", Name: "500", Found: "500", Arrange: current(0, 500, ""), After: is(id)},
		{Check: self, Way: "no-answer", Name: "HTML", Found: "text/html", Arrange: current(privxsim.FaultHTML, 0, ""), After: is(id)},
		{Check: self, Way: "no-answer", Name: "no id", Found: "200", Arrange: current(0, 200, `{"id":7}`), After: is(id)},
		{Check: self, Way: "no-answer", Name: "reset", Found: "no answer", Arrange: current(privxsim.FaultResetBefore, 0, ""), After: is(id)},
	}
}
