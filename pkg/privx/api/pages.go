package api

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// How a list is read.
//
// PrivX knows offsets only, while rows come and go, nodes lag behind, and an answer
// may be empty or miscounted. A row that is there all the time must not be lost:
//
//   - Answers fit together. Each one after the first is asked for from one row
//     earlier, and shows the row that was the last one before. Then no row between
//     the two has been missed. Where it does not, rows have gone, and others have
//     moved up past the reader: the reader goes back until it finds the row. If that
//     has gone as well, an answer fits that begins with any other row that was seen.
//   - Rows are counted by their ids. Where fewer different ones were seen than there
//     are places before the reader, PrivX has shown rows twice in place of others, or
//     rows have come in between: the part around the joint is read once more.
//   - A list is at its end where the place behind its last row is what the same
//     answer counts, and as many different rows were seen. More of them are rows that
//     have gone meanwhile. Where rows came in different orders, there must not be more:
//     a row that has gone would stand for one that was missed.
//   - Where that does not come true, the whole list is read once more in the other
//     order, and both readings count together. Then it is Aborted.
//
// A count is believed until an answer shows more than it counts. Then the list is at
// its end where two answers, a second apart, show nothing behind its last row, and as
// many different rows were seen as there are places. An answer that may have been cut
// short is not the end of a list because it counts its own rows: PrivX is asked for
// what is behind them. That is so where it is as long as one that was cut, and where
// more was counted when the connection was checked.

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
		return cursor{}, &Error{Kind: NotSent, Endpoint: "the request for a page of a list", Message: "malformed page token"}
	}
	return c, nil
}

func (c cursor) valid() bool {
	if c.EmptyAt != 0 {
		return c == cursor{EmptyAt: c.EmptyAt} && c.EmptyAt > 0
	}
	for _, rows := range []int{c.Offset, c.Seen, c.Longest, c.Furthest} {
		if rows < 0 || rows > MaxRows {
			return false
		}
	}
	return c.Reading != "" && c.Limit >= 1 && c.Limit <= MaxPageSize && c.Total >= 0 && c.Lacking >= 0 && c.Idle >= 0 &&
		c.Restarts >= 0 && c.Restarts <= MaxRestarts
}

// List is one of PrivX's paged lists.
type List struct {
	Request *Request
	// Emptiness says whether it can be empty.
	Emptiness Emptiness
	// IfEmpty is the error for one that cannot be empty and is shown so.
	IfEmpty func(*List) *Error
}

// Emptiness says whether a list can be empty.
type Emptiness int

// Whether a list can be empty.
const (
	MayBeEmpty Emptiness = iota // An empty first page is to be confirmed.
	KnownEmpty                  // PrivX says so elsewhere: an empty first page is believed.
	NeverEmpty                  // An empty first page is asked for again over some seconds, and then an error.
)

// ReadPage reads the page that token asks for.
func ReadPage[T Row](ctx context.Context, c *Client, l *List, token string) (*Page[T], error) {
	at, err := decodeCursor(token)
	if err != nil {
		return nil, err
	}
	if at.EmptyAt != 0 {
		return confirmEmpty[T](ctx, c, l, time.UnixMilli(at.EmptyAt))
	}
	return turnPage[T](ctx, c, l, at)
}

// confirmEmpty asks once more for a list that was shown empty.
func confirmEmpty[T Row](ctx context.Context, c *Client, l *List, shown time.Time) (*Page[T], error) {
	known := *l
	known.Emptiness = KnownEmpty
	wait := min(time.Until(shown.Add(ConfirmPause)), ConfirmPause)
	for i := 0; ; i++ {
		if err := Sleep(ctx, wait); err != nil {
			return nil, err
		}
		page, err := turnPage[T](ctx, c, &known, cursor{})
		if err != nil {
			return nil, err
		}
		if len(page.Items) > 0 {
			c.showedNothing()
			return page, nil
		}
		if wait = time.Until(c.restsAt()); wait <= 0 || i == MaxUnrests {
			return page, nil
		}
	}
}

// showedNothing notes that PrivX has just shown something empty that is not.
func (c *Client) showedNothing() { c.unrestful.Store(time.Now().UnixMilli()) }

// restsAt is until when PrivX is not believed that a list is empty.
func (c *Client) restsAt() time.Time { return time.UnixMilli(c.unrestful.Load()).Add(Unrest) }

func turnPage[T Row](ctx context.Context, c *Client, l *List, at cursor) (*Page[T], error) {
	w := &walk[T]{client: c, list: l, at: at}
	if err := w.resume(); err != nil {
		return nil, err
	}
	first, restarted := w.at.Offset == 0 && !w.at.Again, w.at.Restarts > at.Restarts
	ended, err := w.step(ctx)
	if err != nil {
		if w.rows.goBack(w.at.Seen) && w.at.Seen > 0 {
			c.readings.keep(w.rows, false)
		}
		return nil, err
	}
	page := w.page(ended)
	page.First, page.Restarted = first, restarted
	return page, nil
}

// walk is a list that is being read, at one of its pages.
type walk[T Row] struct {
	client *Client
	list   *List
	at     cursor
	rows   *reading
	// items are the rows of this page, and places where they stand.
	items  []T
	places []place
	// latest is the answer that was taken last, and full tells that it had as many
	// rows as PrivX gives at a time.
	latest part[T]
	full   bool
	// date is PrivX's clock at the first answer.
	date time.Time
	// unconfirmed: the list is shown empty, which one answer alone does not prove.
	unconfirmed bool
}

// resume finds what is remembered of the list. Where that is lost, the list starts
// over.
func (w *walk[T]) resume() error {
	if w.at.Reading != "" {
		if w.rows = w.client.readings.resume(w.at.Reading, w.at.Seen); w.rows != nil {
			return nil
		}
		w.at = cursor{Restarts: w.at.Restarts + 1}
	}
	if w.at.Restarts > MaxRestarts {
		return w.aborted("the list has started over too often, because more lists are being read at once than can be remembered", "sync with fewer workers")
	}
	w.rows = newReading()
	w.at.Reading, w.at.Disproved = w.rows.id, w.client.counts.ofAnswers.Load()
	return nil
}

// page makes a page of what was read.
func (w *walk[T]) page(ended bool) *Page[T] {
	w.at.Seen = w.rows.seen.Len()
	p := &Page[T]{
		Items: w.items, Unconfirmed: w.unconfirmed, Total: max(w.latest.count, 0), Read: w.at.Seen, Date: w.date,
		at: w.at, places: w.places,
	}
	switch {
	case w.unconfirmed:
		p.Next = cursor{EmptyAt: time.Now().UnixMilli()}.encode()
	case !ended:
		p.Next = w.at.encode()
	}
	if p.Read > 0 {
		w.client.readings.keep(w.rows, ended)
	}
	return p
}

// step reads on, and tells whether the list is at its end. A step may bring no
// rows: the next one goes on from where it led to.
func (w *walk[T]) step(ctx context.Context) (bool, error) {
	if err := w.bound(); err != nil {
		return false, err
	}
	p, err := w.askNext(ctx)
	if err != nil {
		return false, err
	}
	w.date = p.date
	switch {
	case w.at.Offset == 0 && len(p.items) == 0:
		w.unconfirmed = w.list.Emptiness == MayBeEmpty
		return true, nil
	case w.nothingBehind(p):
		return w.stop(ctx, p)
	}
	if err := w.join(ctx, p); err != nil {
		return false, err
	}
	if w.full || !w.counts(w.latest) || w.latest.count != w.at.Offset {
		return false, nil
	}
	return w.countUp(ctx, w.latest.count)
}

// bound ends a list that has no end. It counts what leads nowhere, and not how long
// the list is.
func (w *walk[T]) bound() error {
	if w.at.Offset >= MaxRows {
		return w.aborted("the list does not end", "")
	}
	w.at.Idle++
	if w.at.Idle <= MaxIdleSteps+2*(w.at.Furthest/max(w.at.Longest, 1)+1) {
		return nil
	}
	if w.at.Again {
		return w.aborted("the list keeps changing", "")
	}
	w.turn()
	return nil
}

// counts tells whether an answer's count is one to believe.
func (w *walk[T]) counts(p part[T]) bool { return p.count > 0 && !w.at.Disproved }

// nothingBehind tells whether an answer shows the row that was the last one and none
// behind it.
func (w *walk[T]) nothingBehind(p part[T]) bool {
	if w.overlap() == 0 {
		return w.at.Offset > 0 && len(p.items) == 0
	}
	return len(p.items) == 1 && SameID(p.id(0), w.at.Last)
}

// stop finds out whether a list is over of which an answer shows nothing more.
func (w *walk[T]) stop(ctx context.Context, p part[T]) (bool, error) {
	w.latest = p
	switch {
	case w.counts(p) && p.count == w.at.Offset:
		return w.countUp(ctx, p.count)
	case w.counts(p) && p.count > w.at.Offset:
		return w.countsMore(ctx, p)
	case w.counts(p):
		w.at.Disproved = true
	}
	if err := Sleep(ctx, ConfirmPause); err != nil {
		return false, err
	}
	again, err := w.ask(ctx, p.offset)
	switch {
	case err != nil || !w.nothingBehind(again) || w.counts(again):
		return false, err
	case w.at.Disproved || w.at.Total == 0:
		// There are as many rows as places, whatever PrivX counts.
		return w.countUp(ctx, w.at.Offset)
	default:
		return w.countUp(ctx, w.at.Total)
	}
}

// countUp tells whether a list is whole that is at its end by its places.
func (w *walk[T]) countUp(ctx context.Context, count int) (bool, error) {
	if w.hasAll(count) {
		return true, nil
	}
	if !w.at.Again {
		w.turn()
		return false, nil
	}
	// New rows come first in this order, and may have come since it began.
	p, err := w.ask(ctx, 0)
	if err != nil {
		return false, err
	}
	w.takeRows(p)
	if p.count > 0 && w.hasAll(p.count) {
		return true, nil
	}
	return false, w.aborted(w.sofar(count)+", in both orders", "if it stays so, PrivX changes faster than it can be read, or sorts what was created at the same time differently each time")
}

// hasAll tells whether the rows that were seen are all that are counted.
func (w *walk[T]) hasAll(count int) bool {
	seen := w.rows.seen.Len()
	return seen == count || seen > count && !w.at.Disordered
}

// countsMore finds out whether PrivX counts more rows than it shows: at the place of
// the last one that it counts, there is none, in two readings of the whole list. Such
// a list is over.
func (w *walk[T]) countsMore(ctx context.Context, p part[T]) (bool, error) {
	last, err := w.ask(ctx, p.count-1)
	if err != nil || len(last.items) > 0 || last.count != p.count {
		return false, err
	}
	if !w.at.Again {
		w.turn()
		return false, nil
	}
	return true, nil
}

// turn begins the second reading, in the other order.
func (w *walk[T]) turn() {
	w.at = cursor{
		Reading: w.at.Reading, Seen: w.at.Seen, Limit: w.at.Limit, Longest: w.at.Longest,
		Disproved: w.at.Disproved, Disordered: w.at.Disordered, Again: true, Restarts: w.at.Restarts,
	}
}

// sofar says what was counted and what was seen.
func (w *walk[T]) sofar(count int) string {
	return fmt.Sprintf("where PrivX counts %d rows and has shown %d", count, w.rows.seen.Len())
}

func (w *walk[T]) aborted(what, hint string) *Error {
	return &Error{Endpoint: w.list.Request.Endpoint.String(), Status: http.StatusOK, Message: what, Hint: cmp.Or(hint, "sync again"), Kind: Unsettled}
}
