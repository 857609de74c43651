package tenant

import (
	"context"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/pkg/connector"
)

// mayListSecrets is the id of the check that secrets can be listed.
const mayListSecrets = "PX-PERM-08" //nolint:gosec // No credential.

const permVaultManage = "vault-manage"

// secretsCheck is the check of a capability for which no permission is known to be needed.
func secretsCheck(c connector.Capability) *doctor.Check {
	check := mayUse(mayListSecrets, c)
	check.Promise = "the API client can list secrets"
	check.How += " PrivX requires no permission for the names of secrets. Whether it shows all of them without vault-manage is not known, so that the number is told."
	for i := range check.Ways {
		if check.Ways[i].Name == wayForbidden {
			check.Ways[i].Do = "Leave out sync-secrets. With the permission vault-manage PrivX shows all secrets, but then the API client may also change them."
		}
	}
	run := check.Run
	check.Run = func(ctx context.Context, v *doctor.Visit) doctor.Finding {
		finding := run(ctx, v)
		if finding.Way == "" {
			finding.Found = secretsSeen(ctx, v)
		}
		return finding
	}
	return check
}

// secretsSeen says how many secrets PrivX shows, and whether these are all.
func secretsSeen(ctx context.Context, v *doctor.Visit) string {
	all := "whether these are all is not known without " + permVaultManage
	if OwnPermissions(ctx, v).May(permVaultManage) {
		all = "with " + permVaultManage + ", these are all"
	}
	l := secretList
	p := firstOf(ctx, v, l)
	if _, failed := unread(l.list, p); failed {
		return "the connector's own check succeeds; " + all
	}
	return many(max(p.counted(), len(p.Items)), "secret", "secrets") + "; " + all
}

// mayNameGroups follows what the connector does with access groups: see reaching.go in
// pkg/connector.
var mayNameGroups = doctor.Check{
	ID:      "PX-PERM-07",
	Promise: "the API client has access-groups-manage (the names of access groups, optional)",
	How:     "The list of access groups is asked for as a sync of hosts or API targets does.",
	Needs:   maySeeSources.Needs,
	Ways: []doctor.Way{
		{Name: wayOff, Outcome: doctor.Skipped, When: "Neither sync-hosts nor sync-api-targets is on."},
		{
			Name: wayForbidden, Outcome: doctor.Warning,
			When:    "PrivX answers that the API client is not allowed to list access groups (status 403).",
			Matters: "Syncs work. Access groups are shown by their IDs.",
			Do:      "If you want their names, give a role of the API client the permission access-groups-manage in PrivX. With it, the API client may also change access groups.",
		},
		{
			Name: wayMissing, Outcome: doctor.Warning,
			When:    "PrivX does not have the list of access groups.",
			Matters: "Syncs work. Access groups are shown by their IDs.",
			Do:      "Check whether something in front of PrivX hides the path /authorizer/api/v1/accessgroups. If this PrivX has no access groups, leave it as it is.",
		},
		{
			Name: wayUnavailable, Outcome: doctor.Warning,
			When:    "PrivX, or what is in front of it, gave no good answer this time.",
			Matters: "A sync asks again. If it still gets no good answer, it fails.",
			Do:      "Run the doctor again in a minute.",
		},
		{
			Name: wayForeign, Outcome: doctor.Failed,
			When:    "PrivX answers with something else than its access groups, or refuses the request for another reason than a missing permission.",
			Matters: "A sync of hosts or API targets fails. The connector can do without this permission, but not with a wrong answer.",
			Do:      "Check what is in front of PrivX. If that is right, open an issue in the connector's repository, with the error and the version of PrivX.",
		},
	},
	Run: func(ctx context.Context, v *doctor.Visit) doctor.Finding {
		if !groupsMatter(v) {
			return doctor.Finding{Way: wayOff}
		}
		rows := groupRows(ctx, v)
		finding := optionalFinding(rows, decoded[struct{}], permGroupsManage)
		switch {
		case rows.IsMissing():
			finding.Way, finding.Found = wayMissing, "no such list"
		case finding.Way == "":
			finding.Found = many(len(rows.Items), "access group", "access groups")
		}
		return finding
	},
}
