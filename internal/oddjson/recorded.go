package oddjson

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Recorded are the answers of a real PrivX that the simulator is held to. The caller is a
// test of a package two folders below the root.
func Recorded(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "internal", "privxsim", "testdata", "*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var bodies []string
	for _, file := range files {
		body, err := os.ReadFile(file)
		require.NoError(t, err)
		bodies = append(bodies, string(body))
	}
	return bodies
}
