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
	// one and many are what its rows are called.
	one, many string
	// grouped tells that its rows are in access groups, and that PrivX shows those of the
	// API client's own groups alone.
	grouped bool
	// where says where a role is given a target or loses it.
	where string
	page  func(ctx context.Context, c *privx.Client, groups reach.Groups, token string) (*privx.Page[reach.Target], error)
	get   func(ctx context.Context, c *privx.Client, groups reach.Groups, id string) (reach.Target, error)
}

// targetLists are all of them, in the documentation's order.
var targetLists = []targetList{hostList, secretList, networkTargetList, apiTargetList, awsRoleList}

var hostList = targetList{
	kind: reach.Host, setting: "sync-hosts", one: "host", many: "hosts", grouped: true,
	where: "the accounts of the host in PrivX",
	page: func(ctx context.Context, c *privx.Client, groups reach.Groups, token string) (*privx.Page[reach.Target], error) {
		page, err := c.ListHosts(ctx, token)
		return mapped(page, err, func(host privx.Host) reach.Target { return reach.OfHost(host, groups) })
	},
	get: func(ctx context.Context, c *privx.Client, groups reach.Groups, id string) (reach.Target, error) {
		host, err := c.GetHost(ctx, id)
		return made(host, err, func(host privx.Host) reach.Target { return reach.OfHost(host, groups) })
	},
}

var secretList = targetList{
	kind: reach.Secret, setting: "sync-secrets", one: "secret", many: "secrets",
	where: "the permissions of the secret in PrivX",
	page: func(ctx context.Context, c *privx.Client, _ reach.Groups, token string) (*privx.Page[reach.Target], error) {
		page, err := c.ListSecrets(ctx, token)
		return mapped(page, err, reach.OfSecret)
	},
	get: getSecret,
}

var networkTargetList = targetList{
	kind: reach.NetworkTarget, setting: "sync-network-targets", one: "network target", many: "network targets",
	where: "the roles of the network target in PrivX",
	page: func(ctx context.Context, c *privx.Client, _ reach.Groups, token string) (*privx.Page[reach.Target], error) {
		page, err := c.ListNetworkTargets(ctx, token)
		return mapped(page, err, reach.OfNetworkTarget)
	},
	get: func(ctx context.Context, c *privx.Client, _ reach.Groups, id string) (reach.Target, error) {
		target, err := c.GetNetworkTarget(ctx, id)
		return made(target, err, reach.OfNetworkTarget)
	},
}

var apiTargetList = targetList{
	kind: reach.APITarget, setting: "sync-api-targets", one: "API target", many: "API targets", grouped: true,
	where: "the roles of the API target in PrivX",
	page: func(ctx context.Context, c *privx.Client, groups reach.Groups, token string) (*privx.Page[reach.Target], error) {
		page, err := c.ListAPITargets(ctx, token)
		return mapped(page, err, func(target privx.APITarget) reach.Target { return reach.OfAPITarget(target, groups) })
	},
	get: func(ctx context.Context, c *privx.Client, groups reach.Groups, id string) (reach.Target, error) {
		target, err := c.GetAPITarget(ctx, id)
		return made(target, err, func(target privx.APITarget) reach.Target { return reach.OfAPITarget(target, groups) })
	},
}

var awsRoleList = targetList{
	kind: reach.AWSRole, setting: "sync-aws-roles", one: "AWS role", many: "AWS roles",
	where: "the roles of the AWS role in PrivX",
	page: func(ctx context.Context, c *privx.Client, _ reach.Groups, token string) (*privx.Page[reach.Target], error) {
		page, err := c.ListAWSRoles(ctx, token)
		return mapped(page, err, reach.OfAWSRole)
	},
	get: func(ctx context.Context, c *privx.Client, _ reach.Groups, id string) (reach.Target, error) {
		role, err := c.GetAWSRole(ctx, id)
		return made(role, err, reach.OfAWSRole)
	},
}

// getSecret reads one secret. Its id may hold a hash of its name, so that the name is looked
// for in the list.
func getSecret(ctx context.Context, c *privx.Client, _ reach.Groups, id string) (reach.Target, error) {
	secret, err := c.FindSecret(ctx, func(secret privx.Secret) bool { return reach.SecretID(secret.OwnerID, secret.Name) == id })
	return made(secret, err, reach.OfSecret)
}

// mapped is a page of targets made of a page of PrivX's rows.
func mapped[T any](page *privx.Page[T], err error, makeOne func(T) reach.Target) (*privx.Page[reach.Target], error) {
	if err != nil {
		return nil, err
	}
	return privx.MapPage(page, makeOne), nil
}

// made is a target made of one of PrivX's rows.
func made[T any](row *T, err error, makeOne func(T) reach.Target) (reach.Target, error) {
	if err != nil {
		return reach.Target{}, err
	}
	return makeOne(*row), nil
}

// The resource types of targets. Their ids are a stable API.
var (
	hostResourceType = targetType(hostList, "Host", "A host that PrivX connects to, with its accounts")
	secretType       = targetType(secretList, "Secret", "A secret in PrivX's vault", v2.ResourceType_TRAIT_SECRET)
	networkType      = targetType(networkTargetList, "Network target", "A part of the network that PrivX connects to")
	apiTargetType    = targetType(apiTargetList, "API target", "An API that PrivX lets its users call")
	awsRoleType      = targetType(awsRoleList, "AWS role", "A role of AWS that PrivX lets its users assume")
)

// targetType makes the resource type of a list. ConductorOne leaves it off until somebody
// turns it on.
func targetType(list targetList, name, description string, traits ...v2.ResourceType_Trait) *v2.ResourceType {
	return v2.ResourceType_builder{
		Id:          string(list.kind),
		DisplayName: name,
		Description: description,
		Traits:      traits,
		Annotations: annotations.New(&v2.OptInRequired{}, permissionsFor(string(list.kind))),
	}.Build()
}

func newHostSyncer(c *Connector) connectorbuilder.ResourceSyncerV2 {
	return c.targetSyncer(hostList, hostResourceType)
}

func newSecretSyncer(c *Connector) connectorbuilder.ResourceSyncerV2 {
	return c.targetSyncer(secretList, secretType)
}

func newNetworkTargetSyncer(c *Connector) connectorbuilder.ResourceSyncerV2 {
	return c.targetSyncer(networkTargetList, networkType)
}

func newAPITargetSyncer(c *Connector) connectorbuilder.ResourceSyncerV2 {
	return c.targetSyncer(apiTargetList, apiTargetType)
}

func newAWSRoleSyncer(c *Connector) connectorbuilder.ResourceSyncerV2 {
	return c.targetSyncer(awsRoleList, awsRoleType)
}
