package connector_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/annotations"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/conductorone/baton-privx/internal/privxsim"
)

// All that the old connector would have made of the recorded answers is
// there, under the same ids and with the same profile keys.
func TestOldConnectorsRowsAreAllThere(t *testing.T) {
	t.Parallel()
	store := plainStore()
	var users struct {
		Items []privxsim.User `json:"items"`
	}
	var roles struct {
		Items []privxsim.Role `json:"items"`
	}
	readFixture(t, "search_page_0.json", &users)
	readFixture(t, "roles_page_0.json", &roles)
	for _, user := range users.Items {
		store.AddUser(user)
	}
	for _, role := range roles.Items {
		if role.Name != privxsim.RoleNameAdmin && role.Name != privxsim.RoleNameUser {
			store.AddRole(role)
		}
	}
	const testRole, alex, admin = "3453395a-2a12-50a5-4fdb-794d567edae0", "9ceb1de9-e52f-4a6f-521e-3a0dd2d1537b", "e2401730-dc81-4f6e-864a-328c3c8e8f6b"
	const apiClient = "bc0e7972-8f4f-43a0-795a-abfa0ed0309a"
	store.GrantExplicit(testRole, apiClient, privxsim.Grant{})
	store.GrantExplicit(testRole, alex, privxsim.Grant{})
	store.Map(store.AdminRoleID(), admin)

	s := newTenant(t, store, privxsim.Options{}).mustSync()

	for id, fullName := range map[string]string{apiClient: "Development", alex: "Alex Example", admin: "Super User"} {
		require.Contains(t, s.users, id)
		require.Equal(t, fullName, s.users[id].GetDisplayName())
		require.Equal(t, fullName, profile(s.users[id])["full_name"])
		require.Equal(t, id, profile(s.users[id])["id"])
	}
	for id, name := range map[string]string{testRole: "Test Role", store.AdminRoleID(): "privx-admin", store.UserRoleID(): "privx-user"} {
		require.Contains(t, s.roles, id)
		require.Equal(t, name, profile(s.roles[id])["name"])
		require.Contains(t, s.entitlements, "role:"+id+":assigned")
	}
	for _, id := range []string{
		"role:3453395a-2a12-50a5-4fdb-794d567edae0:assigned:user:bc0e7972-8f4f-43a0-795a-abfa0ed0309a",
		"role:3453395a-2a12-50a5-4fdb-794d567edae0:assigned:user:9ceb1de9-e52f-4a6f-521e-3a0dd2d1537b",
		grantID(store.AdminRoleID(), admin),
		grantID(store.UserRoleID(), alex),
	} {
		require.Contains(t, s.grants, id)
	}
}

func readFixture(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "internal", "privxsim", "testdata", name))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, into))
}

// Each kind of user as ConductorOne sees it.
func TestUsers(t *testing.T) {
	t.Parallel()
	store := plainStore()
	directory := store.AddSource(privxsim.Source{Name: "Contoso AD", Type: "AD", Enabled: true})
	closed := store.AddSource(privxsim.Source{Name: "Old LDAP", Type: "LDAP", Enabled: false})
	full := store.AddUser(privxsim.User{
		Principal: "alice", FullName: "Alice Example", FirstName: "Alice", LastName: "Example", Email: "alice@example.com",
		Source: directory.ID, SourceType: "AD", SAMAccountName: "aexample", WindowsAccount: "Administrator", UnixAccount: "root",
		Department: "Ops", JobTitle: "Engineer", Company: "Example Ltd", Created: "2024-07-08T17:27:26.178110397Z",
		MFA: privxsim.MFA{Status: "ENABLED"},
	})
	unnamed := store.AddUser(privxsim.User{Principal: "bob", FullName: "  ", Source: closed.ID, SourceType: "LDAP", MFA: privxsim.MFA{Status: "DISABLED"}})
	byEmail := store.AddUser(privxsim.User{Email: "carol@example.com", SourceType: "SOMETHING-NEW", MFA: privxsim.MFA{Status: "DEFAULT"}, Created: "yesterday"})
	bare := store.AddUser(privxsim.User{FirstName: "", Source: "00000000-0000-4000-8000-00000000dead"})
	long := store.AddUser(privxsim.User{Principal: "long", FullName: strings.Repeat("人", 2000)})

	s := newTenant(t, store, privxsim.Options{}).mustSync()

	user := s.users[full.ID]
	trait := userTrait(t, user)
	require.Equal(t, "Alice Example", user.GetDisplayName())
	require.Equal(t, v2.Status_RESOURCE_STATUS_ENABLED, user.GetStatus().GetStatus())
	require.Equal(t, int64(1720459646), user.GetCreatedAt().GetSeconds())
	require.Equal(t, "alice", trait.GetLogin())
	require.Equal(t, []string{"aexample"}, trait.GetLoginAliases(), "shared accounts such as root are no aliases")
	require.Equal(t, "alice@example.com", trait.GetEmails()[0].GetAddress())
	require.Equal(t, "Alice", trait.GetStructuredName().GetGivenName())
	require.Equal(t, "Example", trait.GetStructuredName().GetFamilyName())
	require.True(t, trait.GetMfaStatus().GetMfaEnabled())
	require.Equal(t, v2.UserTrait_ACCOUNT_TYPE_HUMAN, trait.GetAccountType())
	require.Equal(t, map[string]any{
		"id": full.ID, "full_name": "Alice Example", "principal": "alice", "source_id": directory.ID, "source_name": "Contoso AD",
		"source_type": "AD", "department": "Ops", "title": "Engineer", "company": "Example Ltd",
	}, profile(user))

	user = s.users[unnamed.ID]
	trait = userTrait(t, user)
	require.Equal(t, "bob", user.GetDisplayName())
	require.Equal(t, v2.Status_RESOURCE_STATUS_DISABLED, user.GetStatus().GetStatus(), "his directory is disabled")
	require.Empty(t, trait.GetEmails())
	require.Nil(t, trait.GetStructuredName())
	require.NotNil(t, trait.GetMfaStatus())
	require.False(t, trait.GetMfaStatus().GetMfaEnabled())

	user = s.users[byEmail.ID]
	require.Equal(t, "carol@example.com", user.GetDisplayName())
	require.Nil(t, userTrait(t, user).GetMfaStatus(), "DEFAULT says nothing")
	require.Nil(t, user.GetCreatedAt())
	require.Equal(t, "SOMETHING-NEW", profile(user)["source_type"], "a type that is not known is shown as it is")

	user = s.users[bare.ID]
	require.Equal(t, bare.ID, user.GetDisplayName())
	require.Equal(t, v2.Status_RESOURCE_STATUS_ENABLED, user.GetStatus().GetStatus(), "an unknown directory is not a disabled one")

	require.LessOrEqual(t, len(s.users[long.ID].GetDisplayName()), 1024)
	require.True(t, strings.HasSuffix(s.users[long.ID].GetDisplayName(), "人…"))

	client := s.users[privxsim.DefaultAPIClientID]
	require.Equal(t, v2.UserTrait_ACCOUNT_TYPE_SERVICE, userTrait(t, client).GetAccountType())
}

// API clients are marked as non-human identities, and nobody and nothing else is.
func TestOnlyAPIClientsAreMarkedAsNonHuman(t *testing.T) {
	t.Parallel()
	store := privxsim.Seed(privxsim.SeedOptions{Users: 60, Roles: 8})
	store.AddAPIClient(privxsim.APIClient{Name: "another", Secret: "s"})
	s := newTenant(t, store, privxsim.Options{}).mustSync()

	clients, marked := make(map[string]bool), make(map[string]bool)
	for _, user := range store.Users() {
		if user.SourceType == "API-CLIENT" {
			clients[user.ID] = true
		}
	}
	require.Greater(t, len(clients), 1)
	require.Greater(t, len(s.users), len(clients))
	for id, row := range s.users {
		mark, found := pick(t, row.GetAnnotations(), &v2.NonHumanIdentityTrait{})
		if found {
			marked[id] = true
			require.Equal(t, v2.NonHumanIdentityTrait_NHI_TYPE_APP_REGISTRATION, mark.GetNhiType())
			require.Equal(t, "privx.api_client", mark.GetNhiDetail())
			require.Equal(t, v2.UserTrait_ACCOUNT_TYPE_SERVICE, userTrait(t, row).GetAccountType())
		}
	}
	require.Equal(t, clients, marked)
	for id, row := range s.roles {
		_, found := pick(t, row.GetAnnotations(), &v2.NonHumanIdentityTrait{})
		require.False(t, found, id)
	}
}

func userTrait(t *testing.T, user *v2.Resource) *v2.UserTrait {
	t.Helper()
	require.NotNil(t, user)
	trait, found := pick(t, annotations.Annotations(user.GetAnnotations()), &v2.UserTrait{})
	require.True(t, found)
	return trait
}

// What has no place in a review is nowhere in the file.
func TestSecretsAreNotSynced(t *testing.T) {
	t.Parallel()
	x := newTenant(t, privxsim.Seed(privxsim.SeedOptions{Users: 60, Roles: 20}), privxsim.Options{})
	s := x.mustSync()
	canaries := []string{
		privxsim.CanaryPrefix, privxsim.CanaryIPMask, privxsim.DefaultAPIClientSecret, privxsim.DefaultOAuthClientSecret,
	}
	look := func(what string, row proto.Message) {
		text := fmt.Sprint(row)
		for _, canary := range canaries {
			require.NotContains(t, text, canary, what)
		}
	}
	for _, row := range s.users {
		look("a user", row)
	}
	for _, row := range s.roles {
		look("a role", row)
	}
	for _, row := range s.grants {
		look("a grant", row)
	}
	for _, entry := range x.logs.All() {
		text := entry.Message + fmt.Sprint(entry.ContextMap())
		for _, canary := range canaries {
			require.NotContains(t, text, canary, "the log")
		}
	}
}

// Rows that are as long as PrivX lets them be fit into the SDK's messages.
func TestLongRowsFitIntoMessages(t *testing.T) {
	if testing.Short() {
		t.Skip("make test reads thousands of rows that are as long as they can be")
	}
	t.Parallel()
	store := plainStore()
	long := strings.Repeat("ж", 4000)
	for i := range 600 {
		store.AddUser(privxsim.User{Principal: fmt.Sprintf("u%d", i), FullName: long, Department: long, JobTitle: long, Company: long})
		store.AddRole(privxsim.Role{Name: fmt.Sprintf("%d%s", i, long), Comment: long, Permissions: []string{long},
			Rules: privxsim.Rule{Type: "RULE", SearchString: long}})
	}
	x := newTenant(t, store, privxsim.Options{})
	x.requireComplete(x.mustSync())
}

// No page of a user's or role's list is refused for what it holds: every row
// decodes to something, also when fields are null.
func TestNullFields(t *testing.T) {
	t.Parallel()
	store := plainStore()
	null := json.RawMessage("null")
	store.AddUser(privxsim.User{Principal: "n", Extra: map[string]json.RawMessage{
		"full_name": null, "email": null, "mfa": null, "created": null, "source": null, "attributes": null, "samaccountname": null, "new_field": json.RawMessage(`{"a":[1]}`),
	}})
	store.AddRole(privxsim.Role{Name: "n", Extra: map[string]json.RawMessage{
		"comment": null, "permissions": null, "context": null, "source_rules": null, "system": null, "access_group_id": null, "member_count": null,
	}})
	x := newTenant(t, store, privxsim.Options{})
	x.requireComplete(x.mustSync())
}
