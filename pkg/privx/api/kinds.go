package api

import (
	"errors"
	"net/http"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Kind is what an Error means. What to do about it is decided by it alone.
type Kind int

// The kinds of errors.
const (
	// Unusable: the answer is not what was asked for, or not PrivX's. That does not
	// heal by itself.
	Unusable Kind = iota
	// Unavailable: it may be over in a moment.
	Unavailable
	// TooSlow: the answer took too long for us or for a gateway. It may be over in a
	// moment, too, or come in time if less is asked for.
	TooSlow
	// TooLong: the answer is longer than what is read of one.
	TooLong
	// NotSent: this client refuses to send the request, because of what it is.
	NotSent
	// Invalid: PrivX refuses the request because of what it is.
	Invalid
	// Unauthenticated: PrivX refuses the credentials or the token.
	Unauthenticated
	// Forbidden: the API client lacks a permission.
	Forbidden
	// NotFound: PrivX itself says that the object does not exist.
	NotFound
	// Unsettled: what PrivX shows keeps changing, or is not what was written.
	Unsettled
	// ShownEmpty: a list is shown empty that is known to have rows.
	ShownEmpty
	// GivenUp: there was no good answer for Patience.
	GivenUp
)

// grpcCodes are what the kinds are to baton-sdk. It tries again what is Unavailable, and
// takes a NotFound for an object that need not be synced.
var grpcCodes = map[Kind]codes.Code{
	Unusable:        codes.FailedPrecondition,
	Unavailable:     codes.Unavailable,
	TooSlow:         codes.Unavailable,
	TooLong:         codes.FailedPrecondition,
	NotSent:         codes.InvalidArgument,
	Invalid:         codes.InvalidArgument,
	Unauthenticated: codes.Unauthenticated,
	Forbidden:       codes.PermissionDenied,
	NotFound:        codes.NotFound,
	Unsettled:       codes.Aborted,
	ShownEmpty:      codes.Aborted,
	GivenUp:         codes.Aborted,
}

// GRPCStatus makes the error one of gRPC's, with rate-limit data where PrivX throttles:
// baton-sdk waits until the time given there.
func (e *Error) GRPCStatus() *status.Status {
	st := status.New(grpcCodes[e.Kind], e.Error())
	if e.RetryAt.IsZero() {
		return st
	}
	detailed, err := st.WithDetails(v2.RateLimitDescription_builder{
		Status:  v2.RateLimitDescription_STATUS_OVERLIMIT,
		Limit:   1,
		ResetAt: timestamppb.New(e.RetryAt),
	}.Build())
	if err != nil {
		return st
	}
	return detailed
}

// kindOf is what an HTTP status that is not a success means, in PrivX's words. One that
// PrivX is not known to use, such as a redirect, 409 and 501, means nothing.
func kindOf(httpStatus int) Kind {
	switch httpStatus {
	case http.StatusUnauthorized:
		return Unauthenticated
	case http.StatusForbidden:
		return Forbidden
	case http.StatusNotFound:
		return NotFound
	case http.StatusConflict, http.StatusNotImplemented:
		return Unusable
	case http.StatusRequestTimeout, http.StatusTooManyRequests:
		return Unavailable
	}
	switch httpStatus / 100 {
	case 4:
		return Invalid
	case 5:
		return Unavailable
	default:
		return Unusable
	}
}

// Is tells whether err has in it an Error of a kind.
func Is(err error, kind Kind) bool {
	var e *Error
	return errors.As(err, &e) && e.Kind == kind
}

// IsTransient tells whether the same call may well succeed in a moment.
func IsTransient(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.transient()
}

func (e *Error) transient() bool { return e.Kind == Unavailable || e.Kind == TooSlow }

// tooMuch tells whether less would have been answered.
func (e *Error) tooMuch() bool { return e.Kind == TooSlow || e.Kind == TooLong }
