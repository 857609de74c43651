package connector

import "github.com/conductorone/baton-privx/pkg/privx"

// ForClient makes a connector that uses a client.
func ForClient(client *privx.Client) *Connector {
	return &Connector{client: client, syncs: newSyncs(client), asked: func(string) bool { return false }}
}
