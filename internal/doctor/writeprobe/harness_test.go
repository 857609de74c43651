package writeprobe_test

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/connection"
	"github.com/conductorone/baton-privx/internal/doctor/tenant"
	"github.com/conductorone/baton-privx/internal/doctor/writeprobe"
	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/config"
	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// TestMain turns uhttp's cache off, as the program does: its goroutines outlive a bubble.
func TestMain(m *testing.M) {
	_ = os.Setenv("BATON_DISABLE_HTTP_CACHE", "true")
	os.Exit(m.Run())
}

const (
	userPath      = "/role-store/api/v1/users/*"
	userRolesPath = "/role-store/api/v1/users/*/roles"
	rolePath      = "/role-store/api/v1/roles/*"
)

// site is a simulated PrivX in a bubble of fake time, with a user and a role for the test,
// among others who must stay as they are.
type site struct {
	store *privxsim.Store
	sim   *privxsim.Simulator
	// user has one role by a rule besides privx-user, and role is one without permissions.
	user, role, mapped, other string
	probe                     *writeprobe.Probe
	out                       *screen
	visit                     *doctor.Visit
}

// screen is where a probe prints. The simulator looks at it, too.
type screen struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// setup says how a test differs from the defaults.
type setup struct {
	options privxsim.Options
	clear   bool
	// arrange changes the site before the run.
	arrange func(s *site)
}

// newStore makes the store. Its API client may provision.
func newStore() (*privxsim.Store, *site) {
	store := privxsim.NewStore()
	client := store.AddAPIClient(privxsim.APIClient{ID: privxsim.DefaultAPIClientID, Name: "Baton", Secret: privxsim.DefaultAPIClientSecret})
	own := store.AddRole(privxsim.Role{Name: "own", Permissions: []string{"users-view", "roles-view", "roles-manage"}})
	store.GrantExplicit(own.ID, client.ID, privxsim.Grant{})
	s := &site{store: store, out: &screen{}}
	s.user = store.AddUser(privxsim.User{Principal: "o'test \u202e"}).ID
	s.role = store.AddRole(privxsim.Role{Name: "it's a test", Permissions: []string{"hosts-view"}}).ID
	s.mapped = store.AddRole(privxsim.Role{Name: "a <rule's> & more \u202e"}).ID
	s.other = store.AddRole(privxsim.Role{Name: "other"}).ID
	store.Map(s.mapped, s.user)
	bystander := store.AddUser(privxsim.User{Principal: "bystander"}).ID
	store.GrantExplicit(s.role, bystander, privxsim.Grant{})
	store.GrantExplicit(s.other, bystander, privxsim.Grant{})
	return store, s
}

// in runs a test in a bubble.
func in(t *testing.T, given setup, test func(t *testing.T, s *site)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		store, s := newStore()
		s.sim = privxsim.New(store, given.options)
		pipes := privxsim.ServePipes(s.sim)
		t.Cleanup(pipes.Close)
		s.visit = &doctor.Visit{Given: doctor.Given{Config: &config.Privx{BaseUrl: "http://localhost"}}}
		s.visit.Client = newClient(t, pipes.Transport)
		s.probe = &writeprobe.Probe{UserID: s.user, RoleID: s.role, Clear: given.clear, Out: s.out}
		s.sim.OnRequest(func(r privxsim.Request) {
			if r.Method == http.MethodPut && !strings.Contains(s.out.String(), "curl") {
				t.Error("written before it was printed how to put the list back")
			}
		})
		if given.arrange != nil {
			given.arrange(s)
		}
		test(t, s)
	})
}

func newClient(t *testing.T, transport http.RoundTripper) *privx.Client {
	t.Helper()
	base, err := privx.ParseBaseURL("http://localhost")
	require.NoError(t, err)
	client, err := privx.New(t.Context(), privx.Config{BaseURL: base, Transport: transport, Credentials: privx.PasswordGrant{
		OAuthClientID: privxsim.DefaultOAuthClientID, OAuthClientSecret: privxsim.DefaultOAuthClientSecret,
		APIClientID: privxsim.DefaultAPIClientID, APIClientSecret: privxsim.DefaultAPIClientSecret,
	}})
	require.NoError(t, err)
	return client
}

// run runs the probe's layer after those that it needs, and returns the results by id.
func (s *site) run(ctx context.Context, only ...string) map[string]doctor.Result {
	pass := func(context.Context, *doctor.Visit) doctor.Finding { return doctor.Pass("", "") }
	needed := doctor.Layer{Name: "needed", Checks: []doctor.Check{
		{ID: connection.LoggedIn, Run: pass}, {ID: tenant.MayListUsers, Run: pass}, {ID: tenant.MayListRoles, Run: pass},
	}}
	runner := &doctor.Runner{Layers: []doctor.Layer{needed, writeprobe.Layer(s.probe)}, Only: only}
	results := make(map[string]doctor.Result)
	for _, result := range runner.Run(ctx, s.visit) {
		results[result.Check.ID] = result
	}
	return results
}

// again is the site with another probe, as a second run has it.
func (s *site) again(clears bool) {
	s.out = &screen{}
	s.probe = &writeprobe.Probe{UserID: s.user, RoleID: s.role, Clear: clears, Out: s.out}
	s.sim.ResetRequests()
}

// memberships are all memberships in the store, so that two states can be compared.
func (s *site) memberships() []privxsim.Membership {
	all := s.store.Memberships()
	for i := range all {
		if len(all[i].Extra) == 0 {
			all[i].Extra = nil
		}
	}
	return all
}

// puts are the bodies that were written.
func (s *site) puts() []string {
	var bodies []string
	for _, r := range s.sim.Requests() {
		if r.Method == http.MethodPut {
			bodies = append(bodies, string(r.Body))
		}
	}
	return bodies
}

// put is a fault of writes, and get one of reads of the list.
func put(f privxsim.Fault) privxsim.Fault {
	f.Method, f.Path = http.MethodPut, userRolesPath
	return f
}

func get(f privxsim.Fault) privxsim.Fault {
	f.Method, f.Path = http.MethodGet, userRolesPath
	return f
}

// status is a fault that answers with a status.
func status(code int) privxsim.Fault {
	return privxsim.Fault{Kind: privxsim.FaultStatus, Status: code}
}

var (
	curlBody = regexp.MustCompile(`--data '([^']*)'`)
	curlURL  = regexp.MustCompile(`--request PUT '([^']*)'`)
)

// byHand sends what was printed, as an operator would.
func (s *site) byHand(t *testing.T) {
	t.Helper()
	printed := s.out.String()
	address, text := curlURL.FindStringSubmatch(printed), curlBody.FindStringSubmatch(printed)
	require.Len(t, address, 2, printed)
	require.Len(t, text, 2, printed)
	require.Equal(t, "http://localhost/role-store/api/v1/users/"+s.user+"/roles", address[1])
	s.send(t, text[1])
}

// send writes a list, as an operator would.
func (s *site) send(t *testing.T, list string) {
	t.Helper()
	rq := privx.Endpoints.SetUserRoles.Request(s.user)
	rq.Body = []byte(list)
	require.True(t, json.Valid(rq.Body))
	require.NoError(t, s.visit.Client.API().Exchange(t.Context(), rq, func(*api.Answer) error { return nil }))
}
