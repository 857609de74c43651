package main

import (
	"bytes"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/c1z"
)

// way is an entitlement to use a target.
func way(kind, id, slug, name string) *v2.Entitlement {
	on := v2.Resource_builder{Id: v2.ResourceId_builder{ResourceType: kind, Resource: id}.Build()}.Build()
	return v2.Entitlement_builder{Id: kind + ":" + id + ":" + slug, Resource: on, DisplayName: name}.Build()
}

// given is a grant of a target to a role or a user.
func given(way *v2.Entitlement, principalType, principal string) *v2.Grant {
	return v2.Grant_builder{
		Entitlement: way,
		Principal:   v2.Resource_builder{Id: v2.ResourceId_builder{ResourceType: principalType, Resource: principal}.Build()}.Build(),
	}.Build()
}

// Of a file with hosts, it is told who can be root on one of them, and for one person the
// role, and through it the hosts and the secret. Rows of an expansion change nothing of that.
func TestShowReach(t *testing.T) {
	t.Parallel()
	member := v2.Entitlement_builder{Id: "dba:assigned", DisplayName: "DBA", Description: "Member of the PrivX role DBA. Reaches root on 2 hosts."}.Build()
	root1, root2 := way("host", "h1", "account:root", "root on db-1"), way("host", "h2", "account:root", "root on db-2")
	web, secret := way("host", "h3", "account:web", "web on web-1"), way("secret", "shared/s", "read", "Read oracle")
	content := &c1z.Content{
		Resources: []*v2.Resource{
			resource(roleType, "dba", "DBA", 0), resource(roleType, "ops", "Operators", 0), resource(roleType, "empty", "Empty", 0),
			resource(userType, "a", "Alice", on), resource(userType, "b", "Bob", on),
			resource("host", "h1", "db-1", 0), resource("host", "h2", "db-2", 0), resource("host", "h3", "web-1", 0), resource("secret", "shared/s", "oracle", 0),
		},
		Entitlements: []*v2.Entitlement{member, root1, root2, web, secret},
		Grants: []*v2.Grant{
			held(t, "dba", "a", explicit), held(t, "ops", "b", implicit),
			given(root2, roleType, "dba"), given(root1, roleType, "dba"), given(secret, roleType, "dba"),
			given(root2, roleType, "ops"), given(web, roleType, "ops"), given(root1, roleType, "empty"),
			given(root1, userType, "a"),
		},
	}
	var out bytes.Buffer
	require.NoError(t, show(&out, content))
	require.Contains(t, out.String(), `
Hosts                         | 3
Secrets                       | 1
Entitlements                  | 5
Grants                        | 9
  of them explicit            | 1
  of them implicit            | 1
  of them on what roles reach | 7
`)
	require.Contains(t, out.String(), `
Grants
Role      | How it is held | User
DBA       | explicit       | Alice
Operators | implicit       | Bob

Who reaches root on db-1, besides members of privx-admin
User  | Role | How it is held
Alice | DBA  | explicit

What Alice reaches through the role DBA
Kind   | What
Host   | root on db-1
Host   | root on db-2
Secret | Read oracle

What a reviewer reads on the role
Member of the PrivX role DBA. Reaches root on 2 hosts.
`)
}

// Where nobody can be root on anything, nothing is told of that.
func TestShowNoReach(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	content := &c1z.Content{
		Resources: []*v2.Resource{resource(roleType, "ops", "Operators", 0), resource("host", "h", "web-1", 0)},
		Grants:    []*v2.Grant{held(t, "ops", "b", implicit), given(way("host", "h", "account:web", "web on web-1"), roleType, "ops")},
	}
	require.NoError(t, reachOf(content).show(&out))
	require.Empty(t, out.String())
}
