package connector

import (
	"context"

	"github.com/conductorone/baton-sdk/pkg/connectorbuilder"

	"github.com/conductorone/baton-privx/pkg/config"
	"github.com/conductorone/baton-privx/pkg/connector/reach"
	"github.com/conductorone/baton-privx/pkg/privx"
)

// SetReach has a connector sync what cfg asks for of targets.
func (c *Connector) SetReach(cfg *config.Privx, oneShot bool) {
	c.asked, c.syncs.reach = cfg.GetBool, reachSettingsOf(cfg, nil, oneShot)
}

// Runs is how many syncs are remembered.
func (c *Connector) Runs() int {
	c.syncs.mu.Lock()
	defer c.syncs.mu.Unlock()
	return len(c.syncs.runs)
}

// AWSRoles syncs AWS roles, and calls made for each target that is made of PrivX's row.
func (c *Connector) AWSRoles(made func()) connectorbuilder.ResourceSyncerV2 {
	list := awsRoleList
	list.page = func(ctx context.Context, client *privx.Client, groups reach.Groups, token string) (*privx.Page[unmade], error) {
		page, err := awsRoleList.page(ctx, client, groups, token)
		if err != nil {
			return nil, err
		}
		return privx.MapPage(page, func(row unmade) unmade {
			return func() reach.Target {
				made()
				return row()
			}
		})
	}
	return c.syncerOf(list)
}

// Counted is how many targets of a kind a sync has listed, and whether these are all.
func (c *Connector) Counted(syncID string, kind reach.Kind) (int, bool) {
	run := c.syncs.run(syncID)
	run.mu.Lock()
	defer run.mu.Unlock()
	return run.sums[kind].Targets, run.listed[kind]
}
