package api

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/conductorone/baton-privx/internal/errorid"

	"github.com/cenkalti/backoff/v5"
)

// DefaultBackOff waits between 0.25 and 0.75 s at first, and twice as long each time, up to
// a minute.
func DefaultBackOff() backoff.BackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval = firstPause
	b.RandomizationFactor = 0.5
	b.Multiplier = 2
	b.MaxInterval = longestPause
	return b
}

// ShortBackOff makes the pauses of a change, of which none exceeds MaxShortPause.
func (c *Client) ShortBackOff() backoff.BackOff { return short{c.tuning.BackOff()} }

type short struct{ backoff.BackOff }

// NextBackOff is the next pause.
func (s short) NextBackOff() time.Duration { return min(s.BackOff.NextBackOff(), MaxShortPause) }

// repeat makes a call that changes nothing. It repeats the call until an answer is taken,
// an error is not transient, or a bound is reached.
func (c *Client) repeat(ctx context.Context, rq *Request, take func(*Answer) error) error {
	if rq.Once {
		return c.Exchange(ctx, rq, take)
	}
	began := c.Now()
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		return struct{}{}, rq.retryable(c.Exchange(ctx, rq, take))
	}, c.bounds(ctx, rq)...)

	asked := rq.subject()
	_, bounded := ctx.Deadline()
	var e *Error
	switch {
	case err == nil:
		c.failures.forget(asked)
		return nil
	case !errors.As(err, &e):
		return err
	case !e.transient() && !rq.canShrink(e):
		c.failures.forget(asked)
		return e
	case !bounded && c.failures.lastedTooLong(asked, began, c.Now()) && !rq.canShrink(e):
		// Nothing else would end this: the caller set no deadline and cannot ask for less,
		// and baton-sdk repeats whatever is Unavailable.
		c.failures.forget(asked)
		given := e.WithKind(GivenUp)
		if e.Hint == "" {
			given.ID, given.Hint = errorid.GivenUp, "there was no good answer for "+Patience.String()+"; given up"
		}
		return given
	default:
		return e // Without the RetryAfterError that retryable joined to it.
	}
}

// bounds are the bounds on the repetition of a request, the caller's deadline among them.
func (c *Client) bounds(ctx context.Context, rq *Request) []backoff.RetryOption {
	elapsed := MaxElapsed
	if deadline, bounded := ctx.Deadline(); bounded {
		elapsed = min(elapsed, time.Until(deadline))
	}
	if rq.Urgent {
		return []backoff.RetryOption{backoff.WithBackOff(c.ShortBackOff()), backoff.WithMaxElapsedTime(elapsed)}
	}
	return []backoff.RetryOption{backoff.WithBackOff(c.tuning.BackOff()), backoff.WithMaxElapsedTime(elapsed), backoff.WithMaxTries(MaxTries)}
}

// retryable turns an error into what the backoff library understands: one that is
// permanent, one with a wait, or one to be tried again.
func (rq *Request) retryable(err error) error {
	var e *Error
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &e) || !e.transient() || rq.canShrink(e):
		return backoff.Permanent(err)
	case e.Wait != nil && rq.Urgent:
		// The number of tries is not bounded here: with a Retry-After of 0, the client
		// would send requests as fast as PrivX can refuse them.
		return errors.Join(e, &backoff.RetryAfterError{Duration: max(*e.Wait, Settling[0])})
	case e.Wait != nil:
		return errors.Join(e, &backoff.RetryAfterError{Duration: *e.Wait})
	default:
		return e
	}
}

// canShrink tells whether asking for fewer rows may avoid an error.
func (rq *Request) canShrink(e *Error) bool {
	return rq.shrinks && e.tooMuch() && e.Endpoint == rq.Endpoint.String() // It may be the token request's error.
}

// Insist asks for something until it is shown, over EmptyPauses, and tells whether it was.
// Where the context's deadline leaves no time for the next pause, it fails with doubt, or
// with the context's error at the deadline if doubt is nil.
func Insist(ctx context.Context, doubt error, ask func() (bool, error)) (bool, error) {
	for i := 0; ; i++ {
		shown, err := ask()
		if err != nil || shown || i == len(EmptyPauses) {
			return shown, err
		}
		if doubt != nil && !hasTime(ctx, EmptyPauses[i]) {
			return false, doubt
		}
		if err := Sleep(ctx, EmptyPauses[i]); err != nil {
			return false, err
		}
	}
}

// WaitOr waits. If the context's deadline leaves no time for that, it returns the failure
// at once.
func WaitOr(ctx context.Context, wait time.Duration, failure error) error {
	if !hasTime(ctx, wait) {
		return failure
	}
	return Sleep(ctx, wait)
}

// hasTime tells whether the context's deadline comes after a wait.
func hasTime(ctx context.Context, wait time.Duration) bool {
	deadline, bounded := ctx.Deadline()
	return !bounded || time.Until(deadline) > wait
}

// Sleep waits, or fails with the context's error.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// parseRetryAfter reads a Retry-After header: seconds or an HTTP date. A wait longer than a
// minute becomes a minute. A value that is absent, negative, longer than an hour or not
// understood is not ok: then the usual backoff applies.
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
	if wait < 0 || wait > MaxBelievedRetryAfter {
		return 0, false
	}
	return min(wait, MaxRetryAfter), true
}

// failureLog remembers of all that was asked for since when there was no good answer. It
// tells apart the objects and pages of an endpoint: a caller that reads several of them, and
// begins with the first after each failure, would else never come to an end, because good
// answers about the others come in between.
type failureLog struct {
	mu     sync.Mutex
	spells map[string]spell
}

// spell is an unbroken series of failures: when it began, and when the last one ended.
type spell struct{ since, last time.Time }

// lastedTooLong notes a failed call that began and ended at the given times, and tells
// whether the spell has lasted for Patience. A spell whose last failure is as long ago
// belongs to an earlier task, and a new one begins.
func (l *failureLog) lastedTooLong(asked string, began, ended time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.spells == nil {
		l.spells = make(map[string]spell)
	}
	maps.DeleteFunc(l.spells, func(_ string, s spell) bool { return began.Sub(s.last) >= Patience })
	s, known := l.spells[asked]
	if !known {
		s.since = began
	}
	s.last = ended
	l.spells[asked] = s
	return ended.Sub(s.since) >= Patience
}

func (l *failureLog) forget(asked string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.spells, asked)
}
