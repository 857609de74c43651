package privx

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"

	"google.golang.org/grpc/codes"
)

// Page is a part of a list.
type Page[T any] struct {
	Items []T
	// Next asks for the following page; empty when this is the last one.
	Next string
	// Total is how many rows PrivX says the whole list has; 0 if it does not say.
	Total int
	// Read is how many rows were read up to the end of this page, rows that were
	// read again after the list had moved not counted twice.
	Read int

	at cursor
	// rewound: the list has shrunk, and Next goes back to before this page.
	rewound bool
}

// NextAfter is a token for the rows after the first n of this page, for a caller
// that can take no more of them.
func (p *Page[T]) NextAfter(n int) string {
	if p.rewound {
		return p.Next
	}
	next := p.at
	next.Offset += n
	next.Total = knownTotal(p.Total, p.at)
	// The next page shares rows with this one; it cannot be mistaken for a repeat.
	next.First, next.Last = "", ""
	return next.encode()
}

// Bounds on one list: nothing that a server answers may keep the client reading
// without end.
const (
	maxRows    = 20_000_000
	maxRewinds = 1_000
)

// cursor is the state of reading a list, kept by the caller between pages.
type cursor struct {
	// Offset is how many rows come before the next page.
	Offset int `json:"o"`
	// Limit is the page size that the first page was served with.
	Limit int `json:"l"`
	// Total is what PrivX last said.
	Total int `json:"t,omitempty"`
	// First and Last are the ids at the ends of the previous page.
	First string `json:"f,omitempty"`
	Last  string `json:"z,omitempty"`
	// Rewinds is how often the list had shrunk.
	Rewinds int `json:"r,omitempty"`
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
	if err != nil || c.encode() != token || c.Offset < 0 || c.Offset > maxRows || c.Limit < 1 || c.Limit > pageSizeSteps[0] || c.Total < 0 || c.Rewinds < 0 || c.Rewinds > maxRewinds {
		return cursor{}, &Error{Endpoint: "a list", Message: "malformed page token", grpcCode: codes.InvalidArgument}
	}
	return c, nil
}

// pageSizeSteps are the page sizes to ask for, the next where PrivX refuses one.
// 1000 is the documented maximum for roles; for the other lists none is known,
// and neither is whether PrivX clamps or refuses what is above it.
var pageSizeSteps = [...]int{1000, 500, 100, 50}

// pageSizes remembers for each kind of list the index in pageSizeSteps of the
// largest page size that PrivX has accepted.
type pageSizes struct{ users, roles, members atomic.Int32 }

// list is one of PrivX's paged lists.
type list struct {
	request request
	// size is the place to remember the page size.
	size *atomic.Int32
}

func pageQuery(at cursor) url.Values {
	return url.Values{
		"offset":  {strconv.Itoa(at.Offset)},
		"limit":   {strconv.Itoa(at.Limit)},
		"sortkey": {"created"},
		"sortdir": {"ASC"},
	}
}

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

// readPage reads the page that token asks for.
//
// Rows may come and go between two pages. PrivX knows offsets only, so this is
// what keeps rows from being lost:
//   - the sort key is the time of creation, ascending: new users and roles come
//     last. A new member of a role comes where the user's creation puts him, and
//     moves others down, where they are read again;
//   - a total that has shrunk means that rows before the offset may be gone and
//     that as many rows have moved up, past the reader: the next page starts as
//     many rows earlier. Rows that are read twice have the same id and do no harm.
//
// What offset paging cannot show is a row that goes while another one comes
// within the same moment (the total stays the same) and rows that PrivX itself
// sorts differently from one page to the next because they were created at the
// same instant. The next sync reads anew.
func readPage[T identified](ctx context.Context, c *Client, l list, token string) (*Page[T], error) {
	at, err := decodeCursor(token)
	if err != nil {
		return nil, err
	}
	var got rows[T]
	if token == "" {
		at.Limit, got, err = readFirst[T](ctx, c, l)
	} else {
		got, err = readRows[T](ctx, c, l, at)
	}
	if err != nil {
		return nil, err
	}
	page, err := turnPage(l.request.endpoint(), at, got)
	if err == nil && page.Next == "" && page.Read < page.Total {
		err = confirmEnd[T](ctx, c, l, page)
	}
	if err != nil {
		return nil, err
	}
	return page, nil
}

// confirmEnd looks behind an empty page that came before PrivX's own total. A
// total may be too large; but where its last row can be read, the end was none,
// and rows would be lost.
func confirmEnd[T identified](ctx context.Context, c *Client, l list, page *Page[T]) error {
	last, err := readRows[T](ctx, c, l, cursor{Offset: page.Total - 1, Limit: page.at.Limit})
	if err != nil || len(last.list()) == 0 {
		return err
	}
	return &Error{
		Endpoint: l.request.endpoint(), Status: http.StatusOK, grpcCode: codes.FailedPrecondition,
		Message: "an empty page before the end of a list",
	}
}

// readFirst reads the first page in the largest size that PrivX accepts. A size
// is remembered once it was accepted: a 400 may have another reason.
func readFirst[T identified](ctx context.Context, c *Client, l list) (int, rows[T], error) {
	for step := l.size.Load(); ; step++ {
		at := cursor{Limit: pageSizeSteps[step]}
		got, err := readRows[T](ctx, c, l, at)
		var e *Error
		refused := errors.As(err, &e) && e.Status == http.StatusBadRequest && e.grpcCode == codes.InvalidArgument
		if err == nil {
			l.size.Store(step)
		}
		if !refused || int(step) == len(pageSizeSteps)-1 {
			return at.Limit, got, err
		}
	}
}

func readRows[T identified](ctx context.Context, c *Client, l list, at cursor) (rows[T], error) {
	rq := l.request
	rq.query = pageQuery(at)
	got := newRows[T]()
	err := c.read(ctx, &rq, &got)
	return got, err
}

// turnPage checks a page that was read at a place and says where to go on.
func turnPage[T identified](endpoint string, at cursor, got rows[T]) (*Page[T], error) {
	items := got.list()
	page := &Page[T]{Items: items, Total: max(got.Count, 0), Read: at.Offset + len(items), at: at}
	if err := checkRows(endpoint, at, got); err != nil {
		return nil, err
	}
	// A total of zero, or one that has been exceeded, says nothing.
	complete := page.Total > 0 && page.Read == page.Total
	shrunk := 0
	if page.Total > 0 {
		shrunk = min(max(at.Total-page.Total, 0), at.Offset)
	}
	if shrunk == 0 && (len(items) == 0 || complete) {
		return page, nil
	}
	next := cursor{Offset: page.Read, Limit: at.Limit, Total: knownTotal(page.Total, at), Rewinds: at.Rewinds}
	if shrunk > 0 {
		// If more rows go meanwhile, the same page may rightly come again.
		next.Offset = at.Offset - shrunk
		next.Rewinds++
		page.rewound = true
	} else {
		next.First, next.Last = items[0].identity(), items[len(items)-1].identity()
	}
	if next.Rewinds > maxRewinds || next.Offset > maxRows {
		return nil, &Error{Endpoint: endpoint, Message: "the list keeps changing or does not end", grpcCode: codes.Aborted}
	}
	page.Next = next.encode()
	return page, nil
}

// knownTotal keeps the last total that PrivX gave over a page without one.
func knownTotal(total int, at cursor) int {
	if total == 0 {
		return at.Total
	}
	return total
}

// checkRows refuses a page that would lose rows silently.
func checkRows[T identified](endpoint string, at cursor, got rows[T]) error {
	items := got.list()
	bad := func(what string) error {
		return &Error{Endpoint: endpoint, Status: http.StatusOK, Message: what, grpcCode: codes.FailedPrecondition}
	}
	if !got.present() {
		return bad("a list without items")
	}
	if at.Offset == 0 && len(items) == 0 && got.Count > 0 {
		return bad("a list that counts " + strconv.Itoa(got.Count) + " rows and shows none")
	}
	for _, item := range items {
		if item.identity() == "" {
			return bad("a row without an id")
		}
	}
	if at.First != "" && len(items) > 0 && items[0].identity() == at.First && items[len(items)-1].identity() == at.Last {
		return bad("pagination did not advance: the same page came twice")
	}
	return nil
}
