// Package auth is the service of PrivX that issues tokens to API clients and ends
// their sessions.
package auth

import (
	"cmp"
	"net/http"
	"time"

	"github.com/conductorone/baton-privx/internal/privxsim/core"
)

// Credentials of the OAuth client, unless Options say otherwise.
const (
	DefaultOAuthClientID     = "privx-external"
	DefaultOAuthClientSecret = "sim-oauth-secret+/8Zb3n5Qk=" //nolint:gosec // A made-up credential of a simulator.
)

// Options are the manners of the service. The zero value is PrivX as it is most
// likely set up.
type Options struct {
	// OAuthClientID and OAuthClientSecret are the credentials of the calling
	// application. The defaults are DefaultOAuthClientID and -Secret.
	OAuthClientID, OAuthClientSecret string
	// PublicClient is PrivX's setting privx-external.client_type="public": an
	// API client gets a token at the clientcredentials endpoint, without the
	// OAuth client's secret.
	PublicClient bool
	// OAuthClientCredentials lets the OAuth client get a token on its own, by
	// the grant type client_credentials at the usual endpoint. Guess (PXQ-039): nothing
	// says that PrivX allows this, and the default refuses it.
	OAuthClientCredentials bool
	// OAuthPrincipal is the id of the API client that the OAuth client then
	// acts as. The default is the store's first.
	OAuthPrincipal string
	// TokenTTL is how long a token holds. The default is 5 minutes.
	TokenTTL time.Duration
	// TokenDelay is how long each node, also the one that has issued it, refuses a
	// new token. Guess (PXQ-045): PrivX does so where a clock is behind the time of its issue.
	TokenDelay time.Duration
	// ExpiresIn is what a token's answer claims in expires_in instead of the
	// truth, as JSON; "" leaves the field out.
	ExpiresIn *string
	// BadCredentialsStatus is the status that refuses credentials. 400, the
	// default, says invalid_grant of a wrong API client; 401 says
	// invalid_client. Guess (PXQ-038): PrivX does one of the two.
	BadCredentialsStatus int
}

// withDefaults returns the options with zero values replaced.
func (o Options) withDefaults() Options {
	o.OAuthClientID = cmp.Or(o.OAuthClientID, DefaultOAuthClientID)
	o.OAuthClientSecret = cmp.Or(o.OAuthClientSecret, DefaultOAuthClientSecret)
	o.TokenTTL = cmp.Or(o.TokenTTL, 5*time.Minute)
	o.BadCredentialsStatus = cmp.Or(o.BadCredentialsStatus, http.StatusBadRequest)
	return o
}

// Accounts are who may have a token, as the store that keeps them tells it.
type Accounts interface {
	// Authenticate reports whether an API client has this secret.
	Authenticate(id, secret string) bool
	// FirstAPIClient returns the id of the API client that was added first; "" if
	// there is none.
	FirstAPIClient() string
	// Permissions returns what a principal may do at a time, sorted, and whether
	// it is an administrator, who may do everything.
	Permissions(principal string, now time.Time) ([]string, bool)
}

// service answers the endpoints.
type service struct {
	accounts Accounts
	opts     Options
}

// Service returns the service for some accounts. It has no data that nodes could
// know different states of: what they know of tokens is the core's.
func Service(accounts Accounts, opts Options) core.Service {
	s := &service{accounts: accounts, opts: opts.withDefaults()}
	return core.Service{
		Name:  "auth",
		Error: statusError,
		Endpoints: []core.Endpoint{
			{Method: http.MethodPost, Path: oauthPath + "token", Open: true, Handle: s.token},
			{Method: http.MethodPost, Path: oauthPath + "clientcredentials/privx-external/token", Open: true, Handle: s.clientCredentialsToken},
			{Method: http.MethodPost, Path: "logout", Handle: logout},
		},
	}
}

// logout ends the session of the bearer.
func logout(c *core.Call) core.Answer {
	c.CloseSession()
	return core.Empty()
}
