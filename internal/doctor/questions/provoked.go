package questions

import (
	"encoding/json"
	"errors"
	"net/http"
	"regexp"

	"github.com/conductorone/baton-privx/internal/doctor/ask"
	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// nobody is an id that nothing has: a UUID by chance, the same for all questions.
func (l *look) nobody() string {
	return ask.Once(l.ctx, l.visit.Ask, "nobody", ask.NewID)
}

// badID asks for a user of an id that is no UUID.
func (l *look) badID() *ask.Answer {
	return l.visit.Ask.Get(l.ctx, privx.Endpoints.User.Request("none"))
}

// aboutUsers is how many of the first of these answers are about users, by which a revoke
// finds out that there is nothing to revoke.
const aboutUsers = 2

// missing asks for a user, his roles and a role that there are not.
func (l *look) missing() []*ask.Answer {
	var answers []*ask.Answer
	for _, endpoint := range []api.Endpoint{privx.Endpoints.User, privx.Endpoints.UserRoles, privx.Endpoints.Role} {
		answers = append(answers, l.visit.Ask.Get(l.ctx, endpoint.Request(l.nobody())))
	}
	return answers
}

// anonymous asks for something without a token, once for all questions.
func (l *look) anonymous(rq *api.Request) *ask.Answer {
	return ask.Once(l.ctx, l.visit.Ask, "anonymous "+rq.Endpoint.String(), func() *ask.Answer {
		return l.visit.Ask.Again(l.ctx, rq, api.Manner{Anonymous: true})
	})
}

// provoked are the errors that PrivX answers to requests that cannot be fulfilled. It is an
// error if it answers none, or if one of the requests had no answer: then these errors are
// not all that there are.
func (l *look) provoked() ([]*ask.Answer, error) {
	unknownKey := oneRole()
	unknownKey.Query.Set("sortkey", "no_such_key")
	asked := append(l.missing(), l.badID(), l.visit.Ask.Get(l.ctx, unknownKey), l.anonymous(oneRole()))
	var refused []*ask.Answer
	var err error
	for _, a := range asked {
		if isRefusal(a) {
			refused = append(refused, a)
		} else if err == nil {
			err = a.Err
		}
	}
	if len(refused) == 0 && err == nil {
		err = errNotRefused
	}
	return refused, err
}

var (
	errNotRefused = errors.New("PrivX answered everything with success, also what there is not")
	errNoUser     = errors.New("the answer is not a user in JSON")
	errNoHost     = errors.New("the answer is not the host that was asked for")
	errNoStatus   = errors.New("the answer is not a status in JSON")
	errNoJSON     = errors.New("no answer was a JSON object")
)

// isRefusal tells whether PrivX found something wrong with a request, and not with itself.
func isRefusal(a *ask.Answer) bool {
	return a.Status >= http.StatusBadRequest && a.Status < http.StatusInternalServerError && a.Status != http.StatusTooManyRequests
}

// isPage tells whether an answer is a page, and not JSON.
func isPage(a *ask.Answer) bool { return a.IsPage() }

// errorCode is the error_code of an answer; "" if it has none.
func errorCode(a *ask.Answer) string {
	var code string
	if isPage(a) || json.Unmarshal(a.Object()["error_code"], &code) != nil {
		return ""
	}
	return code
}

// codePattern is what an error code must look like to be shown.
var codePattern = regexp.MustCompile(`^[A-Z0-9_]{1,64}$`)

// shownCode is how the code of an answer is shown.
func shownCode(a *ask.Answer) string {
	switch code := errorCode(a); {
	case code == "":
		return "no error_code"
	case codePattern.MatchString(code):
		return code
	default:
		return "an error_code that is not in capital letters"
	}
}

// nullDetails tells whether the details of an error are null, or have null in them.
func nullDetails(a *ask.Answer) bool {
	raw, there := a.Object()["details"]
	var details []json.RawMessage
	if !there || json.Unmarshal(raw, &details) != nil {
		return false
	}
	if details == nil {
		return true
	}
	for _, detail := range details {
		var fields map[string]json.RawMessage
		if json.Unmarshal(detail, &fields) == nil && (fields == nil || hasNull(fields)) {
			return true
		}
	}
	return false
}

func hasNull(fields map[string]json.RawMessage) bool {
	for _, value := range fields {
		if string(value) == "null" {
			return true
		}
	}
	return false
}
