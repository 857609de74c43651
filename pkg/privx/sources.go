package privx

import (
	"context"
	"net/http"
)

const sourcesPath = "/role-store/api/v1/sources"

// Source is a directory that users come from. Its connection, which holds
// secrets, is never decoded.
type Source struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Enabled is nil where PrivX does not say.
	Enabled *bool `json:"enabled"`
}

func (s Source) identity() string { return s.ID }

// Sources reads all directories. PrivX has no paging here. It has some of its own,
// so that an answer without any is asked for again over some seconds.
func (c *Client) Sources(ctx context.Context) (*Page[Source], error) {
	rq := &request{method: http.MethodGet, path: sourcesPath, permission: "sources-view"}
	var page *Page[Source]
	_, err := insist(ctx, func() (bool, error) {
		var err error
		page, err = readWhole[Source](ctx, c, rq)
		return err == nil && len(page.Items) > 0, err
	})
	if err != nil {
		return nil, err
	}
	return page, nil
}

// readWhole reads a list that PrivX answers in one piece. Where it counts more
// rows than it shows, the page's Total is above its Read.
func readWhole[T identified](ctx context.Context, c *Client, rq *request) (*Page[T], error) {
	got := newRows[T]()
	if err := c.read(ctx, rq, &got); err != nil {
		return nil, err
	}
	if err := checkWhole(rq.endpoint(), got); err != nil {
		return nil, err
	}
	items := got.list()
	return &Page[T]{Items: items, Total: max(got.Count, 0), Read: len(items)}, nil
}
