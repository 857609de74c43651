package privx_test

import (
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// The numbers of seeds, and of steps for each, of TestChangesHoldToAReferenceModel.
const (
	modelSeeds = 10
	modelSteps = 540
)

// modelFault is a fault of a write. It tells whether the write is executed, and whether
// PrivX says so.
type modelFault struct {
	privxsim.Fault

	executed, accepted bool
}

// anyPutFault is a random fault of a write after which a change can still succeed.
func (m *model) anyPutFault() modelFault {
	code := choose(m, 408, 429, 500, 502, 503, 504)
	f := choose(m,
		modelFault{privxsim.Fault{Status: code}, false, false},
		modelFault{privxsim.Fault{Kind: privxsim.FaultStatusAfter, Status: code}, true, false},
		modelFault{privxsim.Fault{Kind: privxsim.FaultResetBefore}, false, false},
		modelFault{privxsim.Fault{Kind: privxsim.FaultResetAfter}, true, false},
		modelFault{privxsim.Fault{Kind: privxsim.FaultStall}, false, false},
		modelFault{privxsim.Fault{Kind: privxsim.FaultSlowHeader, Delay: time.Hour}, true, false},
		modelFault{privxsim.Fault{Kind: privxsim.FaultDropWrite}, false, true},
	)
	f.Count = 1
	m.tellf("write fails: %s %d, executed %t", f.Kind, f.Status, f.executed)
	return f
}

// anyGetFaults injects faults into the first read and into those that verify. A node may
// lag behind only if the write was executed.
func (m *model) anyGetFaults(executed bool) {
	if m.chance(15) {
		f := privxsim.Fault{Kind: choose(m, privxsim.FaultStatus, privxsim.FaultResetBefore, privxsim.FaultResetAfter, privxsim.FaultCut), Status: 503, Count: 1 + m.random.IntN(2)}
		if f.Kind == privxsim.FaultCut {
			f.Status = 0
		}
		f.Skip = m.random.IntN(2)
		m.tellf("read %d fails %d times: %s", f.Skip, f.Count, f.Kind)
		m.faultGet(f)
	} else if executed && m.chance(15) {
		f := privxsim.Fault{Kind: privxsim.FaultStale, Skip: 1, Count: 1 + m.random.IntN(3)}
		m.tellf("%d reads lag", f.Count)
		m.faultGet(f)
	}
}

// change grants or revokes a role, with faults and foreign writes in between.
func (m *model) change() {
	k, grants := m.key(), m.chance(60)
	m.tellf("grant %t of %s to %s", grants, m.name(k.role), m.name(k.user))
	done := func() bool {
		if grants {
			return m.held[k].inForce(time.Now().Truncate(time.Second))
		}
		return !m.held[k].explicit
	}
	fault := modelFault{executed: true, accepted: true}
	if m.chance(25) {
		fault = m.anyPutFault()
		m.faultPut(fault.Fault)
	}
	m.anyGetFaults(fault.executed)
	var foreign []key // after the first writes
	for range choose(m, 0, 0, 1, 1, 2) {
		foreign = append(foreign, key{choose(m, k.user, k.user, k.user, m.key().user), choose(m, k.role, m.key().role, m.key().role)})
	}

	wanted, lost, disturbed := 0, 0, map[string]bool{}
	enough := done()
	m.callOnPut(func(n int) {
		if !enough {
			wanted = n
		}
		if n > 1 || fault.executed {
			m.written(k, grants)
		}
		if n <= len(foreign) {
			before := m.explicitOf(k)
			m.foreign(foreign[n-1])
			for role, now := range m.explicitOf(k) {
				if now != before[role] {
					disturbed[role] = true
				}
			}
		}
		enough = enough || done()
		if !enough && (n > 1 || fault.accepted) {
			lost++
		}
	})
	run := m.client.RevokeRole
	if grants {
		run = m.client.GrantRole
	}
	got, err := run(m.t.Context(), k.user, k.role)
	m.callOnPut(nil)
	if lost == api.MaxRounds {
		wantError(m.t, err, codes.Aborted, http.StatusOK)
		require.False(m.t, enough, m.told)
		m.seen["given up"]++
		return
	}
	require.NoError(m.t, err, m.told)
	require.True(m.t, enough, "the role is not held as it shall be: %s", m.told)
	require.Len(m.t, m.writes(), wanted, m.told)
	require.Equal(m.t, wanted > 0, got.Written, m.told)
	now := m.held[k]
	require.Equal(m.t, parts(now.explicit, now.implicit), held(got.Membership), m.told)
	if now.explicit {
		require.Equal(m.t, now.grant.Type, got.Membership.GrantType, m.told)
	}
	require.Equal(m.t, slices.Sorted(maps.Keys(disturbed)), got.Disturbed, m.told)
	require.False(m.t, got.UserGone, m.told)
	m.seen[fmt.Sprintf("%d writes, grant %t, disturbed %t", wanted, grants, len(disturbed) > 0)]++
}

// explicitOf tells which other roles of a user are explicit.
func (m *model) explicitOf(k key) map[string]bool {
	explicit := map[string]bool{}
	for _, role := range m.roles {
		if role != k.role {
			explicit[role] = m.held[key{k.user, role}].explicit
		}
	}
	return explicit
}

// nobody revokes a role from a user who is gone, grants one to that user, and grants a role
// that does not exist.
func (m *model) nobody() {
	k := m.key()
	m.tellf("%s is gone for a while", m.name(k.user))
	m.store.RemoveUser(k.user)
	got, err := m.client.RevokeRole(m.t.Context(), k.user, k.role)
	require.NoError(m.t, err, m.told)
	require.Equal(m.t, &privx.Change{UserGone: true}, got, m.told)
	wantError(m.t, second(m.client.GrantRole(m.t.Context(), k.user, k.role)), codes.NotFound, http.StatusNotFound)
	require.Empty(m.t, m.writes(), m.told)
	m.store.AddUser(privxsim.User{ID: k.user})
	for _, role := range m.roles {
		delete(m.held, key{k.user, role})
	}
	wantError(m.t, second(m.client.GrantRole(m.t.Context(), k.user, unknownID)), codes.NotFound, http.StatusNotFound)
}

// step does something, and compares what the store has with the model.
func (m *model) step() {
	now := time.Now()
	time.Sleep(now.Truncate(modelTick).Add(modelTick).Sub(now)) // Fake time.
	m.sim.ResetRequests()
	m.sim.ClearFaults()
	switch n := m.random.IntN(100); {
	case n < 70:
		m.change()
	case n < 95:
		m.foreign(m.key())
	case n < 99:
		hours := 1 + m.random.IntN(9)
		m.tellf("%d hours pass", hours)
		time.Sleep(time.Duration(hours) * time.Hour)
	default:
		m.nobody()
	}
	if want, got := m.expected(), m.memberships(); !reflect.DeepEqual(want, got) {
		require.Equal(m.t, lines(want), lines(got), m.told)
	}
	require.Zero(m.t, privx.Locks(m.client).Len(), m.told)
}

// After random steps in random order, PrivX holds what the model says. The seed is the name
// of the subtest, so that a run can be repeated.
func TestChangesHoldToAReferenceModel(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	seen := map[string]int{}
	t.Cleanup(func() {
		if t.Failed() {
			return
		}
		assert.Greater(t, seen["given up"], 5, "%v", seen)
		for writes := range 3 {
			for _, grants := range []bool{true, false} {
				for _, disturbed := range []bool{false, writes > 0} {
					assert.Greater(t, seen[fmt.Sprintf("%d writes, grant %t, disturbed %t", writes, grants, disturbed)], 5, "%v", seen)
				}
			}
		}
	})
	for seed := range uint64(modelSeeds) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			var length time.Duration
			if seed%2 == 1 {
				length = modelGrantLength
			}
			inBubble(t, setup{store: emptyStore(), grantLength: length, sim: privxsim.Options{TokenTTL: 24 * time.Hour}}, func(t *testing.T, h *harness) {
				m := newModel(t, h, seed, length)
				for step := range modelSteps {
					m.told = fmt.Sprintf("seed %d, step %d at %s: ", seed, step, time.Now().UTC().Format(time.RFC3339))
					m.step()
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
