package connector_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	sdksync "github.com/conductorone/baton-sdk/pkg/sync"
	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/config"
)

func expandedHosts(cfg *config.Privx) { cfg.SyncHosts, cfg.ExpandReach = true, config.ExpandOn }

// baton-sdk asks for the grants of hosts after those of roles. The rows of an expansion are
// counted before the session in PrivX is ended, which is the last call, and no member is
// counted once more who has been read.
func TestRowsAreCountedBeforeTheEndOfTheSession(t *testing.T) {
	t.Parallel()
	l := newLandscape()
	for i := range 3 {
		l.store.GrantExplicit(l.dba.ID, l.store.AddUser(privxsim.User{Principal: fmt.Sprint("dba", i)}).ID, privxsim.Grant{})
	}
	l.store.SetMemberCount(l.dba.ID, 1, 1) // out of date
	x := newTenantWith(t, l.store, privxsim.Options{MemberCount: true, MaxPageSize: 3}, expandedHosts)
	_, err := x.sync(sdksync.WithWorkerCount(1))
	require.NoError(t, err)
	requests := x.sim.Requests()
	require.Contains(t, requests[len(requests)-1].Path, "logout")
	for _, r := range requests {
		require.False(t, strings.HasSuffix(r.Path, "/members") && strings.Contains(r.RawQuery, "limit=1&"), r.Path)
	}
	told := x.logs.FilterMessageSnippet("take at most so many rows").All()
	require.Len(t, told, 1)
	members := make(map[string]int64)
	for _, m := range l.store.Memberships() {
		members[m.RoleID]++
	}
	var rows int64
	for _, r := range l.store.Reach() {
		if r.Kind == privxsim.KindHost {
			rows += members[r.Role]
		}
	}
	require.Equal(t, rows, told[0].ContextMap()["rows"])
}

// Who waits for the rows of an expansion to be counted can be called off.
func TestWaitingForTheCountOfRowsEndsWithItsContext(t *testing.T) {
	t.Parallel()
	targetsInBubble(t, newLandscape().store, privxsim.Options{}, expandedHosts, func(x *tenant) {
		sync := x.pieces("a sync")
		sync.list("role")
		row := sync.list("host")[0]
		x.sim.OnRequest(func(r privxsim.Request) {
			if strings.HasSuffix(r.Path, "/members") {
				time.Sleep(10 * time.Second)
			}
		})
		server := x.builder()
		ask := v2.GrantsServiceListGrantsRequest_builder{Resource: row, ActiveSyncId: sync.id}.Build()
		counted := make(chan error)
		go func() {
			_, err := server.ListGrants(x.ctx, ask)
			counted <- err
		}()
		time.Sleep(time.Second)
		ctx, end := context.WithTimeout(x.ctx, time.Second)
		defer end()
		began := time.Now()
		_, err := server.ListGrants(ctx, ask)
		require.ErrorIs(x.t, err, context.DeadlineExceeded)
		require.Equal(x.t, time.Second, time.Since(began))
		require.NoError(x.t, <-counted)
	})
}
