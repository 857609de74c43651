package core

import "slices"

// A turnover is what offset paging cannot show: a row goes from the front of a
// list, so that all others move up by one, and another comes behind them, so that
// the list is as long as before. A service does so to its own lists where a call
// wants it (Call.Turnover).

// Ends returns the first and the last of the rows that may go in a turnover, in the
// order in which the window shows them, or nil.
func Ends[T any](ascending []*T, w Window, mayGo func(*T) bool) (*T, *T) {
	first := slices.IndexFunc(ascending, mayGo)
	if first < 0 {
		return nil, nil
	}
	last := len(ascending) - 1
	for !mayGo(ascending[last]) {
		last--
	}
	if w.descending {
		first, last = last, first
	}
	return ascending[first], ascending[last]
}
