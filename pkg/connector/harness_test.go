package connector_test

import (
	"context"
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/annotations"
	"github.com/conductorone/baton-sdk/pkg/cli"
	"github.com/conductorone/baton-sdk/pkg/connectorbuilder"
	"github.com/conductorone/baton-sdk/pkg/connectorclient"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"github.com/conductorone/baton-sdk/pkg/session"
	sdksync "github.com/conductorone/baton-sdk/pkg/sync"
	"github.com/conductorone/baton-sdk/pkg/types"
	"github.com/grpc-ecosystem/go-grpc-middleware/logging/zap/ctxzap"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/proto"

	"github.com/conductorone/baton-privx/internal/c1z"
	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/config"
	"github.com/conductorone/baton-privx/pkg/connector"
	"github.com/conductorone/baton-privx/pkg/privx"
)

// tenant is a simulated PrivX and a connector that is connected to it.
type tenant struct {
	t         *testing.T
	store     *privxsim.Store
	sim       *privxsim.Simulator
	logs      *observer.ObservedLogs
	ctx       context.Context
	connector connectorbuilder.ConnectorBuilderV2
	// cfg is what the connector was made of; nil in a bubble.
	cfg *config.Privx
	// another makes one more connector, as another process has; nil outside of a bubble.
	another func() connectorbuilder.ConnectorBuilderV2
}

// newTenant simulates a PrivX that knows what is in the store.
func newTenant(t *testing.T, store *privxsim.Store, options privxsim.Options) *tenant {
	t.Helper()
	return newTenantWith(t, store, options, func(*config.Privx) {})
}

// newTenantWith is newTenant with another configuration than the usual one.
func newTenantWith(t *testing.T, store *privxsim.Store, options privxsim.Options, adjust func(*config.Privx)) *tenant {
	t.Helper()
	sim := privxsim.New(store, options)
	server, err := privxsim.Serve(sim, privxsim.ServeOptions{TLS: true})
	require.NoError(t, err)
	t.Cleanup(server.Close)
	return connect(t, store, sim, func(cfg *config.Privx) {
		cfg.BaseUrl, cfg.CaCertificate = server.URL+options.PathPrefix, server.CAPEM
		adjust(cfg)
	})
}

// connect makes a connector with all four credentials and what adjust adds.
func connect(t *testing.T, store *privxsim.Store, sim *privxsim.Simulator, adjust func(*config.Privx)) *tenant {
	t.Helper()
	core, logs := observer.New(zapcore.DebugLevel)
	ctx := ctxzap.ToContext(t.Context(), zap.New(core))
	cfg := &config.Privx{
		ApiClientId:       privxsim.DefaultAPIClientID,
		ApiClientSecret:   privxsim.DefaultAPIClientSecret,
		OauthClientId:     privxsim.DefaultOAuthClientID,
		OauthClientSecret: privxsim.DefaultOAuthClientSecret,
	}
	adjust(cfg)
	made, _, err := connector.New(ctx, cfg, &cli.ConnectorOpts{})
	require.NoError(t, err)
	return &tenant{t: t, store: store, sim: sim, logs: logs, ctx: ctx, connector: made, cfg: cfg}
}

// allFour are the credentials that a simulator takes, as the client knows them.
var allFour = privx.PasswordGrant{
	OAuthClientID: privxsim.DefaultOAuthClientID, OAuthClientSecret: privxsim.DefaultOAuthClientSecret,
	APIClientID: privxsim.DefaultAPIClientID, APIClientSecret: privxsim.DefaultAPIClientSecret,
}

// inBubble runs a test with a tenant in a place where time is fake and passes only
// while everybody waits, PrivX included: all pauses and timeouts are those of the
// product, and take no time.
func inBubble(t *testing.T, store *privxsim.Store, options privxsim.Options, credentials privx.Credentials, test func(x *tenant)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		sim := privxsim.New(store, options)
		pipes := privxsim.ServePipes(sim)
		t.Cleanup(func() {
			time.Sleep(time.Minute) // until the last slow answer is over
			pipes.Close()
		})
		core, logs := observer.New(zapcore.DebugLevel)
		another := func() connectorbuilder.ConnectorBuilderV2 {
			client, err := privx.New(t.Context(), privx.Config{
				BaseURL: &url.URL{Scheme: "http", Host: "localhost"}, Credentials: credentials, Transport: pipes.Transport,
			})
			require.NoError(t, err)
			return connector.ForClient(client)
		}
		test(&tenant{
			t: t, store: store, sim: sim, logs: logs,
			ctx: ctxzap.ToContext(t.Context(), zap.New(core)), connector: another(), another: another,
		})
	})
}

// plainStore is a tenant with nothing but the connector's API client in it.
func plainStore() *privxsim.Store {
	store := privxsim.NewStore()
	store.AddAPIClient(privxsim.APIClient{
		ID: privxsim.DefaultAPIClientID, Name: "ConductorOne", Secret: privxsim.DefaultAPIClientSecret,
	})
	role := store.AddRole(privxsim.Role{Name: "connector", Permissions: []string{"users-view", "roles-view", "sources-view"}})
	store.GrantExplicit(role.ID, privxsim.DefaultAPIClientID, privxsim.Grant{})
	return store
}

// builder is baton-sdk's side of the connector.
func (x *tenant) builder() types.ConnectorServer {
	x.t.Helper()
	server, err := connectorbuilder.NewConnector(x.ctx, x.connector, connectorbuilder.WithSessionStore(&session.NoOpSessionStore{}))
	require.NoError(x.t, err)
	return server
}

// client connects baton-sdk's client to the connector, as the SDK's two
// processes are connected.
func (x *tenant) client() *grpc.ClientConn {
	x.t.Helper()
	server := x.builder()
	listener := bufconn.Listen(1 << 20)
	logger := ctxzap.Extract(x.ctx)
	rpc := grpc.NewServer(grpc.UnaryInterceptor(
		func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
			return handle(ctxzap.ToContext(ctx, logger), req)
		}))
	v2.RegisterConnectorServiceServer(rpc, server)
	v2.RegisterResourceTypesServiceServer(rpc, server)
	v2.RegisterResourcesServiceServer(rpc, server)
	v2.RegisterResourceGetterServiceServer(rpc, server)
	v2.RegisterEntitlementsServiceServer(rpc, server)
	v2.RegisterGrantsServiceServer(rpc, server)
	v2.RegisterGrantManagerServiceServer(rpc, server)
	go func() { _ = rpc.Serve(listener) }()
	x.t.Cleanup(rpc.Stop)
	conn, err := grpc.NewClient("passthrough:///connector",
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(x.t, err)
	x.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// sync runs a whole sync into a file and gives its path.
func (x *tenant) sync(options ...sdksync.SyncOpt) (string, error) {
	x.t.Helper()
	path := filepath.Join(x.t.TempDir(), "sync.c1z")
	options = append([]sdksync.SyncOpt{sdksync.WithWorkerCount(4), sdksync.WithFailFastInvariants()}, options...)
	return path, x.syncInto(path, options...)
}

// syncInto runs a sync into a file as baton-sdk does, but for the digests of grants: for
// those it clears 128 MiB at the end of each sync, however small, and nothing here reads
// them.
func (x *tenant) syncInto(path string, options ...sdksync.SyncOpt) error {
	x.t.Helper()
	store, err := dotc1z.NewStore(x.ctx, path, dotc1z.WithTmpDir(filepath.Dir(path)), dotc1z.WithGrantDigestIndex(false), dotc1z.WithPayloadEncoding(c1zstore.PayloadEncodingTar))
	require.NoError(x.t, err)
	options = append([]sdksync.SyncOpt{sdksync.WithConnectorStore(store)}, options...)
	syncer, err := sdksync.NewSyncer(x.ctx, connectorclient.NewConnectorClient(x.ctx, x.client()), options...)
	require.NoError(x.t, err)
	err = syncer.Sync(x.ctx)
	require.NoError(x.t, syncer.Close(context.WithoutCancel(x.ctx)))
	return err
}

// mustSync runs a whole sync that has to succeed and reads it back.
func (x *tenant) mustSync(options ...sdksync.SyncOpt) *synced {
	x.t.Helper()
	path, err := x.sync(options...)
	require.NoError(x.t, err)
	return readBack(x.t, path)
}

// warnings are the messages that were logged as warnings or worse.
func (x *tenant) warnings() []string {
	var messages []string
	for _, entry := range x.logs.All() {
		if entry.Level >= zapcore.WarnLevel {
			messages = append(messages, entry.Message)
		}
	}
	return messages
}

// synced is what a file holds.
type synced struct {
	types        map[string]*v2.ResourceType
	users        map[string]*v2.Resource
	roles        map[string]*v2.Resource
	entitlements map[string]*v2.Entitlement
	grants       map[string]*v2.Grant
}

// readBack reads the latest finished sync of a file.
func readBack(t *testing.T, path string) *synced {
	t.Helper()
	content, err := c1z.Read(t.Context(), path)
	require.NoError(t, err)
	resources := func(resourceType string) []*v2.Resource {
		return slices.DeleteFunc(slices.Clone(content.Resources), func(r *v2.Resource) bool {
			return r.GetId().GetResourceType() != resourceType
		})
	}
	resourceID := func(r *v2.Resource) string { return r.GetId().GetResource() }
	return &synced{
		types:        byID(t, content.ResourceTypes, (*v2.ResourceType).GetId),
		users:        byID(t, resources("user"), resourceID),
		roles:        byID(t, resources("role"), resourceID),
		entitlements: byID(t, content.Entitlements, (*v2.Entitlement).GetId),
		grants:       byID(t, content.Grants, (*v2.Grant).GetId),
	}
}

// byID orders rows by their ids, each of which has to come once.
func byID[T any](t *testing.T, rows []T, id func(T) string) map[string]T {
	t.Helper()
	all := make(map[string]T)
	for _, row := range rows {
		_, twice := all[id(row)]
		require.False(t, twice, "it came twice: %s", id(row))
		all[id(row)] = row
	}
	return all
}

// grantID is the id that the old connector gave, and this one must give, to a
// membership.
func grantID(roleID, userID string) string { return "role:" + roleID + ":assigned:user:" + userID }

// requireComplete compares what was synced with what the simulated PrivX knows.
func (x *tenant) requireComplete(s *synced) {
	x.t.Helper()
	var users, roles, entitlements, grants []string
	for _, user := range x.store.Users() {
		users = append(users, user.ID)
	}
	for _, role := range x.store.Roles() {
		roles = append(roles, role.ID)
		entitlements = append(entitlements, "role:"+role.ID+":assigned")
	}
	for _, membership := range x.store.Memberships() {
		grants = append(grants, grantID(membership.RoleID, membership.UserID))
	}
	require.Equal(x.t, sorted(users), keys(s.users))
	require.Equal(x.t, sorted(roles), keys(s.roles))
	require.Equal(x.t, sorted(entitlements), keys(s.entitlements))
	require.Equal(x.t, sorted(grants), keys(s.grants))
}

func keys[T any](m map[string]T) []string {
	all := make([]string, 0, len(m))
	for key := range m {
		all = append(all, key)
	}
	return sorted(all)
}

func sorted(s []string) []string {
	slices.Sort(s)
	return s
}

// pick finds an annotation.
func pick[M proto.Message](t *testing.T, from annotations.Annotations, into M) (M, bool) {
	t.Helper()
	found, err := from.Pick(into)
	require.NoError(t, err)
	return into, found
}

// profile is a resource's profile as plain values.
func profile(r *v2.Resource) map[string]any { return r.GetProfile().AsMap() }
