package api

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/conductorone/baton-privx/internal/errorid"
)

// How a list is read.
//
// PrivX pages by offset only. Meanwhile rows are added and deleted, nodes lag behind, and
// an answer may be empty or have a wrong count. A row that exists during the whole reading
// must not be lost:
//
//   - Answers overlap by one row. Each answer after the first is asked for from one
//     row earlier, and must show the last row of the answer before. Then no row between
//     the two was missed. If it does not show that row, rows were deleted and others
//     moved up past the reader: the reader goes back until it finds the row. If that
//     row was deleted, too, an answer fits that begins with any other row already seen.
//   - Rows are counted by their ids. If fewer different ids were seen than there are
//     places before the reader, PrivX has shown rows twice in place of others, or rows
//     were inserted: the part around the joint is read once more.
//   - A list is at its end if the offset behind its last row equals the count in the
//     same answer, and at least as many different ids were seen. The surplus are rows
//     deleted meanwhile. If rows came in different orders, a surplus is not accepted:
//     a deleted row could hide that another one was missed.
//   - If the list does not come to such an end, it is read once more in the other
//     order, and the ids of both readings count together. If that fails, too, the error
//     is Aborted.
//
// A count is believed until an answer shows more rows than it counts. From then on, the
// list is at its end if two answers, a second apart, show nothing behind its last row, and
// as many different ids were seen as there are places. An answer that may have been cut
// short does not end a list, even if its count equals its own rows: PrivX is asked for
// what follows. An answer may have been cut if it is as long as one that was cut before,
// or if the check of the connection counted more rows.

// Page is a part of a list.
type Page[T any] struct {
	// Items are rows that no earlier page of the same reading had.
	Items []T
	// Next asks for the following page; empty when this is the last one.
	Next string
	// First tells that the list begins with this page.
	First bool
	// Restarted tells that the list starts over with this page and that all its rows come
	// again: this process does not hold the ids seen before, because it has forgotten
	// them or another process read them.
	Restarted bool
	// Unconfirmed tells that PrivX shows no rows at all, and that nothing else confirms
	// this. Next asks once more. It waits until a second has passed since the first
	// answer, whenever it is used.
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

// NextAfter is a token for the rows after the first n of this page. It is for a caller
// that can take no more than n rows.
func (p *Page[T]) NextAfter(n int) string {
	next := p.at
	next.Seen -= len(p.Items) - n
	next.Offset, next.Last, next.First = p.places[n-1].offset+1, p.places[n-1].id, ""
	return next.encode()
}

// cursor is how far the reading of a list has come. The caller keeps it between pages, as
// the page token. The ids of the rows stay in this process's memory (see reading).
type cursor struct {
	// Reading is the id of the reading in this process's memory; Seen is how many
	// different rows that reading has.
	Reading string `json:"i,omitempty"`
	Seen    int    `json:"n,omitempty"`
	// Offset is how many rows come before the next one.
	Offset int `json:"o"`
	// Limit is the page size that the latest answer was asked for with.
	Limit int `json:"l"`
	// First and Last are the ids at the ends of the latest answer.
	First string `json:"f,omitempty"`
	Last  string `json:"z,omitempty"`
	// Total is the count in the latest answer that had one.
	Total int `json:"t,omitempty"`
	// Disproved: an answer had a count below its own rows, so counts prove nothing.
	Disproved bool `json:"u,omitempty"`
	// Disordered: an answer showed a row already seen behind the last row so far. That
	// happens if PrivX sorts rows of the same time differently each time. Then a row may
	// have been missed, and a deleted row may make up for it in the number of rows seen.
	Disordered bool `json:"x,omitempty"`
	// Behind: the reader has gone back, so that rows ahead of it may have been seen.
	Behind bool `json:"b,omitempty"`
	// Longest is how many rows the longest answer had, at most Limit.
	Longest int `json:"m,omitempty"`
	// Lacking is how many places before Offset hold rows that were not seen.
	Lacking int `json:"k,omitempty"`
	// Furthest is the largest Offset so far, and Idle how many steps in a row have
	// not led further.
	Furthest int `json:"g,omitempty"`
	Idle     int `json:"d,omitempty"`
	// Again tells that this is the second reading, in the other order.
	Again bool `json:"a,omitempty"`
	// Restarts is how often the list has started over.
	Restarts int `json:"r,omitempty"`
	// EmptyAt is when the list was shown empty, in milliseconds of Unix time. A cursor
	// with it asks for the list once more and holds nothing else.
	EmptyAt int64 `json:"e,omitempty"`
}

func (c cursor) encode() string {
	// A struct of numbers and strings always marshals.
	text, _ := json.Marshal(c)
	return base64.RawURLEncoding.EncodeToString(text)
}

// decodeCursor reads a page token. A token that this client did not make is an error:
// starting over silently would repeat or lose rows.
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

// confirmEmpty asks once more for a list that was shown empty. While PrivX has lately
// shown something empty that was not, it goes on asking.
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

// showedNothing notes that PrivX has just shown something as empty that is not.
func (c *Client) showedNothing() { c.unrestful.Store(time.Now().UnixMilli()) }

// restsAt is the time until which an empty list from PrivX is not believed.
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

// walk is the reading of one page of a list.
type walk[T Row] struct {
	client *Client
	list   *List
	at     cursor
	rows   *reading
	// items are the rows of this page, and places are where they stand in the list.
	items  []T
	places []place
	// latest is the answer that was taken last. full tells that it may have been cut
	// short (see mayBeCut).
	latest part[T]
	full   bool
	// date is PrivX's clock at the first answer.
	date time.Time
	// unconfirmed: PrivX shows the list empty, which one answer alone does not prove.
	unconfirmed bool
}

// resume finds the ids that this process remembers of the list. If they are lost, the list
// starts over.
func (w *walk[T]) resume() error {
	if w.at.Reading != "" {
		if w.rows = w.client.readings.resume(w.at.Reading, w.at.Seen); w.rows != nil {
			return nil
		}
		w.at = cursor{Restarts: w.at.Restarts + 1}
	}
	if w.at.Restarts > MaxRestarts {
		return w.aborted("the list has started over too often, because more lists are being read at once than can be remembered", "sync with fewer workers").WithID(errorid.ListsAtOnce)
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

// step reads on, and tells whether the list is at its end. A step may bring no rows: then
// the next step goes on from the cursor that this one leaves.
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
	case w.list.Whole:
		return true, w.takeWhole(p)
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

// bound ends a list that would go on without end. It counts the steps that lead no
// further, so that a list may be long.
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

// counts tells whether an answer's count is to be believed.
func (w *walk[T]) counts(p part[T]) bool { return p.count > 0 && !w.at.Disproved }

// nothingBehind tells whether an answer shows no row behind the last one: only that row
// itself or, without an overlap, no rows at all.
func (w *walk[T]) nothingBehind(p part[T]) bool {
	if w.overlap() == 0 {
		return w.at.Offset > 0 && len(p.items) == 0
	}
	return len(p.items) == 1 && SameID(p.id(0), w.at.Last)
}

// stop finds out whether a list is at its end after an answer that shows nothing more.
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
		// Without a usable count, the number of places is the number of rows.
		return w.countUp(ctx, w.at.Offset)
	default:
		return w.countUp(ctx, w.at.Total)
	}
}

// countUp tells whether a list is complete once the reader is behind its last row. If ids
// are missing, it begins the second reading; after that one it fails.
func (w *walk[T]) countUp(ctx context.Context, count int) (bool, error) {
	if w.hasAll(count) {
		return true, nil
	}
	if !w.at.Again {
		w.turn()
		return false, nil
	}
	// In this order new rows come first. Some may have been added since the reading began.
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

// hasAll tells whether all counted rows were seen. A surplus is rows that were deleted
// meanwhile, and proves nothing if rows came in different orders.
func (w *walk[T]) hasAll(count int) bool {
	seen := w.rows.seen.Len()
	return seen == count || seen > count && !w.at.Disordered
}

// countsMore finds out whether PrivX counts more rows than it shows: at the offset of the
// last row that it counts, there is no row. If both readings of the list find that, the
// list is at its end.
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

// sofar is how many rows were counted and how many were seen, for an error.
func (w *walk[T]) sofar(count int) string {
	return fmt.Sprintf("where PrivX counts %d rows and has shown %d", count, w.rows.seen.Len())
}

func (w *walk[T]) aborted(what, hint string) *Error {
	return &Error{Endpoint: w.list.Request.Endpoint.String(), Status: http.StatusOK, Message: what, Hint: cmp.Or(hint, "sync again"), Kind: Unsettled}
}
