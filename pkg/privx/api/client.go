package api

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/conductorone/baton-sdk/pkg/uhttp"
	"golang.org/x/sync/semaphore"
)

// Config is what a Client needs to know.
type Config struct {
	// BaseURL is PrivX's address, as [ParseBaseURL] returns it.
	BaseURL *url.URL
	// Credentials authenticate the API client that the Client acts as.
	Credentials Credentials
	// CertificateAuthorities are trusted besides those of the system.
	CertificateAuthorities []*x509.Certificate
	// PageSize is how many rows of a list are asked for at a time, MinPageSize to
	// MaxPageSize; 0 is MaxPageSize. Fewer are asked for if PrivX refuses so many, or
	// answers too much or too late.
	PageSize int
	// Transport replaces the client's own transport, with all that it sets:
	// CertificateAuthorities, TLS 1.2, the proxy from the environment and the bound on
	// connections. It is for tests; nil otherwise.
	Transport http.RoundTripper
}

// Client talks to one PrivX as one API client. It is safe for concurrent use.
type Client struct {
	base        *url.URL
	credentials Credentials
	http        *uhttp.BaseHttpClient
	secrets     *secrets
	pageSize    int
	// room is the memory that all long answers share, in bytes.
	room   *semaphore.Weighted
	calls  atomic.Int64
	tuning Tuning
	*memory
}

// memory is what a Client remembers from one request to the next.
type memory struct {
	tokens   *tokenSource
	failures failureLog
	sizes    pageSizes
	readings readings
	counts   counts
	// unrestful is when PrivX last showed something as empty that is not, in milliseconds
	// of Unix time.
	unrestful atomic.Int64
}

// Tuning are the parts of a Client that tests replace before its first request.
type Tuning struct {
	// Clock tells the time by which the life of tokens and series of failures are measured.
	Clock func() time.Time
	// BackOff makes the pauses between two tries of a request.
	BackOff func() backoff.BackOff
	// TokenPauses are the pauses before a new token is sent again after a 401.
	TokenPauses []time.Duration
	// Transport carries the requests.
	Transport http.RoundTripper
}

// New makes a Client. It sends nothing to PrivX. The overall timeout of each request is the
// one that uhttp finds in ctx (--http-timeout-seconds).
func New(ctx context.Context, config Config) (*Client, error) {
	if config.BaseURL == nil || config.Credentials == nil {
		return nil, errors.New("a base URL and credentials are needed")
	}
	if config.PageSize != 0 && (config.PageSize < MinPageSize || config.PageSize > MaxPageSize) {
		return nil, fmt.Errorf("a page must have %d to %d rows", MinPageSize, MaxPageSize)
	}
	c := &Client{
		base:        config.BaseURL,
		credentials: config.Credentials,
		secrets:     newSecrets(config.Credentials),
		pageSize:    cmp.Or(config.PageSize, MaxPageSize),
		room:        semaphore.NewWeighted(MaxReading),
		tuning:      Tuning{Clock: time.Now, BackOff: DefaultBackOff, TokenPauses: TokenPauses, Transport: config.Transport},
	}
	if c.tuning.Transport == nil {
		c.tuning.Transport = newTransport(trusted(config.CertificateAuthorities))
	}
	c.Forget()
	var err error
	if c.http, err = c.newHTTPClient(ctx); err != nil {
		return nil, err
	}
	return c, nil
}

// Forget puts the Client back to before its first request: it drops the token and all that
// the Client has learnt of PrivX. No request may be under way.
func (c *Client) Forget() { c.memory = &memory{tokens: &tokenSource{client: c}} }

// Tuning gives access to the parts that tests replace.
func (c *Client) Tuning() *Tuning { return &c.tuning }

// Calls is how many requests have been sent so far, token requests and
// repetitions included.
func (c *Client) Calls() int64 { return c.calls.Load() }

// Principal is the id of the API client that the credentials name; empty if they name none.
func (c *Client) Principal() string { return c.credentials.principal() }

// Now is the time by the Client's clock.
func (c *Client) Now() time.Time { return c.tuning.Clock() }
