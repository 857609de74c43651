// Package reach makes targets of what PrivX has: hosts, secrets, network targets, API targets
// and AWS roles, with the ways in which they can be used and the roles that give each way.
//
// It asks nothing of PrivX and knows nothing of baton-sdk: the connector reads the lists and
// hands the rows on.
package reach

import (
	"cmp"
	"slices"

	"github.com/conductorone/baton-privx/pkg/privx"
)

// Kind is what a target is.
type Kind string

// The kinds of targets. Each is the id of its resource type, a stable API.
const (
	Host          Kind = "host"
	Secret        Kind = "secret"
	NetworkTarget Kind = "network_target"
	APITarget     Kind = "api_target"
	AWSRole       Kind = "aws_role"
)

// Target is something that roles reach.
type Target struct {
	Kind Kind
	// ID is the resource's id, a stable API: PrivX's own, but for secrets.
	ID, Name string
	// Profile is an allow-list. Its keys are a stable API.
	Profile map[string]any
	// Created is RFC 3339; empty where PrivX does not say.
	Created string
	// Disabled says why nobody can use the target; empty if it can be used.
	Disabled string
	// Recorded tells whether sessions are recorded; nil where PrivX does not say.
	Recorded *bool
	// Group is the id of the access group that the target is in; empty for none.
	Group string
	// Gone tells that PrivX shows the target as deleted.
	Gone bool
	// Owner is the user whom a personal secret belongs to; empty for everything else.
	Owner string
	// Ways are in the order of their slugs.
	Ways []Way
}

// Way is one way to use a target: an entitlement.
type Way struct {
	// Slug is the entitlement's, a stable API.
	Slug string `json:"slug"`
	// Name and Text are what a reviewer reads.
	Name string `json:"name"`
	Text string `json:"text"`
	// Label is what a role's summary calls it.
	Label string `json:"-"`
	// Roles are the ids of the roles that give it, in their canonical form and in order.
	Roles []string `json:"roles,omitempty"`
}

// Groups are names of access groups by canonical id; empty where they may not be read.
type Groups map[string]string

// profileOf makes profile entries of the texts that are not empty, and of those alone.
func profileOf(texts map[string]string) map[string]any {
	profile := make(map[string]any, len(texts))
	for key, text := range texts {
		if text != "" {
			profile[key] = privx.CutText(text, maxProfileText)
		}
	}
	return profile
}

// maxProfileText bounds one text of a profile, in bytes.
const maxProfileText = 2048

// rolesOf are the roles of references, without those that are gone and each of them once.
func rolesOf(references ...[]privx.RoleRef) []string {
	var ids []string
	for _, list := range references {
		for _, role := range list {
			if !role.Deleted {
				ids = append(ids, privx.CanonicalID(role.ID))
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// merged makes one way of those that have the same slug: the roles of all of them, and what
// is told of each.
func merged(ways []Way) []Way {
	slices.SortFunc(ways, func(a, b Way) int { return cmp.Or(cmp.Compare(a.Slug, b.Slug), cmp.Compare(a.Text, b.Text)) })
	var all []Way
	for i, way := range ways {
		last := len(all) - 1
		if last < 0 || all[last].Slug != way.Slug {
			all = append(all, way)
			continue
		}
		roles := slices.Concat(all[last].Roles, way.Roles)
		slices.Sort(roles)
		all[last].Roles = slices.Compact(roles)
		if way.Text != ways[i-1].Text {
			all[last].Text = privx.CutText(all[last].Text+" Or: "+way.Text, maxText)
		}
	}
	return all
}

// whyDisabled says in words why a target is disabled; empty if it is not.
func whyDisabled(disabled privx.Disabled) string {
	switch {
	case !disabled.Is():
		return ""
	case disabled == "BY_ADMIN":
		return "disabled in PrivX by an administrator"
	case disabled == "BY_LICENSE":
		return "disabled in PrivX because of its licence"
	default:
		return "disabled in PrivX (" + privx.CutText(string(disabled), maxReason) + ")"
	}
}

// maxText bounds what a reviewer reads of one way, in bytes: baton-sdk takes as much.
const maxText = 2048

// maxReason bounds a reason of PrivX's own words, in bytes.
const maxReason = 100
