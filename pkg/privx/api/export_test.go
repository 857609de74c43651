package api

import "net/url"

// Functions that have tests of their own.
var (
	ParseRetryAfter = parseRetryAfter
	ParseLife       = parseLife
	UsableFor       = usableFor
	DecodeCursor    = decodeCursor
)

// Cursor is what a page token holds.
type Cursor = cursor

// Encode makes a page token.
func (c cursor) Encode() string { return c.encode() }

// Reading remembers the rows of a list.
type Reading = reading

// NewReading makes a Reading, to which AddRow adds rows.
func NewReading() *Reading { return newReading() }

// AddRow adds a row as if it was a page of its own.
func (r *reading) AddRow(id string) bool {
	r.added = r.added[:0]
	return r.add(id)
}

// Held is how many rows and how many lists a client remembers.
func Held(c *Client) (int, int) {
	c.readings.mu.Lock()
	defer c.readings.mu.Unlock()
	return c.readings.rows, len(c.readings.waiting)
}

// RequestURL is the address of a request below a base URL.
func RequestURL(base *url.URL, rq *Request) (*url.URL, error) { return (&Client{base: base}).url(rq) }

// KnowsRequest tells whether an answer keeps its request, for the secrets in it.
func (a *Answer) KnowsRequest() bool { return a.hide != nil }
