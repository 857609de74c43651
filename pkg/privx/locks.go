package privx

import (
	"context"
	"sync"

	"golang.org/x/sync/semaphore"
)

// keyedLocks are locks by name, which come into being when they are wanted and
// go when nobody wants them any more. Those who wait for one are served in the
// order in which they came.
type keyedLocks struct {
	mu     sync.Mutex
	wanted map[string]*keyedLock
}

type keyedLock struct {
	held *semaphore.Weighted
	// wanting is how many hold it or wait for it.
	wanting int
}

// lock waits for its turn, no longer than ctx allows, and returns what gives the
// lock back.
func (l *keyedLocks) lock(ctx context.Context, key string) (func(), error) {
	one := l.want(key)
	if err := one.held.Acquire(ctx, 1); err != nil {
		l.leave(key)
		return nil, err
	}
	return func() {
		one.held.Release(1)
		l.leave(key)
	}, nil
}

func (l *keyedLocks) want(key string) *keyedLock {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.wanted == nil {
		l.wanted = make(map[string]*keyedLock)
	}
	one := l.wanted[key]
	if one == nil {
		one = &keyedLock{held: semaphore.NewWeighted(1)}
		l.wanted[key] = one
	}
	one.wanting++
	return one
}

func (l *keyedLocks) leave(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	one := l.wanted[key]
	one.wanting--
	if one.wanting == 0 {
		delete(l.wanted, key)
	}
}
