package api

import (
	"context"
	"io"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
)

// intake bounds how much of an answer is read. limit is its length at most, and share is
// what it holds of room, the memory for all long answers together. A nil room is for an
// answer that takes no share.
type intake struct {
	room         *semaphore.Weighted
	limit, share int64
	// sent is when the whole request had been sent, in nanoseconds of Unix time; 0 if it
	// was not. A timeout before that is not a sign that too much was asked for.
	sent atomic.Int64
	// crowded: other long answers held the room until the context ended.
	crowded bool
}

type intakeKey struct{}

// context carries the intake to the exchange whose answer it bounds.
func (in *intake) context(ctx context.Context) context.Context {
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: func(info httptrace.WroteRequestInfo) {
		if info.Err == nil {
			in.sent.Store(time.Now().UnixNano())
		}
	}})
	return context.WithValue(ctx, intakeKey{}, in)
}

// took is how much time has passed since the request was sent.
func (in *intake) took() time.Duration {
	sent := in.sent.Load()
	if sent == 0 {
		return 0
	}
	return time.Since(time.Unix(0, sent))
}

// intakeOf is the intake that a context carries.
func intakeOf(ctx context.Context) *intake {
	in, _ := ctx.Value(intakeKey{}).(*intake)
	return in
}

// enter waits for room. An answer takes room only after FreeBody bytes of it have arrived,
// so that none is held for an answer that PrivX has not begun.
func (in *intake) enter(ctx context.Context) error {
	if in.room == nil || in.share > 0 || in.limit <= FreeBody {
		return nil
	}
	share := min(in.limit, MaxReading)
	if err := in.room.Acquire(ctx, share); err != nil {
		in.crowded = true
		return err
	}
	in.share = share
	return nil
}

func (in *intake) leave() {
	if in.share > 0 {
		in.room.Release(in.share)
		in.share = 0
	}
}

// admittedBody is a body that is read beyond FreeBody only when there is room for it.
type admittedBody struct {
	io.ReadCloser

	ctx    context.Context //nolint:containedctx // That of the request, to which the body belongs.
	intake *intake
	read   int64
}

func (b *admittedBody) Read(p []byte) (int, error) {
	if b.read >= FreeBody {
		if err := b.intake.enter(b.ctx); err != nil {
			return 0, err
		}
	}
	n, err := b.ReadCloser.Read(p)
	b.read += int64(n)
	return n, err
}
