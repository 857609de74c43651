package connector_test

import (
	"testing"

	"github.com/conductorone/baton-sdk/pkg/connectorbuilder"
	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/config"
	"github.com/conductorone/baton-privx/pkg/connector"
)

// targetsInBubble is inBubble for a sync of targets.
func targetsInBubble(t *testing.T, store *privxsim.Store, options privxsim.Options, set func(*config.Privx), test func(x *tenant)) {
	t.Helper()
	inBubble(t, store, options, allFour, func(x *tenant) {
		another := x.another
		x.another = func() connectorbuilder.ConnectorBuilderV2 {
			made, ok := another().(*connector.Connector)
			require.True(x.t, ok)
			cfg := &config.Privx{}
			set(cfg)
			made.SetReach(cfg, false)
			return made
		}
		x.connector = x.another()
		test(x)
	})
}

// everything asks for all there is of targets.
func everything(cfg *config.Privx) {
	allTargets(cfg)
	cfg.RoleSummary, cfg.ExpandReach = true, config.ExpandOn
}

// viewedStore is a tenant in which the API client may read targets.
func viewedStore() *privxsim.Store {
	store := plainStore()
	viewer := store.AddRole(privxsim.Role{Name: "viewer of targets", Permissions: targetPermissions})
	store.GrantExplicit(viewer.ID, privxsim.DefaultAPIClientID, privxsim.Grant{})
	return store
}
