package connector

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"

	"github.com/grpc-ecosystem/go-grpc-middleware/logging/zap/ctxzap"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/conductorone/baton-privx/internal/errorid"
	"github.com/conductorone/baton-privx/pkg/privx"
)

// checkExpansion counts, once a sync and before the first grant that is expanded, how many
// rows the members of roles take on targets at most, and tells the number. Too many end the
// sync where the limit is strict: baton-sdk would run out of memory.
func (r *syncRun) checkExpansion(ctx context.Context) error {
	known := func() (struct{}, bool) {
		r.mu.Lock()
		defer r.mu.Unlock()
		return struct{}{}, r.counted
	}
	_, err := r.rowsCalls.do(ctx, "", known, func(ctx context.Context) (struct{}, error) { return struct{}{}, r.countRows(ctx) })
	return err
}

// checkExpansionToCome is checkExpansion before the session in PrivX is ended, for grants of
// targets that come afterwards. Where that would take more than to count members, it is left
// to the first of them.
func (r *syncRun) checkExpansionToCome(ctx context.Context) error {
	if reach := r.syncs.reach; !reach.expand || len(reach.lists) == 0 {
		return nil
	}
	r.mu.Lock()
	listed := r.allListed()
	r.mu.Unlock()
	if !listed {
		return nil
	}
	return r.checkExpansion(ctx)
}

func (r *syncRun) countRows(ctx context.Context) error {
	rows, err := r.expandedRows(ctx)
	if err != nil {
		return failed("counting the members of roles that reach something", err)
	}
	if err := r.tellExpansion(ctx, rows); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counted = true
	return nil
}

// tellExpansion tells how many rows an expansion takes. Too many are an error where the limit
// is strict.
func (r *syncRun) tellExpansion(ctx context.Context, rows int64) error {
	reach, log := r.syncs.reach, ctxzap.Extract(ctx)
	numbers := []zap.Field{zap.Int64("rows", rows), zap.Int("limit", reach.limit)}
	switch {
	case rows <= int64(reach.limit):
		log.Info("baton-privx: the members of roles take at most so many rows on what their roles reach", numbers...)
	case reach.strict:
		return unfit("expanding what roles reach to their members", errorid.New(errorid.TooManyRows, fmt.Sprintf(
			"that takes up to %d rows, which is more than the limit of %d: set expand-reach to off, leave a kind of target out, or raise expand-reach-limit and the memory", rows, reach.limit)))
	default:
		log.Warn("baton-privx: the members of roles take very many rows on what their roles reach; set expand-reach to off if that is too much", numbers...)
	}
	return nil
}

// noteMemberCount notes how many members a role has, all of whom have been read.
func (r *syncRun) noteMemberCount(roleID string, members int) {
	if reach := r.syncs.reach; !reach.expand || len(reach.lists) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.members == nil {
		r.members = make(map[string]int)
	}
	r.members[roleID] = members
}

// countMembers is how many members a role has. PrivX is asked for that where they have not
// been read yet. The member_count of its list of roles may be out of date, so that it is no
// bound on anything.
func (r *syncRun) countMembers(ctx context.Context, roleID string) (int, error) {
	r.mu.Lock()
	members, read := r.members[roleID]
	r.mu.Unlock()
	if read {
		return members, nil
	}
	return r.client.CountMembers(ctx, roleID)
}

// expandedRows is the sum, over all roles, of a role's grants on targets times its members.
// Two roles of one person that reach the same account make one row of two: it is an upper
// bound.
func (r *syncRun) expandedRows(ctx context.Context) (int64, error) {
	roles, err := r.rolesSeen(ctx)
	if err != nil {
		return 0, err
	}
	grants := make(map[string]int64)
	for _, list := range r.syncs.reach.lists {
		sums, err := r.sumsOf(ctx, list)
		if err != nil {
			return 0, err
		}
		sums.EachRole(func(role string, n int) {
			if id, seen := roles[role]; seen {
				grants[id] += int64(n)
			}
		})
	}
	var rows atomic.Int64
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(lookupsAtOnce)
	for _, id := range slices.Sorted(maps.Keys(grants)) {
		group.Go(func() error {
			members, err := r.countMembers(groupCtx, id)
			if privx.IsNotFound(err) {
				return nil // The role was deleted meanwhile, and has no members.
			}
			rows.Add(grants[id] * int64(members))
			return err
		})
	}
	err = group.Wait()
	return rows.Load(), err
}
