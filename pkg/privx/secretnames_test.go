package privx_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

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

// Whatever a secret's name is, its own metadata is read and nothing else.
func TestSecrets_OddNames(t *testing.T) {
	t.Parallel()
	h := newHarness(t, withTargets(0, privxsim.Options{}))
	for _, name := range []string{
		"plain", "with space", "a/b", "/a", "a/", `a\b`, `"quoted"`, "it's", "50%", "%2F", "a?b=c", "a#b", "a;b", "a:b@c", "{}", "...a", ".hidden", "a..b", "ö", "مرحبا", "\u202erl",
		"\t", "+", "~", strings.Repeat("n", 200), "secrets/other", "metadata/secrets/plain",
	} {
		for _, owner := range []string{"", privxsim.DefaultAPIClientID} {
			want := h.store.AddSecret(privxsim.Secret{Name: name, OwnerID: owner, ReadRoles: []privxsim.RoleRef{{ID: viewer}}})
			got, err := h.client.GetSecret(t.Context(), owner, name)
			require.NoError(t, err, "%q", name)
			require.Equal(t, privx.Secret{Name: name, OwnerID: owner, ReadRoles: []privx.RoleRef{{ID: viewer, Name: "viewer"}}, WriteRoles: got.WriteRoles}, *got)
			require.Empty(t, got.WriteRoles)
			require.Equal(t, want.Name, got.Name)
		}
	}
	for _, r := range h.sim.Requests() {
		require.NotRegexp(t, `^/vault/api/v1/(secrets|user/[^/]+/secrets)/`, r.Path)
	}
}

// A name that could lead something in front of PrivX to another endpoint is not sent.
func TestSecrets_NamesThatLeadElsewhere(t *testing.T) {
	t.Parallel()
	h := newHarness(t, withTargets(0, privxsim.Options{}))
	h.login(t)
	for _, name := range []string{"", ".", "..", "...", "../../secrets/db", "a/../b", "a/./b", "a/..", `..\..\secrets\db`, `a/..\b`} {
		for _, owner := range []string{"", "alice"} {
			_, err := h.client.GetSecret(t.Context(), owner, name)
			wantError(t, err, codes.InvalidArgument, 0)
		}
	}
	_, err := h.client.GetSecret(t.Context(), "../x", "db")
	wantError(t, err, codes.InvalidArgument, 0)
	require.Empty(t, h.sim.Requests())
}

// An answer about another secret is an error: one of another owner, or whose name differs in
// case.
func TestSecrets_AnotherOne(t *testing.T) {
	t.Parallel()
	h := newHarness(t, withTargets(0, privxsim.Options{}))
	for _, body := range []string{`{"name":"DB"}`, `{"name":"db","owner_id":"bob"}`, `{}`, `{"name":null}`} {
		h.sim.ClearFaults()
		h.answerJSON(secretPath, body)
		_, err := h.client.GetSecret(t.Context(), "", "db")
		wantError(t, err, codes.FailedPrecondition, http.StatusOK)
	}
}
