package core

import (
	"maps"
	"slices"
	"sync"
)

// Table are the things of one kind that a service has, as the store of a service that
// knows little else. It may be used by several goroutines at once. A row is replaced as
// a whole and never written into.
type Table[T any] struct {
	mu      sync.Mutex
	order   Order[*T]
	another func(last T, id string) T
	ids     IDs
	rows    map[string]*T   // by id
	sorted  map[string][]*T // by sort key, until a row changes

	copies *Copies[string, *Table[T]] // nil in a replica
}

// NewTable returns a table without rows. Another makes the row that comes in a turnover,
// behind the last one, with an id of its own.
func NewTable[T any](installation string, order Order[*T], another func(last T, id string) T) *Table[T] {
	t := &Table[T]{order: order, another: another, ids: NewIDs(installation), rows: map[string]*T{}}
	t.copies = NewCopies[string](t, func(t *Table[T]) sync.Locker { return &t.mu }, (*Table[T]).replica)
	return t
}

// replica returns a copy of what the table shows.
func (t *Table[T]) replica() *Table[T] { return &Table[T]{order: t.order, rows: maps.Clone(t.rows)} }

// Data is what nodes have replicas of.
func (t *Table[T]) Data() Data { return t.copies }

// NextID makes the id of a row.
func (t *Table[T]) NextID() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ids.Next()
}

// Put adds a row, or replaces the one with the same id.
func (t *Table[T]) Put(row T) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.put(&row)
}

// Update replaces the row with the same id, if there is one.
func (t *Table[T]) Update(row T) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.rows[t.order.ID(&row)] != nil {
		t.put(&row)
	}
}

// Remove removes a row.
func (t *Table[T]) Remove(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.remove(id)
}

// Rows returns all rows by id.
func (t *Table[T]) Rows() []T {
	t.mu.Lock()
	defer t.mu.Unlock()
	rows := make([]T, 0, len(t.rows))
	for _, id := range slices.Sorted(maps.Keys(t.rows)) {
		rows = append(rows, *t.rows[id])
	}
	return rows
}

// Get returns a row as the node of a call shows it; nil if it shows none.
func (t *Table[T]) Get(c *Call, id string) *T {
	view := t.copies.View(c)
	defer view.mu.Unlock()
	return view.rows[id]
}

// Ascending returns the rows that the node of a call shows, by a sort key.
func (t *Table[T]) Ascending(c *Call, sortKey string) []*T {
	view := t.copies.View(c)
	defer view.mu.Unlock()
	return view.ascending(sortKey)
}

// Page answers with the part of the rows that a window shows, of those that the caller
// is shown: nil is all.
func (t *Table[T]) Page(c *Call, w Window, shown func(*T) bool, encode func(*T) []byte) Answer {
	if c.Turnover {
		t.turnOver(w, shown)
	}
	rows := visible(t.Ascending(c, w.SortKey), shown)
	return t.order.Page(c, w, rows, func(dst []byte, row *T) []byte { return append(dst, encode(row)...) })
}

func visible[T any](rows []*T, shown func(*T) bool) []*T {
	if shown == nil {
		return rows
	}
	return slices.DeleteFunc(slices.Clone(rows), func(row *T) bool { return !shown(row) })
}

func (t *Table[T]) ascending(key string) []*T {
	if t.sorted[key] == nil {
		if t.sorted == nil {
			t.sorted = map[string][]*T{}
		}
		t.sorted[key] = t.order.Sort(slices.Collect(maps.Values(t.rows)), key)
	}
	return t.sorted[key]
}

func (t *Table[T]) put(row *T) {
	id := t.order.ID(row)
	t.rows[id], t.sorted = row, nil
	t.copies.Changed(id, func(r *Table[T]) { r.put(row) })
}

func (t *Table[T]) remove(id string) {
	delete(t.rows, id)
	t.sorted = nil
	t.copies.Changed(id, func(r *Table[T]) { r.remove(id) })
}

// turnOver makes a turnover (see Call) in the rows that are shown.
func (t *Table[T]) turnOver(w Window, shown func(*T) bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	first, last := Ends(visible(t.ascending(w.SortKey), shown), w, func(*T) bool { return true })
	if first == nil {
		return
	}
	t.remove(t.order.ID(first))
	row := t.another(*last, t.ids.NextOuter(w))
	t.put(&row)
}
