package core

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
)

// defaultPageSize is a page's size if none is asked for.
const defaultPageSize = 50

// Window is the part of a list that was asked for.
type Window struct {
	SortKey       string
	offset, limit int
	descending    bool
}

// Window reads offset, limit, sortkey and sortdir from the query of a call. Guess (PXQ-005):
// all that it refuses PrivX refuses too, with a 400 that names the parameter.
func (o Order[T]) Window(c *Call) (Window, *Error) { return o.WindowOf(c, c.query) }

// WindowOf reads them from elsewhere.
func (o Order[T]) WindowOf(c *Call, query url.Values) (Window, *Error) {
	offset, err := queryNumber(query, "offset", 0)
	if err != nil {
		return Window{}, err
	}
	limit, err := queryNumber(query, "limit", 0)
	if err != nil {
		return Window{}, err
	}
	if limit == 0 {
		limit = cmp.Or(o.PageSize, defaultPageSize)
	}
	largest := c.sim.opts.MaxPageSize
	if o.MaxPageSize > 0 {
		largest = min(largest, o.MaxPageSize)
	}
	if limit > largest && c.sim.opts.RefuseLargePages {
		return Window{}, BadRequest("limit", "limit is larger than "+strconv.Itoa(largest))
	}
	w := Window{offset: offset, limit: min(limit, largest), SortKey: query.Get("sortkey")}
	if w.SortKey == "" {
		w.SortKey, w.descending = o.Default, o.DefaultDescending
	} else if o.Keys[w.SortKey] == nil {
		return Window{}, BadRequest("sortkey", "no such sort key")
	}
	switch query.Get("sortdir") {
	case "":
	case "ASC":
		w.descending = false
	case "DESC":
		w.descending = true
	default:
		return Window{}, BadRequest("sortdir", "sortdir is neither ASC nor DESC")
	}
	return w, nil
}

// askedRows returns how many rows a query asks for; 0 if it does not say.
func askedRows(query url.Values) int {
	limit, _ := queryNumber(query, "limit", 0)
	return limit
}

func queryNumber(query url.Values, name string, fallback int) (int, *Error) {
	text := query.Get(name)
	if text == "" {
		return fallback, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, BadRequest(name, name+" is not a number of at least 0")
	}
	return n, nil
}

// cut returns the part of an ascending list that the window shows.
func cut[T any](ascending []T, w Window) []T {
	n := len(ascending)
	from := min(w.offset, n)
	to := from + min(w.limit, n-from)
	if !w.descending {
		return ascending[from:to]
	}
	part := slices.Clone(ascending[n-to : n-from])
	slices.Reverse(part)
	return part
}
