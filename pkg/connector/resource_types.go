package connector

import (
	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/annotations"
)

// The resource types. Their ids are a stable API.
var (
	userResourceType = v2.ResourceType_builder{
		Id:          "user",
		DisplayName: "User",
		Description: "A person or an API client that PrivX knows",
		Traits:      []v2.ResourceType_Trait{v2.ResourceType_TRAIT_USER},
		// Nothing is granted on a user.
		Annotations: annotations.New(&v2.SkipEntitlementsAndGrants{}, permissions("users-view")),
	}.Build()

	roleResourceType = v2.ResourceType_builder{
		Id:          "role",
		DisplayName: "Role",
		Description: "A PrivX role, which decides what its members reach",
		Traits:      []v2.ResourceType_Trait{v2.ResourceType_TRAIT_ROLE},
		// roles-manage is for provisioning alone.
		Annotations: annotations.New(permissions("roles-view", "roles-manage")),
	}.Build()
)

// assigned is the entitlement of being a role's member. A stable API too.
const assigned = "assigned"

// permissions tells in the capabilities which permissions the API client needs.
func permissions(names ...string) *v2.CapabilityPermissions {
	var all []*v2.CapabilityPermission
	for _, name := range names {
		all = append(all, v2.CapabilityPermission_builder{Permission: name}.Build())
	}
	return v2.CapabilityPermissions_builder{Permissions: all}.Build()
}
