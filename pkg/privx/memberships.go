package privx

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
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
	// maxRounds is how often the list is read, written and verified when the
	// change does not stay in it.
	maxRounds = 3
)

// settling are the pauses before the verifying read is repeated: behind a load
// balancer it may be answered by a node that lags.
var settling = []time.Duration{250 * time.Millisecond, 750 * time.Millisecond, time.Second}

// Change is what has come of granting or revoking a role.
type Change struct {
	// Written tells whether PrivX was written to. If not, everything was as
	// wanted already.
	Written bool
	// Membership is how the user holds the role now, as the last read showed; nil
	// if he does not. A revoked one that is still there is implicit.
	Membership *RoleEntry
	// Disturbed are other roles that were explicit when the list was read and not
	// when the change was verified, or the other way round: something else changed
	// them at the same time. They are sorted.
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
// entry goes back as it came, and what came of it is read again. A change that
// something else makes between that read and the write, one round trip, cannot
// be seen, and is lost.
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
// list as GrantRole does, and fails in the same way.
func (c *Client) RevokeRole(ctx context.Context, userID, roleID string) (*Change, error) {
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
	exists, searchErr := c.userExists(ctx, userID)
	switch {
	case searchErr != nil:
		return nil, fmt.Errorf("looking whether a user is gone whose roles PrivX does not find: %w", searchErr)
	case exists:
		return nil, &Error{
			Endpoint: "GET or " + writeEndpoint, Status: http.StatusNotFound, grpcCode: codes.FailedPrecondition,
			Message: "yet the search knows the user",
		}
	default:
		return &Change{UserGone: true}, nil
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
	user := strings.ToLower(userID)
	unlock, err := c.locks.lock(ctx, user)
	if err != nil {
		return nil, fmt.Errorf("waiting for other changes of the same user's roles: %w", err)
	}
	defer unlock()
	var change Change
	var date time.Time
	var renewed bool
	pauses := short{c.newBackOff()}
	for round := 0; ; {
		before, err := c.readUntil(ctx, userID, date, func(list roleList) bool { return !c.recent.contradict(user, list, c.clock()) })
		if err != nil {
			return nil, err
		}
		date = before.date
		if e.done(before) {
			change.Membership = before.membership(roleID)
			return &change, nil
		}
		if round == maxRounds {
			return nil, c.unlessReadOnly(ctx, doesNotStay())
		}
		entries, err := e.entries(before)
		if err != nil {
			return nil, err
		}
		failure := c.writeRoleList(ctx, userID, entries)
		if IsUnauthenticated(failure) && !renewed {
			// A new token takes its time, in which the list may change.
			renewed = true
			continue
		}
		if failure != nil && ctx.Err() != nil {
			return nil, fmt.Errorf("the change may have been sent, and could not be verified: %w", failure)
		}
		if refused(failure) {
			return nil, c.unlessReadOnly(ctx, failure)
		}
		change.Written = true
		after, err := c.readUntil(ctx, userID, before.date, e.done)
		if err != nil {
			return nil, fmt.Errorf("the change was sent, and could not be verified: %w", err)
		}
		disturbed := before.disturbed(after, roleID)
		change.Disturbed = sortedSet(append(change.Disturbed, disturbed...))
		done := e.done(after)
		if done {
			c.recent.note(user, roleID, after, c.clock())
		}
		switch {
		case done && len(disturbed) == 0:
			change.Membership = after.membership(roleID)
			return &change, nil
		case done || failure == nil:
			// Something else writes the list, or PrivX lags far behind.
			round++
		default:
			// PrivX has not made the change, so it may be sent again.
			if err := c.pause(ctx, pauses, c.unlessReadOnly(ctx, failure)); err != nil {
				return nil, err
			}
		}
	}
}

// readRoleList reads a user's list of roles, for as long as ctx allows. Its date
// is not before the given one: on another node, whose clock is behind, what was
// written to begin then has begun.
func (c *Client) readRoleList(ctx context.Context, userID string, notBefore time.Time) (roleList, error) {
	rq := userRolesRequest(userID)
	var list roleList
	try := func() error {
		a, err := c.exchange(ctx, rq)
		if err == nil {
			list, err = parseRoleList(rq, a)
		}
		var e *Error
		if errors.As(err, &e) && e.wait != nil {
			// There is no bound on the number of tries here: a Retry-After of 0 must
			// not make it as many as PrivX can refuse.
			wait := max(*e.wait, settling[0])
			e.wait = &wait
		}
		if list.date.Before(notBefore) {
			list.date = notBefore
		}
		return err
	}
	deadline, _ := ctx.Deadline()
	err := c.repeat(ctx, try, backoff.WithBackOff(short{c.newBackOff()}), backoff.WithMaxElapsedTime(time.Until(deadline)))
	return list, err
}

// writeRoleList writes a user's list of roles, once. Only an error for which
// refused is true says that PrivX has not done it.
func (c *Client) writeRoleList(ctx context.Context, userID string, entries []json.RawMessage) error {
	rq := &request{
		method: http.MethodPut, path: userRolesPath, ids: []string{userID}, permission: "roles-manage",
		body: listBody(entries), contentType: jsonContent, once: true,
	}
	a, err := c.exchange(ctx, rq)
	if err != nil {
		return err
	}
	if len(bytes.TrimSpace(a.body)) > 0 && !a.isJSON() {
		return unusable(rq.endpoint(), a, "not PrivX's answer to a write", nil)
	}
	return nil
}

// writeEndpoint is what the errors of writeRoleList name.
const writeEndpoint = "PUT /role-store/api/v1/users/{id}/roles"

// readUntil reads the list, a few times if it is not as it shall be: behind a load
// balancer, a node that lags may answer.
func (c *Client) readUntil(ctx context.Context, userID string, notBefore time.Time, good func(roleList) bool) (roleList, error) {
	for i := 0; ; i++ {
		list, err := c.readRoleList(ctx, userID, notBefore)
		if err != nil {
			return roleList{}, err
		}
		if good(list) || i == len(settling) {
			return list, nil
		}
		if err := sleep(ctx, settling[i]); err != nil {
			return roleList{}, err
		}
	}
}

// exchange is authorized within exchangeTimeout.
func (c *Client) exchange(ctx context.Context, rq *request) (*answer, error) {
	bounded, cancel := context.WithTimeout(ctx, exchangeTimeout)
	defer cancel()
	a, err := c.authorized(bounded, rq)
	if err != nil && bounded.Err() != nil && ctx.Err() == nil {
		return nil, timedOut(rq.endpoint())
	}
	return a, err
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
	a, err := c.exchange(ctx, rq)
	if err != nil {
		return false
	}
	var status struct {
		ZDU struct {
			Details struct {
				API struct {
					Restricting bool `json:"restricting"`
				} `json:"api"`
			} `json:"details"`
		} `json:"zdu"`
	}
	return decodeObject(rq.endpoint(), a, &status) == nil && status.ZDU.Details.API.Restricting
}
