package privxsim

import (
	"github.com/conductorone/baton-privx/internal/privxsim/apiproxy"
	"github.com/conductorone/baton-privx/internal/privxsim/authorizer"
	"github.com/conductorone/baton-privx/internal/privxsim/hoststore"
	"github.com/conductorone/baton-privx/internal/privxsim/networkaccess"
	"github.com/conductorone/baton-privx/internal/privxsim/rolestore"
	"github.com/conductorone/baton-privx/internal/privxsim/target"
	"github.com/conductorone/baton-privx/internal/privxsim/vault"
)

// What the services that know targets have in common, by the names of package target.
type (
	RoleRef      = target.RoleRef
	Handle       = target.Handle
	Reached      = target.Reached
	DisabledForm = target.DisabledForm
)

// What the host store knows, by the names of package hoststore.
type (
	Host                = hoststore.Host
	Listener            = hoststore.Listener
	Principal           = hoststore.Principal
	Application         = hoststore.Application
	ServiceOptions      = hoststore.ServiceOptions
	SSHOptions          = hoststore.SSHOptions
	DesktopOptions      = hoststore.DesktopOptions
	VNCOptions          = hoststore.VNCOptions
	DBOptions           = hoststore.DBOptions
	CommandRestrictions = hoststore.CommandRestrictions
	WhitelistGrant      = hoststore.WhitelistGrant
	PasswordRotation    = hoststore.PasswordRotation
	Rotation            = hoststore.Rotation
	HostStatus          = hoststore.Status
)

// What the other services know, by the names of their packages.
type (
	Secret        = vault.Secret
	VaultSight    = vault.Sight
	NetworkTarget = networkaccess.NetworkTarget
	Destination   = networkaccess.Destination
	Selector      = networkaccess.Selector
	IPRange       = networkaccess.IPRange
	PortRange     = networkaccess.PortRange
	NAT           = networkaccess.NAT
	APITarget     = apiproxy.APITarget
	APIEndpoint   = apiproxy.Endpoint
	AccessGroup   = authorizer.AccessGroup
	AWSRole       = rolestore.AWSRole
)

// Why a target is disabled, and how a row says so.
const (
	DisabledByAdmin     = target.DisabledByAdmin
	DisabledByLicense   = target.DisabledByLicense
	DisabledFalse       = target.DisabledFalse
	DisabledNotDisabled = target.DisabledNotDisabled
	DisabledBoolean     = target.DisabledBoolean
)

// What Reached says: kinds of targets, ways in which they are reached, and the owner of
// shared secrets.
const (
	KindHost          = target.KindHost
	KindSecret        = target.KindSecret
	KindNetworkTarget = target.KindNetworkTarget
	KindAPITarget     = target.KindAPITarget
	KindAWSRole       = target.KindAWSRole

	WayAccount = target.WayAccount
	WayRead    = target.WayRead
	WayWrite   = target.WayWrite
	WayConnect = target.WayConnect
	WayCall    = target.WayCall
	WayAssume  = target.WayAssume

	SharedSecret = target.SharedSecret
)

// What the list of secrets shows without vault-manage.
const (
	VaultSeesAll       = vault.SeesAll
	VaultSeesOwn       = vault.SeesOwn
	VaultSeesForbidden = vault.SeesForbidden
)

// What the role store says of an AWS role.
const (
	AWSRoleOK      = rolestore.AWSRoleOK
	AWSRoleMissing = rolestore.AWSRoleMissing
)
