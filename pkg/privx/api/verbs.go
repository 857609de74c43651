package api

import (
	"bytes"
	"context"
	"errors"

	"github.com/conductorone/baton-privx/internal/errorid"
)

// Read makes a call that changes nothing, repeats it after transient failures, and decodes
// the JSON object that PrivX answers.
func Read[T any](ctx context.Context, c *Client, rq *Request) (T, error) {
	var object T
	err := c.repeat(ctx, rq, func(a *Answer) error { return a.decode(rq, &object) })
	return object, err
}

// ReadAll reads a list that PrivX answers in one piece, and repeats the call as Read does.
// If PrivX counts more rows than it shows, the page's Total is above its Read.
func ReadAll[T Row](ctx context.Context, c *Client, rq *Request) (*Page[T], error) {
	page := &Page[T]{}
	err := c.repeat(ctx, rq, func(a *Answer) error {
		var err error
		page, err = DecodeAll[T](rq, a)
		return err
	})
	var e *Error
	if errors.Is(err, errNull) && errors.As(err, &e) {
		// The list was null in every try: more tries would not help.
		return page, e.WithKind(Unusable)
	}
	return page, err
}

// errNull is the cause in the error for a list that is null.
var errNull = errors.New("null in place of a list")

// DecodeAll decodes a list that PrivX answers in one piece.
func DecodeAll[T Row](rq *Request, a *Answer) (*Page[T], error) {
	got := newRows[T]()
	if err := a.decode(rq, &got); err != nil {
		return nil, err
	}
	if err := checkWhole(rq.Endpoint, got); err != nil {
		return nil, err
	}
	if got.Items == nil && rq.NotNull {
		return nil, &Error{Kind: Unavailable, ID: errorid.RolesNotBelieved, Endpoint: rq.Endpoint.String(), Status: a.Status, Cause: errNull}
	}
	return &Page[T]{Items: got.list(), Total: max(got.Count, 0), Read: len(got.list()), Date: a.Date()}, nil
}

// Probe asks for one row of a list, and returns PrivX's count. If there is no row in a list
// that cannot be empty, it repeats the call over some seconds. It does not after an error.
func Probe[T Row](ctx context.Context, c *Client, l *List) (int, error) {
	rq := l.ask(0, 1, false)
	var got rows[T]
	shown, err := Insist(ctx, nil, func() (bool, error) {
		got = newRows[T]()
		if err := c.Exchange(ctx, rq, func(a *Answer) error { return decodeRows(l, rq, a, &got) }); err != nil {
			return false, err
		}
		return len(got.list()) > 0 || l.Emptiness != NeverEmpty, checkRows(rq.Endpoint, got)
	})
	switch {
	case err != nil:
		return 0, err
	case shown:
		c.counts.probed(rq.Endpoint, got.Count)
		return got.Count, nil
	case got.Count > 0:
		return 0, countedOnly(rq.Endpoint, got.Count)
	default:
		return 0, l.IfEmpty(l)
	}
}

// CountRows is how many rows PrivX counts of a list, and repeats the call as Read does. It is
// below 0 if PrivX does not count, or counts the rows of the answer alone.
func CountRows[T Row](ctx context.Context, c *Client, l *List) (int, error) {
	rq := l.ask(0, 1, false)
	got := newRows[T]()
	err := c.repeat(ctx, rq, func(a *Answer) error { return decodeRows(l, rq, a, &got) })
	if err == nil {
		err = checkRows(rq.Endpoint, got)
	}
	switch {
	case err != nil:
		return 0, err
	case c.counts.ofAnswers.Load(), got.Count <= 0 && len(got.list()) > 0, got.Count < len(got.list()):
		return -1, nil
	default:
		return max(got.Count, 0), nil
	}
}

// Write sends a change, once. If the token is refused, it is dropped, but the change is not
// sent again: what PrivX has may have changed meanwhile. An answer that does not come from
// PrivX is an error. An answer proves that PrivX has not made the change only if its status
// is 400 to 499 and its error is not transient.
func Write(ctx context.Context, c *Client, rq *Request) error {
	return WriteSeen(ctx, c, rq, func(*Answer) {})
}

// WriteSeen is Write, and shows the answer if it is a success that may be PrivX's. see must
// not keep the answer's body.
func WriteSeen(ctx context.Context, c *Client, rq *Request, see func(*Answer)) error {
	write := *rq
	write.isWrite, write.maxAnswer = true, MaxShortBody
	return c.Exchange(ctx, &write, func(a *Answer) error {
		if len(bytes.TrimSpace(a.Body)) > 0 && a.IsForeign() {
			return unusable(rq, a, "not PrivX's answer to a write")
		}
		see(a)
		return nil
	})
}
