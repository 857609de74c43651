package privx_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/privx"
)

// The lists of targets are read completely and each row once, however PrivX pages, counts
// and sorts.
func TestTargets_WholeLists(t *testing.T) {
	t.Parallel()
	for name, options := range map[string]privxsim.Options{
		"as documented":    {},
		"1 at a time":      {MaxPageSize: 1},
		"7 at a time":      {MaxPageSize: 7},
		"refused above 50": {MaxPageSize: 50, RefuseLargePages: true},
		"random ties":      {MaxPageSize: 7, RandomTies: true},
		"body of a vault":  {VaultPagingInBody: true},
		"no count":         {MaxPageSize: 40, Count: privxsim.CountOmitted},
		"too large counts": {MaxPageSize: 40, Count: privxsim.CountTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rows := 30
			if options.MaxPageSize == 0 {
				rows = 130
			}
			inBubble(t, withTargets(rows, options), func(t *testing.T, h *harness) {
				for _, l := range h.pagedTargets() {
					l.wantAll(t)
				}
			})
		})
	}
}

// No more secrets are asked for at a time than PrivX gives, and all that the vendor's client
// has in the body is in the query, too.
func TestTargets_PagesOfSecrets(t *testing.T) {
	t.Parallel()
	h := newHarness(t, withTargets(130, privxsim.Options{}))
	secrets := h.targetLists()[1]
	secrets.wantAll(t)
	require.Equal(t, []int{100, 100}, h.limits(t, secretsPath))
	for _, r := range h.sent(secretsPath) {
		require.JSONEq(t, fmt.Sprintf(`{"offset":%s,"limit":%s,"sortkey":"created","sortdir":"ASC"}`,
			query(t, r, "offset"), query(t, r, "limit")), string(r.Body))
	}
}

// Targets are deleted and added while their lists are read. Those that stay are not lost.
func TestTargets_ListsThatChange(t *testing.T) {
	t.Parallel()
	for boundary := range 3 {
		for _, n := range []int{1, 4, 7} {
			h := newHarness(t, withTargets(20, privxsim.Options{MaxPageSize: 4}))
			for i, gone := range []func(id string){
				h.store.RemoveHost,
				func(id string) { h.store.RemoveSecret("", strings.TrimPrefix(id, "/")) },
				h.store.RemoveNetworkTarget, h.store.RemoveAPITarget,
			} {
				l := h.targetLists()[i]
				var got []string
				for token, page := "", 0; ; page++ {
					p, err := l.page(t.Context(), token)
					require.NoError(t, err)
					got = append(got, p.items...)
					if page == boundary {
						for _, id := range got[:min(n, len(got))] {
							gone(id)
						}
						addTargets(h.store, 1000*(i+1)+n)
					}
					if token = p.next; token == "" {
						break
					}
				}
				require.Len(t, unique(got), len(got), "nothing is handed out twice")
				require.Subset(t, got, l.truth(), "%s: %d rows gone after page %d", l.name, n, boundary)
			}
		}
	}
}

// A permission that is missing is named, and no list is shorter for it.
func TestTargets_PermissionMissing(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{store: targetStore(3)})
	for _, c := range h.targetCalls() {
		permission := map[string]string{
			hostsPath: "hosts-view", hostPath: "hosts-view", networkTargetsPath: "network-targets-view", networkTargetPath: "network-targets-view",
			apiTargetsPath: "api-targets-view", apiTargetPath: "api-targets-view", awsRolesPath: "role-target-resources-view",
			awsRolePath: "role-target-resources-view", accessGroupsPath: "access-groups-manage",
		}[c.path]
		err := c.run(t.Context())
		if permission == "" {
			require.NoError(t, err, "%s needs none", c.name)
			continue
		}
		wantError(t, err, codes.PermissionDenied, http.StatusForbidden)
		require.ErrorContains(t, err, "the permission "+permission, c.name)
	}
	require.Empty(t, h.sent(hostsSearchPath), "the search would show fewer rows")
}

// The permission to list hosts is lost while they are read: PrivX then shows the hosts that
// the API client can connect to, as if the others were deleted.
func TestTargets_PermissionLostMeanwhile(t *testing.T) {
	t.Parallel()
	for lost := range 4 {
		inBubble(t, withTargets(20, privxsim.Options{MaxPageSize: 6, TokenTTL: time.Second}), func(t *testing.T, h *harness) {
			var err error
			var p page[string]
			for n := 0; n == 0 || p.next != "" && err == nil; n++ {
				p, err = h.targetLists()[0].page(t.Context(), p.next)
				if n == lost {
					h.loseHosts()
				}
			}
			if lost == 3 {
				require.NoError(t, err, "everything was read by then")
				return
			}
			require.Error(t, err, "lost after page %d", lost)
			require.True(t, privx.IsForbidden(err), "%v", err)
		})
	}
}

// loseHosts takes from the API client the permission to list hosts. It can still connect to
// the first three.
func (h *harness) loseHosts() {
	h.store.UpdateRole(privxsim.Role{ID: viewer, Name: "viewer", Permissions: []string{"users-view"}})
	for i, host := range h.store.Hosts() {
		if i >= 3 {
			host.Principals = nil
			h.store.UpdateHost(host)
		}
	}
}

// A PrivX that does not have a kind of target says so in several ways. None of them is taken
// for a target that does not exist, which baton-sdk would skip.
func TestTargets_ServiceMissing(t *testing.T) {
	t.Parallel()
	html := http.Header{"Content-Type": {"text/html; charset=utf-8"}}
	for name, fault := range map[string]privxsim.Fault{
		"404":           {Status: http.StatusNotFound, Body: `{"error_code":"NOT_FOUND","error_message":"no such path"}`},
		"404 without":   {Status: http.StatusNotFound, Body: `404 page not found`, Header: http.Header{"Content-Type": {"text/plain"}}},
		"404 with HTML": {Status: http.StatusNotFound, Body: "<html></html>", Header: html},
		"405":           {Status: http.StatusMethodNotAllowed},
		"a page":        {Status: http.StatusOK, Body: "<!doctype html><html></html>", Header: html},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, withTargets(1, privxsim.Options{}))
			gets := len(h.targetGets())
			calls := h.targetCalls()
			for _, c := range calls[:len(calls)-gets] {
				missing := fault
				missing.Path = c.path
				h.sim.Inject(missing)
				err := c.run(t.Context())
				wantError(t, err, codes.FailedPrecondition, fault.Status)
				require.True(t, privx.IsMissing(err), c.name)
				require.False(t, privx.IsNotFound(err), c.name)
				require.ErrorContains(t, err, "this PrivX ", c.name)
				require.Equal(t, c.name != "AccessGroups", strings.Contains(err.Error(), ": leave sync-"), "%v", err)
				h.sim.ClearFaults()
			}
		})
	}
	h := newHarness(t, withTargets(1, privxsim.Options{NoAPIProxy: true}))
	require.ErrorContains(t, h.client.CheckAPITargets(t.Context()), "this PrivX has no API targets (they come with version 42): leave sync-api-targets out")
}

// What does not exist is told from a kind of target that does not.
func TestTargets_NotFound(t *testing.T) {
	t.Parallel()
	h := newHarness(t, withTargets(1, privxsim.Options{}))
	gets := h.targetGets()
	h.store.RemoveHost(h.store.Hosts()[0].ID)
	h.store.RemoveSecret("", h.store.Secrets()[0].Name)
	h.store.RemoveNetworkTarget(h.store.NetworkTargets()[0].ID)
	h.store.RemoveAPITarget(h.store.APITargets()[0].ID)
	h.store.RemoveAWSRole(h.store.AWSRoles()[0].ID)
	for _, c := range gets {
		err := c.run(t.Context())
		require.True(t, privx.IsNotFound(err), "%s: %v", c.name, err)
	}
}

// Another target than the one asked for is an error.
func TestTargets_AnotherObject(t *testing.T) {
	t.Parallel()
	h := newHarness(t, withTargets(1, privxsim.Options{}))
	for _, c := range h.targetGets() {
		h.answerJSON(c.path, `{"id":"another","name":"another"}`)
		wantError(t, c.run(t.Context()), codes.FailedPrecondition, http.StatusOK)
	}
}

// The calls that would show a secret's data, or make PrivX scan AWS, are never made, and
// nothing that nobody outside PrivX may see is in what was read.
func TestTargets_NoSecretIsRead(t *testing.T) {
	t.Parallel()
	h := newHarness(t, withTargets(3, privxsim.Options{}))
	h.store.AddSecret(privxsim.Secret{Name: "own", OwnerID: privxsim.DefaultAPIClientID})
	host, err := h.client.GetHost(t.Context(), h.store.Hosts()[0].ID)
	require.NoError(t, err)
	wantNoCanary(t, host)
	hosts, err := h.client.ListHosts(t.Context(), "")
	require.NoError(t, err)
	wantNoCanary(t, hosts.Items)
	secrets, err := h.client.ListSecrets(t.Context(), "")
	require.NoError(t, err)
	wantNoCanary(t, secrets.Items)
	apis, err := h.client.ListAPITargets(t.Context(), "")
	require.NoError(t, err)
	wantNoCanary(t, apis.Items)
	for _, c := range h.targetCalls() {
		require.NoError(t, c.run(t.Context()))
	}
	for _, r := range h.sim.Requests() {
		require.NotRegexp(t, `^/vault/api/v1/(secrets|user/[^/]+/secrets)/|awstoken|checkouts`, r.Path)
		require.NotContains(t, r.RawQuery, "refresh")
	}
}

// A reading of all lists tells which role reaches what, as the simulator itself does.
func TestTargets_Reach(t *testing.T) {
	t.Parallel()
	for _, options := range []privxsim.Options{{}, {NullLists: true, DisabledForm: privxsim.DisabledBoolean, SearchWithoutPrincipals: true, AWSRolesEnvelope: true}} {
		store := targetStore(5, targetPermissions...)
		gone := privxsim.RoleRef{ID: "99999999-0000-4000-8000-000000000000", Name: "gone"}
		refs := []privxsim.RoleRef{{ID: viewer}, gone, {ID: store.AdminRoleID()}}
		store.AddHost(privxsim.Host{Disabled: privxsim.DisabledByAdmin, Principals: []privxsim.Principal{
			{Principal: "root", Roles: refs}, {UseUserAccount: true, Roles: refs}, {UsernameAttribute: "unix", Roles: refs[:1]},
			{Principal: "svc", TargetDomain: &privxsim.Handle{ID: "d", Name: "AD"}, Roles: refs}, {Principal: "nobody"},
		}})
		store.AddSecret(privxsim.Secret{Name: "both", ReadRoles: refs, WriteRoles: refs[:1]})
		h := newHarness(t, setup{store: store, sim: options})
		require.ElementsMatch(t, store.Reach(), h.reach(t))
	}
}

// reach is which role reaches what, as the lists say.
func (h *harness) reach(t *testing.T) []privxsim.Reached {
	t.Helper()
	var all []privxsim.Reached
	add := func(refs []privx.RoleRef, reached privxsim.Reached) {
		for _, ref := range refs {
			if reached.Role = ref.ID; !ref.Deleted {
				all = append(all, reached)
			}
		}
	}
	hosts, err := h.client.ListHosts(t.Context(), "")
	require.NoError(t, err)
	for _, x := range hosts.Items {
		for _, a := range x.Accounts {
			reached := privxsim.Reached{
				Kind: privxsim.KindHost, Target: x.ID, Way: privxsim.WayAccount, Account: a.Principal, Attribute: a.UsernameAttribute, Own: a.UseUserAccount,
			}
			if a.Domain != nil {
				reached.Domain = a.Domain.ID
			}
			add(a.Roles, reached)
		}
	}
	secrets, err := h.client.ListSecrets(t.Context(), "")
	require.NoError(t, err)
	for _, x := range secrets.Items {
		name := privxsim.SharedSecret + "/" + x.Name
		add(x.ReadRoles, privxsim.Reached{Kind: privxsim.KindSecret, Target: name, Way: privxsim.WayRead})
		add(x.WriteRoles, privxsim.Reached{Kind: privxsim.KindSecret, Target: name, Way: privxsim.WayWrite})
	}
	networks, err := h.client.ListNetworkTargets(t.Context(), "")
	require.NoError(t, err)
	for _, x := range networks.Items {
		add(x.Roles, privxsim.Reached{Kind: privxsim.KindNetworkTarget, Target: x.ID, Way: privxsim.WayConnect})
	}
	apis, err := h.client.ListAPITargets(t.Context(), "")
	require.NoError(t, err)
	for _, x := range apis.Items {
		add(x.Roles, privxsim.Reached{Kind: privxsim.KindAPITarget, Target: x.ID, Way: privxsim.WayCall})
	}
	roles, err := h.client.ListAWSRoles(t.Context(), "")
	require.NoError(t, err)
	for _, x := range roles.Items {
		add(x.Roles, privxsim.Reached{Kind: privxsim.KindAWSRole, Target: x.ID, Way: privxsim.WayAssume})
	}
	return all
}
