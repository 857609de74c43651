package writeprobe

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/conductorone/baton-privx/internal/errorid"

	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// wire reads and writes the roles of one user.
type wire struct {
	client *api.Client
	user   string
}

// read reads the list once. It sends no cookies, so that a load balancer may choose any node.
func (w *wire) read(ctx context.Context) (*list, error) {
	rq := privx.Endpoints.UserRoles.Request(w.user)
	rq.Urgent, rq.NotNull = true, true
	bounded, cancel := context.WithTimeout(ctx, api.ExchangeTimeout)
	defer cancel()
	var got *list
	err := w.client.Look(bounded, rq, api.Manner{Alone: true}, func(a *api.Answer) error {
		if e := w.client.Error(rq, a); e != nil {
			return e
		}
		page, err := api.DecodeAll[entry](rq, a)
		if err != nil {
			return err
		}
		if page.Total > page.Read {
			return api.Contradiction(rq.Endpoint, "a part of the user's roles only").WithID(errorid.RowsMissing)
		}
		got = &list{entries: page.Items, date: page.Date}
		return nil
	})
	if err != nil && bounded.Err() != nil && ctx.Err() == nil {
		return nil, api.TimedOut(rq.Endpoint.String())
	}
	return got, err
}

// sent is what came of a write.
type sent struct {
	// status is that of PrivX's answer; 0 if there was none.
	status int
	// silent tells that the answer had no body.
	silent bool
	err    error
	// lost tells that it may have been sent, and that no answer of PrivX's own came: PrivX may
	// make the change at any later time.
	lost bool
	// answered is when the answer had come, or the wait for it was over.
	answered time.Time
}

// took tells whether PrivX says that it has made the change.
func (s sent) took() bool { return s.err == nil }

// refused tells whether the answer proves that PrivX has not made the change and will not
// make it. After any other error only a read can tell.
func (s sent) refused() bool { return s.status >= 400 && s.status < 500 && !api.IsTransient(s.err) }

// unknownToken tells whether a node did not take the token.
func (s sent) unknownToken() bool { return s.status == http.StatusUnauthorized }

// words are the error's own, or that it was taken.
func (s sent) words() string {
	if s.err == nil {
		return ""
	}
	return s.err.Error()
}

// write sends a list, once. It goes on for api.ExchangeTimeout when ctx ends, because what
// becomes of a write that is left alone is not known.
func (w *wire) write(ctx context.Context, entries []entry) sent {
	rq := privx.Endpoints.SetUserRoles.Request(w.user)
	rq.Body, rq.Urgent = body(entries), true
	var s sent
	s.err = api.WriteSeen(context.WithoutCancel(ctx), w.client, rq, func(a *api.Answer) {
		s.status, s.silent = a.Status, len(bytes.TrimSpace(a.Body)) == 0
	})
	s.answered = time.Now()
	var e *api.Error
	// The error may be that of the request for a token, and then nothing was written.
	isOfWrite := !errors.As(s.err, &e) || e.Endpoint == rq.Endpoint.String()
	if e != nil && isOfWrite {
		s.status = e.Status
	}
	s.lost = isOfWrite && !s.took() && !s.refused() && !isOwn(s.status)
	return s
}

// isOwn tells whether the status of an answer that leaves the outcome open comes from PrivX
// when it is done with the request. Others may come from a gateway, which does not wait.
func isOwn(status int) bool {
	return status == http.StatusInternalServerError || status == http.StatusTooManyRequests
}
