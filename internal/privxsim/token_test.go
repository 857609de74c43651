package privxsim_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/conductorone/baton-privx/internal/privxsim"
)

// wantOAuthError checks an error of the shape of OAuth.
func (r response) wantOAuthError(t *testing.T, status int, code string) {
	t.Helper()
	if r.err != nil || r.status != status {
		t.Errorf("status %d, %v, want %d: %s", r.status, r.err, status, r.body)
		return
	}
	if object := r.object(t); object["error"] != code || object["error_description"] == "" {
		t.Errorf("%s, want %s", r.body, code)
	}
}

func TestTokenAnswer(t *testing.T) {
	t.Parallel()
	h := newHarness(t, privxsim.NewStore(), privxsim.Options{TokenTTL: 90 * time.Second})
	res := h.send(h.tokenRequest(passwordForm(admin.ID, admin.Secret)))
	object := res.object(t)
	if object["token_type"] != "bearer" || fmt.Sprint(object["expires_in"]) != "90" {
		t.Errorf("%s", res.body)
	}
	if scope, _ := object["scope"].(string); !strings.HasPrefix(scope, "privx-user ") {
		t.Errorf("scope %q", scope)
	}
	if again := h.login(admin.ID, admin.Secret); again == object["access_token"] {
		t.Error("the same token twice")
	}
}

func TestTokenRefusals(t *testing.T) {
	t.Parallel()
	form := passwordForm(admin.ID, admin.Secret)
	with := func(name, value string) url.Values {
		f := url.Values{}
		for k, v := range form {
			f[k] = v
		}
		f.Set(name, value)
		return f
	}
	wrongOAuth := func(r *http.Request) { r.SetBasicAuth(privxsim.DefaultOAuthClientID, "wrong") }
	for name, c := range map[string]struct {
		form   url.Values
		change func(*http.Request)
		bad    int // Options.BadCredentialsStatus
		status int
		code   string
	}{
		"wrong secret":            {form: with("password", "wrong"), status: 400, code: "invalid_grant"},
		"wrong secret, 401":       {form: with("password", "wrong"), bad: 401, status: 401, code: "invalid_client"},
		"empty secret":            {form: with("password", ""), status: 400, code: "invalid_grant"},
		"unknown client":          {form: with("username", "nobody"), status: 400, code: "invalid_grant"},
		"wrong OAuth client":      {form: form, change: wrongOAuth, status: 400, code: "invalid_client"},
		"wrong OAuth client, 401": {form: form, change: wrongOAuth, bad: 401, status: 401, code: "invalid_client"},
		"no OAuth client":         {form: form, change: func(r *http.Request) { r.Header.Del("Authorization") }, status: 400, code: "invalid_client"},
		"JSON":                    {form: form, change: func(r *http.Request) { r.Header.Set("Content-Type", "application/json") }, status: 400, code: "invalid_request"},
		"no content type":         {form: form, change: func(r *http.Request) { r.Header.Del("Content-Type") }, status: 400, code: "invalid_request"},
		"no grant type":           {form: with("grant_type", ""), status: 400, code: "invalid_request"},
		"unknown grant type":      {form: with("grant_type", "magic"), status: 400, code: "unsupported_grant_type"},
		"client credentials":      {form: with("grant_type", "client_credentials"), status: 400, code: "unauthorized_client"},
		"empty form":              {form: form, change: func(r *http.Request) { r.Body = http.NoBody; r.ContentLength = 0 }, status: 400, code: "invalid_request"},
		"form-encoded OAuth credential": {form: form, change: func(r *http.Request) {
			r.SetBasicAuth("privx-external", url.QueryEscape(privxsim.DefaultOAuthClientSecret))
		}, status: 400, code: "invalid_client"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, privxsim.NewStore(), privxsim.Options{BadCredentialsStatus: c.bad})
			r := h.tokenRequest(c.form)
			if c.change != nil {
				c.change(r)
			}
			h.send(r).wantOAuthError(t, c.status, c.code)
			if n := h.sim.Sessions(); n != 1 {
				t.Errorf("%d sessions, want the harness's own", n)
			}
		})
	}
}

// An API client whose secret nobody set has none: not an empty one.
func TestNoSecretIsNoEmptySecret(t *testing.T) {
	t.Parallel()
	h := newHarness(t, privxsim.NewStore(), privxsim.Options{})
	client := h.store.AddAPIClient(privxsim.APIClient{Name: "without secret"})
	h.send(h.tokenRequest(passwordForm(client.ID, ""))).wantOAuthError(t, http.StatusBadRequest, "invalid_grant")
}

func TestOwnOAuthClient(t *testing.T) {
	t.Parallel()
	store := privxsim.NewStore()
	store.AddAPIClient(admin)
	server, err := privxsim.Serve(privxsim.New(store, privxsim.Options{OAuthClientID: "other", OAuthClientSecret: "s"}), privxsim.ServeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	h := &harness{t: t, url: server.URL, http: http.DefaultClient}
	r := h.tokenRequest(passwordForm(admin.ID, admin.Secret))
	h.send(r).wantOAuthError(t, http.StatusBadRequest, "invalid_client")
	r = h.tokenRequest(passwordForm(admin.ID, admin.Secret))
	r.SetBasicAuth("other", "s")
	if res := h.send(r); res.status != http.StatusOK {
		t.Errorf("%d %s", res.status, res.body)
	}
}

func TestPublicClient(t *testing.T) {
	t.Parallel()
	right := fmt.Sprintf(`{"grant_type":"client_credentials","client_id":%q,"client_secret":%q}`, admin.ID, admin.Secret)
	post := func(h *harness, contentType, body string) response {
		r := h.request(t.Context(), http.MethodPost, publicPath, body)
		r.Header.Del("Authorization")
		r.Header.Set("Content-Type", contentType)
		return h.send(r)
	}
	confidential := newHarness(t, privxsim.NewStore(), privxsim.Options{})
	post(confidential, "application/json", right).wantOAuthError(t, http.StatusBadRequest, "unauthorized_client")

	h := newHarness(t, privxsim.NewStore(), privxsim.Options{PublicClient: true})
	res := post(h, "application/json; charset=utf-8", right)
	token, _ := res.object(t)["access_token"].(string)
	h.token = token
	if status := h.get(rolesPath).status; status != http.StatusOK {
		t.Errorf("%d with %s", status, res.body)
	}
	post(h, "application/json", strings.ReplaceAll(right, admin.Secret, "wrong")).wantOAuthError(t, http.StatusBadRequest, "invalid_client")
	post(h, "application/json", strings.ReplaceAll(right, "client_credentials", "password")).wantOAuthError(t, http.StatusBadRequest, "unsupported_grant_type")
	post(h, "application/x-www-form-urlencoded", passwordForm(admin.ID, admin.Secret).Encode()).wantOAuthError(t, http.StatusBadRequest, "invalid_request")
	post(h, "application/json", "{").wantOAuthError(t, http.StatusBadRequest, "invalid_request")
}

func TestOAuthClientCredentials(t *testing.T) {
	t.Parallel()
	store := privxsim.NewStore()
	first := store.AddAPIClient(privxsim.APIClient{Name: "first", Secret: "s"})
	form := url.Values{"grant_type": {"client_credentials"}}
	for principal, want := range map[string]string{"": first.ID, admin.ID: admin.ID} {
		h := newHarness(t, store, privxsim.Options{OAuthClientCredentials: true, OAuthPrincipal: principal})
		token, _ := h.send(h.tokenRequest(form)).object(t)["access_token"].(string)
		h.token = token
		if got := h.get(usersPath + "current").object(t)["id"]; got != want {
			t.Errorf("acts as %v, want %s", got, want)
		}
	}
}

func TestExpiresInIsAsToldTo(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{"-1", "1e12", `"300"`, "0", ""} {
		h := newHarness(t, privxsim.NewStore(), privxsim.Options{ExpiresIn: &raw})
		object := h.send(h.tokenRequest(passwordForm(admin.ID, admin.Secret))).object(t)
		got, there := object["expires_in"]
		if raw == "" {
			if there {
				t.Errorf("expires_in is there: %v", got)
			}
		} else if string(marshal(t, got)) != raw {
			t.Errorf("expires_in %v, want %s", got, raw)
		}
	}
}

func TestTokensExpire(t *testing.T) {
	t.Parallel()
	c := newClock(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
	h := newHarness(t, privxsim.NewStore(), privxsim.Options{Clock: c.Now})
	c.advance(5*time.Minute - time.Nanosecond)
	res := h.get(rolesPath)
	if res.status != http.StatusOK {
		t.Errorf("%d before the token's time is over", res.status)
	}
	if date := res.header.Get("Date"); date != "Tue, 01 Jan 2030 00:04:59 GMT" {
		t.Errorf("Date %q", date)
	}
	c.advance(time.Nanosecond)
	h.get(rolesPath).wantError(t, http.StatusUnauthorized, "")
}

// A new token is refused for a while by all nodes, and holds no longer for it.
func TestTokenDelay(t *testing.T) {
	t.Parallel()
	const delay = 2 * time.Second
	for name, nodes := range map[string][]privxsim.Node{
		"one node": nil, "its issuer": {{TokenLag: time.Hour}}, "a node that lags less": {{}, {TokenLag: time.Second}},
	} {
		c := newClock(clusterStart)
		h := newHarness(t, privxsim.NewStore(), privxsim.Options{
			Clock: c.Now, TokenDelay: delay, Nodes: nodes,
			Route: func(r privxsim.Request) int {
				if r.Path == tokenPath {
					return 0
				}
				return max(len(nodes)-1, 0)
			},
		})
		statuses := []int{h.get(rolesPath).status}
		for _, passes := range []time.Duration{delay - 1, 1, 5*time.Minute - delay - 1, 1} {
			c.advance(passes)
			statuses = append(statuses, h.get(rolesPath).status)
		}
		if want := []int{401, 401, 200, 200, 401}; !slices.Equal(statuses, want) {
			t.Errorf("%s: %v, want %v", name, statuses, want)
		}
	}
}

func TestTokensThatAreNone(t *testing.T) {
	t.Parallel()
	h := newHarness(t, privxsim.NewStore(), privxsim.Options{})
	for _, header := range []string{"", "Bearer", "Bearer ", "Bearer made-up", "Basic " + h.token, h.token} {
		r := h.request(t.Context(), http.MethodGet, rolesPath, "")
		r.Header.Set("Authorization", header)
		h.send(r).wantError(t, http.StatusUnauthorized, "")
	}
}

func TestSessions(t *testing.T) {
	t.Parallel()
	h := newHarness(t, privxsim.NewStore(), privxsim.Options{})
	other := h.login(admin.ID, admin.Secret)
	if n := h.sim.Sessions(); n != 2 {
		t.Errorf("%d sessions, want 2", n)
	}
	if res := h.do(http.MethodPost, logoutPath, ""); res.status != http.StatusOK || len(res.body) != 0 {
		t.Errorf("logout: %d %s", res.status, res.body)
	}
	h.do(http.MethodPost, logoutPath, "").wantError(t, http.StatusUnauthorized, "")
	if n := h.sim.Sessions(); n != 1 {
		t.Errorf("%d sessions after a logout, want 1", n)
	}
	h.token = other
	if res := h.get(rolesPath); res.status != http.StatusOK {
		t.Errorf("the other session: %d", res.status)
	}
	h.sim.RevokeTokens()
	h.get(rolesPath).wantError(t, http.StatusUnauthorized, "")
	if n := h.sim.Sessions(); n != 0 {
		t.Errorf("%d sessions after revocation", n)
	}
	h.token = h.login(admin.ID, admin.Secret)
	if res := h.get(rolesPath); res.status != http.StatusOK {
		t.Errorf("a new session: %d", res.status)
	}
}
