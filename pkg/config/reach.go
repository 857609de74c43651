package config

import (
	"github.com/conductorone/baton-sdk/pkg/field"

	"github.com/conductorone/baton-privx/internal/errorid"
)

// When grants to roles are marked so that they are expanded to the roles' members.
const (
	ExpandAuto = "auto" // in service mode, and not in one-shot runs
	ExpandOn   = "on"
	ExpandOff  = "off"
)

// DefaultExpandLimit is how many rows an expansion may add in a one-shot run, unless
// expand-reach-limit says otherwise.
const DefaultExpandLimit = 5_000_000

// The fields of what roles reach. All of it is off until it is asked for.
var (
	syncHostsField = field.BoolField("sync-hosts",
		field.WithDisplayName("Sync hosts"),
		field.WithDescription("Sync PrivX's hosts and their accounts, and which role reaches which account. The API client needs the permission hosts-view"),
	)
	syncSecretsField = field.BoolField("sync-secrets",
		field.WithDisplayName("Sync secrets"),
		field.WithDescription("Sync the names of the secrets in PrivX's vault, and which role reads or writes which secret. What a secret holds is never read"),
	)
	syncPersonalSecretsField = field.BoolField("sync-personal-secrets",
		field.WithDisplayName("Sync personal secrets"),
		field.WithDescription("Sync users' personal secrets as well. Their names are personal data. It goes with sync-secrets"),
	)
	syncNetworkTargetsField = field.BoolField("sync-network-targets",
		field.WithDisplayName("Sync network targets"),
		field.WithDescription("Sync PrivX's network targets, and which role reaches which target. The API client needs the permission network-targets-view"),
	)
	syncAPITargetsField = field.BoolField("sync-api-targets",
		field.WithDisplayName("Sync API targets"),
		field.WithDescription("Sync PrivX's API targets (PrivX 42 and later), and which role reaches which target. The API client needs the permission api-targets-view"),
	)
	syncAWSRolesField = field.BoolField("sync-aws-roles",
		field.WithDisplayName("Sync AWS roles"),
		field.WithDescription("Sync the AWS roles that PrivX knows, and which role of PrivX assumes which AWS role. The API client needs the permission role-target-resources-view"),
	)
	roleSummaryField = field.BoolField("role-summary",
		field.WithDisplayName("Summary of a role"),
		field.WithDescription("Tell in the description of a role's entitlement what membership means: what the role reaches, when it can be used, and whether it administers PrivX"),
	)
	expandReachField = field.SelectField("expand-reach", []string{ExpandAuto, ExpandOn, ExpandOff},
		field.WithDisplayName("Expand what roles reach to their members"),
		field.WithDescription("Whether a reviewer sees each member of a role on the hosts and other targets that the role reaches. "+
			"auto: in service mode, where ConductorOne does it, and not in one-shot runs, where it takes a row for each person and account"),
		field.WithPlaceholder(ExpandAuto),
		field.WithDefaultValue(ExpandAuto),
	)
	expandReachLimitField = field.IntField("expand-reach-limit",
		field.WithDisplayName("Most rows of an expansion"),
		field.WithDescription("If the members of roles would take more rows than this on targets, the sync fails before it begins to write them. "+
			"0: 5000000 in a one-shot run, and a warning of more than that in service mode"),
		field.WithPlaceholder("0"),
	)
)

// reachFields are all of them, in the order of the documentation.
var reachFields = []field.SchemaField{
	syncHostsField, syncSecretsField, syncPersonalSecretsField, syncNetworkTargetsField, syncAPITargetsField, syncAWSRolesField,
	roleSummaryField, expandReachField, expandReachLimitField,
}

// checkReach checks what baton-sdk's own rules do not.
func (c *Privx) checkReach() error {
	switch {
	case c.SyncPersonalSecrets && !c.SyncSecrets:
		return invalid(errorid.SettingUnfit, syncPersonalSecretsField, "needs sync-secrets")
	case c.ExpandReachLimit < 0:
		return invalid(errorid.Number, expandReachLimitField, "must not be below 0")
	default:
		return nil
	}
}
