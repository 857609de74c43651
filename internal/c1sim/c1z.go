package c1sim

import (
	"context"
	"errors"
	"fmt"
	"os"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
)

// pageSize is how many rows of a file are read at a time.
const pageSize = 1000

// Content is what the latest finished sync in a file holds.
type Content struct {
	Sync          c1zstore.SyncRun // Type says whether it is of everything
	ResourceTypes []*v2.ResourceType
	Resources     []*v2.Resource
	Entitlements  []*v2.Entitlement
	Grants        []*v2.Grant
}

// ReadC1Z reads a file as it was uploaded.
func ReadC1Z(ctx context.Context, path string) (*Content, error) {
	dir, err := os.MkdirTemp("", "c1sim-read-*")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	store, err := dotc1z.NewStore(ctx, path, dotc1z.WithReadOnly(true), dotc1z.WithTmpDir(dir))
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	content, err := readStore(ctx, store)
	if err := errors.Join(err, store.Close(context.WithoutCancel(ctx))); err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return content, nil
}

func readStore(ctx context.Context, store c1zstore.Store) (*Content, error) {
	latest, err := store.SyncMeta().LatestFinishedSyncOfAnyType(ctx)
	if err != nil {
		return nil, err
	}
	if latest == nil {
		return nil, errors.New("no sync was finished")
	}
	if err := store.SetCurrentSync(ctx, latest.ID); err != nil {
		return nil, err
	}
	c := &Content{Sync: *latest}
	for _, read := range []func(context.Context, c1zstore.Store) error{c.readResourceTypes, c.readResources, c.readEntitlements, c.readGrants} {
		if err := read(ctx, store); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *Content) readResourceTypes(ctx context.Context, store c1zstore.Store) error {
	return pages(func(token string) (string, error) {
		got, err := store.ListResourceTypes(ctx, v2.ResourceTypesServiceListResourceTypesRequest_builder{PageSize: pageSize, PageToken: token}.Build())
		c.ResourceTypes = append(c.ResourceTypes, got.GetList()...)
		return got.GetNextPageToken(), err
	})
}

func (c *Content) readResources(ctx context.Context, store c1zstore.Store) error {
	return pages(func(token string) (string, error) {
		got, err := store.ListResources(ctx, v2.ResourcesServiceListResourcesRequest_builder{PageSize: pageSize, PageToken: token}.Build())
		c.Resources = append(c.Resources, got.GetList()...)
		return got.GetNextPageToken(), err
	})
}

func (c *Content) readEntitlements(ctx context.Context, store c1zstore.Store) error {
	return pages(func(token string) (string, error) {
		got, err := store.ListEntitlements(ctx, v2.EntitlementsServiceListEntitlementsRequest_builder{PageSize: pageSize, PageToken: token}.Build())
		c.Entitlements = append(c.Entitlements, got.GetList()...)
		return got.GetNextPageToken(), err
	})
}

func (c *Content) readGrants(ctx context.Context, store c1zstore.Store) error {
	return pages(func(token string) (string, error) {
		got, err := store.ListGrants(ctx, v2.GrantsServiceListGrantsRequest_builder{PageSize: pageSize, PageToken: token}.Build())
		c.Grants = append(c.Grants, got.GetList()...)
		return got.GetNextPageToken(), err
	})
}

func pages(read func(token string) (string, error)) error {
	for token := ""; ; {
		next, err := read(token)
		if err != nil || next == "" {
			return err
		}
		token = next
	}
}

// ResourceIDs returns the ids of the resources of a type.
func (c *Content) ResourceIDs(resourceType string) []string {
	var ids []string
	for _, r := range c.Resources {
		if r.GetId().GetResourceType() == resourceType {
			ids = append(ids, r.GetId().GetResource())
		}
	}
	return ids
}

// EntitlementIDs returns the ids of all entitlements.
func (c *Content) EntitlementIDs() []string { return idsOf(c.Entitlements) }

// GrantIDs returns the ids of all grants.
func (c *Content) GrantIDs() []string { return idsOf(c.Grants) }

func idsOf[T interface{ GetId() string }](rows []T) []string {
	ids := make([]string, len(rows))
	for i, row := range rows {
		ids[i] = row.GetId()
	}
	return ids
}

// Resource returns a resource, as ConductorOne sends it back in tasks: as it
// was synced, or else with nothing but its id.
func (c *Content) Resource(resourceType, id string) *v2.Resource {
	for _, r := range c.rows().Resources {
		if r.GetId().GetResourceType() == resourceType && r.GetId().GetResource() == id {
			return r
		}
	}
	return v2.Resource_builder{Id: v2.ResourceId_builder{ResourceType: resourceType, Resource: id}.Build()}.Build()
}

// Entitlement returns what can be held of a resource, in the same way.
func (c *Content) Entitlement(resourceType, resourceID, slug string) *v2.Entitlement {
	id := fmt.Sprintf("%s:%s:%s", resourceType, resourceID, slug)
	for _, e := range c.rows().Entitlements {
		if e.GetId() == id {
			return e
		}
	}
	return v2.Entitlement_builder{Id: id, Slug: slug, Resource: c.Resource(resourceType, resourceID)}.Build()
}

// Grant returns who holds an entitlement, in the same way.
func (c *Content) Grant(entitlement *v2.Entitlement, principal *v2.Resource) *v2.Grant {
	id := fmt.Sprintf("%s:%s:%s", entitlement.GetId(), principal.GetId().GetResourceType(), principal.GetId().GetResource())
	for _, g := range c.rows().Grants {
		if g.GetId() == id {
			return g
		}
	}
	return v2.Grant_builder{Id: id, Entitlement: entitlement, Principal: principal}.Build()
}

// rows is the content, of which nil is that of nothing.
func (c *Content) rows() *Content {
	if c == nil {
		return &Content{}
	}
	return c
}
