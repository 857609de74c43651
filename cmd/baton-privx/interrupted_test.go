package main_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/c1z"
	"github.com/conductorone/baton-privx/internal/privxsim"
)

// endings are ways in which a run ends before it is over.
func endings() []struct {
	name string
	end  func(t *testing.T, run *exec.Cmd)
	code int
} {
	toAll := func(wanted string) func(*testing.T, *exec.Cmd) {
		return func(t *testing.T, run *exec.Cmd) {
			t.Helper()
			for _, id := range processesOf(t, run.Dir, wanted) {
				// One may have ended with the one before.
				if err := syscall.Kill(id, syscall.SIGKILL); !errors.Is(err, syscall.ESRCH) {
					require.NoError(t, err)
				}
			}
		}
	}
	signal := func(signal os.Signal) func(*testing.T, *exec.Cmd) {
		return func(t *testing.T, run *exec.Cmd) { t.Helper(); require.NoError(t, run.Process.Signal(signal)) }
	}
	return []struct {
		name string
		end  func(t *testing.T, run *exec.Cmd)
		code int
	}{
		{"the machine goes down", toAll(""), -1},
		{"the connector's own process is killed, as for want of memory", toAll("_connector-service"), 1},
		{"SIGTERM", signal(syscall.SIGTERM), 128 + int(syscall.SIGTERM)},
		{"SIGINT", signal(os.Interrupt), 128 + int(syscall.SIGINT)},
	}
}

// processesOf are the processes that were started with a temporary folder, and
// have a word in their command line.
func processesOf(t *testing.T, dir, word string) []int {
	t.Helper()
	environments, err := filepath.Glob("/proc/[0-9]*/environ")
	require.NoError(t, err)
	var ids []int
	for _, path := range environments {
		environment, err := os.ReadFile(path)
		if err != nil || !bytes.Contains(environment, []byte("TMPDIR="+dir+"\x00")) {
			continue // has ended, or is another's
		}
		command, err := os.ReadFile(filepath.Join(filepath.Dir(path), "cmdline"))
		if err != nil || !bytes.Contains(command, []byte(word)) {
			continue
		}
		id, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		require.NoError(t, err)
		ids = append(ids, id)
	}
	return ids
}

// A run that is ended at any request leaves its file as it was, or with a sync that
// is not finished in it, and the next run makes of it what an undisturbed one makes.
func TestRunEndedAtAnyRequest(t *testing.T) {
	if testing.Short() {
		t.Skip("make test ends a run of the binary at each of its requests")
	}
	t.Parallel()
	store := privxsim.Seed(privxsim.SeedOptions{Users: 20, Roles: 3})
	s := newSite(t, store, privxsim.Options{MaxPageSize: 10})
	old := run(t, env(s.settings()))
	require.Zero(t, old.code, old.stderr)
	before := s.memberships()
	store.GrantExplicit(store.AdminRoleID(), store.AddUser(privxsim.User{Principal: "new"}).ID, privxsim.Grant{})
	s.sim.ResetRequests()
	undisturbed := run(t, env(s.settings()))
	require.Zero(t, undisturbed.code, undisturbed.stderr)
	requests := len(s.sim.Requests())

	all := endings()
	for n := range requests - 1 { // the last one is the logout, after which all is there
		ending := all[n%len(all)]
		t.Run("request "+strconv.Itoa(n+1)+", "+ending.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, store, privxsim.Options{MaxPageSize: 10})
			dir := t.TempDir()
			file := filepath.Join(dir, "sync.c1z")
			content, err := os.ReadFile(old.file())
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(file, content, 0o600))

			require.Equal(t, ending.code, s.endAt(t, dir, n, ending.end))
			if left := grantsIn(t, file); left != nil {
				require.Equal(t, before, left, "what looks finished is not the sync before")
			}
			got := runIn(t, dir, env(s.settings()))
			require.Zero(t, got.code, got.stderr)
			_, err = c1z.Compare(t.Context(), undisturbed.file(), file)
			require.NoError(t, err)
		})
	}
}

// endAt lets a run come to a request, after so many others, and ends it there. It
// gives the exit code.
func (s *site) endAt(t *testing.T, dir string, others int, end func(*testing.T, *exec.Cmd)) int {
	t.Helper()
	reached, gone := make(chan struct{}), make(chan struct{})
	defer close(gone)
	var count atomic.Int64
	s.sim.OnRequest(func(privxsim.Request) {
		if count.Add(1) == int64(others)+1 {
			close(reached)
		}
	})
	s.sim.Inject(privxsim.Fault{Skip: others, Count: 1, Kind: privxsim.FaultStall, Release: gone})
	cmd := exec.CommandContext(t.Context(), binary)
	cmd.Dir, cmd.Env = dir, environment(t, dir)
	for name, value := range env(s.settings()) {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	output, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	var text []byte
	over := make(chan struct{}) // when the last process that holds the pipe has ended
	go func() {
		defer close(over)
		text, _ = io.ReadAll(output)
	}()
	select {
	case <-reached:
		end(t, cmd)
		<-over
	case <-over:
		require.Fail(t, "the run has ended by itself", string(text))
	}
	_ = cmd.Wait()
	return cmd.ProcessState.ExitCode()
}
