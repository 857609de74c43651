package privx

import (
	"context"
	"sync"

	"golang.org/x/sync/semaphore"
)

// keyedLocks are locks by name. A lock is made when it is first wanted, and removed when
// nobody holds it or waits for it any more. Those who wait get it in the order in which
// they came.
type keyedLocks struct {
	mu     sync.Mutex
	wanted map[string]*keyedLock
}

type keyedLock struct {
	held *semaphore.Weighted
	// wanting is the number of callers that hold it or wait for it.
	wanting int
}

// lock waits for the lock of a key, no longer than ctx allows. It returns a function that
// releases the lock.
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
