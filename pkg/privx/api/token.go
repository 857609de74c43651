package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/conductorone/baton-privx/internal/errorid"

	"github.com/conductorone/baton-sdk/pkg/uhttp"
	"golang.org/x/sync/singleflight"
)

// token is an access token that PrivX has issued.
type token struct {
	bearer string
	// issued is when PrivX's answer with it came.
	issued time.Time
}

// tokenSource keeps one token for all requests.
type tokenSource struct {
	client *Client
	flight singleflight.Group

	mu           sync.Mutex
	token        token
	useUntil     time.Time
	refused      error
	refusedUntil time.Time
	// login is what the latest answer with a token said beside it.
	login Login
}

// pause is how long to wait before a new token is sent again. A write is not sent again,
// and waits for the last of the pauses before it fails.
func (t *tokenSource) pause(waits int, write bool) time.Duration {
	pauses := t.client.tuning.TokenPauses
	if write {
		waits = len(pauses) - 1
	}
	return pauses[waits]
}

// get returns a token that is still good for a while. Callers that need a new one share one
// token request, which goes on if one of them is cancelled.
func (t *tokenSource) get(ctx context.Context) (token, error) {
	if held, err := t.held(); held.bearer != "" || err != nil {
		return held, err
	}
	shared := t.flight.DoChan("", func() (any, error) {
		if held, err := t.held(); held.bearer != "" || err != nil {
			return held, err
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), TokenTimeout)
		defer cancel()
		return t.fetch(ctx)
	})
	select {
	case <-ctx.Done():
		return token{}, ctx.Err()
	case result := <-shared:
		fetched, _ := result.Val.(token)
		return fetched, result.Err
	}
}

// held is the token or the refusal of the credentials that is remembered, if any.
func (t *tokenSource) held() (token, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.client.Now()
	if now.Before(t.refusedUntil) {
		return token{}, t.refused
	}
	if now.Before(t.useUntil) {
		return t.token, nil
	}
	return token{}, nil
}

// isNew tells whether a token was issued less than NewToken ago.
func (t *tokenSource) isNew(held token) bool { return t.client.Now().Sub(held.issued) < NewToken }

// drop forgets a token that PrivX no longer accepts, unless it was replaced already.
func (t *tokenSource) drop(bearer string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.token.bearer == bearer {
		t.token, t.useUntil = token{}, time.Time{}
	}
}

// take removes and returns the token.
func (t *tokenSource) take() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	bearer := t.token.bearer
	t.token, t.useUntil = token{}, time.Time{}
	return bearer
}

func (t *tokenSource) fetch(ctx context.Context) (token, error) {
	asked := t.client.Now()
	bearer, said, err := t.request(ctx)
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.client.Now()
	if Is(err, Unauthenticated) {
		t.refused, t.refusedUntil = err, now.Add(RefusalMemory)
	}
	if err != nil {
		return token{}, err
	}
	t.token, t.useUntil = token{bearer: bearer, issued: now}, asked.Add(usableFor(said.Life))
	t.login = said
	return t.token, nil
}

// request asks PrivX for a token, once.
func (t *tokenSource) request(ctx context.Context) (string, Login, error) {
	rq, authorization := t.client.credentials.tokenRequest()
	rq.maxAnswer = MaxShortBody
	var extra []uhttp.RequestOption
	if authorization != "" {
		extra = append(extra, uhttp.WithHeader("Authorization", authorization))
	}
	var said struct {
		AccessToken string          `json:"access_token"`
		ExpiresIn   json.RawMessage `json:"expires_in"`
	}
	var login Login
	err := t.client.send(ctx, rq, func(a *Answer) error {
		if !a.isGood() {
			return t.refusal(answerError(rq, a, t.client.Now()))
		}
		if err := a.decode(rq, &said); err != nil {
			return err
		}
		if !isToken(said.AccessToken) {
			return unusable(rq, a, "no usable access_token in it")
		}
		login = loginIn(a, parseLife(said.ExpiresIn))
		return nil
	}, extra...)
	return said.AccessToken, login, t.expired(rq, err)
}

// expired turns this client's own timeout of the token request into an Error that can be
// tried again. Otherwise it would look like the end of the caller's context.
func (t *tokenSource) expired(rq *Request, err error) error {
	if !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return TimedOut(rq.Endpoint.String())
}

// refusal gives the error the meaning that its status has for a token request. 400, 401 and
// 403 refuse the credentials: PrivX's documentation allows for both 400 and 401. An
// endpoint that a PrivX does not have or not offer may answer 403, 404 or 405.
func (t *tokenSource) refusal(e *Error) *Error {
	switch e.Status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden:
		e.Kind, e.ID = Unauthenticated, errorid.CredentialsRefused
		e.Hint = "the credentials were refused and are not tried again for a minute; " + t.client.credentials.refusalHint()
		if e.Code == "" {
			// An answer without an OAuth error may not come from PrivX at all.
			e.Hint = hintBaseURL + "; if it is, " + e.Hint
		}
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		e.Kind, e.ID = Unusable, errorid.LoginNotOffered
		e.Hint = hintBaseURL + "; if it is, this PrivX does not offer this way to authenticate: " + t.client.credentials.refusalHint()
	}
	return e
}

// isToken tells whether a text can stand in an Authorization header.
func isToken(s string) bool {
	for _, r := range s {
		if r <= ' ' || r > '~' {
			return false
		}
	}
	return s != ""
}

// parseLife reads expires_in, in seconds: a number, or a number in a string. It is zero for
// anything else.
func parseLife(raw json.RawMessage) time.Duration {
	text := string(raw)
	if unquoted, err := strconv.Unquote(text); err == nil {
		text = unquoted
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || !(seconds > 0) {
		return 0
	}
	return time.Duration(min(seconds, MaxTokenLife.Seconds()) * float64(time.Second))
}

// usableFor is how long a token of the given life is used.
func usableFor(life time.Duration) time.Duration {
	switch {
	case life <= 0:
		return UnknownTokenLife
	case life <= TokenSkew:
		return life / 2
	default:
		return life - TokenSkew
	}
}

// logoutEndpoint ends the session of the token that comes with the request.
var logoutEndpoint = Endpoint{Method: http.MethodPost, Path: "/auth/api/v1/logout"}

// Logout ends the session that belongs to the current token, if there is one. A request
// that is under way with this token gets a 401 and fetches a new one. Two kinds of
// sessions are not ended here, because PrivX ends them by itself within its session_valid:
// those of tokens that were replaced before their expiry, and those of syncs that are cut
// off. Logging replaced tokens out would disturb requests that still carry them.
func (c *Client) Logout(ctx context.Context) error {
	bearer := c.tokens.take()
	if bearer == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, LogoutTimeout)
	defer cancel()
	rq := logoutEndpoint.Request()
	rq.maxAnswer = MaxShortBody
	return c.send(ctx, rq, func(a *Answer) error {
		if !a.isGood() {
			return answerError(rq, a, c.Now())
		}
		return nil
	}, uhttp.WithBearerToken(bearer))
}
