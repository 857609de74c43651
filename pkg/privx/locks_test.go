package privx_test

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/pkg/privx"
)

// Only one holds the lock of a name at a time, and in the end no lock is left.
func TestLocks_OneAtATime(t *testing.T) {
	t.Parallel()
	var locks privx.KeyedLocks
	const names, callers, turns = 3, 8, 200
	var inside [names]int // Guarded by the locks: the race detector watches.
	var all sync.WaitGroup
	for i := range names * callers {
		all.Go(func() {
			for range turns {
				unlock, err := locks.Lock(t.Context(), strconv.Itoa(i%names))
				if err != nil {
					t.Errorf("%v", err)
					return
				}
				inside[i%names]++
				unlock()
			}
		})
	}
	all.Wait()
	require.Equal(t, [names]int{callers * turns, callers * turns, callers * turns}, inside)
	require.Zero(t, locks.Len())
}

// Those who wait get the lock in the order in which they came. One that gives up does not
// change the order of the others.
func TestLocks_InOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var locks privx.KeyedLocks
		unlock, err := locks.Lock(t.Context(), "a")
		require.NoError(t, err)
		require.Equal(t, 1, locks.Len())

		const callers = 9
		order := make(chan int, callers)
		var cancels []context.CancelFunc
		errs := make(chan error, callers)
		for i := range callers {
			ctx, cancel := context.WithCancel(t.Context())
			cancels = append(cancels, cancel)
			go func() {
				unlock, err := locks.Lock(ctx, "a")
				errs <- err
				if err == nil {
					order <- i
					unlock()
				}
			}()
			synctest.Wait()
		}
		require.Empty(t, errs)
		for _, i := range []int{0, 4, 8} {
			cancels[i]()
			require.ErrorIs(t, <-errs, context.Canceled)
		}
		require.Equal(t, 1, locks.Len())

		// Another name is free meanwhile.
		other, err := locks.Lock(t.Context(), "b")
		require.NoError(t, err)
		require.Equal(t, 2, locks.Len())
		other()
		require.Equal(t, 1, locks.Len())

		unlock()
		synctest.Wait()
		close(order)
		var got []int
		for i := range order {
			got = append(got, i)
		}
		require.Equal(t, []int{1, 2, 3, 5, 6, 7}, got)
		require.Zero(t, locks.Len())
		slices.Reverse(cancels)
		for _, cancel := range cancels {
			cancel()
		}
	})
}

// Nobody waits longer than the context allows, or at all if it has already ended.
func TestLocks_NoLongerThanTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var locks privx.KeyedLocks
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := locks.Lock(ended, "a")
		require.ErrorIs(t, err, context.Canceled)
		require.Zero(t, locks.Len())

		unlock, err := locks.Lock(t.Context(), "a")
		require.NoError(t, err)
		short, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		began := time.Now()
		_, err = locks.Lock(short, "a")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, time.Minute, time.Since(began), "fake time")
		unlock()
		require.Zero(t, locks.Len())
	})
}
