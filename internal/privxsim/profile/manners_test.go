package profile_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/internal/privxsim/profile"
)

const (
	root    = "/role-store/api/v1/"
	nobody  = root + "users/00000000-0000-4000-8000-000000000000"
	forForm = "application/x-www-form-urlencoded"
)

// site is a simulated PrivX that has taken on a profile.
type site struct {
	t          *testing.T
	store      *privxsim.Store
	url, token string
	// member has a role by a rule, which is memberOf, and ending one by a grant that ends.
	// empty is a role that nobody has.
	member, memberOf, ending, empty string
}

// take serves a simulator with the manners of a side.
func take(t *testing.T, answers map[string]string, before ...privxsim.Fault) *site {
	t.Helper()
	p := &profile.Profile{Answers: map[string]profile.Answer{}}
	for id, side := range answers {
		p.Answers[id] = profile.Answer{Side: side}
	}
	var options privxsim.Options
	p.Apply(&options)
	store := privxsim.Seed(privxsim.SeedOptions{Users: 40, Roles: 12})
	sim := privxsim.New(store, options)
	for _, fault := range before {
		sim.Inject(fault)
	}
	p.Prepare(sim, store)
	server, err := privxsim.Serve(sim, privxsim.ServeOptions{})
	require.NoError(t, err)
	t.Cleanup(server.Close)
	s := &site{t: t, store: store, url: server.URL}
	for _, m := range store.Memberships() {
		switch {
		case m.Implicit && !m.Explicit && m.RoleID != store.UserRoleID() && m.RoleID != store.AdminRoleID():
			s.memberOf, s.member = m.RoleID, m.UserID
		case m.Grant.Type == privxsim.GrantTimeRestricted && len(m.Grant.Periods) == 1:
			s.ending = m.UserID
		}
	}
	for _, role := range store.Roles() {
		if role.Name == "Empty role" {
			s.empty = role.ID
		}
	}
	s.login()
	return s
}

func (s *site) login() {
	form := url.Values{"grant_type": {"password"}, "username": {privxsim.DefaultAPIClientID}, "password": {privxsim.DefaultAPIClientSecret}}
	var login struct {
		Token string `json:"access_token"`
	}
	_, body := s.do(http.MethodPost, "/auth/api/v1/oauth/token", form.Encode())
	require.NoError(s.t, json.Unmarshal([]byte(body), &login), body)
	s.token = login.Token
}

// answer is an answer without its body.
type answer struct {
	status int
	header http.Header
}

// do asks and returns the answer, with its body.
func (s *site) do(method, path, body string) (answer, string) {
	s.t.Helper()
	rq, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	require.NoError(s.t, err)
	if s.token == "" {
		rq.SetBasicAuth(privxsim.DefaultOAuthClientID, privxsim.DefaultOAuthClientSecret)
		rq.Header.Set("Content-Type", forForm)
	} else {
		rq.Header.Set("Authorization", "Bearer "+s.token)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(rq)
	require.NoError(s.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	return answer{response.StatusCode, response.Header}, string(text)
}

// What no option makes is made all the same, and seen over the wire.
func TestManners(t *testing.T) {
	t.Parallel()
	for side, c := range map[string]struct {
		method, path, body string
		of                 func(*site) string // The path, where it depends on the store.
		status             int
		has, hasNot        string
		other              func(t *testing.T, a answer)
	}{
		"PXQ-001 c": {path: root + "roles?limit=5000", status: http.StatusBadRequest},
		"PXQ-005 b": {of: members, status: http.StatusBadRequest, has: `"property":"sortkey"`},
		"PXQ-009 b": {of: func(s *site) string { return root + "roles/" + s.empty + "/members" }, status: http.StatusOK, has: `"items":null`},
		"PXQ-010 b": {method: http.MethodPost, path: root + "users/search", body: "{}", status: http.StatusOK, has: `"count":40`, hasNot: "API-CLIENT"},
		"PXQ-019 b": {of: func(s *site) string { return root + "roles/" + s.store.UserRoleID() + "/members" }, status: http.StatusOK, has: `"count":0,"items":[]`},
		"PXQ-021 b": {of: roles, status: http.StatusOK, has: `"risk_level":"low"`, hasNot: "owner_src"},
		"PXQ-022 b": {of: roles, status: http.StatusOK, has: `"grant_type":"PERMANENT","id"`},
		"PXQ-027 b": {of: ending, status: http.StatusOK, has: `"grant_start":"2`, hasNot: "grant_validity_periods"},
		"PXQ-027 c": {of: ending, status: http.StatusOK, has: `"grant_end":"31.12.2099 23:59"`, hasNot: "grant_validity_periods"},
		"PXQ-028 b": {of: roles, status: http.StatusForbidden, has: "PERMISSION_DENIED"},
		"PXQ-031 b": {method: http.MethodPut, of: roles, body: "[]", status: http.StatusBadRequest},
		"PXQ-034 b": {path: nobody, status: http.StatusBadRequest, has: "USER_NOT_FOUND"},
		"PXQ-034 c": {path: nobody, status: http.StatusNotFound, has: "error_message", hasNot: "error_code"},
		"PXQ-035 b": {method: http.MethodPut, of: roles, body: "[]", status: http.StatusAccepted, has: "{}"},
		"PXQ-037 b": {path: root + "status", status: http.StatusOK, has: "version", hasNot: "zdu"},
		"PXQ-047 b": {method: http.MethodPost, path: "/auth/api/v1/logout", status: http.StatusForbidden},
		"PXQ-049 b": {path: root + "users/current", status: http.StatusOK, has: `"id":"6f2b8c1d`},
		"PXQ-051 b": {path: nobody, status: http.StatusNotFound, has: "PRIVX_OBJECT_NOT_FOUND"},
		"PXQ-052 b": {path: nobody, status: http.StatusNotFound, hasNot: "error_code"},
		"PXQ-052 c": {path: nobody, status: http.StatusNotFound, has: `"details":null`},
		"PXQ-052 d": {path: nobody, status: http.StatusNotFound, has: "<html>"},
		"PXQ-053 b": {path: root + "users/none", status: http.StatusNotFound, has: "OBJECT_NOT_FOUND"},
		"PXQ-054 b": {method: http.MethodOptions, path: root + "roles", status: http.StatusMethodNotAllowed, has: "<html>"},
		"PXQ-056 b": {path: root + "none", status: http.StatusNotFound, has: "<html>"},
		"PXQ-058 b": {path: root + "roles", status: http.StatusOK, has: "items", other: func(t *testing.T, a answer) {
			require.Equal(t, "text/plain", a.header.Get("Content-Type"))
		}},
		"PXQ-059 b": {path: root + "roles", status: http.StatusOK, has: "items", other: func(t *testing.T, a answer) {
			require.Empty(t, a.header.Values("Date"))
		}},
		"PXQ-060 b": {path: root + "sources", status: http.StatusOK, has: `"items":[]`},
		"PXQ-061 b": {method: http.MethodPost, path: root + "users/search", body: "{}", status: http.StatusOK, has: `"disabled":true`},
		"PXQ-071 b": {of: roles, status: http.StatusOK},
		"PXQ-072 b": {path: root + "sources", status: http.StatusPaymentRequired},
	} {
		t.Run(side, func(t *testing.T) {
			t.Parallel()
			id, letter, _ := strings.Cut(side, " ")
			s := take(t, map[string]string{id: letter})
			path := c.path
			if c.of != nil {
				path = c.of(s)
			}
			if c.method == "" {
				c.method = http.MethodGet
			}
			response, body := s.do(c.method, path, c.body)
			require.Equal(t, c.status, response.status, body)
			require.Contains(t, body, c.has)
			if c.hasNot != "" {
				require.NotContains(t, body, c.hasNot)
			}
			if c.other != nil {
				c.other(t, response)
			}
		})
	}
}

func members(s *site) string { return root + "roles/" + s.memberOf + "/members?sortkey=created" }
func roles(s *site) string   { return root + "users/" + s.member + "/roles" }
func ending(s *site) string  { return root + "users/" + s.ending + "/roles" }

// A part of a user's roles is shown, and the whole or the part is counted.
func TestPartOfAList(t *testing.T) {
	t.Parallel()
	count := func(side string) (int, int) {
		s := take(t, map[string]string{"PXQ-014": side})
		_, body := s.do(http.MethodGet, roles(s), "")
		var list struct {
			Count int               `json:"count"`
			Items []json.RawMessage `json:"items"`
		}
		require.NoError(t, json.Unmarshal([]byte(body), &list))
		return list.Count, len(list.Items)
	}
	whole, shown := count("a")
	require.Equal(t, whole, shown)
	counted, shown := count("b")
	require.Equal(t, []int{whole, whole - 1}, []int{counted, shown})
	counted, shown = count("c")
	require.Equal(t, []int{whole - 1, whole - 1}, []int{counted, shown})
}

// Manners of several questions are taken on together, and a fault that was injected before
// goes before them.
func TestSeveralManners(t *testing.T) {
	t.Parallel()
	s := take(t, map[string]string{"PXQ-034": "b", "PXQ-051": "b", "PXQ-058": "b", "PXQ-059": "b"},
		privxsim.Fault{Path: root + "sources", Status: http.StatusNotFound})
	response, body := s.do(http.MethodGet, nobody, "")
	require.Equal(t, http.StatusBadRequest, response.status)
	require.Contains(t, body, "PRIVX_USER_NOT_FOUND")
	require.Equal(t, "text/plain", response.header.Get("Content-Type"))
	require.Empty(t, response.header.Values("Date"))
	response, body = s.do(http.MethodGet, root+"sources", "")
	require.Equal(t, http.StatusNotFound, response.status)
	require.Contains(t, body, `"OBJECT_NOT_FOUND"`)
}

// Some answers are other than the rest.
func TestOnceInAWhile(t *testing.T) {
	t.Parallel()
	s := take(t, map[string]string{"PXQ-002": "f"})
	counts := map[string]int{}
	for range 10 {
		_, body := s.do(http.MethodGet, root+"roles?limit=2", "")
		before, _, _ := strings.Cut(body, ",")
		counts[before]++
	}
	require.Equal(t, map[string]int{`{"count":2`: 2, `{"count":16`: 8}, counts)

	s = take(t, map[string]string{"PXQ-057": "b"})
	limited := 0
	for range 20 {
		if response, _ := s.do(http.MethodGet, root+"roles?limit=2", ""); response.status == http.StatusTooManyRequests {
			require.Equal(t, "1", response.header.Get("Retry-After"))
			limited++
		}
	}
	require.Equal(t, 2, limited)
}
