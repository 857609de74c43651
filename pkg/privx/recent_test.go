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

// A node that still shows the list from before a change which was verified a
// moment ago: nothing is concluded from it, and it is not written back.
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

			// The opposite is not taken for done already.
			m.faultGet(privxsim.Fault{Kind: privxsim.FaultStale, Count: 1})
			got, err = m.client.RevokeRole(t.Context(), m.user, m.other)
			require.NoError(t, err)
			require.True(t, got.Written)
			require.Equal(t, "", m.roles()[m.other])
		})
	}
}

// What something else has undone is believed when no node may lag any more: at once
// when the change is long past.
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

			// Other users' changes say nothing of this one's.
			bob := m.store.AddUser(privxsim.User{Principal: "bob"}).ID
			began = time.Now()
			require.NoError(t, second(m.client.RevokeRole(t.Context(), bob, m.none)))
			require.Zero(t, time.Since(began), "fake time")
		})
	}
}

// A write that PrivX has made and answered with an error is remembered once it was
// verified.
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

// A node whose clock is behind shows a grant that begins now as one that has not
// begun. It is there all the same.
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

// What was changed last counts, whichever case its id was given in: what was granted and
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

// An id in another case is the same role's.
func TestRoleIDInAnotherCase(t *testing.T) {
	t.Parallel()
	bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
		c := m.changes()[name]
		want := except(m.roles(), c.role, c.after)
		if name == "grant" {
			// The simulator, as PrivX may, knows a role that is new by its exact id.
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
