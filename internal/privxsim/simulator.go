package privxsim

import (
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Credentials of the OAuth client, unless Options or the flags of privx-sim
// say otherwise.
const (
	DefaultOAuthClientID     = "privx-external"
	DefaultOAuthClientSecret = "sim-oauth-secret+/8Zb3n5Qk=" //nolint:gosec // A made-up credential of a simulator.
)

// maxRequestBody bounds what is read of a request.
const maxRequestBody = 16 << 20

// Options are the manners of a simulator. The zero value is PrivX as it is most
// likely set up.
type Options struct {
	// PathPrefix is the base path of all services, as "/privx".
	PathPrefix string
	// Clock tells the time for tokens, the Date header and the ages of everything
	// that a Node goes by. Nil is time.Now.
	Clock func() time.Time

	// OAuthClientID and OAuthClientSecret are the credentials of the calling
	// application. The defaults are DefaultOAuthClientID and -Secret.
	OAuthClientID, OAuthClientSecret string
	// PublicClient is PrivX's setting privx-external.client_type="public": an
	// API client gets a token at the clientcredentials endpoint, without the
	// OAuth client's secret.
	PublicClient bool
	// OAuthClientCredentials lets the OAuth client get a token on its own, by
	// the grant type client_credentials at the usual endpoint. Guess: nothing
	// says that PrivX allows this, and the default refuses it.
	OAuthClientCredentials bool
	// OAuthPrincipal is the id of the API client that the OAuth client then
	// acts as. The default is the store's first.
	OAuthPrincipal string
	// TokenTTL is how long a token holds. The default is 5 minutes.
	TokenTTL time.Duration
	// TokenDelay is how long each node, also the one that has issued it, refuses a
	// new token. Guess: PrivX does so where a clock is behind the time of its issue.
	TokenDelay time.Duration
	// ExpiresIn is what a token's answer claims in expires_in instead of the
	// truth, as JSON; "" leaves the field out.
	ExpiresIn *string
	// BadCredentialsStatus is the status that refuses credentials. 400, the
	// default, says invalid_grant of a wrong API client; 401 says
	// invalid_client. Guess: PrivX does one of the two.
	BadCredentialsStatus int

	// MaxPageSize is a page's largest size; the default is 1000.
	MaxPageSize int
	// RefuseLargePages answers a larger one with 400 instead of a smaller page.
	// Guess: PrivX does one of the two.
	RefuseLargePages bool
	// MemberRoles says what the members of a role carry in "roles".
	MemberRoles MemberRolesMode
	// MemberGrants makes those roles tell of the grant (grant_type and what
	// belongs to it) as a user's own list does. The one public sample of a
	// member does not: its role is explicit and has no grant_type.
	MemberGrants bool
	// HeavyMembers makes each member of a role carry at least so many roles: all of
	// its own, whatever MemberRoles says, and then others that do not exist, of 1600
	// bytes each. Guess: the one public sample of a member carries the whole of its
	// role; how many there can be, and how long, is not known.
	HeavyMembers int
	// Count says what lists claim in "count".
	Count CountMode
	// RandomTies makes rows that are equal by the sort key come in another order
	// each time. Guess: PrivX has an order of its own for them, which stays.
	RandomTies bool
	// MemberCount gives roles member_count and explicit_count, as newer
	// versions of PrivX do.
	MemberCount bool

	// NoCurrentUser switches GET /users/current off. Guess: it may not work
	// for API clients.
	NoCurrentUser bool
	// IgnoreUserIDs makes the search pass over user_id. Guess: a PrivX that does
	// not know the filter does so.
	IgnoreUserIDs bool
	// UnknownRoles says what becomes of a role that is granted and does not
	// exist.
	UnknownRoles UnknownRolesMode
	// SplitMemberships shows a role that a user has by a grant and by a rule as
	// two roles in the user's own list. Guess: PrivX shows one that is both.
	SplitMemberships bool
	// HideUserRole leaves privx-user out of a user's roles, unless it was granted.
	// Guess: PrivX shows it, as it shows any other that a user has by a rule.
	HideUserRole bool
	// UserRolesNull makes GET /users/{id} say null of the user's roles. Guess: it
	// carries them, as in the one public sample.
	UserRolesNull bool
	// AcceptNullRoles takes `null` for an empty list where a user's roles are
	// set. Guess: PrivX refuses it, as the default does.
	AcceptNullRoles bool
	// ReadOnlyStatus is the status that refuses writes while the simulator is
	// read-only. The default is 503. Guess: PrivX's own is not known.
	ReadOnlyStatus int

	// Seed is what everything random is made from, but for tokens.
	Seed int64
	// Latency is added to every answer.
	Latency time.Duration

	// Nodes make it a cluster. Nil is a single node that is perfect.
	Nodes []Node
	// AffinityCookie makes answers carry the cookie of a load balancer, which keeps
	// a client that sends it back on the node that has answered it first.
	AffinityCookie bool
	// Route chooses the node, by its index in Nodes, of each request that no cookie
	// keeps on one. Nil is any, by chance.
	Route func(Request) int
	// EmptyNotFound makes a node that is empty for the moment (see Node) say of a
	// single user or role that there is none. Guess: it knows them, as by default.
	EmptyNotFound bool

	// KeepRequests bounds how many requests are kept, the latest. 0 is all.
	KeepRequests int
}

// withDefaults returns the options with zero values replaced.
func (o Options) withDefaults() Options {
	orDefault(&o.OAuthClientID, DefaultOAuthClientID)
	orDefault(&o.OAuthClientSecret, DefaultOAuthClientSecret)
	orDefault(&o.TokenTTL, 5*time.Minute)
	orDefault(&o.BadCredentialsStatus, http.StatusBadRequest)
	orDefault(&o.MaxPageSize, 1000)
	orDefault(&o.ReadOnlyStatus, http.StatusServiceUnavailable)
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.HeavyMembers > 0 {
		o.MemberRoles = MemberRolesAll
	}
	o.PathPrefix = strings.TrimRight(o.PathPrefix, "/")
	return o
}

func orDefault[T comparable](value *T, fallback T) {
	var zero T
	if *value == zero {
		*value = fallback
	}
}

// Simulator answers requests as PrivX does. It is an http.Handler.
type Simulator struct {
	store  *Store
	opts   Options
	routes []route
	tokens tokens
	faults faults
	record recorder
	random lottery

	padding padding // of members

	nodes []*node

	mu       sync.Mutex
	readOnly bool
}

// New returns a simulator that tells the truth of the store.
func New(store *Store, opts Options) *Simulator {
	s := &Simulator{store: store, opts: opts.withDefaults()}
	s.record.keep = s.opts.KeepRequests
	s.random.source = rand.New(rand.NewPCG(uint64(s.opts.Seed), 0)) //nolint:gosec // Order needs no secrecy, but the same seed the same one.
	s.padding = newPadding(s.opts.HeavyMembers)
	s.routes = s.routeTable()
	s.nodes = newNodes(store, s.opts)
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

// call is a request on its way through the simulator.
type call struct {
	Request

	node    *node
	outside bool // of the path prefix
	query   url.Values
	id      string // the path's variable
	holder  holder // of the token that it carries

	stale     bool // shall see what was before the last write
	ties      bool // rows that are equal by the sort key come in random order
	turnover  bool // a row goes and another comes before it is answered
	pageCount bool // the rows of the page alone are counted
}

// ServeHTTP answers one request: it is recorded, hooks are called, a fault may
// take its place or alter it, and what comes of it is written.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, err := s.receive(w, r)
	n := s.record.begin(c.Request)
	if !wait(r.Context(), s.opts.Latency, nil) {
		return
	}
	fault := s.faults.pick(c)
	b := fault.behaviour()

	var a answer
	switch {
	case b.replace != nil:
		a = b.replace(fault, c.Path)
	case err != nil:
		a = err.answer()
	default:
		if b.request != nil {
			b.request(c)
		}
		a = s.handle(c)
	}
	if b.instead != nil {
		a = b.instead(fault, c.Path)
	}
	if b.alter != nil {
		a.body = b.alter(a.body)
	}
	if b.silent {
		a.status = 0
	}
	s.record.end(n, a.status)
	s.addHeaders(a.header, r, c.node, fault)
	if b.write == nil {
		writeAnswer(w, a)
		return
	}
	b.write(w, r, fault, a)
}

// receive reads a request to its end.
func (s *Simulator) receive(w http.ResponseWriter, r *http.Request) (*call, *apiError) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequestBody))
	path, inside := strings.CutPrefix(r.URL.EscapedPath(), s.opts.PathPrefix)
	c := &call{
		Request: Request{
			Time: s.opts.Clock(), Method: r.Method, Path: path, RawQuery: r.URL.RawQuery,
			Header: r.Header.Clone(), Body: body,
		},
		outside: !inside || !strings.HasPrefix(path, "/"),
		query:   r.URL.Query(),
	}
	c.node = s.route(r, c.Request)
	c.Node = c.node.index
	if err != nil {
		return c, newAPIError(http.StatusRequestEntityTooLarge, "", "request body cannot be read")
	}
	return c, nil
}

// addHeaders adds what every answer carries, and what the fault wants added.
func (s *Simulator) addHeaders(header http.Header, r *http.Request, n *node, fault *Fault) {
	header.Set("Date", n.now().UTC().Format(http.TimeFormat))
	if s.opts.AffinityCookie {
		header.Add("Set-Cookie", s.affinityCookie(r, n).String())
	}
	if fault != nil {
		for name, values := range fault.Header {
			header[http.CanonicalHeaderKey(name)] = values
		}
	}
}
