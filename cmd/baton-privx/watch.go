package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/annotations"
	"github.com/conductorone/baton-sdk/pkg/cli"
	"github.com/conductorone/baton-sdk/pkg/connectorbuilder"
	rs "github.com/conductorone/baton-sdk/pkg/types/resource"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/conductorone/baton-privx/pkg/config"
	"github.com/conductorone/baton-privx/pkg/connector"
)

// newConnector makes the connector; where a supervisor wants to know, its
// failures are noted (see supervise.go).
func newConnector(ctx context.Context, cfg *config.Privx, opts *cli.ConnectorOpts) (connectorbuilder.ConnectorBuilderV2, []connectorbuilder.Opt, error) {
	made, builderOpts, err := connector.New(ctx, cfg, opts)
	if path := os.Getenv(failureFileVar); err == nil && path != "" {
		made = &watched{ConnectorBuilderV2: made, failures: &failures{path: path, open: make(map[string]error)}}
	}
	return made, builderOpts, err
}

// failures are the calls of the connector that have failed and have not
// succeeded since. While there is any, the file holds the code of one of them in
// its first line and what was wrong behind it.
type failures struct {
	path string
	mu   sync.Mutex
	open map[string]error
}

// note takes down how a call went. A cancelled one is the consequence of
// something else.
func (f *failures) note(call string, err error) {
	if errors.Is(err, context.Canceled) || status.Code(err) == codes.Canceled {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	switch status.Code(err) {
	case codes.OK:
		if _, failed := f.open[call]; !failed {
			return
		}
		delete(f.open, call)
	default:
		f.open[call] = err
	}
	f.write()
}

func (f *failures) write() {
	var worst error
	for _, err := range f.open {
		// Unavailable may yet succeed; what is final tells more.
		if worst == nil || status.Code(worst) == codes.Unavailable {
			worst = err
		}
	}
	if worst == nil {
		_ = os.Remove(f.path)
		return
	}
	// Not being able to note it leaves the SDK's own exit code, which is mostly right.
	_ = os.WriteFile(f.path, fmt.Appendf(nil, "%d\n%v", uint32(status.Code(worst)), worst), 0o600)
}

// watched is a connector whose failures are noted.
type watched struct {
	connectorbuilder.ConnectorBuilderV2
	failures *failures
}

func (w *watched) Validate(ctx context.Context) (annotations.Annotations, error) {
	notes, err := w.ConnectorBuilderV2.Validate(ctx)
	w.failures.note("validate", err)
	return notes, err
}

func (w *watched) ResourceSyncers(ctx context.Context) []connectorbuilder.ResourceSyncerV2 {
	syncers := w.ConnectorBuilderV2.ResourceSyncers(ctx)
	for i, syncer := range syncers {
		targeted, ok := syncer.(targetedSyncer)
		if !ok {
			continue
		}
		made := &watchedSyncer{targetedSyncer: targeted, failures: w.failures}
		syncers[i] = made
		if provisioner, ok := syncer.(connectorbuilder.ResourceProvisionerV2Limited); ok {
			syncers[i] = &watchedProvisioner{watchedSyncer: made, provisioner: provisioner}
		}
	}
	return syncers
}

// targetedSyncer is what the connector's syncers are.
type targetedSyncer interface {
	connectorbuilder.ResourceSyncerV2
	connectorbuilder.ResourceTargetedSyncerLimited
}

type watchedSyncer struct {
	targetedSyncer
	failures *failures
}

func (w *watchedSyncer) List(ctx context.Context, parent *v2.ResourceId, opts rs.SyncOpAttrs) ([]*v2.Resource, *rs.SyncOpResults, error) {
	rows, results, err := w.targetedSyncer.List(ctx, parent, opts)
	w.failures.note("list "+w.ResourceType(ctx).GetId()+opts.PageToken.Token, err)
	return rows, results, err
}

func (w *watchedSyncer) Grants(ctx context.Context, of *v2.Resource, opts rs.SyncOpAttrs) ([]*v2.Grant, *rs.SyncOpResults, error) {
	rows, results, err := w.targetedSyncer.Grants(ctx, of, opts)
	w.failures.note("grants "+of.GetId().GetResource()+opts.PageToken.Token, err)
	return rows, results, err
}

func (w *watchedSyncer) Get(ctx context.Context, id, parent *v2.ResourceId) (*v2.Resource, annotations.Annotations, error) {
	row, notes, err := w.targetedSyncer.Get(ctx, id, parent)
	if status.Code(err) != codes.NotFound { // which a targeted sync leaves out
		w.failures.note("get "+id.GetResource(), err)
	}
	return row, notes, err
}

// watchedProvisioner is a syncer that also grants and revokes.
type watchedProvisioner struct {
	*watchedSyncer
	provisioner connectorbuilder.ResourceProvisionerV2Limited
}

func (w *watchedProvisioner) Grant(ctx context.Context, principal *v2.Resource, entitlement *v2.Entitlement) ([]*v2.Grant, annotations.Annotations, error) {
	grants, notes, err := w.provisioner.Grant(ctx, principal, entitlement)
	w.failures.note("grant "+entitlement.GetId()+" "+principal.GetId().GetResource(), err)
	return grants, notes, err
}

func (w *watchedProvisioner) Revoke(ctx context.Context, grant *v2.Grant) (annotations.Annotations, error) {
	notes, err := w.provisioner.Revoke(ctx, grant)
	w.failures.note("revoke "+grant.GetEntitlement().GetId()+" "+grant.GetPrincipal().GetId().GetResource(), err)
	return notes, err
}
