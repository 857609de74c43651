package c1sim_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	v1 "github.com/conductorone/baton-sdk/pb/c1/connectorapi/baton/v1"
	"github.com/conductorone/baton-sdk/pkg/crypto"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/segmentio/ksuid"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/conductorone/baton-privx/internal/c1sim"
	"github.com/conductorone/baton-privx/internal/c1z"
)

// tokenRequest is a request for a token and what is signed for it.
type tokenRequest struct {
	form   url.Values
	claims *jwt.Claims
	key    jose.SigningKey
}

func newTokenRequest(t *testing.T, client *c1sim.Client) *tokenRequest {
	t.Helper()
	key, err := crypto.ParseClientSecret([]byte(client.Secret), false)
	require.NoError(t, err)
	now := time.Now()
	return &tokenRequest{
		form: url.Values{
			"client_id":             {client.ID},
			"grant_type":            {"client_credentials"},
			"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
		},
		claims: &jwt.Claims{
			Issuer: client.ID, Subject: client.ID, Audience: jwt.Audience{"localhost"},
			Expiry: jwt.NewNumericDate(now.Add(time.Minute)), IssuedAt: jwt.NewNumericDate(now),
		},
		key: jose.SigningKey{Algorithm: jose.EdDSA, Key: key},
	}
}

// send signs and sends the request.
func (r *tokenRequest) send(t *testing.T, sim *c1sim.Simulator) (int, map[string]any) {
	t.Helper()
	if !r.form.Has("client_assertion") {
		signer, err := jose.NewSigner(r.key, nil)
		require.NoError(t, err)
		assertion, err := jwt.Signed(signer).Claims(r.claims).Serialize()
		require.NoError(t, err)
		r.form.Set("client_assertion", assertion)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+sim.Host+"/auth/v1/token", strings.NewReader(r.form.Encode()))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return send(t, sim, request, true)
}

// send sends a request over HTTP/2 or 1.1.
func send(t *testing.T, sim *c1sim.Simulator, request *http.Request, http2 bool) (int, map[string]any) {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: trusting(sim), ForceAttemptHTTP2: http2}
	defer transport.CloseIdleConnections()
	response, err := (&http.Client{Transport: transport}).Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, http2, response.ProtoMajor == 2)
	var answer map[string]any
	_ = json.NewDecoder(response.Body).Decode(&answer) // not all answers are JSON
	return response.StatusCode, answer
}

func TestTokens(t *testing.T) {
	t.Parallel()
	sim, _ := serve(t, c1sim.Options{TokenTTL: 90 * time.Second})
	code, answer := newTokenRequest(t, sim.Client).send(t, sim)
	require.Equal(t, http.StatusOK, code, answer)
	require.NotEmpty(t, answer["access_token"])
	require.Equal(t, "Bearer", answer["token_type"])
	require.InDelta(t, 90, answer["expires_in"], 0)
	_, again := newTokenRequest(t, sim.Client).send(t, sim)
	require.NotEqual(t, answer["access_token"], again["access_token"])

	unknown, err := sim.NewClient("unknown")
	require.NoError(t, err)
	other, err := sim.NewClient("other")
	require.NoError(t, err)
	sim.ForgetClient(unknown)
	_, stray, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	ago := jwt.NewNumericDate(time.Now().Add(-time.Second))
	for name, test := range map[string]struct {
		change func(*tokenRequest)
		status int
		error  string
	}{
		"grant type":             {func(r *tokenRequest) { r.form.Set("grant_type", "password") }, http.StatusBadRequest, "unsupported_grant_type"},
		"no grant type":          {func(r *tokenRequest) { r.form.Del("grant_type") }, http.StatusBadRequest, "unsupported_grant_type"},
		"assertion type":         {func(r *tokenRequest) { r.form.Set("client_assertion_type", "saml") }, http.StatusBadRequest, "invalid_request"},
		"unknown client":         {func(r *tokenRequest) { *r = *newTokenRequest(t, unknown) }, http.StatusUnauthorized, "invalid_client"},
		"no client":              {func(r *tokenRequest) { r.form.Del("client_id") }, http.StatusUnauthorized, "invalid_client"},
		"another client":         {func(r *tokenRequest) { r.form.Set("client_id", other.ID) }, http.StatusUnauthorized, "invalid_client"},
		"another key":            {func(r *tokenRequest) { r.key.Key = stray }, http.StatusUnauthorized, "invalid_client"},
		"another algorithm":      {func(r *tokenRequest) { r.key = jose.SigningKey{Algorithm: jose.HS256, Key: make([]byte, 32)} }, http.StatusUnauthorized, "invalid_client"},
		"no assertion":           {func(r *tokenRequest) { r.form.Set("client_assertion", "") }, http.StatusUnauthorized, "invalid_client"},
		"issuer":                 {func(r *tokenRequest) { r.claims.Issuer = other.ID }, http.StatusUnauthorized, "invalid_client"},
		"subject":                {func(r *tokenRequest) { r.claims.Subject = other.ID }, http.StatusUnauthorized, "invalid_client"},
		"audience with port":     {func(r *tokenRequest) { r.claims.Audience = jwt.Audience{sim.Host} }, http.StatusUnauthorized, "invalid_client"},
		"no audience":            {func(r *tokenRequest) { r.claims.Audience = nil }, http.StatusUnauthorized, "invalid_client"},
		"expired":                {func(r *tokenRequest) { r.claims.Expiry = ago }, http.StatusUnauthorized, "invalid_client"},
		"no expiry":              {func(r *tokenRequest) { r.claims.Expiry = nil }, http.StatusUnauthorized, "invalid_client"},
		"not valid yet":          {func(r *tokenRequest) { r.claims.NotBefore = r.claims.Expiry }, http.StatusUnauthorized, "invalid_client"},
		"more than can be right": {func(r *tokenRequest) { r.form.Set("x", strings.Repeat("x", 1<<17)) }, http.StatusBadRequest, "invalid_request"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			request := newTokenRequest(t, sim.Client)
			test.change(request)
			code, answer := request.send(t, sim)
			require.Equal(t, test.status, code, answer)
			require.Equal(t, test.error, answer["error"], answer)
			require.NotContains(t, answer, "access_token")
		})
	}
}

// bearer is an authorization header.
type bearer string

func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	if b == "" {
		return nil, nil
	}
	return map[string]string{"authorization": string(b)}, nil
}

func (bearer) RequireTransportSecurity() bool { return true }

func TestRPCsNeedAToken(t *testing.T) {
	t.Parallel()
	ctx := bounded(t)
	start := time.Now()
	var passed atomic.Int64
	sim, _ := serve(t, c1sim.Options{TokenTTL: time.Hour, Clock: func() time.Time { return start.Add(time.Duration(passed.Load())) }})
	_, answer := newTokenRequest(t, sim.Client).send(t, sim)
	token, ok := answer["access_token"].(string)
	require.True(t, ok, answer)
	call := func(header bearer) error {
		t.Helper()
		client := raw(t, sim, grpc.WithPerRPCCredentials(header))
		_, err := client.GetTask(ctx, v1.BatonServiceGetTaskRequest_builder{HostId: "host-1"}.Build())
		uploaded := upload(ctx, client, head("host-1", ksuid.New().String()))
		if err == nil {
			requireCode(t, codes.NotFound, uploaded) // it came as far as to ask for the task
		} else {
			requireCode(t, codes.Unauthenticated, uploaded)
		}
		return err
	}
	require.NoError(t, call(bearer("Bearer "+token)))
	requireCode(t, codes.Unauthenticated, call(""))
	requireCode(t, codes.Unauthenticated, call("Bearer x"))
	requireCode(t, codes.Unauthenticated, call(bearer("Basic "+token)))
	passed.Store(int64(time.Hour - time.Nanosecond))
	require.NoError(t, call(bearer("Bearer "+token)))
	passed.Store(int64(time.Hour))
	requireCode(t, codes.Unauthenticated, call(bearer("Bearer "+token)))
	passed.Store(0)
	sim.ForgetTokens()
	requireCode(t, codes.Unauthenticated, call(bearer("Bearer "+token)))
}

// Wrong credentials end the SDK's start, and revoked ones its polling.
func TestWrongCredentials(t *testing.T) {
	t.Parallel()
	ctx := bounded(t)
	sim, _ := serve(t, c1sim.Options{})
	connector := newDirectory().client(t)
	unknown, err := sim.NewClient("unknown")
	require.NoError(t, err)
	sim.ForgetClient(unknown)
	for name, client := range map[string]*c1sim.Client{
		"unknown":          unknown,
		"another's secret": {ID: sim.Client.ID, Secret: unknown.Secret},
	} {
		err := newAgent(t, client, connector).start(ctx, "host-1")
		requireCode(t, codes.Unauthenticated, err)
		require.ErrorContains(t, err, "401", name)
	}
	require.Empty(t, sim.Hellos())
	require.Zero(t, count(sim, c1sim.Arrived("Hello")), "without a token there is no RPC")

	a := newAgent(t, sim.Client, connector)
	require.NoError(t, a.start(ctx, "host-1"))
	sim.ForgetClient(sim.Client)
	_, err = a.poll(ctx)
	requireCode(t, codes.Unauthenticated, err)
}

// The rules of the SDK's description are applied, and tasks have to be known.
func TestMalformedAndUnknown(t *testing.T) {
	t.Parallel()
	ctx := bounded(t)
	sim, _ := serve(t, c1sim.Options{})
	client := raw(t, sim)
	id := ksuid.New().String()
	odd := &anypb.Any{TypeUrl: "type.googleapis.com/no.such.Message"}
	task, grant := sim.SyncFull(nil), sim.Hello()
	require.Equal(t, task.ID, take(ctx, t, client, "host-1"))
	require.Equal(t, grant.ID, take(ctx, t, client, "host-1"))
	metadata := &v2.ConnectorMetadata{DisplayName: "x"}
	for name, test := range map[string]struct {
		call func() error
		want codes.Code
	}{
		"hello without metadata": {func() error {
			_, err := client.Hello(ctx, v1.BatonServiceHelloRequest_builder{HostId: "h"}.Build())
			return err
		}, codes.InvalidArgument},
		"hello for an unknown task": {func() error {
			_, err := client.Hello(ctx, v1.BatonServiceHelloRequest_builder{HostId: "h", TaskId: "x", ConnectorMetadata: metadata}.Build())
			return err
		}, codes.NotFound},
		"hello for another's task": {func() error {
			_, err := client.Hello(ctx, v1.BatonServiceHelloRequest_builder{HostId: "h", TaskId: grant.ID, ConnectorMetadata: metadata}.Build())
			return err
		}, codes.FailedPrecondition},
		"hello for a sync": {func() error {
			_, err := client.Hello(ctx, v1.BatonServiceHelloRequest_builder{HostId: "host-1", TaskId: task.ID, ConnectorMetadata: metadata}.Build())
			return err
		}, codes.InvalidArgument},
		"no host id": {func() error {
			_, err := client.GetTask(ctx, &v1.BatonServiceGetTaskRequest{})
			return err
		}, codes.InvalidArgument},
		"no page size": {func() error {
			_, err := client.GetTasks(ctx, v1.BatonServiceGetTasksRequest_builder{HostId: "h"}.Build())
			return err
		}, codes.InvalidArgument},
		"malformed task": {func() error {
			_, err := client.Heartbeat(ctx, v1.BatonServiceHeartbeatRequest_builder{HostId: "h", TaskId: "1"}.Build())
			return err
		}, codes.InvalidArgument},
		"unknown task": {func() error {
			_, err := client.Heartbeat(ctx, v1.BatonServiceHeartbeatRequest_builder{HostId: "h", TaskId: id}.Build())
			return err
		}, codes.NotFound},
		"end of an unknown task": {func() error {
			_, err := client.FinishTask(ctx, success("h", id))
			return err
		}, codes.NotFound},
		"no end": {func() error {
			_, err := client.FinishTask(ctx, v1.BatonServiceFinishTaskRequest_builder{HostId: "host-1", TaskId: task.ID}.Build())
			return err
		}, codes.InvalidArgument},
		"error without a status": {func() error {
			_, err := client.FinishTask(ctx, v1.BatonServiceFinishTaskRequest_builder{
				HostId: "host-1", TaskId: task.ID, Error: &v1.BatonServiceFinishTaskRequest_Error{},
			}.Build())
			return err
		}, codes.InvalidArgument},
		"success with an error's status": {func() error {
			_, err := client.FinishTask(ctx, v1.BatonServiceFinishTaskRequest_builder{
				HostId: "host-1", TaskId: task.ID, Success: &v1.BatonServiceFinishTaskRequest_Success{}, Status: status.New(codes.NotFound, "").Proto(),
			}.Build())
			return err
		}, codes.InvalidArgument},
		"odd response": {func() error {
			_, err := client.FinishTask(ctx, v1.BatonServiceFinishTaskRequest_builder{
				HostId: "host-1", TaskId: task.ID, Success: v1.BatonServiceFinishTaskRequest_Success_builder{Response: odd}.Build(),
			}.Build())
			return err
		}, codes.InvalidArgument},
		"debugging": {func() error {
			_, err := client.StartDebugging(ctx, &v1.StartDebuggingRequest{})
			return err
		}, codes.Unimplemented},
	} {
		err := test.call()
		require.Equal(t, test.want, status.Code(err), "%s: %v", name, err)
	}
	require.Empty(t, sim.Hellos())
}

// message is one message of an upload.
type message = *v1.BatonServiceUploadAssetRequest

func head(host, task string) message {
	return v1.BatonServiceUploadAssetRequest_builder{
		Metadata: v1.BatonServiceUploadAssetRequest_UploadMetadata_builder{HostId: host, TaskId: task}.Build(),
	}.Build()
}

func data(text string) message {
	return v1.BatonServiceUploadAssetRequest_builder{Data: v1.BatonServiceUploadAssetRequest_UploadData_builder{Data: []byte(text)}.Build()}.Build()
}

func end(text string) message {
	sum := sha256.Sum256([]byte(text))
	return v1.BatonServiceUploadAssetRequest_builder{Eof: v1.BatonServiceUploadAssetRequest_UploadEOF_builder{Sha256Checksum: sum[:]}.Build()}.Build()
}

// upload sends the messages of an upload and returns how it is answered.
func upload(ctx context.Context, client v1.BatonServiceClient, messages ...message) error {
	stream, err := client.UploadAsset(ctx)
	if err != nil {
		return err
	}
	for _, m := range messages {
		if err := stream.Send(m); err != nil && !errors.Is(err, io.EOF) { // whose reason comes below
			return err
		}
	}
	_, err = stream.CloseAndRecv()
	return err
}

func TestUploads(t *testing.T) {
	t.Parallel()
	ctx := bounded(t)
	sim, dir := serve(t, c1sim.Options{MaxUpload: 8})
	client := raw(t, sim)
	task := sim.SyncFull(nil)
	require.Equal(t, task.ID, take(ctx, t, client, "host-1"))
	begin := head("host-1", task.ID)
	requireCode(t, codes.InvalidArgument, upload(ctx, client, begin, data("abc"), data("def"), end("abcde")))
	requireCode(t, codes.InvalidArgument, upload(ctx, client, begin, data("abc")))
	requireCode(t, codes.InvalidArgument, upload(ctx, client))
	requireCode(t, codes.InvalidArgument, upload(ctx, client, data("abc"), end("abc")))
	requireCode(t, codes.InvalidArgument, upload(ctx, client, begin, begin, data("abc"), end("abc")))
	requireCode(t, codes.InvalidArgument, upload(ctx, client, begin, data("abc"), end("abc"), data("def")))
	requireCode(t, codes.InvalidArgument, upload(ctx, client, begin, data(""), end("")))
	requireCode(t, codes.InvalidArgument, upload(ctx, client, head("host-1", "x"), end("")))
	requireCode(t, codes.InvalidArgument, upload(ctx, client, begin, &v1.BatonServiceUploadAssetRequest{}))
	requireCode(t, codes.ResourceExhausted, upload(ctx, client, begin, data("12345"), data("6789"), end("123456789")))
	requireCode(t, codes.NotFound, upload(ctx, client, head("host-1", ksuid.New().String()), end("")))
	requireCode(t, codes.FailedPrecondition, upload(ctx, client, head("host-2", task.ID), end("")))
	require.Empty(t, task.Uploads())
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, entries, "what is refused is not left behind")

	require.NoError(t, upload(ctx, client, begin, data("C"), data("1Z3."), data("abc"), end("C1Z3.abc")))
	require.NoError(t, upload(ctx, client, begin, data("a log"), end("a log")))
	require.NoError(t, upload(ctx, client, begin, end("")))
	uploads := task.Uploads()
	require.Len(t, uploads, 3)
	first, err := task.Uploaded(ctx)
	require.NoError(t, err)
	require.Equal(t, uploads[0], first)
	for i, want := range []struct{ name, content string }{{".c1z", "C1Z3.abc"}, {"-2.log", "a log"}, {"-3.log", ""}} {
		content, err := os.ReadFile(uploads[i].Path)
		require.NoError(t, err)
		require.Equal(t, want.content, string(content))
		require.Equal(t, int64(len(content)), uploads[i].Size)
		require.True(t, strings.HasSuffix(uploads[i].Path, task.ID+want.name), uploads[i].Path)
	}
	require.Equal(t, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", sum(ctx, t, sim, client, "abc"))

	_, err = c1z.Read(ctx, uploads[0].Path)
	require.ErrorContains(t, err, uploads[0].Path)
	_, err = c1z.Read(ctx, "no-such-file.c1z")
	require.Error(t, err)
	_, err = client.FinishTask(ctx, success("host-1", task.ID))
	require.NoError(t, err)
	requireCode(t, codes.FailedPrecondition, upload(ctx, client, begin, end("")))
}

// sum uploads a text and returns the checksum that is kept of it.
func sum(ctx context.Context, t *testing.T, sim *c1sim.Simulator, client v1.BatonServiceClient, text string) string {
	t.Helper()
	task := sim.SyncFull(nil)
	require.NoError(t, upload(ctx, client, head("host-1", take(ctx, t, client, "host-1")), data(text), end(text)))
	return task.Uploads()[0].SHA256
}
