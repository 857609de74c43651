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
)

// tokenSource keeps one token for all requests.
type tokenSource struct {
	client      *Client
	credentials Credentials
	flight      singleflight.Group

	mu           sync.Mutex
	bearer       string
	useUntil     time.Time
	refused      error
	refusedUntil time.Time
}

// get gives a token that is still good for a while. Many callers that need a new
// one share one token request, which no single caller's cancellation ends.
func (t *tokenSource) get(ctx context.Context) (string, error) {
	if bearer, err := t.held(); bearer != "" || err != nil {
		return bearer, err
	}
	shared := t.flight.DoChan("", func() (any, error) {
		if bearer, err := t.held(); bearer != "" || err != nil {
			return bearer, err
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tokenTimeout)
		defer cancel()
		return t.fetch(ctx)
	})
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case result := <-shared:
		bearer, _ := result.Val.(string)
		return bearer, result.Err
	}
}

// held is the token or the refusal that is remembered, if any.
func (t *tokenSource) held() (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.client.clock()
	if now.Before(t.refusedUntil) {
		return "", t.refused
	}
	if now.Before(t.useUntil) {
		return t.bearer, nil
	}
	return "", nil
}

// drop forgets a token that PrivX no longer takes, unless it was replaced already.
func (t *tokenSource) drop(bearer string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.bearer == bearer {
		t.bearer, t.useUntil = "", time.Time{}
	}
}

// take removes and returns the token.
func (t *tokenSource) take() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	bearer := t.bearer
	t.bearer, t.useUntil = "", time.Time{}
	return bearer
}

func (t *tokenSource) fetch(ctx context.Context) (string, error) {
	asked := t.client.clock()
	bearer, life, err := t.request(ctx)
	t.mu.Lock()
	defer t.mu.Unlock()
	if IsUnauthenticated(err) {
		t.refused, t.refusedUntil = err, t.client.clock().Add(refusalMemory)
	}
	if err != nil {
		return "", err
	}
	t.bearer, t.useUntil = bearer, asked.Add(usableFor(life))
	return bearer, nil
}

// request asks PrivX for a token, once.
func (t *tokenSource) request(ctx context.Context) (string, time.Duration, error) {
	rq, authorization := t.credentials.tokenRequest()
	var extra []uhttp.RequestOption
	if authorization != "" {
		extra = append(extra, uhttp.WithHeader("Authorization", authorization))
	}
	a, err := t.client.send(ctx, rq, extra...)
	if err != nil {
		return "", 0, t.expired(rq, err)
	}
	if !a.ok() {
		return "", 0, t.refusal(answerError(rq, a, t.client.clock()))
	}
	var token struct {
		AccessToken string          `json:"access_token"`
		ExpiresIn   json.RawMessage `json:"expires_in"`
	}
	if err := decodeObject(rq.endpoint(), a, &token); err != nil {
		return "", 0, err
	}
	if !isToken(token.AccessToken) {
		return "", 0, unusable(rq.endpoint(), a, "no usable access_token in it", nil)
	}
	return token.AccessToken, parseLife(token.ExpiresIn), nil
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
	rq := &request{method: http.MethodPost, path: "/auth/api/v1/logout"}
	a, err := c.send(ctx, rq, uhttp.WithBearerToken(bearer))
	if err != nil {
		return err
	}
	if !a.ok() {
		return answerError(rq, a, c.clock())
	}
	return nil
}
