package privx

import (
	"context"
	"errors"

	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// What roles reach are targets: hosts, secrets, network targets, API targets and AWS roles.
// Each is decoded as a row, in which what makes up reach must be as PrivX documents it, and
// what is only shown may be anything (see shown.go). The row then becomes what callers see.

// RoleRef is a reference to a role. Its name can be stale: join by id only.
type RoleRef struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Deleted tells that the role is gone.
	Deleted bool `json:"deleted"`
}

// Named is a reference to something of PrivX that is no role.
type Named struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Deleted bool   `json:"deleted"`
}

// row is a target as PrivX answers it.
type row[T any] interface {
	api.Row
	// target fails if what the row says of reach cannot be right.
	target() (T, error)
}

// readTargets reads the page of a list that token asks for.
func readTargets[R row[T], T any](ctx context.Context, c *Client, l *api.List, token string) (*Page[T], error) {
	page, err := api.ReadPage[R](ctx, c.api, l, token)
	if err != nil {
		return nil, err
	}
	return api.MapPage(page, func(r R) (T, error) { return targetOf[R, T](l.Request.Endpoint, r) })
}

// readByID reads one target, which must be the one that was asked for.
func readByID[R row[T], T any](ctx context.Context, c *Client, endpoint api.Endpoint, id string) (*T, error) {
	got, err := api.Read[R](ctx, c.api, endpoint.Request(id))
	if err != nil {
		return nil, err
	}
	if !SameID(got.Identity(), id) {
		return nil, api.Contradiction(endpoint, "another object than the one asked for")
	}
	target, err := targetOf[R, T](endpoint, got)
	if err != nil {
		return nil, err
	}
	return &target, nil
}

func targetOf[R row[T], T any](endpoint api.Endpoint, r R) (T, error) {
	target, err := r.target()
	if err != nil {
		return target, api.Contradiction(endpoint, err.Error())
	}
	return target, nil
}

// checkTargets finds out whether a list of targets can be read.
func (c *Client) checkTargets(ctx context.Context, l *api.List) error {
	_, err := api.Probe[api.OnlyID](ctx, c.api, l)
	return err
}

var errNoRoleID = errors.New("a reference to a role without an id")

// checkRefs refuses references that lead to no role.
func checkRefs(lists ...[]RoleRef) error {
	for _, refs := range lists {
		for _, ref := range refs {
			if ref.ID == "" {
				return errNoRoleID
			}
		}
	}
	return nil
}

// IsMissing tells whether this PrivX does not have what was asked for, as an older one may
// not.
func IsMissing(err error) bool { return api.Is(err, api.Missing) }
