package main_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/conductorone/baton-privx/internal/errorid"

	"github.com/conductorone/baton-privx/internal/errorid/errortest"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/conductorone/baton-privx/internal/c1z"
	"github.com/conductorone/baton-privx/internal/privxsim"
)

// mutely runs the binary until the SDK fails and ends with 0. Standard error is a pipe
// that nobody reads until nothing is left of the run but the process that was started.
// So the SDK's own process cannot tell its error, and its goroutine that waits for the
// connector's end comes first. Only if the connector happens to end by itself, before
// it is killed, does the goroutine let the error be told: then the run is repeated.
func mutely(t *testing.T, dir string, env map[string]string, args ...string) outcome {
	t.Helper()
	for range 10 {
		if got, swallowed := onceMutely(t, dir, env, args...); swallowed {
			return got
		}
	}
	require.Fail(t, "the SDK did not end with 0")
	return outcome{}
}

func onceMutely(t *testing.T, dir string, env map[string]string, args ...string) (outcome, bool) {
	t.Helper()
	log := filepath.Join(dir, "errors.log")
	require.NoError(t, os.RemoveAll(log))
	cmd := exec.CommandContext(t.Context(), binary, append([]string{"--log-level", "error", "--log-path", log}, args...)...)
	cmd.Dir, cmd.Env = dir, environment(t, dir)
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	read, write, err := os.Pipe()
	require.NoError(t, err)
	defer func() { _ = read.Close() }()
	held := fill(t, write)
	cmd.Stderr = write
	require.NoError(t, cmd.Start())
	require.NoError(t, write.Close())
	await := func(patience time.Duration, what func() bool) bool {
		for end := time.Now().Add(patience); !what(); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				return false
			}
		}
		return true
	}
	failed := await(time.Minute, func() bool {
		logged, _ := os.ReadFile(log)
		return strings.Contains(string(logged), "error processing on-demand task") && len(processesOf(t, dir, "_connector-service")) == 0
	})
	swallowed := failed && await(10*time.Second, func() bool { return len(processesOf(t, dir, "")) <= 1 })
	text, err := io.ReadAll(read)
	require.NoError(t, err)
	_ = cmd.Wait()
	require.True(t, failed, "the SDK did not fail")
	return outcome{stderr: string(text[held:]), code: cmd.ProcessState.ExitCode(), dir: dir}, swallowed
}

// fill leaves no room in a pipe, and tells how much it has put into it.
func fill(t *testing.T, pipe *os.File) int {
	t.Helper()
	raw, err := pipe.SyscallConn()
	require.NoError(t, err)
	held := 0
	require.NoError(t, raw.Write(func(fd uintptr) bool {
		for {
			n, err := syscall.Write(int(fd), []byte{'.'})
			if err != nil {
				require.ErrorIs(t, err, syscall.EAGAIN)
				return true
			}
			held += n
		}
	}))
	return held
}

// A run that has done nothing ends with a code that is not 0 and says what is
// missing, also where the SDK itself ends with 0, wherever the failure was.
func TestSwallowedFailures(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("make test makes the SDK fail at each of these")
	}
	inTheWay := func(t *testing.T, d *desk, file string) {
		t.Helper()
		// What the SDK writes first, to put it in the file's place.
		require.NoError(t, os.Mkdir(filepath.Join(d.dir, file+".tmp"), 0o700))
	}
	unsaved := func(file string) string {
		return "baton-privx: looking for what the run has saved: " + file + " holds no sync that this run has finished"
	}
	for name, c := range map[string]struct {
		prepare func(t *testing.T, d *desk)
		args    func(d *desk) []string
		code    codes.Code
		says    string
	}{
		"a sync that is not saved to a new file": {
			func(t *testing.T, d *desk) { t.Helper(); inTheWay(t, d, "new.c1z") },
			func(*desk) []string { return []string{"--file", "new.c1z"} }, codes.Unknown, unsaved("new.c1z"),
		},
		"a sync that is not saved to a new file of SQLite": {
			func(t *testing.T, d *desk) { t.Helper(); inTheWay(t, d, "new.c1z") },
			func(*desk) []string { return []string{"--file", "new.c1z", "--storage-engine", "sqlite"} }, codes.Unknown, unsaved("new.c1z"),
		},
		"a sync that is not saved to yesterday's file": {
			func(t *testing.T, d *desk) { t.Helper(); inTheWay(t, d, "sync.c1z") },
			func(*desk) []string { return nil }, codes.Unknown, unsaved("sync.c1z"),
		},
		"a sync that is not saved to yesterday's file of SQLite": {
			func(t *testing.T, d *desk) {
				t.Helper()
				got := runIn(t, d.dir, d.env, "--file", "lite.c1z", "--storage-engine", "sqlite")
				require.Zero(t, got.code, got.stderr)
				inTheWay(t, d, "lite.c1z")
			},
			func(*desk) []string { return []string{"--file", "lite.c1z"} }, codes.Unknown, unsaved("lite.c1z"),
		},
		"a sync of one role that is not saved": {
			func(t *testing.T, d *desk) { t.Helper(); inTheWay(t, d, "sync.c1z") },
			func(d *desk) []string { return []string{"--sync-resources", "bid:r:role/" + d.role} }, codes.Unknown, unsaved("sync.c1z"),
		},
		"a sync whose file is named by a variable": {
			func(t *testing.T, d *desk) {
				t.Helper()
				d.env["BATON_FILE"] = "named.c1z"
				inTheWay(t, d, "named.c1z")
			},
			func(*desk) []string { return nil }, codes.Unknown, unsaved("named.c1z"),
		},
		"a sync that PrivX forbids": {
			func(_ *testing.T, d *desk) { d.sim.Inject(privxsim.Fault{Path: membersPath, Status: 403}) },
			func(*desk) []string { return nil }, codes.PermissionDenied, "the permission roles-view",
		},
		"a grant that PrivX forbids": {
			func(_ *testing.T, d *desk) { d.sim.Inject(privxsim.Fault{Method: http.MethodPut, Status: 403}) },
			func(d *desk) []string { return grantArgs(d.role, "user", d.user) }, codes.PermissionDenied, "the permission roles-manage",
		},
		"a grant to who is not in the file": {
			nil, func(d *desk) []string { return grantArgs(d.role, "user", "nobody") }, codes.Unknown, "no call of Grant has succeeded",
		},
		"a revoke of what is not in the file": {
			nil, func(d *desk) []string { return []string{"--revoke-grant", grantID(d.role, "nobody")} }, codes.Unknown, "no call of Revoke has succeeded",
		},
		"a compaction of what is not there": {
			nil, func(*desk) []string {
				return []string{"--compact-syncs", "--compact-file-paths", "none.c1z,none.c1z", "--compact-sync-ids", "a,b", "--compact-output-path", "."}
			}, codes.Unknown, unsaved("compacted-*.c1z"),
		},
		"an action that the connector does not have": {
			nil, func(*desk) []string { return []string{"--invoke-action", "none"} }, codes.NotFound, "none",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := smallDesk(t)
			before := d.memberships()
			if c.prepare != nil {
				c.prepare(t, d)
			}
			got := mutely(t, d.dir, d.env, c.args(d)...)
			require.Equal(t, int(c.code), got.code, got.stderr)
			require.Contains(t, got.lastLine(), c.says)
			if c.code != codes.NotFound { // which baton-sdk says
				errortest.ID(t, got.lastLine())
			}
			require.Equal(t, before, d.memberships())
			if name != "a sync that PrivX forbids" { // which leaves what it has read for the next one
				require.Equal(t, before, grantsIn(t, filepath.Join(d.dir, "sync.c1z")), "what was there is not there any more")
			}
		})
	}
}

// Whatever a one-shot run is told to do, it ends with 0 where that is done.
func TestProvenRuns(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("make test runs the binary in each of its ways")
	}
	d := smallDesk(t)
	ids := make([]string, 2)
	for i, file := range []string{"a.c1z", "b.c1z"} {
		got := runIn(t, d.dir, d.env, "--file", file)
		require.Zero(t, got.code, got.stderr)
		read, err := c1z.Read(t.Context(), filepath.Join(d.dir, file))
		require.NoError(t, err)
		ids[i] = read.Sync.ID
	}
	for range 2 { // SQLite keeps both of them.
		got := runIn(t, d.dir, d.env, "--file", "both.c1z", "--storage-engine", "sqlite")
		require.Zero(t, got.code, got.stderr)
	}
	both, err := c1z.Runs(t.Context(), filepath.Join(d.dir, "both.c1z"), t.TempDir())
	require.NoError(t, err)
	require.Len(t, both, 2)
	d.env["TZ"] = "America/Los_Angeles" // SQLite's files have local times.
	for name, args := range map[string][]string{
		"SQLite, far from Greenwich":    {"--file", "lite.c1z", "--storage-engine", "sqlite"},
		"in full, though told not to":   {"--file", "skip.c1z", "--skip-full-sync"},
		"users alone":                   {"--file", "users.c1z", "--sync-resource-types", "user"},
		"without memberships":           {"--file", "bare.c1z", "--skip-entitlements-and-grants"},
		"no such role":                  {"--file", "gone.c1z", "--sync-resources", "bid:r:role/00000000-0000-4000-8000-00000000dead"},
		"the list of actions":           {"--list-action-schemas"},
		"compaction":                    {"--compact-syncs", "--compact-file-paths", "a.c1z,b.c1z", "--compact-sync-ids", strings.Join(ids, ","), "--compact-output-path", "."},
		"event feeds that are not read": {"--file", "feed.c1z", "--event-feed", "yes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := runIn(t, d.dir, d.env, args...)
			require.Zero(t, got.code, got.stderr)
		})
	}
}

// Only the temporary folder that the SDK uses is used, whichever way it is named.
func TestTemporaryFolder(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("make test runs the binary with each temporary folder")
	}
	s := smallSite(t)
	for _, engine := range []string{"pebble", "sqlite"} {
		for name, c := range map[string]struct{ env, args []string }{
			"variable": {env: []string{"BATON_TMPDIR"}},
			"flag":     {args: []string{"--c1z-temp-dir"}},
		} {
			t.Run(engine+", "+name, func(t *testing.T) {
				t.Parallel()
				vars, temporary := env(s.settings()), t.TempDir()
				vars["TMPDIR"] = "/dev/null/nowhere"
				for _, name := range c.env {
					vars[name] = temporary
				}
				args := []string{"--storage-engine", engine}
				for _, flag := range c.args {
					args = append(args, flag, temporary)
				}
				got := run(t, vars, args...)
				require.Zero(t, got.code, got.stderr)
				require.Equal(t, s.memberships(), grantsIn(t, got.file()))
				got = runIn(t, got.dir, vars, append(args, "--sync-resources", "bid:r:role/"+s.store.Memberships()[0].RoleID)...)
				require.Zero(t, got.code, got.stderr)
				left, err := os.ReadDir(temporary)
				require.NoError(t, err)
				require.Empty(t, left)
			})
		}
	}
}

// Who has ConductorOne's credentials from the YAML file is a service like any other:
// the SDK's process and the connector's.
func TestServiceFromYAML(t *testing.T) {
	t.Parallel()
	ctx, tn := patience(t), newTenant(t)
	text, err := json.Marshal(map[string]string{"client-id": tn.c1.Client.ID, "client-secret": tn.c1.Client.Secret})
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "c1.yaml")
	require.NoError(t, os.WriteFile(path, text, 0o600))
	s := tn.prepare(t)
	s.cmd.Env = slices.DeleteFunc(s.cmd.Env, func(v string) bool { return strings.HasPrefix(v, "BATON_CLIENT_") })
	s.cmd.Env = append(s.cmd.Env, "BATON_CONFIG_PATH="+path)
	s.run(t)
	read := content(ctx, t, tn.c1.SyncFull(nil))
	require.Equal(t, tn.memberships(), setOf(read.GrantIDs()))
	require.Len(t, processesOf(t, s.dir, ""), 2)
	require.Len(t, processesOf(t, s.dir, "_connector-service"), 1)
}

// A run that the system does not let start says so.
func TestRunThatCannotBeStarted(t *testing.T) {
	t.Parallel()
	const files = "10" // more than the first process needs, fewer than it takes to start another one
	cmd := exec.CommandContext(t.Context(), "sh", "-c", `ulimit -n `+files+` && exec "$0"`, binary)
	cmd.Dir = t.TempDir()
	cmd.Env = environment(t, cmd.Dir)
	for name, value := range env(smallSite(t).settings()) {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	text, err := cmd.CombinedOutput()
	require.Error(t, err)
	require.Equal(t, 1, cmd.ProcessState.ExitCode())
	require.Equal(t, errorid.NotStarted, errortest.ID(t, string(text)))
}
