package connector

import (
	"context"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/types/resource"
	"google.golang.org/protobuf/proto"

	"github.com/conductorone/baton-privx/pkg/privx"
)

// Limits in bytes. baton-sdk refuses a request with a longer display name or
// description; the others keep a page in reason.
const (
	maxDisplayName = 1024
	maxDescription = 2048
	maxProfileText = 2048
	maxGrantText   = 512
)

// maxPageBytes is what one answer to baton-sdk may have: its limit on a message
// is 4 MiB, and an answer above it fails the sync.
const maxPageBytes = 3 << 20

// resourcesOf makes resources of a page of PrivX's rows, and says where to go on.
func resourcesOf[T any](
	ctx context.Context, run *syncRun, page *privx.Page[T], makeOne func(T, directories) (*v2.Resource, error),
) ([]*v2.Resource, *resource.SyncOpResults, error) {
	directories, err := run.directories(ctx)
	if err != nil {
		return nil, nil, err
	}
	made := make([]*v2.Resource, len(page.Items))
	for i, row := range page.Items {
		if made[i], err = makeOne(row, directories); err != nil {
			return nil, nil, failed("making a resource of what PrivX lists", err)
		}
	}
	rows, results := cutPage(made, page)
	return rows, results, nil
}

// answer is what has been taken into one answer to baton-sdk, in bytes.
type answer int

// takes tells whether a row fits in, too, as the first one always does, and counts it.
func (a *answer) takes(row proto.Message) bool {
	first := *a == 0
	*a += answer(proto.Size(row))
	return first || *a <= maxPageBytes
}

// cutPage gives as many rows of a page as fit into one answer, and where to go
// on. Pages hold a thousand rows and nearly always fit whole.
func cutPage[R proto.Message, T any](made []R, page *privx.Page[T]) ([]R, *resource.SyncOpResults) {
	var taken answer
	for i, row := range made {
		if !taken.takes(row) {
			return made[:i], &resource.SyncOpResults{NextPageToken: page.NextAfter(i)}
		}
	}
	return made, &resource.SyncOpResults{NextPageToken: page.Next}
}
