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
	// GrantLength is how long a role that the Client grants is held at most; 0 is
	// without an end.
	GrantLength time.Duration
	// PageSize is how many rows of a list are asked for at a time, MinPageSize to
	// MaxPageSize; 0 is MaxPageSize. Fewer are asked for where PrivX refuses so many, or
	// answers too much or too late.
	PageSize int
	// Transport carries the requests in place of the client's own, of which nothing
	// remains then: neither CertificateAuthorities nor TLS 1.2, the proxy from the
	// environment and the bound on connections. For tests; nil otherwise.
	Transport http.RoundTripper
}

// Client knows what one PrivX has, as one API client sees it. It is safe for concurrent
// use.
type Client struct {
	api         *api.Client
	grantLength time.Duration
	// locks are one for each user whose roles are being changed, and one for self.
	locks keyedLocks
	// recent are the changes of users' roles that were verified a moment ago.
	recent recentChanges
	// self is what is known of the API client's own user id besides the credentials,
	// once PrivX has been asked for it.
	self *string
}

// New makes a Client. It sends nothing: the first request does. The overall
// timeout of each request is what uhttp finds in ctx (--http-timeout-seconds).
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

// Check finds out whether the credentials are good and whether they come with
// the permissions to list users and roles. Each call is made once, and all of it
// has to be over within api.CheckTimeout: somebody waits for a quick answer.
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
	// Every PrivX has two roles that are built in. One is what an answer of one row
	// counts.
	if err == nil && count == 1 {
		c.api.DistrustCounts()
	}
	return err
}
