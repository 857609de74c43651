package connector

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/conductorone/baton-privx/pkg/privx"
)

// Bounds on what is remembered of all syncs together. Syncs that were given up count,
// too: baton-sdk does not tell the connector when it gives one up.
const (
	// maxRuns is how many syncs are remembered. baton-sdk runs at most 100 tasks at a
	// time.
	maxRuns = 128
	// maxSeenIDs is how many users and targets are remembered, 96 MiB at most.
	maxSeenIDs = 4 << 20
	// maxHeldRoles is how much memory is for users' roles where members do not carry
	// them, in bytes: those of a quarter of a million users with ten roles each.
	maxHeldRoles = 64 << 20
	// givenUp is how long baton-sdk must not have called for a sync before it is taken
	// for one that was given up, and forgotten where another sync needs its room for
	// users' roles.
	givenUp = time.Hour
)

// syncs remembers, for each sync that is under way, what one call of baton-sdk
// leaves for another.
type syncs struct {
	client *privx.Client
	// reach is what is synced of targets. It does not change.
	reach reachSettings

	mu sync.Mutex
	// runs are the syncs in the order in which they were last used.
	runs []*syncRun
	// walked is what was left of the last list that was read to find a target; nil once a sync
	// has taken it.
	walked *walked
	// ids is how many users and targets are remembered, and heldRoles how much memory users'
	// roles take, in bytes.
	ids, heldRoles int
	bounds         bounds
}

// bounds are on what is remembered of all syncs together.
type bounds struct{ runs, ids, heldRoles int }

func newSyncs(client *privx.Client) *syncs {
	return &syncs{client: client, bounds: bounds{maxRuns, maxSeenIDs, maxHeldRoles}}
}

// run finds what is remembered of a sync. Without an id there is nothing to
// remember for.
func (s *syncs) run(id string) *syncRun {
	if id == "" {
		return newSyncRun(s)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.runs, func(run *syncRun) bool { return run.id == id })
	if i >= 0 {
		run := s.runs[i]
		run.used = time.Now()
		s.runs = append(slices.Delete(s.runs, i, i+1), run)
		return run
	}
	s.forgetOver()
	run := newSyncRun(s)
	run.id = id
	s.runs = append(s.runs, run)
	s.makeRoom()
	return run
}

// makeRoom forgets the syncs that were not used for the longest time, until the others
// are within the bounds.
func (s *syncs) makeRoom() {
	for len(s.runs) > s.bounds.runs || s.ids > s.bounds.ids && len(s.runs) > 0 {
		s.drop(s.runs[0])
	}
}

// forgetOver forgets the syncs that are over and of which no more targets' grants are to come.
func (s *syncs) forgetOver() {
	for _, run := range slices.Clone(s.runs) {
		if run.over && time.Since(run.used) > givenUp {
			s.drop(run)
		}
	}
}

// forget removes a sync that is over.
func (s *syncs) forget(run *syncRun) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(run)
}

// release gives back what a sync that is over has of the room for all. What is left of it is
// forgotten later.
func (s *syncs) release(run *syncRun) {
	s.mu.Lock()
	defer s.mu.Unlock()
	run.over = true
	if slices.Contains(s.runs, run) {
		s.ids, s.heldRoles = s.ids-run.heldIDs, s.heldRoles-run.heldRoles
		run.heldIDs, run.heldRoles = 0, 0
	}
}

func (s *syncs) drop(run *syncRun) {
	i := slices.Index(s.runs, run)
	if i < 0 {
		return
	}
	s.runs = slices.Delete(s.runs, i, i+1)
	s.heldRoles -= run.heldRoles
	s.ids -= run.heldIDs
}

// holdRoles takes room for a sync's users' roles and tells whether there was enough. A
// sync that was forgotten gets none.
func (s *syncs) holdRoles(run *syncRun, bytes int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.runs, run) {
		return false
	}
	for s.heldRoles+bytes > s.bounds.heldRoles && s.runs[0] != run && time.Since(s.runs[0].used) > givenUp {
		s.drop(s.runs[0])
	}
	if s.heldRoles+bytes > s.bounds.heldRoles {
		return false
	}
	s.heldRoles += bytes
	run.heldRoles += bytes
	return true
}

// holdIDs takes room for a sync's users and targets, for which other syncs may be forgotten.
func (s *syncs) holdIDs(run *syncRun, ids int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if slices.Contains(s.runs, run) {
		s.ids += ids
		run.heldIDs += ids
		s.makeRoom()
	}
}

// syncRun is one sync as this process has seen it. A sync that was begun by
// another process and is resumed here lacks what that one saw: then fewer
// conclusions are drawn and there is no closing line.
type syncRun struct {
	syncs        *syncs
	client       *privx.Client
	id           string
	began        time.Time
	callsAtStart int64
	// used is when baton-sdk last called for it, and over tells that it has had its closing
	// line, under syncs.mu.
	used time.Time
	over bool
	// heldRoles and heldIDs are what it has of the room for all, under syncs.mu.
	heldRoles, heldIDs int

	// Calls of PrivX that are under way, each of which is made once for all of
	// baton-sdk's workers that need its answer at the same time.
	sourcesCalls shared[directories]
	rolesCalls   shared[userRoles]
	// held holds users' roles, as many as there is room for.
	held *roleBook

	mu sync.Mutex
	// sources are nil until they have been fetched.
	sources directories
	tally
	reaching
}

func newSyncRun(s *syncs) *syncRun {
	now := time.Now()
	r := &syncRun{
		syncs: s, client: s.client, began: now, used: now, callsAtStart: s.client.Calls(),
		tally: tally{waiting: make(map[string]*int)},
	}
	r.held = newRoleBook(func(bytes int) bool { return s.holdRoles(r, bytes) })
	return r
}

// directories gives PrivX's sources, which are fetched once a sync.
func (r *syncRun) directories(ctx context.Context) (directories, error) {
	known := func() (directories, bool) {
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.sources, r.sources != nil
	}
	return r.sourcesCalls.do(ctx, "", known, func(ctx context.Context) (directories, error) {
		fetched, err := fetchDirectories(ctx, r.client)
		if err != nil {
			return nil, err
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.sources = fetched
		return fetched, nil
	})
}

// rolesOf asks for the roles of a user, once a sync as long as there is room for them.
func (r *syncRun) rolesOf(ctx context.Context, userID string) (userRoles, error) {
	known := func() (userRoles, bool) { return r.held.of(userID) }
	return r.rolesCalls.do(ctx, userID, known, func(ctx context.Context) (userRoles, error) {
		roles, err := r.client.MemberRoles(ctx, userID)
		if err != nil {
			return userRoles{}, err
		}
		return r.held.add(userID, roles), nil
	})
}
