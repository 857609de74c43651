package privxsim

import (
	"net/http"
	"strings"
)

// answer is what the simulator has decided to say. Faults may alter it before
// it is written.
type answer struct {
	status int
	header http.Header
	body   []byte
}

const (
	contentType = "Content-Type"
	typeJSON    = "application/json"
	typeHTML    = "text/html; charset=utf-8"
	typeForm    = "application/x-www-form-urlencoded"
)

func jsonAnswer(status int, body []byte) answer {
	return answer{status: status, header: http.Header{contentType: {typeJSON}}, body: body}
}

func htmlAnswer(status int, page string) answer {
	return answer{status: status, header: http.Header{contentType: {typeHTML}}, body: []byte(page)}
}

// emptyAnswer is how PrivX answers a successful write: 200 and nothing more.
func emptyAnswer() answer {
	return answer{status: http.StatusOK, header: http.Header{}}
}

// uiPage is the page of the web interface. Guess: nginx in front of PrivX shows
// it on all paths that are not the API's.
const uiPage = "<!DOCTYPE html><html><head><title>PrivX</title></head><body><div id=\"app\"></div></body></html>\n"

// loginPage is what a proxy or single sign-on in front of PrivX may show.
const loginPage = "<!DOCTYPE html><html><head><title>Log in</title></head><body><form method=\"post\"></form></body></html>\n"

// apiError is an error of any service but OAuth's. Property is the parameter or
// field that is wrong, if it is one.
type apiError struct {
	status                  int
	code, message, property string
}

func (e *apiError) answer() answer {
	return jsonAnswer(e.status, e.encode())
}

func (e *apiError) encode() []byte {
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
	return mustMarshal(body)
}

// Only GENERAL_ERROR and OBJECT_NOT_FOUND are known. Guess: the other codes.
var errorCodes = map[int]string{
	http.StatusBadRequest:         "BAD_REQUEST",
	http.StatusUnauthorized:       "UNAUTHORIZED",
	http.StatusForbidden:          "PERMISSION_DENIED",
	http.StatusNotFound:           "OBJECT_NOT_FOUND",
	http.StatusTooManyRequests:    "TOO_MANY_REQUESTS",
	http.StatusServiceUnavailable: "SERVICE_UNAVAILABLE",
}

func newAPIError(status int, property, message string) *apiError {
	code := errorCodes[status]
	if code == "" {
		code = "GENERAL_ERROR"
	}
	return &apiError{status: status, code: code, message: message, property: property}
}

func badRequest(property, message string) *apiError {
	return newAPIError(http.StatusBadRequest, property, message)
}

func notFound() *apiError {
	return newAPIError(http.StatusNotFound, "", "Resource not found")
}

// Error codes of OAuth (RFC 6749, section 5.2) that the simulator uses.
const (
	oauthInvalidRequest       = "invalid_request"
	oauthInvalidClient        = "invalid_client"
	oauthInvalidGrant         = "invalid_grant"
	oauthUnauthorizedClient   = "unauthorized_client"
	oauthUnsupportedGrantType = "unsupported_grant_type"
)

func oauthError(status int, code, description string) answer {
	a := jsonAnswer(status, mustMarshal(struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}{code, description}))
	a.header.Set("Cache-Control", "no-store")
	if status == http.StatusUnauthorized {
		a.header.Set("WWW-Authenticate", `Basic realm="privx"`)
	}
	return a
}

// defaultError is the error of a status in the shape of the endpoint.
func defaultError(path string, status int) answer {
	if strings.HasPrefix(path, oauthPath) {
		code := oauthInvalidRequest
		if status == http.StatusUnauthorized {
			code = oauthInvalidClient
		}
		return oauthError(status, code, http.StatusText(status))
	}
	return newAPIError(status, "", http.StatusText(status)).answer()
}
