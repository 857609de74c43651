// Package connector shows PrivX to baton-sdk: its users, its roles and who holds
// which role.
package connector

import (
	"context"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/annotations"
	"github.com/conductorone/baton-sdk/pkg/cli"
	"github.com/conductorone/baton-sdk/pkg/connectorbuilder"

	"github.com/conductorone/baton-privx/pkg/config"
	"github.com/conductorone/baton-privx/pkg/privx"
)

// Connector is the connector for one PrivX. Its zero value can tell its
// capabilities and nothing else.
type Connector struct {
	client *privx.Client
	syncs  *syncs
	// asked tells whether a setting is on; nil without a configuration.
	asked func(setting string) bool
}

var _ connectorbuilder.ConnectorBuilderV2 = (*Connector)(nil)

// New makes the connector from its configuration, for service mode. It sends nothing; a
// mistake in the configuration is an error that names the field. It is called twice a run: by
// the process that is started and by the child that does the work.
func New(ctx context.Context, cfg *config.Privx, opts *cli.ConnectorOpts) (connectorbuilder.ConnectorBuilderV2, []connectorbuilder.Opt, error) {
	return newConnector(ctx, cfg, opts, false)
}

// NewOneShot is New for a one-shot run, where baton-sdk expands grants in this process's
// parent and nobody is there to see a warning.
func NewOneShot(ctx context.Context, cfg *config.Privx, opts *cli.ConnectorOpts) (connectorbuilder.ConnectorBuilderV2, []connectorbuilder.Opt, error) {
	return newConnector(ctx, cfg, opts, true)
}

func newConnector(ctx context.Context, cfg *config.Privx, opts *cli.ConnectorOpts, oneShot bool) (connectorbuilder.ConnectorBuilderV2, []connectorbuilder.Opt, error) {
	method, synced := "", []string(nil)
	if opts != nil {
		method, synced = opts.SelectedAuthMethod, opts.SyncResourceTypeIDs
	}
	settings, err := cfg.Settings(method)
	if err != nil {
		return nil, nil, err
	}
	client, err := privx.New(ctx, settings)
	if err != nil {
		return nil, nil, failed("preparing the connection to PrivX", err)
	}
	syncs := newSyncs(client)
	syncs.reach = reachSettingsOf(cfg, synced, oneShot)
	return &Connector{client: client, syncs: syncs, asked: cfg.GetBool}, nil, nil
}

// Metadata describes the connector.
func (c *Connector) Metadata(context.Context) (*v2.ConnectorMetadata, error) {
	return v2.ConnectorMetadata_builder{
		DisplayName: "PrivX",
		Description: "Syncs the users and roles of SSH PrivX and who holds which role, and grants and revokes roles.",
	}.Build(), nil
}

// Validate finds out whether the credentials are good and whether they come with
// the permissions that the capabilities need.
func (c *Connector) Validate(ctx context.Context) (annotations.Annotations, error) {
	if err := c.check(ctx, capabilities); err != nil {
		return nil, failed("checking the credentials and permissions in PrivX", err)
	}
	return nil, nil
}

// ResourceSyncers are what can be synced.
func (c *Connector) ResourceSyncers(context.Context) []connectorbuilder.ResourceSyncerV2 {
	return c.syncers(capabilities)
}
