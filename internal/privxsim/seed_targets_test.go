package privxsim_test

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/conductorone/baton-privx/internal/privxsim"
)

// targetsOf is everything that a tenant has of targets.
func targetsOf(s *privxsim.Store) []any {
	return []any{s.Hosts(), s.Secrets(), s.NetworkTargets(), s.APITargets(), s.AWSRoles(), s.AccessGroups(), s.Reach()}
}

func TestSeededTargetsAreReproducible(t *testing.T) {
	t.Parallel()
	seed := func(seed int64) []any {
		return targetsOf(privxsim.Seed(privxsim.SeedOptions{Users: 5, Roles: 8, Seed: seed, Hosts: 60}))
	}
	if !reflect.DeepEqual(seed(7), seed(7)) {
		t.Error("the same seed makes different targets")
	}
	if reflect.DeepEqual(seed(7), seed(8)) {
		t.Error("different seeds make the same targets")
	}
}

func TestSeededTargetsOfAnySize(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		opts privxsim.SeedOptions
		want string // hosts, secrets, network targets, API targets, AWS roles, access groups
	}{
		{privxsim.SeedOptions{}, "0 0 0 0 0 1"},
		{privxsim.SeedOptions{Hosts: -1}, "0 0 0 0 0 1"},
		{privxsim.SeedOptions{Hosts: 1}, "1 12 12 12 12 3"},
		{privxsim.SeedOptions{Hosts: 400}, "400 100 100 100 100 3"},
		{privxsim.SeedOptions{Hosts: 2, Secrets: 1, NetworkTargets: -1, APITargets: -1, AWSRoles: -1, AccessGroups: -1}, "2 1 0 0 0 1"},
		{privxsim.SeedOptions{AWSRoles: 3, Users: -1, Roles: -1}, "0 0 0 0 3 1"},
	} {
		c.opts.MembersPerRole = -1
		s := privxsim.Seed(c.opts)
		got := fmt.Sprint(len(s.Hosts()), len(s.Secrets()), len(s.NetworkTargets()), len(s.APITargets()), len(s.AWSRoles()), len(s.AccessGroups()))
		if got != c.want {
			t.Errorf("%+v: %s, want %s", c.opts, got, c.want)
		}
	}
}

// A tenant with targets has the same people as one without, and its API client may read
// all that there is.
func TestSeededAPIClientReadsAllTargets(t *testing.T) {
	t.Parallel()
	without := privxsim.Seed(privxsim.SeedOptions{})
	store := privxsim.Seed(privxsim.SeedOptions{Hosts: 40, AccessGroups: 5})
	if !reflect.DeepEqual(store.Users(), without.Users()) {
		t.Error("other people")
	}
	h := newHarness(t, store, privxsim.Options{})
	reads := func(path string, want int) {
		t.Helper()
		res := h.get(path)
		if strings.HasSuffix(path, "search/secrets") {
			res = h.do(http.MethodPost, path, "{}")
		}
		if got := fmt.Sprint(res.object(t)["count"]); got != fmt.Sprint(want) {
			t.Errorf("%s: %s of %d", path, got, want)
		}
	}
	h.token = h.login(privxsim.DefaultAPIClientID, privxsim.DefaultAPIClientSecret)
	reads(hostsPath, 40)
	reads(secretSearchPath, 12)
	reads(networkTargetsPath, 12)
	reads(apiTargetsPath, 12)
	reads(accessGroupsPath, 6)
	if n := len(decode[[]any](t, h.get(awsRolesPath).body)); n != 12 {
		t.Errorf("%d AWS roles", n)
	}
	h.token = h.login(privxsim.SyncOnlyAPIClientID, privxsim.SyncOnlyAPIClientSecret)
	for _, path := range []string{hostsPath, networkTargetsPath, apiTargetsPath, accessGroupsPath, awsRolesPath} {
		h.get(path).wantError(t, http.StatusForbidden, "")
	}
}

// Without targets, the API client of a tenant may read none.
func TestSeededAPIClientWithoutTargets(t *testing.T) {
	t.Parallel()
	h := newHarness(t, privxsim.Seed(privxsim.SeedOptions{}), privxsim.Options{})
	h.token = h.login(privxsim.DefaultAPIClientID, privxsim.DefaultAPIClientSecret)
	for _, path := range []string{hostsPath, networkTargetsPath, apiTargetsPath, accessGroupsPath, awsRolesPath} {
		h.get(path).wantError(t, http.StatusForbidden, "")
	}
}

// What makes the targets of a tenant believable is all there.
func TestSeededTraitsOfTargets(t *testing.T) {
	t.Parallel()
	store := privxsim.Seed(privxsim.SeedOptions{Hosts: 60})
	has := map[string]int{}
	for _, h := range store.Hosts() {
		has["disabled "+h.Disabled]++
		has[fmt.Sprint("deleted ", h.Deleted)]++
		has[fmt.Sprint("a name ", h.CommonName != "")]++
		has[fmt.Sprint("audited ", h.AuditEnabled != nil)]++
		has[fmt.Sprint("accounts ", len(h.Principals) > 0)]++
		for _, p := range h.Principals {
			has[fmt.Sprintf("account %t %t %t, domain %t", p.Principal != "", p.UsernameAttribute != "", p.UseUserAccount, p.TargetDomain != nil)]++
			has[fmt.Sprint("restricted ", p.CommandRestrictions != nil)]++
			for _, ref := range p.Roles {
				_, there := store.RoleName(ref.ID)
				has[fmt.Sprint("role there ", there)]++
			}
		}
	}
	for _, s := range store.Secrets() {
		has[fmt.Sprint("personal ", s.OwnerID != "")]++
	}
	for _, r := range store.AWSRoles() {
		has["AWS role "+r.Status]++
	}
	for _, want := range []string{
		"disabled ", "disabled BY_ADMIN", "disabled BY_LICENSE", "deleted true", "a name false", "audited true", "audited false",
		"accounts false", "restricted true", "role there true", "role there false", "personal true", "personal false", "AWS role OK", "AWS role MISSING",
		"account true false false, domain false", "account true false false, domain true", "account false true false, domain false",
		"account false true false, domain true", "account false false true, domain false", "account false false false, domain false",
	} {
		if has[want] == 0 {
			t.Errorf("%q is missing", want)
		}
	}
}

// What is reached is told once, by what tells it apart, of roles that there are.
func TestReach(t *testing.T) {
	t.Parallel()
	store := privxsim.NewStore()
	role := store.AddRole(privxsim.Role{Name: "r"}).ID
	refs := []privxsim.RoleRef{{ID: role}, {ID: role}, {ID: nthID(1)}}
	host := store.AddHost(privxsim.Host{Disabled: privxsim.DisabledByAdmin, Principals: []privxsim.Principal{
		{Principal: "root", Roles: refs}, {Principal: "root", Roles: refs},
		{Principal: "root", Roles: refs, TargetDomain: &privxsim.Handle{ID: nthID(2)}},
		{UsernameAttribute: "unix_account", Roles: refs}, {UseUserAccount: true, Roles: refs}, {Roles: refs}, {Principal: "nobody's"},
	}}).ID
	store.AddHost(privxsim.Host{Deleted: true, Principals: []privxsim.Principal{{Principal: "root", Roles: refs}}})
	store.AddSecret(privxsim.Secret{Name: "a/b", ReadRoles: refs})
	store.AddSecret(privxsim.Secret{Name: "own", OwnerID: nthID(3), ReadRoles: refs, WriteRoles: refs})
	nt := store.AddNetworkTarget(privxsim.NetworkTarget{Roles: refs}).ID
	at := store.AddAPITarget(privxsim.APITarget{Roles: refs}).ID
	aws := store.AddAWSRole(privxsim.AWSRole{Roles: refs, Status: privxsim.AWSRoleMissing}).ID
	account := privxsim.Reached{Role: role, Kind: privxsim.KindHost, Target: host, Way: privxsim.WayAccount}
	named, inDomain, byAttribute, own := account, account, account, account
	named.Account, inDomain.Account, inDomain.Domain, byAttribute.Attribute, own.Own = "root", "root", nthID(2), "unix_account", true
	reached := func(kind, target, way string) privxsim.Reached {
		return privxsim.Reached{Role: role, Kind: kind, Target: target, Way: way}
	}
	want := []privxsim.Reached{
		reached(privxsim.KindAPITarget, at, privxsim.WayCall), reached(privxsim.KindAWSRole, aws, privxsim.WayAssume),
		account, own, byAttribute, named, inDomain,
		reached(privxsim.KindNetworkTarget, nt, privxsim.WayConnect),
		reached(privxsim.KindSecret, nthID(3)+"/own", privxsim.WayRead), reached(privxsim.KindSecret, nthID(3)+"/own", privxsim.WayWrite),
		reached(privxsim.KindSecret, privxsim.SharedSecret+"/a/b", privxsim.WayRead),
	}
	if got := store.Reach(); !slices.Equal(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}
