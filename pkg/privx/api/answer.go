package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/conductorone/baton-sdk/pkg/uhttp"
)

// Answer is a whole HTTP answer, its body read and bounded.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	// took is how long it took from the end of the request.
	took time.Duration
	// hide takes secrets out of what the server said.
	hide func(string) string
}

func (a *Answer) isGood() bool { return a.Status >= 200 && a.Status <= 299 }

// IsForeign tells whether an answer is not PrivX's but that of what stands before it: a
// login page, or a proxy's words. HTML is. What is empty, or a JSON object, is PrivX's,
// of whichever type it is said to be: nothing tells what PrivX says.
func (a *Answer) IsForeign() bool {
	contentType, body := a.Header.Get(uhttp.ContentType), bytes.TrimSpace(a.Body)
	switch {
	case strings.Contains(strings.ToLower(contentType), "html"):
		return true
	case uhttp.IsJSONContentType(contentType) || len(body) == 0:
		return false
	default:
		return body[0] != '{' || !json.Valid(body)
	}
}

// Date is PrivX's clock; zero if it did not say.
func (a *Answer) Date() time.Time {
	date, err := http.ParseTime(a.Header.Get("Date"))
	if err != nil {
		return time.Time{}
	}
	return date
}

// clean makes the server's words fit for one line of a log.
func (a *Answer) clean(s string) string { return clean(a.hide(s)) }

// decode wants a JSON object and nothing else. A login page, an empty body or a null is an
// error and never an empty result.
func (a *Answer) decode(rq *Request, out any) error {
	switch {
	case a.IsForeign():
		contentType := a.clean(a.Header.Get(uhttp.ContentType))
		return unusable(rq, a, fmt.Sprintf("not JSON but %q", contentType), nil)
	case !bytes.HasPrefix(bytes.TrimLeft(a.Body, " \t\r\n"), []byte("{")):
		return unusable(rq, a, "not a JSON object", nil)
	}
	if err := json.Unmarshal(a.Body, out); err != nil {
		return unusable(rq, a, "not the JSON that was asked for", jsonCause(err))
	}
	return nil
}

// jsonCause keeps of a decoding error what tells the place and leaves out the
// value, which may be anybody's data.
func jsonCause(err error) error {
	var wrongType *json.UnmarshalTypeError
	if errors.As(err, &wrongType) {
		return fmt.Errorf("field %q cannot be read", wrongType.Field)
	}
	return err
}
