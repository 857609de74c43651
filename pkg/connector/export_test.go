package connector

import (
	"github.com/conductorone/baton-privx/pkg/config"
	"github.com/conductorone/baton-privx/pkg/privx"
)

// ForClient makes a connector that uses a client.
func ForClient(client *privx.Client) *Connector {
	return &Connector{client: client, syncs: newSyncs(client), asked: func(string) bool { return false }}
}

// ExpansionOf tells whether grants are expanded, whether too many rows are an error, and how
// many are too many.
func ExpansionOf(cfg *config.Privx, oneShot bool) (bool, bool, int) {
	s := reachSettingsOf(cfg, oneShot)
	return s.expand, s.strict, s.limit
}
