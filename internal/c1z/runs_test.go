package c1z_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/c1z"
)

func engines() []c1zstore.Engine {
	return []c1zstore.Engine{c1zstore.EnginePebble, c1zstore.EngineSQLite}
}

// write writes to a file, in its own words.
func write(t *testing.T, engine c1zstore.Engine, path string, change func(ctx context.Context, store c1zstore.Store) error) {
	t.Helper()
	store, err := dotc1z.NewStore(t.Context(), path, dotc1z.WithEngine(engine), dotc1z.WithTmpDir(t.TempDir()))
	require.NoError(t, err)
	require.NoError(t, change(t.Context(), store))
	require.NoError(t, store.Close(t.Context()))
}

// begin begins a sync and leaves its id in a variable.
func begin(id *string) func(context.Context, c1zstore.Store) error {
	return func(ctx context.Context, store c1zstore.Store) error {
		var err error
		*id, err = store.StartNewSync(ctx, connectorstore.SyncTypeFull, "")
		if err != nil {
			return err
		}
		return store.CheckpointSync(ctx, "so far")
	}
}

func end(ctx context.Context, store c1zstore.Store) error {
	if _, _, err := store.StartOrResumeSync(ctx, connectorstore.SyncTypeFull, ""); err != nil {
		return err
	}
	return store.EndSync(ctx)
}

// A sync is known from its begin, and when it is finished, with the time at which
// it began. Reading leaves nothing behind.
func TestRuns(t *testing.T) {
	t.Parallel()
	for _, engine := range engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			path, temporary := filepath.Join(t.TempDir(), "sync.c1z"), t.TempDir()
			runs := func() []c1z.Run {
				found, err := c1z.Runs(t.Context(), path, temporary)
				require.NoError(t, err)
				left, err := os.ReadDir(temporary)
				require.NoError(t, err)
				require.Empty(t, left)
				return found
			}
			require.Empty(t, runs(), "there is no file")
			require.NoError(t, os.WriteFile(path, nil, 0o600))
			require.Empty(t, runs(), "the file is empty")

			var id string
			start := time.Now()
			write(t, engine, path, begin(&id))
			began := runs()
			require.Len(t, began, 1)
			require.Equal(t, id, began[0].ID)
			require.False(t, began[0].Finished)
			require.WithinRange(t, began[0].Began, start, time.Now())

			write(t, engine, path, end)
			require.Equal(t, []c1z.Run{{ID: id, Began: began[0].Began, Finished: true}}, runs())
		})
	}
}

// A file that is not whole holds no sync, wherever it was cut off, and what is no
// file of a sync is an error.
func TestRunsOfBrokenFiles(t *testing.T) {
	t.Parallel()
	for _, engine := range engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "sync.c1z")
			var id string
			write(t, engine, path, begin(&id))
			write(t, engine, path, end)
			whole, err := os.ReadFile(path)
			require.NoError(t, err)
			for _, length := range []int{3, 5, 100, len(whole) / 2, len(whole) - 1} {
				require.NoError(t, os.WriteFile(path, whole[:length], 0o600))
				found, err := c1z.Runs(t.Context(), path, t.TempDir())
				// SQLite takes a file with nothing in it for a new one.
				require.True(t, err != nil || len(found) == 0, "%d bytes of %d", length, len(whole))
			}
			_, err = c1z.Runs(t.Context(), filepath.Dir(path), t.TempDir())
			require.Error(t, err, "a folder")
		})
	}
}
