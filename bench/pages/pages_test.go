package pages_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/cli"
	"github.com/conductorone/baton-sdk/pkg/connectorbuilder"
	"github.com/conductorone/baton-sdk/pkg/connectorclient"
	"github.com/conductorone/baton-sdk/pkg/session"
	sdksync "github.com/conductorone/baton-sdk/pkg/sync"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/proto"

	"github.com/conductorone/baton-privx/bench/pages"
	"github.com/conductorone/baton-privx/internal/c1z"
	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/config"
	"github.com/conductorone/baton-privx/pkg/connector"
)

// size has more than a page of users, and so of privx-user's members, and some of
// all that the simulator can think of.
var size = privxsim.SeedOptions{Users: 1200, Roles: 30, MembersPerRole: 20}

// newConnector makes a connector to a simulated PrivX.
func newConnector(t *testing.T, store *privxsim.Store) connectorbuilder.ConnectorBuilderV2 {
	t.Helper()
	server, err := privxsim.Serve(privxsim.New(store, privxsim.Options{}), privxsim.ServeOptions{TLS: true})
	require.NoError(t, err)
	t.Cleanup(server.Close)
	made, _, err := connector.New(t.Context(), &config.Privx{
		BaseUrl: server.URL, CaCertificate: server.CAPEM,
		ApiClientId: privxsim.DefaultAPIClientID, ApiClientSecret: privxsim.DefaultAPIClientSecret,
		OauthClientId: privxsim.DefaultOAuthClientID, OauthClientSecret: privxsim.DefaultOAuthClientSecret,
	}, &cli.ConnectorOpts{})
	require.NoError(t, err)
	return made
}

// sync syncs a connector over gRPC, as baton-sdk's two processes do, into a file
// and gives its path.
func sync(t *testing.T, builder connectorbuilder.ConnectorBuilderV2) (string, error) {
	t.Helper()
	ctx := t.Context()
	server, err := connectorbuilder.NewConnector(ctx, builder, connectorbuilder.WithSessionStore(&session.NoOpSessionStore{}))
	require.NoError(t, err)
	rpc := grpc.NewServer()
	v2.RegisterConnectorServiceServer(rpc, server)
	v2.RegisterResourceTypesServiceServer(rpc, server)
	v2.RegisterResourcesServiceServer(rpc, server)
	v2.RegisterEntitlementsServiceServer(rpc, server)
	v2.RegisterGrantsServiceServer(rpc, server)
	listener := bufconn.Listen(1 << 20)
	go func() { _ = rpc.Serve(listener) }()
	t.Cleanup(rpc.Stop)
	conn, err := grpc.NewClient("passthrough:///connector",
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })

	dir := t.TempDir()
	path := filepath.Join(dir, "sync.c1z")
	syncer, err := sdksync.NewSyncer(ctx, connectorclient.NewConnectorClient(ctx, conn),
		sdksync.WithC1ZPath(path), sdksync.WithTmpDir(dir), sdksync.WithWorkerCount(4), sdksync.WithFailFastInvariants())
	require.NoError(t, err)
	err = syncer.Sync(ctx)
	require.NoError(t, syncer.Close(context.WithoutCancel(ctx)))
	return path, err
}

func mustSync(t *testing.T, builder connectorbuilder.ConnectorBuilderV2) string {
	t.Helper()
	path, err := sync(t, builder)
	require.NoError(t, err)
	return path
}

// record syncs with a Recorder and gives the folder of its pages.
func record(t *testing.T, made connectorbuilder.ConnectorBuilderV2) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "pages")
	recorder := pages.NewRecorder(made, folder)
	require.NoError(t, recorder.Keep(t.Context()))
	mustSync(t, recorder)
	return folder
}

// skipInShort leaves out what only benches need.
func skipInShort(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("it is about a bench, and takes seconds")
	}
}

func play(t *testing.T, folder string) *pages.Player {
	t.Helper()
	player, err := pages.NewPlayer(folder)
	require.NoError(t, err)
	return player
}

func TestFloorHasTheConnectorsRows(t *testing.T) {
	t.Parallel()
	skipInShort(t)
	store := privxsim.Seed(size)
	made := newConnector(t, store)
	folder := record(t, made)

	counts, err := c1z.Compare(t.Context(), mustSync(t, made), mustSync(t, play(t, folder)))
	require.NoError(t, err)
	roles := len(store.Roles())
	require.Equal(t, c1z.Counts{
		Types: 2, Users: len(store.Users()), Roles: roles, Entitlements: roles, Grants: len(store.Memberships()),
		Resources: len(store.Users()) + roles,
	}, counts)
}

// What compares has to see a difference.
func TestADifferenceIsSeen(t *testing.T) {
	t.Parallel()
	skipInShort(t)
	folder := record(t, newConnector(t, privxsim.Seed(size)))
	whole := mustSync(t, play(t, folder))
	for name, alter := range map[string]func(*v2.GrantsServiceListGrantsResponse){
		"a row less":    func(page *v2.GrantsServiceListGrantsResponse) { page.SetList(page.GetList()[1:]) },
		"an annotation": func(page *v2.GrantsServiceListGrantsResponse) { page.GetList()[0].SetAnnotations(nil) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			altered := filepath.Join(t.TempDir(), "altered")
			require.NoError(t, os.CopyFS(altered, os.DirFS(folder)))
			alterPage(t, altered, alter)
			_, err := c1z.Compare(t.Context(), whole, mustSync(t, play(t, altered)))
			require.Error(t, err)
		})
	}
}

// alterPage alters one page of grants.
func alterPage(t *testing.T, folder string, alter func(*v2.GrantsServiceListGrantsResponse)) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, "grants-*"))
	require.NoError(t, err)
	for _, name := range names {
		data, err := os.ReadFile(name)
		require.NoError(t, err)
		var page v2.GrantsServiceListGrantsResponse
		require.NoError(t, proto.Unmarshal(data, &page))
		if len(page.GetList()) < 2 {
			continue
		}
		alter(&page)
		data, err = proto.Marshal(&page)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(name, data, 0o600))
		return
	}
	require.Fail(t, "no page of grants to alter")
}

// A page that is missing must fail the sync: a floor with fewer rows is none.
func TestAMissingPageIsAnError(t *testing.T) {
	t.Parallel()
	skipInShort(t)
	folder := record(t, newConnector(t, privxsim.Seed(size)))
	names, err := filepath.Glob(filepath.Join(folder, "grants-*"))
	require.NoError(t, err)
	require.NoError(t, os.Remove(names[0]))
	_, err = sync(t, play(t, folder))
	require.Error(t, err)
}

func TestWhatIsNoRecordingIsRefused(t *testing.T) {
	t.Parallel()
	_, err := pages.NewPlayer(t.TempDir())
	require.ErrorIs(t, err, os.ErrNotExist)
}
