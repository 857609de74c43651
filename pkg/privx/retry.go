package privx

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"google.golang.org/grpc/codes"
)

// Bounds on the repetition of one read.
const (
	maxTries              = 5
	maxElapsed            = 2 * time.Minute
	maxRetryAfter         = time.Minute
	maxBelievedRetryAfter = time.Hour
)

// patience is how long an endpoint may go without a good answer. baton-sdk
// repeats what is Unavailable without end; Aborted is what ends it.
const patience = 10 * time.Minute

type backOffFactory func() backoff.BackOff

// defaultBackOff waits between 0.25 and 0.75 s at first and twice as long each
// time, at most a minute.
func defaultBackOff() backoff.BackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval = 500 * time.Millisecond
	b.RandomizationFactor = 0.5
	b.Multiplier = 2
	b.MaxInterval = 40 * time.Second
	return b
}

// retry runs try until it succeeds, fails for good, or the bounds are reached.
// The caller's try must change nothing in PrivX.
func (c *Client) retry(ctx context.Context, endpoint string, try func() error) error {
	began := c.clock()
	elapsed := maxElapsed
	deadline, bounded := ctx.Deadline()
	if bounded {
		elapsed = min(elapsed, time.Until(deadline))
	}
	err := c.repeat(ctx, try, backoff.WithMaxTries(maxTries), backoff.WithMaxElapsedTime(elapsed))

	var e *Error
	if !errors.As(err, &e) {
		if err == nil {
			c.failures.forget(endpoint)
		}
		return err
	}
	if !e.transient() && !e.avoidable {
		c.failures.forget(endpoint)
		return e
	}
	// Who has a deadline does not go on without end, and who can ask for less does so.
	if !bounded && c.failures.lastedTooLong(endpoint, began, c.clock()) && !e.avoidable {
		c.failures.forget(endpoint)
		given := *e
		given.grpcCode, given.RetryAt = codes.Aborted, time.Time{}
		given.Hint = cmp.Or(e.Hint, "there was no good answer for "+patience.String()+"; given up")
		return &given
	}
	return e
}

// short is a backoff for who has little time: none of its pauses is long.
type short struct{ backoff.BackOff }

// maxShortPause lets a change of 30 s try until shortly before its end.
const maxShortPause = 4 * time.Second

// NextBackOff is the next pause.
func (s short) NextBackOff() time.Duration { return min(s.BackOff.NextBackOff(), maxShortPause) }

// repeat runs try while its failures are transient and the bounds allow. What it
// returns is free of what the backoff library was told beside an Error.
func (c *Client) repeat(ctx context.Context, try func() error, bounds ...backoff.RetryOption) error {
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		return struct{}{}, retryable(try())
	}, append([]backoff.RetryOption{backoff.WithBackOff(c.newBackOff())}, bounds...)...)
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return err
}

// retryable puts an error into the words of the backoff library.
func retryable(err error) error {
	var e *Error
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &e) || !e.transient():
		return backoff.Permanent(err)
	case e.wait != nil:
		return errors.Join(e, &backoff.RetryAfterError{Duration: *e.wait})
	default:
		return e
	}
}

// parseRetryAfter reads a Retry-After header: seconds or an HTTP date, bounded by
// a minute. What is absent, negative, longer than an hour or not understood is
// not ok: the usual backoff is better than that.
func parseRetryAfter(value string, now time.Time) (time.Duration, bool) {
	value = strings.TrimSpace(value)
	var wait time.Duration
	if seconds, err := strconv.ParseInt(value, 10, 32); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(value); err == nil {
		wait = at.Sub(now)
	} else {
		return 0, false
	}
	if wait < 0 || wait > maxBelievedRetryAfter {
		return 0, false
	}
	return min(wait, maxRetryAfter), true
}

// failureLog remembers since when each endpoint has not given a good answer.
type failureLog struct {
	mu     sync.Mutex
	spells map[string]spell
}

// spell is an unbroken row of failures.
type spell struct{ since, last time.Time }

// lastedTooLong notes a failure of what began and ended at the given times, and
// tells whether patience is at its end. A row that nobody added to for as long is
// an old one: another task's, long over.
func (l *failureLog) lastedTooLong(endpoint string, began, ended time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.spells == nil {
		l.spells = make(map[string]spell)
	}
	s, known := l.spells[endpoint]
	if !known || began.Sub(s.last) >= patience {
		s.since = began
	}
	s.last = ended
	l.spells[endpoint] = s
	return ended.Sub(s.since) >= patience
}

func (l *failureLog) forget(endpoint string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.spells, endpoint)
}
