package connector

import (
	"context"

	"github.com/grpc-ecosystem/go-grpc-middleware/logging/zap/ctxzap"
	"go.uber.org/zap"

	"github.com/conductorone/baton-privx/pkg/privx"
)

// directories are PrivX's sources by id in its canonical form; empty where they may not be read.
type directories map[string]privx.Source

// fetchDirectories asks PrivX for its sources. They are optional: where the API client
// lacks the permission, or PrivX goes on showing none, users count as enabled and
// directories have no name. Any other failure fails the sync.
func fetchDirectories(ctx context.Context, client *privx.Client) (directories, error) {
	sources, err := client.Sources(ctx)
	if privx.IsForbidden(err) {
		ctxzap.Extract(ctx).Warn("baton-privx: the API client may not read PrivX's sources: "+
			"every user counts as enabled, and directories are shown by id alone; "+
			"give it the permission sources-view to change that", zap.Error(err))
		return directories{}, nil
	}
	if err != nil {
		return nil, failed("reading the sources (directories)", err)
	}
	if len(sources.Items) == 0 {
		ctxzap.Extract(ctx).Warn("baton-privx: PrivX shows no sources, and has some of its own: " +
			"every user counts as enabled, and directories are shown by id alone; " +
			"look whether PrivX shows them to the API client")
	}
	warnOfCount(ctx, "sources", sources.Total, sources.Read)
	byID := make(directories, len(sources.Items))
	for _, source := range sources.Items {
		byID[privx.CanonicalID(source.ID)] = source
	}
	return byID, nil
}

// status tells whether a directory's users can log in. PrivX has no flag on the
// user itself.
func (d directories) status(id string) (bool, string) {
	source, known := d[privx.CanonicalID(id)]
	if known && source.Enabled != nil && !*source.Enabled {
		return false, "the directory is disabled in PrivX"
	}
	return true, ""
}

// name is a directory's name, empty if it is not known.
func (d directories) name(id string) string { return d[privx.CanonicalID(id)].Name }

// label is what to call a directory in a sentence.
func (d directories) label(id string) string {
	if name := d.name(id); name != "" {
		return name
	}
	return id
}
