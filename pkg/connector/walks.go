package connector

import (
	"context"
	"fmt"
	"time"

	"github.com/conductorone/baton-privx/pkg/connector/reach"
)

// walk reads a list of targets, adds up those that are synced, and shows all of them, until one
// is enough or the list ends. It calls again where it has to begin again. The targets are
// without the names of access groups.
func (r *syncRun) walk(ctx context.Context, list targetList, again func(), enough func(reach.Target) bool) error {
	for token := ""; ; {
		page, err := list.page(ctx, r.client, nil, token)
		if err != nil {
			return fmt.Errorf("listing %s: %w", list.many, err)
		}
		if page.Restarted {
			again()
		}
		over := false
		token, err = r.takeTargets(list, page, func(target reach.Target) (bool, error) {
			over = enough(target) || over
			return true, nil
		})
		if err != nil || over || token == "" {
			return err
		}
	}
}

// find looks for a target in its list. If the target's grants are going to be expanded, it
// reads the whole list and leaves the sums, so that the list is read once.
func (s *syncs) find(ctx context.Context, list targetList, id string) (reach.Target, error) {
	run := newSyncRun(s)
	var found *reach.Target
	err := run.walk(ctx, list, func() { found = nil }, func(target reach.Target) bool {
		if target.ID != id {
			return false
		}
		found = &target
		return !s.reach.expands(target)
	})
	switch {
	case err != nil:
		return reach.Target{}, err
	case found == nil:
		return reach.Target{}, absentError("PrivX does not list it")
	case s.reach.expands(*found):
		s.leave(&walked{list.kind, run.sums[list.kind], time.Now()})
	}
	return *found, nil
}

// walked is what the targets of a list add up to that was read to find one of them.
type walked struct {
	kind reach.Kind
	sums *reach.Sums
	at   time.Time
}

// walkedFor is for how long that can be taken. The sync that has asked for the target goes on
// with the target's grants at once. Another one could be a sync that was given up, and that
// takes what is this much older than its own rows at most.
const walkedFor = time.Minute

// leave keeps what a list adds up to for the sync that has asked for one of its targets.
// baton-sdk tells which sync that is only when the sync asks for the target's grants.
func (s *syncs) leave(w *walked) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.walked = w
}

// take gives what was left of a list; nil if nothing was, or too long ago.
func (s *syncs) take(kind reach.Kind) *reach.Sums {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.walked
	if w == nil || w.kind != kind {
		return nil
	}
	s.walked = nil
	if time.Since(w.at) > walkedFor {
		return nil
	}
	return w.sums
}

// takeSums has a sync that asks for the grants of a target go on with what was left of the
// list that the target was found in.
func (r *syncRun) takeSums(kind reach.Kind) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sums[kind] != nil {
		return
	}
	if sums := r.syncs.take(kind); sums != nil {
		r.setSums(kind, sums, true)
	}
}
