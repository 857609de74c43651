package connector_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/connectorbuilder"
	"github.com/conductorone/baton-sdk/pkg/field"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/config"
	"github.com/conductorone/baton-privx/pkg/connector"
)

// The documentation has the table of permissions, with all rows of the connector's own
// table and no others.
func TestDocumentedPermissions(t *testing.T) {
	t.Parallel()
	want := connector.PermissionTable()
	for _, path := range []string{"README.md", filepath.Join("docs", "connector.mdx")} {
		text, err := os.ReadFile(filepath.Join("..", "..", path))
		require.NoError(t, err)
		require.Equal(t, want, tableUnder(string(text), want[0]), "%s should have:\n%s", path, strings.Join(want, "\n"))
	}
}

// tableUnder finds the lines of a table that begins with a line, wherever it is and
// however it is indented.
func tableUnder(text, header string) []string {
	var table []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case line == header || len(table) > 0 && strings.HasPrefix(line, "|"):
			table = append(table, line)
		case len(table) > 0:
			return table
		}
	}
	return table
}

// With the permissions of the table, an API client can do all that the connector does,
// and each of them is needed: without one that is not optional, the validation or the
// grant fails and names it, and without an optional one, there is a warning that does.
func TestPermissionsAreThoseThatAreNeeded(t *testing.T) {
	t.Parallel()
	everything := connector.Permissions(func(bool, string) bool { return true })
	x, user, role := newTenantWithPermissions(t, everything)
	x.mustSync()
	x.mustGrant(role, user)
	require.Empty(t, x.warnings())

	for _, missing := range connector.Permissions(func(optional bool, setting string) bool { return !optional && setting == "" }) {
		x, _, _ := newTenantWithPermissions(t, everything, missing)
		_, err := x.connector.Validate(x.ctx)
		require.Equal(t, codes.PermissionDenied, status.Code(err), missing)
		require.ErrorContains(t, err, missing)
	}
	for _, missing := range connector.Permissions(func(optional bool, setting string) bool { return optional && setting == "" }) {
		x, _, _ := newTenantWithPermissions(t, everything, missing)
		x.mustSync()
		require.Contains(t, strings.Join(x.warnings(), "\n"), "give it the permission "+missing)
	}
	for _, missing := range connector.Permissions(func(_ bool, setting string) bool { return setting == "provisioning" }) {
		x, user, role := newTenantWithPermissions(t, everything, missing)
		x.mustSync()
		require.Empty(t, x.warnings())
		_, _, err := x.grant(role, stub("user", user))
		require.Equal(t, codes.PermissionDenied, status.Code(err), missing)
		require.ErrorContains(t, err, missing)
	}
}

// newTenantWithPermissions simulates a PrivX where the connector's API client has
// permissions but for those that are missing, with a user and a role.
func newTenantWithPermissions(t *testing.T, permissions []string, missing ...string) (*tenant, string, string) {
	t.Helper()
	store := privxsim.NewStore()
	store.AddAPIClient(privxsim.APIClient{ID: privxsim.DefaultAPIClientID, Name: "ConductorOne", Secret: privxsim.DefaultAPIClientSecret})
	has := slices.DeleteFunc(slices.Clone(permissions), func(p string) bool { return slices.Contains(missing, p) })
	own := store.AddRole(privxsim.Role{Name: "connector", Permissions: has})
	store.GrantExplicit(own.ID, privxsim.DefaultAPIClientID, privxsim.Grant{})
	role, user := addScene(store)
	return newTenant(t, store, privxsim.Options{}), user, role
}

// A resource type with a setting is synced and validated if that is on. The command that
// tells the capabilities, which has no configuration, tells them with all settings on.
func TestCapabilitiesAreAskedForBySettings(t *testing.T) {
	t.Parallel()
	failed := errors.New("checked")
	for _, c := range []struct {
		settings []string // nil without a configuration
		asked    bool
	}{
		{[]string{}, false},
		{[]string{"another"}, false},
		{[]string{"one-more"}, true},
		{nil, true},
	} {
		made := connector.Asked(c.settings)
		without := len(made.ResourceSyncers(t.Context()))
		err := connector.CheckWith(t.Context(), made, "one-more", func() error { return failed })
		if c.asked {
			require.Len(t, connector.SyncersWith(made, "one-more"), without+1)
			require.ErrorIs(t, err, failed)
		} else {
			require.Len(t, connector.SyncersWith(made, "one-more"), without)
			require.NoError(t, err)
		}
	}
}

// What the capabilities command tells is what a connector can do for which all settings
// are on.
func TestCapabilitiesCommandTellsOfAllSettings(t *testing.T) {
	t.Parallel()
	told := func(c *connector.Connector) *v2.ConnectorCapabilities {
		server, err := connectorbuilder.NewConnector(t.Context(), c)
		require.NoError(t, err)
		answer, err := server.GetMetadata(t.Context(), &v2.ConnectorServiceGetMetadataRequest{})
		require.NoError(t, err)
		return answer.GetMetadata().GetCapabilities()
	}
	ofSyncers, _ := connector.Settings()
	require.True(t, proto.Equal(told(connector.Asked(append([]string{}, ofSyncers...))), told(&connector.Connector{})))
}

// The settings of resource types are those of the configuration that are on or off, off
// by default and there with each way to authenticate; the others are baton-sdk's.
func TestSettingsOfCapabilities(t *testing.T) {
	t.Parallel()
	ofSyncers, others := connector.Settings()
	var switches []string
	for _, f := range config.Config.Fields {
		if f.Variant == field.BoolVariant {
			switches = append(switches, f.FieldName)
			require.Equal(t, false, f.DefaultValue, f.FieldName)
		}
	}
	// These two change what the others sync.
	require.ElementsMatch(t, switches, append([]string{"sync-personal-secrets", "role-summary"}, ofSyncers...))
	for _, group := range config.Config.FieldGroups {
		for _, name := range ofSyncers {
			require.True(t, slices.ContainsFunc(group.Fields, func(f field.SchemaField) bool { return f.FieldName == name }), "%s in %s", name, group.Name)
		}
	}
	for _, name := range others {
		if slices.Contains(ofSyncers, name) {
			continue
		}
		require.True(t, slices.ContainsFunc(field.DefaultFields, func(f field.SchemaField) bool { return f.FieldName == name }), name)
	}
}
