package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/conductorone/baton-sdk/pkg/connectorbuilder"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/conductorone/baton-privx/pkg/connector"
)

func TestIsOneShot(t *testing.T) {
	t.Parallel()
	none := map[string]string{}
	for _, c := range []struct {
		args []string
		env  map[string]string
		want bool
	}{
		{nil, none, true},
		{[]string{"--file", "x.c1z"}, none, true},
		{[]string{"--grant-entitlement", "e"}, none, true},
		{[]string{"capabilities"}, none, false},
		{[]string{"config"}, none, false},
		{[]string{"--client-id", "c"}, none, false},
		{[]string{"-p", "--client-id=c"}, none, false},
		{nil, map[string]string{"BATON_CLIENT_ID": "c"}, false},
		{nil, map[string]string{"BATON_CLIENT_ID": ""}, true},
		{[]string{"--file", "x.c1z", "_connector-service"}, none, false},
	} {
		lookup := func(name string) (string, bool) {
			value, found := c.env[name]
			return value, found
		}
		require.Equal(t, c.want, isOneShot(c.args, lookup), "%v %v", c.args, c.env)
	}
}

// A run that ends with 0 though a call has failed ends with the failure's code.
func TestExitCodeOfASwallowedFailure(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "failure")
	noted := &failures{path: path, open: make(map[string]error)}
	code := func() int {
		code, text := exitCode(ended(t, "exit 0"), path)
		require.Equal(t, code != 0, text != "")
		return code
	}
	require.Equal(t, 0, code())

	noted.note("validate", status.Error(codes.Unavailable, "away"))
	require.Equal(t, int(codes.Unavailable), code())
	noted.note("validate", nil)
	require.Equal(t, 0, code(), "it has succeeded since")

	noted.note("grants a", status.Error(codes.Unavailable, "away"))
	noted.note("grants b", status.Error(codes.PermissionDenied, "no"))
	noted.note("grants c", status.Error(codes.Canceled, "because of b"))
	noted.note("get d", status.Error(codes.NotFound, "left out"))
	require.Equal(t, int(codes.PermissionDenied), code())
	noted.note("grants e", nil)
	require.Equal(t, int(codes.PermissionDenied), code(), "another call's success mends nothing")

	_, text := exitCode(ended(t, "exit 0"), path)
	require.Contains(t, text, "no")

	require.NoError(t, os.WriteFile(path, []byte("?\nrubbish"), 0o600))
	require.Equal(t, 1, code())
}

// Any other end of a run is passed on as a shell would.
func TestExitCodeIsPassedOn(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "failure")
	for script, want := range map[string]int{"exit 9": 9, "kill -TERM $$": 128 + 15} {
		code, text := exitCode(ended(t, script), missing)
		require.Equal(t, want, code)
		require.Empty(t, text)
	}
}

func ended(t *testing.T, script string) *os.ProcessState {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", script)
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	return cmd.ProcessState
}

// What is watched can do all that it can do unwatched.
func TestWatchedSyncersAreTheSame(t *testing.T) {
	t.Parallel()
	bare := (&connector.Connector{}).ResourceSyncers(t.Context())
	watch := &watched{ConnectorBuilderV2: &connector.Connector{}, failures: &failures{}}
	for i, syncer := range watch.ResourceSyncers(t.Context()) {
		require.IsType(t, &watchedSyncer{}, syncer)
		require.Equal(t, abilities(bare[i]), abilities(syncer), syncer.ResourceType(t.Context()).GetId())
	}
}

func abilities(syncer any) map[string]bool {
	_, targeted := syncer.(connectorbuilder.ResourceTargetedSyncerLimited)
	_, static := syncer.(connectorbuilder.StaticEntitlementSyncerV2)
	_, typeScoped := syncer.(connectorbuilder.TypeScopedGrantsSyncer)
	_, provisioner := syncer.(connectorbuilder.ResourceProvisionerV2Limited)
	_, accounts := syncer.(connectorbuilder.AccountManagerLimited)
	return map[string]bool{"targeted": targeted, "static": static, "type-scoped": typeScoped, "provisioner": provisioner, "accounts": accounts}
}
