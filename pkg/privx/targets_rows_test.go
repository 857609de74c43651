package privx_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// richHost is a host in which all that is read occurs.
func richHost(store *privxsim.Store) privxsim.Host {
	yes := true
	return store.AddHost(privxsim.Host{
		CommonName: "db-1", Addresses: []string{"192.0.2.1"}, Tags: []string{"env=prod"}, Zone: "eu", CloudProvider: "AWS", CloudProviderRegion: "eu-north-1",
		Comment: "Ledger", Created: "2024-05-06T07:08:09Z", Disabled: privxsim.DisabledByAdmin, AuditEnabled: &yes,
		Services: []privxsim.Listener{{Service: "SSH", Address: "192.0.2.1", Port: 22}},
		Principals: []privxsim.Principal{
			{
				Principal: "svc", TargetDomain: &privxsim.Handle{ID: "d", Name: "AD", Deleted: true},
				Roles:          []privxsim.RoleRef{{ID: viewer}, {ID: "gone", Name: "was", Deleted: true}},
				Applications:   []privxsim.Application{{Name: "psql", Arguments: "-h"}, {Application: "no name"}},
				ServiceOptions: &privxsim.ServiceOptions{SSH: &privxsim.SSHOptions{Shell: true}, DB: &privxsim.DBOptions{MaxBytesUpload: 5}},
				CommandRestrictions: &privxsim.CommandRestrictions{
					Enabled: true, AllowNoMatch: true,
					Whitelists: []privxsim.WhitelistGrant{{Whitelist: privxsim.Handle{ID: "w", Name: "reads"}, Roles: []privxsim.RoleRef{{ID: viewer}}}},
				},
			},
			{UsernameAttribute: "unix"},
			{UseUserAccount: true},
		},
		PasswordRotation: &privxsim.PasswordRotation{RotationStatus: []privxsim.Rotation{
			{Principal: "svc", LastRotated: "2025-01-01T00:00:00Z", LastError: "timeout"},
			{Principal: "new", LastRotated: "0001-01-01T00:00:00Z", LastError: "0001-01-01T00:00:00Z"},
		}},
	})
}

// A host as the connector gets it: the same from the list and by id, also if the list does
// not tell accounts.
func TestTargets_Host(t *testing.T) {
	t.Parallel()
	for name, options := range map[string]privxsim.Options{"": {}, "without accounts": {SearchWithoutPrincipals: true}, "null lists": {NullLists: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, withTargets(0, options))
			made, yes := richHost(h.store), true
			page, err := h.client.ListHosts(t.Context(), "")
			listed := only(t, page, err)
			role := privx.RoleRef{ID: viewer, Name: "viewer"}
			require.Equal(t, privx.Host{
				ID: made.ID, CommonName: "db-1", Addresses: []string{"192.0.2.1"}, Tags: []string{"env=prod"}, Zone: "eu", CloudProvider: "AWS",
				CloudProviderRegion: "eu-north-1", AccessGroupID: made.AccessGroupID, Created: "2024-05-06T07:08:09Z", Disabled: "BY_ADMIN", Recorded: &yes,
				Services: []privx.HostService{{Service: "SSH", Address: "192.0.2.1", Port: 22}},
				Accounts: []privx.Account{
					{
						Principal: "svc", Domain: &privx.Named{ID: "d", Name: "AD", Deleted: true}, Roles: []privx.RoleRef{role, {ID: "gone", Name: "was", Deleted: true}},
						Applications: []string{"psql"},
						Options: map[string]map[string]bool{
							"ssh": {"shell": true, "file_transfer": false, "exec": false, "tunnels": false, "x11": false, "other": false},
						},
						Commands: &privx.CommandRestrictions{
							Enabled: true, AllowNoMatch: true,
							Whitelists: []privx.Whitelist{{Whitelist: privx.Named{ID: "w", Name: "reads"}, Roles: []privx.RoleRef{role}}},
						},
					},
					{UsernameAttribute: "unix", Roles: listed.Accounts[1].Roles},
					{UseUserAccount: true, Roles: listed.Accounts[2].Roles},
				},
				Rotations: []privx.Rotation{{Principal: "svc", LastRotated: "2025-01-01T00:00:00Z", LastError: "timeout"}, {Principal: "new"}},
			}, listed)
			require.Empty(t, listed.Accounts[1].Roles)
			require.True(t, listed.Disabled.Is())
			require.Equal(t, options.SearchWithoutPrincipals, h.sim.CountRequests(http.MethodGet, hostsPath+"/"+made.ID) == 1)
			got, err := h.client.GetHost(t.Context(), made.ID)
			require.NoError(t, err)
			require.Equal(t, listed, *got)
		})
	}
}

// Hosts of which the list does not tell accounts are read by id. One that is gone by then is
// marked; one whose accounts are null has none, and is not read.
func TestTargets_HostsWithoutAccounts(t *testing.T) {
	t.Parallel()
	inBubble(t, withTargets(3, privxsim.Options{SearchWithoutPrincipals: true}), func(t *testing.T, h *harness) {
		gone, late := h.store.Hosts()[1].ID, h.store.Hosts()[2].ID
		notFound := privxsim.Fault{Path: hostsPath + "/" + gone, Status: http.StatusNotFound, Body: `{"error_code":"NOT_FOUND"}`}
		h.sim.Inject(notFound)
		notFound.Path, notFound.Count = hostsPath+"/"+late, len(api.EmptyPauses)
		h.sim.Inject(notFound)
		page, err := h.client.ListHosts(t.Context(), "")
		require.NoError(t, err)
		require.Len(t, page.Items, 3)
		for _, host := range page.Items {
			require.Equal(t, host.ID == gone, host.Deleted)
			require.Equal(t, host.ID == gone, len(host.Accounts) == 0)
		}

		h.sim.ClearFaults()
		h.sim.Inject(privxsim.Fault{Path: hostPath, Method: http.MethodGet, Status: http.StatusForbidden, Body: `{"error_code":"PERMISSION_DENIED"}`})
		_, err = h.client.ListHosts(t.Context(), "")
		wantError(t, err, codes.PermissionDenied, http.StatusForbidden)

		h.answerJSON(hostsSearchPath, `{"count":1,"items":[{"id":"a","principals":null}]}`)
		page, err = h.client.ListHosts(t.Context(), "")
		require.Empty(t, only(t, page, err).Accounts)
		require.Zero(t, h.sim.CountRequests(http.MethodGet, hostsPath+"/a"))
	})
}

// The other targets, as the connector gets them.
func TestTargets_OtherRows(t *testing.T) {
	t.Parallel()
	for _, options := range []privxsim.Options{{}, {AWSRolesEnvelope: true}} {
		h := newHarness(t, withTargets(0, options))
		refs, no := []privxsim.RoleRef{{ID: viewer}}, false
		roles := []privx.RoleRef{{ID: viewer, Name: "viewer"}}
		network := h.store.AddNetworkTarget(privxsim.NetworkTarget{
			Name: "office", Comment: "c", Created: "2024-05-06T07:08:09Z", Roles: refs, Tags: []string{"t"}, ExclusiveAccess: true, Destinations: []privxsim.Destination{
				{Selector: privxsim.Selector{IP: privxsim.IPRange{Start: "192.0.2.1", End: "192.0.2.9"}, Protocol: "TCP", Port: privxsim.PortRange{Start: 22, End: 22}}},
			},
		})
		networks, err := h.client.ListNetworkTargets(t.Context(), "")
		require.Equal(t, privx.NetworkTarget{
			ID: network.ID, Name: "office", Created: "2024-05-06T07:08:09Z", Roles: roles, Tags: []string{"t"}, ExclusiveAccess: true,
			Destinations: []privx.Destination{{Protocol: "TCP", Addresses: "192.0.2.1-192.0.2.9", Ports: "22"}}, Disabled: "FALSE",
		}, only(t, networks, err))
		require.False(t, networks.Items[0].Disabled.Is())

		target := h.store.AddAPITarget(privxsim.APITarget{
			Name: "k8s", Comment: "c", Created: "2024-05-06T07:08:09Z", Roles: refs, Tags: []string{"t"}, AuditEnabled: &no,
			Disabled: privxsim.DisabledByLicense, AuthorizedEndpoints: []privxsim.APIEndpoint{{Host: "h", Methods: []string{"GET"}, Paths: []string{"/**"}}},
		})
		targets, err := h.client.ListAPITargets(t.Context(), "")
		require.Equal(t, privx.APITarget{
			ID: target.ID, Name: "k8s", AccessGroupID: target.AccessGroupID, Created: "2024-05-06T07:08:09Z", Roles: roles, Tags: []string{"t"}, Recorded: &no,
			Disabled: "BY_LICENSE", Endpoints: []privx.APIEndpoint{{Host: "h", Methods: []string{"GET"}, Paths: []string{"/**"}}},
		}, only(t, targets, err))

		aws := h.store.AddAWSRole(privxsim.AWSRole{
			Name: "deploy", ARN: "arn:aws:iam::1:role/deploy", Updated: "2024-05-06T07:08:09Z", Description: "d", Source: "s", Status: privxsim.AWSRoleMissing, Roles: refs,
		})
		all, err := h.client.ListAWSRoles(t.Context(), "")
		require.Equal(t, privx.AWSRole{
			ID: aws.ID, Name: "deploy", ARN: "arn:aws:iam::1:role/deploy", Updated: "2024-05-06T07:08:09Z", Description: "d", Source: "s", Status: "MISSING", Roles: roles,
		}, only(t, all, err))
		for _, c := range []struct{ want, got any }{
			{networks.Items[0], deref(h.client.GetNetworkTarget(t.Context(), network.ID))},
			{targets.Items[0], deref(h.client.GetAPITarget(t.Context(), target.ID))},
			{all.Items[0], deref(h.client.GetAWSRole(t.Context(), aws.ID))},
		} {
			require.Equal(t, c.want, c.got)
		}

		h.store.AddAccessGroup(privxsim.AccessGroup{ID: "g", Name: "Databases"})
		groups, err := h.client.AccessGroups(t.Context())
		require.NoError(t, err)
		require.Contains(t, groups.Items, privx.AccessGroup{ID: "g", Name: "Databases"})
		require.Len(t, groups.Items, 2)
	}
}

func deref[T any](p *T, err error) any {
	if err != nil {
		return err
	}
	return *p
}

// All access groups are read, in pages of as many as PrivX gives.
func TestTargets_AccessGroups(t *testing.T) {
	t.Parallel()
	h := newHarness(t, withTargets(230, privxsim.Options{}))
	groups, err := h.client.AccessGroups(t.Context())
	require.NoError(t, err)
	require.ElementsMatch(t, idsOf(h.store.AccessGroups(), func(g privxsim.AccessGroup) string { return g.ID }),
		idsOf(groups.Items, func(g privx.AccessGroup) string { return g.ID }))
	require.Equal(t, []int{100, 100, 100}, h.limits(t, accessGroupsPath))
}

// What is only shown may be anything: what cannot be read of it is left out.
func TestTargets_OddFields(t *testing.T) {
	t.Parallel()
	h := newHarness(t, withTargets(0, privxsim.Options{}))
	const refs = `"roles":[{"id":"r"}]`
	for _, odd := range []string{`null`, `true`, `7`, `-1e400`, `123456789012345678901234567890`, `"x"`, `""`, `[]`, `{}`, `[null]`, `[7]`, `[[]]`, `[{}]`, `{"a":7}`, `{"a":{"b":{}}}`} {
		text := func(format string) string {
			return `{"count":1,"items":[` + fmt.Sprintf(format, odd) + `]}`
		}
		h.answerJSON(hostsSearchPath, text(`{"id":"h","common_name":%[1]s,"addresses":%[1]s,"services":%[1]s,"tags":%[1]s,"zone":%[1]s,"comment":%[1]s,
			"created":%[1]s,"disabled":%[1]s,"audit_enabled":%[1]s,"password_rotation":%[1]s,"unknown":%[1]s,
			"principals":[{"principal":"root",`+refs+`,"service_options":%[1]s,"command_restrictions":%[1]s,"applications":%[1]s}]}`))
		h.answerJSON(secretsPath, text(`{"name":"s","read_roles":[{"id":"r"}],"path":%[1]s,"created":%[1]s,"updated":%[1]s,"data":%[1]s}`))
		h.answerJSON(networkTargetsPath, text(`{"id":"n",`+refs+`,"name":%[1]s,"comment":%[1]s,"created":%[1]s,"dst":%[1]s,"tags":%[1]s,"exclusive_access":%[1]s,"disabled":%[1]s}`))
		h.answerJSON(apiTargetsPath, text(`{"id":"a",`+refs+`,"name":%[1]s,"access_group_id":%[1]s,"tags":%[1]s,"authorized_endpoints":%[1]s,"audit_enabled":%[1]s,"disabled":%[1]s}`))
		h.answerJSON(awsRolesPath, text(`{"id":"w",`+refs+`,"name":%[1]s,"arn":%[1]s,"description":%[1]s,"source":%[1]s,"status":%[1]s,"updated":%[1]s}`))
		hosts, err := h.client.ListHosts(t.Context(), "")
		require.Equal(t, []privx.RoleRef{{ID: "r"}}, only(t, hosts, err).Accounts[0].Roles, odd)
		secrets, err := h.client.ListSecrets(t.Context(), "")
		require.Equal(t, []privx.RoleRef{{ID: "r"}}, only(t, secrets, err).ReadRoles, odd)
		networks, err := h.client.ListNetworkTargets(t.Context(), "")
		require.Equal(t, []privx.RoleRef{{ID: "r"}}, only(t, networks, err).Roles, odd)
		targets, err := h.client.ListAPITargets(t.Context(), "")
		require.Equal(t, []privx.RoleRef{{ID: "r"}}, only(t, targets, err).Roles, odd)
		roles, err := h.client.ListAWSRoles(t.Context(), "")
		require.Equal(t, []privx.RoleRef{{ID: "r"}}, only(t, roles, err).Roles, odd)
		h.sim.ClearFaults()
	}
}

// What can be read of a field is read although a part of it is odd.
func TestTargets_HalfOddFields(t *testing.T) {
	t.Parallel()
	h := newHarness(t, withTargets(0, privxsim.Options{}))
	h.answerJSON(hostsSearchPath, `{"count":1,"items":[{"id":"h","common_name":7,"addresses":["a",{},"b"],"services":[{"service":"SSH","port":"2222"},{"service":[],"port":1e9},7],
		"disabled":true,"principals":[{"target_domain":{},"service_options":{"ssh":{"shell":true,"max":5},"rdp":7},
		"command_restrictions":{"enabled":true,"default_whitelist":{},"whitelists":[{"whitelist":{"id":"w"},"roles":7},{"whitelist":{}}]},"applications":[{"name":7},7,{"name":"x"}]}]}]}`)
	page, err := h.client.ListHosts(t.Context(), "")
	host := only(t, page, err)
	require.Equal(t, "7", host.CommonName)
	require.Equal(t, []string{"a", "b"}, host.Addresses)
	require.Equal(t, []privx.HostService{{Service: "SSH", Port: 2222}, {}, {}}, host.Services)
	require.Equal(t, privx.Disabled("TRUE"), host.Disabled)
	require.Equal(t, []privx.Account{{
		Options:      map[string]map[string]bool{"ssh": {"shell": true}},
		Commands:     &privx.CommandRestrictions{Enabled: true, Whitelists: []privx.Whitelist{{Whitelist: privx.Named{ID: "w"}}}},
		Applications: []string{"7", "x"},
	}}, host.Accounts)
}

// What makes up reach must be as it is documented.
func TestTargets_OddReach(t *testing.T) {
	t.Parallel()
	h := newHarness(t, withTargets(1, privxsim.Options{}))
	lists := h.targetLists()
	for _, odd := range []string{`7`, `"x"`, `{}`, `[7]`, `[null]`, `[{}]`, `[{"id":""}]`, `[{"id":7}]`, `[{"name":"no id"}]`, `[{"id":"r"},{"name":"x"}]`, `[{"id":"r","deleted":"yes"}]`} {
		for i, row := range []string{`{"id":"x","principals":[{"roles":%s}]}`, `{"name":"x","write_roles":%s}`, `{"id":"x","roles":%s}`, `{"id":"x","roles":%s}`, `{"id":"x","roles":%s}`} {
			h.answerJSON(lists[i].path, `{"count":1,"items":[`+fmt.Sprintf(row, odd)+`]}`)
			_, err := lists[i].page(t.Context(), "")
			wantError(t, err, codes.FailedPrecondition, http.StatusOK)
		}
		h.sim.ClearFaults()
	}
	for _, host := range []string{
		`"principals":{}`, `"principals":[7]`, `"principals":[{"principal":7}]`, `"principals":[{"use_user_account":"yes"}]`, `"principals":[{"target_domain":{"name":"AD"}}]`,
		`"principals":[{"target_domain":"AD"}]`, `"deleted":"yes","principals":[]`,
	} {
		h.answerJSON(hostsSearchPath, `{"count":1,"items":[{"id":"x",`+host+`}]}`)
		_, err := h.client.ListHosts(t.Context(), "")
		wantError(t, err, codes.FailedPrecondition, http.StatusOK)
		h.sim.ClearFaults()
	}
	h.answerJSON(hostsSearchPath, `{"count":1,"items":[{"id":"x","deleted":true,"principals":null}]}`)
	page, err := h.client.ListHosts(t.Context(), "")
	require.True(t, only(t, page, err).Deleted)
}

// A list of roles that a row does not have is empty, of each kind.
func TestTargets_NoRoles(t *testing.T) {
	t.Parallel()
	for _, roles := range []string{`[]`, `null`, ``} {
		field := ""
		if roles != "" {
			field = `,"roles":` + roles + `,"read_roles":` + roles + `,"write_roles":` + roles
		}
		row := []byte(`{"id":"x","name":"x","principals":[{"principal":"root"` + field + `}]` + field + `}`)
		host, err := privx.ListedHost(row)
		require.NoError(t, err)
		require.Empty(t, host.Accounts[0].Roles)
		secret, err := privx.ListedSecret(row)
		require.NoError(t, err)
		require.Empty(t, slices.Concat(secret.ReadRoles, secret.WriteRoles))
		network, err := privx.ListedNetworkTarget(row)
		require.NoError(t, err)
		require.Empty(t, network.Roles)
		target, err := privx.ListedAPITarget(row)
		require.NoError(t, err)
		require.Empty(t, target.Roles)
		role, err := privx.ListedAWSRole(row)
		require.NoError(t, err)
		require.Empty(t, role.Roles)
	}
}

func TestDisabled(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]privx.Disabled{
		`null`: "", `""`: "", `"FALSE"`: "FALSE", `"NOT_DISABLED"`: "NOT_DISABLED", `false`: "FALSE", `"false"`: "false",
		`true`: "TRUE", `"BY_ADMIN"`: "BY_ADMIN", `"BY_LICENSE"`: "BY_LICENSE", `"new"`: "new", `7`: "UNKNOWN", `{}`: "UNKNOWN",
	} {
		var got privx.Disabled
		require.NoError(t, json.Unmarshal([]byte(text), &got))
		require.Equal(t, want, got, text)
		require.Equal(t, !map[privx.Disabled]bool{"": true, "FALSE": true, "false": true, "NOT_DISABLED": true}[want], got.Is(), text)
	}
}

// AWS roles come in one piece, in an object or alone, and are never counted.
func TestTargets_AWSRoles(t *testing.T) {
	t.Parallel()
	h := newHarness(t, withTargets(1, privxsim.Options{}))
	for body, rows := range map[string]int{
		`[{"id":"a"},{"id":"b"}]`: 2, ` {"items":[{"id":"a"}]}`: 1, `{"count":2,"items":[{"id":"a"},{"id":"b"}]}`: 2,
		`{"count":0,"items":[{"id":"a"}]}`: 1,
		`[]`:                               0, ` null `: 0, `{"items":null}`: 0, `{"count":0,"items":[]}`: 0,
		`{"count":3,"items":[{"id":"a"}]}`: -1, `[{"id":"a"},{"id":"A"}]`: -1, `[{}]`: -1, `[null]`: -1, `{}`: -1, `7`: -1, `"x"`: -1, ``: -1, `[{"id":"a"}]x`: -1,
	} {
		h.sim.ClearFaults()
		h.sim.ResetRequests()
		h.answerJSON(awsRolesPath, body)
		page, err := h.client.ListAWSRoles(t.Context(), "")
		for _, r := range h.sent(awsRolesPath) {
			require.Empty(t, r.RawQuery)
		}
		if rows < 0 {
			wantError(t, err, codes.FailedPrecondition, http.StatusOK)
			continue
		}
		require.NoError(t, err, body)
		require.Len(t, page.Items, rows, body)
		require.True(t, page.First)
		require.Equal(t, rows == 0, page.Unconfirmed, body)
		require.Equal(t, rows == 0, page.Next != "", body)
		require.Equal(t, rows, page.Read)
		if rows == 0 {
			require.NoError(t, h.client.CheckAWSRoles(t.Context()))
		}
	}
}

// An empty list of AWS roles is believed once a second answer, a second later, is empty too.
func TestTargets_NoAWSRoles(t *testing.T) {
	t.Parallel()
	for _, then := range []int{0, 2} {
		inBubble(t, withTargets(0, privxsim.Options{}), func(t *testing.T, h *harness) {
			page, err := h.client.ListAWSRoles(t.Context(), "")
			require.NoError(t, err)
			require.True(t, page.Unconfirmed)
			for i := range then {
				addTargets(h.store, i)
			}
			began := time.Now()
			page, err = h.client.ListAWSRoles(t.Context(), page.Next)
			require.NoError(t, err)
			require.Len(t, page.Items, then)
			require.Empty(t, page.Next)
			require.Equal(t, api.ConfirmPause, time.Since(began))
		})
	}
}

// A caller may take only some of the AWS roles. It gets the others, once, and not those that
// are gone by then.
func TestTargets_SomeOfTheAWSRoles(t *testing.T) {
	t.Parallel()
	inBubble(t, withTargets(9, privxsim.Options{}), func(t *testing.T, h *harness) {
		l := h.targetLists()[4]
		var got []string
		for token := ""; ; {
			p, err := l.page(t.Context(), token)
			require.NoError(t, err)
			if token = p.next; len(p.items) > 2 {
				p.items, token = p.items[:2], p.nextAfter(2)
			}
			if got = append(got, p.items...); token == "" {
				break
			}
		}
		require.ElementsMatch(t, l.truth(), got)

		first, err := l.page(t.Context(), "")
		require.NoError(t, err)
		h.answerJSON(awsRolesPath, `{"count":0,"items":[]}`)
		_, err = l.page(t.Context(), first.nextAfter(2))
		wantError(t, err, codes.Aborted, http.StatusOK)
		h.sim.ClearFaults()
		h.answerJSON(awsRolesPath, `{"count":4,"items":[]}`)
		_, err = l.page(t.Context(), first.nextAfter(2))
		require.Error(t, err)
		h.sim.ClearFaults()
		h.store.RemoveAWSRole(first.items[8])
		rest, err := l.page(t.Context(), first.nextAfter(2))
		require.NoError(t, err)
		require.Equal(t, first.items[2:8], rest.items)
	})
}
