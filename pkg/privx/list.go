package privx

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/codes"
)

// Page is a part of a list.
type Page[T any] struct {
	// Items are rows that no earlier page of the same reading had.
	Items []T
	// Next asks for the following page; empty when this is the last one.
	Next string
	// First tells that the list begins with this page.
	First bool
	// Restarted tells that it began before, with another page: what was known of it
	// is lost, in another process perhaps, and all rows come again.
	Restarted bool
	// Unconfirmed: PrivX shows no rows at all, and nothing else says that there are
	// none. Next asks for that once more, no sooner than a second after the first
	// time, whenever it is used.
	Unconfirmed bool
	// Total is how many rows PrivX says the whole list has; 0 if it does not say.
	Total int
	// Read is how many different rows the list has shown up to the end of this page.
	Read int
	// Date is PrivX's clock at the page's first answer; zero if it did not say.
	Date time.Time

	at cursor
	// places are where the items stand in the list.
	places []place
}

// place is where a row stood in the list when it was read.
type place struct {
	offset int
	id     string
}

// NextAfter is a token for the rows after the first n of this page, for a caller
// that can take no more of them.
func (p *Page[T]) NextAfter(n int) string {
	next := p.at
	next.Seen -= len(p.Items) - n
	next.Offset, next.Last, next.First = p.places[n-1].offset+1, p.places[n-1].id, ""
	return next.encode()
}

// maxRows bounds a list: nothing that a server answers may keep the client reading
// without end.
const maxRows = maxHeldRows

// maxRestarts is how often a list may start over because what was known of it has
// been lost.
const maxRestarts = 3

// cursor is where the reading of a list stands. The caller keeps it between pages,
// and this process the ids of the rows (see reading).
type cursor struct {
	// Reading names what this process remembers; Seen is how many different rows
	// that is.
	Reading string `json:"i,omitempty"`
	Seen    int    `json:"n,omitempty"`
	// Offset is how many rows come before the next one.
	Offset int `json:"o"`
	// Limit is the page size that the latest answer came in.
	Limit int `json:"l"`
	// First and Last are the ids at the ends of the latest answer.
	First string `json:"f,omitempty"`
	Last  string `json:"z,omitempty"`
	// Total is what the latest answer counted that counted at all.
	Total int `json:"t,omitempty"`
	// Disproved: an answer counted less than it showed. Counts prove nothing then.
	Disproved bool `json:"u,omitempty"`
	// Disordered: an answer had a row that was seen behind one that was not, as where
	// PrivX sorts rows of the same time differently each time. A row may have been
	// missed then in place of one that has gone.
	Disordered bool `json:"x,omitempty"`
	// Behind: the reader has gone back, and there may be rows ahead that were seen.
	Behind bool `json:"b,omitempty"`
	// Longest is how many rows the longest answer had, up to Limit.
	Longest int `json:"m,omitempty"`
	// Lacking is how many rows are counted before Offset and were not seen.
	Lacking int `json:"k,omitempty"`
	// Furthest is the largest Offset so far, and Idle how many steps in a row have
	// not led further.
	Furthest int `json:"g,omitempty"`
	Idle     int `json:"d,omitempty"`
	// Again is the second reading, in the other order.
	Again bool `json:"a,omitempty"`
	// Restarts is how often the list has started over.
	Restarts int `json:"r,omitempty"`
	// EmptyAt is when the list was shown empty, in milliseconds of Unix time. The
	// cursor asks for that once more and holds nothing else.
	EmptyAt int64 `json:"e,omitempty"`
}

func (c cursor) encode() string {
	// A struct of numbers and strings always marshals.
	text, _ := json.Marshal(c)
	return base64.RawURLEncoding.EncodeToString(text)
}

// decodeCursor reads a page token. One that this client did not make is an
// error: starting over silently would repeat or lose rows.
func decodeCursor(token string) (cursor, error) {
	var c cursor
	if token == "" {
		return c, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(token)
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	if err != nil || c.encode() != token || !c.valid() {
		return cursor{}, &Error{Endpoint: "the request for a page of a list", Message: "malformed page token", grpcCode: codes.InvalidArgument, unsent: true}
	}
	return c, nil
}

func (c cursor) valid() bool {
	if c.EmptyAt != 0 {
		return c == cursor{EmptyAt: c.EmptyAt} && c.EmptyAt > 0
	}
	for _, rows := range []int{c.Offset, c.Seen, c.Longest, c.Furthest} {
		if rows < 0 || rows > maxRows {
			return false
		}
	}
	return c.Reading != "" && c.Limit >= 1 && c.Limit <= MaxPageSize && c.Total >= 0 && c.Lacking >= 0 && c.Idle >= 0 &&
		c.Restarts >= 0 && c.Restarts <= maxRestarts
}

// list is one of PrivX's paged lists.
type list struct {
	request request
	// size is the place to remember the page size.
	size *pageSize
	// emptiness says whether it can be empty.
	emptiness Emptiness
	// checked is where the count is that PrivX gave when the connection was checked;
	// nil for a list that is not looked at then.
	checked *atomic.Int64
	// ifEmpty is the error for one that cannot be empty and is shown so.
	ifEmpty func(list) *Error
}

// Emptiness says whether a list can be empty.
type Emptiness int

// Whether a list can be empty.
const (
	MayBeEmpty Emptiness = iota // An empty first page is to be confirmed.
	KnownEmpty                  // PrivX says so elsewhere: an empty first page is believed.
	NeverEmpty                  // An empty first page is asked for again over some seconds, and then an error.
)

// identified is a row with an id.
type identified interface{ identity() string }

// identifier is a row of which just the id is of interest.
type identifier struct {
	ID string `json:"id"`
}

func (i identifier) identity() string { return i.ID }

// rows is a list's answer as it comes. Made by newRows alone: its zero value is
// that of a list that is null.
type rows[T any] struct {
	Count int  `json:"count"`
	Items *[]T `json:"items"`
}

// newRows makes rows to be decoded into, once: an absent field leaves Items as it is
// here, and null takes it away. An Unmarshaler would tell one from the other as well,
// but makes encoding/json scan the whole page twice more.
func newRows[T any]() rows[T] { return rows[T]{Items: new([]T)} }

// present tells whether there was a field items, null included.
func (r rows[T]) present() bool { return r.Items == nil || *r.Items != nil }

func (r rows[T]) list() []T {
	if r.Items == nil {
		return nil
	}
	return *r.Items
}

// checkRows refuses an answer that is not a list of rows that have ids.
func checkRows[T identified](endpoint string, got rows[T]) error {
	if !got.present() {
		return contradiction(endpoint, "a list without items")
	}
	for _, item := range got.list() {
		if item.identity() == "" {
			return contradiction(endpoint, "a row without an id")
		}
	}
	return nil
}

// checkWhole is checkRows for a list that comes in one piece.
func checkWhole[T identified](endpoint string, got rows[T]) error {
	if err := checkRows(endpoint, got); err != nil {
		return err
	}
	if len(got.list()) == 0 && got.Count > 0 {
		return countedOnly(endpoint, got.Count)
	}
	return nil
}

func contradiction(endpoint, what string) *Error {
	return &Error{Endpoint: endpoint, Status: http.StatusOK, Message: what, grpcCode: codes.FailedPrecondition}
}

func countedOnly(endpoint string, count int) *Error {
	return contradiction(endpoint, "a list that counts "+strconv.Itoa(count)+" rows and shows none")
}

// part is PrivX's answer to the question for a part of a list.
type part[T identified] struct {
	offset int
	items  []T
	// count is how many rows PrivX says the whole list has, 0 or less if it does
	// not say.
	count int
	date  time.Time
}

// end is the place behind the last row.
func (p part[T]) end() int { return p.offset + len(p.items) }

func (p part[T]) id(i int) string { return p.items[i].identity() }

func (p part[T]) lastID() string { return p.id(len(p.items) - 1) }

// holds tells whether a row is in the answer.
func (p part[T]) holds(id string) bool {
	for _, item := range p.items {
		if SameID(item.identity(), id) {
			return true
		}
	}
	return false
}

// ask reads a part of a list. An answer that is too much is not asked for again, unless
// it could not be any smaller.
func ask[T identified](ctx context.Context, c *Client, l list, offset, limit int, descending bool) (part[T], error) {
	rq, least := l.request, smaller(limit) == 0
	rq.query, rq.maxAnswer = pageQuery(offset, limit, descending), maxPageBody
	if least {
		rq.maxAnswer = maxBody
	}
	got, p := newRows[T](), part[T]{offset: offset}
	err := c.retry(ctx, rq.endpoint(), func() error {
		err := c.authorized(ctx, &rq, func(a *answer) error {
			p.date = a.date()
			return decodeObject(rq.endpoint(), a, &got)
		})
		if least {
			return err
		}
		return avoidable(&rq, err)
	})
	if err == nil {
		err = checkRows(rq.endpoint(), got)
	}
	p.items, p.count = got.list(), got.Count
	return p, err
}

// pageQuery asks for a part of a list in the order of creation, in which new users
// and roles come last. A new member of a role comes where the user's creation puts
// him.
func pageQuery(offset, limit int, descending bool) url.Values {
	direction := "ASC"
	if descending {
		direction = "DESC"
	}
	return url.Values{
		"offset":  {strconv.Itoa(offset)},
		"limit":   {strconv.Itoa(limit)},
		"sortkey": {"created"},
		"sortdir": {direction},
	}
}
