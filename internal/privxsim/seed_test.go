package privxsim_test

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/conductorone/baton-privx/internal/privxsim"
)

func TestSeedsAreReproducible(t *testing.T) {
	t.Parallel()
	all := func(seed int64) []any {
		s := privxsim.Seed(privxsim.SeedOptions{Seed: seed})
		return []any{s.Users(), s.Roles(), s.Sources(), s.APIClients(), s.Memberships()}
	}
	if !reflect.DeepEqual(all(7), all(7)) {
		t.Error("the same seed makes different tenants")
	}
	one, other := privxsim.Seed(privxsim.SeedOptions{Seed: 7}), privxsim.Seed(privxsim.SeedOptions{Seed: 8})
	if one.AdminRoleID() == other.AdminRoleID() || one.LocalSourceID() == privxsim.NewStore().LocalSourceID() {
		t.Error("different installations have the same built-in ids")
	}
	if one.APIClientSourceID() != privxsim.Seed(privxsim.SeedOptions{Seed: 7}).APIClientSourceID() {
		t.Error("the same seed makes different ids")
	}
}

func TestSeedsOfAnySize(t *testing.T) {
	t.Parallel()
	const clients, builtin, clientRoles = 3, 2, 2
	for _, size := range []int{-1, 1, 2, 19, 20, 21, 500} {
		s := privxsim.Seed(privxsim.SeedOptions{Users: size, Roles: size, MembersPerRole: size})
		want := max(size, 0)
		if users, roles := len(s.Users()), len(s.Roles()); users != want+clients || roles != want+builtin+clientRoles {
			t.Errorf("size %d: %d users, %d roles", size, users, roles)
		}
	}
}

// What makes a tenant believable is all there in the default one.
func TestSeededTraits(t *testing.T) {
	t.Parallel()
	store := privxsim.Seed(privxsim.SeedOptions{})
	has := map[string]bool{}
	names, principals, sources := map[string]int{}, map[string]map[string]bool{}, map[string]privxsim.Source{}
	for _, s := range store.Sources() {
		sources[s.ID] = s
		has["source "+s.Type] = true
	}
	for _, u := range store.Users() {
		for _, r := range u.FullName {
			for _, script := range []string{"Latin", "Han", "Greek", "Cyrillic", "Arabic", "Hangul", "Devanagari"} {
				if unicode.Is(unicode.Scripts[script], r) {
					has["name in "+script] = true
				}
			}
		}
		names[u.FullName]++
		if principals[u.Principal] == nil {
			principals[u.Principal] = map[string]bool{}
		}
		principals[u.Principal][u.Source] = true
		_, fraction, _ := strings.Cut(strings.TrimSuffix(u.Created, "Z"), ".")
		has[fmt.Sprintf("%d digits", len(fraction))] = true
		if _, err := time.Parse(time.RFC3339, u.Created); err != nil {
			t.Errorf("user %s: %v", u.Principal, err)
		}
		has["no e-mail"] = has["no e-mail"] || u.Email == "" && u.FullName != ""
		has["no name"] = has["no name"] || u.FullName == "" && u.Email != ""
		has["neither"] = has["neither"] || u.FullName == "" && u.Email == ""
		has["mfa "+u.MFA.Status] = true
		has["Administrator"] = has["Administrator"] || u.SAMAccountName == "Administrator" && u.WindowsAccount == "Administrator" && u.UnixAccount == "root"
		has["employment"] = has["employment"] || u.JobTitle != "" && u.Company != "" && u.Department != ""
		has["of a disabled source"] = has["of a disabled source"] || !sources[u.Source].Enabled
		has["OIDC attributes"] = has["OIDC attributes"] || u.SourceType == privxsim.SourceTypeOIDC && len(u.Attributes) > 0
	}
	delete(names, "")
	has["equal names"] = slices.Max(slices.Collect(maps.Values(names))) > 1
	for _, in := range principals {
		has["equal principals"] = has["equal principals"] || len(in) > 1
	}
	roleNames := map[string]int{}
	for _, r := range store.Roles() {
		roleNames[r.Name]++
		has["long comment"] = has["long comment"] || len(r.Comment) > 2048 && len([]rune(r.Comment)) < len(r.Comment)
		has["context"] = has["context"] || r.Context.Enabled && slices.Contains(r.Context.IPMasks, privxsim.CanaryIPMask)
		has["nested rules"] = has["nested rules"] || len(r.Rules.Rules) > 1 && len(r.Rules.Rules[1].Rules) > 1
	}
	has["equal role names"] = slices.Max(slices.Collect(maps.Values(roleNames))) > 1
	members := map[string]int{}
	for _, m := range store.Memberships() {
		members[m.RoleID]++
		has[fmt.Sprintf("explicit %t implicit %t", m.Explicit, m.Implicit)] = true
		has["grant "+m.Grant.Type] = true
		has["both encodings"] = has["both encodings"] || m.Grant.Periods != nil && m.Grant.Start != ""
		has["older encoding"] = has["older encoding"] || m.Grant.Periods == nil && m.Grant.Start != ""
		has["unknown fields"] = has["unknown fields"] || len(m.Extra) > 0
	}
	has["empty role"] = len(members) < len(store.Roles())
	if n := members[store.UserRoleID()]; n != len(store.Users()) {
		t.Errorf("%d members of privx-user, %d users", n, len(store.Users()))
	}

	for _, want := range []string{
		"name in Latin", "name in Han", "name in Greek", "name in Cyrillic", "name in Arabic", "name in Hangul", "name in Devanagari",
		"source LOCAL", "source API-CLIENT", "source AD", "source LDAP", "source OIDC", "of a disabled source", "OIDC attributes",
		"0 digits", "1 digits", "2 digits", "3 digits", "4 digits", "5 digits", "6 digits", "7 digits", "8 digits", "9 digits",
		"no e-mail", "no name", "neither", "equal names", "equal principals", "equal role names", "Administrator", "employment",
		"mfa ", "mfa ENABLED", "mfa DEFAULT", "mfa DISABLED", "long comment", "context", "nested rules", "empty role",
		"explicit true implicit false", "explicit false implicit true", "explicit true implicit true",
		"grant PERMANENT", "grant TIME_RESTRICTED", "grant FLOATING", "both encodings", "older encoding", "unknown fields",
	} {
		if !has[want] {
			t.Errorf("no %s", want)
		}
	}
}

// Every kind of secret that PrivX shows begins with the canary.
func TestSeededSecretsAreCanaries(t *testing.T) {
	t.Parallel()
	h := newHarness(t, privxsim.Seed(privxsim.SeedOptions{}), privxsim.Options{})
	shown := string(h.search("?limit=1000", "{}").body) + string(h.get(rolesPath+"?limit=1000").body) + string(h.get(sourcePath).body)
	for _, secret := range []string{
		"mfa-seed", "settings", "authorized-key", "windows-sid", "oidc-windows-sid", "principal-key", "ldap_bind_password", "oidc_client_secret",
	} {
		if !strings.Contains(shown, privxsim.CanaryPrefix+secret) {
			t.Errorf("no %s%s in any answer", privxsim.CanaryPrefix, secret)
		}
	}
	for _, secret := range []string{privxsim.DefaultAPIClientSecret, privxsim.SyncOnlyAPIClientSecret, privxsim.CanaryPrefix + "api-client-secret"} {
		if strings.Contains(shown, secret) {
			t.Errorf("a client's secret is shown: %s", secret)
		}
	}
}

// The seeded API clients can do what they are for.
func TestSeededAPIClients(t *testing.T) {
	t.Parallel()
	h := newHarness(t, privxsim.Seed(privxsim.SeedOptions{}), privxsim.Options{})
	for _, c := range []struct {
		id, secret     string
		sources, write int
	}{
		{privxsim.DefaultAPIClientID, privxsim.DefaultAPIClientSecret, 200, 200},
		{privxsim.SyncOnlyAPIClientID, privxsim.SyncOnlyAPIClientSecret, 403, 403},
	} {
		h.token = h.login(c.id, c.secret)
		got := []int{h.search("", "{}").status, h.get(rolesPath).status, h.get(sourcePath).status, h.putRoles(admin.ID, "[]").status}
		if want := []int{200, 200, c.sources, c.write}; !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", c.id, got, want)
		}
	}
}
