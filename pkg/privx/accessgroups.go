package privx

import (
	"context"
	"net/http"

	"github.com/conductorone/baton-privx/pkg/privx/api"
)

var getAccessGroups = api.Endpoint{
	Method: http.MethodGet, Path: "/authorizer/api/v1/accessgroups", Permission: "access-groups-manage",
	IfMissing: "this PrivX does not tell the names of access groups",
}

// AccessGroup is a part of PrivX's hosts and API targets, which is administered by itself.
// Its keys are never decoded.
type AccessGroup struct {
	ID, Name string
	// Default tells that it has what is in no other access group.
	Default bool
}

// Identity is the id.
func (g AccessGroup) Identity() string { return g.ID }

// AccessGroups reads all access groups.
func (c *Client) AccessGroups(ctx context.Context) (*Page[AccessGroup], error) {
	// PrivX documents no sort key here but the id.
	list := &api.List{Request: getAccessGroups.Request(), MaxPage: 100, SortKey: "id"}
	page, err := api.ReadToEnd[groupRow](ctx, c.api, list)
	if err != nil {
		return nil, err
	}
	return api.MapPage(page, groupRow.target)
}

// groupRow is an access group as PrivX answers it.
type groupRow struct {
	ID      string      `json:"id"`
	Name    text        `json:"name"`
	Default shown[bool] `json:"default"`
}

// Identity is the id.
func (r groupRow) Identity() string { return r.ID }

func (r groupRow) target() (AccessGroup, error) {
	return AccessGroup{ID: r.ID, Name: r.Name.String(), Default: r.Default.value}, nil
}
