package writeprobe

import (
	"slices"
	"time"

	"github.com/conductorone/baton-privx/pkg/privx"
)

// Names of the steps.
const (
	asRead   = "as read"
	granting = "grant"
	again    = "again"
	twice    = "twice"
	unknown  = "unknown"
	revoking = "revoke"
	newer    = "newer"
	older    = "older"
	both     = "both"
)

// step is a list to write, and what a read shows then.
type step struct {
	name    string
	entries func(*run) []entry
	shows   func(*run) bool
	// still tells that a list from before the write looks the same.
	still bool
	// watched tells that the list is read for a while, whatever it shows.
	watched bool
	// vital tells that nothing more is learnt if it comes to nothing.
	vital bool
	// dated tells that it takes the time by PrivX's clock.
	dated bool
	// trial tells that PrivX is expected to refuse it.
	trial bool
}

// steps are what the probe writes, in their order. The list is put back after them, which
// takes the role away with an empty list.
var steps = []step{
	{
		name: asRead, still: true,
		entries: func(r *run) []entry { return r.first.entries },
		shows:   func(*run) bool { return true },
	},
	{
		name: granting, vital: true, watched: true,
		entries: func(r *run) []entry { return append(r.base(), grant(r.role, nil)) },
	},
	{
		name: again, still: true,
		entries: func(r *run) []entry { return append(r.base(), r.held()...) },
		shows:   func(r *run) bool { return sameEntry(r.now.find(r.role), r.before.find(r.role)) },
	},
	{
		name: twice, still: true, trial: true,
		entries: func(r *run) []entry { return slices.Concat(r.base(), r.held(), r.held()) },
		shows:   holds,
	},
	{
		name: unknown, still: true, trial: true,
		entries: func(r *run) []entry { return slices.Concat(r.base(), r.held(), []entry{grant(r.ghost, nil)}) },
		shows:   holds,
	},
	{
		name: revoking, vital: true,
		entries: func(r *run) []entry { return r.base() },
		shows:   func(r *run) bool { return len(r.now.grants()) == 0 },
	},
	limited(newer, time.Hour),
	limited(older, 2*time.Hour),
	limited(both, 3*time.Hour),
}

// limited is a step that grants the role for some time, told in one of the two ways that
// there are, or in both as the connector does.
func limited(name string, length time.Duration) step {
	return step{
		name: name, dated: true,
		entries: func(r *run) []entry {
			start, end := r.now.date.UTC().Format(time.RFC3339), r.now.date.Add(length).UTC().Format(time.RFC3339)
			fields := map[string]any{"grant_type": privx.GrantTimeRestricted}
			if name != older {
				fields["grant_validity_periods"] = []privx.Period{{Start: start, End: end}}
			}
			if name != newer {
				fields["grant_start"], fields["grant_end"] = start, end
			}
			return append(r.base(), grant(r.role, fields))
		},
		// The ends differ by an hour, so that no list from before the write looks the same.
		shows: func(r *run) bool { return r.endsIn(length) },
	}
}

// holds tells whether the user holds the role.
func holds(r *run) bool { return r.now.has(r.role) }

// base are the entries of the other roles, as they were read. There are only those that the
// user has by a rule, and none if PrivX makes grants of them or refuses them.
func (r *run) base() []entry {
	if r.bare {
		return nil
	}
	return r.now.without(r.role, r.ghost)
}

// held is the entry of the role as it was read.
func (r *run) held() []entry {
	if e := r.now.find(r.role); e != nil {
		return []entry{*e}
	}
	return nil
}

// endsIn tells whether the role's entry tells of an end after so much time, within some
// minutes for the time that passes and for clocks. Times that cannot be read count, because
// the list before the write had none of them.
func (r *run) endsIn(length time.Duration) bool {
	e := r.now.find(r.role)
	if e == nil || !e.granted() {
		return false
	}
	return e.GrantType == privx.GrantTimeRestricted && slices.ContainsFunc(e.Periods(), func(p privx.Period) bool {
		end, err := time.Parse(time.RFC3339, p.End)
		return err != nil || end.Sub(r.now.date.Add(length)).Abs() < 10*time.Minute
	})
}

// readable tells whether all times of an entry can be read.
func readable(e *entry) bool {
	return !slices.ContainsFunc(e.Periods(), func(p privx.Period) bool {
		_, startErr := time.Parse(time.RFC3339, p.Start)
		_, endErr := time.Parse(time.RFC3339, p.End)
		return startErr != nil || endErr != nil
	})
}

// sameEntry tells whether two entries are there and have the same values.
func sameEntry(a, b *entry) bool { return a != nil && b != nil && value(a.text) == value(b.text) }
