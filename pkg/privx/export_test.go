package privx

import (
	"context"
	"crypto/x509"
	"net/http"
	"net/url"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// What the tests see of the inside.
const (
	MaxTries         = maxTries
	MaxElapsed       = maxElapsed
	MaxRetryAfter    = maxRetryAfter
	Patience         = patience
	MaxBody          = maxBody
	MaxErrorBody     = maxShortBody
	MaxPageBody      = maxPageBody
	MaxReading       = maxReading
	FreeBody         = freeBody
	SizeMemory       = sizeMemory
	MaxErrorText     = maxErrorText
	MaxTokenLife     = maxTokenLife
	UnknownTokenLife = unknownTokenLife
	TokenSkew        = tokenSkew
	NewToken         = newToken
	MaxConnections   = maxConnections
	SlowAnswer       = slowAnswer
	TokenTimeout     = tokenTimeout
	RefusalMemory    = refusalMemory
	LogoutTimeout    = logoutTimeout
	MaxRows          = maxRows
	MaxRestarts      = maxRestarts
	MaxEnded         = maxEnded
	MaxReadings      = maxReadings
	ConfirmPause     = confirmPause
	Unrest           = unrest
	LagTime          = lagTime
	MaxRounds        = maxRounds
	ExchangeTimeout  = exchangeTimeout
	MaxShortPause    = maxShortPause
)

// Functions that are tested as such.
var (
	DefaultBackOff  = defaultBackOff
	ParseRetryAfter = parseRetryAfter
	ParseLife       = parseLife
	UsableFor       = usableFor
	DecodeCursor    = decodeCursor
	PageSizeSteps   = pageSizeSteps
	TokenPauses     = tokenPauses
	EmptyPauses     = emptyPauses
)

// Reading remembers the rows of a list.
type Reading = reading

// NewReading makes one, of which many rows are added with AddRow.
func NewReading() *Reading { return newReading() }

// AddRow notes a row of a page of its own.
func (r *reading) AddRow(id string) bool {
	r.added = r.added[:0]
	return r.add(id)
}

// Held is of how many rows and lists a client remembers something.
func Held(c *Client) (int, int) {
	c.readings.mu.Lock()
	defer c.readings.mu.Unlock()
	return c.readings.rows, len(c.readings.waiting)
}

// Cursor is what a page token holds.
type Cursor = cursor

// Encode makes a page token.
func (c cursor) Encode() string { return c.encode() }

// SetClock replaces the clock.
func SetClock(c *Client, now func() time.Time) { c.clock = now }

// SetBackOff replaces the waits between two tries.
func SetBackOff(c *Client, factory func() backoff.BackOff) { c.newBackOff = factory }

// SetTokenPauses replaces the pauses before a token that is not known is sent again.
func SetTokenPauses(c *Client, pauses ...time.Duration) { c.tokens.pauses = pauses }

// NewTransport makes what carries the requests.
func NewTransport(roots *x509.CertPool) *http.Transport { return newTransport(roots) }

// SetTransport replaces uhttp's transport below the bound on what is read.
func SetTransport(c *Client, next http.RoundTripper) {
	c.http.HttpClient.Transport = &boundedTransport{next: next, secrets: c.secrets}
}

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

// Locks are the client's.
func Locks(c *Client) *KeyedLocks { return &c.locks }

// RewriteRoles makes of an answer to a GET of a user's roles what is PUT to grant
// and to revoke a role.
func RewriteRoles(body []byte, roleID string) (string, string, error) {
	list, err := parseRoleList(userRolesRequest("id"), &answer{
		status: http.StatusOK, header: http.Header{"Content-Type": {jsonContent}}, body: body,
	})
	if err != nil {
		return "", "", err
	}
	granted, err := list.granted(roleID, 0)
	return string(listBody(granted)), string(listBody(list.others(roleID))), err
}

// Forget makes a client what it was before its first request.
func Forget(c *Client) {
	pauses := c.tokens.pauses
	c.tokens = newTokenSource(c, c.tokens.credentials)
	c.tokens.pauses = pauses
	c.self, c.failures, c.readings = nil, failureLog{}, readings{}
	c.countsPages.Store(false)
	c.checked.users.Store(0)
	c.checked.roles.Store(0)
	c.pageSizes.cut.Store(0)
	c.unrestful.Store(0)
	for _, size := range []*pageSize{&c.pageSizes.users, &c.pageSizes.roles, &c.pageSizes.members} {
		size.lower(0, time.Time{})
	}
}

// RequestURL is the address of one of a user's endpoints below a base URL.
func RequestURL(base *url.URL, userID string) (*url.URL, error) {
	return (&Client{base: base}).url(userRolesRequest(userID))
}

// CurrentUser asks PrivX as whom the client acts, whatever the credentials say.
func (c *Client) CurrentUser(ctx context.Context) (string, error) { return c.currentUser(ctx) }
