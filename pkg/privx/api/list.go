package api

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"net/url"
	"strconv"
)

// List is one of PrivX's paged lists.
type List struct {
	Request *Request
	// Emptiness says whether it can be empty.
	Emptiness Emptiness
	// IfEmpty makes the error for a list that is NeverEmpty and that PrivX shows empty.
	IfEmpty func(*List) *Error
	// MaxPage is how many rows PrivX gives at a time at most; 0 if that is not known.
	MaxPage int
	// SortKey is what the list is sorted by; empty for the time of creation.
	SortKey string
	// PageInBody tells that the part is asked for in the body, too: PrivX's documentation
	// has it in the query and its own client in the body.
	PageInBody bool
	// Whole tells that PrivX has no paging here and answers the list in one piece: in an
	// object as all lists, or as a bare array.
	Whole bool
}

// atMost is how many rows to ask for at a time, where other lists are asked for limit of
// them. A whole list cannot be asked for with fewer rows, which is the least of limits.
func (l *List) atMost(limit int) int {
	switch {
	case l.Whole:
		return 1
	case l.MaxPage > 0:
		return min(limit, l.MaxPage)
	default:
		return limit
	}
}

// Emptiness says whether a list can be empty.
type Emptiness int

// Whether a list can be empty.
const (
	MayBeEmpty Emptiness = iota // An empty first page has to be confirmed by a second one.
	KnownEmpty                  // Another answer of PrivX says that it is empty: an empty first page is believed.
	NeverEmpty                  // An empty first page is asked for again over some seconds. If it stays empty, that is an error.
)

// ReadToEnd reads a whole list of few rows, all of which one page then has.
func ReadToEnd[T Row](ctx context.Context, c *Client, l *List) (*Page[T], error) {
	var all []T
	for token := ""; ; {
		page, err := ReadPage[T](ctx, c, l, token)
		if err != nil {
			return nil, err
		}
		if page.Restarted {
			all = nil
		}
		all = append(all, page.Items...)
		if token = page.Next; token == "" {
			return &Page[T]{Items: all, First: true, Total: page.Total, Read: page.Read, Date: page.Date}, nil
		}
	}
}

// MapPage makes a page of other rows, one of each row of a page, and one that reads on as
// that page does.
func MapPage[T, U any](p *Page[T], to func(T) (U, error)) (*Page[U], error) {
	items := make([]U, 0, len(p.Items))
	for _, item := range p.Items {
		made, err := to(item)
		if err != nil {
			return nil, err
		}
		items = append(items, made)
	}
	return &Page[U]{
		Items: items, Next: p.Next, First: p.First, Restarted: p.Restarted, Unconfirmed: p.Unconfirmed,
		Total: p.Total, Read: p.Read, Date: p.Date, at: p.at, places: p.places,
	}, nil
}

// ask makes the request for a part of the list.
func (l *List) ask(offset, limit int, descending bool) *Request {
	rq := *l.Request
	if l.Whole {
		return &rq
	}
	asked := window{Offset: offset, Limit: limit, SortKey: cmp.Or(l.SortKey, byCreation), SortDir: direction(descending)}
	rq.Query = asked.query()
	if l.PageInBody {
		// A struct of numbers and strings always marshals.
		rq.Body, _ = json.Marshal(asked)
	}
	return &rq
}

// FirstRows asks for the first rows of a list.
func FirstRows(n int) url.Values { return PageQuery(0, n, false) }

// PageQuery asks for a part of a list in the order of creation, in which new users and
// roles come last. A new member of a role is placed by when the user was created.
func PageQuery(offset, limit int, descending bool) url.Values {
	return window{Offset: offset, Limit: limit, SortKey: byCreation, SortDir: direction(descending)}.query()
}

// window says which part of a list is asked for, as PrivX's queries and bodies name it.
type window struct {
	Offset  int    `json:"offset"`
	Limit   int    `json:"limit"`
	SortKey string `json:"sortkey"`
	SortDir string `json:"sortdir"`
}

const byCreation = "created"

func direction(descending bool) string {
	if descending {
		return "DESC"
	}
	return "ASC"
}

func (w window) query() url.Values {
	return url.Values{
		"offset":  {strconv.Itoa(w.Offset)},
		"limit":   {strconv.Itoa(w.Limit)},
		"sortkey": {w.SortKey},
		"sortdir": {w.SortDir},
	}
}

// decodeRows decodes an answer to a request for a list. A whole list that is no object is
// an array, or null if there are no rows.
func decodeRows[T any](l *List, rq *Request, a *Answer, got *rows[T]) error {
	if body := bytes.TrimSpace(a.Body); l.Whole && !a.isHTML() && (bytes.HasPrefix(body, []byte("[")) || string(body) == "null") {
		return a.unmarshal(rq, &got.Items)
	}
	return a.decode(rq, got)
}
