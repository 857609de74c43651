package core

import (
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
)

// maxRequestBody bounds what is read of a request.
const maxRequestBody = 16 << 20

// Simulator answers requests as PrivX does. It is an http.Handler.
type Simulator struct {
	opts     Options
	services []Service
	routes   []route
	sessions sessions
	faults   faults
	record   recorder
	random   lottery
	nodes    []*node

	mu          sync.Mutex
	readOnly    bool
	alterations []func(Request, *Answer)
}

// New returns a simulator of some services.
func New(opts Options, services ...Service) *Simulator {
	s := &Simulator{opts: opts.withDefaults(), services: services}
	s.record.keep = s.opts.KeepRequests
	s.random.source = rand.New(rand.NewPCG(uint64(s.opts.Seed), 0)) //nolint:gosec // Order needs no secrecy, but the same seed the same one.
	s.nodes = newNodes(s.opts)
	for _, service := range services {
		s.routes = append(s.routes, service.routes()...)
		s.replicate(service)
	}
	return s
}

// SetReadOnly begins or ends a zero-downtime upgrade, in which PrivX refuses
// writes and its status says so.
func (s *Simulator) SetReadOnly(readOnly bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.readOnly = readOnly
}

func (s *Simulator) isReadOnly() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.readOnly
}

// ServeHTTP answers one request: it is recorded, hooks are called, a fault may
// take its place or alter it, and what comes of it is written.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, refusal := s.receive(w, r)
	n := s.record.begin(c.Request)
	if !wait(r.Context(), s.opts.Latency, nil) {
		return
	}
	fault := s.faults.pick(c)
	b := fault.behaviour()

	var a Answer
	switch {
	case b.replace != nil:
		a = b.replace(fault, c)
	case refusal != nil:
		a = s.alter(c, refusal.Answer())
	default:
		if b.request != nil {
			b.request(c)
		}
		a = s.alter(c, s.handle(c))
	}
	if b.instead != nil {
		a = b.instead(fault, c)
	}
	if b.alter != nil {
		a.Body = b.alter(a.Body)
	}
	if b.silent {
		a.Status = 0
	}
	s.record.end(n, a.Status)
	s.addHeaders(a.Header, r, c.node, fault)
	if b.write == nil {
		writeAnswer(w, a)
		return
	}
	b.write(w, r, fault, a)
}

// receive reads a request to its end.
func (s *Simulator) receive(w http.ResponseWriter, r *http.Request) (*Call, *Error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequestBody))
	path, inside := strings.CutPrefix(r.URL.EscapedPath(), s.opts.PathPrefix)
	c := &Call{
		Request: Request{
			Time: s.opts.Clock(), Method: r.Method, Path: path, RawQuery: r.URL.RawQuery,
			Header: r.Header.Clone(), Body: body,
		},
		sim:     s,
		outside: !inside || !strings.HasPrefix(path, "/"),
		query:   r.URL.Query(),
	}
	c.node = s.route(r, c.Request)
	c.Node = c.node.index
	if err != nil {
		return c, NewError(http.StatusRequestEntityTooLarge, "", "request body cannot be read")
	}
	return c, nil
}

// addHeaders adds what every answer carries, and what the fault wants added.
func (s *Simulator) addHeaders(header http.Header, r *http.Request, n *node, fault *Fault) {
	if _, altered := header["Date"]; !altered {
		header.Set("Date", n.now().UTC().Format(http.TimeFormat))
	}
	if s.opts.AffinityCookie {
		header.Add("Set-Cookie", s.affinityCookie(r, n).String())
	}
	if fault != nil {
		for name, values := range fault.Header {
			header[http.CanonicalHeaderKey(name)] = values
		}
	}
}
