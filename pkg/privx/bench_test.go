package privx_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/privx"
)

// benchRows is how many users, roles and members a page of the benchmarks has.
const benchRows = 1000

// canned repeats the simulator's first answer to the same request, so that a benchmark
// measures only the client.
type canned struct {
	sim     http.Handler
	answers map[string]*httptest.ResponseRecorder
}

func (c *canned) RoundTrip(req *http.Request) (*http.Response, error) {
	key := req.Method + " " + req.URL.String()
	answer := c.answers[key]
	if answer == nil {
		if req.Body == nil {
			req.Body = http.NoBody
		}
		answer = httptest.NewRecorder()
		c.sim.ServeHTTP(answer, req)
		c.answers[key] = answer
	}
	body := answer.Body.Bytes()
	return &http.Response{
		StatusCode: answer.Code, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: req,
		Header: answer.Header(), Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
	}, nil
}

// benchClient is a client whose answers are canned, and a role with benchRows
// members.
func benchClient(b *testing.B) (*privx.Client, string) {
	b.Helper()
	store := privxsim.Seed(privxsim.SeedOptions{Users: benchRows, Roles: benchRows, MembersPerRole: 10})
	crowd := store.AddRole(privxsim.Role{Name: "crowd"})
	for i, user := range store.Users()[:benchRows] {
		if i%3 == 0 {
			store.Map(crowd.ID, user.ID)
		} else {
			store.GrantExplicit(crowd.ID, user.ID, privxsim.Grant{})
		}
	}
	b.Setenv("BATON_DISABLE_HTTP_CACHE", "true") // as cmd/baton-privx does
	base, err := privx.ParseBaseURL("http://localhost")
	require.NoError(b, err)
	client, err := privx.New(b.Context(), privx.Config{BaseURL: base, Credentials: allFour})
	require.NoError(b, err)
	privx.SetTransport(client, &canned{sim: privxsim.New(store, privxsim.Options{}), answers: map[string]*httptest.ResponseRecorder{}})
	return client, crowd.ID
}

// benchList measures reading the first page of a list, per row.
func benchList[T any](b *testing.B, list func(context.Context) (*privx.Page[T], error)) {
	b.Helper()
	page, err := list(b.Context()) // which also makes the canned answers
	require.NoError(b, err)
	require.Len(b, page.Items, benchRows)

	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for b.Loop() {
		if _, err := list(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	rows := float64(b.N) * benchRows
	b.ReportMetric(0, "ns/op") // left out: it is the page's
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/rows, "ns/row")
	b.ReportMetric(float64(after.Mallocs-before.Mallocs)/rows, "allocs/row")
	b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/rows, "B/row")
}

func BenchmarkListUsers(b *testing.B) {
	client, _ := benchClient(b)
	benchList(b, func(ctx context.Context) (*privx.Page[privx.User], error) { return client.ListUsers(ctx, "") })
}

func BenchmarkListRoles(b *testing.B) {
	client, _ := benchClient(b)
	benchList(b, func(ctx context.Context) (*privx.Page[privx.Role], error) { return client.ListRoles(ctx, "") })
}

func BenchmarkListMembers(b *testing.B) {
	client, crowd := benchClient(b)
	benchList(b, func(ctx context.Context) (*privx.Page[privx.Member], error) {
		return client.ListMembers(ctx, crowd, privx.MayBeEmpty, "")
	})
}
