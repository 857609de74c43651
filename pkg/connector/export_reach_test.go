package connector

import "github.com/conductorone/baton-privx/pkg/config"

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
