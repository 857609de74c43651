package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/conductorone/baton-privx/internal/errorid"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/privxsim"
)

// doctorOutput is what is read of the doctor's JSON.
type doctorOutput struct {
	Success bool `json:"success"`
	Summary struct {
		Failed      int  `json:"failed"`
		Interrupted bool `json:"interrupted"`
	} `json:"summary"`
	Checks []struct {
		ID      string `json:"id"`
		Outcome string `json:"outcome"`
		Found   string `json:"found"`
	} `json:"checks"`
}

// outcomes are those of the checks, by id.
func (d doctorOutput) outcomes() map[string]string {
	outcomes := make(map[string]string)
	for _, check := range d.Checks {
		outcomes[check.ID] = check.Outcome
	}
	return outcomes
}

func parseDoctor(t *testing.T, got outcome) doctorOutput {
	t.Helper()
	var d doctorOutput
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &d), "%s%s", got.stdout, got.stderr)
	return d
}

func TestDoctorIsInTheHelp(t *testing.T) {
	t.Parallel()
	got := run(t, nil, "--help")
	require.Contains(t, got.stdout, "doctor             Find out whether the connector will work with a PrivX")
	got = run(t, nil, "doctor", "--help")
	require.Zero(t, got.code)
	for _, flag := range []string{"--base-url", "--ca-certificate", "--client-id", "--only", "--output", "--short", "--strict", "--report"} {
		require.Contains(t, got.stdout, flag)
	}
}

// The same settings, however they are given. Nothing fails, and nothing is changed.
func TestDoctor(t *testing.T) {
	t.Parallel()
	s := smallSite(t)
	before := s.memberships()
	text, err := json.Marshal(s.settings()) // JSON is YAML
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "privx.yaml")
	require.NoError(t, os.WriteFile(path, text, 0o600))
	want := map[string]string{}
	for name, c := range map[string]struct {
		env  map[string]string
		args []string
		from string
	}{
		"flags":     {args: flags(s.settings()), from: "flag"},
		"variables": {env: env(s.settings()), from: "variable"},
		"file":      {env: map[string]string{"BATON_CONFIG_PATH": path}, from: "file"},
	} {
		got := run(t, c.env, append([]string{"doctor", "--output", "json"}, c.args...)...)
		require.Zero(t, got.code, got.all())
		require.Empty(t, got.stderr)
		requireNoSecrets(t, got)
		d := parseDoctor(t, got)
		require.True(t, d.Success)
		require.Zero(t, d.Summary.Failed)
		outcomes := d.outcomes()
		require.Contains(t, got.stdout, "base-url", name)
		require.Contains(t, got.stdout, c.from, name)
		// A secret on the command line is worth a warning.
		delete(outcomes, "PX-CONF-02")
		if len(want) == 0 {
			want = outcomes
		}
		require.Equal(t, want, outcomes, name)
	}
	require.Equal(t, before, s.memberships())
	for _, r := range s.sim.Requests() {
		require.True(t, r.Method == http.MethodGet || r.Method == http.MethodOptions || strings.HasPrefix(r.Path, "/auth/") ||
			strings.HasSuffix(r.Path, "/users/search"), "%s %s", r.Method, r.Path)
	}
	require.Zero(t, s.sim.Sessions(), "each session is ended")
}

// The exit code tells the same in each form of output.
func TestDoctorExitCodes(t *testing.T) {
	t.Parallel()
	s := smallSite(t)
	warned := without(s.settings(), "page-size")
	warned["workers"] = "4"
	failing := s.settings()
	failing["api-client-secret"] = "wrong"
	for name, c := range map[string]struct {
		settings map[string]string
		args     []string
		code     int
		says     string
	}{
		"well":                {s.settings(), nil, 0, "0 failed"},
		"refused credentials": {failing, nil, 1, "PX-LOGIN-01"},
		"no settings":         {nil, nil, 1, "PX-CONF-01"},
		"bad number":          {map[string]string{"page-size": "010"}, nil, 1, "page-size"},
		"unknown flag":        {s.settings(), []string{"--nope"}, 2, "unknown flag: --nope"},
		"an argument":         {s.settings(), []string{"now"}, 2, `unknown command "now"`},
		"unknown output":      {s.settings(), []string{"--output", "yaml"}, 2, "choose text or json"},
		"unknown check":       {s.settings(), []string{"--only", "PX-CONF-99"}, 2, `there is no check "PX-CONF-99"`},
		"no place to report":  {s.settings(), []string{"--report", filepath.Join("none", "report.json")}, 2, "--report: "},
	} {
		for _, form := range []string{"text", "json"} {
			t.Run(name+" "+form, func(t *testing.T) {
				t.Parallel()
				args := append([]string{"doctor"}, c.args...)
				if name != "unknown output" {
					args = append(args, "--output", form)
				}
				got := run(t, env(c.settings), args...)
				require.Equal(t, c.code, got.code, got.all())
				require.Equal(t, c.code == 2, strings.Contains(got.stderr, " ["+string(errorid.DoctorMisused)+"]\nRun "), got.stderr)
				requireNoSecrets(t, got)
				if form == "text" || c.code == 2 {
					require.Contains(t, got.all(), c.says)
					return
				}
				require.Equal(t, c.code == 0, parseDoctor(t, got).Success)
			})
		}
	}
}

// What could not be written is not as if all was well, and no misuse either.
func TestDoctorCannotWrite(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("there is no /dev/full here")
	}
	s := smallSite(t)
	for _, args := range [][]string{{"--report", "/dev/full"}, {"--output", "json"}, nil} {
		cmd := s.command(t, append([]string{"doctor"}, args...))
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		require.NoError(t, err)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if len(args) == 0 || args[0] == "--output" {
			cmd.Stdout = full
		}
		require.Error(t, cmd.Run())
		require.NoError(t, full.Close())
		require.Equal(t, 1, cmd.ProcessState.ExitCode(), "%v: %s", args, stderr.String())
		require.Contains(t, stderr.String(), "what was found could not be written")
		require.Contains(t, stderr.String(), " ["+string(errorid.DoctorUnwritten)+"]\n")
	}
}

// Credentials that PrivX refuses are sent once.
func TestDoctorSendsRefusedCredentialsOnce(t *testing.T) {
	t.Parallel()
	s := smallSite(t)
	settings := s.settings()
	settings["oauth-client-secret"] = "wrong"
	got := run(t, env(settings), "doctor", "--short")
	require.Equal(t, 1, got.code)
	require.Contains(t, got.stdout, "✗ PX-LOGIN-01")
	require.NotContains(t, got.stdout, "✓")
	require.NotContains(t, got.stdout, "–")
	require.Equal(t, 1, s.sim.CountRequests(http.MethodPost, "/auth/api/v1/oauth/token"))
}

func TestDoctorOnly(t *testing.T) {
	t.Parallel()
	s := smallSite(t)
	got := run(t, env(s.settings()), "doctor", "--only", "px-perm-02,PX-PERM-01")
	require.Zero(t, got.code, got.all())
	require.Contains(t, got.stdout, "✓ PX-PERM-01")
	require.Contains(t, got.stdout, "✓ PX-PERM-02")
	require.Contains(t, got.stdout, "2 passed, 0 with a warning, 0 failed, 0 skipped.")
	require.NotContains(t, got.stdout, "PX-LOGIN-01")
}

// Ctrl-C and SIGTERM end it, and its session with it.
func TestDoctorIsInterrupted(t *testing.T) {
	t.Parallel()
	for _, sent := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		s := smallSite(t)
		arrived := make(chan struct{}, 100)
		s.sim.OnRequest(func(r privxsim.Request) {
			if r.Matches(http.MethodGet, "/role-store/api/v1/roles") {
				arrived <- struct{}{}
			}
		})
		s.sim.Inject(privxsim.Fault{Path: "/role-store/api/v1/roles", Kind: privxsim.FaultStall})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, binary, "doctor")
		dir := t.TempDir()
		cmd.Dir, cmd.Env = dir, environment(t, dir)
		for name, value := range env(s.settings()) {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		require.NoError(t, cmd.Start())
		<-arrived
		require.NoError(t, cmd.Process.Signal(sent))
		require.Error(t, cmd.Wait())
		require.NoError(t, ctx.Err())
		require.Equal(t, 1, cmd.ProcessState.ExitCode(), out.String())
		require.Contains(t, out.String(), "– PX-PERM-02")
		require.Contains(t, out.String(), "The run was interrupted, so that not everything was looked at.")
		require.Zero(t, s.sim.Sessions(), "its session is ended")
	}
}
