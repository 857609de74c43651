package connector

import (
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

// cutPage gives as many rows of a page as fit into one answer, and where to go
// on. Pages hold a thousand rows and nearly always fit whole.
func cutPage[R proto.Message, T any](made []R, page *privx.Page[T]) ([]R, *resource.SyncOpResults) {
	size := 0
	for i, row := range made {
		size += proto.Size(row)
		if size > maxPageBytes && i > 0 {
			return made[:i], &resource.SyncOpResults{NextPageToken: page.NextAfter(i)}
		}
	}
	return made, &resource.SyncOpResults{NextPageToken: page.Next}
}
