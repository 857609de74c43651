package privx

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/conductorone/baton-privx/internal/errorid"

	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// Change is the outcome of granting or revoking a role.
type Change struct {
	// Written tells whether a write was sent to PrivX. If not, everything already was as
	// wanted.
	Written bool
	// Membership is how the user holds the role now, by the last read; nil if the user
	// does not. A membership that is left after a revocation is implicit.
	Membership *RoleEntry
	// Disturbed are the ids, sorted, of other roles that something else changed at the
	// same time. Such a role was explicit in only one of two lists: the one before the
	// change and the one that verified it. Or the list before the change no longer showed
	// what this client had done to the role a moment ago.
	Disturbed []string
	// UserGone tells that the user does not exist (any more).
	UserGone bool
}

// GrantRole makes a user an explicit member of a role. The membership has no end, unless
// Config.GrantLength is set. One that is explicit and in force is left as it is.
//
// PrivX can only read and write the whole list of a user's roles, and the list has no
// version. So that nothing is lost, this client makes the changes of one user's roles one
// after the other. It reads the list right before it writes it, writes every other entry
// back as it came, and reads the list again to verify the change. A list that does not show
// what this client has changed within api.LagTime is not believed: it is read again until
// it does, or until that time is over. Two changes by something else cannot be seen, and
// are lost: one made between the read and the write, which is one round trip, and one that
// the node that was read does not show yet because it lags.
//
// Transient failures are retried until ctx's deadline. An error means that it is not
// verified that the user holds the role: NotFound if there is no such user or role, Aborted
// if the change does not stay.
func (c *Client) GrantRole(ctx context.Context, userID, roleID string) (*Change, error) {
	change, err := c.changeRoles(ctx, userID, roleID, edit{
		done: func(list roleList) bool {
			held := list.membership(roleID)
			return held != nil && held.Explicit && held.inForce(list.time(c.api.Now()))
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

// RevokeRole takes the explicit membership of a role from a user. If the membership is only
// implicit, or the user is gone (see isGone), there is nothing to take. It changes the list
// as GrantRole does, and fails in the same way.
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
			Kind: api.Unusable, ID: errorid.UserFoundAndNot, Endpoint: "GET or " + putUserRoles.String(), Status: http.StatusNotFound,
			Message: "yet the search knows the user",
		}
	}
}

// mayLackRole tells whether a change may have failed because there is no such role. PrivX
// may refuse to write such a role, with whatever status, or leave it out of the list.
func mayLackRole(err error) bool {
	var e *Error
	if !errors.As(err, &e) || e.Endpoint != putUserRoles.String() || IsUnauthenticated(err) || IsForbidden(err) {
		return false
	}
	return isRefused(e) || e.Kind == api.Unsettled
}
