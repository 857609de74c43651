package rolestore

import (
	"sync"

	"github.com/conductorone/baton-privx/internal/privxsim/core"
)

// builtinTime is when the built-in roles were last touched, in a recorded
// answer as in every store.
const builtinTime = "2017-04-18T14:23:56.381705Z"

// Store is the truth that the role store tells: who exists and who is a member
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
	ids           core.IDs
	userVersion   int // changes with every change of users
	userOrders    map[string][]*userRecord
	roleOrders    map[string][]*roleRecord
	sourceRecords []*sourceRecord // in order of addition
	awsRoles      *core.Table[AWSRole]

	copies *core.Copies[thing, *Store] // nil in a replica
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
func NewStore() *Store { return newStore(FirstInstallation) }

// FirstInstallation is what the ids of NewStore's are made from.
const FirstInstallation = "0"

func newStore(installation string) *Store {
	s := &Store{
		users:   map[string]*userRecord{},
		roles:   map[string]*roleRecord{},
		sources: map[string]*sourceRecord{},
		ids:     core.NewIDs(installation),

		awsRoles: newAWSRoles(installation),
	}
	s.copies = core.NewCopies[thing](s, func(s *Store) sync.Locker { return &s.mu }, (*Store).replica)
	s.accessGroup = s.ids.Next()
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

// LocalSourceID returns the id of the built-in source of local users.
func (s *Store) LocalSourceID() string { return s.localSource }

// APIClientSourceID returns the id of the built-in source of API clients.
func (s *Store) APIClientSourceID() string { return s.clientSource }

// AdminRoleID returns the id of the built-in role privx-admin.
func (s *Store) AdminRoleID() string { return s.admins.ID }

// UserRoleID returns the id of the built-in role privx-user.
func (s *Store) UserRoleID() string { return s.everyone.ID }
