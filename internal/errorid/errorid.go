// Package errorid is the register of the errors that the connector makes, and the one
// place where their texts begin and end:
//
//	baton-privx: what: cause [PXE-012]
//
// An id stands for a condition that an operator tells apart, by its cause and by what can
// be done about it, and not for a line of code. docs/troubleshooting.md is made of the
// register. An id is given once. It is never used for another condition, not even when its
// own cannot occur any more: logs, tickets and links name it.
//
// A condition gets its id where it is found, with [New] or [With], or by the field of an
// error of package api. [Text] puts the id of the outermost condition at the end.
package errorid

import (
	"context"
	"errors"
	"strings"
)

// ID names a condition: PXE and a number of three digits.
type ID string

// identified is an error with the id of a condition, which its text does not show.
type identified struct {
	error

	id ID
}

// New is the error of a condition.
func New(id ID, text string) error { return identified{errors.New(text), id} }

// With says which condition an error is. It takes the place of those that the error wraps.
func With(id ID, err error) error { return identified{err, id} }

// Unwrap gives the error without its id.
func (i identified) Unwrap() error { return i.error }

// ErrorID is the id of the condition.
func (i identified) ErrorID() ID { return i.id }

// Of is the id of the outermost condition in an error. One without any is unexpected, unless
// it comes from the end of a context.
func Of(err error) ID {
	var known interface{ ErrorID() ID }
	switch {
	case errors.As(err, &known):
		return known.ErrorID()
	case errors.Is(err, context.Canceled):
		return Cancelled
	case errors.Is(err, context.DeadlineExceeded):
		return OutOfTime
	default:
		return Unexpected
	}
}

// Ended is the text of an error with the id of its condition at the end, on one line: a log
// is searched by lines, and baton-sdk puts the errors of several workers on several.
func Ended(err error) string {
	return strings.ReplaceAll(err.Error(), "\n", "; ") + " [" + string(Of(err)) + "]"
}

// Text is what an operator reads of an error: what was being done, and why it failed.
func Text(doing string, cause error) string {
	return "baton-privx: " + doing + ": " + Ended(cause)
}

// told is an error with the text that an operator reads.
type told struct {
	text  string
	cause error
}

// Error is the error whose text is that of [Text]. All else is as with the cause: its gRPC
// code, for example.
func Error(doing string, cause error) error { return &told{Text(doing, cause), cause} }

func (t *told) Error() string { return t.text }

// Unwrap gives the cause.
func (t *told) Unwrap() error { return t.cause }
