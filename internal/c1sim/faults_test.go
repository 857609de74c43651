package c1sim_test

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"os"
	"testing"

	v1 "github.com/conductorone/baton-sdk/pb/c1/connectorapi/baton/v1"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/conductorone/baton-privx/internal/c1sim"
)

// Some calls fail, and then no more; the SDK's start gets over that.
func TestRefusedForAWhile(t *testing.T) {
	t.Parallel()
	ctx := bounded(t)
	sim, _ := serve(t, c1sim.Options{})
	outage := sim.Inject(c1sim.Fault{Method: "Hello", Count: 1})
	startAgent(ctx, t, sim, newDirectory())
	require.NoError(t, outage.Hit(ctx, 1))
	calls, err := sim.AwaitCalls(ctx, 1, c1sim.Answered("Hello", codes.Unavailable))
	require.NoError(t, err)
	require.Len(t, calls, 1)
	require.Equal(t, "host-1", calls[0].HostID)
	require.Len(t, sim.Hellos(), 1, "one that was refused did not arrive")
}

func TestRefusedUntilLifted(t *testing.T) {
	t.Parallel()
	ctx := bounded(t)
	sim, _ := serve(t, c1sim.Options{})
	client := raw(t, sim)
	poll := func() error {
		_, err := client.GetTask(ctx, v1.BatonServiceGetTaskRequest_builder{HostId: "host-1"}.Build())
		return err
	}
	require.NoError(t, poll()) // it has its token now, which are refused with everything
	task := sim.SyncFull(nil)
	polls := sim.Inject(c1sim.Fault{Method: "GetTask", Code: codes.Internal})
	everything := sim.Inject(c1sim.Fault{})
	requireCode(t, codes.Internal, poll()) // the first counts
	requireCode(t, codes.Unavailable, upload(ctx, client, head("host-1", task.ID)))
	polls.Lift()
	polls.Lift()
	requireCode(t, codes.Unavailable, poll())
	everything.Lift()
	require.NoError(t, poll())
	require.Equal(t, []string{"host-1"}, task.Takers(), "who was refused was given nothing")
	require.NoError(t, everything.Hit(ctx, 2))
	require.Error(t, alreadyOver(t, func(ctx context.Context) error { return everything.Hit(ctx, 3) }))
}

func TestTokensRefused(t *testing.T) {
	t.Parallel()
	sim, _ := serve(t, c1sim.Options{})
	for code, want := range map[codes.Code]int{
		codes.Unavailable:       http.StatusServiceUnavailable,
		codes.ResourceExhausted: http.StatusTooManyRequests,
		codes.PermissionDenied:  http.StatusForbidden,
		codes.Unauthenticated:   http.StatusUnauthorized,
		codes.Unknown:           http.StatusInternalServerError,
	} {
		sim.Inject(c1sim.Fault{Method: c1sim.Token, Code: code, Count: 1})
		status, answer := newTokenRequest(t, sim.Client).send(t, sim)
		require.Equal(t, want, status, answer)
	}
	status, _ := newTokenRequest(t, sim.Client).send(t, sim)
	require.Equal(t, http.StatusOK, status)
}

// To the SDK a token endpoint that is away is wrong credentials: it gives up at
// its start.
func TestTokensRefusedAtTheStart(t *testing.T) {
	t.Parallel()
	sim, _ := serve(t, c1sim.Options{})
	outage := sim.Inject(c1sim.Fault{Method: c1sim.Token})
	err := newAgent(t, sim.Client, newDirectory().client(t)).start(bounded(t), "host-1")
	requireCode(t, codes.Unauthenticated, err)
	require.ErrorContains(t, err, "503")
	require.NoError(t, outage.Hit(bounded(t), 1))
}

// The SDK uploads again after a connection was cut in the middle.
func TestUploadCutInTheMiddle(t *testing.T) {
	t.Parallel()
	ctx := bounded(t)
	sim, dir := serve(t, c1sim.Options{})
	a := startAgent(ctx, t, sim, newDirectory())
	outage := sim.Inject(c1sim.Fault{Kind: c1sim.Drop, Method: "UploadAsset", AfterBytes: 100, Count: 1})
	task := sim.SyncFull(nil)
	require.NoError(t, a.work(ctx))
	require.NoError(t, outage.Hit(ctx, 1))
	outcome, err := task.Finished(ctx)
	require.NoError(t, err)
	require.Equal(t, codes.OK, outcome.Code, outcome.Message)
	require.Len(t, task.Uploads(), 1)
	calls, err := sim.AwaitCalls(ctx, 2, c1sim.Arrived("UploadAsset"))
	require.NoError(t, err)
	require.Equal(t, []codes.Code{codes.Unavailable, codes.OK}, []codes.Code{calls[0].Code, calls[1].Code})
	require.Equal(t, "host-1", calls[0].HostID)
	require.Equal(t, []string{task.ID}, calls[0].TaskIDs, "its metadata had come")
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1, "nothing of the first try is left")
}

// What is cut before it is served has no effect; what is cut after, has.
func TestCutBeforeAndAfter(t *testing.T) {
	t.Parallel()
	ctx := bounded(t)
	sim, _ := serve(t, c1sim.Options{})
	client := raw(t, sim)
	task := sim.SyncFull(nil)
	require.Equal(t, task.ID, take(ctx, t, client, "host-1"))
	sim.Inject(c1sim.Fault{Kind: c1sim.Drop, Method: "FinishTask", Count: 1})
	_, err := client.FinishTask(ctx, success("host-1", task.ID))
	requireCode(t, codes.Unavailable, err)
	_, err = task.Finished(canceled(t))
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, task.ID)

	sim.Inject(c1sim.Fault{Kind: c1sim.Lose, Method: "FinishTask", Count: 1})
	_, err = client.FinishTask(ctx, success("host-1", task.ID))
	requireCode(t, codes.Unavailable, err)
	_, err = task.Finished(ctx)
	require.NoError(t, err)
}

func TestHold(t *testing.T) {
	t.Parallel()
	ctx := bounded(t)
	sim, _ := serve(t, c1sim.Options{})
	client := raw(t, sim)
	hold := sim.Inject(c1sim.Fault{Kind: c1sim.Hold, Method: "GetTask"})
	task := sim.SyncFull(nil)
	taken := make(chan error, 1)
	go func() {
		_, err := client.GetTask(ctx, v1.BatonServiceGetTaskRequest_builder{HostId: "host-1"}.Build())
		taken <- err
	}()
	require.NoError(t, hold.Hit(ctx, 1))
	_, err := task.Taken(canceled(t))
	require.ErrorIs(t, err, context.Canceled)
	require.Zero(t, count(sim, c1sim.Answered("GetTask", codes.OK)))
	hold.Lift()
	require.NoError(t, <-taken)
	_, err = task.Taken(ctx)
	require.NoError(t, err)

	// Whoever gives up while it is held is not served any more.
	hold = sim.Inject(c1sim.Fault{Kind: c1sim.Hold, Method: "GetTask"})
	task = sim.SyncFull(nil)
	impatient, giveUp := context.WithCancel(ctx)
	go func() {
		_, err := client.GetTask(impatient, v1.BatonServiceGetTaskRequest_builder{HostId: "host-1"}.Build())
		taken <- err
	}()
	require.NoError(t, hold.Hit(ctx, 1))
	giveUp()
	requireCode(t, codes.Canceled, <-taken)
	_, err = sim.AwaitCalls(ctx, 1, c1sim.Answered("GetTask", codes.Canceled))
	require.NoError(t, err)
	require.Empty(t, task.Takers())
}

// Away is away: for what is under way, and for what is new.
func TestGoingAwayAndComingBack(t *testing.T) {
	t.Parallel()
	ctx := bounded(t)
	sim, _ := serve(t, c1sim.Options{})
	client := raw(t, sim)
	held := sim.Inject(c1sim.Fault{Kind: c1sim.Hold, Method: "Heartbeat"})
	task := sim.SyncFull(nil)
	require.Equal(t, task.ID, take(ctx, t, client, "host-1"))
	beat := make(chan error, 1)
	go func() {
		_, err := client.Heartbeat(ctx, v1.BatonServiceHeartbeatRequest_builder{HostId: "host-1", TaskId: task.ID}.Build())
		beat <- err
	}()
	require.NoError(t, held.Hit(ctx, 1))
	away := sim.GoAway()
	requireCode(t, codes.Unavailable, <-beat)
	_, err := (&tls.Dialer{Config: trusting(sim)}).DialContext(ctx, "tcp", sim.Host)
	require.Error(t, err)
	sim.ResetCalls()

	// The SDK's client keeps trying to connect, until it can.
	a := newAgent(t, sim.Client, newDirectory().client(t))
	started := make(chan error, 1)
	go func() { started <- a.start(ctx, "host-2") }()
	_, err = sim.AwaitCalls(ctx, 2, c1sim.Answered(c1sim.Connect, codes.Unavailable))
	require.NoError(t, err)
	require.Empty(t, sim.Hellos())
	away.Lift()
	require.NoError(t, <-started)
	require.Len(t, sim.Hellos(), 1)
}

// A simulator can be closed while calls are held.
func TestCloseEndsAllCalls(t *testing.T) {
	t.Parallel()
	ctx := bounded(t)
	sim, err := c1sim.Serve(c1sim.Options{CA: authority})
	require.NoError(t, err)
	client := raw(t, sim)
	task := sim.SyncFull(nil)
	require.Equal(t, task.ID, take(ctx, t, client, "host-1"))
	require.NoError(t, upload(ctx, client, head("host-1", task.ID), data("x"), end("x")))
	file := task.Uploads()[0].Path
	require.FileExists(t, file)
	hold := sim.Inject(c1sim.Fault{Kind: c1sim.Hold})
	polled := make(chan error, 1)
	go func() {
		_, err := client.GetTask(ctx, v1.BatonServiceGetTaskRequest_builder{HostId: "host-1"}.Build())
		polled <- err
	}()
	require.NoError(t, hold.Hit(ctx, 1))
	sim.Close()
	requireCode(t, codes.Unavailable, <-polled)
	require.NoFileExists(t, file, "a temporary folder is removed")
	for _, c := range sim.Calls() {
		require.True(t, c.Answered, "%s", c)
	}
	_, err = (&net.Dialer{}).DialContext(ctx, "tcp", sim.Host)
	require.Error(t, err)
}

// canceled is a context that is over.
func canceled(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
