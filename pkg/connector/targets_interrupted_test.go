package connector_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"

	sdksync "github.com/conductorone/baton-sdk/pkg/sync"
	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/c1z"
	"github.com/conductorone/baton-privx/internal/privxsim"
)

func (x *tenant) mustSyncFile() string {
	x.t.Helper()
	path, err := x.sync()
	require.NoError(x.t, err)
	return path
}

// A sync of everything ended at any request and run again by another process is equal.
func TestTargetsEndedAtAnyRequest(t *testing.T) {
	t.Parallel()
	options := privxsim.Options{MaxPageSize: 3}
	var want *c1z.Content
	requests := 0
	store := newLandscape().store
	targetsInBubble(t, store, options, everything, func(x *tenant) {
		want = read(x.t, x.mustSyncFile())
		requests = len(x.sim.Requests())
	})
	t.Log(requests)
	for n := 1; n < requests; n += 4 {
		for _, workers := range []int{1 + n%4} {
			targetsInBubble(t, store, options, everything, func(x *tenant) {
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
				if x.syncInto(file, sdksync.WithWorkerCount(workers)) == nil {
					return
				}
				require.NoError(x.t, resuming.syncInto(file, sdksync.WithWorkerCount(workers)), "ended at request %d, %d workers", n, workers)
				got := read(x.t, file)
				require.Equal(x.t, want.GrantIDs(), got.GrantIDs(), "ended at %d", n)
				require.Equal(x.t, allTexts(want), allTexts(got), "ended at %d", n)
			})
		}
	}
}

func allTexts(c *c1z.Content) []string {
	var all []string
	for _, e := range c.Entitlements {
		all = append(all, e.GetId()+" "+e.GetDisplayName()+" "+e.GetDescription())
	}
	for _, r := range c.Resources {
		all = append(all, r.GetId().String()+" "+r.GetDisplayName()+" "+fmt.Sprint(r.GetProfile().AsMap()))
	}
	slices.Sort(all)
	return all
}
