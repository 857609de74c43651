package privxsim

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/conductorone/baton-privx/internal/privxsim/apiproxy"
	"github.com/conductorone/baton-privx/internal/privxsim/authorizer"
	"github.com/conductorone/baton-privx/internal/privxsim/hoststore"
	"github.com/conductorone/baton-privx/internal/privxsim/networkaccess"
	"github.com/conductorone/baton-privx/internal/privxsim/rolestore"
)

// SeedOptions are the size of a tenant. A number that is 0 has a default, and one below 0
// is none.
type SeedOptions struct {
	Users          int   // people, besides the API clients; default 120
	Roles          int   // besides the built-in and the API clients' roles; default 24
	MembersPerRole int   // on average; default 12
	Seed           int64 // the same seed makes the same tenant

	// Hosts are none by default. Where there are hosts, there is by default a smaller
	// number of all other targets, and the first API client may read them all.
	Hosts          int
	Secrets        int
	NetworkTargets int
	APITargets     int
	AWSRoles       int
	AccessGroups   int // besides the one that every PrivX has; default 2
}

// leastTargets is the least number of targets by default, so that all that trip clients
// up are there.
const leastTargets = 12

// withDefaults returns the options with the numbers of targets filled in.
func (o SeedOptions) withDefaults() SeedOptions {
	if o.Hosts <= 0 {
		return o
	}
	share := max(o.Hosts/4, leastTargets)
	o.Secrets = cmp.Or(o.Secrets, share)
	o.NetworkTargets = cmp.Or(o.NetworkTargets, share)
	o.APITargets = cmp.Or(o.APITargets, share)
	o.AWSRoles = cmp.Or(o.AWSRoles, share)
	o.AccessGroups = cmp.Or(o.AccessGroups, 2)
	return o
}

// targets is how many there are in all.
func (o SeedOptions) targets() int {
	return max(o.Hosts, 0) + max(o.Secrets, 0) + max(o.NetworkTargets, 0) + max(o.APITargets, 0) + max(o.AWSRoles, 0) + max(o.AccessGroups, 0)
}

// Seed returns a store with a believable tenant: of users and roles that of
// rolestore.Seed, and, if there shall be targets, first some of which each has a trait
// that trips clients up, then ordinary ones.
func Seed(o SeedOptions) *Store {
	roles := rolestore.Seed(rolestore.SeedOptions{Users: o.Users, Roles: o.Roles, MembersPerRole: o.MembersPerRole, Seed: o.Seed})
	store := newStore(roles, strconv.FormatInt(o.Seed+1, 10)) // as the ids of roles
	if o = o.withDefaults(); o.targets() > 0 {
		seedTargets(store, o)
	}
	return store
}

// seeder makes the targets of a tenant.
type seeder struct {
	store  *Store
	random *rand.Rand
	roles  []string // ids, those that will be gone among them
	gone   []string // ids of these
	groups []string // ids of access groups
	made   int      // targets
}

func seedTargets(store *Store, o SeedOptions) {
	s := &seeder{store: store, random: rand.New(rand.NewPCG(uint64(o.Seed), 1))} //nolint:gosec // Made-up targets need no secrecy, but the same seed the same ones.
	s.addGroups(o.AccessGroups)
	for _, role := range store.Roles() {
		s.roles = append(s.roles, role.ID)
	}
	s.permitAPIClient()
	for i := range 3 {
		s.gone = append(s.gone, store.AddRole(Role{Name: fmt.Sprint("Role that was deleted ", i)}).ID)
	}
	s.roles = append(s.roles, s.gone...)
	s.addHosts(o.Hosts)
	s.addSecrets(o.Secrets)
	s.addNetworkTargets(o.NetworkTargets)
	s.addAPITargets(o.APITargets)
	s.addAWSRoles(o.AWSRoles)
	for _, id := range s.gone {
		store.RemoveRole(id)
	}
}

func (s *seeder) addGroups(count int) {
	s.groups = []string{s.store.DefaultAccessGroup()}
	names := oddNames("Access group")
	for i := range max(count, 0) {
		name := fmt.Sprint("Site ", i)
		if i > 1 && i-2 < len(names) {
			name = names[i-2]
		}
		s.groups = append(s.groups, s.store.AddAccessGroup(AccessGroup{Name: name, Author: "admin", Created: s.created()}).ID)
	}
}

// permitAPIClient lets the first API client read all targets: what is shown by access
// group it may read in each of them, which takes a role in each.
func (s *seeder) permitAPIClient() {
	for i, group := range s.groups {
		permissions := []string{hoststore.PermHostsView, apiproxy.PermAPITargetsView}
		if i == 0 {
			permissions = append(permissions,
				networkaccess.PermNetworkTargetsView, rolestore.PermTargetResourcesView, authorizer.PermAccessGroupsManage)
		}
		role := s.store.AddRole(Role{
			Name: fmt.Sprint("API client Baton, targets ", i), AccessGroupID: group, Permissions: permissions,
			Created: s.created(), Author: "admin",
		})
		s.store.GrantExplicit(role.ID, DefaultAPIClientID, Grant{})
	}
}

// created returns the time at which the next thing was made: some at the same time.
func (s *seeder) created() string {
	s.made++
	return time.Date(2024, 3, 1, 8, 0, 0, 0, time.UTC).Add(time.Duration(s.made/3) * 11 * time.Minute).Format(time.RFC3339)
}

// refs returns references to some roles: none, one or several, of which one may be gone.
func (s *seeder) refs() []RoleRef {
	var refs []RoleRef
	for range s.random.IntN(4) {
		refs = append(refs, RoleRef{ID: s.roles[s.random.IntN(len(s.roles))]})
	}
	return refs
}

// group returns the access group of a target.
func (s *seeder) group() string { return s.groups[s.random.IntN(len(s.groups))] }

// disabled returns why a target is disabled: most are not.
func (s *seeder) disabled() string {
	switch s.random.IntN(12) {
	case 0:
		return DisabledByAdmin
	case 1:
		return DisabledByLicense
	default:
		return ""
	}
}

func pick[T any](s *seeder, from ...T) T { return from[s.random.IntN(len(from))] }
