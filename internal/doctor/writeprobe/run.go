package writeprobe

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/conductorone/baton-privx/internal/doctor/ask"

	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// Bounds on the time that the probe takes. From its first write to its end it takes Budget
// and RestoreTime at most, and one api.ExchangeTimeout for a write that is under way.
const (
	// Budget is how long writes are begun.
	Budget = time.Minute
	// RestoreTime is how long it is tried to put the list back.
	RestoreTime = 45 * time.Second
	// lagWatch is how long the list is read after the role was granted: long enough to see
	// whether a node shows an old list after api.LagTime.
	lagWatch = api.LagTime + 3*time.Second
	// calm is for how long after api.LagTime the list must stay as it was.
	calm = 2 * time.Second
)

// run is the part of a probe that writes. Each list that is read goes through look, and each
// that is written through put. It ends with the list put back, whatever happens.
type run struct {
	wire

	role string
	// ghost is the id of a role that does not exist.
	ghost string
	// first is the list before anything was written, and now the one that was read last.
	first, now *list
	// before is the list from which the latest write started.
	before *list
	// unread is why the latest read failed; nil if it did not.
	unread error
	// others are the roles that the user holds by a grant of something else, and when they
	// were seen last.
	others map[string]time.Time
	// offered tells that PrivX was sent entries of roles that the user has by rules, and has
	// not refused them.
	offered bool
	// promoted are such roles of which PrivX has made grants because of that. Then, and if
	// PrivX refuses such entries, none is written any more: bare.
	promoted map[string]bool
	bare     bool
	// keeps tells that PrivX does not do so: a grant of such a role is something else's.
	keeps bool
	// haunted tells that a list showed the role that does not exist.
	haunted bool
	// wrote tells that PrivX was sent a list, and touched that it may have made a change.
	wrote, touched bool
	// lost is how many lists that are not empty PrivX was sent and never answered.
	lost int
	// lag is how long after a write an old list came last. One is old if a later one shows
	// what was written.
	lag time.Duration
	// reads are those over which lag was measured.
	reads int
	// outcomes are what came of each step, and stopped is why no more were made.
	outcomes map[string]outcome
	stopped  string
	// latest is the latest step.
	latest string
	// back is what came of putting the list back.
	back ending
}

// outcome is what came of a step.
type outcome struct {
	sent

	// made tells that it was made at all, and seen that a list showed it.
	made, seen bool
	// repeated tells that it was made twice, because PrivX answered with an error the first
	// time, and complete that the list was read for as long as was wanted.
	repeated, complete bool
	// shown is the role's entry as the last list showed it; nil if it was not there.
	shown *entry
	// altered are the names of its fields that are not as they were before the step.
	altered []string
}

// Why no more steps are made.
const (
	stoppedChanged   = "something else has changed the user's roles"
	stoppedUnseen    = "no list showed what was written"
	stoppedBlind     = "the list could not be read"
	stoppedRefused   = "PrivX refused a write"
	stoppedFailed    = "a write failed"
	stoppedSlow      = "a node of PrivX shows old lists for too long"
	stoppedOverdue   = "there was no more time"
	stoppedCancelled = "the run was interrupted"
	stoppedRenewing  = "PrivX's tokens hold for too short a time"
)

func newRun(w wire, roleID string, first *list) *run {
	return &run{
		wire: w, role: roleID, ghost: ask.NewID(), first: first, now: first,
		others: make(map[string]time.Time), promoted: make(map[string]bool), outcomes: make(map[string]outcome),
	}
}

// all makes all steps, and puts the list back.
func (r *run) all(ctx context.Context) {
	defer r.restore(ctx)
	bounded, cancel := context.WithTimeout(ctx, Budget)
	defer cancel()
	for i := range steps {
		if r.stopped == "" {
			r.stopped = overdue(bounded)
		}
		if r.stopped != "" {
			return
		}
		if steps[i].dated && r.now.date.IsZero() {
			continue
		}
		r.step(bounded, &steps[i])
	}
}

// overdue says that there is no more time, or that the run was interrupted; empty if neither.
func overdue(ctx context.Context) string {
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return stoppedOverdue
	case ctx.Err() != nil:
		return stoppedCancelled
	default:
		return ""
	}
}

// step writes a list, reads until it shows what it should, and decides whether to go on. It
// ends with a read, so that nothing comes between that and the next step's write.
func (r *run) step(ctx context.Context, s *step) {
	r.before, r.latest = r.now, s.name
	if r.stopped = r.getToken(ctx); r.stopped != "" {
		return
	}
	o := outcome{made: true, sent: r.put(ctx, s.entries(r))}
	if s.trial && o.status >= http.StatusInternalServerError {
		// It may be PrivX's answer to such a list, and it may be chance.
		if r.await(ctx, &o.sent, unchanged) {
			o.sent, o.repeated = r.put(ctx, s.entries(r)), true
		}
	}
	o.seen = r.verify(ctx, s, &o.sent)
	o.complete = ctx.Err() == nil && r.unread == nil && len(r.others) == 0
	o.shown = r.now.find(r.role)
	o.altered = altered(r.before.find(r.role), o.shown)
	r.outcomes[s.name] = o
	r.stopped = r.reason(ctx, s, &o)
	r.bare = r.bare || s.name == asRead && o.refused()
	r.keeps = r.keeps || s.name == granting && r.stopped == "" && !r.bare
}

// verify reads until a list shows what became of a write.
func (r *run) verify(ctx context.Context, s *step, o *sent) bool {
	switch {
	case o.refused():
		return r.await(ctx, o, unchanged)
	case s.watched:
		return r.watch(ctx, o)
	case s.still && r.lag > 0 && api.Sleep(ctx, r.lag+time.Second) != nil:
		return false
	default:
		return r.await(ctx, o, s.shows)
	}
}

// unchanged tells whether the list is as it was before the latest write.
func unchanged(r *run) bool { return r.now.same(r.before) }

// reason says why no more steps are made after one; empty if they are.
func (r *run) reason(ctx context.Context, s *step, o *outcome) string {
	switch {
	case len(r.others) > 0 || !r.sameRules():
		return stoppedChanged
	case ctx.Err() != nil:
		return overdue(ctx)
	case r.unread != nil:
		return stoppedBlind
	case o.seen && s.watched && r.lag > api.LagTime:
		return stoppedSlow
	case o.refused() && (s.vital || o.status == http.StatusUnauthorized || o.status == http.StatusForbidden):
		return stoppedRefused
	case o.seen || o.took() && !s.vital:
		return ""
	case o.took():
		return stoppedUnseen
	default:
		return stoppedFailed
	}
}

// put sends a list. If a node does not know the token, nothing was changed, and the list is
// sent again as long as it is as it was.
func (r *run) put(ctx context.Context, entries []entry) sent {
	for tries := 1; ; tries++ {
		if ctx.Err() != nil {
			return sent{err: ctx.Err(), answered: time.Now()}
		}
		touched, offered := r.touched, r.offered
		r.wrote, r.touched = true, true
		r.offered = offered || slices.ContainsFunc(entries, func(e entry) bool { return e.Implicit })
		s := r.write(ctx, entries)
		if s.refused() {
			r.touched, r.offered = touched, offered
		}
		if s.lost && len(entries) > 0 {
			r.lost++
		}
		if !s.unknownToken() || tries == api.MaxRefusals {
			return s
		}
		was := r.now
		if now, err := r.look(ctx); err != nil || !now.same(was) {
			return s
		}
	}
}

// look reads the list and notes what it tells.
func (r *run) look(ctx context.Context) (*list, error) {
	var now *list
	if now, r.unread = r.read(ctx); r.unread != nil {
		return nil, r.unread
	}
	r.now = now
	r.haunted = r.haunted || now.find(r.ghost) != nil
	r.note()
	return now, nil
}

// await reads until a list is good, or until no node can show an old one, and at least once.
// Reads that fail do not count.
func (r *run) await(ctx context.Context, o *sent, good func(*run) bool) bool {
	var old time.Duration
	for reads := 1; ; reads++ {
		asked := time.Since(o.answered)
		_, err := r.look(ctx)
		switch late := time.Since(o.answered); {
		case err == nil && r.sameRules() && good(r):
			r.wasOld(o, old)
			return true
		case len(r.others) > 0, late > api.LagTime && err == nil, late > 2*api.LagTime:
			return false
		case err == nil && r.sameRules():
			old = asked
		}
		if api.Sleep(ctx, api.Settling[min(reads, len(api.Settling))-1]) != nil {
			return false
		}
	}
}

// wasOld notes how long after a write that PrivX accepted an old list came.
func (r *run) wasOld(o *sent, after time.Duration) {
	if o.took() {
		r.lag = max(r.lag, after)
	}
}

// sameRules tells whether the user still has the same roles by rules.
func (r *run) sameRules() bool { return slices.Equal(r.now.rules(), r.first.rules()) }

// watch reads for lagWatch after the role was granted, and notes when an old list came last.
// It tells whether the last list showed the role.
func (r *run) watch(ctx context.Context, o *sent) bool {
	const pause = 500 * time.Millisecond
	var seen bool
	var old time.Duration
	for {
		asked := time.Since(o.answered)
		if now, err := r.look(ctx); err == nil {
			r.reads++
			if seen = now.has(r.role); seen {
				r.wasOld(o, old)
			} else {
				old = asked
			}
		}
		late := time.Since(o.answered)
		if len(r.others) > 0 || late >= lagWatch && (seen || late >= lagWatch+calm) || api.Sleep(ctx, pause) != nil {
			return seen
		}
	}
}
