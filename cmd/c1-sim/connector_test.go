package main

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/internal/simcmd/simtest"
)

// A script's way through everything, with the real connector.
func TestRealConnector(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("make test links the connector for it once more")
	}
	here, err := os.Getwd()
	require.NoError(t, err)
	dir, err := filepath.Rel(here, filepath.Join(t.TempDir(), "made", "when", "missing"))
	require.NoError(t, err)
	i := start(t, "--dir", dir)
	store := privxsim.Seed(privxsim.SeedOptions{Users: 5, Roles: 3, MembersPerRole: 2})
	privx, err := privxsim.Serve(privxsim.New(store, privxsim.Options{}), privxsim.ServeOptions{TLS: true})
	require.NoError(t, err)
	defer privx.Close()
	log := i.runConnector(privx)

	hello := i.values(http.MethodGet, "/hello")
	require.Equal(t, "replica-1", hello["host"])
	require.Contains(t, hello["connector"], "PrivX")
	require.Contains(t, strings.Split(hello["capabilities"], ","), "sync")
	require.NotEmpty(t, hello["version"])

	status, _ := i.ask(http.MethodGet, "/grants")
	require.Equal(t, http.StatusNotFound, status)
	synced := i.values(http.MethodPost, "/tasks/sync")
	require.Equal(t, "OK", synced["code"], log)
	require.Equal(t, "replica-1", synced["host"])
	require.FileExists(t, synced["path"])
	require.True(t, filepath.IsAbs(synced["path"]))
	var want []string
	for _, m := range store.Memberships() {
		want = append(want, "role:"+m.RoleID+":assigned:user:"+m.UserID+"\n")
	}
	status, body := i.ask(http.MethodGet, "/grants")
	require.Equal(t, http.StatusOK, status)
	require.ElementsMatch(t, want, slices.Collect(strings.Lines(body)))
	for path, rows := range map[string]int{"/entitlements": len(store.Roles()), "/resources?type=user": len(store.Users()), "/resources?type=none": 0} {
		_, body = i.ask(http.MethodGet, path)
		require.Len(t, slices.Collect(strings.Lines(body)), rows, path)
	}

	role, user := store.Roles()[0].ID, store.Users()[0].ID
	synced = i.values(http.MethodPost, "/tasks/sync?resource=role:"+role)
	require.Equal(t, "1", synced["entitlements"])
	synced = i.values(http.MethodPost, "/tasks/sync?resource-type=user")
	require.Equal(t, "0", synced["entitlements"])

	// It was started without --provisioning.
	for _, task := range []string{"grant", "revoke"} {
		status, body = i.ask(http.MethodPost, "/tasks/"+task+"?role="+role+"&user="+user)
		require.Equal(t, http.StatusUnprocessableEntity, status, body)
		failed := read(t, body)
		require.Equal(t, "FailedPrecondition", failed["code"])
		require.Contains(t, failed["message"], "provisioning is not enabled")
	}
	i.Stop()
	for _, line := range []string{"Token OK\n", `Hello host="replica-1" OK` + "\n", `UploadAsset host="replica-1" task=` + synced["task"] + " OK\n"} {
		require.Contains(t, i.Log.String(), line)
	}
	require.NotContains(t, i.Log.String(), `GetTask host="replica-1" OK`)
	require.NotContains(t, i.Log.String(), i.Environment["BATON_CLIENT_SECRET"])
}

// runConnector builds the connector and runs it until the test ends. It returns
// its log.
func (i *instance) runConnector(privx *privxsim.Server) *simtest.Log {
	i.t.Helper()
	dir, log := i.t.TempDir(), &simtest.Log{}
	binary := filepath.Join(dir, "baton-privx")
	// Built as the other steps of a check build it, which have filled the cache.
	build := exec.CommandContext(i.t.Context(), "go", "build", "-trimpath", "-o", binary, "../baton-privx")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	require.NoError(i.t, err, "%s", out)
	ca := filepath.Join(dir, "privx.pem")
	require.NoError(i.t, os.WriteFile(ca, privx.CAPEM, 0o600))

	connector := exec.CommandContext(i.t.Context(), binary)
	connector.Dir = dir
	connector.Stdout, connector.Stderr = log, log
	connector.Env = []string{
		"TMPDIR=" + dir, "BATON_HOST_ID=replica-1", "BATON_LOG_LEVEL=debug",
		"BATON_BASE_URL=" + privx.URL, "BATON_CA_CERTIFICATE=" + ca,
		"BATON_API_CLIENT_ID=" + privxsim.DefaultAPIClientID, "BATON_API_CLIENT_SECRET=" + privxsim.DefaultAPIClientSecret,
		"BATON_OAUTH_CLIENT_ID=" + privxsim.DefaultOAuthClientID, "BATON_OAUTH_CLIENT_SECRET=" + privxsim.DefaultOAuthClientSecret,
	}
	for name, value := range i.Environment {
		connector.Env = append(connector.Env, name+"="+value)
	}
	connector.Cancel = func() error { return connector.Process.Signal(os.Interrupt) }
	connector.WaitDelay = 10 * time.Second
	require.NoError(i.t, connector.Start())
	i.t.Cleanup(func() { // by now the test's context is over
		_ = connector.Wait()
		if i.t.Failed() {
			i.t.Logf("the connector's log:\n%s", log)
		}
	})
	return log
}
