package privx

import (
	"context"
	"net/http"

	"github.com/conductorone/baton-privx/pkg/privx/api"
)

var getSources = api.Endpoint{Method: http.MethodGet, Path: "/role-store/api/v1/sources", Permission: "sources-view"}

// Source is a directory that users come from. Its connection settings, which hold secrets,
// are never decoded.
type Source struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Enabled is nil where PrivX does not say.
	Enabled *bool `json:"enabled"`
}

// Identity is the id.
func (s Source) Identity() string { return s.ID }

// Sources reads all directories. PrivX has no paging here. It has some of its own, so that
// an empty list is asked for again over some seconds.
func (c *Client) Sources(ctx context.Context) (*Page[Source], error) {
	var page *Page[Source]
	_, err := api.Insist(ctx, nil, func() (bool, error) {
		var err error
		page, err = api.ReadAll[Source](ctx, c.api, getSources.Request())
		return err == nil && len(page.Items) > 0, err
	})
	if err != nil {
		return nil, err
	}
	return page, nil
}
