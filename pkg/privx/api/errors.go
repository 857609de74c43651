package api

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/conductorone/baton-privx/internal/errorid"
)

// Error is a failed exchange with PrivX. Its Kind decides what this client does about it
// and, as a gRPC code (see [Error.GRPCStatus]), what baton-sdk does.
type Error struct {
	Kind Kind
	// ID names the condition, if it is not the one that the kind usually stands for: see
	// [Error.ErrorID].
	ID errorid.ID
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
	// RetryAt is when to try again if PrivX throttles; zero if it does not.
	RetryAt time.Time

	// Wait is the wait in a usable Retry-After header; nil if there was none.
	Wait *time.Duration
	// Cause is the transport's or the decoder's error behind this one; nil for none.
	Cause error
}

// Error tells which call failed with which answer, and what can be done about it.
func (e *Error) Error() string {
	var b strings.Builder
	switch {
	case e.Kind == NotSent:
		fmt.Fprintf(&b, "%s was not sent", e.Endpoint)
	case e.isTooLong():
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
	if e.Cause != nil {
		b.WriteString(": " + clean(e.Cause.Error()))
	}
	if e.Hint != "" {
		b.WriteString("; " + e.Hint)
	}
	return b.String()
}

// Unwrap gives Cause.
func (e *Error) Unwrap() error { return e.Cause }

// WithKind is a copy of the error with another kind. If that kind is not transient, the
// copy has neither RetryAt nor Wait.
func (e *Error) WithKind(kind Kind) *Error {
	given := *e
	given.Kind = kind
	if !given.transient() {
		given.RetryAt, given.Wait = time.Time{}, nil
	}
	return &given
}

// ErrorID is the id of the condition, with which the text that an operator reads ends.
func (e *Error) ErrorID() errorid.ID { return cmp.Or(e.ID, e.Kind.id()) }

// WithID is a copy of the error that is of another condition.
func (e *Error) WithID(id errorid.ID) *Error {
	given := *e
	given.ID = id
	return &given
}

// isTooLong tells whether the answer was longer than its limit.
func (e *Error) isTooLong() bool {
	var tooLong *http.MaxBytesError
	return errors.As(e.Cause, &tooLong)
}

const (
	hintBaseURL = "check that base-url is the address of PrivX itself, not of a login page or proxy in front of it"
	hintCA      = "if PrivX uses a private CA, give its certificates with ca-certificate"
)

// answerError turns an answer that is not a success into an Error.
func answerError(rq *Request, a *Answer, now time.Time) *Error {
	e := &Error{Endpoint: rq.Endpoint.String(), Status: a.Status, Kind: kindOf(a.Status)}
	if a.Status == http.StatusGatewayTimeout && a.took >= SlowAnswer {
		e.Kind = TooSlow
	}
	said := e.readBody(a)
	switch {
	case rq.Endpoint.IfMissing != "" && (a.Status == http.StatusNotFound || a.Status == http.StatusMethodNotAllowed):
		e.Kind, e.Hint = Missing, rq.Endpoint.IfMissing
	case (a.Status == http.StatusForbidden || a.Status == http.StatusBadRequest) && a.IsForeign(),
		a.Status == http.StatusNotFound && !said:
		// The answer comes from a proxy or a login page in front of PrivX. It says
		// nothing about permissions, requests and objects.
		e.Kind, e.ID = Unusable, errorid.NotPrivX
		e.Message = "not an answer of PrivX's API"
		e.Hint = hintBaseURL
	case a.Status == http.StatusForbidden:
		e.Hint = permissionHint(rq.Endpoint.Permission)
	case a.Status >= 300 && a.Status < 400:
		e.ID, e.Message = errorid.NotPrivX, "a redirect, which is never followed with credentials"
		e.Hint = hintBaseURL
	case a.Status < 200 || a.Status > 599:
		e.ID, e.Hint = errorid.NotPrivX, hintBaseURL
	case a.Status == http.StatusConflict || a.Status == http.StatusNotImplemented:
		e.ID = errorid.RequestRefused
	case a.Status == http.StatusTooManyRequests:
		e.ID = errorid.Throttled
	}
	e.readRetryAfter(a, now)
	return e
}

// readRetryAfter notes when to try again after a 429 or a 503. A 429 without a usable
// Retry-After gets a RetryAt in a minute, which is baton-sdk's own default. It holds for
// baton-sdk's next call and not for this client's own tries.
func (e *Error) readRetryAfter(a *Answer, now time.Time) {
	if a.Status != http.StatusTooManyRequests && a.Status != http.StatusServiceUnavailable {
		return
	}
	if wait, ok := parseRetryAfter(a.Header.Get("Retry-After"), now); ok {
		e.Wait, e.RetryAt = &wait, now.Add(wait)
	} else if a.Status == http.StatusTooManyRequests {
		e.RetryAt = now.Add(MaxRetryAfter)
	}
}

func permissionHint(permission string) string {
	if permission == "" {
		return ""
	}
	return "give a role of the connector's API client in PrivX the permission " + permission +
		" (it takes effect with the next token, within minutes)"
}

// readBody takes over PrivX's error, in either of its two shapes: the OAuth endpoints'
// {error, error_description} and all other services' {error_code, error_message, property,
// details}. It tells whether there was an error_code.
func (e *Error) readBody(a *Answer) bool {
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
	if a.IsForeign() || json.Unmarshal(a.Body, &said) != nil {
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

// unusable is the error for a 2xx answer that does not hold what was asked for, and
// probably does not come from PrivX.
func unusable(rq *Request, a *Answer, what string) *Error {
	return &Error{Kind: Unusable, ID: errorid.NotPrivX, Endpoint: rq.Endpoint.String(), Status: a.Status, Message: what, Hint: hintBaseURL}
}

// missing is the error for a page of HTML in place of a list that not every PrivX has. A
// PrivX that does not know a call may answer with the page of its own user interface.
func missing(rq *Request, a *Answer) *Error {
	return &Error{Kind: Missing, Endpoint: rq.Endpoint.String(), Status: a.Status, Message: "a page of HTML", Hint: rq.Endpoint.IfMissing}
}

// Contradiction is the error for a 200 whose content cannot be right, or is not what was
// asked for.
func Contradiction(endpoint Endpoint, what string) *Error {
	return &Error{Kind: Unusable, Endpoint: endpoint.String(), Status: http.StatusOK, Message: what}
}

// TimedOut is the error for a call that exceeded a time limit of this client's own. The
// next try may be quicker.
func TimedOut(what string) *Error {
	return &Error{Kind: Unavailable, ID: errorid.TimedOut, Endpoint: what, Message: "timed out"}
}

// clean makes a server's text fit for one line of a log. Besides the control characters,
// Unicode has two more characters that end a line.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp) {
			return ' '
		}
		return r
	}, s)
	return CutText(s, MaxErrorText)
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
