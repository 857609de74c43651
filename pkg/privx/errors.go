package privx

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/uhttp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// maxErrorText bounds what an Error repeats of PrivX's own words, in bytes.
const maxErrorText = 300

// Error is a failed exchange with PrivX. It carries a gRPC code (see
// [Error.GRPCStatus]), so that baton-sdk knows whether to try again.
type Error struct {
	// Endpoint is the method and the path, with placeholders for ids.
	Endpoint string
	// Status is the HTTP status, 0 when there was no answer.
	Status int
	// Code is PrivX's error_code, or the OAuth error of a token endpoint. PrivX
	// documents few of them: decide by Status.
	Code string
	// Message is PrivX's error_message or error_description, bounded.
	Message string
	// Property names the field that PrivX objects to, if it does.
	Property string
	// Hint is what the operator can do about it, if that is known.
	Hint string
	// RetryAt is when to try again where PrivX throttles; zero if it does not.
	RetryAt time.Time

	grpcCode codes.Code
	// wait is what a usable Retry-After asked for, if there was one.
	wait  *time.Duration
	cause error
	// empty: a list that has rows was shown without any.
	empty bool
	// tooMuch: the answer was too long, or took too long for us or for a gateway.
	tooMuch bool
	// avoidable: it was too much, and fewer rows can be asked for.
	avoidable bool
	// unsent: the request was not sent, because of what it is.
	unsent bool
}

// Error tells what was answered to what, and what can be done about it.
func (e *Error) Error() string {
	var b strings.Builder
	switch {
	case e.unsent:
		fmt.Fprintf(&b, "%s was not sent", e.Endpoint)
	case e.Status == 0 && e.isTooLong():
		fmt.Fprintf(&b, "no whole answer from PrivX to %s", e.Endpoint)
	case e.Status == 0:
		fmt.Fprintf(&b, "no answer from PrivX to %s", e.Endpoint)
	default:
		fmt.Fprintf(&b, "PrivX answered %d to %s", e.Status, e.Endpoint)
	}
	for _, part := range []string{e.Code, e.Message} {
		if part != "" {
			b.WriteString(": " + part)
		}
	}
	if e.Property != "" {
		fmt.Fprintf(&b, " (property %s)", e.Property)
	}
	if e.cause != nil {
		b.WriteString(": " + clean(e.cause.Error()))
	}
	if e.Hint != "" {
		b.WriteString("; " + e.Hint)
	}
	return b.String()
}

// isTooLong tells whether more was answered than is read.
func (e *Error) isTooLong() bool {
	var tooLong *http.MaxBytesError
	return errors.As(e.cause, &tooLong)
}

// Unwrap gives the transport's or the decoder's error behind this one, if any.
func (e *Error) Unwrap() error { return e.cause }

// GRPCStatus makes the error one of gRPC's, with rate-limit data where PrivX
// throttles: baton-sdk retries Unavailable and DeadlineExceeded and waits until
// the time given there.
func (e *Error) GRPCStatus() *status.Status {
	st := status.New(e.grpcCode, e.Error())
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

// transient tells whether the same read may well succeed in a moment.
func (e *Error) transient() bool {
	return !e.avoidable && (e.grpcCode == codes.Unavailable || e.grpcCode == codes.DeadlineExceeded)
}

// IsNotFound tells whether PrivX itself said that the object does not exist. A
// 404 that is not in PrivX's words (a proxy's page, a wrong base URL) is not one.
func IsNotFound(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.grpcCode == codes.NotFound
}

// IsForbidden tells whether the API client lacks a permission.
func IsForbidden(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.grpcCode == codes.PermissionDenied
}

// IsUnauthenticated tells whether PrivX refused the credentials.
func IsUnauthenticated(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.grpcCode == codes.Unauthenticated
}

// IsEmpty tells whether PrivX shows a list empty that is known to have rows.
func IsEmpty(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.empty
}

const (
	hintBaseURL = "check that base-url is the address of PrivX itself, not of a login page or proxy in front of it"
	hintCA      = "if PrivX uses a private CA, give its certificates with ca-certificate"
)

// slowAnswer is how long a gateway waits for an answer, at the least, that waits for one.
// A 504 that comes sooner tells of another trouble.
const slowAnswer = 10 * time.Second

// answerError turns an answer that is not a success into an Error.
func answerError(rq *request, a *answer, now time.Time) *Error {
	e := &Error{Endpoint: rq.endpoint(), Status: a.status, grpcCode: uhttp.GrpcCodeFromHTTPStatus(a.status)}
	e.tooMuch = a.status == http.StatusGatewayTimeout && a.took >= slowAnswer
	said := e.readBody(a)
	switch {
	case (a.status == http.StatusForbidden || a.status == http.StatusBadRequest) && a.isForeign(),
		a.status == http.StatusNotFound && !said:
		// Not PrivX's words, but those of what stands before it: nothing may be
		// concluded about permissions, requests and objects.
		e.grpcCode = codes.FailedPrecondition
		e.Message = "not an answer of PrivX's API"
		e.Hint = hintBaseURL
	case a.status == http.StatusForbidden:
		e.Hint = permissionHint(rq.permission)
	case a.status == http.StatusRequestTimeout:
		e.grpcCode = codes.Unavailable // as with every other answer that may be over
	case a.status == http.StatusConflict || a.status == http.StatusNotImplemented:
		// uhttp's AlreadyExists and Unimplemented mean something else to baton-sdk:
		// that a grant is there, and that an object need not be synced.
		e.grpcCode = codes.FailedPrecondition
	case a.status >= 300 && a.status < 400:
		e.grpcCode = codes.FailedPrecondition
		e.Message = "a redirect, which is never followed with credentials"
		e.Hint = hintBaseURL
	case a.status < 200 || a.status > 599:
		e.grpcCode = codes.FailedPrecondition
		e.Hint = hintBaseURL
	}
	e.readRetryAfter(a, now)
	return e
}

// readRetryAfter notes when to try again after a 429 or a 503. A 429 that does
// not say is given baton-sdk's own default of a minute for the time after the
// client's own attempts.
func (e *Error) readRetryAfter(a *answer, now time.Time) {
	if a.status != http.StatusTooManyRequests && a.status != http.StatusServiceUnavailable {
		return
	}
	if wait, ok := parseRetryAfter(a.header.Get("Retry-After"), now); ok {
		e.wait, e.RetryAt = &wait, now.Add(wait)
	} else if a.status == http.StatusTooManyRequests {
		e.RetryAt = now.Add(maxRetryAfter)
	}
}

func permissionHint(permission string) string {
	if permission == "" {
		return ""
	}
	return "give a role of the connector's API client in PrivX the permission " + permission +
		" (it takes effect with the next token, within minutes)"
}

// readBody takes over what PrivX said, in either of its two shapes: the OAuth
// endpoints' {error, error_description} and all other services' {error_code,
// error_message, property, details}. It reports whether there was such a thing.
func (e *Error) readBody(a *answer) bool {
	var said struct {
		ErrorCode        string `json:"error_code"`
		ErrorMessage     string `json:"error_message"`
		Property         string `json:"property"`
		OAuthError       string `json:"error"`
		OAuthDescription string `json:"error_description"`
		Details          []struct {
			ErrorCode    string `json:"error_code"`
			ErrorMessage string `json:"error_message"`
			Property     string `json:"property"`
		} `json:"details"`
	}
	if a.isForeign() || json.Unmarshal(a.body, &said) != nil {
		return false
	}
	e.Code = a.clean(cmp.Or(said.ErrorCode, said.OAuthError))
	e.Message = a.clean(cmp.Or(said.ErrorMessage, said.OAuthDescription))
	e.Property = a.clean(said.Property)
	if len(said.Details) > 0 {
		d := said.Details[0]
		e.Message = a.clean(strings.TrimPrefix(e.Message+"; "+strings.TrimSpace(d.ErrorCode+" "+d.ErrorMessage), "; "))
		e.Property = cmp.Or(e.Property, a.clean(d.Property))
	}
	return said.ErrorCode != ""
}

// unusable is the error for a 2xx answer that does not hold what was asked for.
func unusable(endpoint string, a *answer, what string, cause error) *Error {
	return &Error{
		Endpoint: endpoint, Status: a.status, Message: what, Hint: hintBaseURL,
		grpcCode: codes.FailedPrecondition, cause: cause,
	}
}

// timedOut is the error for a bound of the client's own, which may hold the next
// time.
func timedOut(endpoint string) *Error {
	return &Error{Endpoint: endpoint, Message: "timed out", grpcCode: codes.Unavailable}
}

// clean makes a server's words fit for one line of a log. Unicode has two more
// characters that end a line, besides those that are control characters.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp) {
			return ' '
		}
		return r
	}, s)
	return CutText(s, maxErrorText)
}

// CutText shortens s to at most n bytes, on a rune boundary, ending in an
// ellipsis where something was cut.
func CutText(s string, n int) string {
	const ellipsis = "…"
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= n {
		return s
	}
	end := 0
	for i := range s {
		if i > n-len(ellipsis) {
			break
		}
		end = i
	}
	return s[:end] + ellipsis
}
