package connector_test

import (
	"context"
	"path/filepath"
	"sync/atomic"
	"testing"

	sdksync "github.com/conductorone/baton-sdk/pkg/sync"
	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/privxsim"
)

// A sync that is ended at any request, and gone on with by another process, has
// the same rows as one that nothing has disturbed.
func TestSyncEndedAtAnyRequest(t *testing.T) {
	if testing.Short() {
		t.Skip("make test ends a sync at each of its requests")
	}
	t.Parallel()
	store := privxsim.Seed(privxsim.SeedOptions{Users: 40, Roles: 8})
	options := privxsim.Options{MaxPageSize: 10}
	var want *synced
	requests := 0
	inBubble(t, store, options, allFour, func(x *tenant) {
		want = x.mustSync()
		requests = len(x.sim.Requests())
	})
	require.Greater(t, requests, 20)
	for n := range requests - 1 { // the last one is the logout, after which all is there
		for _, workers := range []int{1, 4} {
			inBubble(t, store, options, allFour, func(x *tenant) {
				requireSame(x.t, want, endedAndResumed(x, n+1, workers))
			})
		}
	}
}

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
