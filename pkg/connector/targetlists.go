package connector

import (
	"context"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/annotations"
	"github.com/conductorone/baton-sdk/pkg/connectorbuilder"

	"github.com/conductorone/baton-privx/pkg/connector/reach"
	"github.com/conductorone/baton-privx/pkg/privx"
)

// targetList is PrivX's list of the targets of one kind.
type targetList struct {
	kind reach.Kind
	// setting is the flag that asks for it.
	setting string
	// name and description are those of its resource type.
	name, description string
	// one and many are what its rows are called.
	one, many string
	// grouped tells that its rows are in access groups, and that PrivX shows those of the
	// API client's own groups alone.
	grouped bool
	// where says where a role is given a target or loses it.
	where string
	page  func(ctx context.Context, c *privx.Client, groups reach.Groups, token string) (*privx.Page[unmade], error)
	// get reads one target. It is nil where PrivX cannot be asked for one by its resource's id:
	// that of a secret may hold a hash of the name.
	get func(ctx context.Context, c *privx.Client, groups reach.Groups, id string) (reach.Target, error)
}

// unmade is a target that is still to be made of PrivX's row, which takes much less memory.
// A list that PrivX gives in one piece is made into targets only as far as its rows fit into
// one answer to baton-sdk.
type unmade func() reach.Target

// targetLists are all of them, in the documentation's order.
var targetLists = []targetList{hostList, secretList, networkTargetList, apiTargetList, awsRoleList}

var hostList = targetList{
	kind: reach.Host, name: "Host", description: "A host that PrivX connects to, with its accounts",
	setting: "sync-hosts", one: "host", many: "hosts", grouped: true,
	where: "the accounts of the host in PrivX",
	page:  pageOf((*privx.Client).ListHosts, reach.OfHost),
	get:   oneOf((*privx.Client).GetHost, reach.OfHost),
}

var secretList = targetList{
	kind: reach.Secret, name: "Secret", description: "A secret in PrivX's vault",
	setting: "sync-secrets", one: "secret", many: "secrets",
	where: "the permissions of the secret in PrivX",
	page:  pageOf((*privx.Client).ListSecrets, ungrouped(reach.OfSecret)),
}

var networkTargetList = targetList{
	kind: reach.NetworkTarget, name: "Network target", description: "A part of the network that PrivX connects to",
	setting: "sync-network-targets", one: "network target", many: "network targets",
	where: "the roles of the network target in PrivX",
	page:  pageOf((*privx.Client).ListNetworkTargets, ungrouped(reach.OfNetworkTarget)),
	get:   oneOf((*privx.Client).GetNetworkTarget, ungrouped(reach.OfNetworkTarget)),
}

var apiTargetList = targetList{
	kind: reach.APITarget, name: "API target", description: "An API that PrivX lets its users call",
	setting: "sync-api-targets", one: "API target", many: "API targets", grouped: true,
	where: "the roles of the API target in PrivX",
	page:  pageOf((*privx.Client).ListAPITargets, reach.OfAPITarget),
	get:   oneOf((*privx.Client).GetAPITarget, reach.OfAPITarget),
}

var awsRoleList = targetList{
	kind: reach.AWSRole, name: "AWS role", description: "A role of AWS that PrivX lets its users assume",
	setting: "sync-aws-roles", one: "AWS role", many: "AWS roles",
	where: "the roles of the AWS role in PrivX",
	page:  pageOf((*privx.Client).ListAWSRoles, ungrouped(reach.OfAWSRole)),
	get:   oneOf((*privx.Client).GetAWSRole, ungrouped(reach.OfAWSRole)),
}

// pageOf reads pages of targets by a method of the client that reads pages of PrivX's rows.
func pageOf[T any](
	list func(*privx.Client, context.Context, string) (*privx.Page[T], error), of func(T, reach.Groups) reach.Target,
) func(context.Context, *privx.Client, reach.Groups, string) (*privx.Page[unmade], error) {
	return func(ctx context.Context, c *privx.Client, groups reach.Groups, token string) (*privx.Page[unmade], error) {
		page, err := list(c, ctx, token)
		if err != nil {
			return nil, err
		}
		return privx.MapPage(page, func(row T) unmade {
			return func() reach.Target { return of(row, groups) }
		})
	}
}

// oneOf reads one target by a method of the client that reads one of PrivX's rows.
func oneOf[T any](
	get func(*privx.Client, context.Context, string) (*T, error), of func(T, reach.Groups) reach.Target,
) func(context.Context, *privx.Client, reach.Groups, string) (reach.Target, error) {
	return func(ctx context.Context, c *privx.Client, groups reach.Groups, id string) (reach.Target, error) {
		row, err := get(c, ctx, id)
		if err != nil {
			return reach.Target{}, err
		}
		return of(*row, groups), nil
	}
}

// ungrouped is for targets that are in no access group.
func ungrouped[T any](of func(T) reach.Target) func(T, reach.Groups) reach.Target {
	return func(row T, _ reach.Groups) reach.Target { return of(row) }
}

// targetTypes are the resource types of targets, by their ids, which are a stable API.
var targetTypes = func() map[reach.Kind]*v2.ResourceType {
	types := make(map[reach.Kind]*v2.ResourceType)
	for _, list := range targetLists {
		types[list.kind] = list.resourceType()
	}
	return types
}()

// resourceType makes the resource type of a list. ConductorOne leaves it off until somebody
// turns it on.
func (l targetList) resourceType() *v2.ResourceType {
	var traits []v2.ResourceType_Trait
	if l.kind == reach.Secret {
		traits = append(traits, v2.ResourceType_TRAIT_SECRET)
	}
	return v2.ResourceType_builder{
		Id:          string(l.kind),
		DisplayName: l.name,
		Description: l.description,
		Traits:      traits,
		Annotations: annotations.New(&v2.OptInRequired{}, permissionsFor(string(l.kind))),
	}.Build()
}

func newHostSyncer(c *Connector) connectorbuilder.ResourceSyncerV2 { return c.syncerOf(hostList) }

func newSecretSyncer(c *Connector) connectorbuilder.ResourceSyncerV2 { return c.syncerOf(secretList) }

func newNetworkTargetSyncer(c *Connector) connectorbuilder.ResourceSyncerV2 {
	return c.syncerOf(networkTargetList)
}

func newAPITargetSyncer(c *Connector) connectorbuilder.ResourceSyncerV2 {
	return c.syncerOf(apiTargetList)
}

func newAWSRoleSyncer(c *Connector) connectorbuilder.ResourceSyncerV2 { return c.syncerOf(awsRoleList) }
