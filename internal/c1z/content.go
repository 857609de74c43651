package c1z

import (
	"context"
	"errors"
	"fmt"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
)

// Content is what the latest finished sync in a file holds.
type Content struct {
	Sync          c1zstore.SyncRun // Type says whether it is of everything
	ResourceTypes []*v2.ResourceType
	Resources     []*v2.Resource
	Entitlements  []*v2.Entitlement
	Grants        []*v2.Grant
}

// Read reads the latest finished sync of a file. Without one, the error is
// [ErrNoFinishedSync].
func Read(ctx context.Context, path string) (*Content, error) {
	f, err := open(ctx, path)
	if err != nil {
		return nil, err
	}
	defer f.close(ctx)
	c := &Content{Sync: f.sync}
	err = errors.Join(
		readAll(ctx, f, listResourceTypes, &c.ResourceTypes),
		readAll(ctx, f, listResources(""), &c.Resources),
		readAll(ctx, f, listEntitlements, &c.Entitlements),
		readAll(ctx, f, listGrants, &c.Grants),
	)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return c, nil
}

// readAll reads all rows of a kind.
func readAll[M any](ctx context.Context, f *file, list func(context.Context, *file, string) ([]M, string, error), into *[]M) error {
	for token := ""; ; {
		rows, next, err := list(ctx, f, token)
		*into = append(*into, rows...)
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
