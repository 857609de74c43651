package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	v1 "github.com/conductorone/baton-sdk/pb/c1/connectorapi/baton/v1"
	"github.com/conductorone/baton-sdk/pkg/ugrpc"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/conductorone/baton-privx/internal/c1sim"
	"github.com/conductorone/baton-privx/internal/privxsim"
)

// authority signs for all simulators here: Go reads SSL_CERT_FILE once.
var authority *c1sim.CA

func TestMain(m *testing.M) { os.Exit(trustAndRun(m)) }

func trustAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "c1-sim-test-*")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if authority, err = c1sim.NewCA(); err != nil {
		panic(err)
	}
	file := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(file, authority.PEM, 0o600); err != nil {
		panic(err)
	}
	if err := os.Setenv("SSL_CERT_FILE", file); err != nil {
		panic(err)
	}
	return m.Run()
}

// instance is a running c1-sim.
type instance struct {
	t           *testing.T
	environment map[string]string
	stdout      string
	log         *buffer
	stop        func() // ends it and waits
}

// buffer is a bytes.Buffer for several goroutines.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// start runs c1-sim on free ports and waits until it has said where.
func start(t *testing.T, args ...string) *instance {
	t.Helper()
	s, err := parseFlags(append([]string{"--next-poll", "20ms"}, args...), io.Discard)
	require.NoError(t, err)
	s.simulator.CA = authority
	ctx, cancel := context.WithCancel(context.Background())
	reader, writer := io.Pipe()
	log, done := &buffer{}, make(chan error, 1)
	go func() {
		err := s.run(ctx, writer, log)
		_ = writer.CloseWithError(io.ErrUnexpectedEOF) // nothing was said: do not wait
		done <- err
	}()
	text := make([]byte, 1<<16)
	n, err := reader.Read(text) // the environment comes in one piece
	if err != nil {
		cancel()
		t.Fatalf("c1-sim ended: %v", <-done)
	}
	i := &instance{t: t, environment: map[string]string{}, stdout: string(text[:n]), log: log}
	for line := range strings.Lines(i.stdout) {
		assignment, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "export ")
		name, value, ok2 := strings.Cut(assignment, "=")
		require.True(t, ok && ok2 && len(value) > 1 && value[0] == '\'' && value[len(value)-1] == '\'', "not usable with eval: %q", line)
		i.environment[name] = strings.ReplaceAll(value[1:len(value)-1], `'\''`, "'")
	}
	i.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	t.Cleanup(i.stop)
	return i
}

// ask asks the control endpoint, and returns the lines of the answer too.
func (i *instance) ask(method, path string) (int, string) {
	i.t.Helper()
	request, err := http.NewRequestWithContext(i.t.Context(), method, i.environment["C1_SIM_CONTROL"]+path, http.NoBody)
	require.NoError(i.t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(i.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(i.t, err)
	return response.StatusCode, string(body)
}

// values asks for what has to succeed, and reads its lines.
func (i *instance) values(method, path string) map[string]string {
	i.t.Helper()
	status, body := i.ask(method, path)
	require.Equal(i.t, http.StatusOK, status, body)
	return read(i.t, body)
}

func read(t *testing.T, body string) map[string]string {
	t.Helper()
	values := map[string]string{}
	for line := range strings.Lines(body) {
		name, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		require.True(t, ok, body)
		values[name] = value
	}
	return values
}

// client is a client with the credentials that c1-sim gives away.
func (i *instance) client() v1.BatonServiceClient {
	i.t.Helper()
	provider, _, host, err := ugrpc.NewC1CredentialProvider(i.t.Context(), i.environment["BATON_CLIENT_ID"], i.environment["BATON_CLIENT_SECRET"])
	require.NoError(i.t, err)
	certificate, err := os.ReadFile(i.environment["SSL_CERT_FILE"])
	require.NoError(i.t, err)
	pool := x509.NewCertPool()
	require.True(i.t, pool.AppendCertsFromPEM(certificate))
	conn, err := grpc.NewClient(host, grpc.WithPerRPCCredentials(provider),
		grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12})))
	require.NoError(i.t, err)
	i.t.Cleanup(func() { _ = conn.Close() })
	return v1.NewBatonServiceClient(conn)
}

// A script's way through everything, with the real connector.
func TestRealConnector(t *testing.T) {
	t.Parallel()
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
	i.stop()
	for _, line := range []string{"Token OK\n", `Hello host="replica-1" OK` + "\n", `UploadAsset host="replica-1" task=` + synced["task"] + " OK\n"} {
		require.Contains(t, i.log.String(), line)
	}
	require.NotContains(t, i.log.String(), `GetTask host="replica-1" OK`)
	require.NotContains(t, i.log.String(), i.environment["BATON_CLIENT_SECRET"])
}

// runConnector builds the connector and runs it until the test ends. It returns
// its log.
func (i *instance) runConnector(privx *privxsim.Server) *buffer {
	i.t.Helper()
	dir, log := i.t.TempDir(), &buffer{}
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
	for name, value := range i.environment {
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

// finish takes the next task and reports its success.
func finish(ctx context.Context, client v1.BatonServiceClient, response *anypb.Any) (*v1.Task, error) {
	for {
		answer, err := client.GetTask(ctx, v1.BatonServiceGetTaskRequest_builder{HostId: "host-1"}.Build())
		if err != nil {
			return nil, err
		}
		task := answer.GetTask()
		if task == nil {
			continue
		}
		_, err = client.FinishTask(ctx, v1.BatonServiceFinishTaskRequest_builder{
			HostId: "host-1", TaskId: task.GetId(),
			Success: v1.BatonServiceFinishTaskRequest_Success_builder{Response: response}.Build(),
		}.Build())
		return task, err
	}
}

// What is asked for reaches whoever takes the task.
func TestGrantAndRevoke(t *testing.T) {
	t.Parallel()
	i := start(t)
	client := i.client()
	response, err := anypb.New(&v2.GrantManagerServiceGrantResponse{})
	require.NoError(t, err)
	type taken struct {
		task *v1.Task
		err  error
	}
	do := func(path string) *v1.Task {
		t.Helper()
		done := make(chan taken, 1)
		go func() {
			task, err := finish(t.Context(), client, response)
			done <- taken{task, err}
		}()
		values := i.values(http.MethodPost, path)
		got := <-done
		require.NoError(t, got.err)
		require.Equal(t, map[string]string{"task": got.task.GetId(), "host": "host-1", "code": "OK"}, values)
		return got.task
	}
	grant := do("/tasks/grant?role=r&user=u").GetGrant()
	require.Equal(t, "role:r:assigned", grant.GetEntitlement().GetId())
	require.Equal(t, "r", grant.GetEntitlement().GetResource().GetId().GetResource())
	require.Equal(t, "user", grant.GetPrincipal().GetId().GetResourceType())
	require.Equal(t, "u", grant.GetPrincipal().GetId().GetResource())
	revoke := do("/tasks/revoke?role=r&user=u&resource-type=group&slug=owner&principal-type=robot").GetRevoke().GetGrant()
	require.Equal(t, "group:r:owner:robot:u", revoke.GetId())
	require.Equal(t, "group:r:owner", revoke.GetEntitlement().GetId())
	require.Equal(t, "robot", revoke.GetPrincipal().GetId().GetResourceType())
}

// Nobody takes it, so it is cancelled and the script goes on.
func TestNobodyComes(t *testing.T) {
	t.Parallel()
	i := start(t)
	for path, method := range map[string]string{
		"/hello?timeout=1ms":                     http.MethodGet,
		"/tasks/sync?timeout=1ms":                http.MethodPost,
		"/tasks/grant?role=r&user=u&timeout=1ms": http.MethodPost,
	} {
		status, body := i.ask(method, path)
		require.Equal(t, http.StatusGatewayTimeout, status, body)
	}
	answer, err := i.client().GetTask(t.Context(), v1.BatonServiceGetTaskRequest_builder{HostId: "host-1"}.Build())
	require.NoError(t, err)
	require.Nil(t, answer.GetTask())
}

func TestMistakesInRequests(t *testing.T) {
	t.Parallel()
	i := start(t)
	for path, want := range map[string]int{
		"/tasks/grant":                         http.StatusBadRequest,
		"/tasks/grant?role=r":                  http.StatusBadRequest,
		"/tasks/revoke?user=u":                 http.StatusBadRequest,
		"/tasks/grant?role=r&user=u&principal": http.StatusBadRequest,
		"/tasks/sync?resource=x":               http.StatusBadRequest,
		"/tasks/sync?timeout=1":                http.StatusBadRequest,
		"/tasks/sync?timeout=-1s":              http.StatusBadRequest,
		"/tasks/sync?timeout=1h":               http.StatusBadRequest,
		"/tasks/sync?%":                        http.StatusBadRequest,
		"/tasks":                               http.StatusNotFound,
		"/grants":                              http.StatusMethodNotAllowed,
	} {
		status, body := i.ask(http.MethodPost, path)
		require.Equal(t, want, status, "%s: %s", path, body)
		require.NotEmpty(t, body)
	}
}

func TestAwayAndBack(t *testing.T) {
	t.Parallel()
	i := start(t)
	address := strings.TrimSuffix(i.environment["BATON_CLIENT_ID"][strings.Index(i.environment["BATON_CLIENT_ID"], "@")+1:], "/baton")
	reachable := func() bool {
		dialer := &tls.Dialer{NetDialer: &net.Dialer{}, Config: &tls.Config{InsecureSkipVerify: true}}
		conn, err := dialer.DialContext(t.Context(), "tcp", address)
		if err != nil {
			return false
		}
		_ = conn.Close()
		return true
	}
	require.True(t, reachable())
	for range 2 {
		require.Equal(t, "false", i.values(http.MethodPost, "/away")["reachable"])
		require.False(t, reachable())
	}
	for range 2 {
		require.Equal(t, "true", i.values(http.MethodPost, "/back")["reachable"])
		require.True(t, reachable())
	}
}

func TestFilesAreWrittenAndTemporaryOnesRemoved(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	caFile, readyFile := filepath.Join(dir, "ca's.pem"), filepath.Join(dir, "ready.env")
	i := start(t, "--ca-file", caFile)
	require.Equal(t, caFile, i.environment["SSL_CERT_FILE"])
	certificate, err := os.ReadFile(caFile)
	require.NoError(t, err)
	require.Equal(t, string(authority.PEM), string(certificate))
	i.stop()
	require.FileExists(t, caFile, "it was asked for")

	i = start(t, "--ready-file", readyFile, "--quiet")
	content, err := os.ReadFile(readyFile)
	require.NoError(t, err)
	require.Equal(t, i.stdout, string(content))
	info, err := os.Stat(readyFile)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "it holds a secret")
	_, err = i.client().GetTask(t.Context(), v1.BatonServiceGetTaskRequest_builder{HostId: "host-1"}.Build())
	require.NoError(t, err)
	i.stop()
	require.NoFileExists(t, readyFile)
	require.NoFileExists(t, i.environment["SSL_CERT_FILE"])
	require.Empty(t, i.log.String())
}

func TestMistakesEndIt(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"--no-such-flag"},
		{"stray"},
		{"--listen", "0.0.0.0:0"},
		{"--control", "0.0.0.0:0"},
		{"--control", "no-such-host.invalid:1"},
		{"--ca-file", "/no/such/folder/ca.pem"},
		{"--ready-file", "/no/such/folder/ready.env"},
		{"--dir", "/dev/null/folder"},
	} {
		require.Error(t, run(t.Context(), args, io.Discard, io.Discard), "%q", args)
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	var stderr bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"-h"}, io.Discard, &stderr))
	require.Contains(t, stderr.String(), "-ready-file")
}
