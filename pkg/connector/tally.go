package connector

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/conductorone/baton-privx/internal/errorid"

	rs "github.com/conductorone/baton-sdk/pkg/types/resource"
	"github.com/grpc-ecosystem/go-grpc-middleware/logging/zap/ctxzap"
	"go.uber.org/zap"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/conductorone/baton-privx/pkg/privx"
)

const (
	// maxStrangers is how many members that the list of users did not have are searched
	// for in a sync.
	maxStrangers = 1_000
	// maxNamedUsers is how many users a warning names.
	maxNamedUsers = 5
	// clocksApart is how far the clocks of PrivX's nodes are thought to be apart at
	// most.
	clocksApart = time.Minute
)

// tally counts what PrivX has listed in a sync, to find out whether a list was not
// complete. It is used under the lock of its syncRun.
type tally struct {
	// users are those that were listed. They are known once all pages, from the first
	// to the last, have been listed here; so are the roles.
	users                  privx.IDs
	usersBegun, usersKnown bool
	// usersDate is PrivX's clock when the list of users was begun.
	usersDate time.Time
	// waiting holds the roles whose members are still to be read, with the
	// number of members that PrivX gave for them (nil: none given).
	waiting                map[string]*int
	rolesBegun, rolesKnown bool
	// strangers are members, and owners of secrets, that were not listed as users; toAsk are those of them
	// that are still to be searched for, and asked is how many were.
	strangers privx.IDs
	named     []string
	toAsk     []string
	asked     int
	// restarted is true if rows of a list were handed out more than once, or by another
	// process, so that the numbers for the closing line are not known.
	restarted bool

	roles, memberships, skipped int
}

// listedUsers notes the first n users of a page.
func (r *syncRun) listedUsers(ctx context.Context, page *privx.Page[privx.User], n int, results *rs.SyncOpResults) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.restarted = r.restarted || page.Restarted
	if page.First {
		r.usersBegun, r.usersDate = true, page.Date
		r.strangers, r.named = privx.IDs{}, nil // toAsk stays: these members are still to be searched for.
		if r.usersDate.IsZero() {
			r.usersDate = time.Now()
		}
	}
	before := r.users.Len()
	for _, user := range page.Items[:n] {
		r.users.Add(user.ID)
	}
	r.syncs.holdIDs(r, r.users.Len()-before)
	if results.NextPageToken == "" && r.usersBegun {
		r.usersKnown = true
		warnOfCount(ctx, "users", page.Total, page.Read)
	}
}

// listedRoles notes the first n roles of a page.
func (r *syncRun) listedRoles(ctx context.Context, page *privx.Page[privx.Role], n int, results *rs.SyncOpResults) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.restarted, r.rolesBegun = r.restarted || page.Restarted, r.rolesBegun || page.First
	for _, role := range page.Items[:n] {
		r.waiting[role.ID] = role.MemberCount
	}
	if r.syncs.reach.any() {
		r.listedRoleIDs(page.Items[:n], page.First || page.Restarted)
	}
	if results.NextPageToken == "" && r.rolesBegun {
		r.roles, r.rolesKnown = len(r.waiting), true
		warnOfCount(ctx, "roles", page.Total, page.Read)
	}
}

// expected tells whether a role has members, as far as PrivX has said so.
func (r *syncRun) expected(roleID string) privx.Emptiness {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch count := r.waiting[roleID]; {
	case count == nil || *count < 0:
		return privx.MayBeEmpty
	case *count == 0:
		return privx.KnownEmpty
	default:
		return privx.NeverEmpty
	}
}

// warnOfCount warns of a list that PrivX counts differently from what it shows.
func warnOfCount(ctx context.Context, of string, counted, listed int) {
	if counted > 0 && counted != listed {
		ctxzap.Extract(ctx).Warn("baton-privx: PrivX counts its "+of+" differently from what it lists",
			zap.Int("counted", counted), zap.Int("listed", listed))
	}
}

// listedMembers notes the first n members of a page of a role. An error must fail the
// whole sync.
func (r *syncRun) listedMembers(ctx context.Context, roleID string, page *privx.Page[privx.Member], n int, results *rs.SyncOpResults) error {
	r.noteMembers(page, n)
	if results.NextPageToken == "" {
		r.noteMemberCount(roleID, page.Read)
	}
	if err := r.searchStrangers(ctx, privx.MaxFound); err != nil || results.NextPageToken != "" {
		return err
	}
	return r.finished(ctx, roleID, func(count *int) {
		warnOfCount(ctx, "members of role "+roleID, page.Total, page.Read)
		if count != nil && *count != page.Read {
			ctxzap.Extract(ctx).Warn("baton-privx: PrivX's member_count of a role disagrees with the members it lists; the members were taken",
				zap.String("role_id", roleID), zap.Int("member_count", *count), zap.Int("members", page.Read))
		}
		r.memberships += page.Read
	})
}

// noteMembers notes which members were not listed as users. Their grants are synced
// all the same.
func (r *syncRun) noteMembers(page *privx.Page[privx.Member], n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.restarted = r.restarted || page.Restarted
	for _, member := range page.Items[:n] {
		r.noteUser(member.ID)
	}
}

// noteOwner notes an owner of a secret who was not listed as a user. He is searched for with
// such members.
func (r *syncRun) noteOwner(userID string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.noteUser(userID)
}

// noteUser notes a user who has a grant, if it is known that he was not listed.
func (r *syncRun) noteUser(id string) {
	if !r.usersKnown || r.users.Has(id) || !r.strangers.Add(id) {
		return
	}
	if len(r.named) < maxNamedUsers {
		r.named = append(r.named, id)
	}
	if r.asked+len(r.toAsk) < maxStrangers {
		r.toAsk = append(r.toAsk, id)
	}
}

// searchStrangers searches for those who were not listed as users, once there are
// as many as given. One that was there when the list of users was begun proves that
// the list was short.
func (r *syncRun) searchStrangers(ctx context.Context, enough int) error {
	for {
		r.mu.Lock()
		// Some may have been listed since, where the list was begun once more.
		r.toAsk = slices.DeleteFunc(r.toAsk, r.users.Has)
		if !r.rolesKnown {
			// It cannot be told which role is the last one, so that nothing is left
			// for the end.
			enough = 1
		}
		batch := r.toAsk[:min(len(r.toAsk), privx.MaxFound)]
		if len(batch) < enough {
			r.mu.Unlock()
			return nil
		}
		r.toAsk, r.asked = r.toAsk[len(batch):], r.asked+len(batch)
		r.mu.Unlock()
		if err := r.search(ctx, batch); err != nil {
			r.mu.Lock()
			r.toAsk, r.asked = append(batch, r.toAsk...), r.asked-len(batch)
			r.mu.Unlock()
			return err
		}
	}
}

func (r *syncRun) search(ctx context.Context, ids []string) error {
	found, err := r.client.FindUsers(ctx, ids)
	if err != nil {
		return failed("searching for users that PrivX did not list", err)
	}
	for _, user := range found {
		if created, ok := instant(user.Created); ok && created.Before(r.usersDate.Add(-clocksApart)) {
			return status.Error(codes.Aborted, errorid.Text("listing users", errorid.New(errorid.UsersMissing, fmt.Sprintf("the list that PrivX gave is not complete: "+
				"it lacks user %s, who is a member of a role or owns a secret, and whom PrivX finds when it is asked for him by id; sync again", user.ID))))
		}
	}
	return nil
}

// skippedRole notes a role that was deleted during the sync.
func (r *syncRun) skippedRole(ctx context.Context, roleID string) error {
	return r.finished(ctx, roleID, func(*int) { r.skipped++ })
}

// finished notes that a role's members have been listed, once a role. After the last
// role the connector ends its session in PrivX and logs the closing line: baton-sdk does
// not tell the connector that a sync is over.
func (r *syncRun) finished(ctx context.Context, roleID string, note func(count *int)) error {
	last := r.note(roleID, note, false)
	if !last {
		return nil
	}
	if err := r.searchStrangers(ctx, 1); err != nil {
		return err // The last role still waits, so that a repeated call searches again.
	}
	if err := r.checkExpansionToCome(ctx); err != nil {
		return err
	}
	r.note(roleID, note, true)
	r.close(ctx)
	return nil
}

// note takes a role off those that wait and has note count it. The last role stays on
// the list unless theLast is true, because the search for strangers comes before its end
// and may fail. The result tells whether it is the last one.
func (r *syncRun) note(roleID string, note func(count *int), theLast bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	count, waits := r.waiting[roleID]
	last := waits && r.rolesKnown && len(r.waiting) == 1
	if waits && (!last || theLast) {
		delete(r.waiting, roleID)
	}
	if waits && (!last || theLast) || !r.rolesKnown {
		note(count)
	}
	return last
}

// close ends the session in PrivX and logs the closing line.
func (r *syncRun) close(ctx context.Context) {
	log := ctxzap.Extract(ctx)
	if err := r.client.Logout(ctx); err != nil {
		log.Debug("baton-privx: the session in PrivX could not be ended; PrivX ends it by itself", zap.Error(err))
	}
	if len(r.syncs.reach.lists) == 0 {
		r.syncs.forget(r)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	defer r.keepReach()
	r.warnOfUnseen(log)
	r.warnOfUnreached(log)
	r.warnOfHidden(log)
	if r.strangers.Len() > 0 {
		log.Warn("baton-privx: members of roles or owners of secrets are not among the users that PrivX listed",
			zap.Int("count", r.strangers.Len()), zap.Strings("user_ids", r.named))
	}
	if !r.usersKnown || r.restarted {
		return
	}
	numbers := []zap.Field{
		zap.Int("users", r.users.Len()), zap.Int("roles", r.roles), zap.Int("memberships", r.memberships),
		zap.Int("skipped_roles", r.skipped),
	}
	numbers = append(numbers, r.targetNumbers()...)
	log.Info("baton-privx: everything read from PrivX", append(numbers,
		zap.Int64("calls", r.client.Calls()-r.callsAtStart),
		zap.Duration("duration", time.Since(r.began)))...)
}
