package connector_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/conductorone/baton-privx/internal/errorid/errortest"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/annotations"
	"github.com/conductorone/baton-sdk/pkg/connectorbuilder"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/privx"
)

// What may pass for one call, and for all that baton-sdk makes of a task.
const (
	callBudget = 30 * time.Second
	taskBudget = 210 * time.Second
)

// timedScene is a scene where time is fake (see inBubble).
type timedScene struct {
	*scene

	held string // a role that the user holds
}

// inTime runs a test in a timed scene.
func inTime(t *testing.T, options privxsim.Options, credentials privx.Credentials, test func(t *testing.T, b *timedScene)) {
	t.Helper()
	store := provisioningStore()
	role, user := addScene(store)
	held := store.AddRole(privxsim.Role{Name: "held"}).ID
	store.GrantExplicit(held, user, privxsim.Grant{})
	inBubble(t, store, options, credentials, func(x *tenant) {
		test(x.t, &timedScene{&scene{x, role, user}, held})
	})
}

// call is one of the two changes, without and with what baton-sdk does about its
// failures.
type call struct {
	name string
	once func(b *timedScene) error
	task func(b *timedScene) (annotations.Annotations, error)
	done func(b *timedScene) bool
}

func calls() []call {
	return []call{{
		name: "grant",
		once: func(b *timedScene) error {
			_, _, err := b.provisioner().Grant(b.ctx, stub("user", b.user), entitlementOf(b.role))
			return err
		},
		task: func(b *timedScene) (annotations.Annotations, error) {
			got, err := b.builder().Grant(b.ctx, grantRequest(b.role, stub("user", b.user)))
			return got.GetAnnotations(), err
		},
		done: func(b *timedScene) bool { return b.membership(b.role, b.user).Explicit },
	}, {
		name: "revoke",
		once: func(b *timedScene) error {
			_, err := b.provisioner().Revoke(b.ctx, revokeRequest(b.held, stub("user", b.user), "").GetGrant())
			return err
		},
		task: func(b *timedScene) (annotations.Annotations, error) {
			got, err := b.builder().Revoke(b.ctx, revokeRequest(b.held, stub("user", b.user), ""))
			return got.GetAnnotations(), err
		},
		done: func(b *timedScene) bool { return !b.membership(b.held, b.user).Explicit },
	}}
}

// provisioner is what grants and revokes roles, as baton-sdk finds it.
func (x *tenant) provisioner() connectorbuilder.ResourceProvisionerV2Limited {
	x.t.Helper()
	for _, syncer := range x.connector.ResourceSyncers(x.ctx) {
		if provisioner, ok := syncer.(connectorbuilder.ResourceProvisionerV2Limited); ok {
			return provisioner
		}
	}
	require.Fail(x.t, "nothing can be granted")
	return nil
}

// requireUnavailable wants an error that baton-sdk tries again, after a time of
// its own.
func requireUnavailable(t *testing.T, err error) {
	t.Helper()
	require.Equal(t, codes.Unavailable.String(), status.Code(err).String(), "%v", err)
	errortest.ID(t, err.Error())
	require.Empty(t, status.Convert(err).Details(), "rate-limit data would replace baton-sdk's own pauses")
}

// outages are ways in which PrivX does not do what it is asked to do, for ever.
func outages() map[string]privxsim.Fault {
	wait := func(seconds string) http.Header { return http.Header{"Retry-After": {seconds}} }
	return map[string]privxsim.Fault{
		"503":                             {Status: 503},
		"503 for a second":                {Status: 503, Header: wait("1")},
		"503 for 20 s":                    {Status: 503, Header: wait("20")},
		"503 for 31 s":                    {Status: 503, Header: wait("31")},
		"503 for an hour":                 {Status: 503, Header: wait("3600")},
		"429":                             {Status: 429},
		"429 for 7 s":                     {Status: 429, Header: wait("7")},
		"429 for a minute":                {Status: 429, Header: wait("60")},
		"502 of a proxy":                  {Status: 502, Kind: privxsim.FaultHTML},
		"reset":                           {Kind: privxsim.FaultResetBefore},
		"reads: 503":                      {Method: "GET", Status: 503, Header: wait("60")},
		"roles of the user: 504":          {Method: "GET", Path: rolesOfPath, Status: 504},
		"verification: 503":               {Method: "GET", Path: rolesOfPath, Status: 503, Header: wait("60"), Skip: 1},
		"writes: 503":                     {Method: "PUT", Status: 503, Header: wait("5")},
		"writes: 429":                     {Method: "PUT", Status: 429, Header: wait("60")},
		"writes: 500":                     {Method: "PUT", Status: 500},
		"writes: reset":                   {Method: "PUT", Kind: privxsim.FaultResetBefore},
		"tokens: 503":                     {Path: tokenPath, Status: 503, Header: wait("60")},
		"tokens: 429":                     {Path: tokenPath, Status: 429},
		"who am I: 503":                   {Path: currentUserPath, Status: 503},
		"who am I: 429":                   {Path: currentUserPath, Status: 429, Header: wait("60")},
		"no answer":                       {Kind: privxsim.FaultStall},
		"reads: no answer":                {Method: "GET", Path: rolesOfPath, Kind: privxsim.FaultStall},
		"verification: no answer":         {Method: "GET", Path: rolesOfPath, Kind: privxsim.FaultStall, Skip: 1},
		"writes: no answer":               {Method: "PUT", Kind: privxsim.FaultStall},
		"tokens: no answer":               {Path: tokenPath, Kind: privxsim.FaultStall},
		"who am I: no answer":             {Path: currentUserPath, Kind: privxsim.FaultStall},
		"who am I: 503 for half a minute": {Path: currentUserPath, Status: 503, Header: wait("30")},
	}
}

// A call is over within half a minute, and a task, with all that baton-sdk
// tries again, within three and a half.
func TestOutage(t *testing.T) {
	t.Parallel()
	for name, fault := range outages() {
		for _, c := range calls() {
			t.Run(c.name+", "+name, func(t *testing.T) {
				t.Parallel()
				inTime(t, oauthOnlyWorks(), oauthAlone, func(t *testing.T, b *timedScene) {
					b.sim.Inject(fault)
					began := time.Now()
					err := c.once(b)
					requireUnavailable(t, err)
					require.LessOrEqual(t, time.Since(began), callBudget)
					require.ErrorContains(t, err, map[string]string{
						"grant": "granting role " + b.role, "revoke": "revoking role " + b.held,
					}[c.name]+" for user "+b.user+": ")
				})
				inTime(t, oauthOnlyWorks(), oauthAlone, func(t *testing.T, b *timedScene) {
					b.sim.Inject(fault)
					began := time.Now()
					_, err := c.task(b)
					requireUnavailable(t, err)
					require.LessOrEqual(t, time.Since(began), taskBudget)
					// Or it would not have tried again at all.
					require.GreaterOrEqual(t, time.Since(began), 15*time.Second+30*time.Second+45*time.Second)
				})
			})
		}
	}
}

// An outage that is over in time costs nothing but time: less than a call has,
// or less than a task has. What was done already is not taken for a failure.
func TestOutageThatEnds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault   privxsim.Fault
		lasts   time.Duration
		already bool // the write was done though it was not answered
	}{
		"20 s":                       {privxsim.Fault{Status: 503}, 20 * time.Second, false},
		"100 s":                      {privxsim.Fault{Status: 503}, 100 * time.Second, false},
		"80 s, PrivX throttles":      {privxsim.Fault{Status: 429, Header: http.Header{"Retry-After": {"60"}}}, 80 * time.Second, false},
		"writes, for 20 s":           {privxsim.Fault{Method: "PUT", Status: 503}, 20 * time.Second, false},
		"writes, for 50 s":           {privxsim.Fault{Method: "PUT", Status: 503}, 50 * time.Second, false},
		"verification, for 50 s":     {privxsim.Fault{Method: "GET", Path: rolesOfPath, Status: 503, Skip: 1}, 50 * time.Second, true},
		"a write that is cut off":    {privxsim.Fault{Method: "PUT", Kind: privxsim.FaultResetAfter, Count: 1}, 0, false},
		"a write that did not come":  {privxsim.Fault{Method: "PUT", Kind: privxsim.FaultResetBefore, Count: 1}, 0, false},
		"a write that is dropped":    {privxsim.Fault{Method: "PUT", Kind: privxsim.FaultDropWrite, Count: 1}, 0, false},
		"tokens that are no longer":  {privxsim.Fault{Path: rolesOfPath, Status: 401, Count: 1}, 0, false},
		"who am I, for 20 s":         {privxsim.Fault{Path: currentUserPath, Status: 503}, 20 * time.Second, false},
		"an outage of a single read": {privxsim.Fault{Method: "GET", Status: 503, Count: 1, Skip: 2}, 0, false},
	} {
		for _, change := range calls() {
			t.Run(change.name+", "+name, func(t *testing.T) {
				t.Parallel()
				inTime(t, oauthOnlyWorks(), oauthAlone, func(t *testing.T, b *timedScene) {
					began := time.Now()
					b.sim.Inject(c.fault)
					if c.lasts > 0 {
						time.AfterFunc(c.lasts, b.sim.ClearFaults)
					}
					notes, err := change.task(b)
					require.NoError(t, err)
					require.True(t, change.done(b))
					require.GreaterOrEqual(t, time.Since(began), c.lasts)
					_, exists := pick(t, notes, &v2.GrantAlreadyExists{})
					_, revoked := pick(t, notes, &v2.GrantAlreadyRevoked{})
					require.Equal(t, c.already, exists || revoked)
				})
			})
		}
	}
}

// A change that PrivX accepts and does not make is never a success.
func TestWriteThatIsNotDone(t *testing.T) {
	t.Parallel()
	for _, c := range calls() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			inTime(t, privxsim.Options{}, allFour, func(t *testing.T, b *timedScene) {
				b.sim.Inject(privxsim.Fault{Method: "PUT", Kind: privxsim.FaultDropWrite})
				began := time.Now()
				_, err := c.task(b)
				require.Equal(t, codes.Aborted.String(), status.Code(err).String(), "%v", err)
				require.LessOrEqual(t, time.Since(began), callBudget, "Aborted is not tried again")
				require.False(t, c.done(b))
			})
		})
	}
}

// At debug level, nothing that fails tells a secret, though PrivX repeats all
// that it is told.
func TestFailuresTellNoSecrets(t *testing.T) {
	t.Parallel()
	secrets := []string{privxsim.DefaultAPIClientSecret, privxsim.DefaultOAuthClientSecret, privxsim.CanaryPrefix, privxsim.CanaryIPMask}
	body := fmt.Sprintf(`{"error":"x %[1]s","error_description":"%[2]s","error_code":"%[2]s","error_message":"y %[1]s","property":"%[2]s",`+
		`"details":[{"error_code":"%[1]s","error_message":"%[2]s","property":"%[1]s"}]}`, secrets[0], secrets[1])
	for name, fault := range map[string]privxsim.Fault{
		"token refused":        {Path: tokenPath, Status: 401},
		"token 503":            {Path: tokenPath, Status: 503},
		"read forbidden":       {Method: "GET", Path: rolesOfPath, Status: 403},
		"read 503":             {Method: "GET", Path: rolesOfPath, Status: 503},
		"read of a page":       {Method: "GET", Path: rolesOfPath, Kind: privxsim.FaultHTML},
		"read of text":         {Method: "GET", Path: rolesOfPath, Status: 200, Body: `{"items":"` + secrets[0] + `"}`},
		"write forbidden":      {Method: "PUT", Status: 403},
		"write refused":        {Method: "PUT", Status: 400},
		"write 500":            {Method: "PUT", Status: 500},
		"write cut off":        {Method: "PUT", Kind: privxsim.FaultResetAfter},
		"write dropped":        {Method: "PUT", Kind: privxsim.FaultDropWrite},
		"redirect":             {Method: "GET", Kind: privxsim.FaultRedirect, Header: http.Header{"Location": {"https://u:" + secrets[0] + "@127.0.0.1:1/"}}},
		"malformed Location":   {Method: "PUT", Kind: privxsim.FaultRedirect, Header: http.Header{"Location": {"http://[" + secrets[1]}}},
		"malformed type":       {Method: "GET", Status: 200, Header: http.Header{"Content-Type": {secrets[0]}}},
		"nothing, all is well": {Path: "/nowhere"},
	} {
		for _, c := range calls() {
			t.Run(c.name+", "+name, func(t *testing.T) {
				t.Parallel()
				inTime(t, privxsim.Options{}, allFour, func(t *testing.T, b *timedScene) {
					repeats := fault
					if repeats.Body == "" {
						repeats.Body = body
					}
					b.sim.Inject(repeats)
					notes, err := c.task(b)
					told := []string{fmt.Sprint(err), fmt.Sprint(notes)}
					for _, detail := range status.Convert(err).Details() {
						if message, ok := detail.(proto.Message); ok {
							told = append(told, fmt.Sprint(message))
						}
					}
					for _, entry := range b.logs.All() {
						told = append(told, entry.Message+fmt.Sprint(entry.ContextMap()))
					}
					hidden := secrets
					for _, r := range b.sim.Requests() {
						if _, value, found := strings.Cut(r.Header.Get("Authorization"), " "); found {
							hidden = append(hidden, value)
						}
					}
					require.Greater(t, len(hidden), len(secrets), "there was a bearer token or a password")
					for _, secret := range hidden {
						require.NotContains(t, strings.Join(told, "\n"), secret)
					}
				})
			})
		}
	}
}
