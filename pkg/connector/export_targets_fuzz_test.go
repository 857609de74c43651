package connector

import (
	"context"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	rs "github.com/conductorone/baton-sdk/pkg/types/resource"

	"github.com/conductorone/baton-privx/pkg/connector/reach"
)

// TargetRows are what a sync that has listed some roles, by canonical id, has of a target.
func TargetRows(ctx context.Context, target reach.Target, roles map[string]string) (*v2.Resource, []*v2.Entitlement, []*v2.Grant, error) {
	const id = "sync"
	syncs := newSyncs(nil)
	syncs.runs = []*syncRun{{syncs: syncs, id: id, reaching: reaching{roleIDs: roles, rolesRead: true}}}
	for _, list := range targetLists {
		if list.kind != target.Kind {
			continue
		}
		t := &targetSyncer{list: list, syncs: syncs}
		row, err := t.resource(target)
		if err != nil {
			return nil, nil, nil, err
		}
		entitlements, err := allOf(ctx, id, row, t.Entitlements)
		if err != nil {
			return nil, nil, nil, err
		}
		grants, err := allOf(ctx, id, row, t.Grants)
		return row, entitlements, grants, err
	}
	panic("no such kind")
}

// allOf reads all pages of what there is of a resource.
func allOf[T any](
	ctx context.Context, id string, row *v2.Resource, page func(context.Context, *v2.Resource, rs.SyncOpAttrs) ([]T, *rs.SyncOpResults, error),
) ([]T, error) {
	var all []T
	opts := rs.SyncOpAttrs{SyncID: id}
	for {
		rows, results, err := page(ctx, row, opts)
		if err != nil {
			return nil, err
		}
		all = append(all, rows...)
		if results == nil || results.NextPageToken == "" {
			return all, nil
		}
		opts.PageToken.Token = results.NextPageToken
	}
}
