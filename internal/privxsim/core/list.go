package core

import (
	"net/http"
	"slices"
)

// Page answers with the part of a list that a window shows. The rows are all that
// there are, in ascending order by the window's sort key, and encode appends one.
func (o Order[T]) Page(c *Call, w Window, ascending []T, encode func(dst []byte, row T) []byte) Answer {
	total := max(len(ascending)+c.node.CountOffset, 0)
	if c.ties || c.sim.opts.RandomTies {
		ascending = shuffleTies(c, ascending, o.Keys[w.SortKey])
	}
	return list(c, cut(ascending, w), total, encode)
}

// List answers with all rows of a list that does not come in pages.
func List[T any](c *Call, rows []T, encode func(dst []byte, row T) []byte) Answer {
	return list(c, rows, len(rows), encode)
}

// Array answers with all rows of a list that is nothing but them.
func Array[T any](rows []T, encode func(dst []byte, row T) []byte) Answer {
	return JSON(http.StatusOK, append(appendRows([]byte("["), rows, encode), ']'))
}

// list answers with rows of a list that has so many in all.
func list[T any](c *Call, rows []T, total int, encode func(dst []byte, row T) []byte) Answer {
	body := []byte("{")
	mode := c.sim.opts.Count
	if c.pageCount {
		mode = CountPageLength
	}
	if claim := mode.claim(total, len(rows)); claim != "" {
		body = append(append(body, claim...), ',')
	}
	body = append(body, `"items":[`...)
	return JSON(http.StatusOK, append(appendRows(body, rows, encode), "]}"...))
}

// appendRows appends rows with commas between them.
func appendRows[T any](body []byte, rows []T, encode func(dst []byte, row T) []byte) []byte {
	for i, row := range rows {
		if i == 1 { // the first row tells about how long the others will be, so that the body grows only once
			body = slices.Grow(body, len(body)*len(rows)*5/4)
		}
		if i > 0 {
			body = append(body, ',')
		}
		body = encode(body, row)
	}
	return body
}

// shuffleTies returns the rows of an ascending list with those in random order
// that are equal by the key that the list is sorted by.
func shuffleTies[T any](c *Call, ascending []T, key func(T) string) []T {
	shuffled := slices.Clone(ascending)
	for from := 0; from < len(shuffled); {
		to := from + 1
		for to < len(shuffled) && key(shuffled[to]) == key(shuffled[from]) {
			to++
		}
		c.sim.random.shuffle(to-from, func(i, j int) {
			shuffled[from+i], shuffled[from+j] = shuffled[from+j], shuffled[from+i]
		})
		from = to
	}
	return shuffled
}
