package connector

import (
	"context"
	"hash/maphash"
	"slices"
	"sync"
	"time"

	rs "github.com/conductorone/baton-sdk/pkg/types/resource"
	"github.com/grpc-ecosystem/go-grpc-middleware/logging/zap/ctxzap"
	"go.uber.org/zap"
	"golang.org/x/sync/singleflight"

	"github.com/conductorone/baton-privx/pkg/privx"
)

// Bounds on what is remembered.
const (
	// maxRuns is how many syncs are remembered: a service may give one up and
	// begin another, or make a targeted one beside it.
	maxRuns = 3
	// maxSeenUsers is up to how many users it is checked that members are among
	// them, at about 20 bytes each.
	maxSeenUsers = 1 << 20
	// maxHeldEntries is how many entries of users' roles are kept where members
	// do not carry them.
	maxHeldEntries = 100_000
	// maxNamedUsers is how many users a warning names.
	maxNamedUsers = 5
)

// syncs remembers, for each sync that is under way, what one call of baton-sdk
// leaves for another.
type syncs struct {
	client *privx.Client

	mu   sync.Mutex
	runs []*syncRun
}

func newSyncs(client *privx.Client) *syncs { return &syncs{client: client} }

// run finds what is remembered of a sync. Without an id there is nothing to
// remember for.
func (s *syncs) run(id string) *syncRun {
	if id == "" {
		return newSyncRun(s, id)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, run := range s.runs {
		if run.id == id {
			// The one that was used last goes last.
			s.runs = append(slices.Delete(s.runs, i, i+1), run)
			return run
		}
	}
	run := newSyncRun(s, id)
	s.runs = append(s.runs, run)
	if len(s.runs) > maxRuns {
		s.runs = slices.Delete(s.runs, 0, 1)
	}
	return run
}

// forget lets go of a sync that is over.
func (s *syncs) forget(run *syncRun) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.runs = slices.DeleteFunc(s.runs, func(r *syncRun) bool { return r == run })
}

// syncRun is one sync as this process has seen it. A sync that was begun by
// another process and is resumed here lacks what that one saw: then fewer
// warnings are given and there is no closing line.
type syncRun struct {
	syncs        *syncs
	client       *privx.Client
	id           string
	began        time.Time
	callsAtStart int64

	// calls under way that several callers wait for.
	calls singleflight.Group

	mu sync.Mutex
	// sources are nil until they have been read.
	sources directories
	// held holds users' roles, as many as there is room for.
	held     map[string][]privx.RoleEntry
	heldRoom int
	// seen holds a hash of each listed user's id. The users are known once all
	// pages, from the first to the last, have been listed here; so are the roles.
	seen                   map[uint64]struct{}
	seed                   maphash.Seed
	usersBegun, usersKnown bool
	// waiting holds the roles whose members are still to be read, with the
	// number of members that PrivX gave for them (nil: none given).
	waiting                map[string]*int
	rolesBegun, rolesKnown bool

	users, roles, memberships, skipped int
}

func newSyncRun(s *syncs, id string) *syncRun {
	return &syncRun{
		syncs: s, client: s.client, id: id, began: time.Now(), callsAtStart: s.client.Calls(),
		seen: make(map[uint64]struct{}), seed: maphash.MakeSeed(), waiting: make(map[string]*int),
		held: make(map[string][]privx.RoleEntry), heldRoom: maxHeldEntries,
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

// rolesOf asks for a user's roles, usually once a sync: when there is no more
// room for what was asked for, it is asked for again.
func (r *syncRun) rolesOf(ctx context.Context, userID string) ([]privx.RoleEntry, error) {
	known := func() ([]privx.RoleEntry, bool) {
		r.mu.Lock()
		defer r.mu.Unlock()
		entries, found := r.held[userID]
		return entries, found
	}
	return once(ctx, &r.calls, "roles of "+userID, known, func(ctx context.Context) ([]privx.RoleEntry, error) {
		entries, err := r.client.UserRoles(ctx, userID)
		if err != nil {
			return nil, err
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		if room := len(entries) + 1; room <= r.heldRoom {
			r.held[userID] = entries
			r.heldRoom -= room
		}
		return entries, nil
	})
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

// listedUsers notes the first n users of the page that token asked for.
func (r *syncRun) listedUsers(ctx context.Context, token string, page *privx.Page[privx.User], n int, results *rs.SyncOpResults) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.usersBegun = r.usersBegun || token == ""
	for _, user := range page.Items[:n] {
		if len(r.seen) < maxSeenUsers {
			r.seen[r.hash(user.ID)] = struct{}{}
		}
	}
	if results.NextPageToken != "" {
		return
	}
	r.users = page.Read
	r.usersKnown = r.usersBegun && len(r.seen) < maxSeenUsers
	if r.usersKnown {
		warnOfCount(ctx, "users", page.Total, len(r.seen))
	}
}

// listedRoles notes the first n roles of the page that token asked for.
func (r *syncRun) listedRoles(ctx context.Context, token string, page *privx.Page[privx.Role], n int, results *rs.SyncOpResults) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rolesBegun = r.rolesBegun || token == ""
	for _, role := range page.Items[:n] {
		r.waiting[role.ID] = role.MemberCount
	}
	if results.NextPageToken != "" {
		return
	}
	r.roles, r.rolesKnown = page.Read, r.rolesBegun
	if r.rolesKnown {
		warnOfCount(ctx, "roles", page.Total, len(r.waiting))
	}
}

// warnOfCount warns of a list that PrivX counts differently from what it shows.
func warnOfCount(ctx context.Context, of string, counted, listed int) {
	if counted > 0 && counted != listed {
		ctxzap.Extract(ctx).Warn("baton-privx: PrivX counts its "+of+" differently from what it lists",
			zap.Int("counted", counted), zap.Int("listed", listed))
	}
}

// readMembers notes the first n members of a page of a role.
func (r *syncRun) readMembers(ctx context.Context, roleID string, page *privx.Page[privx.Member], n int, results *rs.SyncOpResults) {
	r.warnOfStrangers(ctx, roleID, page.Items[:n])
	if results.NextPageToken != "" {
		return
	}
	warnOfCount(ctx, "members of role "+roleID, page.Total, page.Read)
	r.mu.Lock()
	r.memberships += page.Read
	if count := r.waiting[roleID]; count != nil && *count != page.Read {
		ctxzap.Extract(ctx).Warn("baton-privx: PrivX's member_count of a role disagrees with the members it lists; the members were taken",
			zap.String("role_id", roleID), zap.Int("member_count", *count), zap.Int("members", page.Read))
	}
	r.mu.Unlock()
	r.finished(ctx, roleID)
}

// warnOfStrangers warns of members that were not in the list of users. Their
// grants are synced all the same.
func (r *syncRun) warnOfStrangers(ctx context.Context, roleID string, members []privx.Member) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.usersKnown {
		return
	}
	var strangers []string
	for _, member := range members {
		if _, known := r.seen[r.hash(member.ID)]; !known {
			strangers = append(strangers, member.ID)
		}
	}
	if len(strangers) > 0 {
		ctxzap.Extract(ctx).Warn("baton-privx: members of a role are not among the users that PrivX listed",
			zap.String("role_id", roleID), zap.Int("count", len(strangers)),
			zap.Strings("user_ids", strangers[:min(len(strangers), maxNamedUsers)]))
	}
}

// skippedRole notes a role that was deleted during the sync.
func (r *syncRun) skippedRole(ctx context.Context, roleID string) {
	r.mu.Lock()
	r.skipped++
	r.mu.Unlock()
	r.finished(ctx, roleID)
}

// finished notes that a role's members have been read. With the last one, the
// connector's part of the sync is over: baton-sdk does not say so itself.
func (r *syncRun) finished(ctx context.Context, roleID string) {
	r.mu.Lock()
	_, waited := r.waiting[roleID]
	delete(r.waiting, roleID)
	over := waited && r.rolesKnown && len(r.waiting) == 0
	r.mu.Unlock()
	if over {
		r.close(ctx)
	}
}

// close ends the session in PrivX and logs the closing line.
func (r *syncRun) close(ctx context.Context) {
	log := ctxzap.Extract(ctx)
	if err := r.client.Logout(ctx); err != nil {
		log.Debug("baton-privx: the session in PrivX could not be ended; PrivX ends it by itself", zap.Error(err))
	}
	r.syncs.forget(r)
	r.mu.Lock()
	defer r.mu.Unlock()
	log.Info("baton-privx: everything read from PrivX",
		zap.Int("users", r.users), zap.Int("roles", r.roles), zap.Int("memberships", r.memberships),
		zap.Int("skipped_roles", r.skipped),
		zap.Int64("calls", r.client.Calls()-r.callsAtStart),
		zap.Duration("duration", time.Since(r.began)))
}

func (r *syncRun) hash(id string) uint64 { return maphash.String(r.seed, id) }
