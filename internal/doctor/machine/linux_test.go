package machine

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// Linux says how much there is of everything.
func TestLinuxSays(t *testing.T) {
	t.Parallel()
	free, err := spaceIn(t.TempDir())
	require.NoError(t, err)
	require.Positive(t, free)
	_, err = spaceIn(t.TempDir() + "/gone")
	require.Error(t, err)
	limit, _, err := memoryLimit(os.DirFS("/"))
	require.NoError(t, err)
	require.Positive(t, limit)
}
