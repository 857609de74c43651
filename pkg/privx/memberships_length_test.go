package privx_test

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/conductorone/baton-privx/internal/errorid"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// grantLength is the time limit of these tests: eight hours from the clock's
// 2026-03-04T05:06:07Z.
const (
	grantLength = 8 * time.Hour
	grantStart  = "2026-03-04T05:06:07Z"
	grantEnd    = "2026-03-04T13:06:07Z"
)

// A grant with a time limit ends by PrivX's clock, in both encodings.
func TestGrantLength_EndsByPrivXsClock(t *testing.T) {
	t.Parallel()
	over := privxsim.Grant{Type: privxsim.GrantTimeRestricted, Periods: []privxsim.Period{{Start: "2020-01-01T00:00:00Z", End: "2021-01-01T00:00:00Z"}}}
	for name, tt := range map[string]struct {
		prepare func(m *members)
		fields  string
		how     string
	}{
		"new":    {func(*members) {}, "", onlyExplicit},
		"mapped": {func(m *members) { m.store.Map(m.none, m.user) }, `,"implicit":true`, bothParts},
		"over": {func(m *members) {
			m.store.GrantExplicit(m.none, m.user, over)
			m.store.SetEntryExtra(m.none, m.user, map[string]json.RawMessage{"x_ticket": json.RawMessage("1.50")})
		}, `,"x_ticket":1.50`, onlyExplicit},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, wrong := range []time.Duration{-5 * 365 * 24 * time.Hour, 5 * 365 * 24 * time.Hour} {
				m := newMembers(t, setup{grantLength: grantLength})
				privx.SetClock(m.client, func() time.Time { return m.clock.Now().Add(wrong) })
				tt.prepare(m)
				got, err := m.client.GrantRole(t.Context(), m.user, m.none)
				require.NoError(t, err)
				require.True(t, got.Written)
				require.Equal(t, tt.how, held(got.Membership))
				require.Equal(t, privx.GrantTimeRestricted, got.Membership.GrantType)
				require.Equal(t, []privx.Period{{Start: grantStart, End: grantEnd}}, got.Membership.Periods())

				var entries []map[string]json.RawMessage
				require.NoError(t, json.Unmarshal([]byte(m.writes()[0]), &entries))
				entry := entries[len(entries)-1]
				for field, want := range map[string]string{
					"id": strconv.Quote(m.none), "explicit": "true", "grant_type": `"TIME_RESTRICTED"`,
					"grant_validity_periods": `[{"grant_start":"` + grantStart + `","grant_end":"` + grantEnd + `"}]`,
					"grant_start":            strconv.Quote(grantStart), "grant_end": strconv.Quote(grantEnd),
				} {
					require.Equal(t, want, string(entry[field]), field)
				}
				for field, want := range map[string]string{"implicit": "true", "x_ticket": "1.50"} {
					if strings.Contains(tt.fields, field) {
						require.Equal(t, want, string(entry[field]), field)
					}
				}
				stored := m.entry(t, m.none).Grant
				require.Equal(t, privxsim.Grant{
					Type: privxsim.GrantTimeRestricted, Periods: []privxsim.Period{{Start: grantStart, End: grantEnd}}, Start: grantStart, End: grantEnd,
				}, stored)

				// While the grant holds it is not extended; when it is over, it is made anew.
				m.sim.ResetRequests()
				m.clock.advance(grantLength - time.Second)
				again, err := m.client.GrantRole(t.Context(), m.user, m.none)
				require.NoError(t, err)
				require.False(t, again.Written)
				require.Empty(t, m.writes())
				require.Equal(t, stored, m.entry(t, m.none).Grant)
				m.clock.advance(time.Second)
				again, err = m.client.GrantRole(t.Context(), m.user, m.none)
				require.NoError(t, err)
				require.True(t, again.Written)
				require.Equal(t, "2026-03-04T21:06:07Z", m.entry(t, m.none).Grant.End)
			}
		})
	}
}

// A membership in force is neither shortened nor extended.
func TestGrantLength_InForceStays(t *testing.T) {
	t.Parallel()
	for name, grant := range map[string]privxsim.Grant{
		"permanent": {},
		"floating":  {Type: privxsim.GrantFloating, FloatingHours: 100},
		"shorter":   {Type: privxsim.GrantTimeRestricted, Start: "2026-03-04T05:00:00Z", End: "2026-03-04T06:00:00Z"},
		"longer":    {Type: privxsim.GrantTimeRestricted, Start: "2026-03-04T05:00:00Z", End: "2036-03-04T06:00:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMembers(t, setup{grantLength: grantLength})
			m.store.GrantExplicit(m.none, m.user, grant)
			before := m.memberships()
			got, err := m.client.GrantRole(t.Context(), m.user, m.none)
			require.NoError(t, err)
			require.False(t, got.Written)
			require.Equal(t, "GET", m.calls())
			require.Equal(t, before, m.memberships())
		})
	}
}

// Without PrivX's time, no end can be set, so nothing is granted.
func TestGrantLength_WithoutADate(t *testing.T) {
	t.Parallel()
	for name, date := range map[string][]string{"no Date": nil, "empty": {""}, "not a date": {"2026-03-04T05:06:07Z"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMembers(t, setup{grantLength: grantLength})
			m.faultGet(privxsim.Fault{Kind: privxsim.FaultHeader, Header: http.Header{"Date": date}})
			before := m.roles()
			got, err := m.client.GrantRole(t.Context(), m.user, m.none)
			e := asError(t, err, codes.FailedPrecondition, http.StatusOK)
			require.Nil(t, got)
			require.Contains(t, e.Hint, "grant-max-hours")
			require.Equal(t, errorid.NoDate, errorid.Of(err))
			require.Equal(t, "GET", m.calls())
			require.Equal(t, before, m.roles())

			// A change that sets no end still works.
			got, err = m.client.GrantRole(t.Context(), m.user, m.explicit)
			require.NoError(t, err)
			require.False(t, got.Written)
			got, err = m.client.RevokeRole(t.Context(), m.user, m.explicit)
			require.NoError(t, err)
			require.True(t, got.Written)
		})
	}
}

// Nodes have different clocks, or send no Date. A grant that begins now by the clock of one
// node has begun by the clock of the next one, too.
func TestGrantLength_ClocksOfOtherNodes(t *testing.T) {
	t.Parallel()
	for name, date := range map[string][]string{
		"behind": {"Wed, 04 Mar 2026 05:06:02 GMT"}, "ahead": {"Wed, 04 Mar 2026 05:06:12 GMT"}, "silent": nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMembers(t, setup{grantLength: grantLength})
			m.faultGet(privxsim.Fault{Kind: privxsim.FaultHeader, Header: http.Header{"Date": date}, Skip: 1})
			got, err := m.client.GrantRole(t.Context(), m.user, m.none)
			require.NoError(t, err)
			require.True(t, got.Written)
			require.Equal(t, "GET PUT GET", m.calls())
			require.Equal(t, grantEnd, got.Membership.GrantEnd)
		})
	}
}

// The same in a second cycle, which a write by something else causes.
func TestGrantLength_ClocksInASecondCycle(t *testing.T) {
	t.Parallel()
	for name, date := range map[string][]string{
		"behind": {"Wed, 04 Mar 2026 05:06:02 GMT"}, "ahead": {"Wed, 04 Mar 2026 05:06:12 GMT"}, "silent": nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMembers(t, setup{grantLength: grantLength})
			m.faultGet(privxsim.Fault{Kind: privxsim.FaultHeader, Header: http.Header{"Date": date}, Skip: 1})
			m.afterPut(func(n int) {
				if n == 1 {
					m.store.GrantExplicit(m.other, m.user, privxsim.Grant{})
				}
			})
			got, err := m.client.GrantRole(t.Context(), m.user, m.none)
			require.NoError(t, err)
			require.Equal(t, []string{m.other}, got.Disturbed)
			require.Equal(t, "GET PUT GET GET", m.calls())
			require.Equal(t, grantEnd, got.Membership.GrantEnd)
		})
	}
}

// A second grant a moment later finds the first one in force, whichever clock it is told.
func TestGrantLength_ASecondGrantByAnotherClock(t *testing.T) {
	t.Parallel()
	m := newMembers(t, setup{grantLength: grantLength})
	_, err := m.client.GrantRole(t.Context(), m.user, m.none)
	require.NoError(t, err)
	m.sim.ResetRequests()
	m.faultGet(privxsim.Fault{Kind: privxsim.FaultHeader, Header: http.Header{"Date": {"Wed, 04 Mar 2026 05:06:02 GMT"}}})
	got, err := m.client.GrantRole(t.Context(), m.user, m.none)
	require.NoError(t, err)
	require.False(t, got.Written)
	require.Equal(t, "GET", m.calls())
}

// A second cycle sets a new end, by the time of its own read.
func TestGrantLength_OfASecondWrite(t *testing.T) {
	t.Parallel()
	membersInBubble(t, setup{grantLength: grantLength}, func(t *testing.T, m *members) {
		m.afterPut(func(n int) {
			if n == 1 {
				m.store.RemoveExplicit(m.none, m.user)
			}
		})
		began := time.Now()
		got, err := m.client.GrantRole(t.Context(), m.user, m.none)
		require.NoError(t, err)
		require.Equal(t, began.Add(api.LagTime+grantLength).UTC().Format(time.RFC3339), got.Membership.GrantEnd)
	})
}
