package api

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/conductorone/baton-sdk/pkg/uhttp"
)

// Manner is how a request is sent by [Client.Look].
type Manner struct {
	// Anonymous sends no token.
	Anonymous bool
	// As sends the token of that login; nil is the client's own.
	As *Login
	// Alone sends no cookies and keeps none, so that a load balancer is free to choose any
	// node.
	Alone bool
}

// Look sends a request once and hands the answer to see, whatever its status. It is for who
// must see how PrivX answers, and not only what. No error is repeated. With the client's own
// token, a 401 is treated as in [Client.Exchange], and is an error in the end. see must not
// keep the answer's body, of which MaxPageBody is read at most. There is no bound on time
// but ctx and --http-timeout-seconds.
func (c *Client) Look(ctx context.Context, rq *Request, manner Manner, see func(*Answer) error) error {
	looked := *rq
	looked.maxAnswer = MaxPageBody
	rq = &looked
	if manner.Alone {
		ctx = context.WithValue(ctx, aloneKey{}, true)
	}
	switch {
	case manner.Anonymous:
		return c.send(ctx, rq, see)
	case manner.As != nil:
		return c.send(ctx, rq, see, uhttp.WithBearerToken(manner.As.bearer))
	default:
		return c.authorized(ctx, rq, true, see)
	}
}

type aloneKey struct{}

// goesAlone tells whether a request shall have no cookies, and leave none behind.
func goesAlone(req *http.Request) bool { return req.Context().Value(aloneKey{}) != nil }

// withoutCookies is a request without its cookies. RoundTrip must not change the request
// that it is given.
func withoutCookies(req *http.Request) *http.Request {
	alone := *req
	alone.Header = req.Header.Clone()
	alone.Header.Del("Cookie")
	return &alone
}

// Login is what PrivX said beside a token.
type Login struct {
	// Life is how long the token holds; 0 if PrivX did not say.
	Life time.Duration
	// Fields are the names of the answer's fields, sorted, and Cookies those of the cookies
	// that came with it.
	Fields, Cookies []string
	// Answer is the answer without its body. It does not know the secrets of its request, so
	// that the login does not keep them: do not show what is in it.
	Answer Answer

	bearer string
}

// Login gets a token if the client holds none, and tells what PrivX said beside it.
// Credentials that PrivX refuses are sent once.
func (c *Client) Login(ctx context.Context) (*Login, error) {
	held, err := c.tokens.get(ctx)
	if err != nil {
		return nil, err
	}
	c.tokens.mu.Lock()
	defer c.tokens.mu.Unlock()
	login := c.tokens.login
	login.bearer = held.bearer
	return &login, nil
}

// String says nothing of the token.
func (l *Login) String() string { return "a login" }

// loginIn is what an answer with a token says beside it.
func loginIn(a *Answer, life time.Duration) Login {
	login := Login{Life: life, Answer: Answer{Status: a.Status, Header: a.Header, took: a.took}}
	var fields map[string]json.RawMessage
	if json.Unmarshal(a.Body, &fields) == nil {
		login.Fields = slices.Sorted(maps.Keys(fields))
	}
	answer := http.Response{Header: a.Header}
	for _, cookie := range answer.Cookies() {
		login.Cookies = append(login.Cookies, cookie.Name)
	}
	return login
}

// Took is how long the whole answer took since the request had been sent.
func (a *Answer) Took() time.Duration { return a.took }

// Error is what an answer that is not a success means; nil for one that is.
func (c *Client) Error(rq *Request, a *Answer) *Error {
	if a.isGood() {
		return nil
	}
	return answerError(rq, a, c.Now())
}

// Clean removes secrets from a text that came with the answer, and makes it fit for one
// line.
func (a *Answer) Clean(text string) string { return a.clean(text) }
