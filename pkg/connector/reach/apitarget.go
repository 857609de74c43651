package reach

import (
	"strings"

	"github.com/conductorone/baton-privx/pkg/privx"
)

// OfAPITarget makes a target of an API target.
func OfAPITarget(target privx.APITarget, groups Groups) Target {
	t := Target{
		Kind: APITarget, ID: target.ID, Name: firstOf(target.Name, target.ID), Created: target.Created,
		Disabled: whyDisabled(target.Disabled), Recorded: target.Recorded, Group: target.AccessGroupID,
	}
	endpoints := make([]string, 0, len(target.Endpoints))
	for _, endpoint := range target.Endpoints {
		endpoints = append(endpoints, strings.Join(endpoint.Methods, ",")+" "+endpoint.Host+" "+strings.Join(endpoint.Paths, ","))
	}
	t.Profile = profileOf(map[string]string{
		"name":              t.Name,
		"endpoints":         strings.Join(endpoints, "; "),
		"tags":              strings.Join(target.Tags, ", "),
		"access_group_id":   target.AccessGroupID,
		"access_group_name": groups[privx.CanonicalID(target.AccessGroupID)],
		"disabled":          t.Disabled,
	})
	noteRecorded(t)
	t.Ways = []Way{{
		Slug: access, Name: "Access to " + t.Name, Text: "Call the API target " + t.Name + ".",
		Label: access, Roles: rolesOf(target.Roles),
	}}
	return t
}
