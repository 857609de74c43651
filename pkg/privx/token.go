package privx

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/conductorone/baton-sdk/pkg/uhttp"
	"golang.org/x/sync/singleflight"
	"google.golang.org/grpc/codes"
)

const (
	// tokenSkew is how long before its expiry a token is replaced.
	tokenSkew = 10 * time.Second
	// unknownTokenLife is assumed where PrivX says nothing sensible: short, and
	// an earlier end is found out by a 401.
	unknownTokenLife = time.Minute
	// maxTokenLife bounds what is believed.
	maxTokenLife = 24 * time.Hour
	// tokenTimeout bounds one token request, all waiting callers together.
	tokenTimeout = time.Minute
	// refusalMemory is how long refused credentials are not tried again: PrivX
	// limits failed logins, by default to one a minute.
	refusalMemory = time.Minute
	// logoutTimeout bounds the goodbye.
	logoutTimeout = 5 * time.Second
	// newToken is how long a token may be one that not all nodes know yet.
	newToken = 5 * time.Second
)

// tokenPauses are the pauses before a new token is sent again that a node does not
// know yet: one that lags, or whose clock is behind the time at which it was issued.
// Who sends a request once waits for the last of them.
var tokenPauses = []time.Duration{250 * time.Millisecond, 500 * time.Millisecond, time.Second, time.Second, time.Second}

// token is what PrivX has issued.
type token struct {
	bearer string
	// issued is when its answer came.
	issued time.Time
}

// tokenSource keeps one token for all requests.
type tokenSource struct {
	client      *Client
	credentials Credentials
	flight      singleflight.Group
	// pauses are tokenPauses.
	pauses []time.Duration

	mu           sync.Mutex
	token        token
	useUntil     time.Time
	refused      error
	refusedUntil time.Time
}

func newTokenSource(c *Client, credentials Credentials) *tokenSource {
	return &tokenSource{client: c, credentials: credentials, pauses: tokenPauses}
}

// pause is how long to wait before a new token is sent again.
func (t *tokenSource) pause(waits int, once bool) time.Duration {
	if once {
		waits = len(t.pauses) - 1
	}
	return t.pauses[waits]
}

// get gives a token that is still good for a while. Many callers that need a new
// one share one token request, which no single caller's cancellation ends.
func (t *tokenSource) get(ctx context.Context) (token, error) {
	if held, err := t.held(); held.bearer != "" || err != nil {
		return held, err
	}
	shared := t.flight.DoChan("", func() (any, error) {
		if held, err := t.held(); held.bearer != "" || err != nil {
			return held, err
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tokenTimeout)
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

// held is the token or the refusal that is remembered, if any.
func (t *tokenSource) held() (token, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.client.clock()
	if now.Before(t.refusedUntil) {
		return token{}, t.refused
	}
	if now.Before(t.useUntil) {
		return t.token, nil
	}
	return token{}, nil
}

// isNew tells whether a token was issued just now.
func (t *tokenSource) isNew(held token) bool { return t.client.clock().Sub(held.issued) < newToken }

// drop forgets a token that PrivX no longer takes, unless it was replaced already.
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
	asked := t.client.clock()
	bearer, life, err := t.request(ctx)
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.client.clock()
	if IsUnauthenticated(err) {
		t.refused, t.refusedUntil = err, now.Add(refusalMemory)
	}
	if err != nil {
		return token{}, err
	}
	t.token, t.useUntil = token{bearer: bearer, issued: now}, asked.Add(usableFor(life))
	return t.token, nil
}

// request asks PrivX for a token, once.
func (t *tokenSource) request(ctx context.Context) (string, time.Duration, error) {
	rq, authorization := t.credentials.tokenRequest()
	rq.maxAnswer = maxShortBody
	var extra []uhttp.RequestOption
	if authorization != "" {
		extra = append(extra, uhttp.WithHeader("Authorization", authorization))
	}
	var said struct {
		AccessToken string          `json:"access_token"`
		ExpiresIn   json.RawMessage `json:"expires_in"`
	}
	err := t.client.send(ctx, rq, func(a *answer) error {
		if !a.ok() {
			return t.refusal(answerError(rq, a, t.client.clock()))
		}
		if err := decodeObject(rq.endpoint(), a, &said); err != nil {
			return err
		}
		if !isToken(said.AccessToken) {
			return unusable(rq.endpoint(), a, "no usable access_token in it", nil)
		}
		return nil
	}, extra...)
	return said.AccessToken, parseLife(said.ExpiresIn), t.expired(rq, err)
}

// expired makes our own timeout of the token request a failure that can be tried
// again, rather than one of the caller's context.
func (t *tokenSource) expired(rq *request, err error) error {
	if !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return timedOut(rq.endpoint())
}

// refusal marks the answers that mean "not with these credentials". PrivX's
// documentation allows for both 400 and 401, and an endpoint that a PrivX does
// not have or not offer may answer 403, 404 or 405.
func (t *tokenSource) refusal(e *Error) *Error {
	switch e.Status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden:
		e.grpcCode = codes.Unauthenticated
		e.Hint = "the credentials were refused and are not tried again for a minute; " + t.credentials.refusalHint()
		if e.Code == "" {
			// Not in OAuth's words: perhaps not PrivX's at all.
			e.Hint = hintBaseURL + "; if it is, " + e.Hint
		}
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		e.grpcCode = codes.FailedPrecondition
		e.Hint = hintBaseURL + "; if it is, this PrivX does not offer this way to authenticate: " + t.credentials.refusalHint()
	}
	return e
}

// isToken accepts what can stand in an Authorization header.
func isToken(s string) bool {
	for _, r := range s {
		if r <= ' ' || r > '~' {
			return false
		}
	}
	return s != ""
}

// parseLife reads expires_in, in seconds: a number, or a number in a string.
// Zero means that nothing sensible was said.
func parseLife(raw json.RawMessage) time.Duration {
	text := string(raw)
	if unquoted, err := strconv.Unquote(text); err == nil {
		text = unquoted
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || !(seconds > 0) {
		return 0
	}
	return time.Duration(min(seconds, maxTokenLife.Seconds()) * float64(time.Second))
}

// usableFor is how long a token of the given life is used.
func usableFor(life time.Duration) time.Duration {
	switch {
	case life <= 0:
		return unknownTokenLife
	case life <= tokenSkew:
		return life / 2
	default:
		return life - tokenSkew
	}
}

// Logout ends the session that belongs to the current token, if there is one.
// A request that is under way with it is not hurt: it meets a 401 and fetches a
// new token. The sessions of tokens that were replaced before their expiry are
// left to PrivX, as are those of syncs that do not come to their end; PrivX ends
// them by itself within its session_valid. Logging the replaced ones out would
// disturb requests that still carry them.
func (c *Client) Logout(ctx context.Context) error {
	bearer := c.tokens.take()
	if bearer == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, logoutTimeout)
	defer cancel()
	rq := &request{method: http.MethodPost, path: "/auth/api/v1/logout", maxAnswer: maxShortBody}
	return c.send(ctx, rq, func(a *answer) error {
		if !a.ok() {
			return answerError(rq, a, c.clock())
		}
		return nil
	}, uhttp.WithBearerToken(bearer))
}
