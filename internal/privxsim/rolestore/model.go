package rolestore

import (
	"encoding/json"
)

// Source types that PrivX names in its answers. There are more.
const (
	SourceTypeLocal     = "LOCAL"
	SourceTypeAPIClient = "API-CLIENT"
	SourceTypeAD        = "AD"
	SourceTypeLDAP      = "LDAP"
	SourceTypeOIDC      = "OIDC"
)

// Names of the two built-in roles.
const (
	RoleNameAdmin = "privx-admin" // its members pass every permission check
	RoleNameUser  = "privx-user"  // every user is a member of it
)

// Permissions that the service asks for.
const (
	permUsersView   = "users-view"
	permRolesView   = "roles-view"
	permRolesManage = "roles-manage"
	permSourcesView = "sources-view"
)

// PermTargetResourcesView is the permission that AWS roles ask for.
const PermTargetResourcesView = "role-target-resources-view"

// adminPrincipal is the account that every PrivX begins with.
const adminPrincipal = "admin"

// Kinds of explicit grants.
const (
	GrantPermanent      = "PERMANENT"
	GrantTimeRestricted = "TIME_RESTRICTED"
	GrantFloating       = "FLOATING"
)

// User is a user as the role store shows one, apart from its roles. Times are
// kept as the text that goes over the wire, because PrivX writes them with
// anything from none to nine fractional digits.
type User struct {
	ID                string          `json:"id"`
	SourceUserID      string          `json:"source_user_id,omitempty"`
	Created           string          `json:"created,omitempty"`
	Updated           string          `json:"updated,omitempty"`
	Author            string          `json:"author,omitempty"`
	UpdatedBy         string          `json:"updatedby,omitempty"`
	Principal         string          `json:"principal,omitempty"`
	Source            string          `json:"source,omitempty"` // id of the Source
	SourceType        string          `json:"source_type,omitempty"`
	Comment           string          `json:"comment,omitempty"`
	Tags              []string        `json:"tags,omitempty"`
	Attributes        []Attribute     `json:"attributes"`
	FirstName         string          `json:"first_name,omitempty"`
	LastName          string          `json:"last_name,omitempty"`
	FullName          string          `json:"full_name,omitempty"`
	JobTitle          string          `json:"job_title,omitempty"`
	Company           string          `json:"company,omitempty"`
	Department        string          `json:"department,omitempty"`
	Email             string          `json:"email,omitempty"`
	Telephone         string          `json:"telephone,omitempty"`
	DistinguishedName string          `json:"distinguished_name,omitempty"`
	Locale            string          `json:"locale,omitempty"`
	SAMAccountName    string          `json:"samaccountname,omitempty"`
	WindowsAccount    string          `json:"windows_account,omitempty"`
	UnixAccount       string          `json:"unix_account,omitempty"`
	MFA               MFA             `json:"mfa"`
	Settings          json.RawMessage `json:"settings,omitempty"`
	AuthorizedKeys    []AuthorizedKey `json:"authorized_keys,omitempty"`
	RefreshTimestamp  string          `json:"RefreshTimestamp"` // PrivX's own spelling

	// Extra holds further members of the JSON object; they win over the fields.
	Extra map[string]json.RawMessage `json:"-"`
}

// Attribute is a key and value that a directory says of a user.
type Attribute struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// MFA is the state of a user's second factors.
type MFA struct {
	Status       string  `json:"status,omitempty"` // ENABLED, DISABLED, DEFAULT or absent
	Seed         MFASeed `json:"seed"`
	UserStatus   string  `json:"user_mfa_status,omitempty"`
	MobileStatus string  `json:"mobile_mfa_status"`
}

// MFASeed is the secret of a user's one-time passwords.
type MFASeed struct {
	String string `json:"seed_string,omitempty"`
}

// AuthorizedKey is an SSH public key with which a user may log in.
type AuthorizedKey struct {
	ID        string `json:"id"`
	Name      string `json:"name,omitempty"`
	PublicKey string `json:"public_key,omitempty"`
}

// Role is a role as the role store shows one, apart from its members.
type Role struct {
	ID                  string   `json:"id"`
	Created             string   `json:"created,omitempty"`
	Updated             string   `json:"updated,omitempty"`
	Author              string   `json:"author,omitempty"`
	UpdatedBy           string   `json:"updatedby,omitempty"`
	Name                string   `json:"name"`
	Comment             string   `json:"comment,omitempty"`
	Tags                []string `json:"tags,omitempty"`
	System              bool     `json:"system,omitempty"`
	Permissions         []string `json:"permissions"`
	AccessGroupID       string   `json:"access_group_id"`
	PermitAgent         bool     `json:"permit_agent,omitempty"`
	PrincipalPublicKeys []string `json:"principal_public_key_strings,omitempty"`
	OwnerSource         string   `json:"owner_src"` // the directory that made the role, if one did
	Rules               Rule     `json:"source_rules"`
	Context             Context  `json:"context"`

	// Extra holds further members of the JSON object; they win over the fields.
	Extra map[string]json.RawMessage `json:"-"`
}

// Rule is a mapping rule: a GROUP of rules, or a RULE that selects users of one
// source by an LDAP filter. The simulator shows rules but does not evaluate
// them: Store.Map says who is mapped.
type Rule struct {
	Type         string `json:"type,omitempty"`
	Match        string `json:"match,omitempty"` // ANY or ALL, of a GROUP
	Source       string `json:"source,omitempty"`
	SearchString string `json:"search_string,omitempty"`
	Rules        []Rule `json:"rules"`
}

// Context limits when and from where a role may be used. It does not limit
// membership.
type Context struct {
	Enabled   bool     `json:"enabled"`
	BlockRole bool     `json:"block_role,omitempty"`
	Validity  []string `json:"validity"` // days: MON, TUE, ...
	StartTime string   `json:"start_time"`
	EndTime   string   `json:"end_time"`
	TimeZone  string   `json:"timezone"`
	IPMasks   []string `json:"ip_masks"`
}

// Source is a directory of users.
type Source struct {
	ID      string
	Name    string
	Type    string // SourceTypeLocal, SourceTypeAD, ...
	Enabled bool
	Comment string
	Tags    []string
	Created string
	Updated string
	Author  string

	// Connection holds further members of the "connection" object: addresses
	// and, as in PrivX, secrets.
	Connection map[string]json.RawMessage
	// Extra holds further members of the JSON object; they win over the fields.
	Extra map[string]json.RawMessage
}

// APIClient is a program's account. To the role store it is a user too, of
// source type API-CLIENT, whose principal is its id.
type APIClient struct {
	ID     string
	Name   string
	Secret string
}

// Grant says for how long an explicit membership holds.
type Grant struct {
	Type          string   // GrantPermanent (also when ""), GrantTimeRestricted or GrantFloating
	Periods       []Period // of a time-restricted grant
	Start, End    string   // the same in the older encoding; a grant may carry both
	FloatingHours int      // of a floating grant: its length once it is first used
}

// Period is a time span, as RFC 3339 text.
type Period struct {
	Start string `json:"grant_start,omitempty"`
	End   string `json:"grant_end,omitempty"`
}

// Membership is one user's membership of one role.
type Membership struct {
	RoleID, UserID string
	Explicit       bool  // granted
	Implicit       bool  // mapped by a rule, or privx-user
	Grant          Grant // of the explicit part

	// Extra is what the explicit entry carries beyond the known fields, each
	// value in the text form in which it was sent.
	Extra map[string]json.RawMessage
}
