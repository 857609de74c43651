// Package c1z reads what syncs have left in their files: which syncs those are, for
// the program itself, and their rows, for tests, benchmarks and the simulated
// ConductorOne.
package c1z

import (
	"context"
	"errors"
	"fmt"
	"os"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
)

// ErrNoFinishedSync tells that nothing in a file is complete.
var ErrNoFinishedSync = errors.New("no sync was finished")

// pageSize is how many rows are read at a time.
const pageSize = 1000

// file is a sync's file, open for reading.
type file struct {
	c1zstore.Store

	sync      c1zstore.SyncRun
	temporary string
}

// openStore opens a file, with what it is unpacked to in a folder inside another.
func openStore(ctx context.Context, path, parent string) (*file, error) {
	temporary, err := os.MkdirTemp(parent, "c1z-read-")
	if err != nil {
		return nil, err
	}
	store, err := dotc1z.NewStore(ctx, path, dotc1z.WithReadOnly(true), dotc1z.WithTmpDir(temporary))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening %s: %w", path, err), os.RemoveAll(temporary))
	}
	return &file{Store: store, temporary: temporary}, nil
}

// open opens the latest finished sync of a file.
func open(ctx context.Context, path string) (*file, error) {
	f, err := openStore(ctx, path, "")
	if err != nil {
		return nil, err
	}
	latest, err := f.SyncMeta().LatestFinishedSyncOfAnyType(ctx)
	switch {
	case err == nil && latest == nil:
		err = ErrNoFinishedSync
	case err == nil:
		f.sync = *latest
		err = f.SetCurrentSync(ctx, latest.ID)
	}
	if err != nil {
		f.close(ctx)
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	return f, nil
}

// close lets go of what a file that was only read has left.
func (f *file) close(ctx context.Context) {
	_ = f.Close(context.WithoutCancel(ctx))
	_ = os.RemoveAll(f.temporary)
}

// What follows gives a page of a kind of rows, which a file keeps in the order of
// their keys, and the token of the next.

func listResourceTypes(ctx context.Context, f *file, token string) ([]*v2.ResourceType, string, error) {
	got, err := f.ListResourceTypes(ctx, v2.ResourceTypesServiceListResourceTypesRequest_builder{PageSize: pageSize, PageToken: token}.Build())
	return got.GetList(), got.GetNextPageToken(), err
}

func listResources(resourceType string) func(context.Context, *file, string) ([]*v2.Resource, string, error) {
	return func(ctx context.Context, f *file, token string) ([]*v2.Resource, string, error) {
		got, err := f.ListResources(ctx, v2.ResourcesServiceListResourcesRequest_builder{
			ResourceTypeId: resourceType, PageSize: pageSize, PageToken: token,
		}.Build())
		return got.GetList(), got.GetNextPageToken(), err
	}
}

func listEntitlements(ctx context.Context, f *file, token string) ([]*v2.Entitlement, string, error) {
	got, err := f.ListEntitlements(ctx, v2.EntitlementsServiceListEntitlementsRequest_builder{PageSize: pageSize, PageToken: token}.Build())
	return got.GetList(), got.GetNextPageToken(), err
}

func listGrants(ctx context.Context, f *file, token string) ([]*v2.Grant, string, error) {
	got, err := f.ListGrants(ctx, v2.GrantsServiceListGrantsRequest_builder{PageSize: pageSize, PageToken: token}.Build())
	return got.GetList(), got.GetNextPageToken(), err
}
