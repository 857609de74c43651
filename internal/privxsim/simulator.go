package privxsim

import (
	"time"

	"github.com/conductorone/baton-privx/internal/privxsim/apiproxy"
	"github.com/conductorone/baton-privx/internal/privxsim/auth"
	"github.com/conductorone/baton-privx/internal/privxsim/authorizer"
	"github.com/conductorone/baton-privx/internal/privxsim/core"
	"github.com/conductorone/baton-privx/internal/privxsim/hoststore"
	"github.com/conductorone/baton-privx/internal/privxsim/networkaccess"
	"github.com/conductorone/baton-privx/internal/privxsim/rolestore"
	"github.com/conductorone/baton-privx/internal/privxsim/target"
	"github.com/conductorone/baton-privx/internal/privxsim/vault"
)

// Options are the manners of a simulator. The zero value is PrivX as it is most
// likely set up. What each of them does is said where it is done: in the options of
// the package that its group is named after.
type Options struct {
	// These are core.Options.

	PathPrefix       string
	Clock            func() time.Time
	MaxPageSize      int
	RefuseLargePages bool
	Count            CountMode
	RandomTies       bool
	ReadOnlyStatus   int
	Seed             int64
	Latency          time.Duration
	Nodes            []Node
	AffinityCookie   bool
	Route            func(Request) int
	EmptyNotFound    bool
	KeepRequests     int

	// These are auth.Options.

	OAuthClientID          string
	OAuthClientSecret      string
	PublicClient           bool
	OAuthClientCredentials bool
	OAuthPrincipal         string
	TokenTTL               time.Duration
	TokenDelay             time.Duration
	ExpiresIn              *string
	BadCredentialsStatus   int

	// These are rolestore.Options.

	MemberRoles      MemberRolesMode
	MemberGrants     bool
	HeavyMembers     int
	MemberCount      bool
	NoCurrentUser    bool
	IgnoreUserIDs    bool
	UnknownRoles     UnknownRolesMode
	SplitMemberships bool
	HideUserRole     bool
	UserRolesNull    bool
	AcceptNullRoles  bool
	GrantEveryEntry  bool
	AWSRolesEnvelope bool

	// These are target.Options.

	UnmarkedDeletedRoles     bool
	StaleRoleNames           bool
	NullLists                bool
	DisabledForm             DisabledForm
	UngroupedRolesSeeNothing bool
	ForeignForbidden         bool

	// These are hoststore.Options.

	SearchWithoutPrincipals bool
	SearchForbidden         bool

	// These are vault.Options.

	VaultSight          VaultSight
	HidePersonalSecrets bool
	VaultPagingInBody   bool

	// NoAPIProxy makes it a PrivX of a version before 42, which has no API targets.
	// Guess (PXQ-086): such a PrivX answers as on any path that it does not know.
	NoAPIProxy bool
}

func (o Options) core() core.Options {
	return core.Options{
		PathPrefix: o.PathPrefix, Clock: o.Clock,
		MaxPageSize: o.MaxPageSize, RefuseLargePages: o.RefuseLargePages, Count: o.Count, RandomTies: o.RandomTies,
		ReadOnlyStatus: o.ReadOnlyStatus, Seed: o.Seed, Latency: o.Latency,
		Nodes: o.Nodes, AffinityCookie: o.AffinityCookie, Route: o.Route, EmptyNotFound: o.EmptyNotFound,
		KeepRequests: o.KeepRequests,
	}
}

func (o Options) auth() auth.Options {
	return auth.Options{
		OAuthClientID: o.OAuthClientID, OAuthClientSecret: o.OAuthClientSecret, PublicClient: o.PublicClient,
		OAuthClientCredentials: o.OAuthClientCredentials, OAuthPrincipal: o.OAuthPrincipal,
		TokenTTL: o.TokenTTL, TokenDelay: o.TokenDelay, ExpiresIn: o.ExpiresIn, BadCredentialsStatus: o.BadCredentialsStatus,
	}
}

func (o Options) roleStore() rolestore.Options {
	return rolestore.Options{
		MemberRoles: o.MemberRoles, MemberGrants: o.MemberGrants, HeavyMembers: o.HeavyMembers, MemberCount: o.MemberCount,
		NoCurrentUser: o.NoCurrentUser, IgnoreUserIDs: o.IgnoreUserIDs, UnknownRoles: o.UnknownRoles,
		SplitMemberships: o.SplitMemberships, HideUserRole: o.HideUserRole, UserRolesNull: o.UserRolesNull,
		AcceptNullRoles: o.AcceptNullRoles, GrantEveryEntry: o.GrantEveryEntry,
		AWSRolesEnvelope: o.AWSRolesEnvelope, Targets: o.targets(),
	}
}

func (o Options) targets() target.Options {
	return target.Options{
		UnmarkedDeletedRoles: o.UnmarkedDeletedRoles, StaleRoleNames: o.StaleRoleNames,
		NullLists: o.NullLists, DisabledForm: o.DisabledForm,
		UngroupedRolesSeeNothing: o.UngroupedRolesSeeNothing, ForeignForbidden: o.ForeignForbidden,
	}
}

func (o Options) hostStore() hoststore.Options {
	return hoststore.Options{SearchWithoutPrincipals: o.SearchWithoutPrincipals, SearchForbidden: o.SearchForbidden}
}

func (o Options) vault() vault.Options {
	return vault.Options{Sight: o.VaultSight, HidePersonalSecrets: o.HidePersonalSecrets, PagingInBody: o.VaultPagingInBody}
}

// statusOnly are the services of PrivX of which nothing but the status is
// simulated.
var statusOnly = []string{
	"local-user-store", "workflow-engine", "connection-manager", "monitor-service", "license-manager", "settings",
}

// New returns a simulator that tells the truth of the store.
func New(store *Store, opts Options) *Simulator {
	shared := opts.targets()
	services := []core.Service{
		auth.Service(store, opts.auth()),
		rolestore.Service(store.Store, opts.roleStore()),
		hoststore.Service(store.HostTable, shared, opts.hostStore()),
		vault.Service(store.SecretTable, shared, opts.vault()),
		networkaccess.Service(store.NetworkTargetTable, shared),
		authorizer.Service(store.AccessGroupTable),
	}
	if !opts.NoAPIProxy {
		services = append(services, apiproxy.Service(store.APITargetTable, shared))
	}
	for _, name := range statusOnly {
		services = append(services, core.Service{Name: name})
	}
	return core.New(opts.core(), services...)
}
