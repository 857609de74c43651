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

// ActsAs tells whether a user is the API client that this Client acts as. That is both the
// one that the credentials name and the one that PrivX names; it is not known whether these
// are the same. PrivX is asked once, at the first question about another user than the one
// in the credentials. If PrivX does not tell, only the credentials decide.
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

// doesNotTell tells whether PrivX refuses to say who the current user is. It is not known
// whether every PrivX lets API clients ask.
func doesNotTell(err error) bool {
	var e *Error
	return errors.As(err, &e) && slices.Contains([]int{http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound}, e.Status) &&
		e.Endpoint == getCurrentUser.String() // It may be the token request's error.
}
