package main

import (
	"strconv"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/annotations"

	"github.com/conductorone/baton-privx/internal/c1z"
)

const (
	userType = "user"
	roleType = "role"
)

// statistics tells how much of what there is.
func statistics(content *c1z.Content) table {
	disabled, programs := 0, 0
	for _, user := range ofType(content, userType) {
		if !enabled(user) {
			disabled++
		}
		if traitOf(user).GetAccountType() == v2.UserTrait_ACCOUNT_TYPE_SERVICE {
			programs++
		}
	}
	hows := map[string]int{}
	for _, grant := range memberships(content) {
		hows[how(grant)]++
	}
	t := table{title: "Statistics", head: []string{"What", "How many"}}
	t.add("Users", strconv.Itoa(len(ofType(content, userType))))
	t.add("  of them disabled", strconv.Itoa(disabled))
	t.add("  of them service accounts", strconv.Itoa(programs))
	t.add("Roles", strconv.Itoa(len(ofType(content, roleType))))
	for _, kind := range kinds {
		if n := len(ofType(content, kind.id)); n > 0 {
			t.add(kind.many, strconv.Itoa(n))
		}
	}
	t.add("Entitlements", strconv.Itoa(len(content.Entitlements)))
	t.add("Grants", strconv.Itoa(len(content.Grants)))
	for _, name := range []string{explicit, implicit, both, unknown} {
		if hows[name] > 0 {
			t.add("  of them "+name, strconv.Itoa(hows[name]))
		}
	}
	if rest := len(content.Grants) - len(memberships(content)); rest > 0 {
		t.add("  of them on what roles reach", strconv.Itoa(rest))
	}
	return t
}

// roles lists the roles, with the number of those who hold each.
func roles(content *c1z.Content) table {
	members := map[string]int{}
	for _, grant := range memberships(content) {
		members[grant.GetEntitlement().GetResource().GetId().GetResource()]++
	}
	t := table{title: "Roles", head: []string{"ID", "Members", "Name"}}
	for _, role := range ofType(content, roleType) {
		id := role.GetId().GetResource()
		t.add(id, strconv.Itoa(members[id]), role.GetDisplayName())
	}
	return t
}

// users lists the users.
func users(content *c1z.Content) table {
	t := table{title: "Users", head: []string{"ID", "Login", "Status", "Name"}}
	for _, user := range ofType(content, userType) {
		status := "enabled"
		if !enabled(user) {
			status = "disabled"
		}
		t.add(user.GetId().GetResource(), traitOf(user).GetLogin(), status, user.GetDisplayName())
	}
	return t
}

// grants lists who holds what: of each role the first grant, then the second of each,
// and so on, so that the first lines are of many roles.
func grants(content *c1z.Content) table {
	names := namesOf(content)
	var rounds [][]*v2.Grant
	seen := map[string]int{}
	for _, grant := range memberships(content) {
		round := seen[grant.GetEntitlement().GetId()]
		seen[grant.GetEntitlement().GetId()]++
		if round == len(rounds) {
			rounds = append(rounds, nil)
		}
		rounds[round] = append(rounds[round], grant)
	}
	t := table{title: "Grants", head: []string{"Role", "How it is held", "User"}}
	for _, round := range rounds {
		for _, grant := range round {
			role, user := grant.GetEntitlement().GetResource().GetId(), grant.GetPrincipal().GetId()
			t.add(names[role.GetResource()], how(grant), names[user.GetResource()])
		}
	}
	return t
}

// How a role is held, in PrivX's words.
const (
	explicit = "explicit"
	implicit = "implicit"
	both     = "explicit and implicit"
	unknown  = "unknown"
)

func how(grant *v2.Grant) string {
	note := &v2.GrantMetadata{}
	notes := annotations.Annotations(grant.GetAnnotations())
	if found, err := notes.Pick(note); err != nil || !found {
		return unknown
	}
	fields := note.GetMetadata().GetFields()
	switch {
	case fields[explicit].GetBoolValue() && fields[implicit].GetBoolValue():
		return both
	case fields[explicit].GetBoolValue():
		return explicit
	case fields[implicit].GetBoolValue():
		return implicit
	default:
		return unknown
	}
}

// memberships are the grants of roles.
func memberships(content *c1z.Content) []*v2.Grant {
	var found []*v2.Grant
	for _, grant := range content.Grants {
		if grant.GetEntitlement().GetResource().GetId().GetResourceType() == roleType {
			found = append(found, grant)
		}
	}
	return found
}

// namesOf are the names of resources by their ids.
func namesOf(content *c1z.Content) map[string]string {
	names := map[string]string{}
	for _, resource := range content.Resources {
		names[resource.GetId().GetResource()] = resource.GetDisplayName()
	}
	return names
}

func ofType(content *c1z.Content, resourceType string) []*v2.Resource {
	var found []*v2.Resource
	for _, resource := range content.Resources {
		if resource.GetId().GetResourceType() == resourceType {
			found = append(found, resource)
		}
	}
	return found
}

func enabled(user *v2.Resource) bool {
	return user.GetStatus().GetStatus() == v2.Status_RESOURCE_STATUS_ENABLED
}

// traitOf is the user trait of a user, empty where there is none.
func traitOf(user *v2.Resource) *v2.UserTrait {
	trait := &v2.UserTrait{}
	notes := annotations.Annotations(user.GetAnnotations())
	if _, err := notes.Pick(trait); err != nil {
		return &v2.UserTrait{}
	}
	return trait
}
