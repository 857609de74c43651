package api

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/conductorone/baton-privx/internal/errorid"
)

// Row is a row of a list, which has an id.
type Row interface{ Identity() string }

// OnlyID is a row of which only the id is read.
type OnlyID struct {
	ID string `json:"id"`
}

// Identity is the id.
func (i OnlyID) Identity() string { return i.ID }

// rows is PrivX's answer to a request for a list. Make it with newRows only: in its zero
// value, Items is what null makes of it.
type rows[T any] struct {
	Count int  `json:"count"`
	Items *[]T `json:"items"`
}

// newRows makes rows to decode one answer into. If the field items is absent, Items keeps
// the pointer from here; if it is null, Items becomes nil. An Unmarshaler could tell these
// apart as well, but makes encoding/json scan the whole page twice more.
func newRows[T any]() rows[T] { return rows[T]{Items: new([]T)} }

// present tells whether the answer had a field items, be it null.
func (r rows[T]) present() bool { return r.Items == nil || *r.Items != nil }

func (r rows[T]) list() []T {
	if r.Items == nil {
		return nil
	}
	return *r.Items
}

// checkRows refuses an answer without items, or with a row that has no id.
func checkRows[T Row](endpoint Endpoint, got rows[T]) error {
	if !got.present() {
		return Contradiction(endpoint, "a list without items")
	}
	for _, item := range got.list() {
		if item.Identity() == "" {
			return Contradiction(endpoint, "a row without an id")
		}
	}
	return nil
}

// checkWhole is checkRows for a list that PrivX answers in one piece. It also refuses one
// that counts rows and shows none.
func checkWhole[T Row](endpoint Endpoint, got rows[T]) error {
	if err := checkRows(endpoint, got); err != nil {
		return err
	}
	if len(got.list()) == 0 && got.Count > 0 {
		return countedOnly(endpoint, got.Count)
	}
	return nil
}

func countedOnly(endpoint Endpoint, count int) *Error {
	return Contradiction(endpoint, "a list that counts "+strconv.Itoa(count)+" rows and shows none").WithID(errorid.RowsMissing)
}

// part is PrivX's answer to a request for a part of a list.
type part[T Row] struct {
	offset int
	items  []T
	// count is how many rows PrivX says the whole list has, 0 or less if it does
	// not say.
	count int
	date  time.Time
}

// end is the place behind the last row.
func (p part[T]) end() int { return p.offset + len(p.items) }

func (p part[T]) id(i int) string { return p.items[i].Identity() }

func (p part[T]) lastID() string { return p.id(len(p.items) - 1) }

// holds tells whether a row is in the answer.
func (p part[T]) holds(id string) bool {
	for _, item := range p.items {
		if SameID(item.Identity(), id) {
			return true
		}
	}
	return false
}

// askPart reads a part of a list. If an answer is too long or too slow and fewer rows can
// be asked for, the same part is not asked for again: that is left to the caller.
func askPart[T Row](ctx context.Context, c *Client, l *List, offset, limit int, descending bool) (part[T], error) {
	rq := l.ask(offset, limit, descending)
	rq.maxAnswer, rq.shrinks = MaxPageBody, true
	if SmallerPage(limit) == 0 {
		rq.maxAnswer, rq.shrinks = MaxBody, false
	}
	got, p := newRows[T](), part[T]{offset: offset}
	if l.Whole {
		p.offset = 0
	}
	err := c.repeat(ctx, rq, func(a *Answer) error {
		p.date = a.Date()
		return decodeRows(l, rq, a, &got)
	})
	if err == nil {
		err = checkRows(rq.Endpoint, got)
	}
	if rows := len(got.list()); err == nil && l.Whole && rows > 0 && rows < got.Count {
		err = Contradiction(rq.Endpoint, fmt.Sprintf("a list in one piece that counts %d rows and shows %d", got.Count, rows))
	}
	p.items, p.count = got.list(), got.Count
	return p, err
}
