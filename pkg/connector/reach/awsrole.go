package reach

import "github.com/conductorone/baton-privx/pkg/privx"

// assume is the slug of taking on an AWS role.
const assume = "assume"

// OfAWSRole makes a target of a role of AWS.
func OfAWSRole(role privx.AWSRole) Target {
	t := Target{Kind: AWSRole, ID: role.ID, Name: firstOf(role.Name, role.ARN, role.ID)}
	if role.Status == "MISSING" {
		t.Disabled = "PrivX does not find it in AWS any more"
	}
	t.Profile = profileOf(map[string]string{
		"name":        t.Name,
		"arn":         role.ARN,
		"description": role.Description,
		"source_id":   role.Source,
		"status":      role.Status,
	})
	t.Ways = []Way{{
		Slug: assume, Name: "Assume " + t.Name, Text: "Assume the AWS role " + t.Name + ".",
		Label: assume, Roles: rolesOf(role.Roles),
	}}
	return t
}
