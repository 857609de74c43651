package privx

import (
	"context"
	"net/http"

	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// getStatus tells the state of the role store and of an upgrade.
var getStatus = api.Endpoint{Method: http.MethodGet, Path: "/role-store/api/v1/status"}

// status is the role store's state, with the field that is read.
type status struct {
	// ZDU is a zero-downtime upgrade.
	ZDU struct {
		Details struct {
			API struct {
				Restricting bool `json:"restricting"`
			} `json:"api"`
		} `json:"details"`
	} `json:"zdu"`
}

// isReadOnly tells whether PrivX says that it is restricting its API. It is false if PrivX
// does not answer.
func (c *Client) isReadOnly(ctx context.Context) bool {
	rq := getStatus.Request()
	rq.Urgent, rq.Once = true, true
	said, err := api.Read[status](ctx, c.api, rq)
	return err == nil && said.ZDU.Details.API.Restricting
}
