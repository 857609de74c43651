package main

import (
	"bytes"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/annotations"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/conductorone/baton-privx/internal/c1z"
)

func resource(resourceType, id, name string, status v2.Status_ResourceStatus, traits ...proto.Message) *v2.Resource {
	return v2.Resource_builder{
		Id: v2.ResourceId_builder{ResourceType: resourceType, Resource: id}.Build(), DisplayName: name,
		Status: v2.Status_builder{Status: status}.Build(), Annotations: annotations.New(traits...),
	}.Build()
}

// held is a grant of a role to a user, held in a way that [unknown] leaves out.
func held(t *testing.T, role, user, how string) *v2.Grant {
	t.Helper()
	var notes annotations.Annotations
	if how != unknown {
		metadata, err := structpb.NewStruct(map[string]any{explicit: strings.Contains(how, explicit), implicit: strings.Contains(how, implicit)})
		require.NoError(t, err)
		notes = annotations.New(v2.GrantMetadata_builder{Metadata: metadata}.Build())
	}
	on := v2.Resource_builder{Id: v2.ResourceId_builder{ResourceType: roleType, Resource: role}.Build()}.Build()
	return v2.Grant_builder{
		Id:          role + ":" + user,
		Entitlement: v2.Entitlement_builder{Id: role + ":assigned", Resource: on}.Build(),
		Principal:   v2.Resource_builder{Id: v2.ResourceId_builder{ResourceType: userType, Resource: user}.Build()}.Build(),
		Annotations: notes,
	}.Build()
}

const (
	on  = v2.Status_RESOURCE_STATUS_ENABLED
	off = v2.Status_RESOURCE_STATUS_DISABLED
)

// The tables tell what there is, aligned as a terminal shows them, and of each role a
// grant before the second of any.
func TestShow(t *testing.T) {
	t.Parallel()
	program := v2.UserTrait_builder{Login: "baton", AccountType: v2.UserTrait_ACCOUNT_TYPE_SERVICE}.Build()
	content := &c1z.Content{
		Resources: []*v2.Resource{
			resource(roleType, "r1", "人事部", 0),
			resource(roleType, "r2", "Operators", 0),
			resource(userType, "u1", "Ann\x1b[31m", on, v2.UserTrait_builder{Login: "ann"}.Build()),
			resource(userType, "u2", "Baton", off, program),
			resource(userType, "u3", "", on),
		},
		Entitlements: []*v2.Entitlement{{}, {}},
		Grants: []*v2.Grant{
			held(t, "r1", "u1", explicit), held(t, "r1", "u2", implicit),
			held(t, "r2", "u1", both), held(t, "r2", "u3", unknown), held(t, "r2", "u2", explicit),
		},
	}
	var out bytes.Buffer
	require.NoError(t, show(&out, content))
	require.Equal(t, `
Statistics
What                            | How many
Users                           | 3
  of them disabled              | 1
  of them service accounts      | 1
Roles                           | 2
Entitlements                    | 2
Grants                          | 5
  of them explicit              | 2
  of them implicit              | 1
  of them explicit and implicit | 1
  of them unknown               | 1

Roles
ID | Members | Name
r1 | 2       | 人事部
r2 | 3       | Operators

Users
ID | Login | Status   | Name
u1 | ann   | enabled  | Ann [31m
u2 | baton | disabled | Baton
u3 |       | enabled  |

Grants
Role      | How it is held        | User
人事部    | explicit              | Ann [31m
Operators | explicit and implicit | Ann [31m
人事部    | implicit              | Baton
Operators | unknown               |
Operators | explicit              | Baton
`, out.String())
}

// Of a long table, and of a long text, the beginning is shown.
func TestTableIsCut(t *testing.T) {
	t.Parallel()
	long := table{title: "Numbers", head: []string{"Number"}}
	for i := range shownRows + 2 {
		long.add(strconv.Itoa(i) + strings.Repeat("-", 2*shownWidth))
	}
	var out bytes.Buffer
	require.NoError(t, long.print(&out))
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Len(t, lines, 2+shownRows+1)
	require.Equal(t, "14"+strings.Repeat("-", shownWidth-3)+"…", lines[len(lines)-2])
	require.Equal(t, "... and 2 more", lines[len(lines)-1])
}

// What is no file of a sync is an error and not empty tables.
func TestNothingToShow(t *testing.T) {
	t.Parallel()
	for name, files := range map[string][]string{
		"no file": nil, "two files": {"a", "b"},
		"a file that is missing": {filepath.Join(t.TempDir(), "sync.c1z")},
	} {
		var out bytes.Buffer
		require.Error(t, run(t.Context(), files, &out), name)
		require.Empty(t, out.String(), name)
	}
}
