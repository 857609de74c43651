package core

import (
	"slices"
	"sync"
	"time"
)

// Data is the store of a service, of which nodes can have replicas. Only Copies
// implement it, and several of them Together.
type Data interface {
	follow(n *node) // makes a replica for a node that lags
}

// Together is the data of a service that has several stores.
type Together []Data

func (t Together) follow(n *node) {
	for _, data := range t {
		data.follow(n)
	}
}

// Copies are the copies of a service's store S in a cluster: the truth, and a
// replica for each node that lags. A replica learns of each change of the truth
// only when it is old enough. K names a thing of which the store can tell what has
// become of it.
//
// A change tells what has become of one thing, not what was done to it, so that a
// replica which already knows something newer of the thing can pass over it, and
// all replicas come to the truth in the end.
type Copies[K comparable, S any] struct {
	truth   S
	lock    func(S) sync.Locker
	replica func(S) S

	// mu guards the list of replicas. It may be taken while the truth is locked.
	mu       sync.Mutex
	replicas []*replica[K, S]

	// These are guarded by the truth's lock.
	writer  *node // that was asked for the change that is being made
	changes int   // how many there were
}

// NewCopies returns the copies of a store: the truth alone, as long as no simulator
// has made replicas. Lock returns what guards a copy, and replica makes a copy of the truth, which
// is locked meanwhile.
func NewCopies[K comparable, S any](truth S, lock func(S) sync.Locker, replica func(S) S) *Copies[K, S] {
	return &Copies[K, S]{truth: truth, lock: lock, replica: replica}
}

// replica is the copy of a store that a node shows. All of it is guarded by the
// copy's own lock.
type replica[K comparable, S any] struct {
	node  *node
	store S
	// pending are the changes that the copy does not show yet, oldest first, and
	// known is the latest change that it shows of each thing.
	pending []change[K, S]
	known   map[K]int
}

// change is what has become of a thing.
type change[K comparable, S any] struct {
	key    K
	number int // grows with each change of the truth
	at     time.Time
	apply  func(S)
}

// View returns what the node of a call shows at this moment, locked: the caller
// unlocks it.
func (c *Copies[K, S]) View(call *Call) S {
	r := c.of(call.node)
	if r == nil {
		c.lock(c.truth).Lock()
		return c.truth
	}
	c.lock(r.store).Lock()
	r.catchUp()
	return r.store
}

// of returns the replica that a node shows, or nil if it shows the truth.
func (c *Copies[K, S]) of(n *node) *replica[K, S] {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.replicas, func(r *replica[K, S]) bool { return r.node == n })
	if i < 0 {
		return nil
	}
	return c.replicas[i]
}

// follow gives a node a replica of the truth as it is now.
func (c *Copies[K, S]) follow(n *node) {
	lock := c.lock(c.truth)
	lock.Lock()
	defer lock.Unlock()
	r := &replica[K, S]{node: n, store: c.replica(c.truth), known: map[K]int{}}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.replicas = append(c.replicas, r)
}

// Write calls a function that changes the truth, which the caller has locked, as
// the node of a call was asked for it: that node shows the changes at once.
func (c *Copies[K, S]) Write(call *Call, change func()) {
	c.writer = call.node
	defer func() { c.writer = nil }()
	change()
}

// Changed tells the replicas what has become of a thing, by a function that makes
// a copy show it. The truth is locked. Needs are the things without which the copy
// could not show it. Copies that are nil, as those of a replica, tell nobody.
func (c *Copies[K, S]) Changed(key K, apply func(S), needs ...K) {
	if c == nil {
		return
	}
	c.changes++
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.replicas {
		r.tell(c.lock(r.store), change[K, S]{key: key, number: c.changes, at: r.node.clock(), apply: apply}, r.node == c.writer, needs)
	}
}

// tell gives a replica a change, which it shows once the node's lag is over, or
// at once.
func (r *replica[K, S]) tell(lock sync.Locker, c change[K, S], atOnce bool, needs []K) {
	lock.Lock()
	defer lock.Unlock()
	if !atOnce {
		r.pending = append(r.pending, c)
		return
	}
	for _, p := range r.pending {
		if slices.Contains(needs, p.key) {
			r.apply(p)
		}
	}
	r.apply(c)
}

// catchUp applies the changes whose time has come.
func (r *replica[K, S]) catchUp() {
	now := r.node.clock()
	for len(r.pending) > 0 && now.Sub(r.pending[0].at) >= r.node.Lag {
		r.apply(r.pending[0])
		r.pending = r.pending[1:]
	}
	if len(r.pending) == 0 {
		clear(r.known)
	}
}

// apply makes the replica show a change, unless it shows a later one of the thing.
func (r *replica[K, S]) apply(c change[K, S]) {
	if r.known[c.key] < c.number {
		r.known[c.key] = c.number
		c.apply(r.store)
	}
}
