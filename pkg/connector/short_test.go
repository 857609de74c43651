package connector

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// What is left out of make test-short is left out nowhere else: .ci/run sets CI, and runs
// everything, whatever GOFLAGS says.
func TestNothingIsLeftOutInCI(t *testing.T) {
	t.Parallel()
	if os.Getenv("CI") == "" {
		t.Skip("this is not CI")
	}
	require.False(t, testing.Short(), "-short leaves out tests: CI runs make test without it")
}
