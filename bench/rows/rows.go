// Package rows compares what two syncs have left in their files, row by row.
package rows

import (
	"context"
	"errors"
	"fmt"
	"os"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"google.golang.org/protobuf/proto"
)

// Counts are how many rows a sync has.
type Counts struct {
	Types, Users, Roles, Entitlements, Grants int
}

// pageSize is how many rows are read at a time.
const pageSize = 1000

// Compare reads two files side by side and fails unless they have the same rows.
// A file compared with itself is counted.
func Compare(ctx context.Context, one, other string) (Counts, error) {
	var counts Counts
	first, err := open(ctx, one)
	if err != nil {
		return counts, err
	}
	defer first.close(ctx)
	second, err := open(ctx, other)
	if err != nil {
		return counts, err
	}
	defer second.close(ctx)

	for _, kind := range []struct {
		count *int
		list  lister
	}{
		{&counts.Types, listTypes},
		{&counts.Users, listResources("user")},
		{&counts.Roles, listResources("role")},
		{&counts.Entitlements, listEntitlements},
		{&counts.Grants, listGrants},
	} {
		if *kind.count, err = compare(ctx, first, second, kind.list); err != nil {
			return counts, fmt.Errorf("comparing %s with %s: %w", one, other, err)
		}
	}
	return counts, nil
}

// file is a sync's file, open for reading.
type file struct {
	c1zstore.Store
	temporary string
}

// open opens the latest finished sync of a file.
func open(ctx context.Context, path string) (*file, error) {
	temporary, err := os.MkdirTemp("", "bench-rows-")
	if err != nil {
		return nil, err
	}
	store, err := dotc1z.NewStore(ctx, path, dotc1z.WithReadOnly(true), dotc1z.WithTmpDir(temporary))
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(temporary))
	}
	f := &file{store, temporary}
	latest, err := store.SyncMeta().LatestFinishedSyncOfAnyType(ctx)
	switch {
	case err == nil && latest == nil:
		err = errors.New("there is no finished sync in " + path)
	case err == nil:
		err = store.SetCurrentSync(ctx, latest.ID)
	}
	if err != nil {
		f.close(ctx)
		return nil, err
	}
	return f, nil
}

// close lets go of what a file that was only read has left.
func (f *file) close(ctx context.Context) {
	_ = f.Close(context.WithoutCancel(ctx))
	_ = os.RemoveAll(f.temporary)
}

// lister gives a page of a kind of rows, which a file keeps in the order of their
// keys, and the token of the next.
type lister func(ctx context.Context, f *file, token string) ([]proto.Message, string, error)

func listTypes(ctx context.Context, f *file, token string) ([]proto.Message, string, error) {
	got, err := f.ListResourceTypes(ctx, v2.ResourceTypesServiceListResourceTypesRequest_builder{PageSize: pageSize, PageToken: token}.Build())
	return messages(got.GetList()), got.GetNextPageToken(), err
}

func listResources(resourceType string) lister {
	return func(ctx context.Context, f *file, token string) ([]proto.Message, string, error) {
		got, err := f.ListResources(ctx, v2.ResourcesServiceListResourcesRequest_builder{
			ResourceTypeId: resourceType, PageSize: pageSize, PageToken: token,
		}.Build())
		return messages(got.GetList()), got.GetNextPageToken(), err
	}
}

func listEntitlements(ctx context.Context, f *file, token string) ([]proto.Message, string, error) {
	got, err := f.ListEntitlements(ctx, v2.EntitlementsServiceListEntitlementsRequest_builder{PageSize: pageSize, PageToken: token}.Build())
	return messages(got.GetList()), got.GetNextPageToken(), err
}

func listGrants(ctx context.Context, f *file, token string) ([]proto.Message, string, error) {
	got, err := f.ListGrants(ctx, v2.GrantsServiceListGrantsRequest_builder{PageSize: pageSize, PageToken: token}.Build())
	return messages(got.GetList()), got.GetNextPageToken(), err
}

func messages[M proto.Message](rows []M) []proto.Message {
	all := make([]proto.Message, len(rows))
	for i, row := range rows {
		all[i] = row
	}
	return all
}

// compare gives how many rows of a kind both files have.
func compare(ctx context.Context, first, second *file, list lister) (int, error) {
	count := 0
	var token, otherToken string
	for {
		rows, next, err := list(ctx, first, token)
		if err != nil {
			return count, err
		}
		others, otherNext, err := list(ctx, second, otherToken)
		if err != nil {
			return count, err
		}
		if err := comparePages(rows, others); err != nil {
			return count, fmt.Errorf("after %d rows: %w", count, err)
		}
		count += len(rows)
		if next == "" && otherNext == "" {
			return count, nil
		}
		token, otherToken = next, otherNext
		if token == "" || otherToken == "" {
			return count, fmt.Errorf("after %d rows one of the files has no more", count)
		}
	}
}

func comparePages(rows, others []proto.Message) error {
	if len(rows) != len(others) {
		return fmt.Errorf("%d rows here, %d there", len(rows), len(others))
	}
	for i, row := range rows {
		if !proto.Equal(row, others[i]) {
			return fmt.Errorf("%v here, %v there", row, others[i])
		}
	}
	return nil
}
