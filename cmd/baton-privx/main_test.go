package main_test

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/conductorone/baton-privx/internal/errorid"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/conductorone/baton-privx/internal/privxsim"
)

func TestVersion(t *testing.T) {
	t.Parallel()
	got := run(t, nil, "--version")
	require.Zero(t, got.code)
	require.Equal(t, "baton-privx version dev\n", got.stdout)
}

// What describes the connector works with no configuration at all, and is what
// is checked in.
func TestCapabilitiesAndConfigNeedNoConfiguration(t *testing.T) {
	t.Parallel()
	for command, file := range map[string]string{"capabilities": "baton_capabilities.json", "config": "config_schema.json"} {
		got := run(t, nil, command)
		require.Zero(t, got.code, got.stderr)
		want, err := os.ReadFile(filepath.Join("..", "..", file))
		require.NoError(t, err)
		require.JSONEq(t, string(want), got.stdout, "run make generate")
	}
}

// The same sync with flags, with variables and with the SDK's YAML file.
func TestOneShotSync(t *testing.T) {
	t.Parallel()
	s := newSite(t, privxsim.Seed(privxsim.SeedOptions{Users: 60, Roles: 12}), privxsim.Options{PathPrefix: "/privx"})
	want := s.memberships()

	t.Run("flags", func(t *testing.T) {
		t.Parallel()
		got := run(t, nil, flags(s.settings())...)
		require.Zero(t, got.code, got.stderr)
		require.Equal(t, want, grantsIn(t, got.file()))
	})
	t.Run("variables", func(t *testing.T) {
		t.Parallel()
		got := run(t, env(s.settings()), "--file", "other.c1z")
		require.Zero(t, got.code, got.stderr)
		require.Equal(t, want, grantsIn(t, filepath.Join(got.dir, "other.c1z")))
		require.Equal(t, 1, strings.Count(got.all(), "baton-privx: everything read from PrivX"))
	})
	t.Run("YAML", func(t *testing.T) {
		t.Parallel()
		text, err := json.Marshal(s.settings()) // JSON is YAML
		require.NoError(t, err)
		path := filepath.Join(t.TempDir(), "privx.yaml")
		require.NoError(t, os.WriteFile(path, text, 0o600))
		got := run(t, map[string]string{"BATON_CONFIG_PATH": path})
		require.Zero(t, got.code, got.stderr)
		require.Equal(t, want, grantsIn(t, got.file()))
	})
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		got := run(t, env(s.settings()), "--storage-engine", "sqlite", "--workers", "8")
		require.Zero(t, got.code, got.stderr)
		require.Equal(t, want, grantsIn(t, got.file()))
	})
}

// Bad configuration is one line that names the field, a non-zero exit code, and
// nothing over the network.
func TestBadConfiguration(t *testing.T) {
	t.Parallel()
	s := smallSite(t)
	junk := filepath.Join(t.TempDir(), "junk.pem")
	require.NoError(t, os.WriteFile(junk, []byte("junk"), 0o600))
	with := func(name, value string) map[string]string {
		settings := s.settings()
		settings[name] = value
		return settings
	}
	for name, c := range map[string]struct {
		settings map[string]string
		says     string
	}{
		"no base URL":     {without(s.settings(), "base-url"), "base-url"},
		"plain http":      {with("base-url", "http://privx.example.com"), "baton-privx: base-url: must begin with https://"},
		"no credentials":  {without(s.settings(), "api-client-id", "api-client-secret", "oauth-client-id", "oauth-client-secret"), "baton-privx: oauth-client-id: no credentials"},
		"half a pair":     {without(s.settings(), "api-client-secret"), "baton-privx: api-client-secret: is missing"},
		"unknown method":  {with("auth-method", "magic"), `baton-privx: auth-method: "magic" is not known`},
		"oauth's absence": {without(with("auth-method", "oauth"), "oauth-client-id", "oauth-client-secret"), "baton-privx: oauth-client-id: is missing"},
		"junk for a CA":   {with("ca-certificate", junk), "baton-privx: ca-certificate: no PEM certificate in it"},
		"no such word":    {with("expand-reach", "sometimes"), "field expand-reach: value must be one of [auto on off]"},
		"half a wish":     {with("sync-personal-secrets", "true"), "baton-privx: sync-personal-secrets: needs sync-secrets"},
		"one host":        {with("sync-resources", "bid:r:host/x"), "baton-privx: sync-resources: the resource type host needs sync-hosts"},
		"one what":        {with("sync-resources", "bid:r:role/x,bid:r:what/x"), "baton-privx: sync-resources: there is no resource type what"},
		"no CA file":      {with("ca-certificate", junk+".missing"), "error decoding 'ca-certificate': cannot access file: no such file or directory"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := run(t, env(c.settings))
			require.NotZero(t, got.code)
			require.Contains(t, got.lastLine(), c.says)
			if strings.HasPrefix(c.says, "baton-privx: ") { // baton-sdk's own have none
				got.ownError(t)
			}
			require.NotContains(t, got.all(), privxsim.DefaultOAuthClientSecret)
			require.NoFileExists(t, got.file())
			require.Empty(t, s.sim.Requests())
		})
	}
}

// The authentication methods against PrivX as it may be set up.
func TestAuthentication(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("make test runs the binary with each way to log in")
	}
	const tokenPath, clientPath = "/auth/api/v1/oauth/token", "/auth/api/v1/oauth/clientcredentials/privx-external/token"
	oauthOnly := []string{"api-client-id", "api-client-secret"}
	apiOnly := []string{"oauth-client-id", "oauth-client-secret"}
	for name, c := range map[string]struct {
		options privxsim.Options
		leave   []string
		method  string
		path    string
		refused string // what the error says; empty if it works
	}{
		"both pairs":                            {path: tokenPath},
		"both pairs, oauth":                     {method: "oauth", path: tokenPath},
		"OAuth pair, accepted":                  {leave: oauthOnly, options: privxsim.Options{OAuthClientCredentials: true, OAuthPrincipal: privxsim.DefaultAPIClientID}, path: tokenPath},
		"OAuth pair, refused":                   {leave: oauthOnly, path: tokenPath, refused: "add api-client-id and api-client-secret from the same Credentials page"},
		"OAuth pair, refused with 401":          {leave: oauthOnly, options: privxsim.Options{BadCredentialsStatus: 401}, path: tokenPath, refused: "add api-client-id and api-client-secret"},
		"API pair, public client":               {leave: apiOnly, options: privxsim.Options{PublicClient: true}, path: clientPath},
		"API pair, confidential client":         {leave: apiOnly, path: clientPath, refused: "privx-external as a public client"},
		"client-secret, leftovers":              {method: "client-secret", options: privxsim.Options{PublicClient: true}, path: clientPath},
		"client-secret, confidential, leftover": {method: "client-secret", path: clientPath, refused: "oauth-client-id and oauth-client-secret are needed too"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, privxsim.Seed(privxsim.SeedOptions{Users: 10, Roles: 2}), c.options)
			settings := without(s.settings(), c.leave...)
			if c.method != "" {
				settings["auth-method"] = c.method
			}
			got := run(t, env(settings))
			require.Equal(t, 1, s.sim.CountRequests("POST", c.path), "one token request, never repeated")
			if c.refused == "" {
				require.Zero(t, got.code, got.stderr)
				require.Equal(t, s.memberships(), grantsIn(t, got.file()))
				return
			}
			require.Equal(t, int(codes.Unauthenticated), got.code, got.stderr)
			require.Contains(t, got.lastLine(), c.refused)
			require.Equal(t, errorid.CredentialsRefused, got.ownError(t))
			require.Len(t, s.sim.Requests(), 1, "nothing is asked without a token")
		})
	}
}

// Fail closed, seen from outside: the exit code, the last line and the file.
func TestFailedSync(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("make test runs the binary with each of these faults")
	}
	for name, c := range map[string]struct {
		fault privxsim.Fault
		code  codes.Code
		says  string
	}{
		"forbidden":      {privxsim.Fault{Kind: privxsim.FaultStatus, Status: 403}, codes.PermissionDenied, "the permission roles-view"},
		"not found":      {privxsim.Fault{Kind: privxsim.FaultHTML, Status: 404}, codes.FailedPrecondition, "check that base-url"},
		"a login page":   {privxsim.Fault{Kind: privxsim.FaultHTML}, codes.FailedPrecondition, "not JSON"},
		"a redirect":     {privxsim.Fault{Kind: privxsim.FaultRedirect}, codes.FailedPrecondition, "redirect"},
		"truncated JSON": {privxsim.Fault{Kind: privxsim.FaultTruncated}, codes.FailedPrecondition, "listing the members of role"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := smallSite(t)
			fault := c.fault
			fault.Path, fault.Skip = "/role-store/api/v1/roles/*/members", 3
			s.sim.Inject(fault)
			dir := t.TempDir()
			got := runIn(t, dir, env(s.settings()), "--log-level", "debug")
			require.Equal(t, int(c.code), got.code, got.stderr)
			require.Contains(t, got.stderr, c.says)
			got.ownError(t)
			requireNotFinished(t, got.file())
			requireNoSecrets(t, got)

			// Mended, the same command makes up for all of it.
			s.sim.ClearFaults()
			got = runIn(t, dir, env(s.settings()))
			require.Zero(t, got.code, got.stderr)
			require.Equal(t, s.memberships(), grantsIn(t, got.file()))
		})
	}
}

// At debug level, with errors and retries in it, no output holds a
// secret, though the server repeats all that it is told.
func TestNoSecretIsEverPrinted(t *testing.T) {
	t.Parallel()
	s := smallSite(t)
	echo := `{"error":"x ` + privxsim.DefaultOAuthClientSecret + `","error_description":"password ` + privxsim.DefaultAPIClientSecret +
		`","error_code":"` + privxsim.DefaultAPIClientSecret + `","error_message":"` + privxsim.DefaultOAuthClientSecret + `"}`
	s.sim.Inject(privxsim.Fault{Path: "/auth/api/v1/oauth/token", Count: 1, Kind: privxsim.FaultStatus, Status: 503, Body: echo})
	s.sim.Inject(privxsim.Fault{Path: "/role-store/api/v1/roles", Skip: 1, Count: 1, Kind: privxsim.FaultStatus, Status: 500, Body: echo})
	got := run(t, env(s.settings()), "--log-level", "debug")
	require.Zero(t, got.code, got.stderr)
	requireNoSecrets(t, got)

	s.sim.Inject(privxsim.Fault{Path: "/auth/api/v1/oauth/token", Kind: privxsim.FaultStatus, Status: 400, Body: echo})
	got = run(t, env(s.settings()), "--log-level", "debug")
	require.Equal(t, int(codes.Unauthenticated), got.code)
	requireNoSecrets(t, got)
}

// --workers 1 is one call at a time; without it several are under way.
func TestWorkers(t *testing.T) {
	t.Parallel()
	for args, together := range map[string]int{"--workers=1": 1, "--workers=0": 2, "": 2} {
		t.Run("workers "+args, func(t *testing.T) {
			t.Parallel()
			s := smallSite(t)
			most := watchConcurrency(s.sim, together)
			got := run(t, env(s.settings()), strings.Fields(args)...)
			require.Zero(t, got.code, got.stderr)
			if together == 1 {
				require.Equal(t, 1, most())
			} else {
				require.GreaterOrEqual(t, most(), together)
			}
		})
	}
}

// watchConcurrency holds the first request for members until as many are under
// way as are awaited, or for ten seconds, and tells how many were at most.
func watchConcurrency(sim *privxsim.Simulator, awaited int) func() int {
	var mu sync.Mutex
	var now, most int
	reached := make(chan struct{})
	sim.OnRequest(func(r privxsim.Request) {
		if !strings.HasSuffix(r.Path, "/members") {
			return
		}
		mu.Lock()
		now++
		if most = max(most, now); most == awaited && now == awaited {
			select {
			case <-reached:
			default:
				close(reached)
			}
		}
		mu.Unlock()
		select {
		case <-reached:
		case <-time.After(10 * time.Second):
		}
	})
	sim.OnResponse(func(r privxsim.Request) {
		if strings.HasSuffix(r.Path, "/members") {
			mu.Lock()
			now--
			mu.Unlock()
		}
	})
	return func() int {
		mu.Lock()
		defer mu.Unlock()
		return most
	}
}

// A certificate that is not trusted is said to be so, at once.
func TestForeignCA(t *testing.T) {
	t.Parallel()
	s := smallSite(t)
	got := run(t, env(without(s.settings(), "ca-certificate")))
	require.Equal(t, int(codes.FailedPrecondition), got.code, got.stderr)
	require.Contains(t, got.lastLine(), "ca-certificate")
	require.Empty(t, s.sim.Requests())
}

// A targeted sync of a role, by baton's own id.
func TestTargetedSync(t *testing.T) {
	t.Parallel()
	s := smallSite(t)
	role := s.store.Memberships()[0].RoleID
	dir := t.TempDir()
	require.Zero(t, runIn(t, dir, env(s.settings())).code)
	got := runIn(t, dir, env(s.settings()), "--sync-resources", "bid:r:role/"+role)
	require.Zero(t, got.code, got.stderr)
	want := make(map[string]bool)
	for id := range s.memberships() {
		if strings.HasPrefix(id, "role:"+role+":") {
			want[id] = true
		}
	}
	require.Equal(t, want, grantsIn(t, got.file()))
}

// A signal to the process that was started ends all of the run, and so does the
// end of that process, however it comes.
func TestSignalsEndTheRun(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		signal os.Signal
		code   int
	}{
		"SIGINT":  {os.Interrupt, 128 + int(syscall.SIGINT)},
		"SIGTERM": {syscall.SIGTERM, 128 + int(syscall.SIGTERM)},
		"SIGKILL": {syscall.SIGKILL, -1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := smallSite(t)
			reached, gone := make(chan struct{}, 100), make(chan struct{})
			s.sim.OnRequest(func(r privxsim.Request) {
				if strings.HasSuffix(r.Path, "/members") {
					reached <- struct{}{}
				}
			})
			s.sim.Inject(privxsim.Fault{Path: "/role-store/api/v1/roles/*/members", Kind: privxsim.FaultStall, Release: gone})
			t.Cleanup(func() { close(gone) })

			dir := t.TempDir()
			cmd := exec.CommandContext(t.Context(), binary, "--workers", "1")
			cmd.Dir, cmd.Env = dir, environment(t, dir)
			for name, value := range env(s.settings()) {
				cmd.Env = append(cmd.Env, name+"="+value)
			}
			// The pipe ends when the last process that holds it has ended.
			output, err := cmd.StderrPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			<-reached
			require.NoError(t, cmd.Process.Signal(c.signal))
			_, err = io.ReadAll(output)
			require.NoError(t, err)
			require.Error(t, cmd.Wait())
			require.Equal(t, c.code, cmd.ProcessState.ExitCode())
			requireNotFinished(t, filepath.Join(dir, "sync.c1z"))
		})
	}
}
