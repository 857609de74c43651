package privx_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/conductorone/baton-privx/internal/errorid"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// contentFaults are the answers that look like a success and are not.
var contentFaults = []privxsim.FaultKind{
	privxsim.FaultHTML, privxsim.FaultRedirect, privxsim.FaultTruncated, privxsim.FaultCut, privxsim.FaultGarbage,
	privxsim.FaultEmpty, privxsim.FaultNoContent, privxsim.FaultNull, privxsim.FaultTrailing, privxsim.FaultNested,
	privxsim.FaultDropWrite,
}

// Every fault of an answer's content is an error of every method.
func TestFaultsOfAnAnswersContent(t *testing.T) {
	t.Parallel()
	for _, kind := range contentFaults {
		t.Run(kind.String(), func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, setup{})
			h.login(t)
			want := codes.FailedPrecondition
			if kind == privxsim.FaultCut {
				want = codes.Unavailable // The connection broke.
			}
			for _, c := range h.reads() {
				h.sim.Inject(privxsim.Fault{Method: c.method, Path: c.path, Kind: kind})
				wantFault(t, c.run(t.Context()), want, c.name)
				h.sim.ClearFaults()
			}
			for _, path := range []string{searchPath, rolesPath} {
				h.sim.Inject(privxsim.Fault{Path: path, Kind: kind})
				wantFault(t, h.client.Check(t.Context()), want, "Check of "+path)
				h.sim.ClearFaults()
			}
		})
	}
}

func TestFaultsOfATokenAnswersContent(t *testing.T) {
	t.Parallel()
	for _, kind := range contentFaults {
		t.Run(kind.String(), func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, setup{})
			h.sim.Inject(privxsim.Fault{Path: tokenPath, Kind: kind})
			want := codes.FailedPrecondition
			if kind == privxsim.FaultCut {
				want = codes.Unavailable
			}
			wantFault(t, h.getRoles(t.Context()), want, "token")
			require.Zero(t, h.sim.CountRequests("", rolesPath))
			require.False(t, privx.IsUnauthenticated(h.getRoles(t.Context())), "nothing was said of the credentials")
		})
	}
}

// wantFault checks that an error hints at the base URL, unless it can be retried.
func wantFault(t *testing.T, err error, code codes.Code, what string) {
	t.Helper()
	var e *privx.Error
	require.ErrorAs(t, err, &e, what)
	require.Equal(t, code, status.Code(err), "%s: %v", what, err)
	require.False(t, privx.IsNotFound(err) || privx.IsForbidden(err), what)
	if code == codes.FailedPrecondition {
		require.Contains(t, e.Hint, "check that base-url", what)
	}
}

// A success is a JSON object, whatever its Content-Type, unless that is HTML.
func TestContentTypes(t *testing.T) {
	t.Parallel()
	for contentType, good := range map[string]bool{
		"application/json": true, "application/json; charset=utf-8": true, "Application/JSON": true,
		"text/plain": true, "": true, "application/octet-stream": true, "\xff": true,
		"text/html": false, "TEXT/HTML; charset=utf-8": false, "application/xhtml+xml": false,
	} {
		h := newHarness(t, setup{})
		h.sim.Inject(privxsim.Fault{
			Path: rolesPath, Status: http.StatusOK, Body: `{"count":1,"items":[{"id":"r"}]}`, Header: http.Header{"Content-Type": {contentType}},
		})
		err := h.getRoles(t.Context())
		require.Equal(t, good, err == nil, "%q: %v", contentType, err)
		if !good {
			require.ErrorContains(t, err, "not JSON but")
		}
	}
}

// An error without a body is taken for PrivX's by its status: a permission is missing, or
// too many rows were asked for. But a 404 needs PrivX's own words.
func TestErrorsWithoutABody(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]codes.Code{
		http.StatusBadRequest: codes.InvalidArgument, http.StatusForbidden: codes.PermissionDenied, http.StatusNotFound: codes.FailedPrecondition,
		http.StatusInternalServerError: codes.Unavailable, http.StatusConflict: codes.FailedPrecondition,
	} {
		h := newHarness(t, setup{})
		h.login(t)
		for _, fault := range []privxsim.Fault{
			{Kind: privxsim.FaultNoBody, Status: status},
			{Status: status, Body: " \r\n", Header: http.Header{"Content-Type": {"text/plain"}}},
		} {
			h.sim.Inject(fault)
			for _, c := range h.reads() {
				e := asError(t, c.run(t.Context()), want, status)
				require.Equal(t, status == http.StatusNotFound, strings.Contains(e.Hint, "base-url"), "%s: %v", c.name, e)
				require.Equal(t, status == http.StatusForbidden, privx.IsForbidden(e) && strings.Contains(e.Hint, "permission"), "%s: %v", c.name, e)
			}
			h.sim.ClearFaults()
		}
	}
}

// A 400 without a body may be about the number of rows.
func TestPageSize_RefusedWithoutABody(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{})
	for _, l := range h.lists() {
		h.sim.Inject(privxsim.Fault{Path: l.path, Kind: privxsim.FaultNoBody, Status: http.StatusBadRequest, MinLimit: 501})
		l.wantAll(t)
		require.Equal(t, []int{1000, 500}, h.limits(t, l.path)[:2])
	}
}

// An answer longer than its limit is an error, and is not asked for again.
func TestOversizedAnswers(t *testing.T) {
	t.Parallel()
	for status, limit := range map[int]int64{
		http.StatusOK: api.MaxBody, http.StatusBadRequest: api.MaxShortBody, http.StatusServiceUnavailable: api.MaxShortBody,
	} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, setup{})
			h.login(t)
			h.sim.Inject(privxsim.Fault{Path: rolePath, Kind: privxsim.FaultOversized, Status: status})
			_, err := h.client.GetRole(t.Context(), h.roleWithMembers())
			wantError(t, err, codes.FailedPrecondition, 0)
			var tooBig *http.MaxBytesError
			require.ErrorAs(t, err, &tooBig)
			require.Equal(t, limit, tooBig.Limit)
			require.Equal(t, errorid.AnswerTooLong, errorid.Of(err))
			require.Len(t, h.sim.Requests(), 1)
			require.Less(t, len(err.Error()), 1000)
		})
	}
}

func TestOversizedToken(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{})
	h.sim.Inject(privxsim.Fault{Path: tokenPath, Kind: privxsim.FaultOversized, Status: http.StatusUnauthorized})
	wantError(t, h.getRoles(t.Context()), codes.FailedPrecondition, 0)
	require.Len(t, h.sim.Requests(), 1)
}

func TestLongErrorTextIsCut(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{})
	long, err := json.Marshal(map[string]any{
		"error_code": strings.Repeat("C", 5000), "error_message": strings.Repeat("é\n", 5000), "property": strings.Repeat("p", 5000),
		"details": []map[string]string{{"error_message": strings.Repeat("d", 5000)}},
	})
	require.NoError(t, err)
	h.sim.Inject(privxsim.Fault{Path: rolesPath, Status: http.StatusConflict, Body: string(long)})
	e := asError(t, h.getRoles(t.Context()), codes.FailedPrecondition, http.StatusConflict)
	for _, part := range []string{e.Code, e.Message, e.Property} {
		require.LessOrEqual(t, len(part), api.MaxErrorText)
		require.True(t, utf8.ValidString(part))
	}
	require.NotContains(t, e.Error(), "\n")
}

// PrivX's errors are taken over in both of their shapes.
func TestError_Fields(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, body              string
		code, message, property string
	}{
		{"all", `{"error_code":"BAD","error_message":"no good","property":"name"}`, "BAD", "no good", "name"},
		{"code alone", `{"error_code":"BAD"}`, "BAD", "", ""},
		{"OAuth", `{"error":"invalid_request","error_description":"no good"}`, "invalid_request", "no good", ""},
		{
			"details", `{"error_code":"BAD","error_message":"no good","details":[{"error_code":"X","error_message":"too long","property":"name"}]}`,
			"BAD", "no good; X too long", "name",
		},
		{"details alone", `{"error_code":"BAD","details":[{"error_message":"too long"}]}`, "BAD", "too long", ""},
		{"control characters", `{"error_code":"BAD","error_message":"a\r\nb\u0000c\u001b[31m"}`, "BAD", "a  b c [31m", ""},
		{"empty object", `{}`, "", "", ""},
		{"array", `[]`, "", "", ""},
		{"wrong types", `{"error_code":7}`, "", "", ""},
		{"no JSON", `oops`, "", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, setup{})
			h.sim.Inject(privxsim.Fault{Path: rolesPath, Status: http.StatusConflict, Body: tt.body})
			e := asError(t, h.getRoles(t.Context()), codes.FailedPrecondition, http.StatusConflict)
			require.Equal(t, "GET "+rolesPath, e.Endpoint)
			require.Equal(t, tt.code, e.Code)
			require.Equal(t, tt.message, e.Message)
			require.Equal(t, tt.property, e.Property)
			for _, part := range []string{"409", e.Endpoint, tt.code, tt.message, tt.property} {
				require.Contains(t, e.Error(), part)
			}
		})
	}
}

func TestError_EndpointsHaveNoIDs(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{})
	h.login(t)
	h.sim.Inject(privxsim.Fault{Status: http.StatusConflict})
	want := map[string]string{
		"ListUsers": "POST " + searchPath, "ListRoles": "GET " + rolesPath, "ListMembers": "GET " + rolesPath + "/{id}/members",
		"GetUser": "GET /role-store/api/v1/users/{id}", "GetRole": "GET " + rolesPath + "/{id}",
		"UserRoles": "GET /role-store/api/v1/users/{id}/roles", "Sources": "GET " + sourcesPath,
	}
	for _, c := range h.reads() {
		require.Equal(t, want[c.name], asError(t, c.run(t.Context()), codes.FailedPrecondition, http.StatusConflict).Endpoint)
	}
}

func TestError_NotFoundInPrivXsWords(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{})
	const nobody = "00000000-0000-4000-8000-000000000000"
	for name, err := range map[string]error{
		"GetUser":     second(h.client.GetUser(t.Context(), nobody)),
		"UserRoles":   second(h.client.UserRoles(t.Context(), nobody)),
		"GetRole":     second(h.client.GetRole(t.Context(), nobody)),
		"ListMembers": second(h.client.ListMembers(t.Context(), nobody, privx.MayBeEmpty, "")),
	} {
		require.True(t, privx.IsNotFound(err), "%s: %v", name, err)
		require.True(t, privx.IsNotFound(fmt.Errorf("more: %w", err)), name)
		require.Equal(t, codes.NotFound, status.Code(err))
	}
	require.False(t, privx.IsNotFound(nil) || privx.IsForbidden(nil) || privx.IsUnauthenticated(nil))
	require.False(t, privx.IsNotFound(errors.New("404")))
}

// A 404 that does not come from PrivX is not NotFound.
func TestError_NotFoundInOthersWords(t *testing.T) {
	t.Parallel()
	html := http.Header{"Content-Type": {"text/html"}}
	for name, fault := range map[string]privxsim.Fault{
		"page":                   {Body: "<html>404</html>", Header: html},
		"page that holds JSON":   {Body: `{"error_code":"OBJECT_NOT_FOUND"}`, Header: html},
		"other JSON":             {Body: `{"message":"no Route matched with those values"}`},
		"empty code":             {Body: `{"error_code":""}`},
		"a gateway's JSON":       {Body: `{"timestamp":"x","status":404,"error":"Not Found","path":"/role-store"}`},
		"null":                   {Body: `null`},
		"text with JSON's type":  {Body: `404 page not found`},
		"another's path, really": {Kind: privxsim.FaultHTML},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, setup{})
			h.login(t)
			fault.Status = http.StatusNotFound
			h.sim.Inject(fault)
			for _, c := range h.reads() {
				err := c.run(t.Context())
				require.False(t, privx.IsNotFound(err), c.name)
				e := asError(t, err, codes.FailedPrecondition, http.StatusNotFound)
				require.Contains(t, e.Hint, "base-url")
			}
		})
	}
}

// A wrong path prefix leads to a page's 404, which is not NotFound.
func TestError_WrongPathPrefix(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{sim: privxsim.Options{PathPrefix: "/privx"}})
	client := newClient(t.Context(), t, strings.TrimSuffix(h.url, "/privx"), allFour)
	_, err := client.GetRole(t.Context(), h.roleWithMembers())
	require.False(t, privx.IsNotFound(err))
	require.ErrorContains(t, err, "base-url")
}

// A 403 names the permission that each call needs.
func TestError_ForbiddenNamesThePermission(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"ListUsers": "users-view", "ListRoles": "roles-view", "ListMembers": "roles-view", "GetUser": "users-view",
		"GetRole": "roles-view", "UserRoles": "users-view and roles-view", "Sources": "sources-view",
	}
	h := newHarness(t, setup{})
	for _, role := range h.store.Roles() {
		h.store.RemoveExplicit(role.ID, privxsim.DefaultAPIClientID)
	}
	for _, c := range h.reads() {
		err := c.run(t.Context())
		require.True(t, privx.IsForbidden(err), "%s: %v", c.name, err)
		e := asError(t, err, codes.PermissionDenied, http.StatusForbidden)
		require.Contains(t, e.Hint, "the permission "+want[c.name]+" (", c.name)
		require.ErrorContains(t, err, want[c.name])
		require.Equal(t, 1, h.sim.CountRequests(c.method, c.path), c.name)
	}
	require.ErrorContains(t, h.client.Check(t.Context()), "users-view")
}

func TestCheck(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{})
	require.NoError(t, h.client.Check(t.Context()))
	require.Len(t, h.sim.Requests(), 3)
	for _, r := range h.sim.Requests()[1:] {
		require.Equal(t, "1", query(t, r, "limit"))
	}
	h.sim.Inject(privxsim.Fault{Path: rolesPath, Status: http.StatusForbidden})
	require.ErrorContains(t, h.client.Check(t.Context()), "roles-view")
}

func TestCutText(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text string
		n    int
		want string
	}{
		{"abc", 3, "abc"}, {"", 3, ""}, {"abcdef", 5, "ab…"}, {"ééé", 6, "ééé"}, {"éééé", 6, "é…"}, {"a\xffb", 10, "a\uFFFDb"},
	} {
		require.Equal(t, tt.want, privx.CutText(tt.text, tt.n))
	}
	text := strings.Repeat("aé世🎉", 20)
	for n := 3; n < 150; n++ {
		cut := privx.CutText(text, n)
		require.LessOrEqual(t, len(cut), n)
		require.True(t, utf8.ValidString(cut))
	}
}

// An error unwraps to the transport's own error.
func TestError_Unwrap(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{})
	h.sim.Inject(privxsim.Fault{Path: rolesPath, Kind: privxsim.FaultCut})
	require.ErrorIs(t, h.getRoles(t.Context()), io.ErrUnexpectedEOF)
	require.NotErrorIs(t, h.getRoles(t.Context()), context.Canceled)
}
