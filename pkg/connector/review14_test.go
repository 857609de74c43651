package connector_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/config"
)

// A permission lost between the check and the only page of hosts.
func TestR14PermissionLostBeforeTheOnlyPage(t *testing.T) {
	t.Parallel()
	l := newLandscape()
	x := newTenantWith(t, l.store, privxsim.Options{}, func(c *config.Privx) { c.SyncHosts = true })
	x.sim.OnRequest(func(r privxsim.Request) {
		if r.Path != "/host-store/api/v1/hosts/search" {
			return
		}
		for _, role := range l.store.Roles() {
			if i := slices.Index(role.Permissions, "hosts-view"); i >= 0 && role.Name != "privx-admin" {
				role.Permissions = slices.Delete(slices.Clone(role.Permissions), i, i+1)
				l.store.UpdateRole(role)
			}
		}
	})
	path, err := x.sync()
	if err == nil {
		t.Log(read(t, path).ResourceIDs("host"))
	}
	require.Error(t, err)
}
