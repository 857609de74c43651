package privx

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/grpc-ecosystem/go-grpc-middleware/logging/zap/ctxzap"
	"go.uber.org/zap"

	"github.com/conductorone/baton-privx/pkg/privx/api"
)

var getCurrentUser = api.Endpoint{Method: http.MethodGet, Path: "/role-store/api/v1/users/current"}

// ActsAs tells whether a user is the one that the Client itself acts as: the API
// client. It is the one that the credentials name, and the one that PrivX says; the
// two are not known to be the same. PrivX is asked once, by the first who wants to
// know of another user than the one in the credentials. Where it does not tell,
// they decide alone.
func (c *Client) ActsAs(ctx context.Context, userID string) (bool, error) {
	named := c.api.Principal()
	if named != "" && SameID(named, userID) {
		return true, nil
	}
	unlock, err := c.locks.lock(ctx, getCurrentUser.Path)
	if err != nil {
		return false, err
	}
	defer unlock()
	if c.self == nil {
		self, err := c.currentUser(ctx)
		if named != "" && doesNotTell(err) {
			ctxzap.Extract(ctx).Info("baton-privx: PrivX does not say as which API client the connector runs; "+
				"the roles of the one that api-client-id names are protected", zap.Error(err))
			self, err = named, nil
		}
		if err != nil {
			return false, err
		}
		c.self = &self
	}
	return SameID(*c.self, userID), nil
}

// currentUser asks PrivX for the id of the user that the Client acts as.
func (c *Client) currentUser(ctx context.Context) (string, error) {
	user, err := api.Read[api.OnlyID](ctx, c.api, getCurrentUser.Request())
	if err == nil && user.ID == "" {
		err = api.Contradiction(getCurrentUser, "a user without an id")
	}
	return user.ID, err
}

// doesNotTell tells whether an answer means that the question cannot be asked: it
// is not known of every PrivX that API clients may.
func doesNotTell(err error) bool {
	var e *Error
	return errors.As(err, &e) && slices.Contains([]int{http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound}, e.Status) &&
		e.Endpoint == getCurrentUser.String() // and not a token's
}
