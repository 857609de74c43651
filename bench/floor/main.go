// Command floor is a connector that answers baton-sdk with the pages in the
// folder $BENCH_PAGES, as bench/record has left them: the rows of baton-privx
// without PrivX, HTTP, TLS and JSON. How long it takes is baton-sdk's own part.
//
// It runs as baton-privx does, but for the process that cmd/baton-privx puts in
// front of itself. --workers is 1 unless given.
package main

import (
	"context"
	"os"

	"github.com/conductorone/baton-sdk/pkg/cli"
	sdkconfig "github.com/conductorone/baton-sdk/pkg/config"
	"github.com/conductorone/baton-sdk/pkg/connectorbuilder"
	"github.com/conductorone/baton-sdk/pkg/field"
	"github.com/spf13/viper"

	"github.com/conductorone/baton-privx/bench/pages"
)

func main() {
	_ = os.Setenv("BATON_DISABLE_HTTP_CACHE", "true")
	sdkconfig.RunConnector(context.Background(), "floor", "bench", field.NewConfiguration(nil), newConnector)
}

func newConnector(context.Context, *viper.Viper, *cli.ConnectorOpts) (connectorbuilder.ConnectorBuilderV2, []connectorbuilder.Opt, error) {
	folder, err := pages.Folder()
	if err != nil {
		return nil, nil, err
	}
	player, err := pages.NewPlayer(folder)
	return player, nil, err
}
