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
	How:     "The list of sources is asked for, as a sync does.",
	Needs:   []string{connection.LoggedIn},
	Ways: []doctor.Way{
		{
			Name: wayForbidden, Outcome: doctor.Warning,
			When:    "PrivX answers that the API client may not.",
			Matters: "Syncs work. But every user counts as enabled, also one of a directory that is disabled in PrivX, and the names of directories are missing.",
			Do:      "Give a role of the API client the permission sources-view in PrivX. Without it, leave things as they are.",
		},
		{
			Name: wayEmpty, Outcome: doctor.Warning,
			When:    "PrivX shows no sources, and has some of its own.",
			Matters: "Syncs work. But every user counts as enabled, and the names of directories are missing.",
			Do:      "See whether PrivX shows the directories to the API client.",
		},
		{
			Name: wayUnavailable, Outcome: doctor.Warning,
			When:    "PrivX gave no good answer this time.",
			Matters: "A sync asks again. If it stays so, the sync fails.",
			Do:      "Run the doctor again in a minute.",
		},
		{
			Name: wayForeign, Outcome: doctor.Failed,
			When:    "PrivX answers with something else than its sources, or refuses the request for another reason than a missing permission.",
			Matters: "A sync fails: the connector does without this permission, and not without a true answer.",
			Do:      "See the error. If base-url is right, report it with the version of PrivX.",
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
	finding := doctor.Finding{Wanted: permSourcesView}
	err := listError(rows, func(item json.RawMessage) error { return decoded[privx.Source](item) })
	switch {
	case privx.IsForbidden(err):
		finding.Way, finding.Found = wayForbidden, "PrivX refuses it"
	case isPassing(err):
		finding.Way, finding.Found = wayUnavailable, "no good answer"
	case err != nil:
		finding.Way, finding.Found = wayForeign, "an answer that is not what was asked for"
	case len(rows.Items) == 0:
		finding.Way, finding.Found = wayEmpty, "an empty list"
	default:
		finding.Found = permSourcesView + ", " + many(len(rows.Items), "source", "sources")
	}
	if err != nil {
		finding.Cause = err.Error()
	}
	return finding
}

var mayGrant = doctor.Check{
	ID:      "PX-PERM-04",
	Promise: "the API client has roles-manage (granting and revoking)",
	How: "It cannot be found out by reading whether PrivX lets the API client grant roles. " +
		"So it is derived from the roles that the API client itself holds at this moment, and from what these may do. " +
		"The role privx-admin may do everything.",
	Needs: []string{connection.LoggedIn},
	Ways: []doctor.Way{
		{Name: wayOff, Outcome: doctor.Skipped, When: "Provisioning is off, so that roles-manage is not needed."},
		{
			Name: "lacking", Outcome: doctor.Failed,
			When:    "None of the roles that the API client holds has the permission roles-manage.",
			Matters: "Grants and revokes fail with PermissionDenied. Syncs do not need it.",
			Do:      "Give a role of the API client the permission roles-manage in PrivX, or run the connector without --provisioning.",
		},
		{
			Name: "not-known", Outcome: doctor.Warning,
			When:    "The API client's own roles, or what they may do, cannot all be read. It is not known without --write-probe whether it may grant.",
			Matters: "Grants and revokes may fail with PermissionDenied. Syncs do not need it.",
			Do:      "Look at the roles of the API client in PrivX, or run the doctor with --write-probe on a test user and a test role.",
		},
	},
	Run: func(ctx context.Context, v *doctor.Visit) doctor.Finding {
		if !v.Given.Provisioning {
			return doctor.Finding{Way: wayOff}
		}
		found := ownPermissions(ctx, v)
		switch {
		case found.admin:
			return doctor.Pass(roleAdmin+", which may do everything", permRolesManage)
		case found.may(permRolesManage):
			return doctor.Pass(permRolesManage+", by the roles that it holds", permRolesManage)
		case found.lacking != "":
			return doctor.Finding{Way: "not-known", Found: "not known without --write-probe", Wanted: permRolesManage, Cause: found.lacking}
		default:
			return doctor.Finding{Way: "lacking", Found: "not among what its roles may do", Wanted: permRolesManage}
		}
	},
}

// noMore is about least privilege: a token that is stolen can do what the API client may.
var noMore = doctor.Check{
	ID:      "PX-PERM-05",
	Promise: "the API client may change no more than the connector needs",
	How: "The roles that the API client holds at this moment, and what these may do, are read and held against what the connector needs with its settings. " +
		"What the built-in role privx-user gives to everybody does not count.",
	Needs: []string{connection.LoggedIn},
	Ways: []doctor.Way{
		{
			Name: "administrator", Outcome: doctor.Warning,
			When:    "The API client is a member of privx-admin, and may do everything in PrivX.",
			Matters: "Who gets hold of the connector's credentials has all of PrivX.",
			Do:      "Give the API client a role that has only the permissions that the connector needs, and take privx-admin away from it.",
		},
		{
			Name: "more", Outcome: doctor.Warning,
			When:    "A role of the API client has a permission to change something that the connector does not need.",
			Matters: "Who gets hold of the connector's credentials can change more than the connector does. In a connector that only syncs, roles-manage is such a permission.",
			Do:      "Take the permissions that are named away from the roles of the API client.",
		},
		{
			Name: "not-known", Outcome: doctor.Skipped,
			When: "The API client's own roles, or what they may do, cannot all be read.",
		},
	},
	Run: func(ctx context.Context, v *doctor.Visit) doctor.Finding {
		wanted := needed(v)
		found := ownPermissions(ctx, v)
		more := slices.DeleteFunc(found.list(), func(name string) bool { return !IsManage(name) || slices.Contains(wanted, name) })
		switch {
		case found.admin:
			return doctor.Finding{Way: "administrator", Found: roleAdmin + ", which may do everything", Wanted: names(wanted)}
		case len(more) > 0:
			return doctor.Finding{Way: "more", Found: "beside what is needed: " + names(more), Wanted: names(wanted)}
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
		if isOn(v, capability) {
			all = append(all, capability.Permissions...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
