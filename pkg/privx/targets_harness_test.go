package privx_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/privx"
)

const (
	hostsSearchPath    = "/host-store/api/v1/hosts/search"
	hostsPath          = "/host-store/api/v1/hosts"
	hostPath           = "/host-store/api/v1/hosts/*"
	secretsPath        = "/vault/api/v1/search/secrets"
	networkTargetsPath = "/network-access-manager/api/v1/nwtargets"
	networkTargetPath  = "/network-access-manager/api/v1/nwtargets/*"
	apiTargetsPath     = "/api-proxy/api/v1/api-targets"
	apiTargetPath      = "/api-proxy/api/v1/api-targets/*"
	awsRolesPath       = "/role-store/api/v1/awsroles"
	awsRolePath        = "/role-store/api/v1/awsroles/*"
	accessGroupsPath   = "/authorizer/api/v1/accessgroups"
)

// targetPermissions are what the lists of targets and of access groups ask for.
var targetPermissions = []string{"hosts-view", "network-targets-view", "api-targets-view", "role-target-resources-view", "access-groups-manage", "vault-manage"}

// viewer is the role from which the API client has its permissions.
const viewer = "11111111-0000-4000-8000-000000000000"

// targetStore is a store with n targets of each kind. Its API client has some permissions.
func targetStore(n int, permissions ...string) *privxsim.Store {
	store := privxsim.NewStore()
	client := store.AddAPIClient(privxsim.APIClient{ID: privxsim.DefaultAPIClientID, Secret: privxsim.DefaultAPIClientSecret})
	store.AddRole(privxsim.Role{ID: viewer, Name: "viewer", Permissions: append([]string{"users-view", "roles-view"}, permissions...)})
	store.GrantExplicit(viewer, client.ID, privxsim.Grant{})
	for i := range n {
		addTargets(store, i)
	}
	return store
}

// addTargets adds the i-th target of each kind, later than those before it.
func addTargets(store *privxsim.Store, i int) {
	created := time.Date(2020, 1, 1, 0, i, 0, 0, time.UTC).Format(time.RFC3339)
	roles := []privxsim.RoleRef{{ID: viewer}}
	store.AddHost(privxsim.Host{CommonName: fmt.Sprintf("host-%d", i), Created: created, Principals: []privxsim.Principal{{Principal: "root", Roles: roles}}})
	store.AddSecret(privxsim.Secret{Name: fmt.Sprintf("secret-%d", i), Created: created, ReadRoles: roles})
	store.AddNetworkTarget(privxsim.NetworkTarget{Name: fmt.Sprintf("network-%d", i), Created: created, Roles: roles})
	store.AddAPITarget(privxsim.APITarget{Name: fmt.Sprintf("api-%d", i), Created: created, Roles: roles})
	store.AddAWSRole(privxsim.AWSRole{Name: fmt.Sprintf("aws-%d", i), Roles: roles})
	store.AddAccessGroup(privxsim.AccessGroup{Name: fmt.Sprintf("group-%d", i), Created: created})
}

// withTargets is a setup with n targets of each kind, all of which can be read.
func withTargets(n int, options privxsim.Options) setup {
	return setup{store: targetStore(n, targetPermissions...), sim: options}
}

// targetLists are the lists of targets. All but the last are paged.
func (h *harness) targetLists() []listing {
	hosts, secrets := pageOf(func(x privx.Host) string { return x.ID }), pageOf(func(x privx.Secret) string { return x.OwnerID + "/" + x.Name })
	networks, apis := pageOf(func(x privx.NetworkTarget) string { return x.ID }), pageOf(func(x privx.APITarget) string { return x.ID })
	roles := pageOf(func(x privx.AWSRole) string { return x.ID })
	return []listing{
		{
			"hosts", hostsSearchPath,
			func(ctx context.Context, token string) (page[string], error) {
				return hosts(h.client.ListHosts(ctx, token))
			},
			func() []string { return idsOf(h.store.Hosts(), func(x privxsim.Host) string { return x.ID }) },
		},
		{
			"secrets", secretsPath,
			func(ctx context.Context, token string) (page[string], error) {
				return secrets(h.client.ListSecrets(ctx, token))
			},
			func() []string {
				return idsOf(h.store.Secrets(), func(x privxsim.Secret) string { return x.OwnerID + "/" + x.Name })
			},
		},
		{
			"network targets", networkTargetsPath,
			func(ctx context.Context, token string) (page[string], error) {
				return networks(h.client.ListNetworkTargets(ctx, token))
			},
			func() []string {
				return idsOf(h.store.NetworkTargets(), func(x privxsim.NetworkTarget) string { return x.ID })
			},
		},
		{
			"API targets", apiTargetsPath,
			func(ctx context.Context, token string) (page[string], error) {
				return apis(h.client.ListAPITargets(ctx, token))
			},
			func() []string { return idsOf(h.store.APITargets(), func(x privxsim.APITarget) string { return x.ID }) },
		},
		{
			"AWS roles", awsRolesPath,
			func(ctx context.Context, token string) (page[string], error) {
				return roles(h.client.ListAWSRoles(ctx, token))
			},
			func() []string { return idsOf(h.store.AWSRoles(), func(x privxsim.AWSRole) string { return x.ID }) },
		},
	}
}

// pagedTargets are those lists that are paged.
func (h *harness) pagedTargets() []listing { return h.targetLists()[:4] }

// targetCalls are all methods that read targets and access groups, by the endpoint that they
// call first. Those that read one read the first one.
func (h *harness) targetCalls() []call {
	get, post := http.MethodGet, http.MethodPost
	calls := []call{
		{"ListHosts", get, hostsPath, func(ctx context.Context) error { return second(h.client.ListHosts(ctx, "")) }},
		{"CheckHosts", get, hostsPath, h.client.CheckHosts},
		{"ListSecrets", post, secretsPath, func(ctx context.Context) error { return second(h.client.ListSecrets(ctx, "")) }},
		{"CheckSecrets", post, secretsPath, h.client.CheckSecrets},
		{"ListNetworkTargets", get, networkTargetsPath, func(ctx context.Context) error { return second(h.client.ListNetworkTargets(ctx, "")) }},
		{"CheckNetworkTargets", get, networkTargetsPath, h.client.CheckNetworkTargets},
		{"ListAPITargets", get, apiTargetsPath, func(ctx context.Context) error { return second(h.client.ListAPITargets(ctx, "")) }},
		{"CheckAPITargets", get, apiTargetsPath, h.client.CheckAPITargets},
		{"ListAWSRoles", get, awsRolesPath, func(ctx context.Context) error { return second(h.client.ListAWSRoles(ctx, "")) }},
		{"CheckAWSRoles", get, awsRolesPath, h.client.CheckAWSRoles},
		{"AccessGroups", get, accessGroupsPath, func(ctx context.Context) error { return second(h.client.AccessGroups(ctx)) }},
	}
	return append(calls, h.targetGets()...)
}

// targetGets are all methods that read one target.
func (h *harness) targetGets() []call {
	host, network := h.store.Hosts()[0].ID, h.store.NetworkTargets()[0].ID
	api, role := h.store.APITargets()[0].ID, h.store.AWSRoles()[0].ID
	get := http.MethodGet
	return []call{
		{"GetHost", get, hostPath, func(ctx context.Context) error { return second(h.client.GetHost(ctx, host)) }},
		{"GetNetworkTarget", get, networkTargetPath, func(ctx context.Context) error { return second(h.client.GetNetworkTarget(ctx, network)) }},
		{"GetAPITarget", get, apiTargetPath, func(ctx context.Context) error { return second(h.client.GetAPITarget(ctx, api)) }},
		{"GetAWSRole", get, awsRolePath, func(ctx context.Context) error { return second(h.client.GetAWSRole(ctx, role)) }},
	}
}

// only is the one row of a list.
func only[T any](t *testing.T, page *privx.Page[T], err error) T {
	t.Helper()
	require.NoError(t, err)
	require.Len(t, page.Items, 1)
	return page.Items[0]
}

// wantNoCanary checks that what was read holds nothing that nobody outside PrivX may see.
func wantNoCanary(t *testing.T, read any) {
	t.Helper()
	text, err := json.Marshal(read)
	require.NoError(t, err)
	require.NotContains(t, string(text)+fmt.Sprintf("%+v", read), privxsim.CanaryPrefix)
}
