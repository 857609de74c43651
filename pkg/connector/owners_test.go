package connector_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	sdksync "github.com/conductorone/baton-sdk/pkg/sync"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/conductorone/baton-privx/internal/errorid"
	"github.com/conductorone/baton-privx/internal/errorid/errortest"
	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/config"
)

// stranger owns a secret. He is a member of no role, and PrivX does not list him.
const stranger = "7f0e7972-8f4f-43a0-795a-abfa0ed0309a"

// withStranger runs a test with a PrivX that has a secret of the stranger's. When it is asked
// for users by id, it finds those that are given as rows.
func withStranger(t *testing.T, found string, test func(x *tenant)) {
	t.Helper()
	store := plainStore()
	store.AddSecret(privxsim.Secret{Name: "bank", OwnerID: stranger})
	cfg := &config.Privx{SyncSecrets: true, SyncPersonalSecrets: true}
	inBubbleWith(t, store, privxsim.Options{MemberCount: true}, allFour, cfg, func(x *tenant) {
		x.sim.OnRequest(func(r privxsim.Request) {
			x.sim.ClearFaults()
			if isSearchByID(r) {
				x.sim.Inject(privxsim.Fault{Path: searchPath, Status: http.StatusOK, Body: fmt.Sprintf(`{"items":[%s]}`, found)})
			}
		})
		test(x)
	})
}

func isSearchByID(r privxsim.Request) bool {
	return r.Path == searchPath && strings.Contains(string(r.Body), "user_id")
}

// requireSearches wants the stranger to have been searched for so often.
func (x *tenant) requireSearches(n int) {
	x.t.Helper()
	for _, r := range x.sim.Requests() {
		if isSearchByID(r) {
			n--
		}
	}
	require.Zero(x.t, n)
}

const (
	ofStrangers = "secret:personal/" + stranger + "/bank:read:user:" + stranger
	notListed   = "baton-privx: members of roles or owners of secrets are not among the users that PrivX listed"
)

// The owner of a personal secret that the list of users did not have is treated as a member is
// of whom that is true: one that was there before proves that the list was short, and others
// are warned of.
func TestOwnersThatWereNotListed(t *testing.T) {
	t.Parallel()
	withStranger(t, fmt.Sprintf(`{"id":%q,"principal":"s","created":"1999-01-01T00:00:00Z"}`, stranger), func(x *tenant) {
		_, err := x.sync()
		require.Equal(x.t, codes.Aborted, status.Code(err), "%v", err)
		require.ErrorContains(x.t, err, "it lacks user "+stranger+", who is a member of a role or owns a secret")
		require.Equal(x.t, errorid.UsersMissing, errortest.ID(x.t, err.Error()))
		require.Empty(x.t, x.closing())
	})
	withStranger(t, "", func(x *tenant) {
		path := filepath.Join(x.t.TempDir(), "sync.c1z")
		require.NoError(x.t, x.syncInto(path, sdksync.WithWorkerCount(4)))
		require.Contains(x.t, readBack(x.t, path).grants, ofStrangers)
		require.Len(x.t, x.closing(), 1)
		warned := x.logs.FilterMessage(notListed).All()
		require.Len(x.t, warned, 1)
		require.Equal(x.t, []any{stranger}, warned[0].ContextMap()["user_ids"])
		x.requireSearches(1)
	})
}

// A sync that has not listed the users concludes nothing of an owner: neither one that another
// process began, nor a targeted one, nor one that is over.
func TestOwnersOfWhomNothingIsKnown(t *testing.T) {
	t.Parallel()
	withStranger(t, "", func(x *tenant) {
		first := x.pieces("sync")
		first.list("user")
		secret := first.list("secret")[0]
		roles := first.list("role")
		first.allMembers(roles)
		require.Len(x.t, x.closing(), 1)
		owned := func(p *pieces) {
			require.Equal(x.t, ofStrangers, p.reaching(secret, "").GetList()[0].GetId())
		}
		owned(first)

		x.connector = x.another()
		resumed := x.pieces("sync")
		resumed.list("role")
		owned(resumed)
		resumed.allMembers(roles)

		path := filepath.Join(x.t.TempDir(), "sync.c1z")
		require.NoError(x.t, x.syncInto(path, sdksync.WithTargetedSyncResources([]*v2.Resource{secret})))
		require.Contains(x.t, readBack(x.t, path).grants, ofStrangers)
		x.requireSearches(0)
		require.Empty(x.t, x.warnings(), "of roles that reach secrets, either: no role reaches one that is personal")
	})
}
