package privxsim

import (
	"github.com/conductorone/baton-privx/internal/privxsim/auth"
	"github.com/conductorone/baton-privx/internal/privxsim/core"
	"github.com/conductorone/baton-privx/internal/privxsim/rolestore"
)

// What the services have in common, by the names of package core.
type (
	Simulator = core.Simulator
	Request   = core.Request
	Answer    = core.Answer
	Node      = core.Node
	Fault     = core.Fault
	FaultKind = core.FaultKind
	CountMode = core.CountMode
)

// What the role store knows, by the names of package rolestore.
type (
	User             = rolestore.User
	Attribute        = rolestore.Attribute
	MFA              = rolestore.MFA
	MFASeed          = rolestore.MFASeed
	AuthorizedKey    = rolestore.AuthorizedKey
	Role             = rolestore.Role
	Rule             = rolestore.Rule
	Context          = rolestore.Context
	Source           = rolestore.Source
	APIClient        = rolestore.APIClient
	Grant            = rolestore.Grant
	Period           = rolestore.Period
	Membership       = rolestore.Membership
	MemberRolesMode  = rolestore.MemberRolesMode
	UnknownRolesMode = rolestore.UnknownRolesMode
)

// ParseFault reads a fault from a line of words: see core.ParseFault.
func ParseFault(line string) (Fault, error) { return core.ParseFault(line) }

// ParseNode reads a node from a line of words: see core.ParseNode.
func ParseNode(line string) (Node, error) { return core.ParseNode(line) }

// Kinds of faults.
const (
	FaultStatus      = core.FaultStatus
	FaultHTML        = core.FaultHTML
	FaultRedirect    = core.FaultRedirect
	FaultSlowHeader  = core.FaultSlowHeader
	FaultSlowBody    = core.FaultSlowBody
	FaultStall       = core.FaultStall
	FaultResetBefore = core.FaultResetBefore
	FaultResetAfter  = core.FaultResetAfter
	FaultTruncated   = core.FaultTruncated
	FaultCut         = core.FaultCut
	FaultGarbage     = core.FaultGarbage
	FaultEmpty       = core.FaultEmpty
	FaultNoContent   = core.FaultNoContent
	FaultNull        = core.FaultNull
	FaultTrailing    = core.FaultTrailing
	FaultOversized   = core.FaultOversized
	FaultNested      = core.FaultNested
	FaultDropWrite   = core.FaultDropWrite
	FaultRepeatPage  = core.FaultRepeatPage
	FaultStatusAfter = core.FaultStatusAfter
	FaultHeader      = core.FaultHeader
	FaultStale       = core.FaultStale
	FaultEmptyList   = core.FaultEmptyList
	FaultNullItems   = core.FaultNullItems
	FaultTies        = core.FaultTies
	FaultTurnover    = core.FaultTurnover
	FaultPageCount   = core.FaultPageCount
	FaultNoBody      = core.FaultNoBody
)

// What a list claims in "count".
const (
	CountHonest     = core.CountHonest
	CountOmitted    = core.CountOmitted
	CountZero       = core.CountZero
	CountPageLength = core.CountPageLength
	CountTooLarge   = core.CountTooLarge
)

// Credentials of the OAuth client, unless Options say otherwise.
const (
	DefaultOAuthClientID     = auth.DefaultOAuthClientID
	DefaultOAuthClientSecret = auth.DefaultOAuthClientSecret
)

// What a seeded store has: the credentials of its API clients, and secrets that can
// be looked for.
const (
	DefaultAPIClientID      = rolestore.DefaultAPIClientID
	DefaultAPIClientSecret  = rolestore.DefaultAPIClientSecret
	SyncOnlyAPIClientID     = rolestore.SyncOnlyAPIClientID
	SyncOnlyAPIClientSecret = rolestore.SyncOnlyAPIClientSecret
	CanaryPrefix            = rolestore.CanaryPrefix
	CanaryIPMask            = rolestore.CanaryIPMask
)

// Source types.
const (
	SourceTypeLocal     = rolestore.SourceTypeLocal
	SourceTypeAPIClient = rolestore.SourceTypeAPIClient
	SourceTypeAD        = rolestore.SourceTypeAD
	SourceTypeLDAP      = rolestore.SourceTypeLDAP
	SourceTypeOIDC      = rolestore.SourceTypeOIDC
)

// Names of the two built-in roles.
const (
	RoleNameAdmin = rolestore.RoleNameAdmin
	RoleNameUser  = rolestore.RoleNameUser
)

// Kinds of explicit grants.
const (
	GrantPermanent      = rolestore.GrantPermanent
	GrantTimeRestricted = rolestore.GrantTimeRestricted
	GrantFloating       = rolestore.GrantFloating
)

// What the members of a role carry in "roles".
const (
	MemberRolesThisRole = rolestore.MemberRolesThisRole
	MemberRolesAll      = rolestore.MemberRolesAll
	MemberRolesNull     = rolestore.MemberRolesNull
)

// What becomes of a role that is granted and does not exist.
const (
	UnknownRolesRefused  = rolestore.UnknownRolesRefused
	UnknownRolesNotFound = rolestore.UnknownRolesNotFound
	UnknownRolesIgnored  = rolestore.UnknownRolesIgnored
)
