// Package ask asks PrivX with the connector's own client, one request at a time, a bounded
// number of them, and shows each answer as it came. What was asked once is not asked again,
// so that checks can share what they look at.
package ask

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// MaxRequests is how many requests an Asker sends at most, Timeout how long one may take, and
// MaxTime how long all of them may take before no more is sent.
const (
	MaxRequests = 150
	Timeout     = 30 * time.Second
	MaxTime     = 5 * time.Minute
)

// maxKept is how much of answers is kept, in bytes. What is not kept is asked for again.
const maxKept = 64 << 20

// Asker asks one PrivX. It is for one goroutine.
type Asker struct {
	*spending

	client *api.Client
	// known are the answers so far, by what was asked.
	known map[string]*Answer
	// kept is how much they hold, in bytes.
	kept int
	// made are what was made of answers, by name.
	made map[string]any
	// latencies are the times that small answers took.
	latencies []time.Duration
	heads     []Head
}

// New makes an Asker with the connector's client.
func New(client *privx.Client) *Asker { return beside(&spending{}, client) }

// Beside makes an Asker with another client. What it asks counts as if this one had asked.
func (a *Asker) Beside(client *privx.Client) *Asker { return beside(a.spending, client) }

func beside(s *spending, client *privx.Client) *Asker {
	s.clients = append(s.clients, client.API())
	return &Asker{spending: s, client: client.API(), known: make(map[string]*Answer), made: make(map[string]any)}
}

// Client is the client that it asks with.
func (a *Asker) Client() *api.Client { return a.client }

// Answer is what came of a request.
type Answer struct {
	// Status is 0 if there was no whole answer. Then Err says why.
	Status int
	Header http.Header
	Body   []byte
	// Begun is how long it took until the answer began, and Took until it was whole.
	Begun, Took time.Duration
	// Err is what the connector makes of anything that is not a success: an [api.Error], or
	// the context's error. It is nil after a success.
	Err error

	// rows are what it has as a list, once they were read.
	rows *Rows
}

// Good tells whether it is a success.
func (a *Answer) Good() bool { return a.Err == nil }

// Time is when the answer was made, by PrivX's clock, or now by ours if it does not say.
func (a *Answer) Time() time.Time {
	date := (&api.Answer{Header: a.Header}).Date()
	if date.IsZero() {
		return time.Now()
	}
	return date
}

// Get asks an endpoint in the client's own manner, or gives the answer that there is
// already.
func (a *Asker) Get(ctx context.Context, rq *api.Request) *Answer {
	key := fmt.Sprintf("%s %q %s %s", rq.Endpoint, rq.IDs, rq.Query.Encode(), rq.Body)
	if known, ok := a.known[key]; ok {
		return known
	}
	answer := a.Again(ctx, rq, api.Manner{})
	if size := weight(answer); ctx.Err() == nil && a.kept+size <= maxKept {
		a.known[key] = answer
		a.kept += size
	}
	return answer
}

// Again asks an endpoint, whether or not there is an answer already.
func (a *Asker) Again(ctx context.Context, rq *api.Request, manner api.Manner) *Answer {
	if err := cmp.Or(ctx.Err(), a.enough()); err != nil {
		return &Answer{Err: err}
	}
	defer a.spend(time.Now())
	bounded, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	answer, times := &Answer{}, &timing{sent: time.Now()}
	traced := httptrace.WithClientTrace(bounded, &httptrace.ClientTrace{
		WroteRequest:         func(httptrace.WroteRequestInfo) { times.note(&times.sent) },
		GotFirstResponseByte: func() { times.note(&times.began) },
	})
	err := a.client.Look(traced, rq, manner, func(got *api.Answer) error {
		answer.Status, answer.Header, answer.Body = got.Status, got.Header, slices.Clone(got.Body)
		a.heads = append(a.heads, Head{Status: got.Status, Type: got.Header.Get("Content-Type"), IsObject: isObject(answer.Body), Date: got.Header.Get("Date")})
		if e := a.client.Error(rq, got); e != nil {
			return e
		}
		return nil
	})
	answer.Begun, answer.Took = times.taken()
	answer.Err = err
	if err != nil && bounded.Err() != nil && ctx.Err() == nil {
		answer.Err = api.TimedOut(rq.Endpoint.String())
	}
	if answer.Good() && len(answer.Body) < smallAnswer {
		a.latencies = append(a.latencies, answer.Begun)
	}
	return answer
}

// timing is when a request was sent and its answer began. The transport tells so from
// goroutines of its own; over HTTP/2 perhaps in the other order, or after the end.
type timing struct {
	mu          sync.Mutex
	sent, began time.Time
}

// note puts the time in its place.
func (t *timing) note(place *time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	*place = time.Now()
}

// taken is how long it took until the answer began, 0 if it did not, and until now.
func (t *timing) taken() (time.Duration, time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.began.IsZero() {
		return 0, time.Since(t.sent)
	}
	return max(0, t.began.Sub(t.sent)), max(0, time.Since(t.sent))
}

// smallAnswer is less than what an answer has that takes PrivX long to make, in bytes.
const smallAnswer = 64 << 10

// Latency is the middle time that PrivX took to begin a small answer; 0 if there was none.
func (a *Asker) Latency() time.Duration {
	if len(a.latencies) == 0 {
		return 0
	}
	sorted := slices.Clone(a.latencies)
	slices.Sort(sorted)
	return sorted[len(sorted)/2]
}

// Part is which rows of a list are asked for, in the order of their creation.
type Part struct {
	Offset, Limit int
	// Descending asks for the newest first, and Unsorted for no order at all.
	Descending, Unsorted bool
}

func (p Part) query() url.Values {
	query := api.PageQuery(p.Offset, p.Limit, p.Descending)
	if p.Unsorted {
		query.Del("sortkey")
		query.Del("sortdir")
	}
	return query
}

// UserRows is the request for a part of all users.
func UserRows(p Part) *api.Request {
	rq := privx.Endpoints.SearchUsers.Request()
	rq.Body, rq.Query = []byte("{}"), p.query()
	return rq
}

// RoleRows is the request for a part of all roles.
func RoleRows(p Part) *api.Request {
	rq := privx.Endpoints.Roles.Request()
	rq.Query = p.query()
	return rq
}

// MemberRows is the request for a part of a role's members.
func MemberRows(roleID string, p Part) *api.Request {
	rq := privx.Endpoints.Members.Request(roleID)
	rq.Query = p.query()
	return rq
}
