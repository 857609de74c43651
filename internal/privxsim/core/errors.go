package core

import "net/http"

// Error is an error of any service but OAuth's. Property is the parameter or
// field that is wrong, if it is one.
type Error struct {
	status                  int
	code, message, property string
}

// Answer is the error as an answer.
func (e *Error) Answer() Answer {
	return JSON(e.status, e.encode())
}

func (e *Error) encode() []byte {
	type detail struct {
		Code     string `json:"error_code"`
		Message  string `json:"error_message,omitempty"`
		Property string `json:"property,omitempty"`
	}
	body := struct {
		detail
		Details []detail `json:"details,omitempty"`
	}{detail: detail{Code: e.code, Message: e.message, Property: e.property}}
	if e.property != "" {
		body.Details = []detail{body.detail}
	}
	return MustMarshal(body)
}

// Only GENERAL_ERROR and OBJECT_NOT_FOUND are known. Guess (PXQ-051): the other codes.
var errorCodes = map[int]string{
	http.StatusBadRequest:         "BAD_REQUEST",
	http.StatusUnauthorized:       "UNAUTHORIZED",
	http.StatusForbidden:          "PERMISSION_DENIED",
	http.StatusNotFound:           "OBJECT_NOT_FOUND",
	http.StatusTooManyRequests:    "TOO_MANY_REQUESTS",
	http.StatusServiceUnavailable: "SERVICE_UNAVAILABLE",
}

// NewError returns the error of a status.
func NewError(status int, property, message string) *Error {
	code := errorCodes[status]
	if code == "" {
		code = "GENERAL_ERROR"
	}
	return &Error{status: status, code: code, message: message, property: property}
}

// BadRequest returns the error of a parameter or field that is wrong, or of the
// request as a whole if property is "".
func BadRequest(property, message string) *Error {
	return NewError(http.StatusBadRequest, property, message)
}

// NotFound returns the error of an object that is not there.
func NotFound() *Error {
	return NewError(http.StatusNotFound, "", "Resource not found")
}

// StatusError is the answer to a request that goes wrong with a status, of which
// nothing more is known.
func StatusError(status int) Answer {
	return NewError(status, "", http.StatusText(status)).Answer()
}
