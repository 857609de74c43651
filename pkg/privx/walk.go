package privx

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"time"

	"google.golang.org/grpc/codes"
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

// emptyPauses are the pauses before PrivX is asked again for what cannot be empty.
var emptyPauses = []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second}

// insist asks for something until it is shown, over some seconds, and tells whether it
// was.
func insist(ctx context.Context, ask func() (bool, error)) (bool, error) {
	for i := 0; ; i++ {
		shown, err := ask()
		if err != nil || shown || i == len(emptyPauses) {
			return shown, err
		}
		if err := sleep(ctx, emptyPauses[i]); err != nil {
			return false, err
		}
	}
}

// confirmPause lies between two answers that prove together what one does not.
const confirmPause = time.Second

// idleSteps is how many steps in a row may lead no further, besides two for each page
// of the list.
const idleSteps = 5

// unrest is how long after PrivX has shown something empty that is not, as a node may
// that has just started, it is not believed that a list is empty.
const unrest = 10 * time.Second

// maxUnrests is how often that is waited for.
const maxUnrests = 6

// readPage reads the page that token asks for.
func readPage[T identified](ctx context.Context, c *Client, l list, token string) (*Page[T], error) {
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
func confirmEmpty[T identified](ctx context.Context, c *Client, l list, shown time.Time) (*Page[T], error) {
	l.emptiness = KnownEmpty
	wait := min(time.Until(shown.Add(confirmPause)), confirmPause)
	for i := 0; ; i++ {
		if err := sleep(ctx, wait); err != nil {
			return nil, err
		}
		page, err := turnPage[T](ctx, c, l, cursor{})
		if err != nil {
			return nil, err
		}
		if len(page.Items) > 0 {
			c.showedNothing()
			return page, nil
		}
		if wait = time.Until(c.restsAt()); wait <= 0 || i == maxUnrests {
			return page, nil
		}
	}
}

// showedNothing notes that PrivX has just shown something empty that is not.
func (c *Client) showedNothing() { c.unrestful.Store(time.Now().UnixMilli()) }

// restsAt is until when PrivX is not believed that a list is empty.
func (c *Client) restsAt() time.Time { return time.UnixMilli(c.unrestful.Load()).Add(unrest) }

func turnPage[T identified](ctx context.Context, c *Client, l list, at cursor) (*Page[T], error) {
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
type walk[T identified] struct {
	client *Client
	list   list
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
	if w.at.Restarts > maxRestarts {
		return w.aborted("the list has started over too often, because more lists are being read at once than can be remembered", "sync with fewer workers")
	}
	w.rows = newReading()
	w.at.Reading, w.at.Disproved = w.rows.id, w.client.countsPages.Load()
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
		w.unconfirmed = w.list.emptiness == MayBeEmpty
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
	if w.at.Offset >= maxRows {
		return w.aborted("the list does not end", "")
	}
	w.at.Idle++
	if w.at.Idle <= idleSteps+2*(w.at.Furthest/max(w.at.Longest, 1)+1) {
		return nil
	}
	if w.at.Again {
		return w.aborted("the list keeps changing", "")
	}
	w.turn()
	return nil
}

// overlap is how many rows are asked for once more with each answer: one, unless
// PrivX gives no more than one at a time.
func (w *walk[T]) overlap() int {
	if w.at.Offset == 0 || w.at.Longest <= 1 {
		return 0
	}
	return 1
}

// ask asks for a part of the list, in smaller ones where they are too much. That PrivX
// refuses so many rows shows with the first answer.
func (w *walk[T]) ask(ctx context.Context, offset int) (part[T], error) {
	most := cmp.Or(w.at.Limit, w.list.size.get(w.client.pageSizes.most, w.client.clock()))
	for limit := most; ; {
		p, err := ask[T](ctx, w.client, w.list, offset, limit, w.at.Again)
		if err == nil {
			if limit < most {
				w.list.size.lower(limit, w.client.clock())
			}
			w.at.Limit, w.at.Longest = limit, min(w.at.Longest, limit)
			return p, nil
		}
		fewer := fewerAfter(err, limit, w.at.Limit == 0)
		if fewer == 0 {
			return p, err
		}
		limit = fewer
	}
}

// askNext asks for what comes next, again over some seconds while the answer cannot
// be right.
func (w *walk[T]) askNext(ctx context.Context) (part[T], error) {
	offset := w.at.Offset - w.overlap()
	var p part[T]
	shown, err := insist(ctx, func() (bool, error) {
		var err error
		if p, err = w.ask(ctx, offset); err != nil {
			return false, err
		}
		doubtful := w.doubtful(p)
		if doubtful {
			w.client.showedNothing()
		}
		return !doubtful, nil
	})
	if err == nil && !shown {
		err = w.emptyError(p)
	}
	return p, err
}

// doubtful tells whether an answer shows nothing where there must be something.
func (w *walk[T]) doubtful(p part[T]) bool {
	if w.at.Offset == 0 {
		return len(p.items) == 0 && (p.count > 0 || w.list.emptiness == NeverEmpty || w.at.Again)
	}
	if p.count > 0 || w.at.Disproved {
		return false
	}
	return len(p.items) == 0 && w.at.Total > 0 || w.nothingBehind(p) && w.at.Total > w.at.Offset
}

func (w *walk[T]) emptyError(p part[T]) error {
	switch {
	case w.at.Offset > 0 || w.at.Again:
		return w.aborted("an empty answer, "+w.sofar(w.at.Total), "")
	case p.count > 0:
		return countedOnly(w.list.request.endpoint(), p.count)
	default:
		return w.list.ifEmpty(w.list)
	}
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
	if err := sleep(ctx, confirmPause); err != nil {
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

// join takes an answer, and what is missing between it and the rows that were seen.
func (w *walk[T]) join(ctx context.Context, p part[T]) error {
	if w.repeats(p) {
		// Rows that came in may have moved the others down by just one page.
		next, err := w.ask(ctx, p.offset+1)
		if err != nil {
			return err
		}
		if w.repeats(next) {
			return contradiction(w.list.request.endpoint(), "pagination did not advance: the same page came twice")
		}
	}
	if !w.fits(p) {
		return w.goBack(ctx, p)
	}
	w.take(p)
	return w.mend(ctx, p.offset)
}

// repeats tells whether an answer is the one before.
func (w *walk[T]) repeats(p part[T]) bool {
	return w.at.Offset > 0 && len(p.items) > 0 && SameID(p.id(0), w.at.First) && SameID(p.lastID(), w.at.Last)
}

// fits tells whether an answer goes on from what was seen: it is the beginning, or it
// shows the row that was the last one. Most rows before that one have been seen, unless
// it stands at another place by now.
func (w *walk[T]) fits(p part[T]) bool {
	if p.offset == 0 || w.at.Longest <= 1 {
		return true
	}
	seen := 0
	for i, item := range p.items {
		if SameID(item.identity(), w.at.Last) {
			return 2*seen >= i
		}
		if w.rows.seen.Has(item.identity()) {
			seen++
		}
	}
	return false
}

// mayFit tells whether an answer fits if the row that was the last one has gone. In the
// second reading nearly every row has been seen, which says nothing.
func (w *walk[T]) mayFit(p part[T]) bool {
	return !w.at.Again && len(p.items) > 0 && w.rows.seen.Has(p.id(0))
}

// goBack reads before an answer that does not fit, from further ahead each time,
// until an answer does.
func (w *walk[T]) goBack(ctx context.Context, unfit part[T]) error {
	var nearest part[T]
	if w.mayFit(unfit) {
		nearest = unfit
	}
	for back := max(w.at.Longest/2, 1); ; back *= 2 {
		p, err := w.askBefore(ctx, max(unfit.offset-back, 0))
		if err != nil {
			return err
		}
		if len(nearest.items) == 0 && w.mayFit(p) {
			nearest = p
		}
		switch {
		case len(p.items) > 0 && w.fits(p):
			nearest = p
		case len(nearest.items) == 0 || back < 2*w.at.Longest:
			continue
		}
		w.take(nearest)
		if nearest.offset != unfit.offset && len(unfit.items) > 0 && nearest.holds(unfit.id(0)) {
			w.take(unfit)
		}
		return w.mend(ctx, nearest.offset)
	}
}

// askBefore asks for a part that was read before. The beginning of the list cannot
// be empty.
func (w *walk[T]) askBefore(ctx context.Context, offset int) (part[T], error) {
	var p part[T]
	shown, err := insist(ctx, func() (bool, error) {
		var err error
		p, err = w.ask(ctx, offset)
		return len(p.items) > 0 || offset > 0, err
	})
	if err == nil && !shown {
		err = w.aborted("an empty list, "+w.sofar(w.at.Total), "")
	}
	return p, err
}

// take takes an answer that fits: its rows, its place and its count.
func (w *walk[T]) take(p part[T]) {
	if !w.at.Again && !w.at.Behind {
		w.at.Disordered = w.at.Disordered || w.disordered(p)
	}
	goesOn, before := w.at.Offset == 0 || p.holds(w.at.Last), w.rows.seen.Len()
	w.takeRows(p)
	w.at.Behind = (w.at.Behind || !goesOn) && 2*(w.rows.seen.Len()-before) < len(p.items)
	w.latest = p
	if p.offset > 0 && len(w.items) > 0 && w.at.Longest < w.at.Limit {
		w.client.pageSizes.cut.Store(int32(w.at.Longest)) //nolint:gosec // Less than a page's size.
	}
	w.full = w.mayBeCut(p)
	w.at.Offset, w.at.First, w.at.Last = p.end(), p.id(0), p.lastID()
	w.at.Longest = max(w.at.Longest, len(p.items))
	switch {
	case p.count <= 0:
	case p.count < p.end():
		w.at.Disproved = true
	default:
		w.at.Total = p.count
	}
	if w.at.Offset > w.at.Furthest {
		w.at.Furthest, w.at.Idle = w.at.Offset, 0
	}
}

// mayBeCut tells whether there may be more rows than an answer has, although it counts
// no more: it may have counted its own alone.
func (w *walk[T]) mayBeCut(p part[T]) bool {
	rows, cut := len(p.items), int(w.client.pageSizes.cut.Load())
	switch {
	case rows >= w.at.Limit:
		return true
	case p.offset > 0:
		return rows >= w.at.Longest
	default:
		return cut > 1 && rows >= cut || w.list.checked != nil && w.moreChecked(rows)
	}
}

// moreChecked tells whether more rows were counted when the connection was checked. One
// that was counted then is what an answer of one row counts.
func (w *walk[T]) moreChecked(rows int) bool {
	checked := w.list.checked.Load()
	return int64(rows) < checked || checked == 1 && rows > 1
}

// takeRows takes those rows of an answer that were not seen yet.
func (w *walk[T]) takeRows(p part[T]) {
	for i, item := range p.items {
		if w.rows.add(item.identity()) {
			w.items, w.places = append(w.items, item), append(w.places, place{p.offset + i, item.identity()})
		}
	}
}

// disordered tells whether an answer shows a row that was seen behind the one that was
// the last of all.
func (w *walk[T]) disordered(p part[T]) bool {
	behind := false
	for _, item := range p.items {
		if behind && w.rows.seen.Has(item.identity()) {
			return true
		}
		behind = behind || SameID(item.identity(), w.at.Last)
	}
	return false
}

// mend reads around a joint once more where there are places for rows that were not
// seen: they are probably near by.
func (w *walk[T]) mend(ctx context.Context, joint int) error {
	if w.at.Again {
		return nil
	}
	if w.lacking() > w.at.Lacking {
		p, err := w.ask(ctx, max(joint-w.at.Longest/2, 0))
		if err != nil {
			return err
		}
		w.takeRows(p)
	}
	w.at.Lacking = w.lacking()
	return nil
}

// lacking is how many rows stand before the reader and were not seen, at least.
func (w *walk[T]) lacking() int { return max(w.at.Offset-w.rows.seen.Len(), 0) }

// sofar says what was counted and what was seen.
func (w *walk[T]) sofar(count int) string {
	return fmt.Sprintf("where PrivX counts %d rows and has shown %d", count, w.rows.seen.Len())
}

func (w *walk[T]) aborted(what, hint string) *Error {
	return &Error{Endpoint: w.list.request.endpoint(), Status: http.StatusOK, Message: what, Hint: cmp.Or(hint, "sync again"), grpcCode: codes.Aborted}
}
