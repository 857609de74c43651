package privx_test

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// The numbers of seeds, and of steps for each, of TestCluster_NothingLostNothingFalse.
const (
	clusterSeeds = 16
	clusterSteps = 250
)

// restartPause is the time between two restarts, so that no two nodes are empty one right
// after the other.
const restartPause = 30 * time.Second

// clusterOptions are how a PrivX of three nodes behaves. Over sixteen seeds, all options are
// combined with one another.
func clusterOptions(seed int64) privxsim.Options {
	return privxsim.Options{
		Nodes: []privxsim.Node{
			{Empty: 2 * time.Second, ClockOffset: 800 * time.Millisecond},
			{Lag: 3 * time.Second, Empty: 4 * time.Second, ClockOffset: -time.Second},
			{Lag: 10*time.Second - time.Duration(seed%3)*time.Second, Empty: 6 * time.Second, CountOffset: -1},
		},
		Latency: 20 * time.Millisecond, Seed: seed, MemberCount: true, TokenTTL: 24 * time.Hour,
		AffinityCookie: seed&1 > 0, EmptyNotFound: seed&2 > 0, HideUserRole: seed&4 > 0, UserRolesNull: seed&8 > 0,
	}
}

// clusterModel is the reference model of a PrivX of several nodes.
type clusterModel struct {
	*model

	nodes     int
	restarted time.Time
}

// newClusterModel makes a model with some memberships from the beginning.
func newClusterModel(t *testing.T, h *harness, seed uint64, nodes int) *clusterModel {
	t.Helper()
	m := &clusterModel{model: newModel(t, h, seed, 0), nodes: nodes}
	for range 8 {
		m.foreign(m.key())
	}
	return m
}

// outsider is a user whose roles are changed by something else and not by this client.
func (m *clusterModel) outsider() string { return m.users[2] }

func (m *clusterModel) ownKey() key { return key{choose(m.model, m.users[:2]...), m.key().role} }

// step makes a random change after a pause, and compares the store with the model.
func (m *clusterModel) step(pause time.Duration) {
	time.Sleep(pause)
	m.sim.ResetRequests()
	if m.chance(10) && time.Since(m.restarted) > restartPause {
		m.restarted = time.Now()
		node := m.random.IntN(m.nodes)
		m.tellf("node %d starts anew", node)
		m.sim.RestartNode(node)
	}
	switch {
	case m.chance(10):
		m.foreign(key{m.outsider(), m.key().role})
	case m.chance(2):
		m.gone()
	default:
		m.change(m.ownKey(), m.chance(55))
	}
	m.check()
}

// change grants or revokes a role within the time that the connector allows.
func (m *clusterModel) change(k key, grants bool) {
	m.tellf("grant %t of %s to %s", grants, m.name(k.role), m.name(k.user))
	before := m.held[k]
	done := before.explicit == grants && (!grants || before.inForce(time.Now()))
	began := time.Now()
	ctx, cancel := context.WithTimeout(m.t.Context(), budget)
	defer cancel()
	run := m.client.RevokeRole
	if grants {
		run = m.client.GrantRole
	}
	got, err := run(ctx, k.user, k.role)
	took := time.Since(began)
	m.tellf("%s after %s: %+v, %v", m.calls(), took, got, err)
	if err != nil {
		m.failed(k, grants, err)
		return
	}
	require.False(m.t, got.UserGone, m.told)
	require.True(m.t, got.Written || done, "said to be so already: %s", m.told)
	require.Empty(m.t, got.Disturbed, m.told)
	if !done {
		m.written(k, grants)
	}
	now := m.held[k]
	require.Equal(m.t, parts(now.explicit, now.implicit), held(got.Membership), m.told)
	m.seen[fmt.Sprintf("grant %t, written %t", grants, got.Written)]++
	if took > time.Second {
		m.seen["waited"]++
	}
}

// failed takes the membership over from the store, because an error does not tell whether
// the change was made. All other memberships must be as they were.
func (m *clusterModel) failed(k key, grants bool, err error) {
	code := status.Code(err)
	require.Contains(m.t, []codes.Code{codes.Unavailable, codes.Aborted, codes.FailedPrecondition}, code, m.told)
	m.seen["failed"]++
	for _, one := range m.memberships() {
		if one.UserID == k.user && one.RoleID == k.role && one.Explicit == grants {
			m.written(k, grants)
			return
		}
	}
	if !grants {
		m.written(k, grants)
	}
}

// gone revokes a role from a user who was deleted just now or a while ago.
func (m *clusterModel) gone() {
	k := m.ownKey()
	pause := time.Duration(m.random.IntN(15)) * time.Second
	m.tellf("%s is gone since %s", m.name(k.user), pause)
	m.store.RemoveUser(k.user)
	time.Sleep(pause)
	ctx, cancel := context.WithTimeout(m.t.Context(), budget)
	defer cancel()
	got, err := m.client.RevokeRole(ctx, k.user, k.role)
	m.tellf("%s: %+v, %v", m.calls(), got, err)
	switch {
	case err != nil:
		require.Contains(m.t, []codes.Code{codes.Unavailable, codes.FailedPrecondition}, status.Code(err), m.told)
		m.seen["failed"]++
	case got.UserGone:
		m.seen["gone"]++
	default:
		// A node that lags still knows the user, and shows that the role was not held.
		require.Equal(m.t, &privx.Change{Membership: got.Membership}, got, m.told)
		require.NotEqual(m.t, onlyExplicit, held(got.Membership), m.told)
	}
	m.store.AddUser(privxsim.User{ID: k.user})
	for _, role := range m.roles {
		delete(m.held, key{k.user, role})
	}
	time.Sleep(time.Minute) // until all nodes know the user again, and no change is recent
}

// check compares what the store has with the model.
func (m *clusterModel) check() {
	if want, got := m.expected(), m.memberships(); !reflect.DeepEqual(want, got) {
		require.Equal(m.t, lines(want), lines(got), m.told)
	}
	require.Zero(m.t, privx.Locks(m.client).Len(), m.told)
}

// Behind a load balancer, nodes lag for up to ten seconds and show nothing for some seconds
// after they start. Still, a change reported as made is made and stays, no other membership
// changes, and most changes succeed.
func TestCluster_NothingLostNothingFalse(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("make test makes thousands of changes here")
	}
	var mu sync.Mutex
	seen := map[string]int{}
	t.Cleanup(func() {
		t.Log(seen)
		if t.Failed() {
			return
		}
		const steps = clusterSeeds * clusterSteps
		assert.Less(t, seen["failed"], steps/50, "%v", seen)
		for what, least := range map[string]int{
			"grant true, written true": steps / 10, "grant true, written false": steps / 10, "grant false, written true": steps / 10,
			"grant false, written false": steps / 10, "waited": steps / 20, "gone": 10,
		} {
			assert.Greater(t, seen[what], least, "%s: %v", what, seen)
		}
	})
	for seed := range uint64(clusterSeeds) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			options := clusterOptions(int64(seed))
			inBubble(t, setup{store: emptyStore(), sim: options}, func(t *testing.T, h *harness) {
				m := newClusterModel(t, h, seed, len(options.Nodes))
				time.Sleep(time.Minute) // until all nodes know what there is
				for step := range clusterSteps {
					m.told = fmt.Sprintf("seed %d, step %d at %s: ", seed, step, time.Now().UTC().Format(time.RFC3339))
					m.step(time.Duration(m.random.IntN(15_000)) * time.Millisecond)
				}
				mu.Lock()
				defer mu.Unlock()
				for what, n := range m.seen {
					seen[what] += n
				}
			})
		})
	}
}

// A few steps in real time, over sockets.
func TestCluster_InRealTime(t *testing.T) {
	t.Parallel()
	const lag = 400 * time.Millisecond
	options := privxsim.Options{Nodes: []privxsim.Node{{}, {Lag: lag / 2}, {Lag: lag, ClockOffset: -time.Second}}, Seed: 1}
	h := &harness{store: emptyStore()}
	h.sim = privxsim.New(h.store, options)
	h.url = serve(t, h.sim, privxsim.ServeOptions{}).URL
	h.client = newClient(t.Context(), t, h.url, allFour)
	privx.SetBackOff(h.client, api.DefaultBackOff)
	m := newClusterModel(t, h, 1, len(options.Nodes))
	time.Sleep(lag) // All nodes know what there is then, however slow this machine is.
	for step := range 6 {
		m.told = fmt.Sprintf("step %d: ", step)
		m.sim.ResetRequests()
		m.change(m.ownKey(), step%2 == 0)
		m.check()
	}
	require.Zero(t, m.seen["failed"])
}
