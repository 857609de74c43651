package c1sim_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"maps"
	"net"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	v1 "github.com/conductorone/baton-sdk/pb/c1/connectorapi/baton/v1"
	"github.com/conductorone/baton-sdk/pkg/annotations"
	"github.com/conductorone/baton-sdk/pkg/connectorbuilder"
	"github.com/conductorone/baton-sdk/pkg/connectorclient"
	"github.com/conductorone/baton-sdk/pkg/session"
	"github.com/conductorone/baton-sdk/pkg/tasks/c1api"
	"github.com/conductorone/baton-sdk/pkg/types"
	ent "github.com/conductorone/baton-sdk/pkg/types/entitlement"
	"github.com/conductorone/baton-sdk/pkg/types/grant"
	rs "github.com/conductorone/baton-sdk/pkg/types/resource"
	"github.com/conductorone/baton-sdk/pkg/ugrpc"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"github.com/conductorone/baton-privx/internal/c1sim"
	"github.com/conductorone/baton-privx/internal/simcert"
	"github.com/conductorone/baton-privx/internal/simcmd/simtest"
)

// authority signs for all simulators here, and this process trusts it.
var authority *simcert.CA

func TestMain(m *testing.M) {
	var remove func()
	authority, remove = simtest.TrustedCA()
	code := m.Run()
	remove()
	if err := goleak.Find(); err != nil && code == 0 {
		_, _ = fmt.Fprintln(os.Stderr, "goroutines are left when all tests are over:", err)
		code = 1
	}
	os.Exit(code)
}

// serve starts a simulator for a test, whose uploads end in the folder.
func serve(t *testing.T, o c1sim.Options) (*c1sim.Simulator, string) {
	t.Helper()
	o.CA, o.Dir = authority, t.TempDir()
	sim, err := c1sim.Serve(o)
	require.NoError(t, err)
	t.Cleanup(sim.Close)
	return sim, o.Dir
}

// bounded is a context that ends a test that would wait for ever.
func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// agent is what the SDK runs in service mode, less the loop around it.
type agent struct {
	t         *testing.T
	manager   c1api.BootstrappingTaskManager
	connector types.ConnectorClient
	dir       string // for its temporary files
}

func newAgent(t *testing.T, client *c1sim.Client, connector types.ConnectorClient) *agent {
	t.Helper()
	dir := t.TempDir()
	manager, err := c1api.NewC1TaskManager(t.Context(), client.ID, client.Secret, dir, false, "", "", nil, nil, nil, 0, "", 3, false)
	require.NoError(t, err)
	return &agent{t: t, manager: manager, connector: connector, dir: dir}
}

// startAgent makes an agent for a connector, which has said hello as host-1.
func startAgent(ctx context.Context, t *testing.T, sim *c1sim.Simulator, connector *directory) *agent {
	t.Helper()
	a := newAgent(t, sim.Client, connector.client(t))
	require.NoError(t, a.start(ctx, "host-1"))
	return a
}

// environment is held while an agent reads its host id, which it does once.
var environment sync.Mutex

// start says hello, as a host.
func (a *agent) start(ctx context.Context, hostID string) error {
	environment.Lock()
	defer environment.Unlock()
	require.NoError(a.t, os.Setenv("BATON_HOST_ID", hostID))
	defer func() { _ = os.Unsetenv("BATON_HOST_ID") }()
	return a.manager.Bootstrap(ctx, a.connector)
}

// poll asks for a task until there is one.
func (a *agent) poll(ctx context.Context) (*v1.Task, error) {
	for {
		task, _, err := a.manager.Next(ctx)
		if task != nil || err != nil {
			return task, err
		}
	}
}

// work takes one task and does it.
func (a *agent) work(ctx context.Context) error {
	task, err := a.poll(ctx)
	if err != nil {
		return err
	}
	return a.manager.Process(ctx, task, a.connector)
}

// raw is a client of the RPCs that can send anything, with the SDK's own tokens
// unless other options say otherwise.
func raw(t *testing.T, sim *c1sim.Simulator, options ...grpc.DialOption) v1.BatonServiceClient {
	t.Helper()
	if options == nil {
		provider, _, _, err := ugrpc.NewC1CredentialProvider(t.Context(), sim.Client.ID, sim.Client.Secret)
		require.NoError(t, err)
		options = append(options, grpc.WithPerRPCCredentials(provider))
	}
	conn, err := grpc.NewClient(sim.Host, append(options, grpc.WithTransportCredentials(credentials.NewTLS(trusting(sim))))...)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return v1.NewBatonServiceClient(conn)
}

func trusting(sim *c1sim.Simulator) *tls.Config {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(sim.CAPEM)
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
}

func requireCode(t *testing.T, want codes.Code, err error) {
	t.Helper()
	require.Equal(t, want, status.Code(err), "%v", err)
}

// directory is a small connector: users, and roles that they are members of.
type directory struct {
	onList func(ctx context.Context) // called when users are listed
	crowd  []string                  // users beside alice and bob

	mu      sync.Mutex
	members map[string][]string // users by role
}

var (
	userType = v2.ResourceType_builder{Id: "user", DisplayName: "User", Traits: []v2.ResourceType_Trait{v2.ResourceType_TRAIT_USER}}.Build()
	roleType = v2.ResourceType_builder{Id: "role", DisplayName: "Role", Traits: []v2.ResourceType_Trait{v2.ResourceType_TRAIT_ROLE}}.Build()
)

func newDirectory() *directory {
	return &directory{members: map[string][]string{"admins": {"alice"}, "guests": {"alice", "bob"}}}
}

func (*directory) Metadata(context.Context) (*v2.ConnectorMetadata, error) {
	return v2.ConnectorMetadata_builder{DisplayName: "Directory"}.Build(), nil
}

func (*directory) Validate(context.Context) (annotations.Annotations, error) { return nil, nil }

func (d *directory) ResourceSyncers(context.Context) []connectorbuilder.ResourceSyncerV2 {
	return []connectorbuilder.ResourceSyncerV2{users{d}, roles{d}}
}

// client connects the SDK's client to the connector.
func (d *directory) client(t *testing.T) types.ConnectorClient {
	t.Helper()
	server, err := connectorbuilder.NewConnector(t.Context(), d, connectorbuilder.WithSessionStore(&session.NoOpSessionStore{}))
	require.NoError(t, err)
	listener := bufconn.Listen(1 << 20)
	rpc := grpc.NewServer()
	v2.RegisterConnectorServiceServer(rpc, server)
	v2.RegisterResourceTypesServiceServer(rpc, server)
	v2.RegisterResourcesServiceServer(rpc, server)
	v2.RegisterResourceGetterServiceServer(rpc, server)
	v2.RegisterEntitlementsServiceServer(rpc, server)
	v2.RegisterGrantsServiceServer(rpc, server)
	v2.RegisterGrantManagerServiceServer(rpc, server)
	go func() { _ = rpc.Serve(listener) }()
	t.Cleanup(rpc.Stop)
	conn, err := grpc.NewClient("passthrough:///directory",
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return connectorclient.NewConnectorClient(t.Context(), conn)
}

func (d *directory) grants() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var ids []string
	for role, members := range d.members {
		for _, user := range members {
			ids = append(ids, grantID(role, user))
		}
	}
	slices.Sort(ids)
	return ids
}

func grantID(role, user string) string { return fmt.Sprintf("role:%s:assigned:user:%s", role, user) }

type users struct{ *directory }

func (users) ResourceType(context.Context) *v2.ResourceType { return userType }

func (u users) List(ctx context.Context, _ *v2.ResourceId, _ rs.SyncOpAttrs) ([]*v2.Resource, *rs.SyncOpResults, error) {
	if u.onList != nil {
		u.onList(ctx)
	}
	var all []*v2.Resource
	for _, name := range append([]string{"alice", "bob"}, u.crowd...) {
		user, err := rs.NewUserResource(name, userType, name, nil)
		if err != nil {
			return nil, nil, err
		}
		all = append(all, user)
	}
	return all, nil, ctx.Err()
}

func (users) Entitlements(context.Context, *v2.Resource, rs.SyncOpAttrs) ([]*v2.Entitlement, *rs.SyncOpResults, error) {
	return nil, nil, nil
}

func (users) Grants(context.Context, *v2.Resource, rs.SyncOpAttrs) ([]*v2.Grant, *rs.SyncOpResults, error) {
	return nil, nil, nil
}

type roles struct{ *directory }

func (roles) ResourceType(context.Context) *v2.ResourceType { return roleType }

func (r roles) List(ctx context.Context, _ *v2.ResourceId, _ rs.SyncOpAttrs) ([]*v2.Resource, *rs.SyncOpResults, error) {
	r.mu.Lock()
	names := slices.Sorted(maps.Keys(r.members))
	r.mu.Unlock()
	var all []*v2.Resource
	for _, name := range names {
		role, _, err := r.Get(ctx, v2.ResourceId_builder{Resource: name}.Build(), nil)
		if err != nil {
			return nil, nil, err
		}
		all = append(all, role)
	}
	return all, nil, nil
}

func (roles) Get(_ context.Context, id, _ *v2.ResourceId) (*v2.Resource, annotations.Annotations, error) {
	role, err := rs.NewRoleResource(id.GetResource(), roleType, id.GetResource(), nil)
	return role, nil, err
}

func (roles) Entitlements(_ context.Context, role *v2.Resource, _ rs.SyncOpAttrs) ([]*v2.Entitlement, *rs.SyncOpResults, error) {
	return []*v2.Entitlement{ent.NewAssignmentEntitlement(role, "assigned", ent.WithGrantableTo(userType))}, nil, nil
}

func (r roles) Grants(_ context.Context, role *v2.Resource, _ rs.SyncOpAttrs) ([]*v2.Grant, *rs.SyncOpResults, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []*v2.Grant
	for _, user := range r.members[role.GetId().GetResource()] {
		all = append(all, grant.NewGrant(role, "assigned", v2.ResourceId_builder{ResourceType: "user", Resource: user}.Build()))
	}
	return all, nil, nil
}

func (r roles) Grant(_ context.Context, user *v2.Resource, e *v2.Entitlement) ([]*v2.Grant, annotations.Annotations, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	role, name := e.GetResource().GetId().GetResource(), user.GetId().GetResource()
	if _, ok := r.members[role]; !ok {
		return nil, nil, status.Error(codes.NotFound, "no such role")
	}
	r.members[role] = append(r.members[role], name)
	return []*v2.Grant{grant.NewGrant(e.GetResource(), "assigned", user.GetId())}, nil, nil
}

func (r roles) Revoke(_ context.Context, g *v2.Grant) (annotations.Annotations, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	role, name := g.GetEntitlement().GetResource().GetId().GetResource(), g.GetPrincipal().GetId().GetResource()
	if !slices.Contains(r.members[role], name) {
		return annotations.New(&v2.GrantAlreadyRevoked{}), nil
	}
	r.members[role] = slices.DeleteFunc(r.members[role], func(member string) bool { return member == name })
	return nil, nil
}
