package privx_test

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/conductorone/baton-sdk/pkg/uhttp"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

const (
	tokenPath       = "/auth/api/v1/oauth/token"
	publicTokenPath = "/auth/api/v1/oauth/clientcredentials/privx-external/token"
	logoutPath      = "/auth/api/v1/logout"
	searchPath      = "/role-store/api/v1/users/search"
	userPath        = "/role-store/api/v1/users/*"
	userRolesPath   = "/role-store/api/v1/users/*/roles"
	rolesPath       = "/role-store/api/v1/roles"
	rolePath        = "/role-store/api/v1/roles/*"
	membersPath     = "/role-store/api/v1/roles/*/members"
	sourcesPath     = "/role-store/api/v1/sources"
	statusPath      = "/role-store/api/v1/status"
	currentPath     = "/role-store/api/v1/users/current"
)

// allFour are the credentials that a seeded simulator accepts.
var allFour = privx.PasswordGrant{
	OAuthClientID: privxsim.DefaultOAuthClientID, OAuthClientSecret: privxsim.DefaultOAuthClientSecret,
	APIClientID: privxsim.DefaultAPIClientID, APIClientSecret: privxsim.DefaultAPIClientSecret,
}

// setup says how a test differs from the defaults.
type setup struct {
	seed        privxsim.SeedOptions
	store       *privxsim.Store // instead of a seeded one
	sim         privxsim.Options
	credentials privx.Credentials // instead of allFour
	timeout     time.Duration     // of each request, instead of uhttp's own
	grantLength time.Duration
	pageSize    int
}

func (s *setup) fillIn() {
	if s.store == nil {
		if s.seed == (privxsim.SeedOptions{}) {
			s.seed = privxsim.SeedOptions{Users: 24, Roles: 12, MembersPerRole: 10}
		}
		s.store = privxsim.Seed(s.seed)
	}
	if s.credentials == nil {
		s.credentials = allFour
	}
}

func (s *setup) configure(config *privx.Config) {
	config.GrantLength, config.PageSize = s.grantLength, s.pageSize
}

// context carries the timeout as the command line would set it.
func (s *setup) context(t *testing.T) context.Context {
	t.Helper()
	if s.timeout == 0 {
		return t.Context()
	}
	return context.WithValue(t.Context(), uhttp.ContextHTTPTimeoutKey, s.timeout)
}

// harness is a client that talks to a simulator.
type harness struct {
	store  *privxsim.Store
	sim    *privxsim.Simulator
	url    string
	clock  *clock // of both; nil in a bubble, where time itself is fake
	client *privx.Client
}

// newHarness makes a client that talks over a socket and does not pause between two tries of
// a read.
func newHarness(t *testing.T, s setup) *harness {
	t.Helper()
	s.fillIn()
	h := &harness{store: s.store, clock: newClock()}
	s.sim.Clock = h.clock.Now
	h.sim = privxsim.New(s.store, s.sim)
	h.url = serve(t, h.sim, privxsim.ServeOptions{}).URL + s.sim.PathPrefix
	h.client = newClient(s.context(t), t, h.url, s.credentials, s.configure)
	privx.SetClock(h.client, h.clock.Now)
	return h
}

// inBubble runs a test with fake time, which passes only while all goroutines wait. The test
// fails if a goroutine is left over. The client pauses between tries as in production, and
// talks to the simulator through pipes.
func inBubble(t *testing.T, s setup, test func(t *testing.T, h *harness)) {
	t.Helper()
	s.fillIn()
	// uhttp's cache has goroutines of its own, which must live outside the bubble.
	client := newClient(s.context(t), t, "http://localhost"+s.sim.PathPrefix, s.credentials, s.configure)
	privx.SetBackOff(client, api.DefaultBackOff)
	synctest.Test(t, func(t *testing.T) {
		h := &harness{store: s.store, sim: privxsim.New(s.store, s.sim), client: client}
		pipes := privxsim.ServePipes(h.sim)
		privx.SetTransport(client, pipes.Transport)
		t.Cleanup(pipes.Close)
		test(t, h)
	})
}

func serve(t *testing.T, handler http.Handler, o privxsim.ServeOptions) *privxsim.Server {
	t.Helper()
	server, err := privxsim.Serve(handler, o)
	require.NoError(t, err)
	t.Cleanup(server.Close)
	return server
}

// newClient makes a client that does not pause between two tries of a read.
func newClient(ctx context.Context, t *testing.T, baseURL string, credentials privx.Credentials, configure ...func(*privx.Config)) *privx.Client {
	t.Helper()
	config := privx.Config{BaseURL: parseURL(t, baseURL), Credentials: credentials}
	for _, set := range configure {
		set(&config)
	}
	client, err := privx.New(ctx, config)
	require.NoError(t, err)
	privx.SetBackOff(client, noPause)
	privx.SetTokenPauses(client)
	return client
}

func noPause() backoff.BackOff { return &backoff.ZeroBackOff{} }

func parseURL(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := privx.ParseBaseURL(raw)
	require.NoError(t, err)
	return u
}

// clock is a clock that a test sets.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// call is a method of the client that reads, and the endpoint that it calls.
type call struct {
	name, method, path string
	run                func(ctx context.Context) error
}

// reads are all methods that read but Check, which makes two calls and never repeats them.
func (h *harness) reads() []call {
	user, role := h.store.Users()[0].ID, h.roleWithMembers()
	return []call{
		{"ListUsers", http.MethodPost, searchPath, func(ctx context.Context) error { return second(h.client.ListUsers(ctx, "")) }},
		{"ListRoles", http.MethodGet, rolesPath, func(ctx context.Context) error { return second(h.client.ListRoles(ctx, "")) }},
		{"ListMembers", http.MethodGet, membersPath, func(ctx context.Context) error { return second(h.client.ListMembers(ctx, role, privx.MayBeEmpty, "")) }},
		{"GetUser", http.MethodGet, userPath, func(ctx context.Context) error { return second(h.client.GetUser(ctx, user)) }},
		{"GetRole", http.MethodGet, rolePath, func(ctx context.Context) error { return second(h.client.GetRole(ctx, role)) }},
		{"UserRoles", http.MethodGet, userRolesPath, func(ctx context.Context) error { return second(h.client.UserRoles(ctx, user)) }},
		{"Sources", http.MethodGet, sourcesPath, func(ctx context.Context) error { return second(h.client.Sources(ctx)) }},
	}
}

// second drops a method's result and keeps its error.
func second[T any](_ T, err error) error { return err }

// roleWithMembers is the id of the role with the most members, privx-user left out.
func (h *harness) roleWithMembers() string {
	best, size := "", 0
	for _, role := range h.store.Roles() {
		if n := len(h.members(role.ID)); n > size && role.Name != privxsim.RoleNameUser {
			best, size = role.ID, n
		}
	}
	return best
}

// members are the ids of a role's members.
func (h *harness) members(roleID string) []string {
	var ids []string
	for _, m := range h.store.Memberships() {
		if m.RoleID == roleID {
			ids = append(ids, m.UserID)
		}
	}
	return ids
}

// getRoles is a read, for tests to which it does not matter which one it is.
func (h *harness) getRoles(ctx context.Context) error { return second(h.client.ListRoles(ctx, "")) }

// login fetches a token and forgets the requests for it, so that later requests for a token
// can be counted.
func (h *harness) login(t *testing.T) {
	t.Helper()
	require.NoError(t, h.getRoles(t.Context()))
	h.sim.ResetRequests()
}

// tokens is how many requests for a token were sent.
func (h *harness) tokens() int {
	return h.sim.CountRequests(http.MethodPost, tokenPath) + h.sim.CountRequests(http.MethodPost, publicTokenPath)
}

// sent are the requests to an endpoint.
func (h *harness) sent(path string) []privxsim.Request {
	return slices.DeleteFunc(h.sim.Requests(), func(r privxsim.Request) bool { return !matches(path, r.Path) })
}

// matches tells whether a path fits a pattern in which * is one segment.
func matches(pattern, path string) bool {
	wanted, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	return slices.EqualFunc(wanted, got, func(w, g string) bool { return w == "*" || w == g })
}

// answerJSON makes an endpoint answer 200 and a body.
func (h *harness) answerJSON(path, body string) {
	h.sim.Inject(privxsim.Fault{Path: path, Status: http.StatusOK, Body: body})
}

// wantError checks that an error is of the client's own type, and its code and status.
func wantError(t *testing.T, err error, code codes.Code, httpStatus int) {
	t.Helper()
	_ = asError(t, err, code, httpStatus)
}

// asError is wantError and returns the error.
func asError(t *testing.T, err error, code codes.Code, httpStatus int) *privx.Error {
	t.Helper()
	var e *privx.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, code, status.Code(err), "%v", err)
	require.Equal(t, httpStatus, e.Status, "%v", err)
	return e
}
