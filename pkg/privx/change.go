package privx

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/conductorone/baton-privx/internal/errorid"

	"github.com/cenkalti/backoff/v5"

	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// putUserRoles replaces the whole list of a user's roles.
var putUserRoles = api.Endpoint{Method: http.MethodPut, Path: "/role-store/api/v1/users/{}/roles", Permission: "roles-manage"}

// edit is a change to make to a list of roles.
type edit struct {
	// done tells whether a list already is as wanted.
	done func(roleList) bool
	// entries makes, from a list that is not, the entries to write.
	entries func(roleList) ([]json.RawMessage, error)
}

// roleChange is a change of a user's roles that is under way. It is a state machine:
//
//	read ── the list is as it shall be ──────────────────────────────────────► over
//	  └───► write ── the token is refused ──────────────────────► read
//	          │ └─── PrivX refuses the change ──────────────────► failed
//	          └───► verify ── it is there, and nothing else has changed ─────► over
//	                  ├────── it does not stay, or something else has changed ► read
//	                  └────── PrivX failed, and has not made it ──► pause ────► read
//
// MaxRounds, MaxRefusals and the context's deadline bound it.
type roleChange struct {
	edit

	client         *Client
	userID, roleID string
	result         Change
	// before is the list that the latest write started from, and failure is that write's
	// error.
	before           roleList
	failure          error
	rounds, refusals int
	pauses           backoff.BackOff
}

// state does one step of the change and returns the next state; nil when the change is over.
type state func(context.Context) (state, error)

// changeRoles reads, writes and verifies a user's list of roles, repeatedly if necessary,
// until a read shows the list as wanted.
func (c *Client) changeRoles(ctx context.Context, userID, roleID string, e edit) (*Change, error) {
	ctx, cancel := context.WithTimeout(ctx, api.MaxElapsed)
	defer cancel()
	unlock, err := c.locks.lock(ctx, CanonicalID(userID))
	if err != nil {
		return nil, fmt.Errorf("waiting for other changes of the same user's roles: %w", err)
	}
	defer unlock()
	r := &roleChange{edit: e, client: c, userID: userID, roleID: roleID, pauses: c.api.ShortBackOff()}
	for next := state(r.read); next != nil; {
		if next, err = next(ctx); err != nil {
			return nil, err
		}
	}
	return &r.result, nil
}

// read reads the list from which the change starts.
func (r *roleChange) read(ctx context.Context) (state, error) {
	before, undone, err := r.client.rolesBefore(ctx, r.userID, r.before.date)
	if err != nil {
		return nil, r.unverified(err)
	}
	r.before = before
	r.disturb(undone)
	switch {
	case r.done(before):
		r.result.Membership = before.membership(r.roleID)
		return nil, nil
	case r.rounds == api.MaxRounds:
		return nil, r.unlessReadOnly(ctx, doesNotStay())
	default:
		return r.write, nil
	}
}

// write sends the changed list.
func (r *roleChange) write(ctx context.Context) (state, error) {
	entries, err := r.entries(r.before)
	if err != nil {
		return nil, r.unverified(err)
	}
	rq := putUserRoles.Request(r.userID)
	rq.Body, rq.Urgent = listBody(entries), true
	r.failure = api.Write(ctx, r.client.api, rq)
	switch {
	case IsUnauthenticated(r.failure) && r.refusals < api.MaxRefusals:
		// The list may change while a new token is fetched or spreads to all nodes, so it
		// is read again.
		r.refusals++
		return r.read, nil
	case r.failure != nil && ctx.Err() != nil:
		return nil, errorid.With(errorid.ChangeUnverified, fmt.Errorf("the change may have been sent, and could not be verified: %w", r.failure))
	case isRefused(r.failure):
		return nil, r.unlessReadOnly(ctx, r.failure)
	}
	r.result.Written = true
	if r.failure == nil {
		r.note(r.before.date)
	}
	return r.verify, nil
}

// verify reads the list after the write and checks the change.
func (r *roleChange) verify(ctx context.Context) (state, error) {
	after, err := r.client.rolesAfter(ctx, r.userID, r.before.date, r.failure == nil, r.done)
	if err != nil {
		return nil, r.unverified(err)
	}
	disturbed := r.before.disturbed(after, r.roleID)
	r.disturb(disturbed)
	done := r.done(after)
	if done {
		r.note(after.date)
	}
	switch {
	case done && len(disturbed) == 0:
		r.result.Membership = after.membership(r.roleID)
		return nil, nil
	case done || r.failure == nil:
		// Something else writes the list, too, or PrivX does not accept the change.
		r.rounds++
		return r.read, nil
	default:
		return r.pause, nil
	}
}

// pause waits before a failed write, which the list does not show, is sent again. Should
// PrivX have made it all the same and lag behind, the same is written a second time. That
// does no harm: it is made from a list that shows everything that was changed here.
func (r *roleChange) pause(ctx context.Context) (state, error) {
	failure := r.unlessReadOnly(ctx, r.failure)
	var e *Error
	if !errors.As(failure, &e) || !api.IsTransient(e) {
		return nil, failure
	}
	wait := r.pauses.NextBackOff()
	if e.Wait != nil {
		wait = *e.Wait
	}
	return r.read, api.WaitOr(ctx, wait, failure)
}

// note remembers a change that PrivX has accepted or shown. date is PrivX's time at that
// moment.
func (r *roleChange) note(date time.Time) {
	r.client.recent.note(CanonicalID(r.userID), recentChange{role: r.roleID, done: r.done, date: date, at: r.client.api.Now()})
}

// disturb adds ids to Disturbed. The role that is being changed is left out, because its
// outcome is verified.
func (r *roleChange) disturb(ids []string) {
	others := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return SameID(id, r.roleID) })
	r.result.Disturbed = sortedSet(append(r.result.Disturbed, others...))
}

// unverified adds to an error that a change was sent, if one was: it may have been made.
func (r *roleChange) unverified(err error) error {
	if !r.result.Written {
		return err
	}
	return errorid.With(errorid.ChangeUnverified, fmt.Errorf("the change was sent, and could not be verified: %w", err))
}

// unlessReadOnly changes the failure of a write if PrivX is in a zero-downtime upgrade,
// during which it is read-only. It is not known which status refuses a write then, so the
// role store is asked for its state.
func (r *roleChange) unlessReadOnly(ctx context.Context, failure error) error {
	var e *Error
	if !errors.As(failure, &e) || e.Status == 0 || !r.client.isReadOnly(ctx) {
		return failure
	}
	given := e.WithKind(api.Unusable)
	given.ID = errorid.ReadOnly
	given.Hint = "PrivX is being upgraded and is read-only; try again when the upgrade is over"
	return given
}

// isRefused tells whether the error of a write proves that PrivX has not made the change
// and will not make it. After any other error (also that of an answer too long to be read),
// only a read can tell.
func isRefused(failure error) bool {
	var e *Error
	if failure == nil || !errors.As(failure, &e) {
		return failure != nil
	}
	return e.Status >= 400 && e.Status < 500 && !api.IsTransient(e)
}

func doesNotStay() *Error {
	return &Error{
		Kind: api.Unsettled, ID: errorid.ChangeDoesNotStay, Endpoint: putUserRoles.String(), Status: http.StatusOK,
		Message: fmt.Sprintf("the change was not there when it was read again, %d times over", api.MaxRounds),
		Hint:    "something else changes the same user's roles, or PrivX does not take the change: look at the user in PrivX",
	}
}
