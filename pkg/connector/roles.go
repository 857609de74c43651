package connector

import (
	"context"
	"strings"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/annotations"
	"github.com/conductorone/baton-sdk/pkg/connectorbuilder"
	ent "github.com/conductorone/baton-sdk/pkg/types/entitlement"
	rs "github.com/conductorone/baton-sdk/pkg/types/resource"

	"github.com/conductorone/baton-privx/pkg/privx"
)

// roleSyncer syncs PrivX's roles and their members.
type roleSyncer struct {
	client *privx.Client
	syncs  *syncs
}

var (
	_ connectorbuilder.ResourceSyncerV2              = (*roleSyncer)(nil)
	_ connectorbuilder.ResourceTargetedSyncerLimited = (*roleSyncer)(nil)
	_ connectorbuilder.ResourceProvisionerV2Limited  = (*roleSyncer)(nil)
)

// roleResourceType has an id that is a stable API.
var roleResourceType = v2.ResourceType_builder{
	Id:          "role",
	DisplayName: "Role",
	Description: "A PrivX role, which decides what its members reach",
	Traits:      []v2.ResourceType_Trait{v2.ResourceType_TRAIT_ROLE},
	Annotations: annotations.New(permissionsFor("role")),
}.Build()

// assigned is the entitlement of being a role's member. A stable API too.
const assigned = "assigned"

func newRoleSyncer(c *Connector) connectorbuilder.ResourceSyncerV2 {
	return &roleSyncer{client: c.client, syncs: c.syncs}
}

func (r *roleSyncer) ResourceType(context.Context) *v2.ResourceType { return roleResourceType }

// List gives a page of roles.
func (r *roleSyncer) List(ctx context.Context, _ *v2.ResourceId, opts rs.SyncOpAttrs) ([]*v2.Resource, *rs.SyncOpResults, error) {
	run := r.syncs.run(opts.SyncID)
	page, err := r.client.ListRoles(ctx, opts.PageToken.Token)
	if err != nil {
		return nil, nil, failed("listing roles", err)
	}
	roles, results, err := resourcesOf(ctx, run, page, r.resource)
	if err != nil {
		return nil, nil, err
	}
	run.listedRoles(ctx, page, len(roles), results)
	return roles, results, nil
}

// Get gives one role.
func (r *roleSyncer) Get(ctx context.Context, id, _ *v2.ResourceId) (*v2.Resource, annotations.Annotations, error) {
	made, err := r.role(ctx, id.GetResource())
	return made, nil, err
}

// role fetches one role.
func (r *roleSyncer) role(ctx context.Context, id string) (*v2.Resource, error) {
	directories, err := r.syncs.run("").directories(ctx)
	if err != nil {
		return nil, err
	}
	role, err := r.client.GetRole(ctx, id)
	if err != nil {
		return nil, gone("reading a role", err)
	}
	made, err := r.resource(*role, directories)
	if err != nil {
		return nil, failed("reading role "+role.ID, err)
	}
	return made, nil
}

// Entitlements gives the one thing that can be held of a role: membership. It is
// not a static entitlement, because a targeted sync of a role has none of those.
func (r *roleSyncer) Entitlements(ctx context.Context, role *v2.Resource, opts rs.SyncOpAttrs) ([]*v2.Entitlement, *rs.SyncOpResults, error) {
	meaning, err := r.meaning(ctx, role, opts.SyncID)
	if err != nil {
		return nil, nil, err
	}
	return []*v2.Entitlement{ent.NewAssignmentEntitlement(role, assigned,
		ent.WithGrantableTo(userResourceType),
		ent.WithDisplayName(privx.CutText(role.GetDisplayName()+" role assigned", maxDisplayName)),
		ent.WithDescription(privx.CutText(meaning, maxDescription)),
	)}, nil, nil
}

// meaning says what membership of a role means.
func (r *roleSyncer) meaning(ctx context.Context, role *v2.Resource, syncID string) (string, error) {
	if !r.syncs.reach.any() {
		return plainMeaning(role), nil
	}
	return r.syncs.run(syncID).meaning(ctx, role)
}

func plainMeaning(role *v2.Resource) string {
	return "Member of the PrivX role " + role.GetDisplayName()
}

// resource makes a role of ConductorOne's of a role of PrivX's.
func (r *roleSyncer) resource(role privx.Role, directories directories) (*v2.Resource, error) {
	profile := roleProfile(role, directories)
	if r.syncs.reach.summary {
		notePowers(profile, role)
	}
	options := []rs.ResourceOption{
		rs.WithResourceProfile(profile),
		rs.WithDescription(privx.CutText(role.Comment, maxDescription)),
	}
	if created, ok := instant(role.Created); ok {
		options = append(options, rs.WithResourceCreatedAt(created))
	}
	return rs.NewRoleResource(displayName(role.Name, role.ID), roleResourceType, role.ID, nil, options...)
}

// Keys of a role's profile, a stable API; some are read back when the role's
// members are listed.
const (
	profileName         = "name"
	profileSystem       = "system"
	profileMappingRules = "mapping_rules"
)

// roleProfile is an allow-list, as userProfile is.
func roleProfile(role privx.Role, directories directories) map[string]any {
	profile := texts(map[string]string{
		"comment":           role.Comment,
		"permissions":       strings.Join(role.Permissions, ", "),
		"access_group_id":   role.AccessGroupID,
		profileContext:      contextInWords(role.Context),
		profileMappingRules: mappingRulesInWords(role, directories),
	})
	profile[profileName] = privx.CutText(role.Name, maxProfileText)
	profile[profileSystem] = role.System
	return profile
}
