package api

import (
	"context"
	"io"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
)

// intake is how much of an answer is read, and what it has of the room that all long
// answers share; nil is for one that does not share it.
type intake struct {
	room         *semaphore.Weighted
	limit, share int64
	// sent is when the whole request was sent, in nanoseconds of Unix time; 0 if it was
	// not. A time-out before that says nothing of how much was asked for.
	sent atomic.Int64
	// crowded: there was no room in time.
	crowded bool
}

type intakeKey struct{}

// context is for the exchange whose answer is read so.
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

// intakeOf is the intake of the exchange that a context belongs to.
func intakeOf(ctx context.Context) *intake {
	in, _ := ctx.Value(intakeKey{}).(*intake)
	return in
}

// enter waits for room. An answer that waits is one that has begun: PrivX need not do
// anything for those that it waits for.
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

// admittedBody is a body that is read on when there is room for it.
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
