package config_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/conductorone/baton-privx/internal/errorid"
	"github.com/conductorone/baton-privx/internal/errorid/errortest"
)

// What is asked for of targets has to fit together.
func TestReach(t *testing.T) {
	t.Parallel()
	for _, good := range []map[string]string{
		{},
		{"sync-secrets": "true", "sync-personal-secrets": "true"},
		{"expand-reach": "auto"}, {"expand-reach": "on", "expand-reach-limit": "10"}, {"expand-reach": "off"},
	} {
		_, err := settings(t, "", apiPair, good)
		require.NoError(t, err, "%v", good)
	}
	_, err := settings(t, "", apiPair, map[string]string{"sync-personal-secrets": "true"})
	require.Equal(t, codes.InvalidArgument, status.Code(err))
	require.ErrorContains(t, err, "baton-privx: sync-personal-secrets: needs sync-secrets")
	require.Equal(t, errorid.SettingUnfit, errortest.ID(t, err.Error()))

	_, err = settings(t, "", apiPair, map[string]string{"expand-reach-limit": "-1"})
	require.ErrorContains(t, err, "expand-reach-limit: must not be below 0")
	require.Equal(t, errorid.Number, errortest.ID(t, err.Error()))

	_, err = settings(t, "", apiPair, map[string]string{"expand-reach": "maybe"})
	require.ErrorContains(t, err, "value must be one of")
}
