package questions

import (
	"slices"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/connection"
)

// Settings that ask for what roles reach.
const (
	syncHosts          = "sync-hosts"
	syncSecrets        = "sync-secrets"
	syncNetworkTargets = "sync-network-targets"
	syncAPITargets     = "sync-api-targets"
	syncAWSRoles       = "sync-aws-roles"
)

var (
	anyTargets   = []string{syncHosts, syncSecrets, syncNetworkTargets, syncAPITargets, syncAWSRoles}
	withDisabled = []string{syncHosts, syncNetworkTargets, syncAPITargets}
)

// targetQuestions are those about what roles reach. They are asked of what is synced alone.
func targetQuestions() []doctor.Check {
	all := slices.Concat(reachQuestions, hostQuestions, secretQuestions, otherTargetQuestions)
	for i := range all {
		all[i].needs = []string{connection.LoggedIn} // Without a permission, the connector may not even list targets.
	}
	return checks(all)
}

// howRows is how rows of targets are read.
const howRows = "The first page of each list of targets that is synced is read. "

// reachQuestions are those about what the rows of all targets have in common.
var reachQuestions = []question{
	{
		id:       "PXQ-073",
		settings: anyTargets,
		promise:  "references to roles that were deleted are passed over",
		how:      howRows + "The roles that the rows refer to are looked for in the list of roles.",
		unseen:   "No target refers to a role that is not listed, or the roles are too many to know.",
		ask:      deletedRoles,
	},
	{
		id:       "PXQ-074",
		settings: anyTargets,
		promise:  "the connector knows a role by its id, whatever targets call it",
		how:      howRows + "The names of roles in the rows are compared with those in the list of roles.",
		unseen:   "Targets call each role as the list of roles does. It is not known whether a role was renamed.",
		ask:      namesOfRoles,
	},
	{
		id:       "PXQ-075",
		settings: anyTargets,
		promise:  "a list within a target may be null",
		how:      howRows + "The lists within the rows that have nothing in them are looked at.",
		unseen:   "No list within a target is empty.",
		ask:      emptyListsOfTargets,
	},
	{
		id:       "PXQ-076",
		settings: withDisabled,
		promise:  "the connector can tell whether a target is disabled",
		how:      howRows + "Secrets and AWS roles do not say whether they are disabled. The values of the field disabled are compared.",
		costs: []cost{{doctor.Otherwise, doctor.Way{
			Name: "unknown-form", Outcome: doctor.Warning,
			When:    "The field disabled is neither a boolean nor one of the texts that are known.",
			Matters: "The connector takes a target for disabled whose field has another text, and shows the text as the reason.",
			Do:      openIssue,
		}}},
		unseen: "No target says that it is not disabled.",
		ask:    disabledForms,
	},
}

// hostQuestions are those about hosts, and about what is in access groups as they are.
var hostQuestions = []question{
	{
		id:       "PXQ-077",
		settings: []string{syncHosts},
		promise:  "a role in no access group shows what the connector expects",
		how: "The API client's own roles are read, and the first page of hosts. If all of its roles with hosts-view are in no access group, " +
			"the access groups of the hosts are the answer.",
		unseen: "A role of the API client with hosts-view is in an access group, or the hosts that it is shown are not of several access groups.",
		ask:    ungroupedRoles,
	},
	{
		id:       "PXQ-079",
		settings: []string{syncHosts, syncAPITargets},
		promise:  "hosts and API targets can be listed in the order of their creation",
		how:      "Hosts and API targets, as far as they are synced, are asked for by the sort key created. If that is refused, they are asked for without a sort key.",
		costs: []cost{{"b", doctor.Way{
			Name: "refused", Outcome: doctor.Failed,
			When:    "PrivX refuses the sort key created for a list (status 400).",
			Matters: "The connector asks for each page in the order of creation. A sync fails.",
			Do:      "Leave out the setting of the list. " + openIssue,
		}}},
		ask: sortKeyOfTargets,
	},
	{
		id:       "PXQ-080",
		settings: []string{syncHosts},
		promise:  "the search for hosts shows their accounts",
		how:      "The first page of hosts is read. The host with the most accounts is read by its id, too, and their numbers are compared.",
		costs: []cost{
			{"b", doctor.Way{
				Name: "left-out", Outcome: doctor.Warning,
				When:    "The search for hosts does not show accounts.",
				Matters: "The connector reads each host by its id. A sync of many hosts takes a request for each of them.",
				Do:      "Allow for the time, nothing is lost. " + openIssue,
			}},
			{doctor.Otherwise, doctor.Way{
				Name: "fewer-accounts", Outcome: doctor.Failed,
				When:    "The search for hosts shows another number of accounts than the host alone has.",
				Matters: "Accounts, and who reaches them, are missing in ConductorOne.",
				Do:      "Leave out sync-hosts. " + openIssue,
			}},
		},
		unseen: "No host was shown.",
		ask:    accountsInSearch,
	},
	{
		id:       "PXQ-081",
		settings: []string{syncHosts},
		promise:  "the connector notices that hosts-view is missing",
		how:      "GET /hosts is asked for one host, which takes the permission. If it is refused, the search for hosts is asked for one.",
		unseen:   "The API client has hosts-view.",
		ask:      searchWithoutPermission,
	},
}

// secretQuestions are those about the vault.
var secretQuestions = []question{
	{
		id:       "PXQ-082",
		settings: []string{syncSecrets},
		promise:  "the vault lists secrets for the API client that it may not read",
		how:      "The first page of secrets is read, and the API client's own roles. A secret is looked for that none of these roles may read or write.",
		costs: []cost{{"c", doctor.Way{
			Name: "forbidden", Outcome: doctor.Failed,
			When:    "PrivX refuses the list of secrets (status 403).",
			Matters: "A sync with sync-secrets fails.",
			Do:      "Leave out sync-secrets. With the permission vault-manage PrivX shows all secrets, but then the API client may also change them.",
		}}},
		unseen: "The API client has vault-manage, or its own roles cannot be read, or they may read or write each secret that is listed.",
		ask:    sightOfSecrets,
	},
	{
		id:       "PXQ-083",
		settings: []string{syncSecrets},
		promise:  "the connector can tell personal secrets from shared ones",
		how:      "The first page of secrets is read. One is looked for that belongs to another user than the API client.",
		unseen:   "No such secret is listed, or the API client has vault-manage.",
		ask:      personalSecrets,
	},
	{
		id:        "PXQ-084",
		settings:  []string{syncSecrets},
		promise:   "the connector gets the page of secrets that it asks for",
		how:       "Secrets are searched for with limit 1 in the query and limit 2 in the body. The connector says the same in both places.",
		unseen:    "There are fewer than two secrets.",
		otherwise: true,
		ask:       pagingOfSecrets,
	},
}

// otherTargetQuestions are those about AWS roles and API targets.
var otherTargetQuestions = []question{
	{
		id:       "PXQ-085",
		settings: []string{syncAWSRoles},
		promise:  "the connector can read the list of AWS roles",
		how:      "The list of AWS roles is read. PrivX is not asked to look for new ones in AWS.",
		unseen:   "The answer is null.",
		ask:      formOfAWSRoles,
	},
	{
		id:       "PXQ-086",
		settings: []string{syncAPITargets},
		promise:  "PrivX has API targets",
		how:      "The first page of API targets is read.",
		costs: []cost{{"b", doctor.Way{
			Name: "missing", Outcome: doctor.Failed,
			When:    "PrivX does not have the list of API targets.",
			Matters: "A sync with sync-api-targets fails.",
			Do:      "Leave out sync-api-targets. API targets come with version 42 of PrivX.",
		}}},
		ask: hasAPITargets,
	},
}
