package connector

import (
	"context"
	"sync"
)

// shared makes a call once for all who want its result at the same time. Its zero
// value is ready.
type shared[T any] struct {
	mu    sync.Mutex
	calls map[string]*sharedCall[T]
}

// sharedCall is one that is under way.
type sharedCall[T any] struct {
	waiting int // under shared.mu
	cancel  context.CancelFunc
	// done is closed when there is a value or an error.
	done  chan struct{}
	value T
	err   error
}

// do gives the value that is known, or joins the call that is under way for the key, or
// else makes one; the call itself stores its value where known finds it. A caller whose
// context ends leaves the call to the others. The last caller who leaves cancels it and
// waits until it has ended.
func (s *shared[T]) do(
	ctx context.Context, key string, known func() (T, bool), call func(context.Context) (T, error),
) (T, error) {
	s.mu.Lock()
	// This is asked under the lock: a call that is not in the map any more has stored its
	// value before it was removed.
	if value, found := known(); found {
		s.mu.Unlock()
		return value, nil
	}
	c := s.calls[key]
	if c == nil {
		c = s.start(ctx, key, call)
	}
	c.waiting++
	s.mu.Unlock()
	select {
	case <-c.done:
		return c.value, c.err
	case <-ctx.Done():
		s.leave(key, c)
		var none T
		return none, ctx.Err()
	}
}

// start makes a call in the background.
func (s *shared[T]) start(ctx context.Context, key string, call func(context.Context) (T, error)) *sharedCall[T] {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	c := &sharedCall[T]{cancel: cancel, done: make(chan struct{})}
	if s.calls == nil {
		s.calls = make(map[string]*sharedCall[T])
	}
	s.calls[key] = c
	go func() {
		defer close(c.done)
		defer cancel()
		c.value, c.err = call(ctx)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.remove(key, c)
	}()
	return c
}

// leave lets a caller no longer wait for a call.
func (s *shared[T]) leave(key string, c *sharedCall[T]) {
	s.mu.Lock()
	c.waiting--
	last := c.waiting == 0
	if last {
		s.remove(key, c) // A new caller must not join a call that is cancelled.
		c.cancel()
	}
	s.mu.Unlock()
	if last {
		<-c.done
	}
}

// remove takes a call off the map, unless another one has taken its place.
func (s *shared[T]) remove(key string, c *sharedCall[T]) {
	if s.calls[key] == c {
		delete(s.calls, key)
	}
}
