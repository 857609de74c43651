package core

import "net/http"

// Answer is what the simulator has decided to say. Faults may alter it before
// it is written.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// The header that names what kind of text a request or answer is, and two kinds.
const (
	ContentType = "Content-Type"
	TypeJSON    = "application/json"
	typeHTML    = "text/html; charset=utf-8"
)

// JSON is an answer in JSON.
func JSON(status int, body []byte) Answer {
	return Answer{Status: status, Header: http.Header{ContentType: {TypeJSON}}, Body: body}
}

// Empty is how PrivX answers a successful write: 200 and nothing more.
func Empty() Answer {
	return Answer{Status: http.StatusOK, Header: http.Header{}}
}

func html(status int, page string) Answer {
	return Answer{Status: status, Header: http.Header{ContentType: {typeHTML}}, Body: []byte(page)}
}

// uiPage is the page of the web interface. Guess (PXQ-056): nginx in front of PrivX shows
// it on all paths that are not the API's.
const uiPage = "<!DOCTYPE html><html><head><title>PrivX</title></head><body><div id=\"app\"></div></body></html>\n"

// loginPage is what a proxy or single sign-on in front of PrivX may show.
const loginPage = "<!DOCTYPE html><html><head><title>Log in</title></head><body><form method=\"post\"></form></body></html>\n"
