package writeprobe_test

import (
	"bytes"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/assumptions"
	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/connection"
	"github.com/conductorone/baton-privx/internal/doctor/doctortest"
	"github.com/conductorone/baton-privx/internal/doctor/tenant"
	"github.com/conductorone/baton-privx/internal/doctor/writeprobe"
	"github.com/conductorone/baton-privx/internal/privxsim"
)

// Where PrivX is as it is assumed to be, everything passes, each answer is the assumed one
// and the list is as it was.
func TestAllIsWell(t *testing.T) {
	t.Parallel()
	in(t, setup{}, func(t *testing.T, s *site) {
		before := s.memberships()
		began := time.Now()
		results := s.run(t.Context())
		require.Less(t, time.Since(began), 45*time.Second)
		for id, result := range results {
			require.Equal(t, doctor.Passed, result.Outcome, "%s %s: %s %s", id, result.Way, result.Found, result.Cause)
		}
		for id, answer := range s.visit.Answers {
			require.Equal(t, "a", answer.Side, id)
		}
		require.Len(t, s.visit.Answers, 6)
		require.False(t, s.probe.Unrestored)
		require.Contains(t, s.out.String(), "The list of the user's roles is as it was.")
		requireSafe(t, s, before, results)
		require.Len(t, s.puts(), putBack+1)
		require.Less(t, len(s.sim.Requests()), 80)
	})
}

// Each question of the register that takes a write is asked, and no other.
func TestTheQuestionsAreThoseOfTheRegister(t *testing.T) {
	t.Parallel()
	asked := make(map[string]bool)
	for _, check := range writeprobe.Layer(&writeprobe.Probe{}).Checks {
		asked[check.ID] = true
	}
	for _, question := range assumptions.All() {
		require.Equal(t, question.Ask == assumptions.ByWriteProbe, asked[question.ID], question.ID)
	}
}

// Each check can be run alone: everything is written, and the list is as it was.
func TestOnlyOneCheck(t *testing.T) {
	t.Parallel()
	for _, check := range writeprobe.Layer(&writeprobe.Probe{}).Checks {
		in(t, setup{}, func(t *testing.T, s *site) {
			before := s.memberships()
			results := s.run(t.Context(), check.ID)
			require.Equal(t, doctor.Passed, results[check.ID].Outcome)
			require.False(t, s.probe.Unrestored)
			requireSafe(t, s, before, results)
		})
	}
}

// In which way PrivX tells the times of a grant is answered if reading has not told.
func TestTimes(t *testing.T) {
	t.Parallel()
	now := time.Date(2000, 1, 1, 0, 0, 40, 0, time.UTC)
	at := func(hours int) string { return now.Add(time.Duration(hours) * time.Hour).Format(time.RFC3339) }
	older := func(hours int) privxsim.Grant {
		return privxsim.Grant{Type: privxsim.GrantTimeRestricted, Start: at(0), End: at(hours)}
	}
	for name, tt := range map[string]struct {
		told  func(hours int) privxsim.Grant // nil as it was told
		known string
		side  string
	}{
		"as told":     {side: "a"},
		"in one form": {told: older, side: "b"},
		"in both forms": {side: "b", told: func(hours int) privxsim.Grant {
			grant := older(hours)
			grant.Periods = []privxsim.Period{{Start: at(0), End: at(hours)}}
			return grant
		}},
		"not readable": {side: "c", told: func(int) privxsim.Grant {
			return privxsim.Grant{Type: privxsim.GrantTimeRestricted, Start: "soon", End: "later"}
		}},
		"known already": {told: older, known: "a", side: "a"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in(t, setup{}, func(t *testing.T, s *site) {
				before := s.memberships()
				if tt.known != "" {
					s.visit.Answered("PXQ-027", doctor.Answer{Side: tt.known})
				}
				for hours, place := range []int{putNewer, putOlder, putBoth} {
					if tt.told != nil {
						s.afterPut(place, func([]byte) { s.store.GrantExplicit(s.role, s.user, tt.told(hours+1)) })
					}
				}
				results := s.run(t.Context())
				require.Empty(t, results["PX-PROBE-05"].Way)
				require.Equal(t, tt.side, s.visit.Answers["PXQ-027"].Side)
				requireSafe(t, s, before, results)
			})
		})
	}
}

// Behind the real layers, over sockets and TLS: a user of a believable tenant who holds roles
// by grants is refused, and nothing is written.
func TestBehindTheRealLayers(t *testing.T) {
	t.Parallel()
	site := doctortest.NewSite(t, nil, privxsim.Options{})
	var out bytes.Buffer
	probe := &writeprobe.Probe{Out: &out, RoleID: site.Store.AddRole(privxsim.Role{Name: "test"}).ID}
	for _, m := range site.Store.Memberships() {
		if m.Explicit && m.UserID != privxsim.DefaultAPIClientID {
			probe.UserID = m.UserID
		}
	}
	layers := append(connection.Layers(), tenant.Permissions(), writeprobe.Layer(probe))
	results, _ := doctortest.Run(t, layers, site.Given(t))
	require.Contains(t, []string{"holds-others", "api-client"}, results["PX-PROBE-01"].Way+results["PX-PROBE-02"].Way)
	require.Zero(t, site.Sim.CountRequests(http.MethodPut, ""))
	require.Empty(t, out.String())
	require.Equal(t, doctor.Skipped, results["PX-PROBE-09"].Outcome)
}
