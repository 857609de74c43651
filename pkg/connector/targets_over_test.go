package connector_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/connector"
)

// Of a sync of targets that is over, what is kept for grants that may come after its closing
// line is forgotten as well, an hour after the last of them.
func TestSyncsOfTargetsThatAreOver(t *testing.T) {
	t.Parallel()
	targetsInBubble(t, newLandscape().store, privxsim.Options{}, everything, func(x *tenant) {
		made, ok := x.connector.(*connector.Connector)
		require.True(x.t, ok)
		for range 3 {
			_, err := x.sync()
			require.NoError(x.t, err)
			require.Equal(x.t, 1, made.Runs())
			time.Sleep(61 * time.Minute)
		}
	})
}
