package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/annotations"
	"github.com/conductorone/baton-sdk/pkg/connectorbuilder"
	rs "github.com/conductorone/baton-sdk/pkg/types/resource"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/conductorone/baton-privx/pkg/connector"
)

func TestIsOneShot(t *testing.T) {
	t.Parallel()
	none := map[string]string{}
	for _, c := range []struct {
		args []string
		env  map[string]string
		want bool
	}{
		{nil, none, true},
		{[]string{"--file", "x.c1z"}, none, true},
		{[]string{"--grant-entitlement", "e"}, none, true},
		{[]string{"capabilities"}, none, false},
		{[]string{"config"}, none, false},
		{[]string{"--client-id", "c"}, none, false},
		{[]string{"-p", "--client-id=c"}, none, false},
		{nil, map[string]string{"BATON_CLIENT_ID": "c"}, false},
		{nil, map[string]string{"BATON_CLIENT_ID": ""}, true},
		{[]string{"--file", "x.c1z", "_connector-service"}, none, false},
	} {
		lookup := func(name string) (string, bool) {
			value, found := c.env[name]
			return value, found
		}
		require.Equal(t, c.want, isOneShot(c.args, lookup), "%v %v", c.args, c.env)
	}
}

// A run that ends with 0 though a call has failed ends with the failure's code.
func TestExitCodeOfASwallowedFailure(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "failure")
	noted := &failures{path: path, open: make(map[string]error)}
	code := func() int {
		code, text := exitCode(ended(t, "exit 0"), path)
		require.Equal(t, code != 0, text != "")
		return code
	}
	require.Equal(t, 0, code())

	noted.note("validate", status.Error(codes.Unavailable, "away"))
	require.Equal(t, int(codes.Unavailable), code())
	noted.note("validate", nil)
	require.Equal(t, 0, code(), "it has succeeded since")

	noted.note("grants a", status.Error(codes.Unavailable, "away"))
	noted.note("grants b", status.Error(codes.PermissionDenied, "no"))
	noted.note("grants c", status.Error(codes.Canceled, "because of b"))
	noted.note("grants d", fmt.Errorf("because of b too: %w", context.Canceled))
	require.Equal(t, int(codes.PermissionDenied), code())
	noted.note("grants e", nil)
	require.Equal(t, int(codes.PermissionDenied), code(), "another call's success mends nothing")

	_, text := exitCode(ended(t, "exit 0"), path)
	require.Contains(t, text, "no")

	require.NoError(t, os.WriteFile(path, []byte("?\nrubbish"), 0o600))
	require.Equal(t, 1, code())
}

// Any other end of a run is passed on as a shell would.
func TestExitCodeIsPassedOn(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "failure")
	for script, want := range map[string]int{"exit 9": 9, "kill -TERM $$": 128 + 15} {
		code, text := exitCode(ended(t, script), missing)
		require.Equal(t, want, code)
		require.Empty(t, text)
	}
}

func ended(t *testing.T, script string) *os.ProcessState {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", script)
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	return cmd.ProcessState
}

// What is watched can do all that it can do unwatched, and what is new in it is
// watched.
func TestWatchedSyncersAreTheSame(t *testing.T) {
	t.Parallel()
	bare := (&connector.Connector{}).ResourceSyncers(t.Context())
	watch := &watched{ConnectorBuilderV2: &connector.Connector{}, failures: &failures{}}
	wrapped := watch.ResourceSyncers(t.Context())
	require.Len(t, wrapped, len(bare))
	kinds := make(map[string]connectorbuilder.ResourceSyncerV2)
	for i, syncer := range wrapped {
		kind := syncer.ResourceType(t.Context()).GetId()
		require.Equal(t, bare[i].ResourceType(t.Context()).GetId(), kind)
		require.Equal(t, abilities(bare[i]), abilities(syncer), kind)
		kinds[kind] = syncer
	}
	require.Len(t, kinds, 2)
	require.IsType(t, &watchedSyncer{}, kinds["user"])
	require.IsType(t, &watchedProvisioner{}, kinds["role"])
}

// abilities are what baton-sdk looks for in a syncer.
func abilities(syncer any) map[string]bool {
	able := make(map[string]bool)
	_, able["targeted"] = syncer.(connectorbuilder.ResourceTargetedSyncerLimited)
	_, able["static entitlements"] = syncer.(connectorbuilder.StaticEntitlementSyncerV2)
	_, able["type-scoped grants"] = syncer.(connectorbuilder.TypeScopedGrantsSyncer)
	_, able["type-scoped entitlements"] = syncer.(connectorbuilder.TypeScopedEntitlementsSyncer)
	_, able["provisioner"] = syncer.(connectorbuilder.ResourceProvisionerV2Limited)
	_, able["provisioner V1"] = syncer.(connectorbuilder.ResourceProvisionerLimited)
	_, able["resources"] = syncer.(connectorbuilder.ResourceManagerV2Limited)
	_, able["resources, deleting"] = syncer.(connectorbuilder.ResourceDeleterV2Limited)
	_, able["accounts"] = syncer.(connectorbuilder.AccountManagerLimited)
	_, able["credentials"] = syncer.(connectorbuilder.CredentialManagerLimited)
	_, able["credentials, issuing"] = syncer.(connectorbuilder.CredentialIssuerLimited)
	_, able["actions"] = syncer.(connectorbuilder.ResourceActionProvider)
	return able
}

// fakeSyncer answers every call with the same error, and remembers what it was
// called for.
type fakeSyncer struct {
	targetedSyncer

	err         error
	principal   *v2.Resource
	entitlement *v2.Entitlement
	revoked     *v2.Grant
}

func (f *fakeSyncer) ResourceType(context.Context) *v2.ResourceType {
	return v2.ResourceType_builder{Id: "role"}.Build()
}

func (f *fakeSyncer) List(context.Context, *v2.ResourceId, rs.SyncOpAttrs) ([]*v2.Resource, *rs.SyncOpResults, error) {
	return nil, nil, f.err
}

func (f *fakeSyncer) Grants(context.Context, *v2.Resource, rs.SyncOpAttrs) ([]*v2.Grant, *rs.SyncOpResults, error) {
	return nil, nil, f.err
}

func (f *fakeSyncer) Get(context.Context, *v2.ResourceId, *v2.ResourceId) (*v2.Resource, annotations.Annotations, error) {
	return nil, nil, f.err
}

func (f *fakeSyncer) Grant(_ context.Context, principal *v2.Resource, entitlement *v2.Entitlement) ([]*v2.Grant, annotations.Annotations, error) {
	f.principal, f.entitlement = principal, entitlement
	return []*v2.Grant{{}}, annotations.New(&v2.GrantAlreadyExists{}), f.err
}

func (f *fakeSyncer) Revoke(_ context.Context, grant *v2.Grant) (annotations.Annotations, error) {
	f.revoked = grant
	return annotations.New(&v2.GrantAlreadyRevoked{}), f.err
}

// fakeBuilder has nothing but a syncer.
type fakeBuilder struct {
	connectorbuilder.ConnectorBuilderV2

	syncer connectorbuilder.ResourceSyncerV2
}

func (f fakeBuilder) ResourceSyncers(context.Context) []connectorbuilder.ResourceSyncerV2 {
	return []connectorbuilder.ResourceSyncerV2{f.syncer}
}

// Of each kind of call, a failure makes the exit code and a later success takes
// it back. NotFound is one, but for the call whose NotFound baton-sdk takes for
// "left out".
func TestWatchedCallsAreNoted(t *testing.T) {
	t.Parallel()
	id := func(kind, id string) *v2.ResourceId {
		return v2.ResourceId_builder{ResourceType: kind, Resource: id}.Build()
	}
	role := v2.Resource_builder{Id: id("role", "r")}.Build()
	user := v2.Resource_builder{Id: id("user", "u")}.Build()
	entitlement := v2.Entitlement_builder{Id: "role:r:assigned", Resource: role}.Build()
	grant := v2.Grant_builder{Id: "g", Entitlement: entitlement, Principal: user}.Build()
	for name, c := range map[string]struct {
		call     func(ctx context.Context, w *watchedProvisioner) error
		notFound codes.Code
	}{
		"list": {func(ctx context.Context, w *watchedProvisioner) error {
			_, _, err := w.List(ctx, nil, rs.SyncOpAttrs{})
			return err
		}, codes.NotFound},
		"grants": {func(ctx context.Context, w *watchedProvisioner) error {
			_, _, err := w.Grants(ctx, role, rs.SyncOpAttrs{})
			return err
		}, codes.NotFound},
		"get": {func(ctx context.Context, w *watchedProvisioner) error {
			_, _, err := w.Get(ctx, role.GetId(), nil)
			return err
		}, codes.OK},
		"grant": {func(ctx context.Context, w *watchedProvisioner) error {
			made, notes, err := w.Grant(ctx, user, entitlement)
			require.Len(t, made, 1)
			require.True(t, notes.Contains(&v2.GrantAlreadyExists{}))
			return err
		}, codes.NotFound},
		"revoke": {func(ctx context.Context, w *watchedProvisioner) error {
			notes, err := w.Revoke(ctx, grant)
			require.True(t, notes.Contains(&v2.GrantAlreadyRevoked{}))
			return err
		}, codes.NotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "failure")
			fake := &fakeSyncer{}
			watch := &watched{ConnectorBuilderV2: fakeBuilder{syncer: fake}, failures: &failures{path: path, open: make(map[string]error)}}
			wrapped := watch.ResourceSyncers(t.Context())[0]
			provisioner, ok := wrapped.(*watchedProvisioner)
			require.True(t, ok)
			for _, step := range []struct{ fails, noted codes.Code }{
				{codes.OK, codes.OK},
				{codes.PermissionDenied, codes.PermissionDenied},
				{codes.Canceled, codes.PermissionDenied}, // a consequence
				{codes.OK, codes.OK},
				{codes.NotFound, c.notFound},
				{codes.OK, codes.OK},
				{codes.FailedPrecondition, codes.FailedPrecondition},
			} {
				fake.err = status.Error(step.fails, "because")
				require.Equal(t, step.fails, status.Code(c.call(t.Context(), provisioner)), "it is passed on")
				code, text := exitCode(ended(t, "exit 0"), path)
				require.Equal(t, int(step.noted), code, "after %s", step.fails)
				require.Equal(t, step.noted != codes.OK, strings.Contains(text, "because"))
			}
			if name == "grant" {
				require.Same(t, user, fake.principal)
				require.Same(t, entitlement, fake.entitlement)
			}
			if name == "revoke" {
				require.Same(t, grant, fake.revoked)
			}
		})
	}
}

// One grant's success does not take back another's failure, nor that of the
// revoke of the same.
func TestWatchedGrantsAreToldApart(t *testing.T) {
	t.Parallel()
	resource := func(kind, id string) *v2.Resource {
		return v2.Resource_builder{Id: v2.ResourceId_builder{ResourceType: kind, Resource: id}.Build()}.Build()
	}
	entitlement := func(id string) *v2.Entitlement { return v2.Entitlement_builder{Id: id}.Build() }
	path := filepath.Join(t.TempDir(), "failure")
	fake := &fakeSyncer{}
	noted := &failures{path: path, open: make(map[string]error)}
	w := &watchedProvisioner{watchedSyncer: &watchedSyncer{targetedSyncer: fake, failures: noted}, provisioner: fake}
	revoke := func(user, of string) {
		_, _ = w.Revoke(t.Context(), v2.Grant_builder{Principal: resource("user", user), Entitlement: entitlement(of)}.Build())
	}
	fake.err = status.Error(codes.Aborted, "because")
	_, _, err := w.Grant(t.Context(), resource("user", "u"), entitlement("r"))
	require.Error(t, err)
	fake.err = nil
	_, _, _ = w.Grant(t.Context(), resource("user", "other"), entitlement("r"))
	_, _, _ = w.Grant(t.Context(), resource("user", "u"), entitlement("other"))
	revoke("u", "r")
	code, _ := exitCode(ended(t, "exit 0"), path)
	require.Equal(t, int(codes.Aborted), code)
	_, _, _ = w.Grant(t.Context(), resource("user", "u"), entitlement("r"))
	code, _ = exitCode(ended(t, "exit 0"), path)
	require.Zero(t, code)
}
