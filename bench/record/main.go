// Command record is the connector, which also writes each page that it answers
// to baton-sdk into the folder $BENCH_PAGES, for bench/floor to repeat.
package main

import (
	"context"
	"os"

	"github.com/conductorone/baton-sdk/pkg/cli"
	sdkconfig "github.com/conductorone/baton-sdk/pkg/config"
	"github.com/conductorone/baton-sdk/pkg/connectorbuilder"

	"github.com/conductorone/baton-privx/bench/pages"
	"github.com/conductorone/baton-privx/pkg/config"
	"github.com/conductorone/baton-privx/pkg/connector"
)

func main() {
	_ = os.Setenv("BATON_DISABLE_HTTP_CACHE", "true")
	sdkconfig.RunConnector(context.Background(), "baton-privx", "bench", config.Config, newConnector)
}

func newConnector(ctx context.Context, cfg *config.Privx, opts *cli.ConnectorOpts) (connectorbuilder.ConnectorBuilderV2, []connectorbuilder.Opt, error) {
	folder, err := pages.Folder()
	if err != nil {
		return nil, nil, err
	}
	made, builderOpts, err := connector.New(ctx, cfg, opts)
	if err != nil {
		return nil, nil, err
	}
	recorder := pages.NewRecorder(made, folder)
	return recorder, builderOpts, recorder.Keep(ctx)
}
