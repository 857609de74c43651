package privx_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/conductorone/baton-privx/internal/errorid"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// A node lags for five seconds. The outdated list that it shows is not written back, so that
// the changes verified before stay.
func TestLag_WhatWasVerifiedStays(t *testing.T) {
	t.Parallel()
	const over = `,"explicit":true,"grant_type":"TIME_RESTRICTED","grant_end":"1999-01-01T00:00:00Z"`
	for name, tt := range map[string]struct {
		roles []string
		first func(c *privx.Client) change
		want  string // is in the list afterwards
		not   string // is not
	}{
		"granted": {[]string{permanent("other")}, func(c *privx.Client) change { return c.GrantRole }, permanentA, "nothing"},
		"revoked": {[]string{permanent("other"), permanent("a")}, func(c *privx.Client) change { return c.RevokeRole }, "other", `"a"`},
		"renewed": {[]string{permanent("other"), role("a", over)}, func(c *privx.Client) change { return c.GrantRole }, permanentA, "TIME_RESTRICTED"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &handmade{roles: tt.roles, lag: 5 * time.Second}
			inHandmadeBubble(t, p, func(t *testing.T, c *privx.Client) {
				got, err := tt.first(c)(t.Context(), "u", "a")
				mustChange(t, got, err)
				require.Equal(t, "GET PUT GET", p.took())
				began := time.Now()
				got, err = c.GrantRole(t.Context(), "u", "b")
				mustChange(t, got, err)
				require.Empty(t, got.Disturbed)
				require.Equal(t, 5*time.Second, time.Since(began), "fake time")
				require.True(t, p.holds(tt.want), "%q", p.written())
				require.False(t, p.holds(tt.not), "%q", p.written())
				require.True(t, p.holds(`"b"`))
			})
		})
	}
}

const permanentA = `{"explicit":true,"grant_type":"PERMANENT","id":"a"}`

// An outdated list does not make the opposite of a verified change look already done.
func TestLag_NothingIsConcludedFromAnOldList(t *testing.T) {
	t.Parallel()
	t.Run("revoke what was granted", func(t *testing.T) {
		t.Parallel()
		p := &handmade{roles: []string{permanent("other")}, lag: 5 * time.Second}
		inHandmadeBubble(t, p, func(t *testing.T, c *privx.Client) {
			got, err := c.GrantRole(t.Context(), "u", "a")
			mustChange(t, got, err)
			got, err = c.RevokeRole(t.Context(), "u", "a")
			mustChange(t, got, err)
			require.False(t, p.holds(`"a"`), "reported as revoked, and there")
		})
	})
	t.Run("grant what was revoked", func(t *testing.T) {
		t.Parallel()
		p := &handmade{roles: []string{permanent("other"), permanent("a")}, lag: 5 * time.Second}
		inHandmadeBubble(t, p, func(t *testing.T, c *privx.Client) {
			got, err := c.RevokeRole(t.Context(), "u", "a")
			mustChange(t, got, err)
			got, err = c.GrantRole(t.Context(), "u", "a")
			mustChange(t, got, err)
			require.True(t, p.holds(`"a"`), "reported as granted, and not there")
		})
	})
}

// A list that keeps contradicting a verified change is believed once no node may lag any
// more. The result of the next change reports that in Disturbed.
func TestLag_BelievedInTheEnd(t *testing.T) {
	t.Parallel()
	p := &handmade{roles: []string{permanent("other")}}
	inHandmadeBubble(t, p, func(t *testing.T, c *privx.Client) {
		for _, id := range []string{"A", "b"} {
			got, err := c.GrantRole(t.Context(), "u", id)
			mustChange(t, got, err)
			time.Sleep(3 * time.Second) // Fake time.
		}
		p.mu.Lock()
		p.set("[" + permanent("other") + "]") // Something else has taken both away.
		p.mu.Unlock()
		began := time.Now()
		got, err := c.GrantRole(t.Context(), "u", "c")
		mustChange(t, got, err)
		require.Equal(t, []string{"A", "b"}, got.Disturbed)
		require.Equal(t, api.LagTime-3*time.Second, time.Since(began), "until b is believed, in fake time")
		require.False(t, p.holds(`"A"`), "what was taken away stays so")
	})
}

// If the caller's deadline leaves no time to wait for the nodes, nothing is written.
func TestLag_NoTimeToWait(t *testing.T) {
	t.Parallel()
	p := &handmade{roles: []string{permanent("other")}, lag: time.Hour}
	inHandmadeBubble(t, p, func(t *testing.T, c *privx.Client) {
		got, err := c.GrantRole(t.Context(), "u", "a")
		mustChange(t, got, err)
		for _, run := range []change{c.GrantRole, c.RevokeRole} {
			ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
			got, err = run(ctx, "u", "b")
			cancel()
			e := asError(t, err, codes.Unavailable, http.StatusOK)
			require.Contains(t, e.Message, "a change which was made a moment ago")
			require.Equal(t, errorid.ChangeNotShown, errorid.Of(err))
			require.Nil(t, got)
		}
		require.Len(t, p.written(), 1)
	})
}

// A write of unknown outcome is not taken for made because of a list from before the
// opposite change was verified.
func TestLag_AWriteOfUnknownOutcome(t *testing.T) {
	t.Parallel()
	p := &handmade{roles: []string{permanent("other")}, lag: 5 * time.Second}
	p.put = func(n int) int { return map[int]int{2: 500}[n] }
	inHandmadeBubble(t, p, func(t *testing.T, c *privx.Client) {
		got, err := c.GrantRole(t.Context(), "u", "a")
		mustChange(t, got, err)
		p.mu.Lock()
		p.fresh = 1 // The read before the revoke comes from the node that took the grant.
		p.mu.Unlock()
		got, err = c.RevokeRole(t.Context(), "u", "a")
		mustChange(t, got, err)
		require.False(t, p.holds(`"a"`), "reported as revoked, and there")
		require.Len(t, p.written(), 3)
	})
}

// A write that PrivX has accepted is not made a second time while a node may lag: it would
// be made from an outdated list.
func TestLag_ATakenWriteIsMadeOnce(t *testing.T) {
	t.Parallel()
	bothInHandmade(t, func(t *testing.T, p *handmade, run change) {
		p.lag, p.list = api.LagTime-time.Second, func(int) string { p.fresh = 0; return "" }
		began := time.Now()
		got, err := run(t.Context(), "u", "a")
		mustChange(t, got, err)
		require.Len(t, p.written(), 1)
		require.Empty(t, got.Disturbed)
		require.Equal(t, api.LagTime-time.Second, time.Since(began), "fake time")
	})
}

// bothInHandmade runs a test for a grant and for a revoke of the role a.
func bothInHandmade(t *testing.T, test func(t *testing.T, p *handmade, run change)) {
	t.Helper()
	t.Run("grant", func(t *testing.T) {
		t.Parallel()
		p := &handmade{roles: []string{permanent("other")}}
		inHandmadeBubble(t, p, func(t *testing.T, c *privx.Client) { test(t, p, c.GrantRole) })
	})
	t.Run("revoke", func(t *testing.T) {
		t.Parallel()
		p := &handmade{roles: []string{permanent("other"), permanent("a")}}
		inHandmadeBubble(t, p, func(t *testing.T, c *privx.Client) { test(t, p, c.RevokeRole) })
	})
}

// Changes of a role are remembered once, whatever the case of its id. What was revoked under
// one spelling is not waited for under the other.
func TestLag_AnIDInAnotherCaseIsRememberedOnce(t *testing.T) {
	t.Parallel()
	p := &handmade{roles: []string{permanent("other")}}
	inHandmadeBubble(t, p, func(t *testing.T, c *privx.Client) {
		got, err := c.GrantRole(t.Context(), "U", "A")
		mustChange(t, got, err)
		got, err = c.RevokeRole(t.Context(), "u", "a")
		mustChange(t, got, err)
		began := time.Now()
		got, err = c.GrantRole(t.Context(), "U", "b")
		mustChange(t, got, err)
		require.Zero(t, time.Since(began), "fake time")
		require.Equal(t, strings.TrimSpace(strings.Repeat("GET PUT GET ", 3)), p.took())
	})
}
