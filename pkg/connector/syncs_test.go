package connector_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/connector"
)

// pieces calls the connector for a sync as baton-sdk does, one call at a time.
type pieces struct {
	*tenant

	conn *grpc.ClientConn
	id   string
}

// pieces begins a sync, whose id is as long as baton-sdk's and ends in a name.
func (x *tenant) pieces(name string) *pieces {
	x.t.Helper()
	return &pieces{tenant: x, conn: x.client(), id: strings.Repeat("0", 27-len(name)) + name}
}

// list lists all of a kind.
func (p *pieces) list(kind string) []*v2.Resource {
	p.t.Helper()
	var all []*v2.Resource
	for token := ""; ; {
		page, err := v2.NewResourcesServiceClient(p.conn).ListResources(p.ctx,
			v2.ResourcesServiceListResourcesRequest_builder{ResourceTypeId: kind, PageToken: token, ActiveSyncId: p.id}.Build())
		require.NoError(p.t, err)
		all = append(all, page.GetList()...)
		if token = page.GetNextPageToken(); token == "" {
			return all
		}
	}
}

// members lists those of a role, of which there is one page.
func (p *pieces) members(ctx context.Context, role *v2.Resource) ([]*v2.Grant, error) {
	page, err := v2.NewGrantsServiceClient(p.conn).ListGrants(ctx,
		v2.GrantsServiceListGrantsRequest_builder{Resource: role, ActiveSyncId: p.id}.Build())
	return page.GetList(), err
}

// allMembers lists the members of roles, with which a sync ends.
func (p *pieces) allMembers(roles []*v2.Resource) {
	p.t.Helper()
	for _, role := range roles {
		_, err := p.members(p.ctx, role)
		require.NoError(p.t, err)
	}
}

// setBounds lowers what is remembered.
func (x *tenant) setBounds(bounds connector.Bounds) {
	x.t.Helper()
	made, ok := x.connector.(*connector.Connector)
	require.True(x.t, ok)
	made.SetBounds(bounds)
}

// Of more syncs than are remembered, the one is forgotten that was not used for the
// longest time. What was forgotten has no closing line.
func TestSyncThatIsForgotten(t *testing.T) {
	t.Parallel()
	store := privxsim.Seed(privxsim.SeedOptions{Users: 10, Roles: 3})
	inBubble(t, store, privxsim.Options{MemberCount: true}, allFour, func(x *tenant) {
		x.setBounds(connector.Bounds{Runs: 2})
		first, second, third := x.pieces("first"), x.pieces("second"), x.pieces("third")
		first.list("user")
		second.list("user")
		roles := first.list("role")
		third.list("user") // The second one is forgotten, and not the first.
		first.allMembers(roles)
		require.Len(x.t, x.closing(), 1)
		second.allMembers(second.list("role"))
		require.Len(x.t, x.closing(), 1)
		third.allMembers(third.list("role"))
		require.Len(x.t, x.closing(), 2)
	})
}

// Of a PrivX with more users than are remembered, nothing is concluded: nobody is
// searched for, nobody is a stranger, and there is no closing line.
func TestMoreUsersThanAreRemembered(t *testing.T) {
	t.Parallel()
	store := privxsim.Seed(privxsim.SeedOptions{Users: 60, Roles: 5})
	for name, c := range map[string]struct{ room, lines int }{
		"enough":       {len(store.Users()), 1},
		"one too many": {len(store.Users()) - 1, 0},
		"many":         {10, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, store, privxsim.Options{MaxPageSize: 20}, allFour, func(x *tenant) {
				x.setBounds(connector.Bounds{Users: c.room})
				for i := range 2 { // What the first one took is free again.
					x.requireComplete(x.mustSync())
					require.Len(x.t, x.closing(), (i+1)*c.lines)
				}
				require.Empty(x.t, x.warnings())
				for _, r := range x.sim.Requests() {
					require.NotContains(x.t, string(r.Body), "user_id")
				}
			})
		})
	}
}

// The memory of a sync that was given up is free for users' roles after an hour
// without use, and not before.
func TestRoomOfASyncThatWasGivenUp(t *testing.T) {
	t.Parallel()
	store := holders(fewUsers, fewRoles)
	for after, spared := range map[time.Duration]bool{59 * time.Minute: false, 61 * time.Minute: true} {
		t.Run(fmt.Sprint(after), func(t *testing.T) {
			t.Parallel()
			inBubble(t, store, privxsim.Options{MemberRoles: privxsim.MemberRolesNull}, allFour, func(x *tenant) {
				x.setBounds(connector.Bounds{HeldRoles: roomForOne})
				givenUp, another := x.pieces("given up"), x.pieces("another")
				all := givenUp.list("role")
				givenUp.allMembers(all[:len(all)-1])
				require.Equal(x.t, fewUsers+1, x.lookups())
				time.Sleep(after)
				another.list("user")
				another.allMembers(another.list("role"))
				if lookups := x.lookups(); spared {
					require.Equal(x.t, fewUsers+1, lookups)
				} else {
					require.Greater(x.t, lookups, fewUsers+1)
				}
			})
		})
	}
}
