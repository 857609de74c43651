package privx

import (
	"bytes"
	"cmp"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/conductorone/baton-sdk/pkg/uhttp"
	"golang.org/x/sync/semaphore"
	"google.golang.org/grpc/codes"
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
	// PageSize is how many rows of a list are asked for at a time, 10 to 1000; 0 is
	// 1000. Fewer are asked for where PrivX refuses so many, or answers too much or too
	// late.
	PageSize int
	// Transport carries the requests in place of the client's own, of which nothing
	// remains then: neither CertificateAuthorities nor TLS 1.2, the proxy from the
	// environment and the bound on connections. For tests; nil otherwise.
	Transport http.RoundTripper
}

// Client talks to one PrivX as one API client. It is safe for concurrent use.
type Client struct {
	base      *url.URL
	http      *uhttp.BaseHttpClient
	tokens    *tokenSource
	secrets   *secrets
	failures  failureLog
	pageSizes pageSizes
	readings  readings
	// room is what long answers share, in bytes.
	room *semaphore.Weighted
	// checked is what PrivX counted when the connection was checked.
	checked struct{ users, roles atomic.Int64 }
	// countsPages: PrivX counts the rows of an answer and not those of the list.
	countsPages atomic.Bool
	// unrestful is when PrivX last showed something empty that is not, in
	// milliseconds of Unix time.
	unrestful   atomic.Int64
	calls       atomic.Int64
	grantLength time.Duration
	// locks are one for each user whose roles are being changed, and one for self.
	locks keyedLocks
	// recent are the changes of users' roles that were verified a moment ago.
	recent recentChanges
	// self is what is known of the API client's own user id besides the credentials,
	// once PrivX has been asked for it.
	self *string

	clock      func() time.Time
	newBackOff backOffFactory
}

// New makes a Client. It sends nothing: the first request does. The overall
// timeout of each request is what uhttp finds in ctx (--http-timeout-seconds).
func New(ctx context.Context, config Config) (*Client, error) {
	if config.BaseURL == nil || config.Credentials == nil {
		return nil, errors.New("a base URL and credentials are needed")
	}
	if config.PageSize != 0 && (config.PageSize < MinPageSize || config.PageSize > MaxPageSize) {
		return nil, fmt.Errorf("a page must have %d to %d rows", MinPageSize, MaxPageSize)
	}
	hidden := newSecrets(config.Credentials)
	httpClient, err := newHTTPClient(ctx, config, hidden)
	if err != nil {
		return nil, err
	}
	wrapped, err := uhttp.NewBaseHttpClientWithContext(ctx, httpClient)
	if err != nil {
		return nil, fmt.Errorf("making the HTTP client: %w", err)
	}
	c := &Client{
		base:        config.BaseURL,
		http:        wrapped,
		secrets:     hidden,
		grantLength: config.GrantLength,
		clock:       time.Now,
		newBackOff:  defaultBackOff,
		room:        semaphore.NewWeighted(maxReading),
	}
	c.pageSizes.most = cmp.Or(config.PageSize, MaxPageSize)
	c.tokens = newTokenSource(c, config.Credentials)
	return c, nil
}

// Calls is how many requests have been sent so far, token requests and
// repetitions included.
func (c *Client) Calls() int64 { return c.calls.Load() }

// checkTimeout bounds a Check.
const checkTimeout = 30 * time.Second

// request is one call of an endpoint.
type request struct {
	method string
	// path is the endpoint's path; each {} in it takes the next of ids.
	path  string
	ids   []string
	query url.Values
	body  []byte
	// contentType belongs to body.
	contentType string
	// permission is what PrivX asks of the API client for it.
	permission string
	// once: a refused token is no reason to send it again as it is.
	once bool
	// maxAnswer bounds its answer, in bytes; 0 is maxBody.
	maxAnswer int64
	// atOnce: its answer does not wait for those to others.
	atOnce bool
}

const (
	jsonContent = "application/json"
	formContent = "application/x-www-form-urlencoded"
)

// endpoint names the call without ids, for errors and for keeping count.
func (rq *request) endpoint() string {
	return rq.method + " " + strings.ReplaceAll(rq.path, "{}", "{id}")
}

// url puts ids into the path, escaped, so that no id can name another endpoint.
func (c *Client) url(rq *request) (*url.URL, error) {
	path := rq.path
	for _, id := range rq.ids {
		if strings.Trim(id, ".") == "" {
			return nil, &Error{Endpoint: rq.endpoint(), Message: "empty or malformed id", grpcCode: codes.InvalidArgument, unsent: true}
		}
		path = strings.Replace(path, "{}", url.PathEscape(id), 1)
	}
	u := c.base.JoinPath(path)
	u.RawQuery = rq.query.Encode()
	return u, nil
}

// read makes a call that changes nothing, again and again while that may help,
// and decodes the JSON object that it answers into out.
func (c *Client) read(ctx context.Context, rq *request, out any) error {
	return c.retry(ctx, rq.endpoint(), func() error { return c.readOnce(ctx, rq, out) })
}

func (c *Client) readOnce(ctx context.Context, rq *request, out any) error {
	return c.authorized(ctx, rq, func(a *answer) error { return decodeObject(rq.endpoint(), a, out) })
}

// Check finds out whether the credentials are good and whether they come with
// the permissions to list users and roles. Each call is made once, and all of it
// has to be over within checkTimeout: who checks wants a quick answer.
func (c *Client) Check(ctx context.Context) error {
	checkCtx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	err := c.check(checkCtx)
	if checkCtx.Err() != nil && ctx.Err() == nil {
		return timedOut("the first requests")
	}
	return err
}

func (c *Client) check(ctx context.Context) error {
	if _, err := checkList[identifier](ctx, c, c.userList()); err != nil {
		return err
	}
	count, err := checkList[identifier](ctx, c, c.roleList())
	// Every PrivX has two roles that are built in. One is what an answer of one row
	// counts.
	if err == nil && count == 1 {
		c.countsPages.Store(true)
	}
	return err
}

// checkList asks for one row of a list, and again only while there is none, which
// cannot be. It returns what PrivX counts.
func checkList[T identified](ctx context.Context, c *Client, l list) (int, error) {
	rq := l.request
	rq.query = pageQuery(0, 1, false)
	var got rows[T]
	shown, err := insist(ctx, func() (bool, error) {
		got = newRows[T]()
		if err := c.readOnce(ctx, &rq, &got); err != nil {
			return false, err
		}
		return len(got.list()) > 0, checkRows(rq.endpoint(), got)
	})
	switch {
	case err != nil:
		return 0, err
	case shown:
		l.checked.Store(int64(got.Count))
		return got.Count, nil
	case got.Count > 0:
		return 0, countedOnly(rq.endpoint(), got.Count)
	default:
		return 0, l.ifEmpty(l)
	}
}

// authorized sends a request with the bearer token, and has a 2xx answer taken. A token
// that PrivX does not know is sent again over some seconds if it was issued just now:
// it may come from another node than the one that answers. Then, and when it is older,
// it costs the token: a new one is fetched, once. A request that shall be sent once is
// not sent again all the same.
func (c *Client) authorized(ctx context.Context, rq *request, take func(*answer) error) error {
	for renewed, waits := false, 0; ; {
		held, err := c.tokens.get(ctx)
		if err != nil {
			return err
		}
		unknown := false
		failure := c.send(ctx, rq, func(a *answer) error {
			if a.ok() {
				return take(a)
			}
			e := answerError(rq, a, c.clock())
			if unknown = a.status == http.StatusUnauthorized; unknown && (renewed || c.tokens.isNew(held)) {
				e.Hint = "PrivX refuses a token that it has just issued: check the clocks of its nodes"
			}
			return e
		}, uhttp.WithBearerToken(held.bearer))
		switch {
		case !unknown:
			return failure
		case c.tokens.isNew(held) && waits < len(c.tokens.pauses):
			if err := waitOr(ctx, c.tokens.pause(waits, rq.once), failure); err != nil && !rq.once {
				return err
			}
			waits++
		case renewed:
			return failure
		default:
			c.tokens.drop(held.bearer)
			renewed, waits = true, 0
		}
		if rq.once {
			return failure
		}
	}
}

// decodeObject wants a JSON object and nothing else. A login page, an empty
// body or a null is an error and never an empty result.
func decodeObject(endpoint string, a *answer, out any) error {
	switch {
	case a.isForeign():
		contentType := a.clean(a.header.Get(uhttp.ContentType))
		return unusable(endpoint, a, fmt.Sprintf("not JSON but %q", contentType), nil)
	case !bytes.HasPrefix(bytes.TrimLeft(a.body, " \t\r\n"), []byte("{")):
		return unusable(endpoint, a, "not a JSON object", nil)
	}
	if err := json.Unmarshal(a.body, out); err != nil {
		return unusable(endpoint, a, "not the JSON that was asked for", jsonCause(err))
	}
	return nil
}

// jsonCause keeps of a decoding error what tells the place and leaves out the
// value, which may be anybody's data.
func jsonCause(err error) error {
	var wrongType *json.UnmarshalTypeError
	if errors.As(err, &wrongType) {
		return fmt.Errorf("field %q cannot be read", wrongType.Field)
	}
	return err
}
