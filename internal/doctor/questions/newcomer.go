package questions

import (
	"context"
	"errors"
	"net/http"

	"github.com/conductorone/baton-privx/internal/doctor/ask"
	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// newcomer is what came of one more login, and of the requests right after it.
type newcomer struct {
	// err is why there was no login; nil if there was one.
	err error
	// kept tells that cookies came with the login, and so with the first request after it.
	kept bool
	// first are the answers to the first requests: the one right after the login, which had
	// its cookies, and others without cookies.
	first []*ask.Answer
	// logout is the error of the logout, and after the answer to a request after it.
	logout error
	after  *ask.Answer
}

// firstRequests is how many requests a new token is tried with at once.
const firstRequests = 10

// newcomer logs in once more, as the same API client, with a client that has no cookies yet,
// and logs out again. All questions look at the same login.
func (l *look) newcomer() *newcomer {
	return ask.Once(l.ctx, l.visit.Ask, "newcomer", func() *newcomer {
		settings, err := l.visit.Given.Config.Settings(l.visit.Given.Method)
		if err != nil {
			return &newcomer{err: err}
		}
		client, err := privx.New(l.ctx, settings)
		if err != nil {
			return &newcomer{err: err}
		}
		return l.comeAndGo(client)
	})
}

func (l *look) comeAndGo(client *privx.Client) *newcomer {
	asker := l.visit.Ask.Beside(client)
	login, err := client.API().Login(l.ctx)
	if err != nil {
		return &newcomer{err: err}
	}
	n := &newcomer{kept: len(login.Cookies) > 0}
	for i := range firstRequests {
		n.first = append(n.first, asker.Again(l.ctx, oneRole(), api.Manner{As: login, Alone: i > 0}))
	}
	// The session is ended also if the doctor was interrupted meanwhile.
	n.logout = client.Logout(context.WithoutCancel(l.ctx))
	n.after = asker.Again(l.ctx, oneRole(), api.Manner{As: login})
	return n
}

// oneRole asks for little.
func oneRole() *api.Request { return ask.RoleRows(ask.Part{Limit: 1}) }

// isRefused tells whether an answer refuses the token.
func isRefused(a *ask.Answer) bool { return a.Status == http.StatusUnauthorized }

// refusals are how many of the first requests were refused, those before the first that was
// not, and those after it. An error is that of a request that was not answered by PrivX.
func (n *newcomer) refusals() (int, int, error) {
	before, after, taken := 0, 0, false
	for _, a := range n.first {
		switch {
		case a.Status == 0 || a.Status >= http.StatusInternalServerError:
			return 0, 0, a.Err
		case !isRefused(a):
			taken = true
		case taken:
			after++
		default:
			before++
		}
	}
	return before, after, nil
}

// refusesAtFirst tells whether refusals look as if every node refused the token until some
// time had passed. Where another request was taken before one that was refused, nodes differ,
// unless a cookie has kept the first request on the node that has issued the token.
func (n *newcomer) refusesAtFirst(before, after int) bool {
	return before > 0 && (after == 0 || n.kept)
}

// refusal is the status with which PrivX refused something; 0 if it is no refusal of
// PrivX's.
func refusal(err error) int {
	var e *api.Error
	if !errors.As(err, &e) || e.Status < http.StatusBadRequest || e.Status >= http.StatusInternalServerError {
		return 0
	}
	return e.Status
}
