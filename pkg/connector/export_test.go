package connector

import (
	"github.com/conductorone/baton-privx/pkg/config"
	"github.com/conductorone/baton-privx/pkg/privx"
)

// ForClient makes a connector that uses a client, in service mode, with the settings of
// what roles reach.
func ForClient(client *privx.Client, cfg *config.Privx) *Connector {
	syncs := newSyncs(client)
	syncs.reach = reachSettingsOf(cfg, nil, false)
	return &Connector{client: client, syncs: syncs, asked: cfg.GetBool}
}

// ExpansionOf tells whether grants are expanded, whether too many rows are an error, and how
// many are too many.
func ExpansionOf(cfg *config.Privx, oneShot bool) (bool, bool, int) {
	s := reachSettingsOf(cfg, nil, oneShot)
	return s.expand, s.strict, s.limit
}
