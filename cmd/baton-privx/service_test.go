package main_test

import (
	"bytes"
	"context"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/conductorone/baton-privx/internal/errorid/errortest"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	v1 "github.com/conductorone/baton-sdk/pb/c1/connectorapi/baton/v1"
	"github.com/conductorone/baton-sdk/pkg/types/grant"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/conductorone/baton-privx/internal/c1sim"
	"github.com/conductorone/baton-privx/internal/c1z"
	"github.com/conductorone/baton-privx/internal/privxsim"
)

// The service says who it is, syncs in full and uploads the result.
func TestServiceSyncs(t *testing.T) {
	t.Parallel()
	ctx, tn := patience(t), newTenant(t)
	s := tn.start(t)
	hellos, err := tn.c1.AwaitHellos(ctx, 1)
	require.NoError(t, err)
	said := hellos[0].Request
	require.Equal(t, filepath.Base(s.dir), said.GetHostId())
	require.Equal(t, "PrivX", said.GetConnectorMetadata().GetDisplayName())
	capabilities := said.GetConnectorMetadata().GetCapabilities().GetConnectorCapabilities()
	require.ElementsMatch(t, []v2.Capability{
		v2.Capability_CAPABILITY_SYNC, v2.Capability_CAPABILITY_PROVISION,
		v2.Capability_CAPABILITY_TARGETED_SYNC, v2.Capability_CAPABILITY_SERVICE_MODE_TARGETED_SYNC,
	}, capabilities)

	read := content(ctx, t, tn.c1.SyncFull(nil))
	require.Equal(t, tn.memberships(), setOf(read.GrantIDs()))
	require.Len(t, read.ResourceIDs("user"), len(tn.store.Users()))
	require.Len(t, read.ResourceIDs("role"), len(tn.store.Roles()))
	require.Equal(t, "full", string(read.Sync.Type))

	// A second one, so that nothing of the first is in the way.
	role, user := tn.notHeld(t)
	tn.store.GrantExplicit(role, user, privxsim.Grant{})
	read = content(ctx, t, tn.c1.SyncFull(nil))
	require.Equal(t, tn.memberships(), setOf(read.GrantIDs()))
	require.True(t, setOf(read.GrantIDs())[grantID(role, user)])
}

// Grants and revokes do not wait for a sync that is under way, and the sync does
// not mind.
func TestServiceProvisionsDuringASync(t *testing.T) {
	t.Parallel()
	ctx, tn := patience(t), newTenant(t)
	tn.start(t, "--provisioning")
	release := make(chan struct{})
	reached := make(chan struct{}, 100)
	tn.sim.OnRequest(func(r privxsim.Request) {
		if strings.HasSuffix(r.Path, "/members") {
			reached <- struct{}{}
		}
	})
	tn.sim.Inject(privxsim.Fault{Path: membersPath, Kind: privxsim.FaultSlowHeader, Release: release})
	syncing := tn.c1.SyncFull(nil)
	awaitSignal(ctx, t, reached)

	role, user := tn.notHeld(t)
	m := membershipOf(role, user)
	granted := finish(ctx, t, tn.c1.Grant(m.entitlement, m.principal))
	require.Equal(t, codes.OK, granted.Code, granted.Message)
	response, ok := granted.Response.(*v2.GrantManagerServiceGrantResponse)
	require.True(t, ok)
	require.Len(t, response.GetGrants(), 1)
	require.Equal(t, grantID(role, user), response.GetGrants()[0].GetId())
	require.True(t, tn.memberships()[grantID(role, user)])

	again := finish(ctx, t, tn.c1.Grant(m.entitlement, m.principal))
	require.True(t, again.Annotations.Contains(&v2.GrantAlreadyExists{}))

	revoked := finish(ctx, t, tn.c1.Revoke(m.grant()))
	require.Equal(t, codes.OK, revoked.Code, revoked.Message)
	require.False(t, tn.memberships()[grantID(role, user)])

	again = finish(ctx, t, tn.c1.Revoke(m.grant()))
	require.True(t, again.Annotations.Contains(&v2.GrantAlreadyRevoked{}))

	close(release)
	require.Equal(t, tn.memberships(), setOf(content(ctx, t, syncing).GrantIDs()))
}

func TestServiceRefusesToProvisionUnasked(t *testing.T) {
	t.Parallel()
	ctx, tn := patience(t), newTenant(t)
	tn.start(t)
	role, user := tn.notHeld(t)
	m := membershipOf(role, user)
	before := tn.memberships()
	for _, task := range []*c1sim.Task{tn.c1.Grant(m.entitlement, m.principal), tn.c1.Revoke(m.grant())} {
		got := finish(ctx, t, task)
		require.Equal(t, codes.FailedPrecondition, got.Code, got.Message)
		require.Contains(t, got.Message, "provisioning is not enabled")
	}
	require.Zero(t, tn.sim.CountRequests("", rolesOfUser))
	require.Equal(t, before, tn.memberships())
}

// One role, with its members.
func TestServiceSyncsATarget(t *testing.T) {
	t.Parallel()
	ctx, tn := patience(t), newTenant(t)
	tn.start(t)
	role := tn.store.Memberships()[0].RoleID
	var nothing *c1z.Content
	read := content(ctx, t, tn.c1.SyncFull(&v1.Task_SyncFullTask{TargetedSyncResources: []*v2.Resource{nothing.Resource("role", role)}}))
	want := make(map[string]bool)
	for id := range tn.memberships() {
		if strings.HasPrefix(id, "role:"+role+":") {
			want[id] = true
		}
	}
	require.NotEmpty(t, want)
	require.Equal(t, want, setOf(read.GrantIDs()))
	require.Equal(t, []string{role}, read.ResourceIDs("role"))
	require.Equal(t, "partial", string(read.Sync.Type))
}

// A task that fails is reported with its code, and the service goes on.
func TestServiceReportsFailures(t *testing.T) {
	t.Parallel()
	ctx, tn := patience(t), newTenant(t)
	tn.start(t, "--provisioning")
	role, user := tn.notHeld(t)
	m := membershipOf(role, user)
	own := membershipOf(role, privxsim.DefaultAPIClientID)
	unknown := membershipOf(role, "11111111-2222-3333-4444-555555555555")
	for name, c := range map[string]struct {
		task  func() *c1sim.Task
		fault *privxsim.Fault
		code  codes.Code
		text  string
	}{
		"a sync that may not list": {
			func() *c1sim.Task { return tn.c1.SyncFull(nil) },
			&privxsim.Fault{Path: userListPath, Skip: 1, Status: http.StatusForbidden},
			codes.PermissionDenied, "users-view",
		},
		"a grant that is forbidden": {
			func() *c1sim.Task { return tn.c1.Grant(m.entitlement, m.principal) },
			&privxsim.Fault{Method: http.MethodPut, Path: rolesOfUser, Status: http.StatusForbidden},
			codes.PermissionDenied, "roles-manage",
		},
		"a revoke that is forbidden": {
			func() *c1sim.Task {
				// A role of its own: the cases come in any order.
				held := tn.store.AddRole(privxsim.Role{Name: "held"}).ID
				tn.store.GrantExplicit(held, user, privxsim.Grant{})
				return tn.c1.Revoke(membershipOf(held, user).grant())
			},
			&privxsim.Fault{Method: http.MethodPut, Path: rolesOfUser, Status: http.StatusForbidden},
			codes.PermissionDenied, "roles-manage",
		},
		"a grant to its own API client": {
			func() *c1sim.Task { return tn.c1.Grant(own.entitlement, own.principal) },
			nil, codes.FailedPrecondition, "itself runs as",
		},
		"a grant to nobody": {
			func() *c1sim.Task { return tn.c1.Grant(unknown.entitlement, unknown.principal) },
			nil, codes.NotFound, "404",
		},
	} {
		if c.fault != nil {
			tn.sim.Inject(*c.fault)
		}
		task := c.task()
		got := finish(ctx, t, task)
		require.Equal(t, c.code, got.Code, "%s: %s", name, got.Message)
		require.Contains(t, got.Message, c.text, name)
		errortest.ID(t, got.Message)
		require.Empty(t, task.Uploads(), name)
		declined := slices.ContainsFunc(got.Details, func(detail *anypb.Any) bool {
			return bytes.Contains(detail.GetValue(), []byte(grant.GrantCancelledErrorReason))
		})
		require.Equal(t, name == "a grant to its own API client", declined, name)
		tn.sim.ClearFaults()
	}
	require.Equal(t, tn.memberships(), setOf(content(ctx, t, tn.c1.SyncFull(nil)).GrantIDs()))
}

// Wrong credentials of ConductorOne's end the service, with a reason.
func TestServiceRefusedByConductorOne(t *testing.T) {
	t.Parallel()
	ctx, tn := patience(t), newTenant(t)
	tn.c1.ForgetClient(tn.c1.Client)
	s := tn.start(t)
	require.Equal(t, int(codes.Unauthenticated), s.awaitEnd(ctx, t))
	require.Empty(t, tn.c1.Hellos())
	require.Contains(t, s.log.String(), "runner: startup Hello failed: rpc error: code = Unauthenticated")
	require.Empty(t, tn.sim.Requests())
}

// ConductorOne may be away at the start and later.
func TestServiceOutlastsConductorOne(t *testing.T) {
	t.Parallel()
	ctx, tn := patience(t), newTenant(t)
	away := tn.c1.GoAway()
	s := tn.start(t)
	require.NoError(t, away.Hit(ctx, 2))
	away.Lift()
	_, err := tn.c1.AwaitHellos(ctx, 1)
	require.NoError(t, err)

	away = tn.c1.GoAway()
	require.NoError(t, away.Hit(ctx, 2))
	syncing := tn.c1.SyncFull(nil)
	away.Lift()
	require.Equal(t, tn.memberships(), setOf(content(ctx, t, syncing).GrantIDs()))

	// An upload that is cut off is made again.
	cut := tn.c1.Inject(c1sim.Fault{Kind: c1sim.Drop, Method: "UploadAsset", Count: 1, AfterBytes: 1})
	require.Equal(t, tn.memberships(), setOf(content(ctx, t, tn.c1.SyncFull(nil)).GrantIDs()))
	require.NoError(t, cut.Hit(ctx, 1))
	select {
	case <-s.ended:
		require.Fail(t, "the service has ended")
	default:
	}
}

// PrivX may be away at the start and later: what it is asked for meanwhile is
// ridden out.
func TestServiceOutlastsPrivX(t *testing.T) {
	t.Parallel()
	ctx, tn := patience(t), newTenant(t)
	hit := make(chan struct{}, 1000)
	tn.sim.OnRequest(func(privxsim.Request) {
		select {
		case hit <- struct{}{}:
		default:
		}
	})
	tn.sim.Inject(privxsim.Fault{Kind: privxsim.FaultResetBefore})
	tn.start(t, "--provisioning")
	syncing := tn.c1.SyncFull(nil)
	awaitSignal(ctx, t, hit)
	tn.sim.ClearFaults()
	require.Equal(t, tn.memberships(), setOf(content(ctx, t, syncing).GrantIDs()))

	role, user := tn.notHeld(t)
	m := membershipOf(role, user)
	tn.sim.Inject(privxsim.Fault{Path: rolesOfUser, Status: http.StatusServiceUnavailable, Count: 3})
	require.Equal(t, codes.OK, finish(ctx, t, tn.c1.Grant(m.entitlement, m.principal)).Code)
	require.True(t, tn.memberships()[grantID(role, user)])
}

// The health endpoints answer once ConductorOne has, inside the machine alone.
func TestServiceHealth(t *testing.T) {
	t.Parallel()
	ctx, tn := patience(t), newTenant(t)
	port := freePort(t)
	away := tn.c1.GoAway()
	s := tn.start(t, "--health-check", "--health-check-port", port)
	require.NoError(t, away.Hit(ctx, 1))
	require.NotZero(t, s.health(t, port, "live"))
	away.Lift()
	s.log.await(ctx, t, "health check server")
	for _, endpoint := range []string{"live", "ready", "health"} {
		require.Zero(t, s.health(t, port, endpoint), endpoint)
	}
	tn.sim.ResetRequests()
	for _, endpoint := range []string{"live", "ready"} {
		require.Zero(t, s.health(t, port, endpoint), endpoint)
	}
	require.Empty(t, tn.sim.Requests(), "these two do not ask PrivX")
}

// At debug level, with failures in it and a PrivX that
// repeats what it is told, the log holds no secret of either side.
func TestServiceLogsNoSecrets(t *testing.T) {
	t.Parallel()
	ctx, tn := patience(t), newTenant(t)
	s := tn.start(t, "--provisioning")
	role, user := tn.notHeld(t)
	m := membershipOf(role, user)
	echo := strconv.Quote(privxsim.DefaultAPIClientSecret + " " + privxsim.DefaultOAuthClientSecret)
	tn.sim.Inject(privxsim.Fault{
		Method: http.MethodPut, Path: rolesOfUser, Count: 1, Status: http.StatusForbidden,
		Body: `{"error_code":` + echo + `,"error_message":` + echo + `}`,
	})
	refused := finish(ctx, t, tn.c1.Grant(m.entitlement, m.principal))
	require.Equal(t, codes.PermissionDenied, refused.Code)
	require.Equal(t, codes.OK, finish(ctx, t, tn.c1.Grant(m.entitlement, m.principal)).Code)
	require.NotEmpty(t, content(ctx, t, tn.c1.SyncFull(nil)).Grants)
	_, key, found := strings.Cut(tn.c1.Client.Secret, ":v1:")
	require.True(t, found)
	for _, text := range []string{s.log.String(), refused.Message} {
		require.NotContains(t, text, key)
		requireNoSecrets(t, outcome{stderr: text, dir: t.TempDir()})
	}
}

// Of two replicas, each task is taken by one.
func TestServiceReplicas(t *testing.T) {
	t.Parallel()
	ctx, tn := patience(t), newTenant(t)
	tn.start(t, "--provisioning")
	tn.start(t, "--provisioning")
	_, err := tn.c1.AwaitHellos(ctx, 2)
	require.NoError(t, err)
	role, _ := tn.notHeld(t)
	var tasks []*c1sim.Task
	var people []string
	for _, user := range tn.store.Users() {
		if user.SourceType != privxsim.SourceTypeAPIClient && len(people) < 10 {
			people = append(people, user.ID)
			m := membershipOf(role, user.ID)
			tasks = append(tasks, tn.c1.Grant(m.entitlement, m.principal))
		}
	}
	for _, task := range tasks {
		require.Equal(t, codes.OK, finish(ctx, t, task).Code)
		require.Len(t, task.Takers(), 1)
	}
	for _, user := range people {
		require.True(t, tn.memberships()[grantID(role, user)])
	}
}

// SIGTERM, as Kubernetes sends it, ends the service at once. What it was at is
// not reported as done, and no file is left that looks complete.
func TestServiceEndsOnSIGTERM(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		path  string
		begin func(tn *tenant, m membership) *c1sim.Task
	}{
		"during a sync":              {"/members", func(tn *tenant, _ membership) *c1sim.Task { return tn.c1.SyncFull(nil) }},
		"before a grant's read":      {"GET", func(tn *tenant, m membership) *c1sim.Task { return tn.c1.Grant(m.entitlement, m.principal) }},
		"during a grant's PUT":       {"PUT", func(tn *tenant, m membership) *c1sim.Task { return tn.c1.Grant(m.entitlement, m.principal) }},
		"before a grant is verified": {"verify", func(tn *tenant, m membership) *c1sim.Task { return tn.c1.Grant(m.entitlement, m.principal) }},
		"before a revoke is verified": {"verify", func(tn *tenant, m membership) *c1sim.Task {
			tn.store.GrantExplicit(m.entitlement.GetResource().GetId().GetResource(), m.principal.GetId().GetResource(), privxsim.Grant{})
			return tn.c1.Revoke(m.grant())
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, tn := patience(t), newTenant(t)
			reached, gone := make(chan struct{}, 100), make(chan struct{})
			defer close(gone)
			tn.sim.OnRequest(func(r privxsim.Request) {
				ofUser, method := strings.Contains(r.Path, "/users/") && strings.HasSuffix(r.Path, "/roles"), r.Method
				if method == http.MethodGet && tn.sim.CountRequests(http.MethodPut, rolesOfUser) > 0 {
					method = "verify"
				}
				if strings.HasSuffix(r.Path, c.path) || ofUser && method == c.path {
					reached <- struct{}{}
					<-gone
				}
			})
			s := tn.start(t, "--provisioning")
			task := c.begin(tn, membershipOf(tn.notHeld(t)))
			awaitSignal(ctx, t, reached)
			require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
			soon, cancel := context.WithTimeout(ctx, 5*time.Second)
			defer cancel()
			s.awaitEnd(soon, t)
			s.awaitNoChildren(ctx, t)
			require.Empty(t, task.Uploads())
			require.False(t, slices.ContainsFunc(tn.c1.Calls(), c1sim.Arrived("FinishTask")))
			s.requireNoCompleteFile(t)
		})
	}
}
