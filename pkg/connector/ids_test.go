package connector_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/grpc-ecosystem/go-grpc-middleware/logging/zap/ctxzap"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/config"
	"github.com/conductorone/baton-privx/pkg/connector"
	"github.com/conductorone/baton-privx/pkg/privx"
)

// A PrivX that gives the same id in upper and lower case: a membership that the
// rules gave is one, and a directory that is disabled disables its users.
func TestIDsInAnotherCase(t *testing.T) {
	t.Parallel()
	const (
		role      = "abcdef00-0000-4000-8000-000000000001"
		other     = "abcdef00-0000-4000-8000-000000000004"
		directory = "ABCDef00-0000-4000-8000-000000000002"
		user      = "abcdef00-0000-4000-8000-000000000003"
	)
	list := func(format string, args ...any) string {
		return `{"count":1,"items":[` + fmt.Sprintf(format, args...) + `]}`
	}
	answers := map[string]string{
		tokenPath:   `{"access_token":"t","expires_in":300}`,
		searchPath:  list(`{"id":%q,"principal":"alice","source":%q}`, user, directory),
		sourcesPath: list(`{"id":%q,"name":"Example","enabled":false}`, strings.ToUpper(directory)),
		// One role alone would be a PrivX that counts the rows of each answer.
		rolesPath: fmt.Sprintf(`{"count":2,"items":[{"id":%q,"name":"R"},{"id":%q,"name":"S"}]}`, strings.ToUpper(role), other),
		rolesPath + "/" + strings.ToUpper(role) + "/members": list(`{"id":%q,"roles":[{"id":%q,"implicit":true}]}`, user, role),
		rolesPath + "/" + other + "/members":                 list(`{"id":%q,"roles":[{"id":%q,"implicit":true}]}`, user, strings.ToUpper(other)),
		logoutPath:                                           `{}`,
	}
	server, err := privxsim.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		body, known := answers[r.URL.Path]
		if !known {
			w.WriteHeader(http.StatusNotFound)
			body = `{"error_code":"OBJECT_NOT_FOUND"}`
		}
		_, _ = io.WriteString(w, body)
	}), privxsim.ServeOptions{})
	require.NoError(t, err)
	t.Cleanup(server.Close)
	base, err := privx.ParseBaseURL(server.URL)
	require.NoError(t, err)
	client, err := privx.New(t.Context(), privx.Config{BaseURL: base, Credentials: allFour})
	require.NoError(t, err)
	core, logs := observer.New(zap.InfoLevel)
	x := &tenant{t: t, logs: logs, ctx: ctxzap.ToContext(t.Context(), zap.New(core)), connector: connector.ForClient(client, &config.Privx{})}

	s := x.mustSync()
	require.Len(t, s.grants, 2)
	for _, got := range s.grants {
		_, immutable := pick(t, got.GetAnnotations(), &v2.GrantImmutable{})
		require.True(t, immutable, "a mapped membership is shown as one that can be revoked")
	}
	require.Equal(t, "Example", profile(s.users[user])["source_name"])
	require.Equal(t, v2.Status_RESOURCE_STATUS_DISABLED, s.users[user].GetStatus().GetStatus())
}
