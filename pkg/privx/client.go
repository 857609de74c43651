package privx

import (
	"context"
	"crypto/x509"
	"net/http"
	"net/url"
	"time"

	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// Config is what a Client needs to know.
type Config struct {
	// BaseURL is PrivX's address, as [ParseBaseURL] returns it.
	BaseURL *url.URL
	// Credentials authenticate the API client that the Client acts as.
	Credentials Credentials
	// CertificateAuthorities are trusted besides those of the system.
	CertificateAuthorities []*x509.Certificate
	// GrantLength is how long a role that the Client grants is held at most; 0 is without
	// an end.
	GrantLength time.Duration
	// PageSize is how many rows of a list are asked for at a time, MinPageSize to
	// MaxPageSize; 0 is MaxPageSize. Fewer are asked for if PrivX refuses so many, or
	// answers too much or too late.
	PageSize int
	// Transport replaces the client's own transport, with all that it sets:
	// CertificateAuthorities, TLS 1.2, the proxy from the environment and the bound on
	// connections. It is for tests; nil otherwise.
	Transport http.RoundTripper
}

// Client reads and changes what one PrivX has, as one API client. It is safe for concurrent
// use.
type Client struct {
	api         *api.Client
	grantLength time.Duration
	// locks has one lock for each user whose roles are being changed, and one for self.
	locks keyedLocks
	// recent are this client's changes of users' roles in the last LagTime.
	recent recentChanges
	// self is the API client's own user id, once PrivX has been asked for it. It is the one
	// in the credentials if PrivX does not tell.
	self *string
}

// New makes a Client. It sends nothing to PrivX. The overall timeout of each request is the
// one that uhttp finds in ctx (--http-timeout-seconds).
func New(ctx context.Context, config Config) (*Client, error) {
	to, err := api.New(ctx, api.Config{
		BaseURL: config.BaseURL, Credentials: config.Credentials, CertificateAuthorities: config.CertificateAuthorities,
		PageSize: config.PageSize, Transport: config.Transport,
	})
	if err != nil {
		return nil, err
	}
	return &Client{api: to, grantLength: config.GrantLength}, nil
}

// Calls is how many requests have been sent so far, token requests and
// repetitions included.
func (c *Client) Calls() int64 { return c.api.Calls() }

// Logout ends the session that belongs to the current token, if there is one.
func (c *Client) Logout(ctx context.Context) error { return c.api.Logout(ctx) }

// Check finds out whether the credentials are good and whether they come with the
// permissions to list users and roles. No call is repeated after an error, and the whole
// check ends within api.CheckTimeout, because a person waits for its result.
func (c *Client) Check(ctx context.Context) error {
	checkCtx, cancel := context.WithTimeout(ctx, api.CheckTimeout)
	defer cancel()
	err := c.check(checkCtx)
	if checkCtx.Err() != nil && ctx.Err() == nil {
		return api.TimedOut("the first requests")
	}
	return err
}

func (c *Client) check(ctx context.Context) error {
	if _, err := api.Probe[api.OnlyID](ctx, c.api, allUsers()); err != nil {
		return err
	}
	count, err := api.Probe[api.OnlyID](ctx, c.api, allRoles())
	// Every PrivX has two built-in roles. A count of 1 means that PrivX counts the rows of
	// the answer, which was asked for with one row.
	if err == nil && count == 1 {
		c.api.DistrustCounts()
	}
	return err
}
