package core

import (
	"net/http"
	"path"
	"slices"
	"sync"
	"time"
)

// maxRecordedBody bounds what is kept of a request's body.
const maxRecordedBody = 1 << 20

// Request is a request as it was recorded.
type Request struct {
	Time     time.Time
	Method   string
	Path     string // as it was sent, without Options.PathPrefix
	RawQuery string
	Header   http.Header
	Body     []byte // at most 1 MiB of it, once recorded
	Status   int    // as answered; 0 if there was no answer, or none yet
	Node     int    // the one that answers, by its index in Options.Nodes
}

// Matches reports whether the request has a method and a path; "" fits all. The
// path is a pattern as in Fault.
func (r Request) Matches(method, pattern string) bool {
	if method != "" && method != r.Method {
		return false
	}
	if pattern == "" {
		return true
	}
	ok, err := path.Match(pattern, r.Path)
	return ok && err == nil
}

// recorder keeps what was asked, and calls hooks.
type recorder struct {
	mu         sync.Mutex
	keep       int // how many requests are kept; 0 is all
	requests   []*Request
	onRequest  []func(Request)
	onResponse []func(Request)
}

// begin records a request before it is handled.
func (r *recorder) begin(request Request) *Request {
	kept := request
	kept.Body = kept.Body[:min(len(kept.Body), maxRecordedBody)]
	r.mu.Lock()
	r.requests = append(r.requests, &kept)
	if r.keep > 0 && len(r.requests) > r.keep {
		r.requests = r.requests[len(r.requests)-r.keep:]
	}
	hooks := slices.Clone(r.onRequest)
	r.mu.Unlock()
	for _, hook := range hooks {
		hook(request)
	}
	return &kept
}

// end records how a request was answered, before the answer is written.
func (r *recorder) end(kept *Request, status int) {
	r.mu.Lock()
	kept.Status = status
	request := *kept
	hooks := slices.Clone(r.onResponse)
	r.mu.Unlock()
	for _, hook := range hooks {
		hook(request)
	}
}

// Requests returns all requests so far, in order of arrival.
func (s *Simulator) Requests() []Request {
	s.record.mu.Lock()
	defer s.record.mu.Unlock()
	requests := make([]Request, 0, len(s.record.requests))
	for _, r := range s.record.requests {
		requests = append(requests, *r)
	}
	return requests
}

// ResetRequests forgets all requests so far.
func (s *Simulator) ResetRequests() {
	s.record.mu.Lock()
	defer s.record.mu.Unlock()
	s.record.requests = nil
}

// CountRequests returns how many requests had a method and a path. Either may
// be "", which is any; the path is a pattern as in Fault.
func (s *Simulator) CountRequests(method, pattern string) int {
	n := 0
	for _, r := range s.Requests() {
		if r.Matches(method, pattern) {
			n++
		}
	}
	return n
}

// OnRequest registers a function that is called with each request after it was
// read and before anything is done about it. It may change the store, as a
// foreign writer would. Requests that are served at once call it at once.
func (s *Simulator) OnRequest(f func(Request)) {
	s.record.mu.Lock()
	defer s.record.mu.Unlock()
	s.record.onRequest = append(s.record.onRequest, f)
}

// OnResponse registers a function that is called with each request once its
// answer is known and before it is written. Status is 0 if there will be none.
func (s *Simulator) OnResponse(f func(Request)) {
	s.record.mu.Lock()
	defer s.record.mu.Unlock()
	s.record.onResponse = append(s.record.onResponse, f)
}
