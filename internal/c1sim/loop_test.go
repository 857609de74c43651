package c1sim_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	v1 "github.com/conductorone/baton-sdk/pb/c1/connectorapi/baton/v1"
	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/conductorone/baton-sdk/pkg/tasks/c1api"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/codes"

	"github.com/conductorone/baton-privx/internal/c1sim"
	"github.com/conductorone/baton-privx/internal/c1z"
)

// The SDK's own side of service mode, from hello to a revoked grant.
func TestEverythingOnce(t *testing.T) {
	t.Parallel()
	ctx := bounded(t)
	sim, dir := serve(t, c1sim.Options{})
	connector := newDirectory()
	a := startAgent(ctx, t, sim, connector)

	hellos, err := sim.AwaitHellos(ctx, 1)
	require.NoError(t, err)
	require.Len(t, hellos, 1)
	require.Equal(t, sim.Client.ID, hellos[0].Client)
	hello := hellos[0].Request
	require.Equal(t, "host-1", hello.GetHostId())
	require.Equal(t, "Directory", hello.GetConnectorMetadata().GetDisplayName())
	require.NotEmpty(t, hello.GetOsInfo().GetOs())
	require.NotEmpty(t, hello.GetBuildInfo().GetLangVersion())
	require.Contains(t, hello.GetConnectorMetadata().GetCapabilities().GetConnectorCapabilities(), v2.Capability_CAPABILITY_PROVISION)

	sync := func() *c1z.Content {
		t.Helper()
		task := sim.SyncFull(nil)
		require.NoError(t, a.work(ctx))
		host, err := task.Taken(ctx)
		require.NoError(t, err)
		require.Equal(t, "host-1", host)
		upload, err := task.Uploaded(ctx)
		require.NoError(t, err)
		require.Equal(t, filepath.Join(dir, task.ID+".c1z"), upload.Path)
		require.Equal(t, "host-1", upload.HostID)
		info, err := os.Stat(upload.Path)
		require.NoError(t, err)
		require.Equal(t, info.Size(), upload.Size)
		outcome, err := task.Finished(ctx)
		require.NoError(t, err)
		require.Equal(t, codes.OK, outcome.Code, outcome.Message)
		require.Equal(t, []string{"host-1"}, task.Takers())
		require.Len(t, task.Uploads(), 1)
		content, err := c1z.Read(ctx, upload.Path)
		require.NoError(t, err)
		return content
	}
	content := sync()
	require.Equal(t, connectorstore.SyncTypeFull, content.Sync.Type)
	require.Len(t, content.ResourceTypes, 2)
	require.ElementsMatch(t, []string{"alice", "bob"}, content.ResourceIDs("user"))
	require.ElementsMatch(t, []string{"admins", "guests"}, content.ResourceIDs("role"))
	require.ElementsMatch(t, []string{"role:admins:assigned", "role:guests:assigned"}, content.EntitlementIDs())
	require.ElementsMatch(t, connector.grants(), content.GrantIDs())

	entitlement, bob := content.Entitlement("role", "admins", "assigned"), content.Resource("user", "bob")
	require.NotEmpty(t, entitlement.GetDisplayName(), "it is sent as it was synced")
	require.NotEmpty(t, bob.GetDisplayName())
	task := sim.Grant(entitlement, bob)
	require.NoError(t, a.work(ctx))
	outcome, err := task.Finished(ctx)
	require.NoError(t, err)
	require.Equal(t, codes.OK, outcome.Code, outcome.Message)
	response, ok := outcome.Response.(*v2.GrantManagerServiceGrantResponse)
	require.True(t, ok, "%T", outcome.Response)
	require.Len(t, response.GetGrants(), 1)
	require.Equal(t, grantID("admins", "bob"), response.GetGrants()[0].GetId())
	content = sync()
	require.Contains(t, content.GrantIDs(), grantID("admins", "bob"))

	revoked := content.Grant(entitlement, bob)
	require.Equal(t, grantID("admins", "bob"), revoked.GetId())
	for _, already := range []bool{false, true} {
		task = sim.Revoke(revoked)
		require.NoError(t, a.work(ctx))
		outcome, err = task.Finished(ctx)
		require.NoError(t, err)
		require.Equal(t, codes.OK, outcome.Code, outcome.Message)
		require.IsType(t, &v2.GrantManagerServiceRevokeResponse{}, outcome.Response)
		require.Equal(t, already, outcome.Annotations.Contains(&v2.GrantAlreadyRevoked{}))
	}
	require.NotContains(t, sync().GrantIDs(), grantID("admins", "bob"))
}

func TestFailuresAreReported(t *testing.T) {
	t.Parallel()
	ctx := bounded(t)
	sim, _ := serve(t, c1sim.Options{})
	a := startAgent(ctx, t, sim, newDirectory())
	var nothing *c1z.Content
	task := sim.Grant(nothing.Entitlement("role", "nobody", "assigned"), nothing.Resource("user", "bob"))
	require.NoError(t, a.work(ctx))
	outcome, err := task.Finished(ctx)
	require.NoError(t, err)
	require.Equal(t, codes.NotFound, outcome.Code)
	require.Contains(t, outcome.Message, "no such role")
	require.True(t, outcome.NonRetryable)
	require.Nil(t, outcome.Response)
}

// A task to say hello ends with it: the SDK finishes it in no other way.
func TestHelloOnRequest(t *testing.T) {
	t.Parallel()
	ctx := bounded(t)
	sim, _ := serve(t, c1sim.Options{})
	a := startAgent(ctx, t, sim, newDirectory())
	task := sim.Hello()
	require.NoError(t, a.work(ctx))
	outcome, err := task.Finished(ctx)
	require.NoError(t, err)
	require.Equal(t, codes.OK, outcome.Code)
	hellos, err := sim.AwaitHellos(ctx, 2)
	require.NoError(t, err)
	require.Equal(t, task.ID, hellos[1].Request.GetTaskId())
}

// What a task says of the sync reaches the connector.
func TestSyncsOfLess(t *testing.T) {
	t.Parallel()
	var nothing *c1z.Content
	for name, test := range map[string]struct {
		what                        *v1.Task_SyncFullTask
		kind                        connectorstore.SyncType
		users, entitlements, grants int
	}{
		"everything":     {v1.Task_SyncFullTask_builder{StorageEngine: "sqlite"}.Build(), connectorstore.SyncTypeFull, 2, 2, 3},
		"no grants":      {v1.Task_SyncFullTask_builder{SkipGrants: true}.Build(), connectorstore.SyncTypeFull, 2, 2, 0},
		"only resources": {v1.Task_SyncFullTask_builder{SkipEntitlementsAndGrants: true}.Build(), connectorstore.SyncTypeResourcesOnly, 2, 0, 0},
		"users":          {v1.Task_SyncFullTask_builder{SyncResourceTypeIds: []string{"user"}}.Build(), connectorstore.SyncTypeFull, 2, 0, 0},
		"one role":       {v1.Task_SyncFullTask_builder{TargetedSyncResources: []*v2.Resource{nothing.Resource("role", "guests")}}.Build(), connectorstore.SyncTypePartial, 0, 1, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := bounded(t)
			sim, _ := serve(t, c1sim.Options{})
			a := startAgent(ctx, t, sim, newDirectory())
			task := sim.SyncFull(test.what)
			require.NoError(t, a.work(ctx))
			outcome, err := task.Finished(ctx)
			require.NoError(t, err)
			require.Equal(t, codes.OK, outcome.Code, outcome.Message)
			content, err := c1z.Read(ctx, task.Uploads()[0].Path)
			require.NoError(t, err)
			require.Equal(t, test.kind, content.Sync.Type)
			require.Len(t, content.ResourceIDs("user"), test.users)
			require.Len(t, content.Entitlements, test.entitlements)
			require.Len(t, content.Grants, test.grants)
		})
	}
}

// More than fits on a page is read to the end.
func TestLargeSync(t *testing.T) {
	t.Parallel()
	ctx := bounded(t)
	sim, _ := serve(t, c1sim.Options{})
	connector := newDirectory()
	for i := range 1500 {
		connector.crowd = append(connector.crowd, fmt.Sprintf("user-%d", i))
	}
	connector.members["crowd"] = connector.crowd
	a := startAgent(ctx, t, sim, connector)
	task := sim.SyncFull(nil)
	require.NoError(t, a.work(ctx))
	upload, err := task.Uploaded(ctx)
	require.NoError(t, err)
	content, err := c1z.Read(ctx, upload.Path)
	require.NoError(t, err)
	require.Equal(t, slices.Sorted(slices.Values(append(connector.crowd, "alice", "bob"))), slices.Sorted(slices.Values(content.ResourceIDs("user"))))
	require.Equal(t, connector.grants(), slices.Sorted(slices.Values(content.GrantIDs())))
}

// Two replicas have the same client; each task is done by one of them.
func TestEachTaskIsTakenOnce(t *testing.T) {
	t.Parallel()
	ctx := bounded(t)
	sim, _ := serve(t, c1sim.Options{})
	connector := newDirectory()
	const tasks = 12
	var queued []*c1sim.Task
	var nothing *c1z.Content
	for range tasks {
		queued = append(queued, sim.Grant(nothing.Entitlement("role", "admins", "assigned"), nothing.Resource("user", "bob")))
	}
	group, groupCtx := errgroup.WithContext(ctx)
	for _, host := range []string{"host-1", "host-2"} {
		a := newAgent(t, sim.Client, connector.client(t))
		require.NoError(t, a.start(ctx, host))
		group.Go(func() error {
			for range tasks / 2 {
				if err := a.work(groupCtx); err != nil {
					return err
				}
			}
			return nil
		})
	}
	require.NoError(t, group.Wait())
	for _, task := range queued {
		outcome, err := task.Finished(ctx)
		require.NoError(t, err)
		require.Equal(t, []string{outcome.HostID}, task.Takers())
	}
	require.Len(t, connector.grants(), 3+tasks)
}

// A cancelled task is not handed out; one that was is given up at the first
// sign of life, without a word about its end.
func TestCancelBeforeItBegins(t *testing.T) {
	t.Parallel()
	ctx := bounded(t)
	sim, _ := serve(t, c1sim.Options{})
	a := startAgent(ctx, t, sim, newDirectory())
	cancelled, task := sim.SyncFull(nil), sim.SyncFull(nil)
	cancelled.Cancel()
	got, err := a.poll(ctx)
	require.NoError(t, err)
	require.Equal(t, task.ID, got.GetId())
	require.Empty(t, cancelled.Takers())
	task.Cancel()
	require.ErrorIs(t, a.manager.Process(ctx, got, a.connector), c1api.ErrTaskCancelled)
	require.NoError(t, task.CancelTold(ctx))
	require.Empty(t, task.Uploads())
	require.Zero(t, count(sim, c1sim.Arrived("FinishTask")))
}

// A sync under way ends when a heartbeat is answered so.
func TestCancelUnderWay(t *testing.T) {
	t.Parallel()
	ctx := bounded(t)
	sim, _ := serve(t, c1sim.Options{NextHeartbeat: time.Millisecond}) // the SDK makes it a second
	connector := newDirectory()
	connector.onList = func(ctx context.Context) { <-ctx.Done() }
	a := startAgent(ctx, t, sim, connector)
	task := sim.SyncFull(nil)
	done := make(chan error, 1)
	go func() { done <- a.work(ctx) }()
	_, err := sim.AwaitCalls(ctx, 1, c1sim.Answered("Heartbeat", codes.OK))
	require.NoError(t, err)
	task.Cancel()
	require.NoError(t, task.CancelTold(ctx))
	outcome, err := task.Finished(ctx)
	require.NoError(t, err)
	require.Equal(t, codes.Canceled, outcome.Code, outcome.Message)
	require.False(t, outcome.NonRetryable)
	require.NoError(t, <-done)
	require.Empty(t, task.Uploads())
}

// A task whose holder is gone goes to another, and the first has no say in it
// any more.
func TestRequeue(t *testing.T) {
	t.Parallel()
	ctx := bounded(t)
	sim, _ := serve(t, c1sim.Options{})
	client := raw(t, sim)
	task, other := sim.SyncFull(nil), sim.SyncFull(nil)
	require.ErrorContains(t, task.Requeue(), task.ID)
	require.Equal(t, task.ID, take(ctx, t, client, "host-1"))
	require.NoError(t, task.Requeue())
	require.Equal(t, task.ID, take(ctx, t, client, "host-2"), "before all others")
	require.Equal(t, []string{"host-1", "host-2"}, task.Takers())

	answer, err := client.Heartbeat(ctx, v1.BatonServiceHeartbeatRequest_builder{HostId: "host-1", TaskId: task.ID}.Build())
	require.NoError(t, err)
	require.True(t, answer.GetCancelled())
	require.Error(t, alreadyOver(t, task.CancelTold))
	_, err = client.FinishTask(ctx, success("host-1", task.ID))
	requireCode(t, codes.FailedPrecondition, err)
	requireCode(t, codes.FailedPrecondition, upload(ctx, client, head("host-1", task.ID), data("x"), end("x")))

	answer, err = client.Heartbeat(ctx, v1.BatonServiceHeartbeatRequest_builder{HostId: "host-2", TaskId: task.ID}.Build())
	require.NoError(t, err)
	require.False(t, answer.GetCancelled())
	require.Equal(t, time.Second, answer.GetNextHeartbeat().AsDuration())
	_, err = client.FinishTask(ctx, success("host-2", task.ID))
	require.NoError(t, err)
	_, err = client.FinishTask(ctx, success("host-2", task.ID))
	requireCode(t, codes.FailedPrecondition, err)
	outcome, err := task.Finished(ctx)
	require.NoError(t, err)
	require.Equal(t, "host-2", outcome.HostID)
	require.Error(t, task.Requeue())
	require.Equal(t, other.ID, take(ctx, t, client, "host-1"))
}

// GetTasks gives several at once, but none that the caller has already.
func TestTasksInAdvance(t *testing.T) {
	t.Parallel()
	ctx := bounded(t)
	sim, _ := serve(t, c1sim.Options{NextPoll: time.Minute})
	client := raw(t, sim)
	var ids []string
	var queued []*c1sim.Task
	for range 4 {
		task := sim.SyncFull(nil)
		queued, ids = append(queued, task), append(ids, task.ID)
	}
	get := func(host string, size uint32, known ...string) []string {
		t.Helper()
		answer, err := client.GetTasks(ctx, v1.BatonServiceGetTasksRequest_builder{HostId: host, PageSize: size, KnownTaskIds: known}.Build())
		require.NoError(t, err)
		require.Equal(t, time.Minute, answer.GetNextPoll().AsDuration())
		var got []string
		for _, task := range answer.GetTasks() {
			got = append(got, task.GetId())
		}
		return got
	}
	require.Equal(t, ids[:2], get("host-1", 2))
	require.NoError(t, queued[0].Requeue())
	require.Equal(t, ids[2:], get("host-1", 9, ids[:2]...))
	require.Equal(t, ids[:1], get("host-2", 9))
	require.Empty(t, get("host-2", 9))

	queued[1].Cancel()
	answer, err := client.Heartbeat(ctx, v1.BatonServiceHeartbeatRequest_builder{HostId: "host-1", TaskId: ids[3], TaskIds: ids[1:3]}.Build())
	require.NoError(t, err)
	require.False(t, answer.GetCancelled())
	require.Equal(t, ids[1:2], answer.GetCancelledTaskIds())
	calls := sim.Calls()
	require.Equal(t, []string{ids[3], ids[1], ids[2]}, calls[len(calls)-1].TaskIDs)
	require.True(t, slices.ContainsFunc(calls, func(c c1sim.Call) bool {
		return c.Method == "GetTasks" && slices.Equal(c.TaskIDs, ids[:2])
	}))
}

// count counts calls of a kind.
func count(sim *c1sim.Simulator, match func(c1sim.Call) bool) int {
	n := 0
	for _, c := range sim.Calls() {
		if match(c) {
			n++
		}
	}
	return n
}

// take takes the next task.
func take(ctx context.Context, t *testing.T, client v1.BatonServiceClient, host string) string {
	t.Helper()
	answer, err := client.GetTask(ctx, v1.BatonServiceGetTaskRequest_builder{HostId: host}.Build())
	require.NoError(t, err)
	return answer.GetTask().GetId()
}

// success is the report of a success.
func success(host, task string) *v1.BatonServiceFinishTaskRequest {
	return v1.BatonServiceFinishTaskRequest_builder{HostId: host, TaskId: task, Success: &v1.BatonServiceFinishTaskRequest_Success{}}.Build()
}

// alreadyOver waits for something that has happened or never will.
func alreadyOver(t *testing.T, wait func(context.Context) error) error {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return wait(ctx)
}
