package core

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Caller is who a token was issued to, with the permissions of that moment: a
// change of roles takes effect with the next token only. Guess (PXQ-042): so does the
// removal of the API client itself.
type Caller struct {
	Principal   string
	Permissions []string // sorted
	Admin       bool     // may do everything
}

// may reports whether the caller has one of the permissions, if any is needed.
func (c Caller) may(anyOf []string) bool {
	return c.Admin || len(anyOf) == 0 || slices.ContainsFunc(anyOf, func(p string) bool {
		_, found := slices.BinarySearch(c.Permissions, p)
		return found
	})
}

// May reports whether the caller has a permission.
func (c Caller) May(permission string) bool { return c.may([]string{permission}) }

// session is what a token stands for until it is logged out.
type session struct {
	caller  Caller
	issuer  *node
	issued  time.Time // by Options.Clock
	begins  time.Time // by Options.Clock: before that no node takes the token
	expires time.Time // by the issuer's clock
}

// sessions are those of all tokens that were issued.
type sessions struct {
	mu      sync.Mutex
	byToken map[string]session
}

// OpenSession makes the simulator take a token, which the node of the call has
// issued: each node does so after a delay, and until its own clock shows the
// time at which the token expires.
func (c *Call) OpenSession(token string, caller Caller, delay time.Duration, expires time.Time) {
	issued := c.sim.opts.Clock()
	all := &c.sim.sessions
	all.mu.Lock()
	defer all.mu.Unlock()
	if all.byToken == nil {
		all.byToken = map[string]session{}
	}
	all.byToken[token] = session{caller: caller, issuer: c.node, issued: issued, begins: issued.Add(delay), expires: expires}
}

// CloseSession ends the session of the token that the request carries.
func (c *Call) CloseSession() {
	all := &c.sim.sessions
	all.mu.Lock()
	defer all.mu.Unlock()
	delete(all.byToken, bearer(c.Header))
}

// caller returns whose token a request carries that a node accepts.
func (s *sessions) caller(header http.Header, n *node) (Caller, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.byToken[bearer(header)]
	return found.caller, ok && n.accepts(found)
}

func bearer(header http.Header) string {
	scheme, token, _ := strings.Cut(header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return token
}

// RevokeTokens makes every token issued so far invalid, and ends its session.
func (s *Simulator) RevokeTokens() {
	s.sessions.mu.Lock()
	defer s.sessions.mu.Unlock()
	clear(s.sessions.byToken)
}

// Sessions returns how many tokens were issued and neither logged out nor
// revoked. An expired token counts: in PrivX its session outlives it.
func (s *Simulator) Sessions() int {
	s.sessions.mu.Lock()
	defer s.sessions.mu.Unlock()
	return len(s.sessions.byToken)
}
