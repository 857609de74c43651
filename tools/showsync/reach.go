package main

import (
	"cmp"
	"io"
	"slices"
	"strings"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"

	"github.com/conductorone/baton-privx/internal/c1z"
)

// kinds are the types of what roles reach, in the order in which they are shown.
var kinds = []struct{ id, one, many string }{
	{"host", "Host", "Hosts"},
	{"secret", "Secret", "Secrets"},
	{"network_target", "Network target", "Network targets"},
	{"api_target", "API target", "API targets"},
	{"aws_role", "AWS role", "AWS roles"},
}

// rootAccount is the end of the id of an entitlement to be root on a host.
const rootAccount = ":account:root"

// reachMap is who is a member of which role, and what the roles of a file reach.
type reachMap struct {
	names map[string]string          // of resources
	ways  map[string]*v2.Entitlement // by id
	// members are the memberships of each role, and reached what it is granted on targets.
	members, reached map[string][]*v2.Grant
}

func reachOf(content *c1z.Content) reachMap {
	m := reachMap{
		names: namesOf(content), ways: map[string]*v2.Entitlement{},
		members: map[string][]*v2.Grant{}, reached: map[string][]*v2.Grant{},
	}
	for _, way := range content.Entitlements {
		m.ways[way.GetId()] = way
	}
	for _, grant := range content.Grants {
		on, to := grant.GetEntitlement().GetResource().GetId(), grant.GetPrincipal().GetId()
		switch {
		case on.GetResourceType() == roleType:
			m.members[on.GetResource()] = append(m.members[on.GetResource()], grant)
		case to.GetResourceType() == roleType:
			m.reached[to.GetResource()] = append(m.reached[to.GetResource()], grant)
		}
	}
	return m
}

// show prints who can be root on a host, on which few can, and, for one person, the role that gives it and what
// else the role reaches. It prints nothing if no role with members reaches a host as root.
func (m reachMap) show(out io.Writer) error {
	role, found := m.example()
	if !found {
		return nil
	}
	root := slices.MinFunc(m.roots(role), func(a, b *v2.Grant) int {
		return cmp.Compare(len(m.whoReaches(a.GetEntitlement()).rows), len(m.whoReaches(b.GetEntitlement()).rows))
	}).GetEntitlement()
	for _, t := range []table{m.whoReaches(root), m.throughRole(role)} {
		if err := t.print(out); err != nil {
			return err
		}
	}
	return m.describe(out, role)
}

// example is a role that tells much in few lines: best one that reaches two hosts as root and
// a secret.
func (m reachMap) example() (string, bool) {
	var roles []string
	for role := range m.reached {
		if len(m.members[role]) > 0 && len(m.roots(role)) > 0 {
			roles = append(roles, role)
		}
	}
	if len(roles) == 0 {
		return "", false
	}
	return slices.MinFunc(roles, func(a, b string) int {
		return cmp.Or(cmp.Compare(m.telling(b), m.telling(a)),
			cmp.Compare(len(m.members[a])+len(m.reached[a]), len(m.members[b])+len(m.reached[b])), cmp.Compare(a, b))
	}), true
}

// telling is how much a role shows of what there is to be shown.
func (m reachMap) telling(role string) int {
	return min(len(m.roots(role)), 2) + min(len(m.ofKind(role, "secret")), 1)
}

// roots are the hosts on which a role gives root, the first by name first.
func (m reachMap) roots(role string) []*v2.Grant {
	return slices.DeleteFunc(m.ofKind(role, "host"), func(grant *v2.Grant) bool {
		return !strings.HasSuffix(grant.GetEntitlement().GetId(), rootAccount)
	})
}

// ofKind are a role's grants on targets of a kind, in the order of their names.
func (m reachMap) ofKind(role, kind string) []*v2.Grant {
	var found []*v2.Grant
	for _, grant := range m.reached[role] {
		if grant.GetEntitlement().GetResource().GetId().GetResourceType() == kind {
			found = append(found, grant)
		}
	}
	slices.SortFunc(found, func(a, b *v2.Grant) int { return cmp.Compare(m.called(a), m.called(b)) })
	return found
}

// called is what a reviewer sees of a grant on a target.
func (m reachMap) called(grant *v2.Grant) string {
	return m.ways[grant.GetEntitlement().GetId()].GetDisplayName()
}

// whoReaches lists the people who can use something, each with the role that gives it.
func (m reachMap) whoReaches(way *v2.Entitlement) table {
	t := table{
		title: "Who reaches " + printable(m.ways[way.GetId()].GetDisplayName()) + ", besides members of privx-admin",
		head:  []string{"User", "Role", "How it is held"},
	}
	for role, grants := range m.reached {
		if !slices.ContainsFunc(grants, func(grant *v2.Grant) bool { return grant.GetEntitlement().GetId() == way.GetId() }) {
			continue
		}
		for _, membership := range m.members[role] {
			t.add(m.names[membership.GetPrincipal().GetId().GetResource()], m.names[role], how(membership))
		}
	}
	slices.SortFunc(t.rows, slices.Compare)
	return t
}

// throughRole lists what the first member of a role reaches through it.
func (m reachMap) throughRole(role string) table {
	user := m.names[m.members[role][0].GetPrincipal().GetId().GetResource()]
	t := table{
		title: "What " + printable(user) + " reaches through the role " + printable(m.names[role]),
		head:  []string{"Kind", "What"},
	}
	for _, kind := range kinds {
		for _, grant := range m.ofKind(role, kind.id) {
			t.add(kind.one, m.called(grant))
		}
	}
	return t
}

// describe prints what a reviewer reads on a role.
func (m reachMap) describe(out io.Writer, role string) error {
	way := m.members[role][0].GetEntitlement().GetId()
	_, err := io.WriteString(out, "\nWhat a reviewer reads on the role\n"+clean(m.ways[way].GetDescription())+"\n")
	return err
}
