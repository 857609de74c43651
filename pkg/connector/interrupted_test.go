package connector_test

import (
	"context"
	"path/filepath"
	"sync/atomic"
	"testing"

	sdksync "github.com/conductorone/baton-sdk/pkg/sync"
	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/c1z"
	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/config"
)

// A sync that is ended at any request, and gone on with by another process, has
// the same rows as one that nothing has disturbed.
func TestSyncEndedAtAnyRequest(t *testing.T) {
	t.Parallel()
	store := privxsim.Seed(privxsim.SeedOptions{Users: 40, Roles: 8})
	undisturbed := newTenant(t, store, privxsim.Options{MaxPageSize: 10})
	want, err := undisturbed.sync()
	require.NoError(t, err)
	requests := len(undisturbed.sim.Requests())
	require.Greater(t, requests, 20)
	for n := range requests - 1 { // the last one is the logout, after which all is there
		for _, workers := range []int{1, 4} {
			got := endedAndResumed(t, store, n+1, workers)
			_, err := c1z.Compare(t.Context(), want, got)
			require.NoError(t, err, "ended at request %d of %d, %d workers", n+1, requests, workers)
		}
	}
}

// endedAndResumed gives the file of a sync that was ended at the n-th request.
func endedAndResumed(t *testing.T, store *privxsim.Store, n, workers int) string {
	t.Helper()
	sim := privxsim.New(store, privxsim.Options{MaxPageSize: 10})
	server, err := privxsim.Serve(sim, privxsim.ServeOptions{TLS: true})
	require.NoError(t, err)
	defer server.Close()
	process := func() *tenant {
		return connect(t, store, sim, func(cfg *config.Privx) { cfg.BaseUrl, cfg.CaCertificate = server.URL, server.CAPEM })
	}
	file := filepath.Join(t.TempDir(), "sync.c1z")

	first := process()
	ctx, end := context.WithCancel(first.ctx)
	defer end()
	first.ctx = ctx
	var count atomic.Int64
	sim.OnRequest(func(privxsim.Request) {
		if count.Add(1) == int64(n) {
			end()
		}
	})
	require.Error(t, first.syncInto(file, sdksync.WithWorkerCount(workers)))
	require.NoError(t, process().syncInto(file, sdksync.WithWorkerCount(workers)))
	return file
}
