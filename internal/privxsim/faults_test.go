package privxsim_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/conductorone/baton-privx/internal/privxsim"
)

// fault injects a fault into all requests for roles.
func (h *harness) fault(f privxsim.Fault) {
	f.Path = rolesPath
	h.sim.Inject(f)
}

// lastStatus is how the last request was recorded.
func (h *harness) lastStatus() int {
	requests := h.sim.Requests()
	return requests[len(requests)-1].Status
}

// Faults that answer by themselves.
func TestFaultsInPlaceOfAnAnswer(t *testing.T) {
	t.Parallel()
	const html, typeJSON = "text/html; charset=utf-8", "application/json"
	for name, c := range map[string]struct {
		fault       privxsim.Fault
		status      int
		contentType string
		body        string // how it begins
	}{
		"status":          {privxsim.Fault{Status: 503}, 503, typeJSON, `{"error_code":"SERVICE_UNAVAILABLE"`},
		"status, none":    {privxsim.Fault{}, 500, typeJSON, `{"error_code":"GENERAL_ERROR"`},
		"status 429":      {privxsim.Fault{Status: 429, Header: http.Header{"Retry-After": {"2"}}}, 429, typeJSON, `{"error_code":"TOO_MANY_REQUESTS"`},
		"status 404":      {privxsim.Fault{Status: 404}, 404, typeJSON, `{"error_code":"OBJECT_NOT_FOUND"`},
		"status 307":      {privxsim.Fault{Status: 307, Header: http.Header{"Location": {"/x"}}}, 307, typeJSON, `{"error_code"`},
		"status and body": {privxsim.Fault{Status: 502, Body: "<html>", Header: http.Header{"content-type": {"text/html"}}}, 502, "text/html", "<html>"},
		"HTML":            {privxsim.Fault{Kind: privxsim.FaultHTML}, 200, html, "<!DOCTYPE html>"},
		"HTML 502":        {privxsim.Fault{Kind: privxsim.FaultHTML, Status: 502}, 502, html, "<!DOCTYPE html>"},
		"redirect":        {privxsim.Fault{Kind: privxsim.FaultRedirect}, 302, html, "<!DOCTYPE html>"},
		"redirect 301":    {privxsim.Fault{Kind: privxsim.FaultRedirect, Status: 301, Header: http.Header{"Location": {"https://example.com/"}}}, 301, html, "<!DOCTYPE html>"},
		"garbage":         {privxsim.Fault{Kind: privxsim.FaultGarbage}, 200, typeJSON, "\x00"},
		"empty":           {privxsim.Fault{Kind: privxsim.FaultEmpty}, 200, typeJSON, ""},
		"no content":      {privxsim.Fault{Kind: privxsim.FaultNoContent}, 204, "", ""},
		"null":            {privxsim.Fault{Kind: privxsim.FaultNull}, 200, typeJSON, "null"},
		"nested":          {privxsim.Fault{Kind: privxsim.FaultNested}, 200, typeJSON, `{"count":1,"items":[[[[`},
		"empty list":      {privxsim.Fault{Kind: privxsim.FaultEmptyList}, 200, typeJSON, `{"count":0,"items":[]}`},
		"null items":      {privxsim.Fault{Kind: privxsim.FaultNullItems}, 200, typeJSON, `{"count":0,"items":null}`},
		"no body":         {privxsim.Fault{Kind: privxsim.FaultNoBody}, 500, "", ""},
		"no body, 400":    {privxsim.Fault{Kind: privxsim.FaultNoBody, Status: 400}, 400, "", ""},
		"no body, 401":    {privxsim.Fault{Kind: privxsim.FaultNoBody, Status: 401}, 401, "", ""},
		"no body, 403":    {privxsim.Fault{Kind: privxsim.FaultNoBody, Status: 403}, 403, "", ""},
		"no body, 404":    {privxsim.Fault{Kind: privxsim.FaultNoBody, Status: 404}, 404, "", ""},
		"dropped write":   {privxsim.Fault{Kind: privxsim.FaultDropWrite}, 200, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, privxsim.NewStore(), privxsim.Options{})
			h.fault(c.fault)
			res := h.get(rolesPath)
			if res.err != nil || res.status != c.status || h.lastStatus() != c.status {
				t.Errorf("status %d, recorded %d, %v, want %d", res.status, h.lastStatus(), res.err, c.status)
			}
			if got := res.header.Get("Content-Type"); got != c.contentType {
				t.Errorf("content type %q, want %q", got, c.contentType)
			}
			if !strings.HasPrefix(string(res.body), c.body) || c.body == "" && len(res.body) > 0 {
				t.Errorf("body %.100q", res.body)
			}
			for name, want := range c.fault.Header {
				if got := res.header.Get(name); got != want[0] {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
			if location := res.header.Get("Location"); c.status == 302 && location != "/auth/login" {
				t.Errorf("Location %q", location)
			}
		})
	}
}

func TestFaultsOfTheTokenEndpointHaveItsShape(t *testing.T) {
	t.Parallel()
	h := newHarness(t, privxsim.NewStore(), privxsim.Options{})
	h.sim.Inject(privxsim.Fault{Path: tokenPath, Status: 401, Count: 1})
	h.sim.Inject(privxsim.Fault{Path: tokenPath, Status: 503})
	form := passwordForm(admin.ID, admin.Secret)
	h.send(h.tokenRequest(form)).wantOAuthError(t, 401, "invalid_client")
	h.send(h.tokenRequest(form)).wantOAuthError(t, 503, "invalid_request")
	h.sim.ClearFaults()
	for _, status := range []int{400, 401, 403, 404, 500} {
		h.sim.Inject(privxsim.Fault{Path: tokenPath, Kind: privxsim.FaultNoBody, Status: status, Count: 1})
		res := h.send(h.tokenRequest(form))
		if res.status != status || len(res.body) != 0 || res.header["Content-Type"] != nil {
			t.Errorf("without a body: %d, want %d: %q %s", res.status, status, res.header, res.body)
		}
	}
}

// Faults that damage the true answer.
func TestDamagedAnswers(t *testing.T) {
	t.Parallel()
	h := newHarness(t, privxsim.NewStore(), privxsim.Options{})
	truth := h.get(rolesPath).body
	half := truth[:len(truth)/2]
	for kind, want := range map[privxsim.FaultKind]struct {
		body []byte
		err  error
	}{
		privxsim.FaultTruncated: {half, nil},
		privxsim.FaultCut:       {half, io.ErrUnexpectedEOF},
		privxsim.FaultTrailing:  {append(slices.Clone(truth), "}]garbage"...), nil},
	} {
		h.sim.ClearFaults()
		h.fault(privxsim.Fault{Kind: kind})
		res := h.get(rolesPath)
		if res.status != http.StatusOK || !errors.Is(res.err, want.err) || !bytes.Equal(res.body, want.body) {
			t.Errorf("%s: %d, %v, %d bytes, want %v, %d bytes", kind, res.status, res.err, len(res.body), want.err, len(want.body))
		}
	}
	h.sim.ClearFaults()
	if res := h.get(rolesPath); !bytes.Equal(res.body, truth) {
		t.Errorf("a fault left something behind: %s", res.body)
	}
}

func TestResets(t *testing.T) {
	t.Parallel()
	for kind, executed := range map[privxsim.FaultKind]bool{privxsim.FaultResetBefore: false, privxsim.FaultResetAfter: true} {
		for _, useTLS := range []bool{false, true} {
			g := newGrants(t, privxsim.Options{})
			if useTLS {
				g.serveTLS()
			}
			g.sim.Inject(privxsim.Fault{Method: http.MethodPut, Kind: kind})
			res := g.putRoles(g.user, "[]")
			if !errors.Is(res.err, syscall.ECONNRESET) || g.lastStatus() != 0 {
				t.Errorf("%s: %d, %v, recorded %d", kind, res.status, res.err, g.lastStatus())
			}
			if done := g.memberships()[g.both] == onlyImplicit; done != executed {
				t.Errorf("%s: executed %t", kind, done)
			}
		}
	}
}

// Writes that were answered with success but not executed.
func TestDroppedWrite(t *testing.T) {
	t.Parallel()
	g := newGrants(t, privxsim.Options{})
	g.sim.Inject(privxsim.Fault{Method: http.MethodPut, Kind: privxsim.FaultDropWrite})
	if res := g.putRoles(g.user, "[]"); res.status != http.StatusOK || len(res.body) != 0 || g.memberships()[g.both] != bothParts {
		t.Errorf("%d %s %v", res.status, res.body, g.memberships())
	}
}

// A write that was executed although its answer says otherwise.
func TestStatusAfterExecution(t *testing.T) {
	t.Parallel()
	g := newGrants(t, privxsim.Options{})
	g.sim.Inject(privxsim.Fault{Method: http.MethodPut, Kind: privxsim.FaultStatusAfter, Status: http.StatusBadGateway})
	g.putRoles(g.user, "[]").wantError(t, http.StatusBadGateway, "")
	if g.lastStatus() != http.StatusBadGateway || g.memberships()[g.both] != onlyImplicit {
		t.Errorf("recorded %d, %v", g.lastStatus(), g.memberships())
	}
}

func TestOtherHeaders(t *testing.T) {
	t.Parallel()
	h := newHarness(t, privxsim.NewStore(), privxsim.Options{})
	const date = "Wed, 04 Mar 2026 05:06:07 GMT"
	h.fault(privxsim.Fault{Kind: privxsim.FaultHeader, Header: http.Header{"date": {date}, "X-New": {"1"}}, Count: 1})
	h.fault(privxsim.Fault{Kind: privxsim.FaultHeader, Header: http.Header{"Date": nil}})
	for _, want := range [][]string{{date}, nil} {
		res := h.get(rolesPath)
		if got := res.header.Values("Date"); !slices.Equal(got, want) || len(res.items(t)) != 2 {
			t.Errorf("Date %q, want %q: %d %s", got, want, res.status, res.body)
		}
		if got := res.header.Get("X-New"); (got == "1") != (want != nil) {
			t.Errorf("X-New %q", got)
		}
	}
}

// JSON of another type, or of none, from any endpoint, as it would be without.
func TestOtherContentTypes(t *testing.T) {
	t.Parallel()
	g := newGrants(t, privxsim.Options{})
	form := passwordForm(admin.ID, admin.Secret)
	for _, want := range [][]string{{"text/plain"}, {"text/html;charset=utf-8"}, {"application/octet-stream"}, nil} {
		fault, err := privxsim.ParseFault("* * kind=header content-type=" + strings.Join(want, ""))
		if err != nil {
			t.Fatal(err)
		}
		for name, ask := range map[string]func() response{
			"roles":   func() response { return g.get(rolesPath) },
			"users":   func() response { return g.search("", "{}") },
			"one":     func() response { return g.get(usersPath + g.user) },
			"members": func() response { return g.get(rolesPath + "/" + g.both + "/members") },
			"unknown": func() response { return g.get(usersPath + nthID(1)) },
			"token":   func() response { return g.send(g.tokenRequest(form)) },
		} {
			g.sim.ClearFaults()
			truth := ask()
			g.sim.Inject(fault)
			res := ask()
			if got := res.header["Content-Type"]; !slices.Equal(got, want) {
				t.Errorf("%s: content type %q, want %q", name, got, want)
			}
			if name == "token" { // each is another, and what is asked next needs it
				g.token = fmt.Sprint(res.object(t)["access_token"])
				continue
			}
			if res.status != truth.status || !bytes.Equal(res.body, truth.body) {
				t.Errorf("%s: %d %s, truly %d %s", name, res.status, res.body, truth.status, truth.body)
			}
		}
	}
}

// A fault can be for large pages alone: what asks for less, or does not say, neither
// meets it nor counts as met.
func TestFaultsOfLargePages(t *testing.T) {
	t.Parallel()
	h := newHarness(t, privxsim.NewStore(), privxsim.Options{})
	h.sim.Inject(privxsim.Fault{MinLimit: 501, Kind: privxsim.FaultHTML, Status: 504, Skip: 1, Count: 3})
	h.sim.Inject(privxsim.Fault{MinLimit: 200, Status: 400})
	var got []int
	for _, query := range []string{"", "?limit=199", "?limit=x", "?limit=501", "?limit=500", "?limit=501", "?limit=1000&offset=5", "?limit=200"} {
		got = append(got, h.get(rolesPath+query).status)
	}
	if want := []int{200, 200, 400, 400, 400, 504, 504, 400}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	res := h.search("?limit=501", "{}")
	if res.status != http.StatusGatewayTimeout || !strings.HasPrefix(res.header.Get("Content-Type"), "text/html") || !bytes.HasPrefix(res.body, []byte("<!DOCTYPE html>")) {
		t.Errorf("%d %q %s", res.status, res.header, res.body)
	}
	if res := h.send(h.tokenRequest(passwordForm(admin.ID, admin.Secret))); res.status != http.StatusOK {
		t.Errorf("a token: %d %s", res.status, res.body)
	}
}

// A node that lags shows what was before the last write, until there is another.
func TestStaleReads(t *testing.T) {
	t.Parallel()
	g := newGrants(t, privxsim.Options{})
	path := usersPath + g.user + "/roles"
	first := g.get(path)
	g.sim.Inject(privxsim.Fault{Method: http.MethodGet, Path: usersPath + "*/roles", Kind: privxsim.FaultStale, Count: 1})
	shown := func() string { return string(g.get(path).body) }
	put := func(body string) {
		if res := g.putRoles(g.user, body); res.status != http.StatusOK {
			t.Fatalf("%d %s", res.status, res.body)
		}
	}
	if shown() != string(first.body) {
		t.Error("there is nothing to lag behind yet")
	}
	put("[]")
	second := shown()
	g.sim.Inject(privxsim.Fault{Method: http.MethodGet, Path: usersPath + "*/roles", Kind: privxsim.FaultStale})
	if second == string(first.body) || shown() != string(first.body) {
		t.Error("what was before the first write")
	}
	put(fmt.Sprintf(`[{"id":%q,"explicit":true}]`, g.plain))
	if shown() != second {
		t.Error("what was before the second write")
	}
}

func TestRepeatedPage(t *testing.T) {
	t.Parallel()
	h := newHarness(t, manyUsers(9), privxsim.Options{})
	h.sim.Inject(privxsim.Fault{Path: searchPath, Kind: privxsim.FaultRepeatPage})
	first, later := h.search("?limit=3", "{}").items(t), h.search("?limit=3&offset=6", "{}").items(t)
	if got, want := values(later, "id"), values(first, "id"); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestNestedAnswerIsJSON(t *testing.T) {
	t.Parallel()
	h := newHarness(t, privxsim.NewStore(), privxsim.Options{})
	h.fault(privxsim.Fault{Kind: privxsim.FaultNested})
	body := h.get(rolesPath).body
	if strings.Count(string(body), "[") != strings.Count(string(body), "]") {
		t.Error("brackets do not match")
	}
	var v any
	if err := json.Unmarshal(body, &v); err == nil {
		t.Error("the standard decoder, which bounds the depth, takes it")
	}
}

// Faults hit the requests that fit, after Skip and for Count of them, the first
// injected first.
func TestWhichRequestsAreHit(t *testing.T) {
	t.Parallel()
	h := newHarness(t, privxsim.NewStore(), privxsim.Options{})
	role := rolesPath + "/" + h.store.UserRoleID()
	h.sim.Inject(privxsim.Fault{Method: http.MethodGet, Path: "/role-store/api/v1/roles/*/members", Status: 501, Skip: 1, Count: 2})
	h.sim.Inject(privxsim.Fault{Path: "/role-store/api/v1/roles/*/members", Status: 502, Count: 1})
	var got []int
	for range 5 {
		got = append(got, h.get(role+"/members").status)
	}
	if want := []int{502, 501, 501, 200, 200}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if res := h.get(role); res.status != http.StatusOK {
		t.Errorf("another path: %d", res.status)
	}
	if res := h.get(rolesPath + "/" + h.store.AdminRoleID() + "/members/x"); res.status != http.StatusOK {
		t.Errorf("a longer path: %d", res.status)
	}
	h.sim.Inject(privxsim.Fault{Method: http.MethodPut, Status: 409})
	if res := h.get(rolesPath); res.status != http.StatusOK {
		t.Errorf("another method: %d", res.status)
	}
	if res := h.putRoles(admin.ID, "[]"); res.status != http.StatusConflict {
		t.Errorf("any path: %d", res.status)
	}
}

// serveTLS serves the simulator once more, with TLS.
func (h *harness) serveTLS() {
	h.t.Helper()
	server, err := privxsim.Serve(h.sim, privxsim.ServeOptions{TLS: true})
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(server.Close)
	h.url, h.http = server.URL, trusting(h.t, server.CAPEM)
}
