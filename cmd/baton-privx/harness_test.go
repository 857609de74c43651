package main_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/conductorone/baton-privx/internal/errorid"
	"github.com/conductorone/baton-privx/internal/errorid/errortest"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/c1z"
	"github.com/conductorone/baton-privx/internal/privxsim"
)

// binary is the real connector, built once.
var binary string

func TestMain(m *testing.M) {
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "baton-privx-test")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary = filepath.Join(dir, "baton-privx")
	if out, err := buildCommand().CombinedOutput(); err != nil {
		panic(fmt.Sprintf("%v\n%s", err, out))
	}
	return m.Run()
}

// buildCommand builds the binary. Where the tests run with the race detector, so
// does it, with the flags of the tests: the packages are those that they have
// compiled. Else it is built as the other steps of a check build it, which have
// filled the cache. Linking what only debuggers read would take as long again.
func buildCommand() *exec.Cmd {
	flags, cgo := []string{"-trimpath", "-ldflags=-w"}, "CGO_ENABLED=0"
	if raceDetector {
		flags, cgo = []string{"-race"}, "CGO_ENABLED=1"
	}
	build := exec.CommandContext(context.Background(), "go", append(append([]string{"build"}, flags...), "-o", binary, ".")...)
	build.Env = append(os.Environ(), cgo)
	return build
}

// environment is what every process of the binary has in its environment,
// whatever else a test gives it. The test fails if one of the processes that are
// started with it, or one of their children, has a data race, however it ends.
func environment(t *testing.T, dir string) []string {
	t.Helper()
	// Not t.TempDir: the detector's settings are parted by commas, which a test's
	// name may hold.
	reports, err := os.MkdirTemp(filepath.Dir(binary), "race")
	require.NoError(t, err)
	t.Cleanup(func() {
		found, err := filepath.Glob(filepath.Join(reports, "*"))
		require.NoError(t, err)
		for _, path := range found {
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			t.Errorf("%s", text)
		}
	})
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TMPDIR=" + dir, "GORACE=log_path=" + filepath.Join(reports, "report")}
}

// outcome is what a run of the binary left behind.
type outcome struct {
	stdout, stderr string
	code           int
	dir            string
}

func (o outcome) all() string { return o.stdout + o.stderr }

// file is the default output.
func (o outcome) file() string { return filepath.Join(o.dir, "sync.c1z") }

// lastLine is what the operator reads last.
func (o outcome) lastLine() string {
	lines := strings.Split(strings.TrimSpace(o.stderr), "\n")
	return lines[len(lines)-1]
}

// ownError is the id of the error that a run has ended with, which the connector has made.
// The log is left out.
func (o outcome) ownError(t *testing.T) errorid.ID {
	t.Helper()
	var told []string
	for line := range strings.Lines(o.stderr) {
		if !strings.HasPrefix(line, "{") {
			told = append(told, line)
		}
	}
	return errortest.ID(t, strings.Join(told, ""))
}

// run starts the binary in a folder of its own, with nothing in its environment
// but what is given, and waits for its end.
func run(t *testing.T, env map[string]string, args ...string) outcome {
	t.Helper()
	return runIn(t, t.TempDir(), env, args...)
}

func runIn(t *testing.T, dir string, env map[string]string, args ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Dir = dir
	cmd.Env = environment(t, dir)
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	require.NoError(t, ctx.Err(), "the binary did not end: %s", stderr.String())
	return outcome{stdout: stdout.String(), stderr: stderr.String(), code: cmd.ProcessState.ExitCode(), dir: dir}
}

// site is a simulated PrivX on loopback and how to reach it.
type site struct {
	store *privxsim.Store
	sim   *privxsim.Simulator
	url   string
	ca    string // path
}

func newSite(t *testing.T, store *privxsim.Store, options privxsim.Options) *site {
	t.Helper()
	sim := privxsim.New(store, options)
	server, err := privxsim.Serve(sim, privxsim.ServeOptions{TLS: true})
	require.NoError(t, err)
	t.Cleanup(server.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(ca, server.CAPEM, 0o600))
	return &site{store: store, sim: sim, url: server.URL + options.PathPrefix, ca: ca}
}

func smallSite(t *testing.T) *site {
	t.Helper()
	return newSite(t, privxsim.Seed(privxsim.SeedOptions{Users: 30, Roles: 8}), privxsim.Options{})
}

func (s *site) settings() map[string]string {
	return map[string]string{
		"base-url": s.url, "ca-certificate": s.ca,
		"api-client-id": privxsim.DefaultAPIClientID, "api-client-secret": privxsim.DefaultAPIClientSecret,
		"oauth-client-id": privxsim.DefaultOAuthClientID, "oauth-client-secret": privxsim.DefaultOAuthClientSecret,
	}
}

// env gives settings as environment variables.
func env(settings map[string]string) map[string]string {
	vars := make(map[string]string)
	for name, value := range settings {
		vars["BATON_"+strings.ToUpper(strings.ReplaceAll(name, "-", "_"))] = value
	}
	return vars
}

// flags gives settings as flags.
func flags(settings map[string]string) []string {
	var args []string
	for name, value := range settings {
		args = append(args, "--"+name, value)
	}
	return args
}

// without leaves settings out.
func without(settings map[string]string, names ...string) map[string]string {
	for _, name := range names {
		delete(settings, name)
	}
	return settings
}

// grantsIn reads the ids of the grants in a file's finished sync; nil if it has
// no finished sync.
func grantsIn(t *testing.T, path string) map[string]bool {
	t.Helper()
	content, err := c1z.Read(t.Context(), path)
	if errors.Is(err, c1z.ErrNoFinishedSync) {
		return nil
	}
	require.NoError(t, err)
	return setOf(content.GrantIDs())
}

// requireNotFinished checks that there is no finished sync in a file. The SDK may
// have written it all the same, to go on from there in the next run.
func requireNotFinished(t *testing.T, path string) {
	t.Helper()
	if _, err := os.Stat(path); err == nil {
		require.Nil(t, grantsIn(t, path), "an unfinished sync is not a finished one")
	}
}

func (s *site) memberships() map[string]bool {
	ids := make(map[string]bool)
	for _, m := range s.store.Memberships() {
		ids["role:"+m.RoleID+":assigned:user:"+m.UserID] = true
	}
	return ids
}

func requireNoSecrets(t *testing.T, got outcome) {
	t.Helper()
	output := got.all()
	if file, err := os.ReadFile(got.file()); err == nil {
		output += string(file)
	}
	for _, secret := range []string{
		privxsim.DefaultAPIClientSecret, privxsim.DefaultOAuthClientSecret, privxsim.CanaryPrefix, privxsim.CanaryIPMask, "Bearer ", "Basic ",
	} {
		require.NotContains(t, output, secret)
	}
}
