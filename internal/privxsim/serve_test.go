package privxsim_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/conductorone/baton-privx/internal/privxsim"
)

// trusting returns a client that trusts one CA.
func trusting(t *testing.T, ca []byte) *http.Client {
	t.Helper()
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(ca) {
		t.Fatalf("no certificate in %s", ca)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, DisableKeepAlives: true}
	return &http.Client{Transport: transport}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	h := newHarness(t, privxsim.NewStore(), privxsim.Options{})
	h.serveTLS()
	port := h.url[strings.LastIndex(h.url, ":"):]
	for _, host := range []string{"127.0.0.1", "localhost"} {
		h.url = "https://" + host + port
		if res := h.get(statusPath); res.status != http.StatusOK {
			t.Errorf("%s: %d, %v", host, res.status, res.err)
		}
	}

	var unknown x509.UnknownAuthorityError
	h.http = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}}}
	if res := h.get(statusPath); !errors.As(res.err, &unknown) {
		t.Errorf("without the CA: %v", res.err)
	}
	other, err := privxsim.Serve(h.sim, privxsim.ServeOptions{TLS: true})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	h.http = trusting(t, other.CAPEM)
	if res := h.get(statusPath); !errors.As(res.err, &unknown) {
		t.Errorf("with another server's CA: %v", res.err)
	}
}

func TestOldTLS(t *testing.T) {
	t.Parallel()
	server, err := privxsim.Serve(privxsim.New(privxsim.NewStore(), privxsim.Options{}), privxsim.ServeOptions{TLS: true, MaxVersion: tls.VersionTLS11})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	h := &harness{t: t, url: server.URL, http: trusting(t, server.CAPEM)}
	if res := h.get(statusPath); res.err == nil || !strings.Contains(res.err.Error(), "protocol version") {
		t.Errorf("%d, %v", res.status, res.err)
	}
}

func TestServingAtOtherAddresses(t *testing.T) {
	t.Parallel()
	server, err := privxsim.Serve(http.NotFoundHandler(), privxsim.ServeOptions{Address: ":0", TLS: true})
	if err != nil {
		t.Fatal(err)
	}
	h := &harness{t: t, url: server.URL, http: trusting(t, server.CAPEM)}
	if res := h.get("/"); res.status != http.StatusNotFound {
		t.Errorf("%s: %d, %v", server.URL, res.status, res.err)
	}
	server.Close()
	if res := h.get("/"); res.err == nil {
		t.Error("still there after Close")
	}

	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if _, err := privxsim.Serve(http.NotFoundHandler(), privxsim.ServeOptions{Address: taken.Addr().String()}); err == nil {
		t.Error("no error for an address that is taken")
	}
}

func TestRequestsAreRecorded(t *testing.T) {
	t.Parallel()
	g := newGrants(t, privxsim.Options{PathPrefix: "/privx"})
	g.search("?limit=3", `{"keywords":"x"}`)
	g.get(usersPath + g.user + "/roles")
	g.get(rolesPath + "/x%2fy")
	requests := g.sim.Requests()
	if len(requests) != 3 {
		t.Fatalf("%d requests", len(requests))
	}
	r := requests[0]
	if r.Method != http.MethodPost || r.Path != searchPath || r.RawQuery != "limit=3" || string(r.Body) != `{"keywords":"x"}` ||
		r.Status != http.StatusOK || r.Header.Get("Authorization") != "Bearer "+g.token || r.Time.IsZero() {
		t.Errorf("%+v", r)
	}
	if r := requests[2]; r.Path != rolesPath+"/x%2fy" || r.Status != http.StatusBadRequest {
		t.Errorf("%+v", r)
	}
	for pattern, want := range map[string]int{"": 3, usersPath + "*": 1, usersPath + "*/roles": 1, "/role-store/api/v1/*": 0, "[": 0} {
		if n := g.sim.CountRequests("", pattern); n != want {
			t.Errorf("%q: %d requests, want %d", pattern, n, want)
		}
	}
	if n := g.sim.CountRequests(http.MethodGet, ""); n != 2 {
		t.Errorf("%d GET requests", n)
	}
	g.sim.ResetRequests()
	if n := len(g.sim.Requests()); n != 0 {
		t.Errorf("%d requests after a reset", n)
	}
}

func TestOnlyTheLatestRequestsAreKept(t *testing.T) {
	t.Parallel()
	h := newHarness(t, privxsim.NewStore(), privxsim.Options{KeepRequests: 2})
	for _, path := range []string{"/1", "/2", "/3"} {
		h.get(path)
	}
	if r := h.sim.Requests(); len(r) != 2 || r[0].Path != "/2" || r[1].Path != "/3" {
		t.Errorf("%+v", r)
	}
}

// Hooks come before a request is handled and after, and may change the store.
func TestHooks(t *testing.T) {
	t.Parallel()
	g := newGrants(t, privxsim.Options{})
	var seen []string
	g.sim.OnRequest(func(r privxsim.Request) {
		seen = append(seen, "first")
		if r.Method == http.MethodGet {
			g.store.GrantExplicit(g.plain, g.user, privxsim.Grant{})
		}
		if r.Status != 0 {
			t.Errorf("status %d before the answer", r.Status)
		}
	})
	g.sim.OnRequest(func(privxsim.Request) { seen = append(seen, "second") })
	g.sim.OnResponse(func(r privxsim.Request) {
		seen = append(seen, http.StatusText(r.Status))
		g.store.RemoveExplicit(g.plain, g.user)
	})
	if roles := g.roles(); roles[g.plain] == nil {
		t.Error("the request does not see what the hook did before it")
	}
	if parts := g.memberships(); parts[g.plain] != "" {
		t.Error("the hook after it did nothing")
	}
	if got := strings.Join(seen, " "); got != "first second OK" {
		t.Errorf("hooks: %s", got)
	}
}

// Everything at once, for the race detector; each writer's own grant survives.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	h := newHarness(t, privxsim.Seed(privxsim.SeedOptions{Users: 40, Roles: 12}), privxsim.Options{MemberRoles: privxsim.MemberRolesAll, MemberCount: true})
	h.sim.OnRequest(func(r privxsim.Request) { h.sim.CountRequests(r.Method, r.Path) })
	role := h.store.AddRole(privxsim.Role{Name: "shared"}).ID
	var group sync.WaitGroup
	for range 8 {
		user := h.store.AddUser(privxsim.User{Principal: "writer"}).ID
		group.Go(func() {
			for range 5 {
				h.putRoles(user, `[{"id":"`+role+`","explicit":true}]`)
				h.get(rolesPath + "/" + role + "/members")
				h.search("", "{}")
				h.get(rolesPath)
				h.get(usersPath + user)
				h.get(sourcePath)
				other := h.store.AddUser(privxsim.User{Principal: "passing"})
				h.store.Map(role, other.ID)
				h.store.RemoveUser(other.ID)
				h.store.Memberships()
				h.sim.Inject(privxsim.Fault{Path: "/nowhere"})
				h.sim.Sessions()
			}
		})
	}
	group.Wait()
	if n := len(h.get(rolesPath + "/" + role + "/members").items(t)); n != 8 {
		t.Errorf("%d members, want the 8 writers", n)
	}
}
