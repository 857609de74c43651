package tenant

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/ask"
	"github.com/conductorone/baton-privx/internal/doctor/connection"
	"github.com/conductorone/baton-privx/pkg/connector"
	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

const (
	permSourcesView = "sources-view"
	permRolesManage = "roles-manage"
)

// maySeeSources follows what the connector does with PrivX's sources: see directories.go in
// pkg/connector.
var maySeeSources = doctor.Check{
	ID:      "PX-PERM-03",
	Promise: "the API client has sources-view (the directories of users, optional)",
	How:     "The list of directories, which PrivX's API calls sources, is asked for as a sync does.",
	Needs:   []string{connection.LoggedIn},
	Ways: []doctor.Way{
		{
			Name: wayForbidden, Outcome: doctor.Warning,
			When:    "PrivX answers that the API client is not allowed to list directories (status 403).",
			Matters: "Syncs work. But every user counts as enabled, even if their directory is disabled in PrivX. The names of directories are missing.",
			Do:      "Give a role of the API client the permission sources-view in PrivX. If you do not need to know about directories, leave it as it is.",
		},
		{
			Name: wayEmpty, Outcome: doctor.Warning,
			When:    "PrivX shows no directory, although each PrivX has at least its own.",
			Matters: "Syncs work. But every user counts as enabled, even if their directory is disabled in PrivX. The names of directories are missing.",
			Do:      "Check whether a role of the API client has the permission sources-view in PrivX.",
		},
		{
			Name: wayUnavailable, Outcome: doctor.Warning,
			When:    "PrivX, or what is in front of it, gave no good answer this time.",
			Matters: "A sync asks again. If it still gets no good answer, it fails.",
			Do:      "Run the doctor again in a minute.",
		},
		{
			Name: wayForeign, Outcome: doctor.Failed,
			When:    "PrivX answers with something else than its directories, or refuses the request for another reason than a missing permission.",
			Matters: "A sync fails. The connector can do without this permission, but not with a wrong answer.",
			Do:      "Check base-url, and what is in front of PrivX. If both are right, open an issue in the connector's repository, with the error and the version of PrivX.",
		},
	},
	Run: func(ctx context.Context, v *doctor.Visit) doctor.Finding {
		rq := privx.Endpoints.Sources.Request()
		answer := v.Ask.Get(ctx, rq)
		if answer.Good() && len(ask.RowsOf(answer).Items) == 0 {
			answer = v.Ask.Again(ctx, rq, api.Manner{}) // One answer does not prove that there is nothing.
		}
		return sourcesFinding(ask.RowsOf(answer))
	},
}

func sourcesFinding(rows *ask.Rows) doctor.Finding {
	finding := optionalFinding(rows, decoded[privx.Source], permSourcesView)
	switch {
	case finding.Way != "":
	case len(rows.Items) == 0:
		finding.Way, finding.Found = wayEmpty, "an empty list"
	default:
		finding.Found = many(len(rows.Items), "directory", "directories")
	}
	return finding
}

// optionalFinding is what comes of a list that the connector can do without, if it may not be
// read or is none.
func optionalFinding(rows *ask.Rows, decode func(json.RawMessage) error, wanted string) doctor.Finding {
	finding := doctor.Finding{Wanted: wanted}
	err := listError(rows, decode)
	switch {
	case err == nil:
		return finding
	case privx.IsForbidden(err):
		finding.Way, finding.Found = wayForbidden, "a refusal"
	case isPassing(err):
		finding.Way, finding.Found = wayUnavailable, "no good answer"
	default:
		finding.Way, finding.Found = wayForeign, "an answer that is not what was asked for"
	}
	finding.Cause = err.Error()
	return finding
}

var mayGrant = doctor.Check{
	ID:      "PX-PERM-04",
	Promise: "the API client has roles-manage (granting and revoking)",
	How: "The roles that the API client itself holds at this moment are read, with their permissions. " +
		"The built-in role privx-admin may do everything. Only --write-probe shows whether PrivX lets the API client grant roles.",
	Needs: []string{connection.LoggedIn},
	Ways: []doctor.Way{
		{Name: wayOff, Outcome: doctor.Skipped, When: "Provisioning is off, so that roles-manage is not needed. To check it, run the doctor with --provisioning."},
		{
			Name: "lacking", Outcome: doctor.Failed,
			When:    "None of the roles that the API client holds has the permission roles-manage.",
			Matters: "Grants and revokes fail with PermissionDenied. Syncs work.",
			Do:      "Give a role of the API client the permission roles-manage in PrivX. If ConductorOne shall not grant roles, leave out --provisioning instead.",
		},
		{
			Name: "not-known", Outcome: doctor.Warning,
			When:    "The API client's own roles, or their permissions, cannot all be read. So it is not known whether it has roles-manage.",
			Matters: "Grants and revokes may fail with PermissionDenied. Syncs work.",
			Do:      "Check in PrivX whether a role of the API client has roles-manage. Or run the doctor with --write-probe, a test user and a test role.",
		},
	},
	Run: func(ctx context.Context, v *doctor.Visit) doctor.Finding {
		if !v.Given.Provisioning {
			return doctor.Finding{Way: wayOff}
		}
		found := OwnPermissions(ctx, v)
		switch {
		case found.admin:
			return doctor.Pass(privx.RoleNameAdmin+", which may do everything", permRolesManage)
		case found.May(permRolesManage):
			return doctor.Pass(permRolesManage+", by the roles that it holds", permRolesManage)
		case found.lacking != "":
			return doctor.Finding{Way: "not-known", Found: "not all of its permissions", Wanted: permRolesManage, Cause: found.lacking}
		default:
			return doctor.Finding{Way: "lacking", Found: "other permissions only", Wanted: permRolesManage}
		}
	},
}

// noMore is about least privilege: a token that is stolen can do what the API client may.
var noMore = doctor.Check{
	ID:      "PX-PERM-05",
	Promise: "the API client may change no more than the connector needs",
	How: "The roles that the API client holds at this moment are read, with their permissions. These are compared with what the connector needs with its settings. " +
		"Only permissions that end in -manage count, and not those that the built-in role privx-user gives to everybody.",
	Needs: []string{connection.LoggedIn},
	Ways: []doctor.Way{
		{
			Name: "administrator", Outcome: doctor.Warning,
			When:    "The API client is a member of privx-admin. It may do everything in PrivX.",
			Matters: "Whoever gets hold of the connector's credentials controls all of PrivX.",
			Do:      "Give the API client a role that has only the permissions that are wanted. Then take privx-admin away from it.",
		},
		{
			Name: "more", Outcome: doctor.Warning,
			When:    "A role of the API client has a permission to change something that the connector does not need.",
			Matters: "Whoever gets hold of the connector's credentials can change more than the connector does.",
			Do: "Take the permissions that are named away from the roles of the API client. " +
				"If roles-manage is named and ConductorOne shall grant roles, run the doctor with --provisioning instead.",
		},
		{
			Name: "not-known", Outcome: doctor.Skipped,
			When: "The API client's own roles, or their permissions, cannot all be read.",
		},
	},
	Run: func(ctx context.Context, v *doctor.Visit) doctor.Finding {
		wanted := needed(v)
		found := OwnPermissions(ctx, v)
		more := slices.DeleteFunc(found.list(), func(name string) bool { return !IsManage(name) || slices.Contains(wanted, name) })
		switch {
		case found.admin:
			return doctor.Finding{Way: "administrator", Found: privx.RoleNameAdmin + ", which may do everything", Wanted: names(wanted)}
		case len(more) > 0:
			return doctor.Finding{Way: "more", Found: "more than is needed: " + names(more), Wanted: names(wanted)}
		case found.lacking != "":
			return doctor.Finding{Way: "not-known", Found: found.lacking}
		default:
			return doctor.Pass(names(found.list()), names(wanted))
		}
	},
}

// needed are the permissions of all capabilities that were asked for.
func needed(v *doctor.Visit) []string {
	var all []string
	for _, capability := range connector.Capabilities() {
		if isOn(v, capability) || ids[keyOf(capability)] == mayNameGroups.ID && groupsMatter(v) {
			all = append(all, capability.Permissions...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
