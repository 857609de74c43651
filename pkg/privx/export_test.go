package privx

import (
	"net/http"
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
	MaxErrorBody     = maxErrorBody
	MaxErrorText     = maxErrorText
	MaxTokenLife     = maxTokenLife
	UnknownTokenLife = unknownTokenLife
	TokenSkew        = tokenSkew
	TokenTimeout     = tokenTimeout
	RefusalMemory    = refusalMemory
	LogoutTimeout    = logoutTimeout
	MaxRows          = maxRows
	MaxRewinds       = maxRewinds
)

// Functions that are tested as such.
var (
	DefaultBackOff  = defaultBackOff
	ParseRetryAfter = parseRetryAfter
	ParseLife       = parseLife
	UsableFor       = usableFor
	DecodeCursor    = decodeCursor
	PageSizeSteps   = pageSizeSteps
)

// Cursor is what a page token holds.
type Cursor = cursor

// Encode makes a page token.
func (c cursor) Encode() string { return c.encode() }

// SetClock replaces the clock.
func SetClock(c *Client, now func() time.Time) { c.clock = now }

// SetBackOff replaces the waits between two tries.
func SetBackOff(c *Client, factory func() backoff.BackOff) { c.newBackOff = factory }

// SetTransport replaces uhttp's transport below the bound on what is read.
func SetTransport(c *Client, next http.RoundTripper) {
	c.http.HttpClient.Transport = &boundedTransport{next: next, secrets: c.secrets}
}
