package main_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/conductorone/baton-privx/internal/c1z"
	"github.com/conductorone/baton-privx/internal/errorid"
	"github.com/conductorone/baton-privx/internal/privxsim"
)

// reachSettings ask for all that roles reach.
var reachSettings = []string{"--sync-hosts", "--sync-secrets", "--sync-network-targets", "--sync-api-targets", "--sync-aws-roles", "--role-summary"}

// withTargets is a small PrivX that has hosts and other targets.
func withTargets(t *testing.T) *site {
	t.Helper()
	return newSite(t, privxsim.Seed(privxsim.SeedOptions{Users: 30, Roles: 8, Hosts: 12, Secrets: 3, NetworkTargets: 3, APITargets: 3, AWSRoles: 3}), privxsim.Options{})
}

// ofPeople counts the grants on hosts that people have, and those that roles have.
func ofPeople(content *c1z.Content) (int, int) {
	people, roles := 0, 0
	for _, id := range content.GrantIDs() {
		switch {
		case !strings.HasPrefix(id, "host:"):
		case strings.Contains(id, ":user:"):
			people++
		case strings.Contains(id, ":role:"):
			roles++
		}
	}
	return people, roles
}

// In service mode, people are seen on what their roles reach; in a one-shot run, that has to
// be asked for.
func TestReachIsExpandedInServiceMode(t *testing.T) {
	t.Parallel()
	ctx, tn := patience(t), newTenant(t)
	tn.site = withTargets(t)
	tn.start(t, reachSettings...)
	served := content(ctx, t, tn.c1.SyncFull(nil))
	people, roles := ofPeople(served)
	require.Positive(t, people)
	require.Positive(t, roles)

	shot := run(t, env(tn.settings()), reachSettings...)
	require.Zero(t, shot.code, shot.all())
	read, err := c1z.Read(t.Context(), shot.file())
	require.NoError(t, err)
	none, same := ofPeople(read)
	require.Zero(t, none)
	require.Equal(t, roles, same)

	asked := run(t, env(tn.settings()), append([]string{"--expand-reach", "on"}, reachSettings...)...)
	require.Zero(t, asked.code, asked.all())
	read, err = c1z.Read(t.Context(), asked.file())
	require.NoError(t, err)
	require.Equal(t, served.GrantIDs(), read.GrantIDs())
}

// A single host is synced where hosts are.
func TestTargetedSyncOfAHost(t *testing.T) {
	t.Parallel()
	s := withTargets(t)
	host := s.store.Hosts()[0].ID
	got := run(t, env(s.settings()), "--sync-hosts", "--sync-resources", "bid:r:host/"+host)
	require.Zero(t, got.code, got.all())
	read, err := c1z.Read(t.Context(), got.file())
	require.NoError(t, err)
	require.Len(t, read.Resources, 1)
	require.Equal(t, host, read.Resources[0].GetId().GetResource())
}

// An expansion that is too large ends a one-shot run with an error that says what to do.
func TestReachThatIsTooLarge(t *testing.T) {
	t.Parallel()
	got := run(t, env(withTargets(t).settings()), append([]string{"--expand-reach", "on", "--expand-reach-limit", "5"}, reachSettings...)...)
	require.Equal(t, int(codes.FailedPrecondition), got.code, got.all())
	require.Equal(t, errorid.TooManyRows, got.ownError(t))
	require.Contains(t, got.all(), "which is more than the limit of 5")
	requireNotFinished(t, got.file())
	requireNoSecrets(t, got)
}
