package privx_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/privx"
)

// oddEntries are entries, each of another role, whose JSON would change if it was decoded
// into a struct, a map or a float and encoded again. The simulator accepts them.
func (m *members) oddEntries() []string {
	texts := []string{
		`{"id":"ID","explicit":true,"grant_type":"PERMANENT","n":[1.0,1e3,1E+2,-0,-0.0,0.10,12345678901234567890,1e-7,3.141592653589793238462643]}`,
		`{ "explicit" : true ,"id":"ID",	"name": "spaced" }`,
		"{\n  \"id\": \"ID\",\r\n  \"implicit\": true\n}",
		`{"id":"ID","name":"<b>&\u003c\u003e\u0026</b> \/ \u0041\u00e9 é 日本語 \ud83d\ude00 😀 \u2028 ` + "\u2028" + `"}`,
		`{"id":"ID","explicit":false,"implicit":true,"comment":null,"tags":null,"x_future":null,"source_rules":{"rules":null}}`,
		`{"id":"ID","explicit":true,"grant_type":"TIME_RESTRICTED","grant_validity_periods":[{"grant_start":"2026-01-01T00:00:00.000Z","grant_end":"2027-01-01T02:00:00+02:00","x":1.50}]}`,
		`{"id":"ID","explicit":true,"grant_type":"TIME_RESTRICTED","grant_start":"2020-01-01T00:00:00Z","grant_end":"2021-01-01T00:00:00Z"}`,
		`{"id":"ID","explicit":true,"grant_type":"FLOATING","floating_length":24}`,
		`{"z":1,"id":"ID","a":2,"explicit":true,"grant_type":"","grant_start":"","grant_end":"","floating_length":0,"permissions":null}`,
		`{"id":"ID","explicit":true,"grant_type":"PERMANENT","x_deep":{"a":[{"b":[[],{},[{"c":{}}]]}],"":"" }}`,
		`{"id":"ID","x_twice":1,"x_twice":2}`,
	}
	for i := range texts {
		texts[i] = strings.Replace(texts[i], `"ID"`, fmt.Sprintf("%q", m.store.AddRole(privxsim.Role{}).ID), 1)
	}
	return texts
}

// Every other entry is written back as it came, to the byte, and in the same place.
func TestOtherEntriesGoBackToTheByte(t *testing.T) {
	t.Parallel()
	const granted = `{"explicit":true,"grant_type":"PERMANENT","id":%q%s}`
	for name, tt := range map[string]struct {
		entry   string // of the role; %q is its id
		grants  bool
		becomes string // its entry in the write, which comes last
	}{
		"granted":                 {"", true, fmt.Sprintf(granted, "ID", "")},
		"granted, mapped already": {`{"implicit":true,"id":"ID","x":1.0}`, true, fmt.Sprintf(granted, "ID", `,"implicit":true,"x":1.0`)},
		"granted anew": {
			`{"x":1e3,"id":"ID","explicit":true,"grant_type":"TIME_RESTRICTED","grant_end":"2020-01-01T00:00:00Z","y":null}`,
			true, fmt.Sprintf(granted, "ID", `,"x":1e3,"y":null`),
		},
		"revoked":          {`{"id":"ID","explicit":true}`, false, ""},
		"explicit revoked": {`{"id":"ID","explicit":true,"implicit":true}`, false, ""},
	} {
		for _, place := range []int{0, 5, -1} {
			t.Run(fmt.Sprint(name, " at ", place), func(t *testing.T) {
				t.Parallel()
				m := newMembers(t, setup{})
				odd := m.oddEntries()
				listed, want := slices.Clone(odd), slices.Clone(odd)
				if tt.entry != "" {
					if place < 0 {
						place = len(listed)
					}
					listed = slices.Insert(listed, place, strings.Replace(tt.entry, "ID", m.none, 1))
				}
				if tt.becomes != "" {
					want = append(want, strings.Replace(tt.becomes, "ID", m.none, 1))
				}
				body := fmt.Sprintf("{ \"items\" : [ %s\n] ,\"x\":[null], \"count\":%d}\n", strings.Join(listed, " ,\n "), len(listed))
				m.faultGet(privxsim.Fault{Status: http.StatusOK, Body: body, Count: 1})
				run := m.client.RevokeRole
				if tt.grants {
					run = m.client.GrantRole
				}
				got, err := run(t.Context(), m.user, m.none)
				require.NoError(t, err)
				require.True(t, got.Written)
				require.Empty(t, got.Disturbed)
				require.Equal(t, "["+strings.Join(want, ",")+"]", m.writes()[0])
				require.Equal(t, "GET PUT GET", m.calls())
			})
		}
	}
}

// In a tenant with memberships of all kinds, a grant and its revoke leave every user's roles
// as they were, and the entries that were written are those that were read.
func TestATenantIsAsItWas(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{seed: privxsim.SeedOptions{Users: 30, Roles: 30, MembersPerRole: 20}, sim: privxsim.Options{TokenTTL: time.Hour}})
	h.login(t)
	before := h.memberships()
	role := h.store.AddRole(privxsim.Role{Name: "new"}).ID
	for _, user := range h.store.Users() {
		h.sim.ResetRequests()
		require.NoError(t, second(h.client.GrantRole(t.Context(), user.ID, role)))
		require.NoError(t, second(h.client.RevokeRole(t.Context(), user.ID, role)))
		require.Equal(t, "GET PUT GET GET PUT GET", h.calls())
	}
	require.Equal(t, before, h.memberships())
}

// Without the last role, the list is empty and not null.
func TestRevokingTheLastRole(t *testing.T) {
	t.Parallel()
	m := newMembers(t, setup{})
	m.faultGet(privxsim.Fault{Status: http.StatusOK, Body: listText(entryText(m.explicit, `,"explicit":true`)), Count: 1})
	got, err := m.client.RevokeRole(t.Context(), m.user, m.explicit)
	require.NoError(t, err)
	require.Equal(t, &privx.Change{Written: true}, got)
	require.Equal(t, []string{"[]"}, m.writes())
}

// The first role of a user who has none.
func TestGrantingTheFirstRole(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"count":0,"items":[]}`, `{"items":[]}`, `{"count":-1,"items":[]}`,
	} {
		t.Run(body, func(t *testing.T) {
			t.Parallel()
			m := newMembers(t, setup{})
			m.faultGet(privxsim.Fault{Status: http.StatusOK, Body: body, Count: 2})
			m.answerJSON(userPath, `{"id":"`+m.user+`","roles":[]}`)
			require.NoError(t, second(m.client.GrantRole(t.Context(), m.user, m.none)))
			require.Equal(t, []string{`[{"explicit":true,"grant_type":"PERMANENT","id":"` + m.none + `"}]`}, m.writes())
		})
	}
}

// An incomplete list is never written back, and never verifies a change.
func TestListsThatAreNotWhole(t *testing.T) {
	t.Parallel()
	const one = `{"id":"5d9c6f2e-0000-4c0b-9e37-2f1b7a6c4d10","explicit":true}`
	faults := map[string]privxsim.Fault{
		"a login page": {Kind: privxsim.FaultHTML}, "another status": {Kind: privxsim.FaultNoContent},
		"half of it": {Kind: privxsim.FaultTruncated}, "and more": {Kind: privxsim.FaultTrailing},
		"nested": {Kind: privxsim.FaultNested}, "nothing": {Kind: privxsim.FaultEmpty},
		"garbage": {Kind: privxsim.FaultGarbage}, "null": {Kind: privxsim.FaultNull},
		"called HTML":             {Status: http.StatusOK, Body: listText(one), Header: http.Header{"Content-Type": {"text/html"}}},
		"not JSON, nor called so": {Status: http.StatusOK, Body: "is=" + listText(one), Header: http.Header{"Content-Type": {"text/plain"}}},
	}
	for _, body := range []string{
		`{}`, `{"count":0}`, `{"count":1}`, `{"items":{}}`, `{"items":""}`, `{"items":0}`, `{"items":false}`,
		`{"count":1,"items":null}`, `{"count":1,"items":[]}`, `{"count":2,"items":[` + one + `]}`, `{"count":1000000,"items":[` + one + `]}`,
		`{"count":"1","items":[` + one + `]}`, `{"count":1.5,"items":[` + one + `]}`, `{"count":[],"items":[` + one + `]}`,
		`{"count":1,"items":[null]}`, `{"count":2,"items":[` + one + `,null]}`, `{"count":1,"items":[{}]}`,
		`{"count":1,"items":[{"id":""}]}`, `{"count":1,"items":[{"id":null}]}`, `{"count":1,"items":[{"id":7}]}`,
		`{"count":1,"items":[{"name":"x","explicit":true}]}`, `{"count":1,"items":["x"]}`, `{"count":1,"items":[1]}`,
		`{"count":1,"items":[[` + one + `]]}`, `{"count":1,"items":[true]}`,
		`{"count":1,"items":[{"id":"x","explicit":"yes"}]}`, `{"count":1,"items":[{"id":"x","grant_validity_periods":"always"}]}`,
		`[` + one + `]`, one, `{"count":1,"items":[` + one + `]}{"count":0,"items":[]}`, `{"count":1,"items":[` + one + `]`,
	} {
		faults[body] = privxsim.Fault{Status: http.StatusOK, Body: body}
	}
	for name, fault := range faults {
		for _, skip := range []int{0, 1} {
			t.Run(fmt.Sprint(name, " after ", skip), func(t *testing.T) {
				t.Parallel()
				for _, op := range []string{"grant", "revoke"} {
					m := newMembers(t, setup{})
					c, f := m.changes()[op], fault
					f.Skip = skip
					m.faultGet(f)
					got, err := c.change(t.Context(), m.user, c.role)
					e := asError(t, err, codes.FailedPrecondition, map[bool]int{false: http.StatusOK, true: http.StatusNoContent}[f.Kind == privxsim.FaultNoContent])
					require.Nil(t, got)
					require.Equal(t, "GET /role-store/api/v1/users/{id}/roles", e.Endpoint)
					require.Equal(t, []string{"GET", "GET PUT GET"}[skip], m.calls())
				}
			})
		}
	}
}

// A list that breaks off in the middle is read again.
func TestListsThatBreakOff(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"grant", "revoke"} {
		m := newMembers(t, setup{})
		c := m.changes()[op]
		m.faultGet(privxsim.Fault{Kind: privxsim.FaultCut, Count: 1})
		m.faultGet(privxsim.Fault{Kind: privxsim.FaultCut, Skip: 1, Count: 1})
		require.NoError(t, second(c.change(t.Context(), m.user, c.role)))
		require.Equal(t, "GET GET PUT GET GET", m.calls())
	}
}

// PrivX shows the explicit and the implicit membership as two entries.
func TestTwoEntriesOfARole(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		role           func(m *members) string
		grants         bool
		written        bool
		how            string
		entriesWritten int // of the role
	}{
		"grant of what is in both":     {func(m *members) string { return m.both }, true, false, bothParts, 0},
		"grant of what is mapped":      {func(m *members) string { return m.mapped }, true, true, bothParts, 1},
		"revoke of what is in both":    {func(m *members) string { return m.both }, false, true, onlyImplicit, 0},
		"revoke of what is mapped":     {func(m *members) string { return m.mapped }, false, false, onlyImplicit, 0},
		"grant of something beside it": {func(m *members) string { return m.none }, true, true, onlyExplicit, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMembers(t, setup{sim: privxsim.Options{SplitMemberships: true}})
			role := tt.role(m)
			want := except(m.roles(), role, tt.how)
			run := m.client.RevokeRole
			if tt.grants {
				run = m.client.GrantRole
			}
			got, err := run(t.Context(), m.user, role)
			require.NoError(t, err)
			require.Equal(t, tt.written, got.Written)
			require.Equal(t, tt.how, held(got.Membership))
			require.Empty(t, got.Disturbed)
			require.Equal(t, want, m.roles())
			if tt.written {
				n := 0
				for _, id := range ids(t, m.writes()[0]) {
					if id == role {
						n++
					}
				}
				require.Equal(t, tt.entriesWritten, n)
			}
		})
	}
}

// Of two entries, the explicit one describes the grant, whichever comes first.
func TestTwoEntriesOfARole_InEitherOrder(t *testing.T) {
	t.Parallel()
	const running = `,"explicit":true,"grant_type":"TIME_RESTRICTED","grant_end":"2030-01-01T00:00:00Z","x":1.0`
	const over = `,"explicit":true,"grant_type":"TIME_RESTRICTED","grant_end":"2020-01-01T00:00:00Z","x":1.0`
	const implicit = `,"implicit":true,"grant_type":"","y":2.0`
	for name, tt := range map[string]struct {
		fields  []string
		written bool
	}{
		"in force, explicit first": {[]string{running, implicit}, false},
		"in force, implicit first": {[]string{implicit, running}, false},
		"over, explicit first":     {[]string{over, implicit}, true},
		"over, implicit first":     {[]string{implicit, over}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMembers(t, setup{})
			m.store.Map(m.none, m.user)
			list := listText(entryText(m.none, tt.fields[0]), entryText(m.other, ""), entryText(m.none, tt.fields[1]))
			m.faultGet(privxsim.Fault{Status: http.StatusOK, Body: list, Count: 1})
			got, err := m.client.GrantRole(t.Context(), m.user, m.none)
			require.NoError(t, err)
			require.Equal(t, tt.written, got.Written)
			require.Equal(t, bothParts, held(got.Membership))
			if !tt.written {
				require.Equal(t, privx.GrantTimeRestricted, got.Membership.GrantType)
				require.Empty(t, m.writes())
				return
			}
			require.Equal(t, []string{"[" + entryText(m.other, "") + "," + rewritten(t, entryText(m.none, over)) + "]"}, m.writes())
		})
	}
}
