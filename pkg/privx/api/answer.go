package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/conductorone/baton-privx/internal/errorid"

	"github.com/conductorone/baton-sdk/pkg/uhttp"
)

// Answer is a complete HTTP answer, whose body was read within its limit.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	// took is how long it took since the whole request had been sent.
	took time.Duration
	// hide removes secrets from a text that the server sent.
	hide func(string) string
}

func (a *Answer) isGood() bool { return a.Status >= 200 && a.Status <= 299 }

// IsForeign tells whether an answer comes not from PrivX but from something in front of it,
// such as a login page or a proxy. HTML does. An empty answer or a JSON object is taken for
// PrivX's, whatever its Content-Type: it is not documented which one PrivX sends.
func (a *Answer) IsForeign() bool {
	contentType, body := a.Header.Get(uhttp.ContentType), bytes.TrimSpace(a.Body)
	switch {
	case a.isHTML():
		return true
	case uhttp.IsJSONContentType(contentType) || len(body) == 0:
		return false
	default:
		return body[0] != '{' || !json.Valid(body)
	}
}

func (a *Answer) isHTML() bool {
	return strings.Contains(strings.ToLower(a.Header.Get(uhttp.ContentType)), "html")
}

// Date is the time by PrivX's clock; zero if the answer has no Date header.
func (a *Answer) Date() time.Time {
	date, err := http.ParseTime(a.Header.Get("Date"))
	if err != nil {
		return time.Time{}
	}
	return date
}

// clean removes secrets from a text that the server sent, and makes it fit for one line of
// a log.
func (a *Answer) clean(s string) string {
	if a.hide != nil {
		s = a.hide(s)
	}
	return clean(s)
}

// decode decodes the body, which must be a JSON object. A login page, an empty body or a
// null is an error, never an empty result.
func (a *Answer) decode(rq *Request, out any) error {
	switch {
	case a.isHTML() && rq.Endpoint.IfMissing != "":
		return missing(rq, a)
	case a.IsForeign():
		contentType := a.clean(a.Header.Get(uhttp.ContentType))
		return unusable(rq, a, fmt.Sprintf("not JSON but %q", contentType))
	case !bytes.HasPrefix(bytes.TrimLeft(a.Body, " \t\r\n"), []byte("{")):
		return unusable(rq, a, "not a JSON object")
	}
	return a.unmarshal(rq, out)
}

func (a *Answer) unmarshal(rq *Request, out any) error {
	if err := json.Unmarshal(a.Body, out); err != nil {
		e := unusable(rq, a, "not the JSON that was asked for")
		e.ID, e.Cause = errorid.AnswerUnusable, jsonCause(err)
		return e
	}
	return nil
}

// jsonCause keeps the field that a decoding error names and leaves out the value, which may
// be personal data.
func jsonCause(err error) error {
	var wrongType *json.UnmarshalTypeError
	if errors.As(err, &wrongType) {
		return fmt.Errorf("field %q cannot be read", wrongType.Field)
	}
	return err
}
