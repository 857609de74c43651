package api_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// What is kept of a login for as long as the client lives does not keep the request with the
// credentials alive.
func TestLoginDoesNotKeepItsRequest(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"access_token":"token","expires_in":300}`))
	}))
	t.Cleanup(server.Close)
	base, err := url.Parse(server.URL)
	require.NoError(t, err)
	client, err := api.New(t.Context(), api.Config{BaseURL: base, Credentials: api.APIClientCredentials{ClientID: "id", ClientSecret: "secret"}})
	require.NoError(t, err)
	login, err := client.Login(t.Context())
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, login.Answer.Status)
	require.False(t, login.Answer.KnowsRequest())
	require.Equal(t, "a text", login.Answer.Clean("a\ntext"))
}
