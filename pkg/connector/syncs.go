package connector

import (
	"context"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/conductorone/baton-privx/pkg/privx"
)

// Bounds on what is remembered of all syncs together. Those that were given up are
// among them: baton-sdk does not say so.
const (
	// maxRuns is how many syncs are remembered. baton-sdk runs at most 100 tasks at a
	// time.
	maxRuns = 128
	// maxSeenUsers is how many users are remembered, 96 MiB at most.
	maxSeenUsers = 4 << 20
	// maxHeldEntries is how many entries of users' roles are kept where members
	// do not carry them.
	maxHeldEntries = 100_000
)

// confirmPause lies between two answers that prove together what one does not.
const confirmPause = time.Second

// syncs remembers, for each sync that is under way, what one call of baton-sdk
// leaves for another.
type syncs struct {
	client *privx.Client

	mu sync.Mutex
	// runs are the syncs, the one that was used last at the end.
	runs []*syncRun
	// heldRoom is for how many entries of users' roles there is still room, and users
	// how many are remembered.
	heldRoom, users int
}

func newSyncs(client *privx.Client) *syncs { return &syncs{client: client, heldRoom: maxHeldEntries} }

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
		s.runs = append(slices.Delete(s.runs, i, i+1), run)
		return run
	}
	run := newSyncRun(s)
	run.id = id
	s.runs = append(s.runs, run)
	s.makeRoom()
	return run
}

// makeRoom forgets those that were not used for the longest time, if it is too much.
func (s *syncs) makeRoom() {
	for len(s.runs) > maxRuns || s.users > maxSeenUsers && len(s.runs) > 0 {
		s.drop(s.runs[0])
	}
}

// forget lets go of a sync that is over.
func (s *syncs) forget(run *syncRun) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(run)
}

func (s *syncs) drop(run *syncRun) {
	i := slices.Index(s.runs, run)
	if i < 0 {
		return
	}
	s.runs = slices.Delete(s.runs, i, i+1)
	s.heldRoom += run.heldEntries
	s.users -= run.heldUsers
}

// hold takes room for entries of users' roles, if there is any, and holdUsers for
// users. A sync that was forgotten gets none.
func (s *syncs) hold(run *syncRun, entries int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if entries > s.heldRoom || !slices.Contains(s.runs, run) {
		return false
	}
	s.heldRoom -= entries
	run.heldEntries += entries
	return true
}

func (s *syncs) holdUsers(run *syncRun, users int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if slices.Contains(s.runs, run) {
		s.users += users
		run.heldUsers += users
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
	// heldEntries and heldUsers are what it has of the room for all, under syncs.mu.
	heldEntries, heldUsers int

	// calls under way that several callers wait for.
	calls singleflight.Group

	mu sync.Mutex
	// sources are nil until they have been read.
	sources directories
	// held holds users' roles, as many as there is room for.
	held map[string][]privx.RoleEntry
	// hidesRoles: a user's list of roles was empty twice, so that PrivX leaves out the
	// one that everybody holds.
	hidesRoles bool
	tally
}

func newSyncRun(s *syncs) *syncRun {
	return &syncRun{
		syncs: s, client: s.client, began: time.Now(), callsAtStart: s.client.Calls(),
		held: make(map[string][]privx.RoleEntry), tally: tally{waiting: make(map[string]*int)},
	}
}

// directories reads PrivX's sources, once a sync.
func (r *syncRun) directories(ctx context.Context) (directories, error) {
	known := func() (directories, bool) {
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.sources, r.sources != nil
	}
	return once(ctx, &r.calls, "sources", known, func(ctx context.Context) (directories, error) {
		read, err := readDirectories(ctx, r.client)
		if err != nil {
			return nil, err
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.sources = read
		return read, nil
	})
}

// rolesOf asks for the roles of a member of a role, usually once a sync: when there is
// no more room for what was asked for, it is asked for again. A list that is empty is
// asked for once more, a second later, unless the role is everybody's and PrivX is known
// to leave that out.
func (r *syncRun) rolesOf(ctx context.Context, userID string, everybodys bool) ([]privx.RoleEntry, error) {
	known := func() ([]privx.RoleEntry, bool) {
		r.mu.Lock()
		defer r.mu.Unlock()
		entries, found := r.held[userID]
		return entries, found
	}
	entries, err := once(ctx, &r.calls, "roles of "+userID, known, func(ctx context.Context) ([]privx.RoleEntry, error) {
		entries, err := r.client.UserRoles(ctx, userID)
		if err == nil && len(entries) > 0 {
			r.hold(userID, entries)
		}
		return entries, err
	})
	if err != nil || len(entries) > 0 || everybodys && r.hidesEverybodys() {
		return entries, err
	}
	return once(ctx, &r.calls, "roles of "+userID+" again", known, func(ctx context.Context) ([]privx.RoleEntry, error) {
		time.Sleep(confirmPause)
		entries, err := r.client.UserRoles(ctx, userID)
		if err != nil {
			return nil, err
		}
		r.hold(userID, entries)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.hidesRoles = r.hidesRoles || len(entries) == 0
		return entries, nil
	})
}

func (r *syncRun) hidesEverybodys() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.hidesRoles
}

// hold keeps a user's roles, if there is room for them.
func (r *syncRun) hold(userID string, entries []privx.RoleEntry) {
	if r.syncs.hold(r, len(entries)+1) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.held[userID] = entries
	}
}

// once gives what is known, or makes the call that finds out, for all who want to
// know at the same time. None of them ends it for the others by going away; the
// client bounds it.
func once[T any](
	ctx context.Context, calls *singleflight.Group, key string, known func() (T, bool), call func(context.Context) (T, error),
) (T, error) {
	if value, found := known(); found {
		return value, nil
	}
	done := calls.DoChan(key, func() (any, error) {
		// Another's call may have ended just now.
		if value, found := known(); found {
			return value, nil
		}
		return call(context.WithoutCancel(ctx))
	})
	select {
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	case result := <-done:
		value, _ := result.Val.(T)
		return value, result.Err
	}
}
