package privxsim_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/conductorone/baton-privx/internal/privxsim"
)

const (
	tokenPath  = "/auth/api/v1/oauth/token"
	publicPath = "/auth/api/v1/oauth/clientcredentials/privx-external/token"
	logoutPath = "/auth/api/v1/logout"
	searchPath = "/role-store/api/v1/users/search"
	usersPath  = "/role-store/api/v1/users/"
	rolesPath  = "/role-store/api/v1/roles"
	sourcePath = "/role-store/api/v1/sources"
	statusPath = "/role-store/api/v1/status"
)

// harness is a simulator on a port, with an administrator's token.
type harness struct {
	t     *testing.T
	store *privxsim.Store
	sim   *privxsim.Simulator
	url   string
	token string
	http  *http.Client
}

// admin is the API client that a harness adds to its store.
var admin = privxsim.APIClient{ID: "a0000000-0000-4000-8000-00000000000a", Name: "admin client", Secret: "admin/secret+="}

// newPipedHarness makes one for a test in which time is fake.
func newPipedHarness(t *testing.T, opts privxsim.Options) *harness {
	t.Helper()
	store := privxsim.NewStore()
	addAdmin(store)
	sim := privxsim.New(store, opts)
	pipes := privxsim.ServePipes(sim)
	t.Cleanup(pipes.Close)
	h := &harness{t: t, store: store, sim: sim, url: "http://privx", http: &http.Client{Transport: pipes.Transport}}
	h.token = h.login(admin.ID, admin.Secret)
	return h
}

func addAdmin(store *privxsim.Store) {
	store.AddAPIClient(admin)
	store.GrantExplicit(store.AdminRoleID(), admin.ID, privxsim.Grant{})
}

func newHarness(t *testing.T, store *privxsim.Store, opts privxsim.Options) *harness {
	t.Helper()
	addAdmin(store)
	return newHarnessOf(t, store, privxsim.New(store, opts), opts.PathPrefix)
}

// newHarnessOf makes one of a simulator that was put together otherwise.
func newHarnessOf(t *testing.T, store *privxsim.Store, sim *privxsim.Simulator, pathPrefix string) *harness {
	t.Helper()
	server, err := privxsim.Serve(sim, privxsim.ServeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	transport := &http.Transport{DisableKeepAlives: true} // each request's fate is its own
	h := &harness{
		t: t, store: store, sim: sim, url: server.URL + strings.TrimRight(pathPrefix, "/"),
		http: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}
	h.token = h.login(admin.ID, admin.Secret)
	sim.ResetRequests()
	return h
}

// response is an answer that was read as far as it came.
type response struct {
	status int
	header http.Header
	body   []byte
	err    error // of the connection
}

func (h *harness) request(ctx context.Context, method, path, body string) *http.Request {
	h.t.Helper()
	r, err := http.NewRequestWithContext(ctx, method, h.url+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	if h.token != "" {
		r.Header.Set("Authorization", "Bearer "+h.token)
	}
	return r
}

func (h *harness) send(r *http.Request) response {
	res, err := h.http.Do(r)
	if err != nil {
		return response{err: err}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return response{res.StatusCode, res.Header, body, err}
}

func (h *harness) do(method, path, body string) response {
	h.t.Helper()
	return h.send(h.request(h.t.Context(), method, path, body))
}

func (h *harness) get(path string) response {
	h.t.Helper()
	return h.do(http.MethodGet, path, "")
}

func (h *harness) search(query, body string) response {
	h.t.Helper()
	return h.do(http.MethodPost, searchPath+query, body)
}

func (h *harness) putRoles(userID, body string) response {
	h.t.Helper()
	return h.do(http.MethodPut, usersPath+userID+"/roles", body)
}

// tokenRequest is a form to the token endpoint, from the right OAuth client.
func (h *harness) tokenRequest(form url.Values) *http.Request {
	h.t.Helper()
	r := h.request(h.t.Context(), http.MethodPost, tokenPath, form.Encode())
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(privxsim.DefaultOAuthClientID, privxsim.DefaultOAuthClientSecret)
	return r
}

func passwordForm(id, secret string) url.Values {
	return url.Values{"grant_type": {"password"}, "username": {id}, "password": {secret}}
}

// login returns a new token of an API client.
func (h *harness) login(id, secret string) string {
	h.t.Helper()
	res := h.send(h.tokenRequest(passwordForm(id, secret)))
	token, ok := res.object(h.t)["access_token"].(string)
	if res.status != http.StatusOK || !ok {
		h.t.Fatalf("login: %d %s", res.status, res.body)
	}
	return token
}

// object decodes a JSON object, with numbers as they were written.
func (r response) object(t *testing.T) map[string]any {
	t.Helper()
	return decode[map[string]any](t, r.body)
}

// items decodes the items of a list.
func (r response) items(t *testing.T) []map[string]any {
	t.Helper()
	if r.status != http.StatusOK {
		t.Fatalf("status %d: %s", r.status, r.body)
	}
	list := decode[struct{ Items []map[string]any }](t, r.body)
	return list.Items
}

func decode[T any](t *testing.T, data []byte) T {
	t.Helper()
	var v T
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(&v); err != nil {
		t.Fatalf("%v in %.300s", err, data)
	}
	return v
}

// values returns one member of each object, as text.
func values(objects []map[string]any, name string) []string {
	texts := []string{}
	for _, o := range objects {
		texts = append(texts, fmt.Sprint(o[name]))
	}
	return texts
}

// wantError checks an error of the API.
func (r response) wantError(t *testing.T, status int, property string) {
	t.Helper()
	if r.err != nil || r.status != status {
		t.Errorf("status %d, %v, want %d: %.300s", r.status, r.err, status, r.body)
		return
	}
	object := r.object(t)
	if code, _ := object["error_code"].(string); code == "" {
		t.Errorf("no error_code: %s", r.body)
	}
	if got, _ := object["property"].(string); got != property {
		t.Errorf("property %q, want %q", got, property)
	}
}

// clock is a time that a test moves.
type clock struct{ now chan time.Time }

func newClock(start time.Time) clock {
	c := clock{make(chan time.Time, 1)}
	c.now <- start
	return c
}

func (c clock) Now() time.Time {
	now := <-c.now
	c.now <- now
	return now
}

func (c clock) advance(d time.Duration) { c.now <- (<-c.now).Add(d) }
