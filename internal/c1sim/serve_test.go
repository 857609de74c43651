package c1sim_test

import (
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	v1 "github.com/conductorone/baton-sdk/pb/c1/connectorapi/baton/v1"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/conductorone/baton-privx/internal/c1sim"
)

// Token requests come over either version of HTTP, beside the RPCs.
func TestOneAddress(t *testing.T) {
	t.Parallel()
	sim, _ := serve(t, c1sim.Options{})
	for method, want := range map[string]int{http.MethodGet: http.StatusMethodNotAllowed, http.MethodPost: http.StatusBadRequest} {
		for _, http2 := range []bool{false, true} {
			request, err := http.NewRequestWithContext(t.Context(), method, "https://"+sim.Host+"/auth/v1/token", http.NoBody)
			require.NoError(t, err)
			status, _ := send(t, sim, request, http2)
			require.Equal(t, want, status)
		}
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+sim.Host+"/", http.NoBody)
	require.NoError(t, err)
	status, _ := send(t, sim, request, false)
	require.Equal(t, http.StatusNotFound, status)

	other, err := c1sim.Serve(c1sim.Options{}) // with a CA of its own
	require.NoError(t, err)
	defer other.Close()
	request, err = http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+other.Host+"/", http.NoBody)
	require.NoError(t, err)
	transport := &http.Transport{TLSClientConfig: trusting(sim)}
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err == nil {
		_ = response.Body.Close()
	}
	var unknown x509.UnknownAuthorityError
	require.ErrorAs(t, err, &unknown)
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	sim, err := c1sim.Serve(c1sim.Options{Host: "127.0.0.1", CA: authority})
	require.NoError(t, err)
	defer sim.Close()
	require.True(t, strings.HasPrefix(sim.Host, "127.0.0.1:"), sim.Host)
	require.NoError(t, newAgent(t, sim.Client, newDirectory().client(t)).start(bounded(t), "host-1"))

	_, err = c1sim.Serve(c1sim.Options{Address: sim.Host})
	require.ErrorContains(t, err, "listening")
	_, err = c1sim.Serve(c1sim.Options{Address: "0.0.0.0:0"})
	require.ErrorContains(t, err, "loopback")
	_, err = (&net.Dialer{}).DialContext(t.Context(), "tcp", sim.Host)
	require.NoError(t, err)
}

// What is recorded tells of calls, and of no secret.
func TestRecord(t *testing.T) {
	t.Parallel()
	ctx := bounded(t)
	sim, _ := serve(t, c1sim.Options{KeepCalls: 3})
	var mu sync.Mutex
	var log []string
	sim.OnCall(func(c c1sim.Call) {
		mu.Lock()
		defer mu.Unlock()
		log = append(log, c.String())
		_ = sim.Calls() // a hook may ask
	})
	client := raw(t, sim)
	task := sim.SyncFull(nil)
	require.Equal(t, task.ID, take(ctx, t, client, "host-1"))
	require.Empty(t, take(ctx, t, client, "host-2"))
	_, err := client.Heartbeat(ctx, v1.BatonServiceHeartbeatRequest_builder{HostId: "host-1", TaskId: "x"}.Build())
	requireCode(t, codes.InvalidArgument, err)
	mu.Lock()
	defer mu.Unlock()
	require.Len(t, log, 4)
	require.Equal(t, []string{"Token OK", `GetTask host="host-1" task=` + task.ID + " OK", `GetTask host="host-2" OK`}, log[:3])
	require.Contains(t, log[3], `Heartbeat host="host-1" task=x InvalidArgument (invalid `)
	for _, c := range sim.Calls() {
		require.Equal(t, sim.Client.ID, c.Client)
		require.NotContains(t, fmt.Sprintf("%+v", c), sim.Client.Secret)
		require.False(t, c.Time.IsZero())
	}
	require.Len(t, sim.Calls(), 3, "the latest are kept")
	require.Equal(t, "Hello ...", c1sim.Call{Method: "Hello"}.String())

	sim.ResetCalls()
	require.Empty(t, sim.Calls())
	_, err = sim.AwaitCalls(canceled(t), 1, c1sim.Arrived("GetTask"))
	require.ErrorContains(t, err, "1 calls")
	_, err = sim.AwaitHellos(canceled(t), 1)
	require.ErrorContains(t, err, "Hello")
}

func TestEnvironment(t *testing.T) {
	t.Parallel()
	sim, _ := serve(t, c1sim.Options{TokenTTL: time.Minute})
	other, err := sim.NewClient("other")
	require.NoError(t, err)
	require.Equal(t, []string{"BATON_CLIENT_ID=other@" + sim.Host + "/baton", "BATON_CLIENT_SECRET=" + other.Secret, "SSL_CERT_FILE=ca.pem"},
		sim.Environment(other, "ca.pem"))
	require.NoError(t, newAgent(t, other, newDirectory().client(t)).start(bounded(t), "host-1"))
	require.Equal(t, other.ID, sim.Hellos()[0].Client)
}

// Everything at once, for the race detector.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	ctx := bounded(t)
	sim, _ := serve(t, c1sim.Options{})
	client := raw(t, sim)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for range 5 {
				host := fmt.Sprintf("host-%d", i)
				sim.SyncFull(nil)
				id := take(ctx, t, client, host)
				_, _ = client.Heartbeat(ctx, v1.BatonServiceHeartbeatRequest_builder{HostId: host, TaskId: id}.Build())
				_ = upload(ctx, client, head(host, id), data("x"), end("x"))
				_, err := client.FinishTask(ctx, success(host, id))
				if err != nil {
					t.Errorf("%s: %v", id, err)
				}
				outage := sim.Inject(c1sim.Fault{Method: "StartDebugging"})
				_, _ = client.StartDebugging(ctx, &v1.StartDebuggingRequest{})
				outage.Lift()
			}
		})
	}
	group.Wait()
	calls, err := sim.AwaitCalls(ctx, 40, c1sim.Answered("FinishTask", codes.OK))
	require.NoError(t, err)
	require.Len(t, calls, 40)
}
