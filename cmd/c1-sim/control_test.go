package main

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"strings"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	v1 "github.com/conductorone/baton-sdk/pb/c1/connectorapi/baton/v1"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/anypb"
)

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
	address := strings.TrimSuffix(i.Environment["BATON_CLIENT_ID"][strings.Index(i.Environment["BATON_CLIENT_ID"], "@")+1:], "/baton")
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
