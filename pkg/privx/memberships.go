package privx

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/cenkalti/backoff/v5"
	"google.golang.org/grpc/codes"
)

// statusPath tells the role store's state, the upgrade's among it.
const statusPath = "/role-store/api/v1/status"

// Bounds on one change of a user's roles, besides the deadline of its context.
const (
	// exchangeTimeout is for each request, so that there is time left to find out
	// what became of a write that stalls.
	exchangeTimeout = 10 * time.Second
	// maxRounds is how often the list is written when the change does not stay in
	// it. Each time lagTime has to pass before that can be told, and all of it has
	// to be over within the 30 s that the connector gives a change.
	maxRounds = 2
	// maxRefusals is how often the list is read and written anew because the token was
	// refused: an old one, and then a new one that a node does not know yet.
	maxRefusals = 4
)

// settling are the pauses before a list is read again that is not as it should be,
// the last of them again and again: behind a load balancer, a node may answer that
// lags. What became of a write whose outcome is not known is looked for as long as
// all of them together, before it is sent again.
var settling = []time.Duration{250 * time.Millisecond, 750 * time.Millisecond, time.Second}

// emptyMoment is for how long a node that has just started is thought to show nothing.
const emptyMoment = 7500 * time.Millisecond

// Change is what has come of granting or revoking a role.
type Change struct {
	// Written tells whether PrivX was written to. If not, everything was as
	// wanted already.
	Written bool
	// Membership is how the user holds the role now, as the last read showed; nil
	// if he does not. A revoked one that is still there is implicit.
	Membership *RoleEntry
	// Disturbed are other roles that were explicit when the list was read and not
	// when the change was verified, or the other way round, and those of which a
	// change of a moment ago was not there any more when the list was read: something
	// else changed them at the same time. They are sorted.
	Disturbed []string
	// UserGone: there is no such user (any more).
	UserGone bool
}

// GrantRole makes a user an explicit member of a role, without an end unless
// Config.GrantLength says otherwise. A membership that is explicit and in force
// is left as it is.
//
// PrivX can only read and write the whole list of a user's roles, and has no
// version of it. So that nothing is lost, changes of one user's roles wait for
// one another here, the list is read right before it is written, every other
// entry goes back as it came, and what came of it is read again. A list that does
// not show what this client has changed within lagTime is not believed: it is read
// again until it does, or until that time is over. A change that something else
// makes between that read and the write, one round trip, or that a node which lags
// does not show yet, cannot be seen, and is lost.
//
// Transient failures are ridden out until ctx's deadline. An error means that it
// is not verified that the user holds the role: NotFound if there is no such user
// or role, Aborted if the change does not stay.
func (c *Client) GrantRole(ctx context.Context, userID, roleID string) (*Change, error) {
	change, err := c.changeRoles(ctx, userID, roleID, edit{
		done: func(list roleList) bool {
			held := list.membership(roleID)
			return held != nil && held.Explicit && held.inForce(c.dateOf(list))
		},
		entries: func(list roleList) ([]json.RawMessage, error) { return list.granted(roleID, c.grantLength) },
	})
	if mayLackRole(err) {
		if _, roleErr := c.GetRole(ctx, roleID); IsNotFound(roleErr) {
			return nil, roleErr
		}
	}
	return change, err
}

// RevokeRole takes the explicit membership of a role from a user. Where it is
// implicit alone, or the user is gone, there is nothing to take. It changes the
// list as GrantRole does, and fails in the same way. That the user is gone is found
// out as isGone says.
func (c *Client) RevokeRole(ctx context.Context, userID, roleID string) (*Change, error) {
	began := time.Now()
	change, err := c.changeRoles(ctx, userID, roleID, edit{
		done: func(list roleList) bool {
			held := list.membership(roleID)
			return held == nil || !held.Explicit
		},
		entries: func(list roleList) ([]json.RawMessage, error) { return list.others(roleID), nil },
	})
	if !IsNotFound(err) {
		return change, err
	}
	gone, searchErr := c.isGone(ctx, userID, began)
	switch {
	case searchErr != nil:
		return nil, fmt.Errorf("looking whether a user is gone whose roles PrivX does not find: %w", searchErr)
	case gone:
		return &Change{UserGone: true}, nil
	default:
		return nil, &Error{
			Endpoint: "GET or " + writeEndpoint, Status: http.StatusNotFound, grpcCode: codes.FailedPrecondition,
			Message: "yet the search knows the user",
		}
	}
}

// edit is what shall become of a list.
type edit struct {
	// done tells whether a list is as it shall be.
	done func(roleList) bool
	// entries makes the entries to write of one that is not.
	entries func(roleList) ([]json.RawMessage, error)
}

// changeRoles reads, writes and verifies a user's list of roles, again if need
// be, until a read shows it as it shall be.
func (c *Client) changeRoles(ctx context.Context, userID, roleID string, e edit) (*Change, error) {
	ctx, cancel := context.WithTimeout(ctx, maxElapsed)
	defer cancel()
	unlock, err := c.locks.lock(ctx, CanonicalID(userID))
	if err != nil {
		return nil, fmt.Errorf("waiting for other changes of the same user's roles: %w", err)
	}
	defer unlock()
	var change Change
	var date time.Time
	var refusals int
	pauses := short{c.newBackOff()}
	for round := 0; ; {
		before, undone, err := c.readBefore(ctx, userID, date)
		if err != nil {
			return nil, change.unverified(err)
		}
		date = before.date
		change.disturb(roleID, undone)
		if e.done(before) {
			change.Membership = before.membership(roleID)
			return &change, nil
		}
		if round == maxRounds {
			return nil, c.unlessReadOnly(ctx, doesNotStay())
		}
		entries, err := e.entries(before)
		if err != nil {
			return nil, change.unverified(err)
		}
		failure := c.writeRoleList(ctx, userID, entries)
		if IsUnauthenticated(failure) && refusals < maxRefusals {
			// A token takes its time to come or to be known, in which the list may change.
			refusals++
			continue
		}
		if failure != nil && ctx.Err() != nil {
			return nil, fmt.Errorf("the change may have been sent, and could not be verified: %w", failure)
		}
		if refused(failure) {
			return nil, c.unlessReadOnly(ctx, failure)
		}
		change.Written = true
		if failure == nil {
			c.noteChange(userID, roleID, e, before.date)
		}
		after, err := c.readAfter(ctx, userID, before.date, failure == nil, e.done)
		if err != nil {
			return nil, change.unverified(err)
		}
		disturbed := before.disturbed(after, roleID)
		change.disturb(roleID, disturbed)
		done := e.done(after)
		if done {
			c.noteChange(userID, roleID, e, after.date)
		}
		switch {
		case done && len(disturbed) == 0:
			change.Membership = after.membership(roleID)
			return &change, nil
		case done || failure == nil:
			// Something else writes the list, or PrivX does not take the change.
			round++
		default:
			// PrivX has not made the change, so it may be sent again. Should it have,
			// and lag behind, then the same is written a second time, from a list that
			// lacks nothing of what was changed here: that does no harm.
			if err := c.pause(ctx, pauses, c.unlessReadOnly(ctx, failure)); err != nil {
				return nil, err
			}
		}
	}
}

// unverified says of an error whether something may have been changed all the
// same.
func (c *Change) unverified(err error) error {
	if !c.Written {
		return err
	}
	return fmt.Errorf("the change was sent, and could not be verified: %w", err)
}

// disturb adds to Disturbed. The role that is being changed is not among them: what
// it is like in the end is verified.
func (c *Change) disturb(roleID string, ids []string) {
	others := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return SameID(id, roleID) })
	c.Disturbed = sortedSet(append(c.Disturbed, others...))
}

// noteChange remembers a change that PrivX has accepted, or shown, by its own time.
func (c *Client) noteChange(userID, roleID string, e edit, date time.Time) {
	c.recent.note(CanonicalID(userID), recentChange{role: roleID, done: e.done, date: date, at: c.clock()})
}

// readBefore reads the list that a change begins with: one that shows what was
// changed a moment ago. Where that does not come, the list is believed when no node
// may lag any more; the roles of which it still does not show it are given as well.
func (c *Client) readBefore(ctx context.Context, userID string, notBefore time.Time) (roleList, []string, error) {
	var waitedFor []recentChange
	list, err := c.readUntil(ctx, userID, notBefore, func(list roleList, _ int) bool {
		missing := c.recent.missing(CanonicalID(userID), list, c.clock())
		waitedFor = append(waitedFor, missing...)
		return len(missing) == 0
	})
	var undone []string
	for _, change := range waitedFor {
		if err == nil && !change.shownIn(list) {
			undone = append(undone, change.role)
		}
	}
	return list, undone, err
}

// readAfter reads what came of a write. One that PrivX has accepted is among the
// recent changes, so that a list which does not show it is not believed for
// lagTime. One whose outcome is not known is not: it may never be there, and is
// looked for a few times. It is not found to be done in a list that does not show
// what was changed before it.
func (c *Client) readAfter(ctx context.Context, userID string, notBefore time.Time, accepted bool, done func(roleList) bool) (roleList, error) {
	return c.readUntil(ctx, userID, notBefore, func(list roleList, reads int) bool {
		if len(c.recent.missing(CanonicalID(userID), list, c.clock())) > 0 {
			return false
		}
		return accepted || done(list) || reads > len(settling)
	})
}

// readUntil reads the list until it is good, with short pauses, as long as ctx
// allows. One that is empty has to be confirmed as well.
func (c *Client) readUntil(ctx context.Context, userID string, notBefore time.Time, good func(list roleList, reads int) bool) (roleList, error) {
	began := time.Now()
	for reads := 1; ; reads++ {
		list, err := c.readRoleList(ctx, userID, notBefore)
		if err != nil {
			return roleList{}, err
		}
		doubt := outdated()
		if good(list, reads) {
			if len(list.entries) > 0 {
				return list, nil
			}
			confirmed, err := c.confirmEmpty(ctx, userID, &list)
			switch {
			case IsNotFound(err) && time.Since(began) < lagTime:
				// A node that has just started may show an empty list, and no user.
				doubt = doubtfulRoles("an empty list of roles, of a user whom PrivX does not find")
			case err != nil:
				return roleList{}, err
			case confirmed:
				return list, nil
			default:
				doubt = mismatch(userRolesRequest(userID), "an empty list of roles, of a user who has some")
			}
		}
		if err := waitOr(ctx, settling[min(reads, len(settling))-1], doubt); err != nil {
			return roleList{}, err
		}
	}
}

// outdated is the error for lists that did not get any better while there was
// time.
func outdated() *Error {
	e := mismatch(userRolesRequest(""), "a list of roles that does not show a change which was made a moment ago")
	e.grpcCode = codes.Unavailable
	e.Hint = "a node of PrivX lags behind, or something else has undone the change"
	return e
}

// doubtfulRoles is the error for a list that a node may show which has just started.
func doubtfulRoles(what string) *Error {
	e := mismatch(userRolesRequest(""), what)
	e.grpcCode, e.Hint = codes.Unavailable, hintNodes
	return e
}

// confirmEmpty tells whether an empty list is to be believed: nothing would remain
// of the user's roles if it was written back, and he had them. It takes a second
// read and the user's own record, or where that has no roles to tell of, one some
// seconds later, as a node shows nothing for so long that has just started. Roles that
// the record has, and the list has not, are added beside it; they are none that were
// granted.
func (c *Client) confirmEmpty(ctx context.Context, userID string, list *roleList) (bool, error) {
	again, err := c.readRoleList(ctx, userID, list.date)
	if err != nil || len(again.entries) > 0 {
		return false, err
	}
	roles, err := c.rolesInRecord(ctx, userID)
	if err != nil {
		return false, err
	}
	if roles != nil {
		list.beside = roles
		return !slices.ContainsFunc(roles, func(held heldRole) bool { return held.Explicit || !held.Implicit }), nil
	}
	if err := waitOr(ctx, emptyMoment, doubtfulRoles("an empty list of roles, which there was no time to confirm")); err != nil {
		return false, err
	}
	again, err = c.readRoleList(ctx, userID, list.date)
	return len(again.entries) == 0, err
}

// rolesInRecord are the roles that a user's own record tells of, nil if it does not
// tell.
func (c *Client) rolesInRecord(ctx context.Context, userID string) ([]heldRole, error) {
	rq := userRequest(userID)
	var user struct {
		ID    string     `json:"id"`
		Roles []heldRole `json:"roles"`
	}
	err := c.readInTime(ctx, rq, func(a *answer) error { return decodeObject(rq.endpoint(), a, &user) })
	if err == nil && !SameID(user.ID, userID) {
		err = mismatch(rq, "another user than the one asked for")
	}
	return user.Roles, err
}

// readRoleList reads a user's list of roles, for as long as ctx allows. Its date
// is not before the given one: on another node, whose clock is behind, what was
// written to begin then has begun.
func (c *Client) readRoleList(ctx context.Context, userID string, notBefore time.Time) (roleList, error) {
	rq := userRolesRequest(userID)
	var list roleList
	err := c.readInTime(ctx, rq, func(a *answer) error {
		var err error
		list, err = parseRoleList(rq, a)
		return err
	})
	if list.date.Before(notBefore) {
		list.date = notBefore
	}
	return list, err
}

// readInTime makes a call that changes nothing, and takes what is answered, again
// and again for as long as ctx and the failures allow.
func (c *Client) readInTime(ctx context.Context, rq *request, take func(*answer) error) error {
	try := func() error { return notAtOnce(c.exchange(ctx, rq, take)) }
	deadline, _ := ctx.Deadline()
	err := c.repeat(ctx, try, backoff.WithBackOff(short{c.newBackOff()}), backoff.WithMaxElapsedTime(time.Until(deadline)))
	return lasting(err)
}

// notAtOnce keeps who reads without a bound on the number of tries from making as
// many as PrivX can refuse with a Retry-After of 0. The error may be that of a
// token, which others have as well: it is not changed but copied.
func notAtOnce(err error) error {
	var e *Error
	if !errors.As(err, &e) || e.wait == nil {
		return err
	}
	given := *e
	wait := max(*e.wait, settling[0])
	given.wait = &wait
	return &given
}

// writeRoleList writes a user's list of roles, once. Only an error for which
// refused is true says that PrivX has not done it.
func (c *Client) writeRoleList(ctx context.Context, userID string, entries []json.RawMessage) error {
	rq := &request{
		method: http.MethodPut, path: userRolesPath, ids: []string{userID}, permission: "roles-manage",
		body: listBody(entries), contentType: jsonContent, once: true, maxAnswer: maxShortBody,
	}
	return c.exchange(ctx, rq, func(a *answer) error {
		if len(bytes.TrimSpace(a.body)) > 0 && a.isForeign() {
			return unusable(rq.endpoint(), a, "not PrivX's answer to a write", nil)
		}
		return nil
	})
}

// writeEndpoint is what the errors of writeRoleList name.
const writeEndpoint = "PUT /role-store/api/v1/users/{id}/roles"

// exchange is authorized within exchangeTimeout, for which the answers to a sync need
// not be waited.
func (c *Client) exchange(ctx context.Context, rq *request, take func(*answer) error) error {
	bounded, cancel := context.WithTimeout(ctx, exchangeTimeout)
	defer cancel()
	urgent := *rq
	urgent.atOnce = true
	err := c.authorized(bounded, &urgent, take)
	if err != nil && bounded.Err() != nil && ctx.Err() == nil {
		return timedOut(rq.endpoint())
	}
	return err
}

// refused tells whether an error of a write says that PrivX has not done it and
// will not do it. After any other one, an answer that is too long to be read
// among them, only reading tells.
func refused(failure error) bool {
	var e *Error
	if failure == nil || !errors.As(failure, &e) {
		return failure != nil
	}
	return e.Status >= 400 && e.Status < 500 && !e.transient()
}

// pause waits before a write is sent again, or gives back the failure that is to
// be reported instead.
func (c *Client) pause(ctx context.Context, pauses backoff.BackOff, failure error) error {
	var e *Error
	if !errors.As(failure, &e) || !e.transient() {
		return failure
	}
	wait := pauses.NextBackOff()
	if e.wait != nil {
		wait = *e.wait
	}
	return waitOr(ctx, wait, failure)
}

// waitOr waits, or gives back the failure where there is no time for that.
func waitOr(ctx context.Context, wait time.Duration, failure error) error {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= wait {
		return failure
	}
	return sleep(ctx, wait)
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// dateOf is the time of a list by PrivX's clock or, if it gave none, by ours.
func (c *Client) dateOf(list roleList) time.Time {
	if list.date.IsZero() {
		return c.clock()
	}
	return list.date
}

// mayLackRole tells whether the reason may be that there is no such role: PrivX
// may refuse to write it, with whichever status, or leave it out.
func mayLackRole(err error) bool {
	var e *Error
	if !errors.As(err, &e) || e.Endpoint != writeEndpoint || IsUnauthenticated(err) || IsForbidden(err) {
		return false
	}
	return refused(e) || e.grpcCode == codes.Aborted
}

func doesNotStay() *Error {
	return &Error{
		Endpoint: writeEndpoint, Status: http.StatusOK, grpcCode: codes.Aborted,
		Message: fmt.Sprintf("the change was not there when it was read again, %d times over", maxRounds),
		Hint:    "something else changes the same user's roles, or PrivX does not take the change: look at the user in PrivX",
	}
}

// unlessReadOnly gives the failure of a write another meaning where PrivX is in
// a zero-downtime upgrade, in which it changes nothing. Which status refuses a
// write then is not known, so PrivX's own word on it is asked for.
func (c *Client) unlessReadOnly(ctx context.Context, failure error) error {
	var e *Error
	if !errors.As(failure, &e) || e.Status == 0 || !c.readOnly(ctx) {
		return failure
	}
	given := *e
	given.grpcCode, given.RetryAt, given.wait = codes.FailedPrecondition, time.Time{}, nil
	given.Hint = "PrivX is being upgraded and is read-only; try again when the upgrade is over"
	return &given
}

// readOnly tells whether PrivX says that it is restricting its API. Where it
// does not answer, it has not said so.
func (c *Client) readOnly(ctx context.Context) bool {
	rq := &request{method: http.MethodGet, path: statusPath}
	var status struct {
		ZDU struct {
			Details struct {
				API struct {
					Restricting bool `json:"restricting"`
				} `json:"api"`
			} `json:"details"`
		} `json:"zdu"`
	}
	err := c.exchange(ctx, rq, func(a *answer) error { return decodeObject(rq.endpoint(), a, &status) })
	return err == nil && status.ZDU.Details.API.Restricting
}
