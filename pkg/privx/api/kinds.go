package api

import (
	"errors"
	"net/http"

	"github.com/conductorone/baton-privx/internal/errorid"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Kind is what an Error means. It alone decides what is done about the error.
type Kind int

// The kinds of errors.
const (
	// Unusable: the answer is not what was asked for, or does not come from PrivX. Trying
	// again does not help.
	Unusable Kind = iota
	// Unavailable: the same request may succeed in a moment.
	Unavailable
	// TooSlow: the answer took too long for this client or for a gateway. The same request
	// may succeed in a moment, and one for fewer rows may be answered in time.
	TooSlow
	// TooLong: the answer is longer than this client reads of one.
	TooLong
	// NotSent: this client does not send the request, because it is malformed.
	NotSent
	// Invalid: PrivX refuses the request as malformed or not acceptable.
	Invalid
	// Unauthenticated: PrivX refuses the credentials or the token.
	Unauthenticated
	// Forbidden: the API client lacks a permission.
	Forbidden
	// NotFound: PrivX itself says that the object does not exist.
	NotFound
	// Missing: this PrivX does not have the call.
	Missing
	// Unsettled: what PrivX shows keeps changing, or is not what was written.
	Unsettled
	// ShownEmpty: PrivX shows a list empty that is known to have rows.
	ShownEmpty
	// GivenUp: there was no good answer to the request for the time of Patience.
	GivenUp
)

// code is what the kind is to baton-sdk. It tries again what is Unavailable, and takes a
// NotFound for an object that need not be synced.
func (k Kind) code() codes.Code {
	switch k {
	case Unavailable, TooSlow:
		return codes.Unavailable
	case NotSent, Invalid:
		return codes.InvalidArgument
	case Unauthenticated:
		return codes.Unauthenticated
	case Forbidden:
		return codes.PermissionDenied
	case NotFound:
		return codes.NotFound
	case Unsettled, ShownEmpty, GivenUp:
		return codes.Aborted
	default: // Unusable, TooLong and Missing
		return codes.FailedPrecondition
	}
}

// id is the condition that the kind stands for where nothing else is said of it.
func (k Kind) id() errorid.ID {
	switch k {
	case Unavailable:
		return errorid.Unavailable
	case TooSlow:
		return errorid.TooSlow
	case TooLong:
		return errorid.AnswerTooLong
	case NotSent:
		return errorid.NotSent
	case Invalid:
		return errorid.RequestRefused
	case Unauthenticated:
		return errorid.TokenRefused
	case Forbidden:
		return errorid.PermissionMissing
	case NotFound:
		return errorid.NotFound
	case Missing:
		return errorid.NotInThisPrivX
	case Unsettled:
		return errorid.ListUnsettled
	case ShownEmpty:
		return errorid.ListEmpty
	case GivenUp:
		return errorid.GivenUp
	default: // Unusable
		return errorid.AnswerUnusable
	}
}

// GRPCStatus is the error as a gRPC status. If PrivX throttles, the status says until when,
// and baton-sdk waits until then.
func (e *Error) GRPCStatus() *status.Status {
	st := status.New(e.Kind.code(), e.Error())
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

// kindOf is the kind of an HTTP status that is not a success, if the answer is PrivX's. A
// status that PrivX is not known to use (a redirect, 409, 501) is Unusable.
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

// Is tells whether err is or wraps an Error of the given kind.
func Is(err error, kind Kind) bool {
	var e *Error
	return errors.As(err, &e) && e.Kind == kind
}

// IsTransient tells whether the same call may succeed in a moment.
func IsTransient(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.transient()
}

func (e *Error) transient() bool { return e.Kind == Unavailable || e.Kind == TooSlow }

// tooMuch tells whether a request for less might have been answered.
func (e *Error) tooMuch() bool { return e.Kind == TooSlow || e.Kind == TooLong }
