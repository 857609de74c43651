package connector

import (
	"context"
	"hash/maphash"
	"slices"
	"sync"
	"time"

	rs "github.com/conductorone/baton-sdk/pkg/types/resource"
	"github.com/grpc-ecosystem/go-grpc-middleware/logging/zap/ctxzap"
	"github.com/maypok86/otter/v2"
	"go.uber.org/zap"

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
	for _, run := range s.runs {
		if run.id == id {
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

	sourcesMu sync.Mutex
	sources   directories

	heldOnce sync.Once
	held     *otter.Cache[string, []privx.RoleEntry]

	mu sync.Mutex
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
	}
}

// directories reads PrivX's sources, once a sync.
func (r *syncRun) directories(ctx context.Context) (directories, error) {
	r.sourcesMu.Lock()
	defer r.sourcesMu.Unlock()
	if r.sources == nil {
		read, err := readDirectories(ctx, r.client)
		if err != nil {
			return nil, err
		}
		r.sources = read
	}
	return r.sources, nil
}

// rolesOf asks for a user's roles, usually once a sync: what was asked for is
// kept within bounds.
func (r *syncRun) rolesOf(ctx context.Context, userID string) ([]privx.RoleEntry, error) {
	r.heldOnce.Do(func() {
		r.held = otter.Must(&otter.Options[string, []privx.RoleEntry]{
			MaximumWeight: maxHeldEntries,
			Weigher: func(_ string, entries []privx.RoleEntry) uint32 {
				return uint32(min(len(entries), maxHeldEntries)) + 1 //nolint:gosec // bounded right here
			},
		})
	})
	return r.held.Get(ctx, userID, otter.LoaderFunc[string, []privx.RoleEntry](r.client.UserRoles))
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
		ctxzap.Extract(ctx).Warn("baton-privx: PrivX counts its "+of+" differently from what it lists; all that it lists was read",
			zap.Int("counted", counted), zap.Int("listed", listed))
	}
}

// readMembers notes the first n members of a page of a role.
func (r *syncRun) readMembers(ctx context.Context, roleID string, page *privx.Page[privx.User], n int, results *rs.SyncOpResults) {
	r.warnOfStrangers(ctx, roleID, page.Items[:n])
	if results.NextPageToken != "" {
		return
	}
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
func (r *syncRun) warnOfStrangers(ctx context.Context, roleID string, members []privx.User) {
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
