package privx_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/conductorone/baton-privx/internal/errorid"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/codes"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// stranger is a server to which nothing must be sent.
func stranger(t *testing.T) (*url.URL, <-chan string) {
	t.Helper()
	seen := make(chan string, 100)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		seen <- r.Method + " " + r.URL.String() + " " + r.Header.Get("Authorization")
	}))
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL)
	require.NoError(t, err)
	return u, seen
}

// Connections are reused: 1200 calls, up to 64 of them at a time, take about as many
// connections as may be open at a time. On a busy machine, one may lie idle for so long
// that it is closed, and another is opened.
func TestConnections(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{})
	var opened atomic.Int64
	server := httptest.NewUnstartedServer(h.sim)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	client := newClient(t.Context(), t, server.URL, allFour)
	user := h.store.Users()[0].ID
	for _, atOnce := range []int{8, 2 * api.MaxConnections} {
		var group errgroup.Group
		group.SetLimit(atOnce)
		for range 600 {
			group.Go(func() error { return second(client.UserRoles(t.Context(), user)) })
		}
		require.NoError(t, group.Wait())
	}
	require.Less(t, opened.Load(), int64(2*api.MaxConnections))
	require.Greater(t, client.Calls(), int64(1200))
}

// No redirect is followed, wherever it leads and whatever was sent.
func TestRedirectsAreRefused(t *testing.T) {
	t.Parallel()
	elsewhere, seen := stranger(t)
	for name, location := range map[string]string{
		"another port":     elsewhere.String() + "/stolen",
		"another host":     "http://localhost:" + elsewhere.Port() + "/stolen",
		"a subdomain":      "http://sub.127.0.0.1.nip.invalid:" + elsewhere.Port() + "/stolen",
		"without a scheme": "//" + elsewhere.Host + "/stolen",
		"itself":           "/auth/login",
		"nowhere":          "",
		"malformed":        "http://[::1/stolen",
	} {
		for _, status := range []int{301, 302, 303, 307, 308} {
			h := newHarness(t, setup{})
			h.login(t)
			fault := privxsim.Fault{Kind: privxsim.FaultRedirect, Status: status, Header: http.Header{"Location": {location}}}
			h.sim.Inject(fault)
			for _, c := range h.reads() {
				err := c.run(t.Context())
				e := asError(t, err, codes.FailedPrecondition, status)
				require.Contains(t, e.Message, "a redirect", name)
				require.NotContains(t, err.Error(), "stolen")
			}
			require.Error(t, h.client.Check(t.Context()))
			require.Error(t, h.client.Logout(t.Context()))
			require.Len(t, h.sim.Requests(), len(h.reads())+2, "one request each")
			e := asError(t, h.getRoles(t.Context()), codes.FailedPrecondition, status)
			require.Contains(t, e.Endpoint, tokenPath)
		}
	}
	require.Empty(t, seen)
}

// A redirect from https to http is not followed.
func TestRedirectToHTTPIsRefused(t *testing.T) {
	t.Parallel()
	elsewhere, seen := stranger(t)
	h := newTLSHarness(t, privxsim.ServeOptions{TLS: true})
	h.sim.Inject(privxsim.Fault{Kind: privxsim.FaultRedirect, Status: 307, Header: http.Header{"Location": {elsewhere.String()}}})
	client := h.trusting(t, h.ca)
	wantError(t, second(client.ListRoles(t.Context(), "")), codes.FailedPrecondition, 307)
	require.Empty(t, seen)
}

// ParseBaseURL accepts addresses that are safe and refuses all others.
func TestParseBaseURL(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"https://privx.example.com":              "https://privx.example.com",
		"https://privx.example.com/":             "https://privx.example.com",
		"https://privx.example.com///":           "https://privx.example.com",
		"  https://privx.example.com/ \n":        "https://privx.example.com",
		"HTTPS://privx.example.com":              "https://privx.example.com",
		"https://privx.example.com:8443":         "https://privx.example.com:8443",
		"https://privx.example.com/pam":          "https://privx.example.com/pam",
		"https://privx.example.com/pam/":         "https://privx.example.com/pam",
		"https://privx.example.com/a/b//":        "https://privx.example.com/a/b",
		"https://privx.example.com/a%2Fb/":       "https://privx.example.com/a%2Fb",
		"https://[2001:db8::1]:8443/x":           "https://[2001:db8::1]:8443/x",
		"http://127.0.0.1:8080":                  "http://127.0.0.1:8080",
		"http://127.9.9.9":                       "http://127.9.9.9",
		"http://[::1]:80":                        "http://[::1]:80",
		"http://[::ffff:127.0.0.1]":              "http://[::ffff:127.0.0.1]",
		"http://localhost/privx":                 "http://localhost/privx",
		"http://LOCALHOST":                       "http://LOCALHOST",
		"http://privx.example.com":               "",
		"http://10.0.0.1":                        "",
		"http://0.0.0.0":                         "",
		"http://[::]":                            "",
		"http://localhost.example.com":           "",
		"http://localhost.":                      "",
		"http://127.0.0.1.example.com":           "",
		"http://2130706433":                      "",
		"http://0177.0.0.1":                      "",
		"http://127.1":                           "",
		"https://user@privx.example.com":         "",
		"https://user:canary@privx.example.com":  "",
		"https://@privx.example.com":             "",
		"http://localhost:canary@evil.example":   "",
		"https://privx.example.com?":             "",
		"https://privx.example.com/?a=canary":    "",
		"https://privx.example.com#":             "",
		"https://privx.example.com/#canary":      "",
		"privx.example.com":                      "",
		"privx.example.com:443":                  "",
		"//privx.example.com":                    "",
		"ftp://privx.example.com":                "",
		"https:privx.example.com":                "",
		"https:///path":                          "",
		"https://":                               "",
		"https://:443":                           "",
		"":                                       "",
		" ":                                      "",
		"https://user:canary%zz@privx.example":   "",
		"https://user:can ary@privx.example.com": "",
		"https://user:canary@[::1":               "",
		"https://privx.example.com/%zz":          "",
		"https://privx.example.com:canary":       "",
		"https://privx\x00canary.example.com":    "",
	} {
		u, err := privx.ParseBaseURL(raw)
		if want == "" {
			require.Error(t, err, raw)
			require.NotContains(t, err.Error(), "canary", raw)
			require.NotContains(t, err.Error(), "can ary", raw)
			continue
		}
		require.NoError(t, err, raw)
		require.Equal(t, want, u.String(), raw)
	}
}

// Every request stays below the prefix.
func TestRequestsStayBelowThePathPrefix(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{"/privx", "/a/b", "/a%2Fb"} {
		for _, slash := range []string{"", "/", "//"} {
			h := newHarness(t, setup{sim: privxsim.Options{PathPrefix: prefix}})
			h.client = newClient(t.Context(), t, h.url+slash, allFour)
			for _, c := range h.reads() {
				require.NoError(t, c.run(t.Context()), c.name)
				require.NotZero(t, h.sim.CountRequests(c.method, c.path), c.name)
			}
			require.NoError(t, h.client.Logout(t.Context()))
			for _, r := range h.sim.Requests() {
				require.Equal(t, http.StatusOK, r.Status, r.Path)
			}
		}
	}
}

// An id is one segment of the path, whatever it holds.
func TestIDsCannotLeaveTheirPlace(t *testing.T) {
	t.Parallel()
	for id, segment := range map[string]string{
		"":                "", // Nothing may be sent.
		".":               "",
		"..":              "",
		"...":             "",
		"../../auth":      "..%2F..%2Fauth",
		"/":               "%2F",
		"a/b c":           "a%2Fb%20c",
		"%2e%2e":          "%252e%252e",
		"%2e%2e%2f":       "%252e%252e%252f",
		"a?limit=1":       "a%3Flimit=1",
		"a#b":             "a%23b",
		"{}":              "%7B%7D",
		"a;b":             "a%3Bb",
		"\r\nX-Evil: 1":   "%0D%0AX-Evil:%201",
		"é":               "%C3%A9",
		`..\..\auth`:      "..%5C..%5Cauth",
		"search":          "search",
		"1/../../../auth": "1%2F..%2F..%2F..%2Fauth",
	} {
		h := newHarness(t, setup{sim: privxsim.Options{PathPrefix: "/privx"}})
		h.login(t)
		for name, call := range map[string]struct {
			before, after string
			run           func() error
		}{
			"GetUser":     {"/role-store/api/v1/users/", "", func() error { return second(h.client.GetUser(t.Context(), id)) }},
			"UserRoles":   {"/role-store/api/v1/users/", "/roles", func() error { return second(h.client.UserRoles(t.Context(), id)) }},
			"GetRole":     {"/role-store/api/v1/roles/", "", func() error { return second(h.client.GetRole(t.Context(), id)) }},
			"ListMembers": {"/role-store/api/v1/roles/", "/members", func() error { return second(h.client.ListMembers(t.Context(), id, privx.MayBeEmpty, "")) }},
		} {
			err := call.run()
			require.Error(t, err, "%s of %q", name, id)
			if segment == "" {
				wantError(t, err, codes.InvalidArgument, 0)
				require.Empty(t, h.sim.Requests(), "%s of %q", name, id)
				continue
			}
			require.NotEmpty(t, h.sim.Requests(), "%s of %q", name, id)
			for _, r := range h.sim.Requests() {
				require.Equal(t, call.before+segment+call.after, r.Path)
				require.Empty(t, r.Header.Get("X-Evil"))
				require.NotEqual(t, "limit=1", r.RawQuery)
			}
			h.sim.ResetRequests()
		}
	}
}

// The SDK's cache of GET answers is bypassed: each read is a request.
func TestCache_IsOff(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{})
	h.login(t)
	for range 2 {
		for _, c := range h.reads() {
			require.NoError(t, c.run(t.Context()))
		}
	}
	for _, c := range h.reads() {
		require.Equal(t, 2, h.sim.CountRequests(c.method, c.path), c.name)
	}
	for _, r := range h.sim.Requests() {
		require.Equal(t, "no-cache", r.Header.Get("Cache-Control"))
	}
}

func TestNew_IncompleteConfig(t *testing.T) {
	t.Parallel()
	_, err := privx.New(t.Context(), privx.Config{Credentials: allFour})
	require.Error(t, err)
	_, err = privx.New(t.Context(), privx.Config{BaseURL: parseURL(t, "https://privx.example.com")})
	require.Error(t, err)
}

// A host that does not exist is no transient failure.
func TestTransport_UnknownHost(t *testing.T) {
	t.Parallel()
	client := newClient(t.Context(), t, "https://privx.invalid", allFour)
	privx.SetTransport(client, &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "privx.invalid", IsNotFound: true}}
	}})
	e := asError(t, second(client.ListRoles(t.Context(), "")), codes.FailedPrecondition, 0)
	require.Contains(t, e.Hint, "host name in base-url")
	require.Equal(t, errorid.HostUnknown, errorid.Of(e))
	require.EqualValues(t, 1, client.Calls())
}

// A PrivX that is down is a transient failure.
func TestTransport_ConnectionRefused(t *testing.T) {
	t.Parallel()
	server, err := privxsim.Serve(http.NotFoundHandler(), privxsim.ServeOptions{})
	require.NoError(t, err)
	server.Close()
	client := newClient(t.Context(), t, server.URL, allFour)
	err = second(client.ListRoles(t.Context(), ""))
	wantError(t, err, codes.Unavailable, 0)
	require.ErrorContains(t, err, "refused")
	require.EqualValues(t, api.MaxTries, client.Calls())
}

// The proxy of the environment is used, and its password not shown.
func TestProxyOfTheEnvironmentIsUsed(t *testing.T) {
	t.Parallel()
	seen := make(chan *http.Request, 10)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen <- r
		w.WriteHeader(http.StatusForbidden)
	}))
	t.Cleanup(proxy.Close)
	withPassword := strings.Replace(proxy.URL, "http://", "http://user:canary-proxy@", 1)
	_, output := runChild(t, []string{"https://privx.example.test", "https://privx.invalid"}, "HTTPS_PROXY="+withPassword, "NO_PROXY=privx.invalid")
	require.Len(t, seen, 1)
	r := <-seen
	require.Equal(t, http.MethodConnect, r.Method)
	require.Equal(t, "privx.example.test:443", r.Host)
	require.True(t, strings.HasPrefix(r.Header.Get("Proxy-Authorization"), "Basic "))
	require.Empty(t, r.Header.Get("Authorization"))
	require.NotContains(t, output, "canary-proxy")
	require.Empty(t, seen)
}

// A proxy that cannot be used is no reason to show its password either.
func TestUnusableProxy(t *testing.T) {
	t.Parallel()
	for _, proxy := range []string{"http://user:canary-proxy@127.0.0.1:1", "http://user:canary-proxy%zz@127.0.0.1:1"} {
		outcomes, output := runChild(t, []string{"https://privx.example.test"}, "HTTPS_PROXY="+proxy)
		require.False(t, strings.HasPrefix(outcomes[0], "<nil>"), proxy)
		require.NotContains(t, output, "canary", proxy)
	}
}
