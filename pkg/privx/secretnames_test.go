package privx_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/privx"
)

// Secrets are told apart by their owners and by the case of their names, also where PrivX
// pages one at a time.
func TestSecrets_AlikeNames(t *testing.T) {
	t.Parallel()
	for _, clamp := range []int{0, 1, 2} {
		inBubble(t, withTargets(0, privxsim.Options{MaxPageSize: clamp}), func(t *testing.T, h *harness) {
			for _, owner := range []string{"", "alice", "bob"} {
				for _, name := range []string{"db", "DB", "Db", "alice/db", strings.Repeat("x", 200), strings.Repeat("x", 199) + "X"} {
					h.store.AddSecret(privxsim.Secret{Name: name, OwnerID: owner})
				}
			}
			h.targetLists()[1].wantAll(t)
		})
	}
}

func TestSecrets_Identity(t *testing.T) {
	t.Parallel()
	one := privx.Secret{OwnerID: "A", Name: "db"}
	require.True(t, privx.SameID(one.Identity(), privx.Secret{OwnerID: "a", Name: "db"}.Identity()), "owners are ids")
	for _, other := range []privx.Secret{{OwnerID: "A", Name: "DB"}, {Name: "db"}, {Name: "A/db"}, {OwnerID: "A/db", Name: ""}} {
		require.False(t, privx.SameID(one.Identity(), other.Identity()))
	}
	require.Empty(t, privx.Secret{OwnerID: "A"}.Identity())
	require.Less(t, len(privx.Secret{Name: strings.Repeat("x", 10_000)}.Identity()), 100, "it is in page tokens")
}

// Whatever a secret's name is, it is listed under it, and the name is in no path.
func TestSecrets_OddNames(t *testing.T) {
	t.Parallel()
	h := newHarness(t, withTargets(0, privxsim.Options{MaxPageSize: 7}))
	names := []string{
		"plain", "with space", "a/b", "/a", "a/", `a\b`, `"quoted"`, "it's", "50%", "%2F", "a?b=c", "a#b", "a;b", "a:b@c", "{}", "...a", ".hidden", "a..b", "ö", "مرحبا", "\u202erl",
		"\t", "+", "~", strings.Repeat("n", 200), "secrets/other", "..", "../../secrets/plain", "a/../b",
	}
	for _, name := range names {
		h.store.AddSecret(privxsim.Secret{Name: name, OwnerID: "alice", ReadRoles: []privxsim.RoleRef{{ID: viewer}}})
		h.store.AddSecret(privxsim.Secret{Name: name, ReadRoles: []privxsim.RoleRef{{ID: viewer}}})
	}
	var shared []string
	for token := ""; ; {
		page, err := h.client.ListSecrets(t.Context(), token)
		require.NoError(t, err)
		for _, secret := range page.Items {
			require.Equal(t, []privx.RoleRef{{ID: viewer, Name: "viewer"}}, secret.ReadRoles)
			if secret.OwnerID == "" {
				shared = append(shared, secret.Name)
			}
		}
		if token = page.Next; token == "" {
			break
		}
	}
	require.ElementsMatch(t, names, shared)
	for _, r := range h.sim.Requests() {
		require.Contains(t, []string{"/vault/api/v1/search/secrets", tokenPath}, r.Path)
	}
}
