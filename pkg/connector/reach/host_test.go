package reach_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/pkg/connector/reach"
	"github.com/conductorone/baton-privx/pkg/privx"
)

// Entries of the same account are one way, which tells once what each of them says.
func TestEntriesOfTheSameAccount(t *testing.T) {
	t.Parallel()
	shell := map[string]map[string]bool{"ssh": {"shell": true}}
	entry := func(role string, options map[string]map[string]bool) privx.Account {
		return privx.Account{Principal: "root", Roles: []privx.RoleRef{{ID: role}}, Options: options}
	}
	ways := reach.OfHost(privx.Host{CommonName: "db-1", Accounts: []privx.Account{
		entry("a", shell), entry("b", nil), entry("c", shell), entry("d", nil),
	}}, nil).Ways
	require.Len(t, ways, 1)
	require.Equal(t, []string{"a", "b", "c", "d"}, ways[0].Roles)
	require.Equal(t, "Reach the account root on the host db-1. Or: Reach the account root on the host db-1. Allowed: SSH shell.", ways[0].Text)
}

// What is told of the rotation of a password is told of the host's own account of that name.
func TestRotationOfTheHostsOwnAccount(t *testing.T) {
	t.Parallel()
	host := privx.Host{CommonName: "db-1", Rotations: []privx.Rotation{{Principal: "root", LastRotated: "2026-10-01T00:00:00Z"}}, Accounts: []privx.Account{
		{Principal: "root"},
		{Principal: "root", Domain: &privx.Named{ID: "d", Name: "corp"}},
		{Principal: "root", UseUserAccount: true},
	}}
	for _, way := range reach.OfHost(host, nil).Ways {
		require.Equal(t, way.Slug == "account:root", strings.Contains(way.Text, "rotated"), way.Text)
	}
}

// The names in a role's summary are cut, so that what follows them is told.
func TestLongNamesInASummary(t *testing.T) {
	t.Parallel()
	var sums reach.Sums
	long := strings.Repeat("x", 500)
	for _, n := range []string{"1", "2", "3", "4"} {
		sums.Add(reach.OfHost(privx.Host{ID: n, CommonName: n + long, Accounts: []privx.Account{{Principal: n + long, Roles: []privx.RoleRef{{ID: "a"}}}}}, nil))
	}
	words := sums.Of("a").InWords(reach.Host)
	require.Less(t, len(words), 500)
	require.Contains(t, words, "4 hosts (1xxx")
}
