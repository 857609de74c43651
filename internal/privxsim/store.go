package privxsim

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// builtinTime is when the built-in roles were last touched, in a recorded
// answer as in every store.
const builtinTime = "2017-04-18T14:23:56.381705Z"

// Store is the truth that the simulator tells: who exists and who is a member
// of what. It may be used by several goroutines at once.
//
// Methods that put two things together (GrantExplicit, Map) panic if one of
// them is unknown, so that a mistake in a test's set-up cannot pass for a
// result. Methods that take something away ignore what is not there.
type Store struct {
	mu sync.Mutex

	users      map[string]*userRecord
	roles      map[string]*roleRecord
	sources    map[string]*sourceRecord
	apiClients []APIClient // in order of addition

	everyone      *roleRecord // privx-user
	admins        *roleRecord // privx-admin
	localSource   string
	clientSource  string
	accessGroup   string // in which roles are made
	installation  int64  // what makes this store's ids differ from another's
	ids           int    // how many were made
	userVersion   int    // changes with every change of users
	userOrders    map[string][]*userRecord
	roleOrders    map[string][]*roleRecord
	sourceRecords []*sourceRecord // in order of addition

	followers []*node // that have a replica of it
	writer    *node   // that was asked for the change that is being made
	changes   int     // how many were told to the followers
}

// userRecord is a user with its memberships, but for the implicit one of
// privx-user, which needs no record.
type userRecord struct {
	User
	wire        []byte // encoded, without roles and permissions
	created     string // in a form whose order is the order of time
	updated     string
	memberships []*membership
	before      []*membership // copies, as they were before a client last set them
}

// roleRecord is a role with its members, but for privx-user's implicit ones.
type roleRecord struct {
	Role
	wire    []byte // encoded, as in a list of roles
	handle  []byte // encoded, as in a user's list of roles, without the membership
	members map[*userRecord]*membership

	orders       map[string][]*userRecord // members in order, by sort key
	orderVersion int                      // the userVersion of the orders

	counts *memberCounts // what to claim instead of the true counts
}

type memberCounts struct{ all, explicit int }

type sourceRecord struct {
	Source
	wire []byte
}

// membership ties a user to a role. It is there as long as it is explicit or
// implicit.
type membership struct {
	user     *userRecord
	role     *roleRecord
	implicit bool   // by a rule
	explicit *entry // nil: not granted
}

// NewStore returns a store with nothing but what every PrivX has: the roles
// privx-admin and privx-user, and the sources of local users and API clients.
// Their ids differ from those of a store made by Seed, as they differ between
// installations of PrivX.
func NewStore() *Store { return newStore(0) }

func newStore(installation int64) *Store {
	s := &Store{
		users:        map[string]*userRecord{},
		roles:        map[string]*roleRecord{},
		sources:      map[string]*sourceRecord{},
		installation: installation,
	}
	s.accessGroup = s.newID()
	s.localSource = s.AddSource(Source{Name: "Local users", Type: SourceTypeLocal, Enabled: true}).ID
	s.clientSource = s.AddSource(Source{Name: "API clients", Type: SourceTypeAPIClient, Enabled: true}).ID
	admins := s.AddRole(Role{
		Name: RoleNameAdmin, Comment: "PrivX Administrators", System: true,
		Author: "Superuser", Updated: builtinTime,
		PrincipalPublicKeys: []string{"ssh-rsa " + CanaryPrefix + "principal-key-admin"},
		Rules: Rule{Type: "GROUP", Match: "ANY", Rules: []Rule{
			{Type: "RULE", Source: s.localSource, SearchString: "(principal=admin)"},
		}},
	})
	everyone := s.AddRole(Role{
		Name: RoleNameUser, Comment: "PrivX Users", System: true,
		Author: "Superuser", Updated: builtinTime,
		PrincipalPublicKeys: []string{"ssh-rsa " + CanaryPrefix + "principal-key-user"},
		Permissions: []string{
			"authorized-keys-manage", "webauthn-credentials-manage", "workflows-requests", "workflows-requests-on-behalf",
		},
	})
	s.admins = s.roles[admins.ID]
	s.everyone = s.roles[everyone.ID]
	return s
}

// newID makes the next id: a UUID that depends on nothing but the installation
// and how many ids it has made.
func (s *Store) newID() string {
	s.ids++
	sum := sha256.Sum256(fmt.Appendf(nil, "privx-%d/%d", s.installation, s.ids))
	sum[6] = sum[6]&0x0f | 0x40 // version 4
	sum[8] = sum[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[0:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

// LocalSourceID returns the id of the built-in source of local users.
func (s *Store) LocalSourceID() string { return s.localSource }

// APIClientSourceID returns the id of the built-in source of API clients.
func (s *Store) APIClientSourceID() string { return s.clientSource }

// AdminRoleID returns the id of the built-in role privx-admin.
func (s *Store) AdminRoleID() string { return s.admins.ID }

// UserRoleID returns the id of the built-in role privx-user.
func (s *Store) UserRoleID() string { return s.everyone.ID }

// AddSource adds a directory and returns it with what was filled in.
func (s *Store) AddSource(source Source) Source {
	s.mu.Lock()
	defer s.mu.Unlock()
	if source.ID == "" {
		source.ID = s.newID()
	}
	s.putSource(source)
	return source
}

// SetSourceEnabled switches a directory on or off.
func (s *Store) SetSourceEnabled(id string, enabled bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if record := s.sources[id]; record != nil {
		source := record.Source
		source.Enabled = enabled
		s.putSource(source)
	}
}

func (s *Store) putSource(source Source) {
	record := s.sources[source.ID]
	if record == nil {
		record = &sourceRecord{}
		s.sources[source.ID] = record
		s.sourceRecords = append(s.sourceRecords, record)
	}
	record.Source = source
	record.wire = encodeSource(source)
	s.sourceChanged(source.ID)
}

// RemoveSource removes a directory. Its users stay, with a source that leads
// nowhere: whether PrivX removes them is not known.
func (s *Store) RemoveSource(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.removeSource(id)
}

func (s *Store) removeSource(id string) {
	record := s.sources[id]
	s.sourceRecords = slices.DeleteFunc(s.sourceRecords, func(r *sourceRecord) bool { return r == record })
	delete(s.sources, id)
	s.sourceChanged(id)
}

// Sources returns all directories in order of addition.
func (s *Store) Sources() []Source {
	s.mu.Lock()
	defer s.mu.Unlock()
	sources := make([]Source, 0, len(s.sourceRecords))
	for _, record := range s.sourceRecords {
		sources = append(sources, record.Source)
	}
	return sources
}

// AddUser adds a user, or replaces the one with the same id, and returns it
// with what was filled in. A user without a source is a local one.
func (s *Store) AddUser(user User) User {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addUser(user)
}

func (s *Store) addUser(user User) User {
	if user.ID == "" {
		user.ID = s.newID()
	}
	if user.Source == "" {
		user.Source = s.localSource
	}
	if source := s.sources[user.Source]; source != nil && user.SourceType == "" {
		user.SourceType = source.Type
	}
	if user.SourceUserID == "" {
		user.SourceUserID = user.ID
	}
	if user.RefreshTimestamp == "" {
		user.RefreshTimestamp = "1720647628"
	}
	if user.Attributes == nil {
		user.Attributes = []Attribute{}
	}
	s.putUser(user)
	return user
}

// UpdateUser replaces the user with the same id; its memberships stay.
func (s *Store) UpdateUser(user User) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users[user.ID] != nil {
		s.putUser(user)
	}
}

func (s *Store) putUser(user User) {
	record := s.users[user.ID]
	if record == nil {
		record = &userRecord{}
		s.users[user.ID] = record
	}
	record.User = user
	record.wire = encodeUser(user)
	record.created, record.updated = sortableTime(user.Created), sortableTime(user.Updated)
	s.usersChanged()
	s.userChanged(user.ID)
}

// usersChanged forgets every order that was computed from the users.
func (s *Store) usersChanged() {
	s.userVersion++
	s.userOrders = nil
}

// RemoveUser removes a user or API client, and its memberships.
func (s *Store) RemoveUser(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.removeUser(id)
}

func (s *Store) removeUser(id string) {
	user := s.users[id]
	if user == nil {
		return
	}
	for _, m := range user.memberships {
		delete(m.role.members, user)
		s.membershipChanged(m.role.ID, id)
	}
	delete(s.users, id)
	s.apiClients = slices.DeleteFunc(s.apiClients, func(c APIClient) bool { return c.ID == id })
	s.usersChanged()
	s.userChanged(id)
}

// Users returns all users, API clients among them, by id.
func (s *Store) Users() []User {
	s.mu.Lock()
	defer s.mu.Unlock()
	users := make([]User, 0, len(s.users))
	for _, id := range slices.Sorted(maps.Keys(s.users)) {
		users = append(users, s.users[id].User)
	}
	return users
}

// AddAPIClient adds an API client and the user that it is, without any role,
// and returns it with what was filled in.
func (s *Store) AddAPIClient(client APIClient) APIClient {
	s.mu.Lock()
	if client.ID == "" {
		client.ID = s.newID()
	}
	s.apiClients = append(s.apiClients, client)
	s.mu.Unlock()
	s.AddUser(User{
		ID: client.ID, Principal: client.ID, FullName: client.Name,
		Source: s.clientSource, Created: "2024-07-08T17:27:26.178110397Z",
	})
	return client
}

// APIClients returns all API clients in order of addition.
func (s *Store) APIClients() []APIClient {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.apiClients)
}

// AddRole adds a role without members, or replaces the one with the same id,
// and returns it with what was filled in.
func (s *Store) AddRole(role Role) Role {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addRole(role)
}

func (s *Store) addRole(role Role) Role {
	if role.ID == "" {
		role.ID = s.newID()
	}
	if role.AccessGroupID == "" {
		role.AccessGroupID = s.accessGroup
	}
	if role.Rules.Type == "" {
		role.Rules = Rule{Type: "GROUP", Match: "ANY"}
	}
	if role.Context.IPMasks == nil {
		role.Context.IPMasks = []string{"0.0.0.0/0"}
	}
	s.putRole(role)
	return role
}

// UpdateRole replaces the role with the same id; its members stay.
func (s *Store) UpdateRole(role Role) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.roles[role.ID] != nil {
		s.putRole(role)
	}
}

func (s *Store) putRole(role Role) {
	record := s.roles[role.ID]
	if record == nil {
		record = &roleRecord{members: map[*userRecord]*membership{}}
		s.roles[role.ID] = record
	}
	record.Role = role
	record.wire = encodeRole(role)
	record.handle = encodeHandle(role)
	s.roleOrders = nil
	s.roleChanged(role.ID)
}

// RemoveRole removes a role and its memberships.
func (s *Store) RemoveRole(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.removeRole(id)
}

func (s *Store) removeRole(id string) {
	role := s.roles[id]
	if role == nil {
		return
	}
	for user := range role.members {
		user.memberships = slices.DeleteFunc(user.memberships, func(m *membership) bool { return m.role == role })
		delete(role.members, user)
		s.membershipChanged(id, user.ID)
	}
	delete(s.roles, id)
	s.roleOrders = nil
	s.roleChanged(id)
}

// Roles returns all roles by id.
func (s *Store) Roles() []Role {
	s.mu.Lock()
	defer s.mu.Unlock()
	roles := make([]Role, 0, len(s.roles))
	for _, id := range slices.Sorted(maps.Keys(s.roles)) {
		roles = append(roles, s.roles[id].Role)
	}
	return roles
}

// SetMemberCount makes a role claim so many members, and so many explicit
// ones, whatever the truth. It shows only with Options.MemberCount.
func (s *Store) SetMemberCount(roleID string, members, explicit int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if role := s.roles[roleID]; role != nil {
		role.counts = &memberCounts{all: members, explicit: explicit}
		s.roleChanged(roleID)
	}
}

// permissions returns what a principal may do at a time, and whether it is an
// administrator, who may do everything.
func (s *Store) permissions(principal string, now time.Time) ([]string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	user := s.users[principal]
	if user == nil {
		return nil, false
	}
	permissions, admin := slices.Clone(s.everyone.Permissions), false
	for _, m := range user.memberships {
		if m.implicit || m.explicit != nil && m.explicit.grant.activeAt(now) {
			permissions = append(permissions, m.role.Permissions...)
			admin = admin || m.role == s.admins
		}
	}
	slices.Sort(permissions)
	return slices.Compact(permissions), admin
}

// SetEntryExtra sets what an explicit entry carries beyond the known fields.
func (s *Store) SetEntryExtra(roleID, userID string, extra map[string]json.RawMessage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.membership(roleID, userID)
	if m == nil || m.explicit == nil {
		panic(fmt.Sprintf("privxsim: user %s has no explicit membership of role %s", userID, roleID))
	}
	m.explicit = newEntry(m.explicit.grant, extra)
	s.membershipChanged(roleID, userID)
}
