package main_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/privxsim"
)

// probeSite is a PrivX with a user and a role that are there for the write probe.
func probeSite(t *testing.T) (*site, []string) {
	t.Helper()
	store := privxsim.Seed(privxsim.SeedOptions{Users: 30, Roles: 8})
	user := store.AddUser(privxsim.User{Principal: "probe", FullName: "A test user"})
	role := store.AddRole(privxsim.Role{Name: "A test role"})
	s := newSite(t, store, privxsim.Options{})
	return s, []string{"doctor", "--write-probe", "--user", user.ID, "--role", role.ID}
}

// unlessShort leaves a test out of the short ones.
func unlessShort(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("make test runs the whole write probe, which takes half a minute")
	}
}

// command is a command of the binary with the site's settings, ended by the test at the
// latest.
func (s *site) command(t *testing.T, args []string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, binary, args...)
	dir := t.TempDir()
	cmd.Dir, cmd.Env = dir, environment(t, dir)
	for name, value := range env(s.settings()) {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	return cmd
}

// whenGranted tells when PrivX has granted the test role.
func (s *site) whenGranted(args []string) <-chan struct{} {
	granted := make(chan struct{}, 100)
	s.sim.OnResponse(func(r privxsim.Request) {
		if r.Method == http.MethodPut && r.Status == http.StatusOK && s.holdsTestRole(args) {
			granted <- struct{}{}
		}
	})
	return granted
}

// startProbe runs the probe until it has granted the role, and returns what it prints.
func startProbe(t *testing.T, s *site, args []string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	granted := s.whenGranted(args)
	cmd := s.command(t, args)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	require.NoError(t, cmd.Start())
	select {
	case <-granted:
	case <-time.After(2 * time.Minute):
		t.Fatal("nothing was granted")
	}
	return cmd, &out
}

// holdsTestRole tells whether the user of the probe holds its role.
func (s *site) holdsTestRole(args []string) bool {
	return s.memberships()["role:"+args[5]+":assigned:user:"+args[3]]
}

func TestWriteProbe(t *testing.T) {
	t.Parallel()
	unlessShort(t)
	s, args := probeSite(t)
	before := s.memberships()
	got := run(t, env(s.settings()), args...)
	require.Zero(t, got.code, got.all())
	require.Equal(t, before, s.memberships())
	require.Contains(t, got.stdout, "The list of the user's roles is as it was.")
	require.Contains(t, got.stdout, "✓ PXQ-035")
	require.Positive(t, s.sim.CountRequests(http.MethodPut, "/role-store/api/v1/users/*/roles"))
	require.Zero(t, s.sim.Sessions())
	got.stdout = strings.ReplaceAll(got.stdout, "Bearer TOKEN", "")
	requireNoSecrets(t, got)
}

// Without the flag, nothing of it happens; with half of it, nothing at all.
func TestWriteProbeIsAskedFor(t *testing.T) {
	t.Parallel()
	s, args := probeSite(t)
	for _, half := range [][]string{args[:2], args[:4], {"doctor", "--user", args[3]}, {"doctor", "--clear"}} {
		got := run(t, env(s.settings()), half...)
		require.Equal(t, 2, got.code, got.all())
		require.Contains(t, got.stderr, "--write-probe")
	}
	require.Empty(t, s.sim.Requests())
}

// Whichever of its checks are asked for, what became of the list is told; and asking for
// none of them is a misuse.
func TestWriteProbeOnly(t *testing.T) {
	t.Parallel()
	unlessShort(t)
	s, args := probeSite(t)
	before := s.memberships()
	got := run(t, env(s.settings()), append(args, "--only", "PX-PROBE-03")...)
	require.Zero(t, got.code, got.all())
	require.Contains(t, got.stdout, "✓ PX-PROBE-03")
	require.Contains(t, got.stdout, "✓ PX-PROBE-09")
	require.Equal(t, before, s.memberships())
	s.sim.ResetRequests()
	for _, only := range [][]string{append(args, "--only", "PX-CONF-01"), append(args, "--clear", "--only", "PXQ-001")} {
		got = run(t, env(s.settings()), only...)
		require.Equal(t, 2, got.code, got.all())
		require.Contains(t, got.stderr, "--only")
	}
	require.Empty(t, s.sim.Requests())
}

// SIGTERM in the middle of it: the list is put back all the same, and the exit code says
// that not everything was looked at.
func TestWriteProbeIsInterrupted(t *testing.T) {
	t.Parallel()
	unlessShort(t)
	for _, sent := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(sent.String(), func(t *testing.T) {
			t.Parallel()
			s, args := probeSite(t)
			before := s.memberships()
			cmd, out := startProbe(t, s, args)
			require.NoError(t, cmd.Process.Signal(sent))
			require.Error(t, cmd.Wait())
			require.Equal(t, 1, cmd.ProcessState.ExitCode(), out.String())
			require.Equal(t, before, s.memberships())
			require.Contains(t, out.String(), "The list of the user's roles is as it was.")
			require.Contains(t, out.String(), "✓ PX-PROBE-09")
			require.Contains(t, out.String(), "The run was interrupted")
		})
	}
}

// Nobody reads the output any more: the list is put back all the same, and what must be seen
// goes to standard error.
func TestWriteProbeWithoutAReader(t *testing.T) {
	t.Parallel()
	unlessShort(t)
	s, args := probeSite(t)
	before := s.memberships()
	reader, writer, err := os.Pipe()
	require.NoError(t, err)
	cmd := s.command(t, args)
	var stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = writer, &stderr
	granted := s.whenGranted(args)
	require.NoError(t, cmd.Start())
	require.NoError(t, writer.Close())
	go func() {
		<-granted
		_ = reader.Close()
		_ = cmd.Process.Signal(os.Interrupt)
	}()
	_, _ = io.Copy(io.Discard, reader)
	require.Error(t, cmd.Wait())
	require.Equal(t, 1, cmd.ProcessState.ExitCode(), stderr.String())
	require.Equal(t, before, s.memberships())
	require.Contains(t, stderr.String(), "The list of the user's roles is as it was.")
}

// SIGKILL in the middle of it: what was printed before says how to put the list back by
// hand, a second run names --clear, and that puts it back, too.
func TestWriteProbeIsKilled(t *testing.T) {
	t.Parallel()
	unlessShort(t)
	s, args := probeSite(t)
	before := s.memberships()
	cmd, out := startProbe(t, s, args)
	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait())
	require.NotEqual(t, before, s.memberships())
	byHand := regexp.MustCompile(`curl --request PUT '([^']*)' .*--data '([^']*)'`).FindStringSubmatch(out.String())
	require.NotNil(t, byHand, out.String())
	require.Contains(t, byHand[1], "/role-store/api/v1/users/"+args[3]+"/roles")
	require.Equal(t, "[]", byHand[2])

	got := run(t, env(s.settings()), append(args, "--only", "PX-PROBE-02")...)
	require.Equal(t, 1, got.code, got.all())
	require.Contains(t, got.stdout, "--clear")
	require.NotEqual(t, before, s.memberships())

	got = run(t, env(s.settings()), append(args, "--clear")...)
	require.Zero(t, got.code, got.all())
	require.Equal(t, before, s.memberships())
}
