package connection_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/connection"
	"github.com/conductorone/baton-privx/internal/doctor/doctortest"
	"github.com/conductorone/baton-privx/internal/privxsim"
)

func TestConfiguration(t *testing.T) {
	t.Parallel()
	const fit, origin, way = connection.Configured, "PX-CONF-02", "PX-CONF-03"
	good := ordinary(privxsim.Options{})
	with := func(change func(*doctor.Given)) arranger { return changed(privxsim.Options{}, change) }
	given := func(settings ...doctor.Setting) arranger {
		return with(func(g *doctor.Given) { g.Settings = settings })
	}
	baseURL, secret, file := doctor.Setting{Name: "base-url", From: "flag"}, doctor.Setting{Name: "api-client-secret", From: "variable"}, doctor.Setting{Name: "workers", From: "file"}
	runCases(t, "Configuration", []doctortest.Case{
		{Check: fit, Found: "PrivX is at https://127.0.0.1:", Arrange: good, After: func(t *testing.T, v *doctor.Visit) {
			require.NotNil(t, v.Client)
			require.NotNil(t, v.Ask)
			require.Zero(t, v.Client.Calls())
		}},
		{Check: fit, Way: "mistake", Name: "found before", Cause: "a mistake", Arrange: with(func(g *doctor.Given) { g.Config, g.Mistake = nil, errors.New("a mistake") })},
		{Check: fit, Way: "mistake", Name: "no address", Cause: "base-url", Arrange: with(func(g *doctor.Given) { g.Config.BaseUrl = "" })},
		{Check: fit, Way: "mistake", Name: "half a pair", Cause: "api-client-secret", Arrange: with(func(g *doctor.Given) { g.Config.ApiClientSecret = "" })},
		{Check: fit, Way: "mistake", Name: "method", Cause: "auth-method", Arrange: with(func(g *doctor.Given) { g.Method = "token" })},
		{Check: fit, Way: "mistake", Name: "CA", Cause: "ca-certificate", Arrange: with(func(g *doctor.Given) { g.Config.CaCertificate = []byte("no PEM") })},

		{Check: origin, Found: "no setting is given", Arrange: good},
		{
			Check: origin, Name: "each", Found: "by flag: base-url; by variable: api-client-secret; by file: workers",
			Arrange: given(baseURL, secret, file),
		},
		{Check: origin, Way: "secret-flag", Found: "by flag: base-url, oauth-client-secret", Arrange: given(baseURL, doctor.Setting{Name: "oauth-client-secret", From: "flag"})},
		{Check: origin, Way: "secret-flag", Name: "of the API client", Arrange: given(doctor.Setting{Name: "api-client-secret", From: "flag"})},
		{Check: origin, Way: "secret-flag", Name: "of ConductorOne", Arrange: given(doctor.Setting{Name: "client-secret", From: "flag"})},

		{Check: way, Found: "password grant", Arrange: good},
		{Check: way, Name: "API client alone", Found: "the API client alone", Arrange: with(withoutOAuth)},
		{Check: way, Way: "oauth-alone", Found: "the OAuth client alone", Arrange: with(withoutAPIClient)},
		{Check: way, Way: "leftovers", Found: "the API client alone", Arrange: with(func(g *doctor.Given) { g.Method = "client-secret" })},
		{Check: way, Way: "leftovers", Name: "the ID", Arrange: with(func(g *doctor.Given) { g.Method, g.Config.OauthClientSecret = "client-secret", "" })},
	})
}

func withoutOAuth(g *doctor.Given) { g.Config.OauthClientId, g.Config.OauthClientSecret = "", "" }

func withoutAPIClient(g *doctor.Given) { g.Config.ApiClientId, g.Config.ApiClientSecret = "", "" }
