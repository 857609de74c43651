package privx_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/privx"
)

// unknownID is nobody's and nothing's.
const unknownID = "5d9c6f2e-0000-4c0b-9e37-2f1b7a6c4d10"

// budget is the time that the connector gives one grant or revoke.
const budget = 30 * time.Second

// How a user holds a role.
const (
	onlyExplicit = "explicit"
	onlyImplicit = "implicit"
	bothParts    = "explicit and implicit"
)

// members is a user who holds roles in several ways, in a store in which there is
// little else.
type members struct {
	*harness

	user string
	// The ids of roles: held in no way, explicitly, by a rule and in both ways;
	// and another one that is not held.
	none, explicit, mapped, both, other string
}

// holdings makes the store. Its API client may do what provisioning needs.
func holdings() (*privxsim.Store, *members) {
	store := privxsim.NewStore()
	client := store.AddAPIClient(privxsim.APIClient{ID: privxsim.DefaultAPIClientID, Name: "Baton", Secret: privxsim.DefaultAPIClientSecret})
	own := store.AddRole(privxsim.Role{Name: "own", Permissions: []string{"users-view", "roles-view", "roles-manage"}})
	store.GrantExplicit(own.ID, client.ID, privxsim.Grant{})
	m := &members{user: store.AddUser(privxsim.User{Principal: "alex"}).ID}
	for _, role := range []struct {
		id               *string
		explicit, mapped bool
	}{{id: &m.none}, {&m.explicit, true, false}, {&m.mapped, false, true}, {&m.both, true, true}, {id: &m.other}} {
		*role.id = store.AddRole(privxsim.Role{Name: "a <role> & more"}).ID
		if role.mapped {
			store.Map(*role.id, m.user)
		}
		if role.explicit {
			store.GrantExplicit(*role.id, m.user, privxsim.Grant{})
			store.SetEntryExtra(*role.id, m.user, map[string]json.RawMessage{"x_ticket": json.RawMessage(`{"n":1.50}`)})
		}
	}
	return store, m
}

// newMembers is newHarness with a token and a store of holdings.
func newMembers(t *testing.T, s setup) *members {
	t.Helper()
	var m *members
	s.store, m = holdings()
	m.harness = newHarness(t, s)
	m.login(t)
	return m
}

// membersInBubble is inBubble with a token and a store of holdings.
func membersInBubble(t *testing.T, s setup, test func(t *testing.T, m *members)) {
	t.Helper()
	var m *members
	s.store, m = holdings()
	inBubble(t, s, func(t *testing.T, h *harness) {
		m.harness = h
		m.login(t)
		test(t, m)
	})
}

// change is GrantRole or RevokeRole.
type change func(ctx context.Context, userID, roleID string) (*privx.Change, error)

// changes are both, each with a role that takes a write, and how it is held then.
func (m *members) changes() map[string]struct {
	change
	role, before, after string
} {
	return map[string]struct {
		change
		role, before, after string
	}{
		"grant":  {m.client.GrantRole, m.none, "", onlyExplicit},
		"revoke": {m.client.RevokeRole, m.explicit, onlyExplicit, ""},
	}
}

// bothInBubble runs a test for a grant and for a revoke.
func bothInBubble(t *testing.T, s setup, test func(t *testing.T, m *members, name string)) {
	t.Helper()
	for _, name := range []string{"grant", "revoke"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			membersInBubble(t, s, func(t *testing.T, m *members) { test(t, m, name) })
		})
	}
}

// calls names all requests, in order: those for a user's roles by their method.
func (h *harness) calls() string {
	names := []string{}
	for _, r := range h.sim.Requests() {
		name := r.Method + " " + r.Path
		for pattern, short := range map[string]string{
			userRolesPath: r.Method, statusPath: "status", searchPath: "search", rolePath: "role", tokenPath: "token", currentPath: "current",
		} {
			if matches(pattern, r.Path) {
				name = short
			}
		}
		names = append(names, name)
	}
	return strings.Join(names, " ")
}

// writes are the bodies that were PUT.
func (h *harness) writes() []string {
	var bodies []string
	for _, r := range h.sent(userRolesPath) {
		if r.Method == http.MethodPut {
			bodies = append(bodies, string(r.Body))
		}
	}
	return bodies
}

// ids are the roles in a body that was PUT.
func ids(t *testing.T, body string) []string {
	t.Helper()
	var list []struct{ ID string }
	require.NoError(t, json.Unmarshal([]byte(body), &list), body)
	all := []string{}
	for _, entry := range list {
		all = append(all, entry.ID)
	}
	return all
}

// roles is how the user holds roles, privx-user apart, which everybody holds.
func (m *members) roles() map[string]string {
	held := map[string]string{}
	for _, one := range m.memberships() {
		if one.UserID == m.user && one.RoleID != m.store.UserRoleID() {
			held[one.RoleID] = parts(one.Explicit, one.Implicit)
		}
	}
	return held
}

func parts(explicit, implicit bool) string {
	switch {
	case explicit && implicit:
		return bothParts
	case explicit:
		return onlyExplicit
	case implicit:
		return onlyImplicit
	default:
		return ""
	}
}

// held is how an entry says that a role is held.
func held(entry *privx.RoleEntry) string {
	if entry == nil {
		return ""
	}
	return parts(entry.Explicit, entry.Implicit)
}

// except is a copy of how roles are held with one of them changed.
func except(roles map[string]string, id, how string) map[string]string {
	changed := maps.Clone(roles)
	changed[id] = how
	if how == "" {
		delete(changed, id)
	}
	return changed
}

// memberships are all that the store has, so that two states can be compared.
func (h *harness) memberships() []privxsim.Membership {
	all := h.store.Memberships()
	for i := range all {
		if len(all[i].Extra) == 0 {
			all[i].Extra = nil
		}
	}
	return all
}

// entry is the user's explicit membership of a role, as the store has it.
func (m *members) entry(t *testing.T, roleID string) privxsim.Membership {
	t.Helper()
	all := m.memberships()
	i := slices.IndexFunc(all, func(one privxsim.Membership) bool { return one.UserID == m.user && one.RoleID == roleID })
	require.GreaterOrEqual(t, i, 0, "no membership")
	return all[i]
}

// faultPut and faultGet inject a fault into writes and reads of users' roles.
func (h *harness) faultPut(f privxsim.Fault) {
	f.Method, f.Path = http.MethodPut, userRolesPath
	h.sim.Inject(f)
}

func (h *harness) faultGet(f privxsim.Fault) {
	f.Method, f.Path = http.MethodGet, userRolesPath
	h.sim.Inject(f)
}

// beforePut and afterPut call a foreign writer with the number of a write, from
// 1, before it is executed and afterwards.
func (h *harness) beforePut(foreign func(n int)) { h.sim.OnRequest(countPuts(foreign)) }

func (h *harness) afterPut(foreign func(n int)) { h.sim.OnResponse(countPuts(foreign)) }

func countPuts(foreign func(n int)) func(privxsim.Request) {
	var n atomic.Int32
	return func(r privxsim.Request) {
		if r.Method == http.MethodPut {
			foreign(int(n.Add(1)))
		}
	}
}

// settled is what a write costs that is not found to be done: it is looked for
// until PrivX has had the time.
const settled = "PUT GET GET GET GET"

// P1, P2 and P3: what is as wanted is not written, what is not costs a read, a
// write and a read, and what is mapped stays so.
func TestP1_WhatAChangeCosts(t *testing.T) {
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

				// The second time nothing is left to do.
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

// others are the memberships of other roles than one.
func others(all []privxsim.Membership, roleID string) []privxsim.Membership {
	return slices.DeleteFunc(slices.Clone(all), func(m privxsim.Membership) bool { return m.RoleID == roleID })
}

// What is asked of PrivX, to the byte.
func TestP1_RequestBytes(t *testing.T) {
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

// What is in force is left alone, and what is not is made to hold. The clock of
// the test says 2026-03-04T05:06:07Z.
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
		"unreadable end":                         {periods(period("2026-01-01T00:00:00Z", "later")), false},
		"unreadable start":                       {periods(period("yesterday", "2027-01-01T00:00:00Z")), false},
		"unreadable start, no end":               {older("1767225600", ""), false},
		"unreadable, beside one that can be":     {periods(period("x", "y"), running), true},
		"time without a zone":                    {periods(period("2026-01-01T00:00:00", "2027-01-01T00:00:00")), false},
		"end before the start":                   {periods(period("2027-01-01T00:00:00Z", "2026-01-01T00:00:00Z")), false},
		"lower-case type is an unknown one":      {`,"explicit":true,"grant_type":"time_restricted","grant_end":"2020-01-01T00:00:00Z"`, true},
		"mapped, and a grant that is over":       {`,"implicit":true` + periods(over), false},
		"mapped, and one that is in force":       {`,"implicit":true` + periods(running), true},
		"mapped alone, whatever the type":        {`,"implicit":true,"explicit":false,"grant_type":"PERMANENT"`, false},
		"explicit is null, which is not granted": {`,"explicit":null,"grant_type":"PERMANENT"`, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// Our own clock is wrong by years, one way or the other.
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

// rewritten is an entry that is made to hold without an end, with the times left
// out and all else in its own text.
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

// Without a Date it is our own clock that tells.
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

// A revoke takes what is granted, however long it holds.
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

// P6: nothing is lost among changes of one user's roles through one client.
func TestP6_ConcurrentGrantsAllSurvive(t *testing.T) {
	t.Parallel()
	for n, rounds := range map[int]int{2: 100, 10: 100, 50: 100} {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			t.Parallel()
			m := newMembers(t, setup{sim: privxsim.Options{TokenTTL: time.Hour}})
			roles := make([]string, n)
			for i := range roles {
				roles[i] = m.store.AddRole(privxsim.Role{Name: "role " + strconv.Itoa(i)}).ID
			}
			for range rounds {
				m.user = m.store.AddUser(privxsim.User{}).ID
				before := m.roles()
				m.sim.ResetRequests()
				errs := make(chan error, n)
				for _, role := range roles {
					go func() {
						got, err := m.client.GrantRole(t.Context(), m.user, role)
						if err == nil && (!got.Written || held(got.Membership) != onlyExplicit || len(got.Disturbed) > 0) {
							err = fmt.Errorf("%+v", got)
						}
						errs <- err
					}()
				}
				for range n {
					require.NoError(t, <-errs)
				}
				want := maps.Clone(before)
				for _, role := range roles {
					want[role] = onlyExplicit
				}
				require.Equal(t, want, m.roles())
				require.Len(t, m.writes(), n)
			}
			require.Zero(t, privx.Locks(m.client).Len())
		})
	}
}

// P6: each change of a role that was made is one step between held and not held,
// and the steps add up.
func TestP6_MixedChangesHaveAnOrder(t *testing.T) {
	t.Parallel()
	m := newMembers(t, setup{sim: privxsim.Options{TokenTTL: time.Hour}})
	random := rand.New(rand.NewPCG(1, 0))
	const rounds, perRound = 25, 12
	roles := []string{m.none, m.explicit, m.mapped, m.both}
	for range rounds {
		before := m.roles()
		var mu sync.Mutex
		steps, asked := map[string]int{}, map[string]int{}
		var all sync.WaitGroup
		for range perRound {
			role, grants := roles[random.IntN(len(roles))], random.IntN(2) == 0
			run, step := m.client.RevokeRole, -1
			if grants {
				run, step = m.client.GrantRole, 1
			}
			asked[role] |= 1 << (step + 1) // 4 for grants, 1 for revokes
			all.Go(func() {
				got, err := run(t.Context(), m.user, role)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Errorf("%v", err)
					return
				}
				if got.Written {
					steps[role] += step
				}
				if explicit := got.Membership != nil && got.Membership.Explicit; explicit != grants {
					t.Errorf("grant %t: %+v", grants, got)
				}
			})
		}
		all.Wait()
		after := m.roles()
		for _, role := range roles {
			change := explicitly(after[role]) - explicitly(before[role])
			require.Equal(t, steps[role], change, "from %q to %q", before[role], after[role])
			if asked[role] == 4 || asked[role] == 1 { // All asked for the same.
				require.Equal(t, asked[role]/4, explicitly(after[role]))
			}
		}
	}
	require.Zero(t, privx.Locks(m.client).Len())
}

func explicitly(how string) int {
	if how == onlyExplicit || how == bothParts {
		return 1
	}
	return 0
}

// P6: while one user's write is held up, another user's is done, and more for the
// first one wait for their turn.
func TestP6_UsersBesideEachOtherAndOneInOrder(t *testing.T) {
	t.Parallel()
	membersInBubble(t, setup{}, func(t *testing.T, m *members) {
		bob := m.store.AddUser(privxsim.User{Principal: "bob"}).ID
		release := make(chan struct{})
		held := "/role-store/api/v1/users/" + m.user + "/roles"
		m.sim.Inject(privxsim.Fault{Method: http.MethodPut, Path: held, Kind: privxsim.FaultSlowHeader, Release: release, Count: 1})

		roles := []string{m.none}
		for range 20 {
			roles = append(roles, m.store.AddRole(privxsim.Role{}).ID)
		}
		errs := make(chan error, len(roles))
		for _, role := range roles {
			go func() { errs <- second(m.client.GrantRole(t.Context(), m.user, role)) }()
			synctest.Wait() // It waits for its turn, behind the ones before it.
		}
		require.Equal(t, "GET PUT", m.calls(), "the others wait")
		require.Equal(t, 1, privx.Locks(m.client).Len())

		require.NoError(t, second(m.client.GrantRole(t.Context(), bob, m.none)))
		require.Equal(t, "GET PUT GET PUT GET", m.calls())
		require.Equal(t, 1, privx.Locks(m.client).Len())

		// Somebody who gives up leaves the others in their order.
		ctx, cancel := context.WithCancel(t.Context())
		err := awaitResult(func() error { return second(m.client.GrantRole(ctx, m.user, m.other)) }, cancel)
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, "GET PUT GET PUT GET", m.calls())
		short, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		require.ErrorIs(t, second(m.client.RevokeRole(short, m.user, m.explicit)), context.DeadlineExceeded)

		m.sim.ResetRequests()
		close(release)
		for range roles {
			require.NoError(t, <-errs)
		}
		var order []string
		for _, body := range m.writes() {
			all := ids(t, body)
			order = append(order, all[len(all)-1])
		}
		require.Equal(t, roles[1:], order)
		require.Zero(t, privx.Locks(m.client).Len())
	})
}

// An id in another case is the same user's, as far as waiting goes.
func TestP6_OneLockForAnIDInAnyCase(t *testing.T) {
	t.Parallel()
	membersInBubble(t, setup{}, func(t *testing.T, m *members) {
		m.faultGet(privxsim.Fault{Kind: privxsim.FaultStall})
		ctx, cancel := context.WithCancel(t.Context())
		errs := make(chan error, 2)
		for _, id := range []string{m.user, strings.ToUpper(m.user)} {
			go func() { errs <- second(m.client.GrantRole(ctx, id, m.none)) }()
		}
		synctest.Wait()
		require.Equal(t, "GET", m.calls())
		cancel()
		require.ErrorIs(t, <-errs, context.Canceled)
		require.ErrorIs(t, <-errs, context.Canceled)
		require.Zero(t, privx.Locks(m.client).Len())
	})
}

// P7: something else undoes the change between the write and the read that
// verifies it, once: the whole cycle again.
func TestP7_UndoneOnce(t *testing.T) {
	t.Parallel()
	bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
		c := m.changes()[name]
		want := except(m.roles(), c.role, c.after)
		m.afterPut(func(n int) {
			if n == 1 {
				m.undo(c.role, c.before)
			}
		})
		got, err := c.change(t.Context(), m.user, c.role)
		require.NoError(t, err)
		require.Equal(t, c.after, held(got.Membership))
		require.True(t, got.Written)
		require.Empty(t, got.Disturbed)
		require.Equal(t, "GET "+settled+" GET PUT GET", m.calls())
		require.Equal(t, want, m.roles())
	})
}

// undo brings an explicit membership back to how it was.
func (m *members) undo(roleID, before string) {
	if explicitly(before) == 0 {
		m.store.RemoveExplicit(roleID, m.user)
	} else {
		m.store.GrantExplicit(roleID, m.user, privxsim.Grant{})
	}
}

// P7: each time: given up, and never called a success.
func TestP7_UndoneEachTime(t *testing.T) {
	t.Parallel()
	bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
		c := m.changes()[name]
		before := m.roles()
		m.afterPut(func(int) { m.undo(c.role, c.before) })
		got, err := c.change(t.Context(), m.user, c.role)
		e := asError(t, err, codes.Aborted, http.StatusOK)
		require.Contains(t, e.Error(), "3 times")
		require.Nil(t, got)
		calls := "GET " + settled + " GET " + settled + " GET " + settled + " GET status"
		if name == "grant" {
			calls += " role" // Whether there is such a role at all.
		}
		require.Equal(t, calls, m.calls())
		require.Equal(t, before, m.roles())
		require.Zero(t, privx.Locks(m.client).Len())
	})
}

// P7: undone until the last write was read, and then done by that somebody else.
func TestP7_DoneBySomethingElseInTheEnd(t *testing.T) {
	t.Parallel()
	bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
		c := m.changes()[name]
		m.afterPut(func(int) { m.undo(c.role, c.before) })
		var reads atomic.Int32
		m.sim.OnRequest(func(r privxsim.Request) {
			if r.Method == http.MethodGet && matches(userRolesPath, r.Path) && reads.Add(1) == 1+3*5 {
				m.undo(c.role, c.after)
			}
		})
		got, err := c.change(t.Context(), m.user, c.role)
		require.NoError(t, err)
		require.Equal(t, c.after, held(got.Membership))
		require.Len(t, m.writes(), privx.MaxRounds)
	})
}

// P7: something else changes another role meanwhile. That is kept, and told.
func TestP7_OtherRolesAreDisturbed(t *testing.T) {
	t.Parallel()
	for what, foreign := range map[string]struct {
		role   func(m *members) string
		change func(m *members, role string)
		how    string
	}{
		"granted":          {func(m *members) string { return m.other }, func(m *members, role string) { m.store.GrantExplicit(role, m.user, privxsim.Grant{}) }, onlyExplicit},
		"revoked":          {func(m *members) string { return m.both }, func(m *members, role string) { m.store.RemoveExplicit(role, m.user) }, onlyImplicit},
		"mapped and given": {func(m *members) string { return m.mapped }, func(m *members, role string) { m.store.GrantExplicit(role, m.user, privxsim.Grant{}) }, bothParts},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
				c, other := m.changes()[name], foreign.role(m)
				want := except(except(m.roles(), c.role, c.after), other, foreign.how)
				m.afterPut(func(int) { foreign.change(m, other) })
				got, err := c.change(t.Context(), m.user, c.role)
				require.NoError(t, err)
				require.Equal(t, []string{other}, got.Disturbed)
				require.True(t, got.Written)
				require.Equal(t, c.after, held(got.Membership))
				require.Equal(t, "GET PUT GET GET", m.calls())
				require.Equal(t, want, m.roles())
			})
		})
	}
}

// Rules come and go by themselves: that is nobody's write.
func TestP7_RulesDoNotDisturb(t *testing.T) {
	t.Parallel()
	bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
		c := m.changes()[name]
		m.afterPut(func(int) {
			m.store.Unmap(m.mapped, m.user)
			m.store.Unmap(m.both, m.user)
			m.store.Map(m.other, m.user)
		})
		got, err := c.change(t.Context(), m.user, c.role)
		require.NoError(t, err)
		require.Empty(t, got.Disturbed)
		require.Equal(t, "GET PUT GET", m.calls())
	})
}

// P7: a role is named once, however often it was disturbed.
func TestP7_DisturbedIsASet(t *testing.T) {
	t.Parallel()
	bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
		c := m.changes()[name]
		m.afterPut(func(n int) {
			if n == 3 {
				return
			}
			m.undo(c.role, c.before)
			m.undo(m.other, []string{1: onlyExplicit, 2: ""}[n])
			m.undo(m.both, []string{1: "", 2: onlyExplicit}[n])
		})
		got, err := c.change(t.Context(), m.user, c.role)
		require.NoError(t, err)
		want := []string{m.other, m.both}
		slices.Sort(want)
		require.Equal(t, want, got.Disturbed)
		require.Len(t, m.writes(), 3)
	})
}

// P8: PrivX says 200 and changes nothing.
func TestP8_WritesThatDoNothing(t *testing.T) {
	t.Parallel()
	bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
		c := m.changes()[name]
		before := m.roles()
		m.faultPut(privxsim.Fault{Kind: privxsim.FaultDropWrite})
		began := time.Now()
		got, err := c.change(t.Context(), m.user, c.role)
		wantError(t, err, codes.Aborted, http.StatusOK)
		require.Nil(t, got)
		require.Len(t, m.writes(), privx.MaxRounds)
		require.Equal(t, before, m.roles())
		require.Less(t, time.Since(began), budget, "fake time")
	})
}

// P8: one of them is made good.
func TestP8_OneWriteThatDoesNothing(t *testing.T) {
	t.Parallel()
	bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
		c := m.changes()[name]
		m.faultPut(privxsim.Fault{Kind: privxsim.FaultDropWrite, Count: 1})
		got, err := c.change(t.Context(), m.user, c.role)
		require.NoError(t, err)
		require.Equal(t, c.after, held(got.Membership))
		require.Equal(t, "GET "+settled+" GET PUT GET", m.calls())
	})
}

// A node that lags: the write is looked for three times more, over two seconds.
// If it appears only after that, the next cycle finds it.
func TestVerify_ALaggingNode(t *testing.T) {
	t.Parallel()
	for lag := range 6 {
		t.Run(strconv.Itoa(lag), func(t *testing.T) {
			t.Parallel()
			bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
				c := m.changes()[name]
				want := except(m.roles(), c.role, c.after)
				if lag > 0 {
					m.faultGet(privxsim.Fault{Kind: privxsim.FaultStale, Skip: 1, Count: lag})
				}
				began := time.Now()
				got, err := c.change(t.Context(), m.user, c.role)
				require.NoError(t, err)
				require.True(t, got.Written)
				require.Equal(t, c.after, held(got.Membership))
				calls := []string{
					"GET PUT GET", "GET PUT GET GET", "GET PUT GET GET GET", "GET " + settled,
					"GET " + settled + " GET", "GET " + settled + " GET PUT GET",
				}
				require.Equal(t, calls[lag], m.calls())
				require.Equal(t, want, m.roles())
				if lag < 3 {
					require.Less(t, time.Since(began), 2*time.Second)
				} else {
					require.Equal(t, 2*time.Second, time.Since(began), "fake time")
				}
			})
		})
	}
}

// doneAnyway are the ways in which a write fails that was executed.
func doneAnyway() map[string]privxsim.Fault {
	faults := map[string]privxsim.Fault{
		"reset":   {Kind: privxsim.FaultResetAfter},
		"timeout": {Kind: privxsim.FaultSlowHeader, Delay: time.Hour},
	}
	for _, code := range []int{408, 429, 500, 501, 502, 503, 504, 599, 302, 999} {
		faults[strconv.Itoa(code)] = privxsim.Fault{Kind: privxsim.FaultStatusAfter, Status: code}
	}
	return faults
}

// R5: a write that was executed and whose answer was not heard is settled by
// reading, and not sent again.
func TestR5_ExecutedWithoutAGoodAnswer(t *testing.T) {
	t.Parallel()
	for what, fault := range doneAnyway() {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
				c := m.changes()[name]
				want := except(m.roles(), c.role, c.after)
				m.faultPut(fault)
				ctx, cancel := context.WithTimeout(t.Context(), budget)
				defer cancel()
				began := time.Now()
				got, err := c.change(ctx, m.user, c.role)
				require.NoError(t, err)
				require.True(t, got.Written)
				require.Equal(t, c.after, held(got.Membership))
				require.Equal(t, "GET PUT GET", m.calls())
				require.Equal(t, want, m.roles())
				if fault.Delay > 0 {
					require.Equal(t, privx.ExchangeTimeout, time.Since(began), "fake time")
				}
			})
		})
	}
}

// R5: a write that was not executed, though it may have been, is looked for, and
// then made anew from a fresh read: what something else has written meanwhile
// stays.
func TestR5_NotExecuted(t *testing.T) {
	t.Parallel()
	faults := map[string]privxsim.Fault{
		"reset":   {Kind: privxsim.FaultResetBefore},
		"timeout": {Kind: privxsim.FaultStall},
		"429 that says when": {
			Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"7"}},
		},
		"503 that says when": {
			Status: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": {"7"}},
		},
	}
	for _, code := range []int{408, 429, 500, 502, 503, 504} {
		faults[strconv.Itoa(code)] = privxsim.Fault{Status: code}
	}
	for what, fault := range faults {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
				c := m.changes()[name]
				want := except(except(m.roles(), c.role, c.after), m.other, onlyExplicit)
				once := fault // A row of the table is not changed: it is everybody's.
				once.Count = 1
				m.faultPut(once)
				m.afterPut(func(n int) {
					if n == 1 {
						m.store.GrantExplicit(m.other, m.user, privxsim.Grant{})
					}
				})
				ctx, cancel := context.WithTimeout(t.Context(), budget)
				defer cancel()
				began := time.Now()
				got, err := c.change(ctx, m.user, c.role)
				require.NoError(t, err)
				require.True(t, got.Written)
				require.Equal(t, c.after, held(got.Membership))
				calls := "GET " + settled + " status GET PUT GET"
				if fault.Status == 0 {
					calls = "GET " + settled + " GET PUT GET"
				}
				require.Equal(t, calls, m.calls())
				bodies := m.writes()
				require.NotContains(t, ids(t, bodies[0]), m.other)
				require.Contains(t, ids(t, bodies[1]), m.other, "made from a fresh read")
				require.Equal(t, want, m.roles())
				if fault.Header != nil {
					require.Equal(t, 2*time.Second+7*time.Second, time.Since(began), "fake time")
				}
			})
		})
	}
}

// What is neither a success nor worth another try: not done, it is an error.
func TestR5_AnswersThatAreNone(t *testing.T) {
	t.Parallel()
	for what, tt := range map[string]struct {
		fault  privxsim.Fault
		code   codes.Code
		status int
	}{
		"a redirect":           {privxsim.Fault{Kind: privxsim.FaultRedirect}, codes.FailedPrecondition, 302},
		"another redirect":     {privxsim.Fault{Kind: privxsim.FaultRedirect, Status: 307}, codes.FailedPrecondition, 307},
		"not modified":         {privxsim.Fault{Status: 304}, codes.FailedPrecondition, 304},
		"a login page":         {privxsim.Fault{Kind: privxsim.FaultHTML}, codes.FailedPrecondition, 200},
		"not implemented":      {privxsim.Fault{Status: 501}, codes.FailedPrecondition, 501},
		"no status of HTTP's":  {privxsim.Fault{Status: 999}, codes.FailedPrecondition, 999},
		"a very long error":    {privxsim.Fault{Status: 400, Body: strings.Repeat("x", privx.MaxErrorBody+1)}, codes.FailedPrecondition, 0},
		"a very long 5xx":      {privxsim.Fault{Status: 502, Body: strings.Repeat("x", privx.MaxErrorBody+1)}, codes.FailedPrecondition, 0},
		"a gateway's 404 page": {privxsim.Fault{Kind: privxsim.FaultHTML, Status: 404}, codes.FailedPrecondition, 404},
	} {
		for _, done := range []bool{false, true} {
			t.Run(fmt.Sprint(what, ", done ", done), func(t *testing.T) {
				t.Parallel()
				bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
					c := m.changes()[name]
					before := m.roles()
					m.faultPut(tt.fault)
					if done {
						m.afterPut(func(int) { m.undo(c.role, c.after) })
					}
					got, err := c.change(t.Context(), m.user, c.role)
					require.Len(t, m.writes(), 1)
					if done && tt.status != 404 { // Of which PrivX may know nothing, but nothing was executed.
						require.NoError(t, err)
						require.Equal(t, "GET PUT GET", m.calls())
						require.Equal(t, c.after, held(got.Membership))
						return
					}
					wantError(t, err, tt.code, tt.status)
					require.Nil(t, got)
					if !done {
						require.Equal(t, before, m.roles())
					}
				})
			})
		}
	}
}

// What PrivX refuses it has not done: one write, and no looking for it.
func TestR5_Refused(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]codes.Code{
		http.StatusBadRequest:          codes.InvalidArgument,
		http.StatusForbidden:           codes.PermissionDenied,
		http.StatusMethodNotAllowed:    codes.InvalidArgument,
		http.StatusConflict:            codes.FailedPrecondition,
		http.StatusGone:                codes.InvalidArgument,
		http.StatusUnprocessableEntity: codes.InvalidArgument,
		http.StatusLocked:              codes.InvalidArgument,
	} {
		t.Run(strconv.Itoa(code), func(t *testing.T) {
			t.Parallel()
			bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
				c := m.changes()[name]
				m.faultPut(privxsim.Fault{Status: code})
				got, err := c.change(t.Context(), m.user, c.role)
				e := asError(t, err, want, code)
				require.Nil(t, got)
				require.Equal(t, "PUT /role-store/api/v1/users/{id}/roles", e.Endpoint)
				require.Equal(t, code == http.StatusForbidden, strings.Contains(e.Hint, "roles-manage"), e.Hint)
				calls := "GET PUT status"
				if name == "grant" && code != http.StatusForbidden {
					calls += " role"
				}
				require.Equal(t, calls, m.calls())
			})
		})
	}
}

// A read that is refused is an error, and nothing is written.
func TestRefusedReads(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]codes.Code{
		http.StatusBadRequest: codes.InvalidArgument, http.StatusForbidden: codes.PermissionDenied,
		http.StatusNotImplemented: codes.FailedPrecondition, http.StatusMovedPermanently: codes.FailedPrecondition,
	} {
		for _, skip := range []int{0, 1} {
			t.Run(fmt.Sprint(code, " after ", skip), func(t *testing.T) {
				t.Parallel()
				bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
					c := m.changes()[name]
					m.faultGet(privxsim.Fault{Status: code, Skip: skip})
					got, err := c.change(t.Context(), m.user, c.role)
					e := asError(t, err, want, code)
					require.Nil(t, got)
					require.Equal(t, code == http.StatusForbidden, strings.Contains(e.Hint, "users-view and roles-view"), e.Hint)
					require.Equal(t, []string{"GET", "GET PUT GET"}[skip], m.calls())
					require.Equal(t, skip == 1, strings.Contains(err.Error(), "the change was sent, and could not be verified"), "%v", err)
				})
			})
		}
	}
}

// endpoints are the requests of a change that may fail.
func endpoints() map[string]privxsim.Fault {
	return map[string]privxsim.Fault{
		"the first read":     {Method: http.MethodGet, Path: userRolesPath},
		"the write":          {Method: http.MethodPut, Path: userRolesPath},
		"the verifying read": {Method: http.MethodGet, Path: userRolesPath, Skip: 1},
		"the token":          {Path: tokenPath},
	}
}

// forgetToken makes the next request ask for a token first.
func (m *members) forgetToken() {
	m.sim.RevokeTokens()
	m.sim.ResetRequests()
}

// R12: a failure without end is over with the caller's deadline.
func TestR12_OverByTheDeadline(t *testing.T) {
	t.Parallel()
	for endpoint, place := range endpoints() {
		for what, fault := range map[string]privxsim.Fault{
			"503":         {Status: http.StatusServiceUnavailable},
			"500":         {Status: http.StatusInternalServerError},
			"429":         {Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"2"}}},
			"no wait":     {Status: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": {"0"}}, Delay: 0},
			"reset":       {Kind: privxsim.FaultResetBefore},
			"reset after": {Kind: privxsim.FaultResetAfter},
			"stall":       {Kind: privxsim.FaultStall},
			"slow body":   {Kind: privxsim.FaultSlowBody, Delay: time.Hour},
		} {
			if endpoint == "the write" && (what == "reset after" || what == "slow body") {
				continue // The write is done.
			}
			t.Run(endpoint+" "+what, func(t *testing.T) {
				t.Parallel()
				bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
					c := m.changes()[name]
					m.forgetToken()
					f := fault
					f.Method, f.Path, f.Skip = place.Method, place.Path, place.Skip
					m.sim.Inject(f)
					ctx, cancel := context.WithTimeout(t.Context(), budget)
					defer cancel()
					began := time.Now()
					got, err := c.change(ctx, m.user, c.role)
					require.Nil(t, got)
					require.True(t, status.Code(err) == codes.Unavailable || errors.Is(err, context.DeadlineExceeded), "%v", err)
					require.LessOrEqual(t, time.Since(began), budget, "fake time")
					require.GreaterOrEqual(t, time.Since(began), 5*time.Second, "ridden out for a while")
					require.Zero(t, privx.Locks(m.client).Len())
					time.Sleep(privx.TokenTimeout) // Nobody waits for a token any more.
				})
			})
		}
	}
}

// R12: and one that ends in time is ridden out.
func TestR12_RiddenOut(t *testing.T) {
	t.Parallel()
	for endpoint, place := range endpoints() {
		for what, fault := range map[string]privxsim.Fault{
			"503":   {Status: http.StatusServiceUnavailable},
			"500":   {Status: http.StatusInternalServerError},
			"429":   {Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"3"}}},
			"reset": {Kind: privxsim.FaultResetBefore},
			"stall": {Kind: privxsim.FaultStall},
		} {
			t.Run(endpoint+" "+what, func(t *testing.T) {
				t.Parallel()
				bothInBubble(t, setup{timeout: 8 * time.Second}, func(t *testing.T, m *members, name string) {
					c := m.changes()[name]
					want := except(m.roles(), c.role, c.after)
					m.forgetToken()
					f := fault
					f.Method, f.Path, f.Skip = place.Method, place.Path, place.Skip
					m.sim.Inject(f)
					time.AfterFunc(20*time.Second, m.sim.ClearFaults)
					ctx, cancel := context.WithTimeout(t.Context(), budget)
					defer cancel()
					got, err := c.change(ctx, m.user, c.role)
					require.NoError(t, err)
					require.Equal(t, c.after, held(got.Membership))
					require.Equal(t, want, m.roles())
				})
			})
		}
	}
}

// R12: nobody waits for what comes after the deadline.
func TestR12_RetryAfterBeyondTheDeadline(t *testing.T) {
	t.Parallel()
	for endpoint, place := range endpoints() {
		t.Run(endpoint, func(t *testing.T) {
			t.Parallel()
			bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
				c := m.changes()[name]
				m.forgetToken()
				f := place
				f.Status, f.Header = http.StatusServiceUnavailable, http.Header{"Retry-After": {"40"}}
				m.sim.Inject(f)
				ctx, cancel := context.WithTimeout(t.Context(), budget)
				defer cancel()
				began := time.Now()
				err := second(c.change(ctx, m.user, c.role))
				wantError(t, err, codes.Unavailable, http.StatusServiceUnavailable)
				require.LessOrEqual(t, time.Since(began), 2*time.Second, "fake time")
			})
		})
	}
}

// Without a deadline of the caller's, there is one all the same.
func TestR12_ADeadlineOfItsOwn(t *testing.T) {
	t.Parallel()
	for endpoint, place := range endpoints() {
		t.Run(endpoint, func(t *testing.T) {
			t.Parallel()
			bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
				c := m.changes()[name]
				m.forgetToken()
				f := place
				f.Status = http.StatusBadGateway
				m.sim.Inject(f)
				began := time.Now()
				require.Error(t, second(c.change(t.Context(), m.user, c.role)))
				require.LessOrEqual(t, time.Since(began), privx.MaxElapsed, "fake time")
			})
		})
	}
}

// R6 for changes: cancelling returns at once, wherever it is.
func TestR6_CancelAChange(t *testing.T) {
	t.Parallel()
	stall := privxsim.FaultStall
	throttled := privxsim.Fault{Method: http.MethodPut, Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"50"}}}
	for name, tt := range map[string]struct {
		faults []privxsim.Fault
		after  time.Duration
		last   string // the request that was made last
	}{
		"in the first read":               {[]privxsim.Fault{{Path: userRolesPath, Kind: stall}}, 0, "GET"},
		"before the first read's next":    {[]privxsim.Fault{{Path: userRolesPath, Status: http.StatusServiceUnavailable}}, 0, "GET"},
		"in the write":                    {[]privxsim.Fault{{Method: http.MethodPut, Kind: stall}}, 0, "PUT"},
		"in the write that was done":      {[]privxsim.Fault{{Method: http.MethodPut, Kind: privxsim.FaultSlowHeader, Delay: time.Hour}}, 0, "PUT"},
		"in the verifying read":           {[]privxsim.Fault{{Method: http.MethodGet, Path: userRolesPath, Kind: stall, Skip: 1}}, 0, "GET"},
		"while the write is not there":    {[]privxsim.Fault{{Method: http.MethodPut, Kind: privxsim.FaultDropWrite}}, 0, "GET"},
		"before the next write":           {[]privxsim.Fault{throttled}, 5 * time.Second, "status"},
		"in the token":                    {[]privxsim.Fault{{Path: tokenPath, Kind: stall}}, 0, "token"},
		"in the status":                   {[]privxsim.Fault{{Method: http.MethodPut, Status: http.StatusForbidden}, {Path: statusPath, Kind: stall}}, 0, "status"},
		"in the look whether a user is":   {[]privxsim.Fault{{Path: userRolesPath, Status: http.StatusNotFound}, {Path: searchPath, Kind: stall}}, 0, "search"},
		"in the look whether a role is":   {[]privxsim.Fault{{Method: http.MethodPut, Status: http.StatusBadRequest}, {Path: rolePath, Kind: stall}}, 0, "role"},
		"in a look for what is not there": {[]privxsim.Fault{{Method: http.MethodPut, Kind: stall, Count: 1}}, privx.ExchangeTimeout + time.Second/2, "GET"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
				c := m.changes()[name]
				if tt.last == "search" && name == "grant" || tt.last == "role" && name == "revoke" {
					return // They do not look.
				}
				if tt.last == "token" {
					m.forgetToken()
				}
				for _, fault := range tt.faults {
					m.sim.Inject(fault)
				}
				ctx, cancel := context.WithCancel(t.Context())
				var cancelled time.Time
				err := awaitResult(func() error { return second(c.change(ctx, m.user, c.role)) }, func() {
					time.Sleep(tt.after)
					synctest.Wait()
					calls := strings.Fields(m.calls())
					if last := calls[len(calls)-1]; last != tt.last {
						t.Errorf("cancelled after %s, not %s", last, tt.last)
					}
					cancelled = time.Now()
					cancel()
				})
				if tt.last == "status" && tt.after == 0 || tt.last == "role" {
					require.Contains(t, err.Error(), "PUT", "what the write was refused with says more")
				} else {
					require.ErrorIs(t, err, context.Canceled)
				}
				require.Equal(t, tt.last == "PUT", strings.Contains(err.Error(), "the change may have been sent, and could not be verified"), "%v", err)
				require.Zero(t, time.Since(cancelled), "fake time")
				require.Zero(t, privx.Locks(m.client).Len())
				time.Sleep(privx.TokenTimeout) // Nobody waits for a token any more.
			})
		})
	}
}

func TestR6_CancelledBeforehandChangesNothing(t *testing.T) {
	t.Parallel()
	m := newMembers(t, setup{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range m.changes() {
		require.ErrorIs(t, second(c.change(ctx, m.user, c.role)), context.Canceled)
	}
	require.Empty(t, m.calls())
	require.Zero(t, privx.Locks(m.client).Len())
}

// gatewayNotFound is a 404 that is not PrivX's.
const gatewayNotFound = `{"message":"no Route matched with those values"}`

// P9: a user is gone when PrivX says so in its own words and its search, asked
// for him, answers without him.
func TestP9_RevokeFromAUserWhoIsGone(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		user   func(m *members) string
		when   func(m *members, gone func())
		calls  string
		before []privxsim.Fault
	}{
		"never was": {func(*members) string { return unknownID }, nil, "GET search", nil},
		"long gone": {nil, func(_ *members, gone func()) { gone() }, "GET search", nil},
		"goes before the write": {nil, func(m *members, gone func()) {
			m.beforePut(func(int) { gone() })
		}, "GET PUT status search", nil},
		"goes after the write": {nil, func(m *members, gone func()) {
			m.afterPut(func(int) { gone() })
		}, "GET PUT GET search", nil},
		"goes while the write is not heard of": {nil, func(m *members, gone func()) {
			m.afterPut(func(int) { gone() })
		}, "GET PUT GET search", []privxsim.Fault{{Method: http.MethodPut, Kind: privxsim.FaultResetBefore}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMembers(t, setup{})
			user := m.user
			if tt.user != nil {
				user = tt.user(m)
			}
			for _, fault := range tt.before {
				m.sim.Inject(fault)
			}
			if tt.when != nil {
				tt.when(m, func() { m.store.RemoveUser(m.user) })
			}
			got, err := m.client.RevokeRole(t.Context(), user, m.explicit)
			require.NoError(t, err)
			require.Equal(t, &privx.Change{UserGone: true}, got)
			require.Equal(t, tt.calls, m.calls())
			require.JSONEq(t, `{"user_id":["`+user+`"]}`, string(m.sent(searchPath)[0].Body))
		})
	}
}

// P9: a 404 alone does not say so.
func TestP9_NotFoundAndNotGone(t *testing.T) {
	t.Parallel()
	html := privxsim.Fault{Kind: privxsim.FaultHTML, Status: http.StatusNotFound}
	gateway := privxsim.Fault{Status: http.StatusNotFound, Body: gatewayNotFound}
	notFound := privxsim.Fault{Status: http.StatusNotFound}
	for name, tt := range map[string]struct {
		get, search privxsim.Fault
		sim         privxsim.Options
		gone        bool
		code        codes.Code
		searches    int
	}{
		"the search knows him":                {get: notFound, code: codes.FailedPrecondition, searches: 1},
		"the search answers others":           {sim: privxsim.Options{IgnoreUserIDs: true}, gone: true, code: codes.FailedPrecondition, searches: 1},
		"the search may not be used":          {search: privxsim.Fault{Status: http.StatusForbidden}, gone: true, code: codes.PermissionDenied, searches: 1},
		"the search is not found":             {search: notFound, gone: true, code: codes.NotFound, searches: 1},
		"the search is at fault":              {search: privxsim.Fault{Status: http.StatusBadGateway}, gone: true, code: codes.Unavailable, searches: privx.MaxTries},
		"the search is a login page":          {search: privxsim.Fault{Kind: privxsim.FaultHTML}, gone: true, code: codes.FailedPrecondition, searches: 1},
		"the search is empty":                 {search: privxsim.Fault{Kind: privxsim.FaultEmpty}, gone: true, code: codes.FailedPrecondition, searches: 1},
		"the search has no items":             {search: privxsim.Fault{Status: http.StatusOK, Body: `{"count":0}`}, gone: true, code: codes.FailedPrecondition, searches: 1},
		"the search counts one, shows none":   {search: privxsim.Fault{Status: http.StatusOK, Body: `{"count":1,"items":[]}`}, gone: true, code: codes.FailedPrecondition, searches: 1},
		"the search has one without an id":    {search: privxsim.Fault{Status: http.StatusOK, Body: `{"count":1,"items":[{}]}`}, gone: true, code: codes.FailedPrecondition, searches: 1},
		"a gateway's page":                    {get: html, code: codes.FailedPrecondition},
		"a gateway's page, and he is gone":    {get: html, gone: true, code: codes.FailedPrecondition},
		"a gateway's JSON":                    {get: gateway, code: codes.FailedPrecondition},
		"a gateway's JSON, and he is gone":    {get: gateway, gone: true, code: codes.FailedPrecondition},
		"an empty 404, as no API gives it":    {get: privxsim.Fault{Kind: privxsim.FaultEmpty, Status: http.StatusNotFound}, code: codes.FailedPrecondition},
		"410, which PrivX is not known to be": {get: privxsim.Fault{Status: http.StatusGone}, gone: true, code: codes.InvalidArgument},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMembers(t, setup{sim: tt.sim})
			for path, fault := range map[string]privxsim.Fault{userRolesPath: tt.get, searchPath: tt.search} {
				if fault.Status != 0 || fault.Kind != privxsim.FaultStatus {
					fault.Path = path
					m.sim.Inject(fault)
				}
			}
			if tt.gone {
				m.store.RemoveUser(m.user)
			}
			got, err := m.client.RevokeRole(t.Context(), m.user, m.explicit)
			require.Nil(t, got)
			var e *privx.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, tt.code, status.Code(err), "%v", err)
			require.Equal(t, tt.sim.IgnoreUserIDs, strings.Contains(e.Error(), "other users than the one searched for"), "%v", err)
			require.Equal(t, tt.searches, m.sim.CountRequests("", searchPath))
			require.Empty(t, m.writes())
		})
	}
}

// P9: a user whom the search finds beside others is there.
func TestP9_TheSearchAnswersOthersToo(t *testing.T) {
	t.Parallel()
	m := newMembers(t, setup{sim: privxsim.Options{IgnoreUserIDs: true}})
	m.faultGet(privxsim.Fault{Status: http.StatusNotFound})
	e := asError(t, second(m.client.RevokeRole(t.Context(), m.user, m.explicit)), codes.FailedPrecondition, http.StatusNotFound)
	require.Contains(t, e.Error(), "yet the search knows the user")
}

// P9: a grant to nobody.
func TestP9_GrantToAnUnknownUser(t *testing.T) {
	t.Parallel()
	m := newMembers(t, setup{})
	wantError(t, second(m.client.GrantRole(t.Context(), unknownID, m.none)), codes.NotFound, http.StatusNotFound)
	require.Equal(t, "GET", m.calls())
	m.sim.ResetRequests()
	m.beforePut(func(int) { m.store.RemoveUser(m.user) })
	e := asError(t, second(m.client.GrantRole(t.Context(), m.user, m.none)), codes.NotFound, http.StatusNotFound)
	require.Equal(t, http.MethodPut, strings.Fields(e.Endpoint)[0])
	require.Equal(t, "GET PUT status role", m.calls())
}

// P9: nothing of an id gets out of its place in the path.
func TestP9_MalformedIDs(t *testing.T) {
	t.Parallel()
	m := newMembers(t, setup{})
	for _, id := range []string{"", ".", "..", "../../roles", "a/b", m.user + "/../" + m.user, m.user + "?x=1"} {
		for _, c := range m.changes() {
			require.Error(t, second(c.change(t.Context(), id, c.role)))
		}
	}
	require.Empty(t, m.writes())
	for _, r := range m.sim.Requests() {
		require.True(t, matches(userRolesPath, r.Path), r.Path)
	}
}

// A grant of a role that does not exist, however PrivX takes it.
func TestP9_UnknownRole(t *testing.T) {
	t.Parallel()
	cycle := "GET " + settled + " "
	for name, tt := range map[string]struct {
		mode  privxsim.UnknownRolesMode
		calls string
	}{
		"refused":   {privxsim.UnknownRolesRefused, "GET PUT status role"},
		"not found": {privxsim.UnknownRolesNotFound, "GET PUT status role"},
		"ignored":   {privxsim.UnknownRolesIgnored, cycle + cycle + cycle + "GET status role"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			membersInBubble(t, setup{sim: privxsim.Options{UnknownRoles: tt.mode}}, func(t *testing.T, m *members) {
				before := m.memberships()
				got, err := m.client.GrantRole(t.Context(), m.user, unknownID)
				e := asError(t, err, codes.NotFound, http.StatusNotFound)
				require.Nil(t, got)
				require.Equal(t, "GET /role-store/api/v1/roles/{id}", e.Endpoint)
				require.Equal(t, tt.calls, m.calls())
				require.Equal(t, before, m.memberships())

				// To revoke it, there is nothing to do.
				m.sim.ResetRequests()
				revoked, err := m.client.RevokeRole(t.Context(), m.user, unknownID)
				require.NoError(t, err)
				require.Equal(t, &privx.Change{}, revoked)
				require.Equal(t, "GET", m.calls())
			})
		})
	}
}

// A role that is there is not to blame: the write's own error stays.
func TestP9_KnownRoleOrNobodyKnows(t *testing.T) {
	t.Parallel()
	for name, role := range map[string]privxsim.Fault{
		"known": {Kind: privxsim.FaultHeader}, "forbidden": {Status: http.StatusForbidden},
		"at fault": {Status: http.StatusBadGateway}, "a gateway's 404": {Kind: privxsim.FaultHTML, Status: http.StatusNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMembers(t, setup{})
			role.Path = rolePath
			m.sim.Inject(role)
			m.faultPut(privxsim.Fault{Status: http.StatusBadRequest})
			e := asError(t, second(m.client.GrantRole(t.Context(), m.user, m.none)), codes.InvalidArgument, http.StatusBadRequest)
			require.Equal(t, http.MethodPut, strings.Fields(e.Endpoint)[0])
		})
	}
}

// PrivX in an upgrade: whichever status refuses the write, the error says why.
func TestReadOnly_Upgrade(t *testing.T) {
	t.Parallel()
	for _, code := range []int{400, 403, 404, 405, 409, 423, 500, 501, 503} {
		t.Run(strconv.Itoa(code), func(t *testing.T) {
			t.Parallel()
			bothInBubble(t, setup{sim: privxsim.Options{ReadOnlyStatus: code}}, func(t *testing.T, m *members, name string) {
				c := m.changes()[name]
				m.sim.SetReadOnly(true)
				before := m.roles()
				got, err := c.change(t.Context(), m.user, c.role)
				e := asError(t, err, codes.FailedPrecondition, code)
				require.Nil(t, got)
				require.Contains(t, e.Error(), "upgrade")
				require.Zero(t, e.RetryAt)
				require.Len(t, m.writes(), 1)
				require.Equal(t, before, m.roles())

				// What needs no write is as always, and after the upgrade all is.
				require.NoError(t, second(m.client.GrantRole(t.Context(), m.user, m.both)))
				require.NoError(t, second(m.client.RevokeRole(t.Context(), m.user, m.other)))
				m.sim.SetReadOnly(false)
				require.NoError(t, second(c.change(t.Context(), m.user, c.role)))
				require.Equal(t, c.after, m.roles()[c.role])
			})
		})
	}
}

// PrivX in an upgrade that drops writes and says 200.
func TestReadOnly_DroppedWrites(t *testing.T) {
	t.Parallel()
	bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
		c := m.changes()[name]
		m.sim.SetReadOnly(true)
		m.faultPut(privxsim.Fault{Kind: privxsim.FaultDropWrite})
		e := asError(t, second(c.change(t.Context(), m.user, c.role)), codes.FailedPrecondition, http.StatusOK)
		require.Contains(t, e.Hint, "upgrade")
	})
}

// PrivX in an upgrade that says when to try again: an upgrade takes longer, and
// rate-limit data would have the SDK repeat the task.
func TestReadOnly_RetryAfter(t *testing.T) {
	t.Parallel()
	bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
		c := m.changes()[name]
		m.sim.SetReadOnly(true)
		m.faultPut(privxsim.Fault{Status: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": {"3"}}})
		err := second(c.change(t.Context(), m.user, c.role))
		e := asError(t, err, codes.FailedPrecondition, http.StatusServiceUnavailable)
		require.Zero(t, e.RetryAt)
		require.Nil(t, rateLimit(err))
		require.Len(t, m.writes(), 1)
	})
}

// A status that cannot be read says nothing, and the error stays what it was.
func TestReadOnly_StatusDoesNotAnswer(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]privxsim.Fault{
		"at fault":      {Status: http.StatusInternalServerError},
		"forbidden":     {Status: http.StatusForbidden},
		"a login page":  {Kind: privxsim.FaultHTML},
		"garbage":       {Kind: privxsim.FaultGarbage},
		"null":          {Kind: privxsim.FaultNull},
		"stall":         {Kind: privxsim.FaultStall},
		"another shape": {Status: http.StatusOK, Body: `{"zdu":{"details":{"api":{"restricting":"yes"}}}}`},
		"no upgrade":    {Status: http.StatusOK, Body: `{"zdu":null}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bothInBubble(t, setup{sim: privxsim.Options{ReadOnlyStatus: http.StatusForbidden}}, func(t *testing.T, m *members, name string) {
				c := m.changes()[name]
				m.sim.SetReadOnly(true)
				f := fault
				f.Path = statusPath
				m.sim.Inject(f)
				e := asError(t, second(c.change(t.Context(), m.user, c.role)), codes.PermissionDenied, http.StatusForbidden)
				require.Contains(t, e.Hint, "roles-manage")
			})
		})
	}
}

// grantLength is what the tests of a time limit use: eight hours from the clock's
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

				// It is not extended as long as it holds, and given anew when it is over.
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

// What is in force is not cut short, and not made longer.
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

// Without PrivX's time there is no end to be given, and so no grant.
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
			require.Equal(t, "GET", m.calls())
			require.Equal(t, before, m.roles())

			// What needs no end is as always.
			got, err = m.client.GrantRole(t.Context(), m.user, m.explicit)
			require.NoError(t, err)
			require.False(t, got.Written)
			got, err = m.client.RevokeRole(t.Context(), m.user, m.explicit)
			require.NoError(t, err)
			require.True(t, got.Written)
		})
	}
}

// Other nodes have other clocks, or none: what was just given to begin by one of
// them has begun by the next.
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

// The same in a second cycle, which something else's write brings about.
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

// A second cycle gives the end anew, by the time of its own read.
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
		require.Equal(t, began.Add(2*time.Second+grantLength).UTC().Format(time.RFC3339), got.Membership.GrantEnd)
	})
}

// Whom the client acts as: the credentials say so, or PrivX does.
func TestSelf(t *testing.T) {
	t.Parallel()
	oauth := privxsim.Options{OAuthClientCredentials: true}
	for name, tt := range map[string]struct {
		setup
		calls string
	}{
		"password grant":     {setup{}, ""},
		"API client alone":   {setup{credentials: apiOnly}, ""},
		"OAuth client alone": {setup{credentials: oauthOnly, sim: oauth}, "token current"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, tt.setup)
			for range 3 {
				id, err := h.client.Self(t.Context())
				require.NoError(t, err)
				require.Equal(t, privxsim.DefaultAPIClientID, id)
			}
			require.Equal(t, tt.calls, h.calls())
		})
	}
}

// Many who ask share one answer, and who does not want to wait need not.
func TestSelf_AskedOnce(t *testing.T) {
	t.Parallel()
	inBubble(t, setup{credentials: oauthOnly, sim: privxsim.Options{OAuthClientCredentials: true}}, func(t *testing.T, h *harness) {
		release := make(chan struct{})
		h.sim.Inject(privxsim.Fault{Path: currentPath, Kind: privxsim.FaultSlowHeader, Release: release})
		const callers = 20
		results := make(chan string, callers)
		for range callers {
			go func() {
				id, err := h.client.Self(t.Context())
				results <- fmt.Sprint(id, err)
			}()
		}
		synctest.Wait()
		require.Equal(t, "token current", h.calls())
		ctx, cancel := context.WithCancel(t.Context())
		require.ErrorIs(t, awaitResult(func() error { return second(h.client.Self(ctx)) }, cancel), context.Canceled)
		close(release)
		for range callers {
			require.Equal(t, privxsim.DefaultAPIClientID+"<nil>", <-results)
		}
		require.Equal(t, "token current", h.calls())
		require.Zero(t, privx.Locks(h.client).Len())
	})
}

func TestSelf_FailuresAreNotRemembered(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]privxsim.Fault{
		"forbidden":     {Status: http.StatusForbidden},
		"at fault":      {Status: http.StatusBadGateway},
		"a login page":  {Kind: privxsim.FaultHTML},
		"no id":         {Status: http.StatusOK, Body: `{"principal":"alex"}`},
		"an empty id":   {Status: http.StatusOK, Body: `{"id":""}`},
		"null":          {Kind: privxsim.FaultNull},
		"another shape": {Status: http.StatusOK, Body: `{"id":{}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, setup{credentials: oauthOnly, sim: privxsim.Options{OAuthClientCredentials: true}})
			fault.Path = currentPath
			h.sim.Inject(fault)
			id, err := h.client.Self(t.Context())
			var e *privx.Error
			require.ErrorAs(t, err, &e)
			require.Empty(t, id)
			h.sim.ClearFaults()
			id, err = h.client.Self(t.Context())
			require.NoError(t, err)
			require.Equal(t, privxsim.DefaultAPIClientID, id)
		})
	}
}

func TestSelf_PrivXDoesNotTell(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{credentials: oauthOnly, sim: privxsim.Options{OAuthClientCredentials: true, NoCurrentUser: true}})
	id, err := h.client.Self(t.Context())
	wantError(t, err, codes.InvalidArgument, http.StatusBadRequest)
	require.Empty(t, id)
}

// S1: what a failing grant tells holds no secret, whatever PrivX repeats.
func TestS1_SecretsInFailingChanges(t *testing.T) {
	t.Parallel()
	for endpoint, place := range map[string]privxsim.Fault{
		"the first read":     {Method: http.MethodGet, Path: userRolesPath},
		"the write":          {Method: http.MethodPut, Path: userRolesPath},
		"the verifying read": {Method: http.MethodGet, Path: userRolesPath, Skip: 1},
		"the search":         {Path: searchPath},
		"the role":           {Path: rolePath},
	} {
		for _, code := range []int{400, 403, 404, 409, 501} {
			t.Run(fmt.Sprint(endpoint, " ", code), func(t *testing.T) {
				t.Parallel()
				m := newMembers(t, setup{})
				require.NoError(t, second(m.client.UserRoles(t.Context(), m.user)))
				_, bearer, _ := strings.Cut(m.sim.Requests()[0].Header.Get("Authorization"), " ")
				body, err := json.Marshal(map[string]string{
					"error_code":    "X " + privxsim.DefaultOAuthClientSecret,
					"error_message": privxsim.DefaultAPIClientSecret + " " + bearer,
					"property":      bearer,
				})
				require.NoError(t, err)
				switch endpoint {
				case "the search":
					m.store.RemoveUser(m.user)
				case "the role":
					m.faultPut(privxsim.Fault{Status: http.StatusBadRequest})
				}
				f := place
				f.Status, f.Body = code, string(body)
				m.sim.Inject(f)
				for _, c := range m.changes() {
					err := second(c.change(t.Context(), m.user, c.role))
					require.Error(t, err)
					wantNoSecret(t, err.Error(), privxsim.DefaultOAuthClientSecret, privxsim.DefaultAPIClientSecret, bearer)
				}
			})
		}
	}
}

// T4 for a write: one whose token is refused was not executed. It is made anew
// from a fresh read, as a new token takes its time, in which others may write.
func TestT4_ATokenIsRefusedToAWrite(t *testing.T) {
	t.Parallel()
	bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
		c := m.changes()[name]
		want := except(except(m.roles(), c.role, c.after), m.other, onlyExplicit)
		m.faultPut(privxsim.Fault{Status: http.StatusUnauthorized, Count: 1})
		m.sim.OnRequest(func(r privxsim.Request) {
			if r.Path == tokenPath {
				m.store.GrantExplicit(m.other, m.user, privxsim.Grant{})
			}
		})
		got, err := c.change(t.Context(), m.user, c.role)
		require.NoError(t, err)
		require.True(t, got.Written)
		require.Equal(t, c.after, held(got.Membership))
		require.Equal(t, "GET PUT token GET PUT GET", m.calls())
		require.Equal(t, want, m.roles())
	})
}

// T4: a second time is one too often.
func TestT4_EveryTokenIsRefusedToAWrite(t *testing.T) {
	t.Parallel()
	bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
		c := m.changes()[name]
		before := m.roles()
		m.faultPut(privxsim.Fault{Status: http.StatusUnauthorized})
		got, err := c.change(t.Context(), m.user, c.role)
		e := asError(t, err, codes.Unauthenticated, http.StatusUnauthorized)
		require.Nil(t, got)
		require.Contains(t, e.Hint, "clocks")
		require.Len(t, m.writes(), 2)
		require.Equal(t, before, m.roles())
	})
}
