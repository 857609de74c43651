package connector_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/config"
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

// Roles that targets name and that the sync has not seen are warned of, once, also where
// another process has read the targets.
func TestUnseenRolesOfASyncThatAnotherProcessBegan(t *testing.T) {
	t.Parallel()
	l := newLandscape()
	set := func(c *config.Privx) { c.SyncHosts, c.SyncSecrets, c.ExpandReach = true, true, config.ExpandOff }
	targetsInBubble(t, l.store, privxsim.Options{UnmarkedDeletedRoles: true}, set, func(x *tenant) {
		first := x.pieces("sync")
		hosts := first.list("host")
		x.connector = x.another()
		second := x.pieces("sync")
		second.list("user")
		roles := second.list("role")
		for _, host := range hosts {
			second.reaching(host, "")
		}
		second.allMembers(roles)
		require.Len(x.t, x.logs.FilterMessageSnippet("targets name roles that PrivX did not list").All(), 1)
	})
}
