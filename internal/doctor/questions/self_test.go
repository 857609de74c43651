package questions_test

import (
	"net/http"
	"testing"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/doctortest"
	"github.com/conductorone/baton-privx/internal/privxsim"
)

// oauthClientAlone is a connector that has the credentials of the OAuth client alone.
func oauthClientAlone(given *doctor.Given) {
	given.Config.ApiClientId, given.Config.ApiClientSecret = "", ""
	given.Provisioning = true
}

// currentIs is a PrivX that answers something to GET /users/current.
func currentIs(body string) arrangement {
	return with(privxsim.Options{}, privxsim.Fault{Path: doctortest.CurrentPath, Status: http.StatusOK, Body: body})
}

var selfCases = []doctortest.Case{
	onSide("PXQ-048", "", "a", with(privxsim.Options{})),
	finding("with 400", onSide("PXQ-048", "not-told", "b", configured(with(privxsim.Options{NoCurrentUser: true}), provisioning))),
	onSide("PXQ-048", "", "b", with(privxsim.Options{NoCurrentUser: true})),
	onSide("PXQ-048", "nobody-known", "c", configured(with(privxsim.Options{NoCurrentUser: true, OAuthClientCredentials: true}), oauthClientAlone)),
	onSide("PXQ-048", "otherwise", "otherwise", currentIs(`{"principal":"somebody"}`)),
	onSide("PXQ-048", "unanswered", "", currentIs(`[]`)),
	onSide("PXQ-048", "unanswered", "", with(privxsim.Options{}, privxsim.Fault{Path: doctortest.CurrentPath, Kind: privxsim.FaultHTML})),
	onSide("PXQ-048", "unanswered", "", failing(http.StatusBadGateway, doctortest.CurrentPath)),

	onSide("PXQ-049", "", "a", with(privxsim.Options{})),
	onSide("PXQ-049", "", "b", currentIs(`{"id":"6f2b8c1d-90e4-4a57-8d36-1c7e5f4b2a09"}`)),
	onSide("PXQ-049", "not-seen", "", with(privxsim.Options{NoCurrentUser: true})),
	onSide("PXQ-049", "not-seen", "", currentIs(`{}`)),
	onSide("PXQ-049", "not-seen", "", configured(with(privxsim.Options{OAuthClientCredentials: true}), oauthClientAlone)),
	onSide("PXQ-049", "unanswered", "", failing(http.StatusBadGateway, doctortest.CurrentPath)),
}

func TestSelf(t *testing.T) {
	t.Parallel()
	doctortest.RunCases(t, all(), only("PXQ-048", "PXQ-049"), selfCases)
}
