package privx_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// A node still shows the list from before a change that was verified a moment ago. Nothing
// is concluded from that list, and it is not written back.
func TestRecent_AStaleFirstRead(t *testing.T) {
	t.Parallel()
	for _, stale := range []int{1, 2, 4, 11} {
		bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
			first := m.changes()[name]
			require.NoError(t, second(first.change(t.Context(), m.user, first.role)))
			want := except(m.roles(), m.other, onlyExplicit)
			m.faultGet(privxsim.Fault{Kind: privxsim.FaultStale, Count: stale})
			got, err := m.client.GrantRole(t.Context(), m.user, m.other)
			require.NoError(t, err)
			require.True(t, got.Written)
			require.Empty(t, got.Disturbed)
			require.Equal(t, want, m.roles(), "%d stale reads", stale)

			// The opposite change is not taken for already done.
			m.faultGet(privxsim.Fault{Kind: privxsim.FaultStale, Count: 1})
			got, err = m.client.RevokeRole(t.Context(), m.user, m.other)
			require.NoError(t, err)
			require.True(t, got.Written)
			require.Equal(t, "", m.roles()[m.other])
		})
	}
}

// A list that shows a change undone is believed once no node may lag any more. That is at
// once if the change was made long ago.
func TestRecent_WhatWasUndoneIsBelieved(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		after, took time.Duration
	}{
		{0, api.LagTime},
		{api.LagTime - time.Nanosecond, 250 * time.Millisecond},
		{api.LagTime, 0},
	} {
		membersInBubble(t, setup{}, func(t *testing.T, m *members) {
			require.NoError(t, second(m.client.GrantRole(t.Context(), m.user, m.none)))
			m.store.RemoveExplicit(m.none, m.user)
			time.Sleep(tt.after) // Fake time.
			began := time.Now()
			got, err := m.client.RevokeRole(t.Context(), m.user, m.none)
			require.NoError(t, err)
			require.Equal(t, &privx.Change{}, got)
			require.Equal(t, tt.took, time.Since(began), "fake time")

			// Changes of other users make no difference to this one.
			bob := m.store.AddUser(privxsim.User{Principal: "bob"}).ID
			began = time.Now()
			require.NoError(t, second(m.client.RevokeRole(t.Context(), bob, m.none)))
			require.Zero(t, time.Since(began), "fake time")
		})
	}
}

// A write that PrivX has made but answered with an error is remembered once a read has
// shown it.
func TestRecent_AWriteThatFailedAndWasMade(t *testing.T) {
	t.Parallel()
	bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
		c := m.changes()[name]
		want := except(except(m.roles(), c.role, c.after), m.other, onlyExplicit)
		m.faultPut(privxsim.Fault{Kind: privxsim.FaultStatusAfter, Status: http.StatusBadGateway, Count: 1})
		require.NoError(t, second(c.change(t.Context(), m.user, c.role)))
		m.faultGet(privxsim.Fault{Kind: privxsim.FaultStale, Count: 5})
		require.NoError(t, second(m.client.GrantRole(t.Context(), m.user, m.other)))
		require.Equal(t, want, m.roles())
	})
}

// By the clock of a node that is behind, a grant that begins now has not begun. It counts as
// begun all the same.
func TestRecent_AClockThatIsBehind(t *testing.T) {
	t.Parallel()
	membersInBubble(t, setup{grantLength: grantLength}, func(t *testing.T, m *members) {
		require.NoError(t, second(m.client.GrantRole(t.Context(), m.user, m.none)))
		began := time.Now()
		m.faultGet(privxsim.Fault{Kind: privxsim.FaultHeader, Header: http.Header{"Date": {began.Add(-time.Minute).UTC().Format(http.TimeFormat)}}})
		got, err := m.client.GrantRole(t.Context(), m.user, m.other)
		require.NoError(t, err)
		require.Empty(t, got.Disturbed)
		require.Zero(t, time.Since(began), "fake time")
	})
}

// The last change of a role counts, whatever the case of the role's id. A grant that was
// then revoked is not waited for.
func TestRecent_TheSameRoleInAnotherCase(t *testing.T) {
	t.Parallel()
	membersInBubble(t, setup{}, func(t *testing.T, m *members) {
		began := time.Now()
		require.NoError(t, second(m.client.GrantRole(t.Context(), m.user, m.none)))
		require.NoError(t, second(m.client.RevokeRole(t.Context(), m.user, strings.ToUpper(m.none))))
		got, err := m.client.GrantRole(t.Context(), m.user, m.other)
		require.NoError(t, err)
		require.Empty(t, got.Disturbed)
		require.Zero(t, time.Since(began), "fake time")
	})
}

// An id in another case is the id of the same role.
func TestRoleIDInAnotherCase(t *testing.T) {
	t.Parallel()
	bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
		c := m.changes()[name]
		want := except(m.roles(), c.role, c.after)
		if name == "grant" {
			// The simulator finds a new role only by its exact id, as PrivX may.
			require.NoError(t, second(c.change(t.Context(), m.user, c.role)))
			m.sim.ResetRequests()
		}
		got, err := c.change(t.Context(), m.user, strings.ToUpper(c.role))
		require.NoError(t, err)
		require.Equal(t, c.after, held(got.Membership))
		require.Equal(t, want, m.roles())
		require.Equal(t, name == "revoke", got.Written)
	})
}
