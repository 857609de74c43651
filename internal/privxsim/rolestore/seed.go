package rolestore

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/conductorone/baton-privx/internal/privxsim/core"
	"github.com/conductorone/baton-privx/internal/privxsim/target"
)

// CanaryPrefix begins every secret in a seeded store, so that a leak can be
// found by looking for it.
const CanaryPrefix = target.CanaryPrefix

// CanaryIPMask is an address range in a seeded role's context. It is no secret
// of its own, but nobody's business outside PrivX.
const CanaryIPMask = "198.51.100.77/32"

// Credentials of the API clients of a seeded store.
const (
	// DefaultAPIClientID is an API client that may read users, roles and
	// sources, and grant roles.
	DefaultAPIClientID     = "5d9c6f2e-8a41-4c0b-9e37-2f1b7a6c4d10"
	DefaultAPIClientSecret = "sim-api-secret+/mJ7x0Rw1=" //nolint:gosec // A made-up credential of a simulator.
	// SyncOnlyAPIClientID is one that may read users and roles, and no more.
	SyncOnlyAPIClientID     = "0b7e4d93-6c15-4f28-a1d2-93c8e5f07b64"
	SyncOnlyAPIClientSecret = "sim-sync-secret+/q4Vt9Le2=" //nolint:gosec // A made-up credential of a simulator.
)

// SeedOptions are the size of a tenant. A number that is 0 has a default, that
// of a small tenant; one below 0 is none.
type SeedOptions struct {
	Users          int   // people, besides the API clients; default 120
	Roles          int   // besides the built-in and the API clients' roles; default 24
	MembersPerRole int   // on average; default 12
	Seed           int64 // the same seed makes the same tenant
}

// seeder makes a tenant.
type seeder struct {
	store   *Store
	random  *rand.Rand
	sources map[string]string // ids by name
	grants  map[string]*entry // by kind of membership, shared by all of it
}

// Seed returns a store with a believable tenant. First come people and roles
// of which each has a trait that trips clients up, then ordinary ones.
func Seed(o SeedOptions) *Store {
	o.Users = cmp.Or(o.Users, 120)
	o.Roles = cmp.Or(o.Roles, 24)
	o.MembersPerRole = cmp.Or(o.MembersPerRole, 12)
	s := &seeder{
		store:   newStore(strconv.FormatInt(o.Seed+1, 10)), // 0 is NewStore's
		random:  rand.New(rand.NewPCG(uint64(o.Seed), 0)),  //nolint:gosec // Made-up people need no secrecy, but the same seed the same people.
		sources: map[string]string{},
		grants:  seedGrants(),
	}
	s.addSources()
	users := s.addUsers(o.Users)
	s.addAPIClients()
	s.addRoles(o.Roles, o.MembersPerRole, users)
	return s.store
}

// Names of the seeded sources.
const (
	sourceAD       = "Example AD"
	sourceLDAP     = "Partner LDAP"
	sourceOIDC     = "Example ID"
	sourceDisabled = "Old directory"
)

func (s *seeder) addSources() {
	s.sources[""] = s.store.LocalSourceID()
	for _, source := range []Source{
		{Name: sourceAD, Type: SourceTypeAD, Enabled: true, Connection: connection("ldap_bind_password")},
		{Name: sourceLDAP, Type: SourceTypeLDAP, Enabled: true, Tags: []string{"partner"}, Connection: connection("ldap_bind_password")},
		{Name: sourceOIDC, Type: SourceTypeOIDC, Enabled: true, Connection: connection("oidc_client_secret")},
		{Name: sourceDisabled, Type: SourceTypeLDAP, Comment: "replaced by " + sourceAD, Connection: connection("ldap_bind_password")},
	} {
		source.Author = "admin"
		source.Created = "2023-02-03T04:05:06.789Z"
		s.sources[source.Name] = s.store.AddSource(source).ID
	}
}

func connection(secret string) map[string]json.RawMessage {
	return map[string]json.RawMessage{
		"address": json.RawMessage(`"directory.example.com"`),
		"port":    json.RawMessage("636"),
		secret:    core.MustMarshal(CanaryPrefix + secret),
	}
}

// addUsers adds the traits first, then ordinary people, and returns their ids.
func (s *seeder) addUsers(count int) []string {
	var ids []string
	traits := userTraits()
	for i := range max(count, 0) {
		var user User
		if i < len(traits) {
			user = traits[i].User
			user.Source = s.sources[traits[i].source]
		} else {
			user = s.person(i)
		}
		if user.Created == "" {
			user.Created = s.timestamp(i)
		}
		ids = append(ids, s.store.AddUser(user).ID)
		if user.Principal == adminPrincipal {
			s.store.Map(s.store.AdminRoleID(), ids[i])
		}
	}
	return ids
}

// timestamp returns the time at which the n-th user was made, with a number of
// fractional digits that differs from user to user.
func (s *seeder) timestamp(n int) string {
	t := time.Date(2023, 1, 1, 8, 0, 0, s.random.IntN(1e9), time.UTC).Add(time.Duration(n) * 37 * time.Minute)
	layout := "2006-01-02T15:04:05"
	if digits := n % 10; digits > 0 {
		layout += "." + strings.Repeat("0", digits)
	}
	return t.Format(layout + "Z07:00")
}

// person makes the n-th ordinary user.
func (s *seeder) person(n int) User {
	name := personNames[s.random.IntN(len(personNames))]
	first, last := name.first[s.random.IntN(len(name.first))], name.last[s.random.IntN(len(name.last))]
	login := fmt.Sprintf("%s%d", name.login, n)
	u := User{
		Principal: login, FullName: first + " " + last, FirstName: first, LastName: last, Locale: name.locale,
		Email: login + "@example.com", Company: "Example Corp",
		Department:     pick(s.random, departments),
		JobTitle:       pick(s.random, jobTitles),
		UnixAccount:    login,
		WindowsAccount: login,
		MFA:            MFA{Status: pick(s.random, []string{"", "", "ENABLED", "DEFAULT", "DISABLED"})},
	}
	switch n % 4 {
	case 0:
		u.Source, u.SAMAccountName = s.sources[sourceAD], login
		u.DistinguishedName = "CN=" + login + ",OU=People,DC=example,DC=com"
		u.Attributes = []Attribute{{"windows_sid", fmt.Sprintf("%swindows-sid-%d", CanaryPrefix, n)}}
	case 1:
		u.Source, u.DistinguishedName = s.sources[sourceLDAP], "uid="+login+",ou=people,o=partner"
		u.Tags = []string{"cn=staff", "cn=partners"}
	case 2:
		u.Source, u.SourceUserID = s.sources[sourceOIDC], fmt.Sprintf("oidc|%d", n)
	default:
		u.DistinguishedName = login
	}
	if n%7 == 0 {
		u.Email = ""
	}
	if n%11 == 0 {
		u.FullName, u.FirstName, u.LastName = "", "", ""
	}
	if n%10 == 0 {
		u.Settings, u.AuthorizedKeys = canarySettings, canaryKeys
	}
	return u
}

func pick(random *rand.Rand, from []string) string { return from[random.IntN(len(from))] }

// addAPIClients adds the API clients with the roles from which they have their
// permissions, and one more that is a service account without any.
func (s *seeder) addAPIClients() {
	for _, client := range []struct {
		APIClient

		permissions []string
	}{
		{APIClient{DefaultAPIClientID, "Baton", DefaultAPIClientSecret}, []string{permUsersView, permRolesView, permSourcesView, permRolesManage}},
		{APIClient{SyncOnlyAPIClientID, "Baton (sync only)", SyncOnlyAPIClientSecret}, []string{permUsersView, permRolesView}},
		{APIClient{"", "Development", CanaryPrefix + "api-client-secret"}, nil},
	} {
		added := s.store.AddAPIClient(client.APIClient)
		if client.permissions == nil {
			continue
		}
		role := s.store.AddRole(Role{
			Name: "API client " + client.Name, Author: adminPrincipal, UpdatedBy: adminPrincipal,
			Created: "2024-07-08T17:03:41.188307Z", Updated: "2024-07-09T21:21:07.31022Z",
			PermitAgent: true, Permissions: client.permissions,
		})
		s.store.GrantExplicit(role.ID, added.ID, Grant{})
	}
}

// Kinds of seeded memberships.
const (
	kindPermanent  = "permanent"
	kindPlain      = "permanent, without unknown fields"
	kindPeriods    = "time-restricted"
	kindLegacy     = "time-restricted, older encoding"
	kindBothForms  = "time-restricted, both encodings"
	kindExpired    = "expired"
	kindNotStarted = "not started"
	kindFloating   = "floating"
	kindMapped     = "mapped"
	kindBoth       = "permanent and mapped"
)

// mixture is the order in which an ordinary role goes through the kinds.
var mixture = []string{
	kindPermanent, kindMapped, kindPlain, kindBoth, kindPeriods, kindMapped, kindPermanent,
	kindLegacy, kindFloating, kindMapped, kindExpired, kindPermanent, kindBothForms, kindNotStarted,
}

// seedGrants makes the entries of the explicit kinds. Most carry fields that no
// client knows, with numbers that a careless one damages.
func seedGrants() map[string]*entry {
	unknown := map[string]json.RawMessage{
		"x_future_grant":  json.RawMessage(`{"origin":"request","ratio":1.50,"serial":12345678901234567890}`),
		"x_future_ticket": json.RawMessage(`"T-1"`),
	}
	const from, until = "2024-01-01T00:00:00Z", "2099-12-31T23:59:59.5Z"
	current := []Period{{from, until}}
	return map[string]*entry{
		kindPermanent:  newEntry(Grant{}, unknown),
		kindPlain:      newEntry(Grant{}, nil),
		kindBoth:       newEntry(Grant{}, unknown),
		kindPeriods:    newEntry(Grant{Type: GrantTimeRestricted, Periods: append([]Period{{"2021-01-01T00:00:00Z", "2021-02-01T00:00:00Z"}}, current...)}, unknown),
		kindLegacy:     newEntry(Grant{Type: GrantTimeRestricted, Start: from, End: until}, unknown),
		kindBothForms:  newEntry(Grant{Type: GrantTimeRestricted, Periods: current, Start: from, End: until}, nil),
		kindExpired:    newEntry(Grant{Type: GrantTimeRestricted, Periods: []Period{{"2020-01-01T00:00:00Z", "2020-06-30T12:00:00Z"}}}, nil),
		kindNotStarted: newEntry(Grant{Type: GrantTimeRestricted, Periods: []Period{{"2098-01-01T00:00:00Z", until}}}, nil),
		kindFloating:   newEntry(Grant{Type: GrantFloating, FloatingHours: 24}, unknown),
	}
}

// addRoles adds the traits first, then ordinary roles, with their members.
func (s *seeder) addRoles(count, membersPerRole int, users []string) {
	traits := s.roleTraits()
	for i := range max(count, 0) {
		trait := roleTrait{Role: s.ordinaryRole(i), kinds: mixture}
		if i < len(traits) {
			trait = traits[i]
		}
		trait.Author, trait.UpdatedBy = adminPrincipal, adminPrincipal
		trait.Created, trait.Updated = s.timestamp(i), s.timestamp(i+1000)
		role := s.store.AddRole(trait.Role)
		s.addMembers(role.ID, trait.kinds, membersPerRole, users)
	}
}

// addMembers makes some of the users members, in turn by each of the kinds.
func (s *seeder) addMembers(roleID string, kinds []string, average int, users []string) {
	if average <= 0 || len(users) == 0 || len(kinds) == 0 {
		return
	}
	size := min(average/2+s.random.IntN(average+1), len(users))
	first, stride := s.random.IntN(len(users)), coprime(len(users), s.random.IntN(len(users))+1)
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	for i := range size {
		kind := kinds[i%len(kinds)]
		m := s.store.join(roleID, users[(first+i*stride)%len(users)])
		m.implicit = kind == kindMapped || kind == kindBoth
		m.explicit = s.grants[kind] // none of the mapped ones
	}
}

// coprime returns the first number from a start that has no divisor in common
// with n: steps of that size come by every one of n places.
func coprime(n, start int) int {
	for {
		a, b := n, start
		for b != 0 {
			a, b = b, a%b
		}
		if a == 1 {
			return start
		}
		start++
	}
}
