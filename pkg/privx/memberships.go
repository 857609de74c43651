package privx

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/conductorone/baton-privx/pkg/privx/api"
)

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
// not show what this client has changed within api.LagTime is not believed: it is read
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
			return held != nil && held.Explicit && held.inForce(list.time(c.api))
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
			Kind: api.Unusable, Endpoint: "GET or " + putUserRoles.String(), Status: http.StatusNotFound,
			Message: "yet the search knows the user",
		}
	}
}

// mayLackRole tells whether the reason may be that there is no such role: PrivX
// may refuse to write it, with whichever status, or leave it out.
func mayLackRole(err error) bool {
	var e *Error
	if !errors.As(err, &e) || e.Endpoint != putUserRoles.String() || IsUnauthenticated(err) || IsForbidden(err) {
		return false
	}
	return isRefused(e) || e.Kind == api.Unsettled
}
