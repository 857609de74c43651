package connector_test

import (
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/cli"
	"github.com/conductorone/baton-sdk/pkg/connectorbuilder"
	"github.com/conductorone/baton-sdk/pkg/pagination"
	rs "github.com/conductorone/baton-sdk/pkg/types/resource"
	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/config"
	"github.com/conductorone/baton-privx/pkg/connector"
)

// benchRows is how many users and members the benchmarks have a page of.
const benchRows = 1000

// canned answers what the simulator answered to the same request the first time,
// so that a benchmark measures little besides the connector.
type canned struct {
	sim http.Handler

	mu      sync.Mutex
	answers map[string]*httptest.ResponseRecorder
}

func (c *canned) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := r.Method + " " + r.URL.String()
	answer := c.answers[key]
	if answer == nil {
		answer = httptest.NewRecorder()
		c.sim.ServeHTTP(answer, r)
		c.answers[key] = answer
	}
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

// benchSyncers are the connector's syncers by resource type, before a PrivX with
// benchRows users, all of them members of privx-user, and a role with most of
// them as members in all ways. Its id is returned too.
func benchSyncers(b *testing.B, options privxsim.Options) (map[string]connectorbuilder.ResourceSyncerV2, string) {
	b.Helper()
	store := privxsim.Seed(privxsim.SeedOptions{Users: benchRows - 3, Roles: benchRows - 4, MembersPerRole: 10})
	crowd := store.Roles()[0].ID
	for i, user := range store.Users() {
		switch i % 3 {
		case 0:
			store.Map(crowd, user.ID)
		case 1:
			store.GrantExplicit(crowd, user.ID, privxsim.Grant{})
		default:
			store.GrantExplicit(crowd, user.ID, privxsim.Grant{Type: privxsim.GrantTimeRestricted, Periods: []privxsim.Period{
				{Start: "2024-01-01T00:00:00Z", End: "2099-12-31T23:59:59.5Z"},
			}})
		}
	}
	server := httptest.NewServer(&canned{sim: privxsim.New(store, options), answers: map[string]*httptest.ResponseRecorder{}})
	b.Cleanup(server.Close)
	b.Setenv("BATON_DISABLE_HTTP_CACHE", "true") // as cmd/baton-privx does
	made, _, err := connector.New(b.Context(), &config.Privx{
		BaseUrl:     server.URL,
		ApiClientId: privxsim.DefaultAPIClientID, ApiClientSecret: privxsim.DefaultAPIClientSecret,
		OauthClientId: privxsim.DefaultOAuthClientID, OauthClientSecret: privxsim.DefaultOAuthClientSecret,
	}, &cli.ConnectorOpts{})
	require.NoError(b, err)
	syncers := map[string]connectorbuilder.ResourceSyncerV2{}
	for _, syncer := range made.ResourceSyncers(b.Context()) {
		syncers[syncer.ResourceType(b.Context()).GetId()] = syncer
	}
	return syncers, crowd
}

// benchPage measures reading a page, per row. The page is the first one of a
// sync that goes on for as long as the benchmark.
func benchPage[T any](b *testing.B, list func(rs.SyncOpAttrs) ([]T, *rs.SyncOpResults, error)) {
	b.Helper()
	attrs := rs.SyncOpAttrs{SyncID: "bench", PageToken: pagination.Token{}}
	rows, _, err := list(attrs) // which also makes the canned answers
	require.NoError(b, err)
	require.Len(b, rows, benchRows)

	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for b.Loop() {
		if _, _, err := list(attrs); err != nil {
			b.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	n := float64(b.N) * benchRows
	b.ReportMetric(0, "ns/op") // left out: it is the page's
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/n, "ns/row")
	b.ReportMetric(float64(after.Mallocs-before.Mallocs)/n, "allocs/row")
	b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/n, "B/row")
}

func BenchmarkUsers(b *testing.B) {
	syncers, _ := benchSyncers(b, privxsim.Options{})
	benchPage(b, func(attrs rs.SyncOpAttrs) ([]*v2.Resource, *rs.SyncOpResults, error) {
		return syncers["user"].List(b.Context(), nil, attrs)
	})
}

func BenchmarkRoles(b *testing.B) {
	syncers, _ := benchSyncers(b, privxsim.Options{})
	benchPage(b, func(attrs rs.SyncOpAttrs) ([]*v2.Resource, *rs.SyncOpResults, error) {
		return syncers["role"].List(b.Context(), nil, attrs)
	})
}

// BenchmarkMembers reads members as the one public sample of PrivX shows them,
// and as PrivX would show them with the particulars of the grants.
func BenchmarkMembers(b *testing.B) {
	for name, options := range map[string]privxsim.Options{"sample": {}, "particulars": {MemberGrants: true}} {
		b.Run(name, func(b *testing.B) {
			syncers, crowd := benchSyncers(b, options)
			roles, _, err := syncers["role"].List(b.Context(), nil, rs.SyncOpAttrs{})
			require.NoError(b, err)
			for _, role := range roles {
				if role.GetId().GetResource() != crowd {
					continue
				}
				benchPage(b, func(attrs rs.SyncOpAttrs) ([]*v2.Grant, *rs.SyncOpResults, error) {
					return syncers["role"].Grants(b.Context(), role, attrs)
				})
			}
		})
	}
}
