package api

import (
	"cmp"
	"context"

	"github.com/conductorone/baton-privx/internal/errorid"
)

// overlap is how many rows of the answer before are asked for again: one, unless PrivX
// gives no more than one row at a time.
func (w *walk[T]) overlap() int {
	if w.at.Offset == 0 || w.at.Longest <= 1 {
		return 0
	}
	return 1
}

// ask asks for a part of the list, with a smaller page size if PrivX cannot answer the
// larger one. A 400 is taken for a refused page size only before the first good answer.
func (w *walk[T]) ask(ctx context.Context, offset int) (part[T], error) {
	endpoint := w.list.Request.Endpoint
	size := w.client.sizes.of(endpoint)
	most := cmp.Or(w.at.Limit, w.list.atMost(size.get(w.client.pageSize, w.client.Now())))
	for limit := most; ; {
		p, err := askPart[T](ctx, w.client, w.list, offset, limit, w.at.Again)
		if err == nil {
			if limit < most {
				size.lower(limit, w.client.Now())
			}
			w.at.Limit, w.at.Longest = limit, min(w.at.Longest, limit)
			return p, nil
		}
		fewer := fewerAfter(err, endpoint, limit, w.at.Limit == 0)
		if fewer == 0 {
			return p, err
		}
		limit = fewer
	}
}

// askNext asks for the next part. While the answer cannot be right, it asks again over
// some seconds.
func (w *walk[T]) askNext(ctx context.Context) (part[T], error) {
	offset := w.at.Offset - w.overlap()
	var p part[T]
	shown, err := Insist(ctx, nil, func() (bool, error) {
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

// doubtful tells whether an answer shows no rows where there must be some.
func (w *walk[T]) doubtful(p part[T]) bool {
	if w.at.Offset == 0 {
		return len(p.items) == 0 && (p.count > 0 || w.list.Emptiness == NeverEmpty || w.at.Again)
	}
	if !w.list.Whole && (p.count > 0 || w.at.Disproved) {
		return false
	}
	return len(p.items) == 0 && w.at.Total > 0 || w.nothingBehind(p) && w.at.Total > w.at.Offset
}

func (w *walk[T]) emptyError(p part[T]) error {
	switch {
	case w.at.Offset > 0 || w.at.Again:
		return w.aborted("an empty answer, "+w.sofar(w.at.Total), "")
	case p.count > 0:
		return countedOnly(w.list.Request.Endpoint, p.count)
	default:
		return w.list.IfEmpty(w.list)
	}
}

// join takes an answer. If the answer does not fit the rows seen before, it first reads
// what is missing between them.
func (w *walk[T]) join(ctx context.Context, p part[T]) error {
	if w.repeats(p) {
		// New rows may have moved the others down by exactly one page.
		next, err := w.ask(ctx, p.offset+1)
		if err != nil {
			return err
		}
		if w.repeats(next) {
			return Contradiction(w.list.Request.Endpoint, "pagination did not advance: the same page came twice").WithID(errorid.PageRepeated)
		}
	}
	if !w.fits(p) {
		return w.goBack(ctx, p)
	}
	w.take(p)
	return w.mend(ctx, p.offset)
}

// repeats tells whether an answer begins and ends with the same rows as the one before.
func (w *walk[T]) repeats(p part[T]) bool {
	return w.at.Offset > 0 && len(p.items) > 0 && SameID(p.id(0), w.at.First) && SameID(p.lastID(), w.at.Last)
}

// fits tells whether an answer goes on from what was seen. It does if it is the beginning
// of the list, or if it shows the last row of the answer before. At least half of the rows
// before that one must have been seen as well: otherwise that row has moved elsewhere.
func (w *walk[T]) fits(p part[T]) bool {
	if p.offset == 0 || w.at.Longest <= 1 {
		return true
	}
	seen := 0
	for i, item := range p.items {
		if SameID(item.Identity(), w.at.Last) {
			return 2*seen >= i
		}
		if w.rows.seen.Has(item.Identity()) {
			seen++
		}
	}
	return false
}

// mayFit tells whether an answer fits if the last row of the answer before was deleted:
// its first row must have been seen. In the second reading nearly every row has been seen,
// so that this proves nothing.
func (w *walk[T]) mayFit(p part[T]) bool {
	return !w.at.Again && len(p.items) > 0 && w.rows.seen.Has(p.id(0))
}

// goBack reads the parts before an answer that does not fit, from an earlier offset each
// time, until an answer fits.
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

// askBefore asks for a part that was read before. Rows were seen, so that the beginning of
// the list cannot be empty.
func (w *walk[T]) askBefore(ctx context.Context, offset int) (part[T], error) {
	var p part[T]
	shown, err := Insist(ctx, nil, func() (bool, error) {
		var err error
		p, err = w.ask(ctx, offset)
		return len(p.items) > 0 || offset > 0, err
	})
	if err == nil && !shown {
		err = w.aborted("an empty list, "+w.sofar(w.at.Total), "")
	}
	return p, err
}

// take takes the rows of an answer that fits, and moves the cursor behind them.
func (w *walk[T]) take(p part[T]) {
	if !w.at.Again && !w.at.Behind {
		w.at.Disordered = w.at.Disordered || w.disordered(p)
	}
	goesOn, before := w.at.Offset == 0 || p.holds(w.at.Last), w.rows.seen.Len()
	w.takeRows(p)
	w.at.Behind = (w.at.Behind || !goesOn) && 2*(w.rows.seen.Len()-before) < len(p.items)
	w.latest = p
	if p.offset > 0 && len(w.items) > 0 && w.at.Longest < w.at.Limit {
		w.client.counts.cut.Store(int32(w.at.Longest)) //nolint:gosec // Less than a page's size.
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

// takeWhole takes the rows of a list that is answered in one piece. If its caller has taken
// only some of them before, these are the others.
func (w *walk[T]) takeWhole(p part[T]) error {
	began := w.at.Offset == 0
	w.takeRows(p)
	w.latest = p
	w.at.Offset, w.at.Total = p.end(), p.end()
	if began && w.rows.seen.Len() < len(p.items) {
		return Contradiction(w.list.Request.Endpoint, "the same row twice in one answer")
	}
	return nil
}

// mayBeCut tells whether more rows may follow although the answer counts no more: PrivX
// may have cut the answer short and counted only the rows in it.
func (w *walk[T]) mayBeCut(p part[T]) bool {
	rows, cut := len(p.items), int(w.client.counts.cut.Load())
	switch {
	case rows >= w.at.Limit:
		return true
	case p.offset > 0:
		return rows >= w.at.Longest
	default:
		return cut > 1 && rows >= cut || w.client.counts.contradicts(w.list.Request.Endpoint, rows)
	}
}

// takeRows takes the rows of an answer that were not seen yet.
func (w *walk[T]) takeRows(p part[T]) {
	for i, item := range p.items {
		if w.rows.add(item.Identity()) {
			w.items, w.places = append(w.items, item), append(w.places, place{p.offset + i, item.Identity()})
		}
	}
}

// disordered tells whether an answer shows, behind the last row so far, a row that was
// already seen.
func (w *walk[T]) disordered(p part[T]) bool {
	behind := false
	for _, item := range p.items {
		if behind && w.rows.seen.Has(item.Identity()) {
			return true
		}
		behind = behind || SameID(item.Identity(), w.at.Last)
	}
	return false
}

// mend reads the part around a joint once more if more places than before hold rows that
// were not seen: the missing rows are probably close to it.
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

// lacking is the least number of rows before the reader that were not seen.
func (w *walk[T]) lacking() int { return max(w.at.Offset-w.rows.seen.Len(), 0) }
