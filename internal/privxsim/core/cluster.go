package core

import (
	cryptorand "crypto/rand"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Node is one node of a PrivX cluster behind a load balancer. The zero value is
// a perfect one. Guess (PXQ-064, PXQ-065, PXQ-066, PXQ-067, PXQ-068, PXQ-069): all
// of it. PrivX says that it can run on several nodes and that a load balancer may keep
// a client on one by a cookie, and nothing of what the nodes then know of one another,
// or when.
type Node struct {
	// Lag is how long after a change this node shows things as they were before it, as
	// users, roles, directories and memberships. A change of a user's roles that this
	// node is asked for itself is seen here at once.
	Lag time.Duration
	// TokenLag is how long a token that another node has issued is refused here.
	TokenLag time.Duration
	// ClockOffset is how far its clock is ahead of Options.Clock, or behind if negative:
	// it tells the Date header and when a token ends.
	ClockOffset time.Duration
	// CountOffset is added to what lists that come in pages claim in "count".
	CountOffset int
	// Empty is how long after New or RestartNode its lists, those of a user's roles
	// among them, are empty.
	Empty time.Duration
}

// node is a node at work.
type node struct {
	Node

	index int
	// clock is Options.Clock. On all nodes the age of a change, of a token and of the
	// last start is measured by it.
	clock func() time.Time

	mu      sync.Mutex
	started time.Time
}

// newNodes starts the nodes of a cluster; there is one, perfect, if none was asked for.
func newNodes(opts Options) []*node {
	wanted := opts.Nodes
	if len(wanted) == 0 {
		wanted = []Node{{}}
	}
	var nodes []*node
	for i, w := range wanted {
		nodes = append(nodes, &node{Node: w, index: i, clock: opts.Clock, started: opts.Clock()})
	}
	return nodes
}

// replicate gives the nodes that lag replicas of a service's data.
func (s *Simulator) replicate(service Service) {
	for _, n := range s.nodes {
		if service.Data != nil && n.Lag > 0 {
			service.Data.follow(n)
		}
	}
}

// RestartNode starts a node anew, by its index in Options.Nodes: for Node.Empty
// its lists are empty.
func (s *Simulator) RestartNode(index int) {
	n := s.nodes[index]
	n.mu.Lock()
	defer n.mu.Unlock()
	n.started = n.clock()
}

// now is the time by the node's own clock.
func (n *node) now() time.Time { return n.clock().Add(n.ClockOffset) }

// empty reports whether the node has just been started.
func (n *node) empty() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.Empty > 0 && n.clock().Sub(n.started) < n.Empty
}

// accepts reports whether the node knows of a session and its time has come and
// is not over.
func (n *node) accepts(s session) bool {
	now := n.clock()
	known := s.issuer == n || now.Sub(s.issued) >= n.TokenLag
	return known && !now.Before(s.begins) && n.now().Before(s.expires)
}

// route returns the node that answers a request: that of its cookie, or else the
// one that Options.Route names, or else any.
func (s *Simulator) route(r *http.Request, request Request) *node {
	if s.opts.AffinityCookie {
		if n := s.cookieNode(r); n != nil {
			return n
		}
	}
	if s.opts.Route != nil {
		return s.nodes[s.opts.Route(request)]
	}
	return s.nodes[s.random.intN(len(s.nodes))]
}

// affinityCookieName is any name: the cookie is the load balancer's.
const affinityCookieName = "privx-lb-node"

// cookieNode returns the node that a request's cookie names, or nil.
func (s *Simulator) cookieNode(r *http.Request) *node {
	held, err := r.Cookie(affinityCookieName)
	if err != nil {
		return nil
	}
	_, name, _ := strings.Cut(held.Value, ".")
	index, err := strconv.Atoi(name)
	if err != nil || index < 0 || index >= len(s.nodes) {
		return nil
	}
	return s.nodes[index]
}

// affinityCookie returns the cookie that keeps a client on its node: the one
// that it has, or a new one.
func (s *Simulator) affinityCookie(r *http.Request, n *node) *http.Cookie {
	value := cryptorand.Text() + "." + strconv.Itoa(n.index)
	if held, err := r.Cookie(affinityCookieName); err == nil && s.cookieNode(r) != nil {
		value = held.Value
	}
	return &http.Cookie{
		Name: affinityCookieName, Value: value, Path: "/",
		HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteLaxMode,
	}
}
