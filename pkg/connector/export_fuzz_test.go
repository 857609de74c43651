package connector

import (
	"context"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	rs "github.com/conductorone/baton-sdk/pkg/types/resource"

	"github.com/conductorone/baton-privx/pkg/privx"
)

// What the fuzz tests see of the inside.
const (
	MaxDisplayName = maxDisplayName
	MaxDescription = maxDescription
	MaxProfileText = maxProfileText
	MaxGrantText   = maxGrantText
)

// Rows made of PrivX's objects.
var (
	UserResource = userResource
	RoleResource = (&roleSyncer{syncs: newSyncs(nil)}).resource
)

// Directories are PrivX's sources by id.
type Directories = directories

// GrantsOf makes the grants of a role's members as the listing of members does.
func GrantsOf(role *v2.Resource, members []privx.Member) ([]*v2.Grant, error) {
	maker := newGrantMaker(role, mappingRulesOf(role))
	var grants []*v2.Grant
	for _, member := range members {
		made, err := maker.grant(member.ID, findEntry(member.Roles, role.GetId().GetResource()))
		if err != nil {
			return nil, err
		}
		grants = append(grants, made)
	}
	return grants, nil
}

// GrantOf makes the grant of one of them alone.
func GrantOf(role *v2.Resource, member privx.Member) (*v2.Grant, error) {
	entry := findEntry(member.Roles, role.GetId().GetResource())
	return newGrantMaker(role, mappingRulesOf(role)).grant(member.ID, entry)
}

// EntitlementsOf are what can be held of a role.
func EntitlementsOf(ctx context.Context, role *v2.Resource) ([]*v2.Entitlement, error) {
	entitlements, _, err := (&roleSyncer{syncs: newSyncs(nil)}).Entitlements(ctx, role, rs.SyncOpAttrs{})
	return entitlements, err
}
