package connector_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/config"
)

// syncOf syncs a landscape as it was made, without expansion.
func syncOf(t *testing.T, l *landscape, options privxsim.Options, faults ...privxsim.Fault) (*tenant, string, error) {
	t.Helper()
	x := newTenantWith(t, l.store, options, func(cfg *config.Privx) {
		allTargets(cfg)
		cfg.ExpandReach = config.ExpandOff
	})
	for _, fault := range faults {
		x.sim.Inject(fault)
	}
	path, err := x.sync()
	return x, path, err
}

// Targets that call a role by an older name reach the same role.
func TestTargetsWithOlderNamesOfRoles(t *testing.T) {
	t.Parallel()
	for _, stale := range []bool{false, true} {
		l := newLandscape()
		l.dba.Name = "Database administrators"
		l.store.UpdateRole(l.dba)
		_, path, err := syncOf(t, l, privxsim.Options{StaleRoleNames: stale})
		require.NoError(t, err)
		require.Equal(t, reachGrants(l.store), ofTargets(read(t, path)))
	}
}

// Whichever way PrivX writes that a target is not disabled, the connector knows which ones are.
func TestDisabledTargets(t *testing.T) {
	t.Parallel()
	for form, reason := range map[privxsim.DisabledForm]string{
		privxsim.DisabledFalse: "by an administrator", privxsim.DisabledNotDisabled: "by an administrator", privxsim.DisabledBoolean: "disabled in PrivX",
	} {
		l := newLandscape()
		_, path, err := syncOf(t, l, privxsim.Options{DisabledForm: form})
		require.NoError(t, err)
		content := read(t, path)
		require.NotContains(t, targetNamed(t, content, "host", "db-1").String(), "disabled in PrivX")
		require.Contains(t, targetNamed(t, content, "host", "db-2").String(), reason)
	}
}

// The connector syncs the hosts that it is shown, whatever a role in no access group shows.
func TestRolesInNoAccessGroup(t *testing.T) {
	t.Parallel()
	for _, nothing := range []bool{false, true} {
		l := newLandscape()
		for _, role := range l.store.Roles() {
			role.AccessGroupID = ""
			l.store.UpdateRole(role)
		}
		_, path, err := syncOf(t, l, privxsim.Options{UngroupedRolesSeeNothing: nothing})
		require.NoError(t, err)
		require.Equal(t, nothing, len(read(t, path).ResourceIDs("host")) == 0)
	}
}

// The connector syncs the secrets that it is shown, and fails if it is refused their list.
func TestSecretsThatAreShown(t *testing.T) {
	t.Parallel()
	shown := func(options privxsim.Options) (int, error) {
		_, path, err := syncOf(t, newLandscape(), options)
		if err != nil {
			return 0, err
		}
		return len(read(t, path).ResourceIDs("secret")), nil
	}
	all := len(newLandscape().store.Secrets())
	for _, c := range []struct {
		options privxsim.Options
		shown   int
	}{
		{privxsim.Options{}, all},
		{privxsim.Options{VaultPagingInBody: true, MaxPageSize: 7}, all},
		{privxsim.Options{VaultSight: privxsim.VaultSeesOwn}, 0},
		{privxsim.Options{HidePersonalSecrets: true}, len(oddNames) + 1},
	} {
		n, err := shown(c.options)
		require.NoError(t, err)
		require.Equal(t, c.shown, n, "%+v", c.options)
	}
	_, err := shown(privxsim.Options{VaultSight: privxsim.VaultSeesForbidden})
	require.Equal(t, codes.PermissionDenied, status.Code(err))
	require.ErrorContains(t, err, "/vault/api/v1/search/secrets")
}

// A secret with a slash in its name is found in the list, and its name is in no path.
func TestSecretsWithSlashes(t *testing.T) {
	t.Parallel()
	l := newLandscape()
	x, path, err := syncOf(t, l, privxsim.Options{}, privxsim.Fault{Path: "/vault/api/v1/metadata/*/*", Status: http.StatusNotFound})
	require.NoError(t, err)
	require.Contains(t, read(t, path).ResourceIDs("secret"), "shared/a%2Fb")
	for _, rq := range x.sim.Requests() {
		require.False(t, strings.HasPrefix(rq.Path, "/vault/") && rq.Path != "/vault/api/v1/search/secrets", rq.Path)
	}
}

// A list of hosts that PrivX does not sort by creation fails the sync.
func TestHostsThatAreNotSorted(t *testing.T) {
	t.Parallel()
	_, _, err := syncOf(t, newLandscape(), privxsim.Options{}, privxsim.Fault{
		Method: http.MethodPost, Path: "/host-store/api/v1/hosts/search", Status: http.StatusBadRequest,
		Body: `{"error_code":"BAD_REQUEST","error_message":"no such sort key","property":"sortkey"}`,
	})
	require.Error(t, err)
	require.ErrorContains(t, err, "sortkey")
}

// Without hosts-view the sync fails and names it, whatever the search answers.
func TestSearchForHostsWithoutPermission(t *testing.T) {
	t.Parallel()
	for _, forbidden := range []bool{false, true} {
		l := newLandscape()
		for _, role := range l.store.Roles() {
			if role.Name != "privx-admin" {
				role.Permissions = slices.DeleteFunc(slices.Clone(role.Permissions), func(p string) bool { return p == "hosts-view" })
				l.store.UpdateRole(role)
			}
		}
		_, _, err := syncOf(t, l, privxsim.Options{SearchForbidden: forbidden})
		require.Equal(t, codes.PermissionDenied, status.Code(err))
		require.ErrorContains(t, err, "hosts-view")
	}
}

// A host of another access group is gone to the connector, or refused, and never deleted by
// mistake of a whole sync: a targeted sync says which.
func TestHostOfAnotherAccessGroup(t *testing.T) {
	t.Parallel()
	for forbidden, code := range map[bool]codes.Code{false: codes.NotFound, true: codes.PermissionDenied} {
		l := newLandscape()
		hidden := l.store.AddHost(privxsim.Host{CommonName: "hidden", AccessGroupID: l.store.AddAccessGroup(privxsim.AccessGroup{Name: "Vienna"}).ID})
		x := newTenantWith(t, l.store, privxsim.Options{ForeignForbidden: forbidden}, allTargets)
		_, err := v2.NewResourceGetterServiceClient(x.client()).GetResource(x.ctx, v2.ResourceGetterServiceGetResourceRequest_builder{
			ResourceId: v2.ResourceId_builder{ResourceType: "host", Resource: hidden.ID}.Build(),
		}.Build())
		require.Equal(t, code, status.Code(err), "forbidden %v: %v", forbidden, err)
	}
}
