package privx_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/conductorone/baton-privx/internal/errorid"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/privx"
)

// If the list already is as wanted, nothing is written. Otherwise a change costs a read, a
// write and a read. An implicit membership stays.
func TestWhatAChangeCosts(t *testing.T) {
	t.Parallel()
	const read, write = "GET", "GET PUT GET"
	for _, tt := range []struct {
		name          string
		role          func(m *members) string
		granted, cost string
		revoked, back string
	}{
		{"not held", func(m *members) string { return m.none }, onlyExplicit, write, "", read},
		{"explicit", func(m *members) string { return m.explicit }, onlyExplicit, read, "", write},
		{"mapped", func(m *members) string { return m.mapped }, bothParts, write, onlyImplicit, read},
		{"explicit and mapped", func(m *members) string { return m.both }, bothParts, read, onlyImplicit, write},
		{"privx-user", func(m *members) string { return m.store.UserRoleID() }, bothParts, write, onlyImplicit, read},
	} {
		for name, want := range map[string]struct{ cost, how string }{
			"grant": {tt.cost, tt.granted}, "revoke": {tt.back, tt.revoked},
		} {
			t.Run(name+" "+tt.name, func(t *testing.T) {
				t.Parallel()
				m := newMembers(t, setup{})
				role, before := tt.role(m), m.memberships()
				run := m.changes()[name].change
				got, err := run(t.Context(), m.user, role)
				require.NoError(t, err)
				require.Equal(t, want.cost, m.calls())
				require.Equal(t, want.cost == write, got.Written)
				require.Equal(t, want.how, held(got.Membership))
				require.Empty(t, got.Disturbed)
				require.False(t, got.UserGone)
				if got.Membership != nil {
					require.Equal(t, role, got.Membership.ID)
				}
				after := m.memberships()
				require.Equal(t, others(before, role), others(after, role), "other roles and other users")

				// The second time there is nothing to do.
				m.sim.ResetRequests()
				again, err := run(t.Context(), m.user, role)
				require.NoError(t, err)
				require.Equal(t, &privx.Change{Membership: got.Membership}, again)
				require.Equal(t, read, m.calls())
				require.Equal(t, after, m.memberships())
			})
		}
	}
}

// others are the memberships of all roles but one.
func others(all []privxsim.Membership, roleID string) []privxsim.Membership {
	return slices.DeleteFunc(slices.Clone(all), func(m privxsim.Membership) bool { return m.RoleID == roleID })
}

// The requests that are sent to PrivX, to the byte.
func TestRequestBytes(t *testing.T) {
	t.Parallel()
	m := newMembers(t, setup{sim: privxsim.Options{PathPrefix: "/privx"}})
	require.NoError(t, second(m.client.GrantRole(t.Context(), m.user, m.none)))
	sent := m.sim.Requests()
	require.Len(t, sent, 3)
	for i, r := range sent {
		require.Equal(t, "/role-store/api/v1/users/"+m.user+"/roles", r.Path)
		require.Empty(t, r.RawQuery)
		require.True(t, strings.HasPrefix(r.Header.Get("Authorization"), "Bearer "))
		require.Equal(t, "no-cache", r.Header.Get("Cache-Control"), "a cached list would be written back")
		require.Equal(t, i == 1, len(r.Body) > 0)
	}
	require.Equal(t, "application/json", sent[1].Header.Get("Content-Type"))
	var entries []json.RawMessage
	require.NoError(t, json.Unmarshal(sent[1].Body, &entries))
	require.Equal(t, `{"explicit":true,"grant_type":"PERMANENT","id":"`+m.none+`"}`, string(entries[len(entries)-1]))
}

// entryText is the entry of a role in a user's list.
func entryText(id, fields string) string {
	return fmt.Sprintf(`{"id":%q,"name":"a role"%s}`, id, fields)
}

// listText is an answer to a GET of a user's roles.
func listText(entries ...string) string {
	return fmt.Sprintf(`{"count":%d,"items":[%s]}`, len(entries), strings.Join(entries, ","))
}

// A grant in force is left as it is, and one that is not is replaced. The test's clock says
// 2026-03-04T05:06:07Z.
func TestInForce(t *testing.T) {
	t.Parallel()
	const now, next, past = "2026-03-04T05:06:07Z", "2026-03-04T05:06:08Z", "2026-03-04T05:06:06Z"
	restricted := `,"explicit":true,"grant_type":"TIME_RESTRICTED"`
	period := func(start, end string) string {
		return fmt.Sprintf(`{"grant_start":%q,"grant_end":%q}`, start, end)
	}
	periods := func(all ...string) string {
		return restricted + `,"grant_validity_periods":[` + strings.Join(all, ",") + `]`
	}
	older := func(start, end string) string {
		return restricted + fmt.Sprintf(`,"grant_start":%q,"grant_end":%q`, start, end)
	}
	over, running := period("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"), period("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z")
	for name, tt := range map[string]struct {
		fields  string
		inForce bool
	}{
		"permanent":                              {`,"explicit":true,"grant_type":"PERMANENT"`, true},
		"permanent, with times":                  {`,"explicit":true,"grant_type":"PERMANENT","grant_end":"2020-01-01T00:00:00Z"`, true},
		"floating":                               {`,"explicit":true,"grant_type":"FLOATING","floating_length":8`, true},
		"unknown type":                           {`,"explicit":true,"grant_type":"ON_TUESDAYS"`, true},
		"unknown type, with a period":            {`,"explicit":true,"grant_type":"ON_TUESDAYS","grant_validity_periods":[` + over + `]`, true},
		"empty type":                             {`,"explicit":true,"grant_type":""`, true},
		"empty type, empty times":                {`,"explicit":true,"grant_type":"","grant_start":"","grant_end":"","grant_validity_periods":null`, true},
		"no type":                                {`,"explicit":true`, true},
		"null type":                              {`,"explicit":true,"grant_type":null`, true},
		"no type, but a period that contains":    {`,"explicit":true,"grant_validity_periods":[` + running + `]`, true},
		"no type, but a period that is over":     {`,"explicit":true,"grant_validity_periods":[` + over + `]`, false},
		"contains":                               {periods(running), true},
		"contains, older way":                    {older("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"), true},
		"contains, with fractions":               {periods(period("2026-03-04T05:06:06.999999999Z", "2026-03-04T05:06:07.000000001Z")), true},
		"contains, in another zone":              {periods(period("2026-03-04T07:06:07+02:00", "2026-03-04T07:06:08+02:00")), true},
		"begins now":                             {periods(period(now, next)), true},
		"begins now, older way":                  {older(now, next), true},
		"ends now":                               {periods(period(past, now)), false},
		"ends now, older way":                    {older(past, now), false},
		"begins in a second":                     {periods(period(next, "2027-01-01T00:00:00Z")), false},
		"ended in another zone":                  {periods(period("2026-03-04T05:06:06Z", "2026-03-04T07:06:07+02:00")), false},
		"open end":                               {periods(`{"grant_start":"2026-01-01T00:00:00Z"}`), true},
		"open end, empty":                        {older("2026-01-01T00:00:00Z", ""), true},
		"open end, null":                         {restricted + `,"grant_start":"2026-01-01T00:00:00Z","grant_end":null`, true},
		"open end, not begun":                    {periods(`{"grant_start":"2026-04-01T00:00:00Z"}`), false},
		"open start":                             {periods(`{"grant_end":"2027-01-01T00:00:00Z"}`), true},
		"open start, over":                       {periods(`{"grant_end":"2026-01-01T00:00:00Z"}`), false},
		"several, the last contains":             {periods(over, period("2026-02-02T00:00:00Z", "2026-02-03T00:00:00Z"), running), true},
		"several, none contains":                 {periods(over, period("2026-05-01T00:00:00Z", "2026-06-01T00:00:00Z")), false},
		"both ways, the newer wins: contains":    {periods(running) + `,"grant_start":"2020-01-01T00:00:00Z","grant_end":"2021-01-01T00:00:00Z"`, true},
		"both ways, the newer wins: over":        {periods(over) + `,"grant_start":"2020-01-01T00:00:00Z","grant_end":"2031-01-01T00:00:00Z"`, false},
		"both ways, the newer is empty":          {periods() + `,"grant_start":"2020-01-01T00:00:00Z","grant_end":"2031-01-01T00:00:00Z"`, true},
		"no period":                              {restricted, false},
		"no period, empty":                       {periods(), false},
		"a period of nothing":                    {periods(`{}`), false},
		"unreadable, beside one that can be":     {periods(period("x", "y"), running), true},
		"end before the start":                   {periods(period("2027-01-01T00:00:00Z", "2026-01-01T00:00:00Z")), false},
		"lower-case type is an unknown one":      {`,"explicit":true,"grant_type":"time_restricted","grant_end":"2020-01-01T00:00:00Z"`, true},
		"mapped, and a grant that is over":       {`,"implicit":true` + periods(over), false},
		"mapped, and one that is in force":       {`,"implicit":true` + periods(running), true},
		"mapped alone, whatever the type":        {`,"implicit":true,"explicit":false,"grant_type":"PERMANENT"`, false},
		"mapped alone, with unreadable times":    {`,"implicit":true,"grant_type":"TIME_RESTRICTED","grant_end":"later"`, false},
		"explicit is null, which is not granted": {`,"explicit":null,"grant_type":"PERMANENT"`, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// The client's own clock is wrong by years, in either direction.
			for _, wrong := range []time.Duration{-5 * 365 * 24 * time.Hour, 5 * 365 * 24 * time.Hour} {
				m := newMembers(t, setup{})
				privx.SetClock(m.client, func() time.Time { return m.clock.Now().Add(wrong) })
				require.NoError(t, m.getRoles(t.Context())) // With a token that is good by that clock.
				m.sim.ResetRequests()
				fields := tt.fields + `,"x_ticket":{"n":1.0},"x_null":null`
				m.faultGet(privxsim.Fault{Status: http.StatusOK, Body: listText(entryText(m.none, fields)), Count: 1})
				got, err := m.client.GrantRole(t.Context(), m.user, m.none)
				require.NoError(t, err)
				require.True(t, got.Membership.Explicit)
				if tt.inForce {
					require.Equal(t, "GET", m.calls())
					require.False(t, got.Written)
					continue
				}
				require.Equal(t, "GET PUT GET", m.calls())
				require.True(t, got.Written)
				require.Equal(t, privx.GrantPermanent, got.Membership.GrantType)
				require.Equal(t, []string{"[" + rewritten(t, entryText(m.none, fields)) + "]"}, m.writes())
			}
		})
	}
}

// A membership whose times cannot be parsed is not replaced by a grant without an end,
// because it is not known whether it holds.
func TestInForce_TimesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	periods := func(periods string) string {
		return `,"explicit":true,"grant_type":"TIME_RESTRICTED","grant_validity_periods":[` + periods + `]`
	}
	const over = `{"grant_start":"2020-01-01T00:00:00Z","grant_end":"2021-01-01T00:00:00Z"}`
	for name, fields := range map[string]string{
		"end":            periods(`{"grant_start":"2026-01-01T00:00:00Z","grant_end":"later"}`),
		"start":          periods(`{"grant_start":"yesterday","grant_end":"2027-01-01T00:00:00Z"}`),
		"start, no end":  `,"explicit":true,"grant_type":"TIME_RESTRICTED","grant_start":"1767225600"`,
		"no zone":        periods(`{"grant_start":"2026-01-01T00:00:00","grant_end":"2099-01-01T00:00:00"}`),
		"no type":        `,"explicit":true,"grant_end":"2099-01-01T00:00:00"`,
		"one of several": periods(over + `,{"grant_end":"2099-01-01T00:00:00"},` + over),
		"mapped as well": `,"implicit":true` + periods(`{"grant_end":"2099-01-01"}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, length := range []time.Duration{0, grantLength} {
				m := newMembers(t, setup{grantLength: length})
				m.faultGet(privxsim.Fault{Status: http.StatusOK, Body: listText(entryText(m.none, fields), entryText(m.other, ""))})
				got, err := m.client.GrantRole(t.Context(), m.user, m.none)
				e := asError(t, err, codes.FailedPrecondition, http.StatusOK)
				require.Contains(t, e.Message, "times cannot be read")
				require.Equal(t, errorid.TimesUnreadable, errorid.Of(err))
				require.Contains(t, e.Hint, "in PrivX")
				require.Nil(t, got)
				require.Empty(t, m.writes())
			}

			// Such a membership does not prevent other changes.
			m := newMembers(t, setup{})
			m.faultGet(privxsim.Fault{Status: http.StatusOK, Body: listText(entryText(m.none, fields), entryText(m.mapped, "")), Count: 1})
			require.NoError(t, second(m.client.RevokeRole(t.Context(), m.user, m.none)))
			m.sim.ClearFaults()
			m.faultGet(privxsim.Fault{Status: http.StatusOK, Body: listText(entryText(m.other, fields)), Count: 1})
			_ = second(m.client.GrantRole(t.Context(), m.user, m.none)) // The simulator refuses such times.
			require.Contains(t, m.writes()[1], entryText(m.other, fields))
		})
	}
}

// rewritten is an entry made to hold without an end: its times are left out, and all other
// fields keep their own text.
func rewritten(t *testing.T, entry string) string {
	t.Helper()
	var fields map[string]json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(entry), &fields))
	maps.DeleteFunc(fields, func(name string, _ json.RawMessage) bool {
		return slices.Contains([]string{"grant_validity_periods", "grant_start", "grant_end", "floating_length"}, name)
	})
	fields["explicit"], fields["grant_type"] = json.RawMessage("true"), json.RawMessage(`"PERMANENT"`)
	text, err := json.Marshal(fields)
	require.NoError(t, err)
	return string(text)
}

// Without a Date header, the client's own clock decides.
func TestInForce_WithoutADate(t *testing.T) {
	t.Parallel()
	for name, date := range map[string][]string{"no Date": nil, "a Date that is none": {"today"}} {
		for _, inForce := range []bool{true, false} {
			t.Run(fmt.Sprint(name, ", in force ", inForce), func(t *testing.T) {
				t.Parallel()
				m := newMembers(t, setup{})
				end := m.clock.Now()
				if inForce {
					end = end.Add(time.Second)
				}
				m.store.GrantExplicit(m.none, m.user, privxsim.Grant{Type: privxsim.GrantTimeRestricted, Periods: []privxsim.Period{
					{Start: "2020-01-01T00:00:00Z", End: end.Format(time.RFC3339)},
				}})
				m.faultGet(privxsim.Fault{Kind: privxsim.FaultHeader, Header: http.Header{"Date": date}})
				got, err := m.client.GrantRole(t.Context(), m.user, m.none)
				require.NoError(t, err)
				require.Equal(t, !inForce, got.Written)
			})
		}
	}
}

// A revoke takes a grant away, whatever its time limit.
func TestRevoke_WhateverTheGrant(t *testing.T) {
	t.Parallel()
	for name, grant := range map[string]privxsim.Grant{
		"floating":      {Type: privxsim.GrantFloating, FloatingHours: 8},
		"over":          {Type: privxsim.GrantTimeRestricted, Start: "2020-01-01T00:00:00Z", End: "2021-01-01T00:00:00Z"},
		"not yet begun": {Type: privxsim.GrantTimeRestricted, Start: "2030-01-01T00:00:00Z", End: "2031-01-01T00:00:00Z"},
		"unknown":       {Type: "ON_TUESDAYS"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMembers(t, setup{})
			m.store.GrantExplicit(m.none, m.user, grant)
			want := except(m.roles(), m.none, "")
			got, err := m.client.RevokeRole(t.Context(), m.user, m.none)
			require.NoError(t, err)
			require.Equal(t, &privx.Change{Written: true}, got)
			require.Equal(t, want, m.roles())
		})
	}
}
