// Command baton-privx syncs SSH PrivX into ConductorOne, and grants and revokes
// its roles.
package main

import (
	"context"
	"os"

	sdkconfig "github.com/conductorone/baton-sdk/pkg/config"
	"github.com/conductorone/baton-sdk/pkg/connectorrunner"

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
	if needsSupervisor() {
		os.Exit(supervise())
	}
	// The client passes by the SDK's cache of HTTP answers; this spares its upkeep.
	_ = os.Setenv("BATON_DISABLE_HTTP_CACHE", "true")
	sdkconfig.RunConnector(context.Background(), "baton-privx", version, config.Config, newConnector,
		connectorrunner.WithDefaultCapabilitiesConnectorBuilderV2(&connector.Connector{}),
		connectorrunner.WithWorkerCount(workers),
	)
}
