package core

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Order is what a kind of list can be sorted by, and how a list is sorted that was
// asked for without a sort key. Guess (PXQ-003): texts are compared byte by byte.
type Order[T any] struct {
	// Keys are the texts by which rows are compared, by sort key.
	Keys map[string]func(T) string
	// ID is the id of a row.
	ID func(T) string
	// Default is the sort key of a list that was asked for without one.
	Default           string
	DefaultDescending bool
	// PageSize is a page's size if none is asked for, and MaxPageSize its largest; 0 is
	// that of all lists.
	PageSize, MaxPageSize int
}

// Sort returns rows in ascending order by a sort key. Guess (PXQ-003): equal ones stand in
// the order of their ids, on every page alike.
func (o Order[T]) Sort(rows []T, sortKey string) []T {
	type keyed struct {
		key, id string
		row     T
	}
	key := o.Keys[sortKey]
	list := make([]keyed, 0, len(rows))
	for _, row := range rows {
		list = append(list, keyed{key(row), o.ID(row), row})
	}
	slices.SortFunc(list, func(a, b keyed) int {
		return cmp.Or(strings.Compare(a.key, b.key), strings.Compare(a.id, b.id))
	})
	sorted := make([]T, 0, len(list))
	for _, k := range list {
		sorted = append(sorted, k.row)
	}
	return sorted
}

// SortableTime brings times with different numbers of digits into a form whose
// order is the order of time.
func SortableTime(text string) string {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000000000")
}
