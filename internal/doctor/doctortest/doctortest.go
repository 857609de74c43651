// Package doctortest runs the doctor's checks against a simulated PrivX, and holds each
// check to the ways in which it says that it can end.
package doctortest

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-sdk/pkg/uhttp"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/config"
)

// Site is a simulated PrivX on loopback, with TLS.
type Site struct {
	Store *privxsim.Store
	Sim   *privxsim.Simulator
	URL   string
	CAPEM []byte
}

// NewSite serves a store in a test. A nil store is a small tenant.
func NewSite(t *testing.T, store *privxsim.Store, options privxsim.Options) *Site {
	t.Helper()
	if store == nil {
		store = privxsim.Seed(privxsim.SeedOptions{Users: 40, Roles: 8})
	}
	sim := privxsim.New(store, options)
	server, err := privxsim.Serve(sim, privxsim.ServeOptions{TLS: true})
	require.NoError(t, err)
	t.Cleanup(server.Close)
	return &Site{Store: store, Sim: sim, URL: server.URL + options.PathPrefix, CAPEM: server.CAPEM}
}

// Given are the settings with which the connector reaches the site.
func (s *Site) Given(t *testing.T) doctor.Given {
	t.Helper()
	return doctor.Given{
		Config: &config.Privx{
			BaseUrl: s.URL, CaCertificate: s.CAPEM, PageSize: 1000,
			ApiClientId: privxsim.DefaultAPIClientID, ApiClientSecret: privxsim.DefaultAPIClientSecret,
			OauthClientId: privxsim.DefaultOAuthClientID, OauthClientSecret: privxsim.DefaultOAuthClientSecret,
		},
		Workers: 4, HTTPTimeout: 5 * time.Minute, TempDir: t.TempDir(), Version: "1.2.3",
		On: func(string) bool { return false },
	}
}

// Run runs layers and returns the results by id.
func Run(t *testing.T, layers []doctor.Layer, given doctor.Given, only ...string) (map[string]doctor.Result, *doctor.Visit) {
	t.Helper()
	visit := &doctor.Visit{Given: given}
	runner := &doctor.Runner{Layers: layers, Only: only}
	byID := make(map[string]doctor.Result)
	ctx := context.WithValue(t.Context(), uhttp.ContextHTTPTimeoutKey, given.HTTPTimeout)
	for _, result := range runner.Run(ctx, visit) {
		byID[result.Check.ID] = result
	}
	if visit.Client != nil {
		_ = visit.Client.Logout(ctx)
	}
	return byID, visit
}

// Case is a way in which a check ends, and how that comes about.
type Case struct {
	Check string
	// Way is the way's name; empty where it passes.
	Way string
	// Name tells cases of the same way apart; may be empty.
	Name string
	// Found and Cause are texts that the finding must have; may be empty.
	Found, Cause string
	// Arrange makes what the check finds.
	Arrange func(t *testing.T) doctor.Given
	// Layers take the place of those of the other cases; nil for the same.
	Layers []doctor.Layer
	// After looks at what else there is to see; may be nil.
	After func(t *testing.T, v *doctor.Visit)
}

// RunCases runs each case with the layers, and fails if a check of the packages under test
// can pass, or end in a way, of which there is no case. Layers are all that the checks need,
// and under those whose checks are under test.
func RunCases(t *testing.T, layers, under []doctor.Layer, cases []Case) {
	t.Helper()
	reached := make(map[string]bool)
	for _, c := range cases {
		reached[c.Check+" "+c.Way] = true
		t.Run(strings.TrimSpace(c.Check+" "+c.Way+" "+c.Name), func(t *testing.T) {
			t.Parallel()
			ran := layers
			if c.Layers != nil {
				ran = c.Layers
			}
			results, visit := Run(t, ran, c.Arrange(t), c.Check)
			got, known := results[c.Check]
			require.True(t, known, "there is no check %s", c.Check)
			require.Empty(t, got.Because, "skipped before it ran: %s", causes(results))
			require.Equal(t, c.Way, got.Way, "found %q, cause %q", got.Found, got.Cause)
			require.Contains(t, got.Found, c.Found)
			require.Contains(t, got.Cause, c.Cause)
			RequireNoSecrets(t, got.Found+got.Wanted+got.Cause)
			if c.After != nil {
				c.After(t, visit)
			}
		})
	}
	for _, layer := range under {
		for _, check := range layer.Checks {
			ways := append([]doctor.Way{{}}, check.Ways...)
			for _, way := range ways {
				require.True(t, reached[check.ID+" "+way.Name], "no case for %s %q", check.ID, way.Name)
			}
		}
	}
}

// causes are those of the checks that failed.
func causes(results map[string]doctor.Result) string {
	var all []string
	for id, result := range results {
		if result.Outcome == doctor.Failed {
			all = append(all, id+" "+result.Way+": "+result.Found+": "+result.Cause)
		}
	}
	return strings.Join(all, "; ")
}

// RequireNoSecrets checks that a text has none of what must never be shown.
func RequireNoSecrets(t *testing.T, text string) {
	t.Helper()
	for _, secret := range []string{
		privxsim.DefaultAPIClientSecret, privxsim.DefaultOAuthClientSecret, privxsim.CanaryPrefix, privxsim.CanaryIPMask, "Bearer ", "Basic ",
	} {
		require.NotContains(t, text, secret)
	}
}

// Paths are the paths of requests, in the grammar of faults.
const (
	TokenPath   = "/auth/api/v1/oauth/token" //nolint:gosec // No credential.
	SearchPath  = "/role-store/api/v1/users/search"
	RolesPath   = "/role-store/api/v1/roles"
	SourcesPath = "/role-store/api/v1/sources"
	StatusPath  = "/role-store/api/v1/status"
	CurrentPath = "/role-store/api/v1/users/current"

	HostsPath          = "/host-store/api/v1/hosts"
	HostSearchPath     = "/host-store/api/v1/hosts/search"
	SecretSearchPath   = "/vault/api/v1/search/secrets" //nolint:gosec // No credential.
	NetworkTargetsPath = "/network-access-manager/api/v1/nwtargets"
	APITargetsPath     = "/api-proxy/api/v1/api-targets"
	AWSRolesPath       = "/role-store/api/v1/awsroles"
	AccessGroupsPath   = "/authorizer/api/v1/accessgroups"
)

// TargetSettings are the settings that ask for targets.
var TargetSettings = []string{"sync-hosts", "sync-secrets", "sync-network-targets", "sync-api-targets", "sync-aws-roles"}

// TurnOn turns on these settings of optional capabilities, and all others off.
func TurnOn(given *doctor.Given, settings ...string) {
	given.On = func(setting string) bool { return slices.Contains(settings, setting) }
	c := given.Config
	for name, field := range map[string]*bool{
		"sync-hosts": &c.SyncHosts, "sync-secrets": &c.SyncSecrets, "sync-network-targets": &c.SyncNetworkTargets,
		"sync-api-targets": &c.SyncApiTargets, "sync-aws-roles": &c.SyncAwsRoles,
	} {
		*field = given.On(name)
	}
}

// Status is a fault that answers with a status in place of PrivX, each time.
func Status(method, path string, status int) privxsim.Fault {
	return privxsim.Fault{Method: method, Path: path, Kind: privxsim.FaultStatus, Status: status}
}

// NoDate is a fault that leaves the Date out of each answer.
func NoDate() privxsim.Fault {
	return privxsim.Fault{Kind: privxsim.FaultHeader, Header: http.Header{"Date": nil}}
}
