package connector

import (
	"context"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/connectorbuilder"

	"github.com/conductorone/baton-privx/pkg/connector/reach"
	"github.com/conductorone/baton-privx/pkg/privx"
)

// capability is something that the connector does with PrivX, and what it needs for
// that.
type capability struct {
	// permissions are those that the API client needs in PrivX.
	permissions []string
	// purpose is what they are for, and without what happens where one is missing, in
	// the words of the documentation.
	purpose, without string
	// setting is the flag that asks for the capability; empty if it is always there.
	setting string
	// since is the oldest PrivX that has what is asked of it.
	since string
	// resourceType is the id of the resource type whose capabilities name the
	// permissions; empty if none does, because they are optional.
	resourceType string
	// check finds out whether the API client has the permissions; nil if the connector does
	// without them, or where that cannot be known without a change in PrivX.
	check func(*privx.Client, context.Context) error
	// syncer makes what syncs the resource type; nil if the row adds to the type of
	// another row. It must not name the type's variable, which is made of this table.
	syncer func(*Connector) connectorbuilder.ResourceSyncerV2
}

// capabilities are all that the connector can do, in the documentation's order. An
// optional resource type is a row here, a file with its syncer, and a setting in
// pkg/config.
var capabilities = []capability{
	{
		permissions:  []string{"users-view"},
		purpose:      "Users",
		without:      "The sync fails",
		since:        "33",
		resourceType: "user",
		check:        (*privx.Client).CheckUsers,
		syncer:       newUserSyncer,
	},
	{
		permissions:  []string{"roles-view"},
		purpose:      "Roles and their members",
		without:      "The sync fails",
		since:        "33",
		resourceType: "role",
		check:        (*privx.Client).CheckRoles,
		syncer:       newRoleSyncer,
	},
	{
		permissions: []string{"sources-view"},
		purpose:     "The directories of users (optional)",
		without:     "One warning. Everybody counts as enabled, and names of directories are missing",
		since:       "33",
	},
	{
		permissions:  []string{"roles-manage"},
		purpose:      "Granting and revoking",
		without:      "Grants and revokes fail with PermissionDenied. Syncs do not need it",
		setting:      "provisioning",
		since:        "33",
		resourceType: "role",
	},
	{
		permissions:  []string{"hosts-view"},
		purpose:      "Hosts, their accounts, and the roles that reach them (optional)",
		without:      "The sync fails. With it, PrivX shows the hosts of the API client's own access groups alone",
		setting:      "sync-hosts",
		since:        "33",
		resourceType: string(reach.Host),
		check:        (*privx.Client).CheckHosts,
		syncer:       newHostSyncer,
	},
	{
		permissions: []string{"access-groups-manage"},
		purpose:     "The names of access groups, with `--sync-api-targets` as well (optional)",
		without:     "Access groups are shown by their IDs",
		setting:     "sync-hosts",
		since:       "33",
	},
	{
		purpose:      "Secrets and the roles that read or write them (optional)",
		without:      "PrivX requires no permission for the names of secrets. Whether it shows all of them without vault-manage is not known",
		setting:      "sync-secrets",
		since:        "33",
		resourceType: string(reach.Secret),
		check:        (*privx.Client).CheckSecrets,
		syncer:       newSecretSyncer,
	},
	{
		permissions:  []string{"network-targets-view"},
		purpose:      "Network targets and the roles that reach them (optional)",
		without:      "The sync fails",
		setting:      "sync-network-targets",
		since:        "33",
		resourceType: string(reach.NetworkTarget),
		check:        (*privx.Client).CheckNetworkTargets,
		syncer:       newNetworkTargetSyncer,
	},
	{
		permissions:  []string{"api-targets-view"},
		purpose:      "API targets and the roles that reach them (optional)",
		without:      "The sync fails. With it, PrivX shows the API targets of the API client's own access groups alone",
		setting:      "sync-api-targets",
		since:        "42",
		resourceType: string(reach.APITarget),
		check:        (*privx.Client).CheckAPITargets,
		syncer:       newAPITargetSyncer,
	},
	{
		permissions:  []string{"role-target-resources-view"},
		purpose:      "AWS roles and the roles of PrivX that assume them (optional)",
		without:      "The sync fails",
		setting:      "sync-aws-roles",
		since:        "33",
		resourceType: string(reach.AWSRole),
		check:        (*privx.Client).CheckAWSRoles,
		syncer:       newAWSRoleSyncer,
	},
}

// permissionsFor are the permissions that a resource type's capabilities name.
func permissionsFor(resourceType string) *v2.CapabilityPermissions {
	var all []*v2.CapabilityPermission
	for _, row := range capabilities {
		if row.resourceType != resourceType {
			continue
		}
		for _, name := range row.permissions {
			all = append(all, v2.CapabilityPermission_builder{Permission: name}.Build())
		}
	}
	return v2.CapabilityPermissions_builder{Permissions: all}.Build()
}

// has tells whether a capability was asked for. A connector without a configuration
// is there to tell its capabilities, and has them all.
func (c *Connector) has(row capability) bool {
	return row.setting == "" || c.asked == nil || c.asked(row.setting)
}

// syncers makes the syncers of the rows that were asked for.
func (c *Connector) syncers(rows []capability) []connectorbuilder.ResourceSyncerV2 {
	var syncers []connectorbuilder.ResourceSyncerV2
	for _, row := range rows {
		if row.syncer != nil && c.has(row) {
			syncers = append(syncers, row.syncer(c))
		}
	}
	return syncers
}

// check asks PrivX for what the rows that were asked for need.
func (c *Connector) check(ctx context.Context, rows []capability) error {
	return privx.Within(ctx, func(ctx context.Context) error {
		for _, row := range rows {
			if row.check == nil || !c.has(row) {
				continue
			}
			if err := row.check(c.client, ctx); err != nil {
				return err
			}
		}
		return nil
	})
}

// Capability tells of something that the connector does with PrivX.
type Capability struct {
	// Permissions are those that the API client needs in PrivX. Purpose is what they are
	// for, and Without what happens where one is missing.
	Permissions      []string
	Purpose, Without string
	// Setting is the flag that asks for it; empty if it is always there.
	Setting string
	// Check finds out whether the API client has the permissions, as [Connector.Validate]
	// does; nil if Validate does without.
	Check func(context.Context, *privx.Client) error
}

// Capabilities are all that the connector can do, in the documentation's order.
func Capabilities() []Capability {
	all := make([]Capability, 0, len(capabilities))
	for _, row := range capabilities {
		c := Capability{Permissions: row.permissions, Purpose: row.purpose, Without: row.without, Setting: row.setting}
		if row.check != nil {
			c.Check = func(ctx context.Context, client *privx.Client) error { return row.check(client, ctx) }
		}
		all = append(all, c)
	}
	return all
}

// SettingOf is the flag that asks for a resource type, empty if it is always synced, and
// whether there is such a type.
func SettingOf(resourceType string) (string, bool) {
	for _, row := range capabilities {
		if row.syncer != nil && row.resourceType == resourceType {
			return row.setting, true
		}
	}
	return "", false
}
