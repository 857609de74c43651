package connector_test

import (
	"context"
	"path/filepath"
	"sync/atomic"
	"testing"

	sdksync "github.com/conductorone/baton-sdk/pkg/sync"
	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/config"
)

// A sync that is ended at any request, and gone on with by another process, has
// the same rows as one that nothing has disturbed. So has one of what roles reach, with the
// numbers in its texts.
func TestSyncEndedAtAnyRequest(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("make test ends a sync at each of its requests")
	}
	for name, c := range map[string]struct {
		store *privxsim.Store
		cfg   *config.Privx
		// workers are with how many workers a sync is ended at a request, by turns.
		workers [][]int
	}{
		"users and roles":  {privxsim.Seed(privxsim.SeedOptions{Users: 40, Roles: 8}), &config.Privx{}, [][]int{{1, 4}}},
		"what roles reach": {oddReachScene(), fullReach(), [][]int{{1}, {1, 4}, {1}, {1, 8}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			options := privxsim.Options{MaxPageSize: stagePage}
			var want *synced
			requests := 0
			inBubbleWith(t, c.store, options, allFour, c.cfg, func(x *tenant) {
				want = x.mustSync()
				requests = len(x.sim.Requests())
			})
			require.Greater(t, requests, 20)
			for n := range requests - 1 { // the last one is the logout, after which all is there
				for _, workers := range c.workers[n%len(c.workers)] {
					inBubbleWith(t, c.store, options, allFour, c.cfg, func(x *tenant) {
						requireSame(x.t, want, endedAndResumed(x, n+1, workers))
					})
				}
			}
		})
	}
}

// oddReachScene is the scene with targets beside that are odd.
func oddReachScene() *privxsim.Store {
	scene := newReachScene()
	l := landscape{store: scene.store, dba: privxsim.Role{ID: scene.held}, web: privxsim.Role{ID: scene.reaching}, alice: privxsim.User{ID: scene.user}}
	l.admins = l.store.AddRole(privxsim.Role{Name: "Ops"})
	l.gone = l.store.AddRole(privxsim.Role{Name: "Gone"})
	l.addHosts()
	l.addOthers()
	l.store.RemoveRole(l.gone.ID)
	return l.store
}

func withWorkers(n int) sdksync.SyncOpt { return sdksync.WithWorkerCount(n) }

// endedAndResumed gives what a sync has that was ended at the n-th request.
func endedAndResumed(x *tenant, n, workers int) *synced {
	x.t.Helper()
	file := filepath.Join(x.t.TempDir(), "sync.c1z")
	resuming := *x
	resuming.connector = x.another()
	ctx, end := context.WithCancel(x.ctx)
	defer end()
	x.ctx = ctx
	var count atomic.Int64
	x.sim.OnRequest(func(privxsim.Request) {
		if count.Add(1) == int64(n) {
			end()
		}
	})
	require.Error(x.t, x.syncInto(file, sdksync.WithWorkerCount(workers)), "ended at request %d, %d workers", n, workers)
	require.NoError(x.t, resuming.syncInto(file, sdksync.WithWorkerCount(workers)), "ended at request %d, %d workers", n, workers)
	return readBack(x.t, file)
}
