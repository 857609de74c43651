// Command baton-privx syncs SSH PrivX into ConductorOne, and grants and revokes
// its roles.
package main

import (
	"context"
	"os"

	"github.com/conductorone/baton-sdk/pkg/cli"
	sdkconfig "github.com/conductorone/baton-sdk/pkg/config"
	"github.com/conductorone/baton-sdk/pkg/connectorbuilder"
	"github.com/conductorone/baton-sdk/pkg/connectorrunner"
	"github.com/conductorone/baton-sdk/pkg/exit"
	"github.com/conductorone/baton-sdk/pkg/types"
	"github.com/spf13/cobra"
	"github.com/spf13/viper"

	"github.com/conductorone/baton-privx/pkg/config"
	"github.com/conductorone/baton-privx/pkg/connector"
)

// version is set at build time.
var version = "dev"

// workers is how many calls are under way at a time unless --workers says
// otherwise (1 is one after the other; 0 means this default). bench/README.md says
// why not more.
const workers = 4

func main() {
	// The client does not use the SDK's cache of HTTP answers. Turned off, it takes no
	// memory and no goroutine.
	_ = os.Setenv("BATON_DISABLE_HTTP_CACHE", "true")
	cmd, settings, err := newCommand(context.Background())
	if err == nil {
		cmd.RunE = supervised(settings, cmd.RunE)
		doctor := addDoctor(cmd, settings)
		var ran *cobra.Command
		if ran, err = cmd.ExecuteContextC(context.Background()); ran == doctor {
			os.Exit(doctorExit(err))
		}
	}
	if err != nil {
		exit.LogExit(err)
	}
}

// newCommand makes what baton-sdk's RunConnector makes and keeps to itself: its
// command, and the settings that the command goes by, from flags, variables and
// the YAML file.
func newCommand(ctx context.Context) (*cobra.Command, *viper.Viper, error) {
	var settings *viper.Viper
	newConnector := func(ctx context.Context, cfg *config.Privx, opts *cli.ConnectorOpts) (connectorbuilder.ConnectorBuilderV2, []connectorbuilder.Opt, error) {
		if isOneShot(settings) {
			return connector.NewOneShot(ctx, cfg, opts)
		}
		return connector.New(ctx, cfg, opts)
	}
	settings, cmd, err := sdkconfig.DefineConfigurationV2(ctx, "baton-privx", serverOf(newConnector), config.Config,
		connectorrunner.WithDefaultCapabilitiesConnectorBuilderV2(&connector.Connector{}),
		connectorrunner.WithWorkerCount(workers),
	)
	if err != nil {
		return nil, nil, err
	}
	cmd.Version = version
	keepNumbers(cmd, settings)
	return cmd, settings, nil
}

// constructor is the type of [connector.New].
type constructor func(context.Context, *config.Privx, *cli.ConnectorOpts) (connectorbuilder.ConnectorBuilderV2, []connectorbuilder.Opt, error)

// serverOf makes of a connector what baton-sdk serves, as RunConnector does. Under a
// supervisor, which is there in one-shot runs only, the server notes how its calls
// went (see supervise.go).
func serverOf(newConnector constructor) func(context.Context, *config.Privx, cli.RunTimeOpts) (types.ConnectorServer, error) {
	return func(ctx context.Context, cfg *config.Privx, opts cli.RunTimeOpts) (types.ConnectorServer, error) {
		builder, builderOpts, err := newConnector(ctx, cfg, &cli.ConnectorOpts{
			TokenSource:         opts.TokenSource,
			SelectedAuthMethod:  opts.SelectedAuthMethod,
			SyncResourceTypeIDs: opts.SyncResourceTypeIDs,
			EgressPolicy:        opts.EgressPolicy,
		})
		if err != nil {
			return nil, err
		}
		server, err := connectorbuilder.NewConnector(ctx, builder, append(builderOpts, connectorbuilder.WithSessionStore(opts.SessionStore))...)
		if err != nil {
			return nil, err
		}
		if underSupervisor() {
			server = &watched{ConnectorServer: server, notes: newNotes(notesPipe())}
		}
		return server, nil
	}
}
