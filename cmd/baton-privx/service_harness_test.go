package main_test

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/conductorone/baton-privx/internal/c1sim"
	"github.com/conductorone/baton-privx/internal/c1z"
	"github.com/conductorone/baton-privx/internal/privxsim"
)

const (
	rolesOfUser  = "/role-store/api/v1/users/*/roles"
	membersPath  = "/role-store/api/v1/roles/*/members"
	userListPath = "/role-store/api/v1/users/search"
)

// tenant is a ConductorOne and a PrivX, both simulated, for services to run
// between.
type tenant struct {
	*site

	c1 *c1sim.Simulator
	// c1CA is the path of the certificate of ConductorOne's CA.
	c1CA string
}

func newTenant(t *testing.T) *tenant {
	t.Helper()
	c1, err := c1sim.Serve(c1sim.Options{})
	require.NoError(t, err)
	t.Cleanup(c1.Close)
	ca := filepath.Join(t.TempDir(), "c1-ca.pem")
	require.NoError(t, os.WriteFile(ca, c1.CAPEM, 0o600))
	return &tenant{site: smallSite(t), c1: c1, c1CA: ca}
}

// service is the real binary in service mode.
type service struct {
	cmd   *exec.Cmd
	dir   string
	log   *logBuffer
	ended chan struct{}
}

// start runs a service until the end of the test, with all that it logs.
func (tn *tenant) start(t *testing.T, args ...string) *service {
	t.Helper()
	s := tn.prepare(t, args...)
	s.run(t)
	return s
}

func (tn *tenant) prepare(t *testing.T, args ...string) *service {
	t.Helper()
	dir := t.TempDir()
	s := &service{dir: dir, log: newLogBuffer(), ended: make(chan struct{})}
	s.cmd = exec.CommandContext(context.WithoutCancel(t.Context()), binary, append([]string{"--log-level", "debug"}, args...)...)
	s.cmd.Dir = dir
	s.cmd.Env = append(tn.c1.Environment(tn.c1.Client, tn.c1CA), "BATON_HOST_ID="+filepath.Base(dir))
	s.cmd.Env = append(s.cmd.Env, environment(t, dir)...)
	for name, value := range env(tn.settings()) {
		s.cmd.Env = append(s.cmd.Env, name+"="+value)
	}
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	return s
}

func (s *service) run(t *testing.T) {
	t.Helper()
	require.NoError(t, s.cmd.Start())
	go func() {
		_ = s.cmd.Wait()
		close(s.ended)
	}()
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill()
		<-s.ended
		if t.Failed() {
			t.Logf("the service's log:\n%s", s.log)
		}
	})
}

// awaitEnd waits for the end of the process and gives its exit code.
func (s *service) awaitEnd(ctx context.Context, t *testing.T) int {
	t.Helper()
	select {
	case <-s.ended:
		return s.cmd.ProcessState.ExitCode()
	case <-ctx.Done():
		require.Fail(t, "the service did not end")
		return 0
	}
}

// logBuffer keeps what a process writes and lets a test wait for a text in it.
type logBuffer struct {
	mu      sync.Mutex
	text    bytes.Buffer
	changed chan struct{}
}

func newLogBuffer() *logBuffer { return &logBuffer{changed: make(chan struct{})} }

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.changed)
	l.changed = make(chan struct{})
	return l.text.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *logBuffer) await(ctx context.Context, t *testing.T, text string) {
	t.Helper()
	for {
		l.mu.Lock()
		found, changed := bytes.Contains(l.text.Bytes(), []byte(text)), l.changed
		l.mu.Unlock()
		if found {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			require.Fail(t, "not in the log: "+text)
		}
	}
}

// patience bounds what a test waits for.
func patience(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// finish waits for a task's end.
func finish(ctx context.Context, t *testing.T, task *c1sim.Task) c1sim.Outcome {
	t.Helper()
	outcome, err := task.Finished(ctx)
	require.NoError(t, err)
	return outcome
}

// content opens what was uploaded for a sync that has ended well.
func content(ctx context.Context, t *testing.T, task *c1sim.Task) *c1z.Content {
	t.Helper()
	outcome := finish(ctx, t, task)
	require.Equal(t, codes.OK, outcome.Code, outcome.Message)
	upload, err := task.Uploaded(ctx)
	require.NoError(t, err)
	read, err := c1z.Read(ctx, upload.Path)
	require.NoError(t, err)
	return read
}

func setOf(ids []string) map[string]bool {
	set := make(map[string]bool, len(ids))
	for _, id := range ids {
		set[id] = true
	}
	return set
}

// membership is a role and a user as ConductorOne names them in tasks.
type membership struct {
	entitlement *v2.Entitlement
	principal   *v2.Resource
}

func membershipOf(roleID, userID string) membership {
	var nothing *c1z.Content
	return membership{nothing.Entitlement("role", roleID, "assigned"), nothing.Resource("user", userID)}
}

func (m membership) grant() *v2.Grant {
	var nothing *c1z.Content
	return nothing.Grant(m.entitlement, m.principal)
}

// notHeld finds a role that a person does not hold, neither built in.
func (tn *tenant) notHeld(t *testing.T) (string, string) {
	t.Helper()
	held := tn.memberships()
	for _, user := range tn.store.Users() {
		for _, role := range tn.store.Roles() {
			if user.SourceType != privxsim.SourceTypeAPIClient && !role.System && !held[grantID(role.ID, user.ID)] {
				return role.ID, user.ID
			}
		}
	}
	require.Fail(t, "everybody holds everything")
	return "", ""
}

func awaitSignal(ctx context.Context, t *testing.T, signal <-chan struct{}) {
	t.Helper()
	select {
	case <-signal:
	case <-ctx.Done():
		require.Fail(t, "nothing came")
	}
}

// health asks as a container's probe does: with the binary's own command.
func (s *service) health(t *testing.T, port, endpoint string) int {
	t.Helper()
	return run(t, nil, "health-check", "--endpoint", endpoint, "--health-check-port", port).code
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	_, port, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	return port
}

// awaitNoChildren waits until no process of the service is left.
func (s *service) awaitNoChildren(ctx context.Context, t *testing.T) {
	t.Helper()
	for len(processesOf(t, s.dir, "")) > 0 {
		select {
		case <-time.After(10 * time.Millisecond): // there is nothing to wait on for a child's child
		case <-ctx.Done():
			require.Fail(t, "processes are left", processesOf(t, s.dir, ""))
		}
	}
}

func (s *service) requireNoCompleteFile(t *testing.T) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(s.dir, func(path string, entry os.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() && strings.HasSuffix(path, ".c1z") {
			require.Nil(t, grantsIn(t, path), path)
		}
		return err
	}))
}
