package api

import (
	"cmp"
	"context"
	"fmt"
	"net/http"

	"github.com/conductorone/baton-sdk/pkg/sdk"
	"github.com/conductorone/baton-sdk/pkg/uhttp"
)

// Exchange sends a request with the bearer token, and hands a 2xx answer to take. take must
// not keep the answer's body.
func (c *Client) Exchange(ctx context.Context, rq *Request, take func(*Answer) error) error {
	if !rq.Urgent {
		return c.authorized(ctx, rq, false, take)
	}
	bounded, cancel := context.WithTimeout(ctx, ExchangeTimeout)
	defer cancel()
	err := c.authorized(bounded, rq, false, take)
	if err != nil && bounded.Err() != nil && ctx.Err() == nil {
		return TimedOut(rq.Endpoint.String())
	}
	return err
}

// authorized sends a request with the bearer token, and hands a 2xx answer to take, or if
// all is true any answer but a 401. After a 401, a token that was issued just now is sent
// again over TokenPauses: another node than the one that issued it may not know it yet. After
// that, or at once for an older token, the token is dropped and a new one is fetched, once. A
// token that another caller fetched meanwhile is that new one. A write is never sent again
// here: it returns the 401 after the pause or the drop.
func (c *Client) authorized(ctx context.Context, rq *Request, all bool, take func(*Answer) error) error {
	var before token
	for renewed, waits := false, 0; ; {
		held, err := c.tokens.get(ctx)
		if err != nil {
			return err
		}
		if waits > 0 && !renewed && held.bearer != before.bearer {
			renewed, waits = true, 0
		}
		before = held
		unknown := false
		failure := c.send(ctx, rq, func(a *Answer) error {
			if a.isGood() || all && a.Status != http.StatusUnauthorized {
				return take(a)
			}
			e := answerError(rq, a, c.Now())
			if unknown = a.Status == http.StatusUnauthorized; unknown && (renewed || c.tokens.isNew(held)) {
				e.Hint = "PrivX refuses a token that it has just issued: check the clocks of its nodes"
			}
			return e
		}, uhttp.WithBearerToken(held.bearer))
		switch {
		case !unknown:
			return failure
		case c.tokens.isNew(held) && waits < len(c.tuning.TokenPauses):
			if err := WaitOr(ctx, c.tokens.pause(waits, rq.isWrite), failure); err != nil && !rq.isWrite {
				return err
			}
			waits++
		case renewed:
			return failure
		default:
			c.tokens.drop(held.bearer)
			renewed, waits = true, 0
		}
		if rq.isWrite {
			return failure
		}
	}
}

const userAgent = "baton-privx baton-sdk/" + sdk.Version

// send makes one request, and hands its answer, of any status, to take. take must not keep
// the answer's body.
func (c *Client) send(ctx context.Context, rq *Request, take func(*Answer) error, extra ...uhttp.RequestOption) error {
	options := append([]uhttp.RequestOption{
		uhttp.WithHeader("User-Agent", userAgent),
		uhttp.WithAcceptJSONHeader(),
		// It also makes uhttp bypass its own cache of GET answers, which would
		// otherwise serve an hour-old list of a user's roles.
		uhttp.WithNoCache(),
	}, extra...)
	if rq.Body != nil {
		options = append(options, uhttp.WithBody(rq.Body), uhttp.WithContentType(rq.contentType()))
	}
	u, err := c.url(rq)
	if err != nil {
		return err
	}
	in := &intake{limit: cmp.Or(rq.maxAnswer, MaxBody)}
	if !rq.Urgent {
		in.room = c.room
	}
	defer in.leave()
	req, err := c.http.NewRequest(in.context(ctx), rq.Endpoint.Method, u, options...)
	if err != nil {
		return fmt.Errorf("making the request %s: %w", rq.Endpoint, err)
	}
	c.calls.Add(1)
	var got *Answer
	resp, err := c.http.Do(req, func(w *uhttp.WrapperResponse) error {
		hide := func(text string) string { return c.secrets.hide(req, text) }
		got = &Answer{Status: w.StatusCode, Header: w.Header, Body: w.Body, took: in.took(), hide: hide}
		return nil
	})
	if resp != nil && resp.Body != nil {
		// uhttp has already read and closed the real body; this one is a buffer.
		_ = resp.Body.Close()
	}
	if got == nil {
		return unanswered(ctx, rq, in, err)
	}
	return take(got)
}
