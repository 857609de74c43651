package privx

import (
	"context"
	"net/http"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// API is the client of package api below a Client.
func API(c *Client) *api.Client { return c.api }

// SetClock replaces the clock.
func SetClock(c *Client, now func() time.Time) { c.api.Tuning().Clock = now }

// SetBackOff replaces the pauses between two tries.
func SetBackOff(c *Client, factory func() backoff.BackOff) { c.api.Tuning().BackOff = factory }

// SetTokenPauses replaces the pauses before a new token is sent again after a 401.
func SetTokenPauses(c *Client, pauses ...time.Duration) { c.api.Tuning().TokenPauses = pauses }

// SetTransport replaces the transport below the one that bounds what is read.
func SetTransport(c *Client, next http.RoundTripper) { c.api.Tuning().Transport = next }

// KeyedLocks are locks by name.
type KeyedLocks = keyedLocks

// Lock takes the lock of a name.
func (l *keyedLocks) Lock(ctx context.Context, key string) (func(), error) { return l.lock(ctx, key) }

// Len is how many locks are held or waited for.
func (l *keyedLocks) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.wanted)
}

// Locks are the client's locks.
func Locks(c *Client) *KeyedLocks { return &c.locks }

// RewriteRoles makes, from the answer to a GET of a user's roles, the bodies that are PUT to
// grant and to revoke a role.
func RewriteRoles(body []byte, roleID string) (string, string, error) {
	rq := getUserRoles.Request("id")
	rq.NotNull = true
	page, err := wholeRoles(api.DecodeAll[heldRole](rq, &api.Answer{
		Status: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: body,
	}))
	if err != nil {
		return "", "", err
	}
	list := listOf(page)
	granted, err := list.granted(roleID, 0)
	return string(listBody(granted)), string(listBody(list.others(roleID))), err
}

// Forget makes a client forget what it has learnt of PrivX and of itself.
func Forget(c *Client) {
	c.api.Forget()
	c.self = nil
}

// CurrentUser asks PrivX which user the client acts as, whatever the credentials say.
func (c *Client) CurrentUser(ctx context.Context) (string, error) { return c.currentUser(ctx) }
