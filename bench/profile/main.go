// Command profile is the connector, whose child process also writes the profiles
// $BENCH_PROFILE.cpu and $BENCH_PROFILE.allocs of a sync, from its first call to
// the end of the last role's members.
package main

import (
	"context"
	"errors"
	"os"
	"runtime/pprof"
	"sync"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/cli"
	sdkconfig "github.com/conductorone/baton-sdk/pkg/config"
	"github.com/conductorone/baton-sdk/pkg/connectorbuilder"
	rs "github.com/conductorone/baton-sdk/pkg/types/resource"

	"github.com/conductorone/baton-privx/pkg/config"
	"github.com/conductorone/baton-privx/pkg/connector"
)

func main() {
	_ = os.Setenv("BATON_DISABLE_HTTP_CACHE", "true")
	sdkconfig.RunConnector(context.Background(), "baton-privx", "bench", config.Config, newConnector)
}

func newConnector(ctx context.Context, cfg *config.Privx, opts *cli.ConnectorOpts) (connectorbuilder.ConnectorBuilderV2, []connectorbuilder.Opt, error) {
	made, builderOpts, err := connector.New(ctx, cfg, opts)
	if err != nil {
		return nil, nil, err
	}
	return &profiled{made, &profile{path: os.Getenv("BENCH_PROFILE")}}, builderOpts, nil
}

// profile is one profile of one sync.
type profile struct {
	path string

	mu      sync.Mutex
	cpu     *os.File
	waiting int // roles whose members have not all been listed
}

// begin starts the profile with the first call.
func (p *profile) begin() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cpu != nil {
		return nil
	}
	var err error
	if p.cpu, err = os.Create(p.path + ".cpu"); err != nil {
		return err
	}
	return pprof.StartCPUProfile(p.cpu)
}

// add notes that more roles are to be read, or with -1 that one has been. With
// the last one the profile is written: baton-sdk kills this process in the end.
func (p *profile) add(roles int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting += roles
	if p.waiting > 0 {
		return nil
	}
	pprof.StopCPUProfile()
	allocs, err := os.Create(p.path + ".allocs")
	if err != nil {
		return err
	}
	return errors.Join(pprof.Lookup("allocs").WriteTo(allocs, 0), allocs.Close(), p.cpu.Close())
}

type profiled struct {
	connectorbuilder.ConnectorBuilderV2
	profile *profile
}

func (p *profiled) ResourceSyncers(ctx context.Context) []connectorbuilder.ResourceSyncerV2 {
	syncers := p.ConnectorBuilderV2.ResourceSyncers(ctx)
	for i, syncer := range syncers {
		syncers[i] = &profiledSyncer{syncer, p.profile}
	}
	return syncers
}

type profiledSyncer struct {
	connectorbuilder.ResourceSyncerV2
	profile *profile
}

func (s *profiledSyncer) List(ctx context.Context, parent *v2.ResourceId, opts rs.SyncOpAttrs) ([]*v2.Resource, *rs.SyncOpResults, error) {
	if err := s.profile.begin(); err != nil {
		return nil, nil, err
	}
	rows, results, err := s.ResourceSyncerV2.List(ctx, parent, opts)
	if err == nil && s.ResourceType(ctx).GetId() == "role" {
		err = s.profile.add(len(rows))
	}
	return rows, results, err
}

func (s *profiledSyncer) Grants(ctx context.Context, of *v2.Resource, opts rs.SyncOpAttrs) ([]*v2.Grant, *rs.SyncOpResults, error) {
	rows, results, err := s.ResourceSyncerV2.Grants(ctx, of, opts)
	if err == nil && isLast(results) {
		err = s.profile.add(-1)
	}
	return rows, results, err
}

// isLast reports whether baton-sdk will not ask for another page: the next one may
// be named as usual, or put at the end of its queue.
func isLast(results *rs.SyncOpResults) bool {
	return results == nil || results.NextPageToken == "" && !results.Annotations.Contains(&v2.EnqueuePageTokens{})
}
