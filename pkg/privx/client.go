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
	return Within(ctx, func(ctx context.Context) error {
		if err := c.CheckUsers(ctx); err != nil {
			return err
		}
		return c.CheckRoles(ctx)
	})
}

// Within runs a check within api.CheckTimeout.
func Within(ctx context.Context, check func(context.Context) error) error {
	checkCtx, cancel := context.WithTimeout(ctx, api.CheckTimeout)
	defer cancel()
	err := check(checkCtx)
	if checkCtx.Err() != nil && ctx.Err() == nil {
		return api.TimedOut("the first requests")
	}
	return err
}

// CheckUsers finds out whether users can be listed. It is a part of Check.
func (c *Client) CheckUsers(ctx context.Context) error {
	_, err := api.Probe[api.OnlyID](ctx, c.api, allUsers())
	return err
}

// CheckRoles finds out whether roles can be listed. It is a part of Check.
func (c *Client) CheckRoles(ctx context.Context) error {
	count, err := api.Probe[api.OnlyID](ctx, c.api, allRoles())
	// Every PrivX has two built-in roles. A count of 1 means that PrivX counts the rows of
	// the answer, which was asked for with one row.
	if err == nil && count == 1 {
		c.api.DistrustCounts()
	}
	return err
}

// API is the client's way to PrivX, for who must see answers as they come.
func (c *Client) API() *api.Client { return c.api }

// Endpoints are the calls that this package's methods make, for who makes them in other
// ways.
var Endpoints = struct {
	Status, CurrentUser, Sources, SearchUsers, User, UserRoles, SetUserRoles, Roles, Role, Members api.Endpoint

	SearchHosts, Hosts, Host, SearchSecrets, NetworkTargets, NetworkTarget api.Endpoint
	APITargets, APITarget, AWSRoles, AWSRole, AccessGroups                 api.Endpoint
}{
	Status: getStatus, CurrentUser: getCurrentUser, Sources: getSources, SearchUsers: postUsersSearch, User: getUser,
	UserRoles: getUserRoles, SetUserRoles: putUserRoles, Roles: getRoles, Role: getRole, Members: getMembers,

	SearchHosts: postHostsSearch, Hosts: getHosts, Host: getHost,
	SearchSecrets:  postSecretsSearch,
	NetworkTargets: getNetworkTargets, NetworkTarget: getNetworkTarget, APITargets: getAPITargets, APITarget: getAPITarget,
	AWSRoles: getAWSRoles, AWSRole: getAWSRole, AccessGroups: getAccessGroups,
}
