package connector_test

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/config"
)

// shortened is what becomes of a name that is too long for an id.
func shortened(kept, name string) string {
	hash := sha256.Sum256([]byte(name))
	return kept + "~" + hex.EncodeToString(hash[:])
}

// A sync has exactly the grants of the simulator's own map of who reaches what.
func TestTargets(t *testing.T) {
	t.Parallel()
	for name, options := range map[string]privxsim.Options{
		"plain":                  {},
		"null lists":             {NullLists: true},
		"roles unmarked":         {UnmarkedDeletedRoles: true},
		"AWS roles in a list":    {AWSRolesEnvelope: true},
		"no principals searched": {SearchWithoutPrincipals: true},
		"small pages":            {MaxPageSize: 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLandscape()
			x := newTenantWith(t, l.store, options, func(cfg *config.Privx) {
				allTargets(cfg)
				cfg.ExpandReach = config.ExpandOff
			})
			path, err := x.sync()
			require.NoError(t, err)
			content := read(t, path)
			require.Equal(t, reachGrants(l.store), ofTargets(content))
			require.NotEmpty(t, ofTargets(content))
			l.requireResources(t, content)
		})
	}
}
