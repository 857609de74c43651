package writeprobe

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// ending is what came of putting the list back.
type ending struct {
	// done tells that the list is as it was, but for what something else has changed: the
	// roles in others.
	done   bool
	others []string
	// emptied is the first write of an empty list; nil if there was none.
	emptied *sent
	// last is the last error of a read or a write; nil if there was none since the last good
	// one.
	last error
}

// maxPuts is how often the list is written before it is read for a while.
const maxPuts = 3

// restore puts the list back as it was and verifies that. It goes on when ctx has ended. A
// grant by something else stays.
//
// What is written are the grants of something else, and nothing otherwise: an empty list.
// The entries of roles that the user has by a rule are left out, because a PrivX may make
// grants of them. Only if the empty list is refused, or takes more away than grants, they
// are written as they were read first.
func (r *run) restore(ctx context.Context) {
	defer func() { r.back.others = r.left() }()
	if !r.touched {
		r.back.done = true
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), RestoreTime)
	defer cancel()
	whole := false
	for ctx.Err() == nil && !r.back.done {
		var latest sent
		latest, whole = r.putBack(ctx, whole)
		r.back.done = r.isBack(ctx, &latest) && r.staysBack(ctx)
		whole = whole != (!r.back.done && !r.sameRules())
	}
}

// putBack writes until PrivX takes it, some times at most. It returns what came of the last
// write, and whether the whole list shall be written the next time, which is so if PrivX
// refuses the other one.
func (r *run) putBack(ctx context.Context, whole bool) (sent, bool) {
	var s sent
	for range maxPuts {
		if !r.believe(ctx) {
			break
		}
		entries := slices.DeleteFunc(r.now.grants(), func(e entry) bool { return !r.foreign(e.ID) })
		if whole && !r.bare {
			entries = append(slices.Clone(r.first.entries), entries...)
		}
		s = r.put(ctx, entries)
		r.noteError(ctx, s.err)
		if len(entries) == 0 && (r.back.emptied == nil || !r.back.emptied.took()) {
			emptied := s
			r.back.emptied = &emptied
		}
		if s.took() {
			break
		}
		whole = whole != s.refused()
		if api.Sleep(ctx, time.Second) != nil {
			break
		}
	}
	return s, whole
}

// noteError keeps the last error, unless it is only that there was no more time.
func (r *run) noteError(ctx context.Context, err error) {
	if err == nil || ctx.Err() == nil {
		r.back.last = err
	}
}

// believe reads the list until it has the grants of something else that were seen within
// api.LagTime, or for as long: a node that lags may not show them, and they must stay. It is
// read once more if a token was fetched after that, some times at most.
func (r *run) believe(ctx context.Context) bool {
	for renewed := 0; ; {
		_, err := r.look(ctx)
		if r.noteError(ctx, err); err == nil && !r.lacksOthers() {
			if r.holdsToken(ctx) || renewed == api.MaxRefusals {
				return true
			}
			renewed++
			continue
		}
		if api.Sleep(ctx, time.Second) != nil {
			return false
		}
	}
}

func (r *run) lacksOthers() bool {
	for id, seen := range r.others {
		if time.Since(seen) < api.LagTime && !r.now.has(id) {
			return true
		}
	}
	return false
}

// isBack reads the list until no node can show an old one any more, and then for a moment in
// which it must be as it was: one list alone may be from before everything was written. A
// node that is seen to lag for longer is waited for once.
func (r *run) isBack(ctx context.Context, o *sent) bool {
	began, settled := time.Now(), api.LagTime
	if r.lag > api.LagTime {
		settled *= 2
	}
	var seen bool
	var old time.Duration
	for good := false; !good || time.Since(began) <= settled+calm; {
		asked, answered := time.Since(began), time.Since(o.answered)
		_, err := r.look(ctx)
		r.noteError(ctx, err)
		switch late := asked > settled; {
		case err != nil:
		case r.asItWas():
			seen, good = true, late
			r.wasOld(o, old)
		case late && (!seen || settled > api.LagTime):
			return false
		default:
			old, good = answered, false
			if late {
				settled = 2 * api.LagTime
			}
		}
		if api.Sleep(ctx, time.Second) != nil {
			return false
		}
	}
	return true
}

// staysBack reads the list until the time for putting it back is over if PrivX never answered
// a write: it may make it late. It tells whether the list was as it was whenever it was read.
func (r *run) staysBack(ctx context.Context) bool {
	for r.lost > 0 && api.Sleep(ctx, time.Second) == nil {
		_, err := r.look(ctx)
		r.noteError(ctx, err)
		if err == nil && !r.asItWas() {
			return false
		}
	}
	return true
}

// asItWas tells whether the latest list is the first one, but for grants of something else.
func (r *run) asItWas() bool {
	ids := slices.Collect(maps.Keys(r.others))
	now, first := &list{entries: r.now.without(ids...)}, &list{entries: r.first.without(ids...)}
	return now.same(first)
}
