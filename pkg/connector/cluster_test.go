package connector_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	sdksync "github.com/conductorone/baton-sdk/pkg/sync"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/conductorone/baton-privx/internal/privxsim"
)

// unkindCluster are the manners of a PrivX of three nodes that know different things,
// count differently, and show nothing for a while after a start.
func unkindCluster(seed int64) privxsim.Options {
	return privxsim.Options{
		Nodes: []privxsim.Node{
			{Empty: 900 * time.Millisecond},
			{Lag: 3 * time.Second, ClockOffset: -time.Second, Empty: 500 * time.Millisecond},
			{Lag: 10 * time.Second, CountOffset: -1, Empty: 900 * time.Millisecond},
		},
		MaxPageSize: 7, Latency: 50 * time.Millisecond, Seed: seed, EmptyNotFound: seed%2 == 0,
		AffinityCookie: seed%4 == 1, RandomTies: seed%3 == 0, MemberCount: seed%5 < 2,
	}
}

// gossip changes a tenant in whatever way while it is synced, and knows what stays.
type gossip struct {
	mu     sync.Mutex
	random *rand.Rand
	store  *privxsim.Store
	sim    *privxsim.Simulator
	// users come and go; those that stay are not among them.
	users []string
	roles []string
	// ever are all memberships that there have been.
	ever map[string]bool
	// restarted is when a node was started anew. They are not all the time: two answers
	// a second apart, from two nodes that have just started, prove what is not so.
	restarted time.Time
	// stays: nothing goes. Where PrivX sorts rows of the same time differently each time,
	// a row that goes may stand for one that was missed.
	stays bool
}

// change does something now and then.
func (g *gossip) change(privxsim.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	user, role := g.users[g.random.IntN(len(g.users))], g.roles[g.random.IntN(len(g.roles))]
	change := g.random.IntN(12)
	if g.stays && (change == 0 || change == 3) {
		return
	}
	switch change {
	case 0:
		g.store.RemoveUser(user)
	case 1, 2:
		// Another one: who comes back under the same id would stand at another place.
		user = g.store.AddUser(privxsim.User{Principal: user, Created: time.Now().UTC().Format(time.RFC3339)}).ID
		g.users = append(g.users, user)
		g.store.GrantExplicit(role, user, privxsim.Grant{})
	case 3:
		g.store.RemoveExplicit(role, user)
	case 4:
		if time.Since(g.restarted) > 3*time.Second {
			g.restarted = time.Now()
			g.sim.RestartNode(g.random.IntN(3))
		}
	default:
		return
	}
	g.note()
}

func (g *gossip) note() {
	for _, m := range g.store.Memberships() {
		g.ever[grantID(m.RoleID, m.UserID)] = true
	}
}

// A sync of a PrivX whose nodes do not know the same, while it changes, has all that
// was there all the time, and nothing that never was; or it is an error.
func TestSyncsOfAnUnkindCluster(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("make test syncs dozens of clusters")
	}
	const syncs = int64(60)
	var whole atomic.Int64
	t.Cleanup(func() {
		if !t.Failed() {
			// So many are usually two fifths. Fewer than a quarter would prove little.
			assert.Greater(t, whole.Load(), syncs/4, "syncs that were complete")
		}
	})
	for seed := range syncs {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			if syncsUnkindCluster(t, seed) {
				whole.Add(1)
			}
		})
	}
}

func syncsUnkindCluster(t *testing.T, seed int64) bool {
	t.Helper()
	store := plainStore()
	g := &gossip{random: rand.New(rand.NewPCG(uint64(seed), 1)), store: store, ever: map[string]bool{}}
	for i := range 6 {
		g.roles = append(g.roles, store.AddRole(privxsim.Role{Name: fmt.Sprint("role ", i)}).ID)
	}
	for i := range 60 {
		// Many of them at the same instant, as after an import.
		created := time.Date(1999, 1, 1, 0, i/20, 0, 0, time.UTC).Format(time.RFC3339)
		user := store.AddUser(privxsim.User{Principal: fmt.Sprint("user ", i), Created: created}).ID
		for _, role := range g.roles {
			if g.random.IntN(2) == 0 {
				store.GrantExplicit(role, user, privxsim.Grant{})
			}
		}
		if i%3 == 0 {
			g.users = append(g.users, user)
		}
	}
	var stays []privxsim.Membership
	comesAndGoes := map[string]bool{}
	for _, user := range g.users {
		comesAndGoes[user] = true
	}
	for _, m := range store.Memberships() {
		if !comesAndGoes[m.UserID] {
			stays = append(stays, m)
		}
	}
	complete := false
	inBubble(t, store, unkindCluster(seed), allFour, func(x *tenant) {
		t := x.t
		g.sim, g.stays = x.sim, unkindCluster(seed).RandomTies
		g.note()
		time.Sleep(20 * time.Second) // Fake time, until all nodes know of it.
		x.sim.OnRequest(g.change)
		path := filepath.Join(t.TempDir(), "sync.c1z")
		err := x.syncInto(path, sdksync.WithWorkerCount(4))
		if err != nil {
			require.Contains(t, []codes.Code{codes.Aborted, codes.FailedPrecondition, codes.Unavailable}, status.Code(err), "%v", err)
			require.Empty(t, x.closing())
			return
		}
		complete = true
		s := readBack(t, path)
		var missing []string
		for _, m := range stays {
			require.Contains(t, keys(s.users), m.UserID)
			require.Contains(t, keys(s.roles), m.RoleID)
			if s.grants[grantID(m.RoleID, m.UserID)] == nil {
				missing = append(missing, grantID(m.RoleID, m.UserID))
			}
		}
		require.Empty(t, missing, "was there all the time")
		for id := range s.grants {
			require.True(t, g.ever[id], "a membership that never was: %s", id)
		}
		for _, line := range x.closing() {
			require.EqualValues(t, len(s.users), line["users"])
			require.EqualValues(t, len(s.grants), line["memberships"])
		}
	})
	return complete
}
