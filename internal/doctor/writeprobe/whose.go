package writeprobe

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// note notes whose grants are in the latest list. Those of the role are the probe's, once it
// has written anything, and with Clear. All that is not known to be the probe's is something else's, and
// stays.
func (r *run) note() {
	made := r.madeGrants()
	for _, e := range r.now.grants() {
		switch id := privx.CanonicalID(e.ID); {
		case (r.wrote || r.touched) && anyIs([]string{r.role, r.ghost}, e.ID):
			r.touched = true // Whatever PrivX answered.
		case made && r.first.find(e.ID) != nil && !r.foreign(e.ID):
			r.promoted[id] = true
			r.bare, r.touched = true, true
		default:
			r.others[id] = time.Now()
		}
	}
}

// madeGrants tells whether PrivX has made grants of the roles that the user has by rules,
// because it was sent their entries. That is certain only if it was sent them and has not
// refused them, and if all of them are grants in one list: somebody else may have granted
// one of them at the same time, but not all of them, privx-user among them.
func (r *run) madeGrants() bool {
	entries := r.first.entries
	switch {
	case !r.offered || r.keeps || len(entries) == 0:
		return false
	case len(entries) == 1 && !strings.EqualFold(entries[0].Name, privx.RoleNameUser):
		return false
	default:
		return !slices.ContainsFunc(entries, func(e entry) bool { return !r.now.has(e.ID) })
	}
}

// foreign tells whether a role is one that something else has granted.
func (r *run) foreign(roleID string) bool {
	_, found := r.others[privx.CanonicalID(roleID)]
	return found
}

// left are the roles of which the latest list shows grants of something else, sorted.
func (r *run) left() []string {
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(r.others)) {
		if r.now.has(id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// isUntouched tells whether the list needs no words: PrivX has made nothing of what was
// written, and nothing else has changed the list since.
func (r *run) isUntouched() bool { return !r.touched && (!r.wrote || len(r.back.others) == 0) }

// errNotWritten stands for the outcome of a write where there was none.
var errNotWritten = errors.New("nothing was written")

// getToken makes sure that no token must be fetched between the latest read and a write: what
// something else changes between them is lost. After a token was fetched the list is read
// again, until it has the role or not, as before. It says why nothing may be written; empty
// if it may.
func (r *run) getToken(ctx context.Context) string {
	for range api.MaxRefusals {
		if r.holdsToken(ctx) {
			return ""
		}
		seen := r.await(ctx, &sent{err: errNotWritten, answered: time.Now()}, holdsAsBefore)
		switch {
		case len(r.others) > 0:
			return stoppedChanged
		case ctx.Err() != nil:
			return overdue(ctx)
		case r.unread != nil:
			return stoppedBlind
		case !seen:
			return stoppedChanged
		}
		r.before = r.now
	}
	return stoppedRenewing
}

// holdsAsBefore tells whether the user holds the role as before the step.
func holdsAsBefore(r *run) bool { return r.now.has(r.role) == r.before.has(r.role) }

// holdsToken tells whether a token is there without a request. Otherwise it gets one.
func (r *run) holdsToken(ctx context.Context) bool {
	calls := r.client.Calls()
	_, err := r.client.Login(ctx)
	return err == nil && r.client.Calls() == calls
}
