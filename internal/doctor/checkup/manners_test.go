package checkup_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/assumptions"
	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/checkup"
	"github.com/conductorone/baton-privx/internal/doctor/doctortest"
	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/internal/privxsim/profile"
)

// visited is what a doctor found out about a PrivX of some manners.
type visited struct {
	results []doctor.Result
	report  []byte
	visit   *doctor.Visit
}

// visit lets a doctor look at a PrivX with the manners of a profile.
func visit(t *testing.T, p *profile.Profile, options privxsim.Options) visited {
	t.Helper()
	p.Apply(&options)
	site := doctortest.NewSite(t, privxsim.Seed(privxsim.SeedOptions{Users: 60, Roles: 12}), options)
	p.Prepare(site.Sim, site.Store)
	v := &doctor.Visit{Given: site.Given(t)}
	results := checkup.Run(t.Context(), &doctor.Runner{Layers: checkup.Layers(nil)}, v)
	var report bytes.Buffer
	require.NoError(t, doctor.ReportOf(v, results).Write(&report))
	return visited{results: results, report: report.Bytes(), visit: v}
}

// answers are the sides that a doctor found.
func (v visited) answers() map[string]string {
	sides := make(map[string]string)
	for id, answer := range v.visit.Answers {
		sides[id] = answer.Side
	}
	return sides
}

// set is a profile with the nth side of each question that can be asked by reading, or its
// last one, less the questions that are left out.
func set(n int, without map[string]string) *profile.Profile {
	p := &profile.Profile{Answers: make(map[string]profile.Answer)}
	for _, question := range assumptions.All() {
		if _, left := without[question.ID]; left || question.Ask != assumptions.ByReading {
			continue
		}
		p.Answers[question.ID] = profile.Answer{Side: assumptions.Letter(min(n, len(question.Sides())-1))}
	}
	return p
}

// In sets that between them have every side that goes with others, each answer is the side
// that PrivX is on, or none; and the report makes a PrivX that answers a second doctor in
// the same way.
func TestSetsOfManners(t *testing.T) {
	t.Parallel()
	for n := range 6 {
		t.Run(fmt.Sprint("set ", assumptions.Letter(n)), func(t *testing.T) {
			t.Parallel()
			p := set(n, nil)
			first := visit(t, p, privxsim.Options{})
			for id, side := range first.answers() {
				require.Equal(t, p.Answers[id].Side, side, id)
			}
			loaded, err := profile.Read(bytes.NewReader(first.report))
			require.NoError(t, err)
			require.Equal(t, first.answers(), visit(t, loaded, privxsim.Options{}).answers())
			t.Logf("%d answers", len(first.answers()))
			for _, r := range first.results {
				if r.Outcome != doctor.Passed {
					t.Logf("%s %s %s %s %s", r.Check.ID, r.Outcome, r.Way, r.Because, r.Cause)
				}
			}
		})
	}
}

// A cluster whose nodes lag behind one another is no other PrivX.
func TestCluster(t *testing.T) {
	t.Parallel()
	nodes := []privxsim.Node{{}, {Lag: 5 * time.Second, ClockOffset: -time.Second}, {Lag: time.Second}}
	alone := visit(t, &profile.Profile{}, privxsim.Options{})
	cluster := visit(t, &profile.Profile{}, privxsim.Options{Nodes: nodes})
	got, want := cluster.answers(), alone.answers()
	want["PXQ-066"] = got["PXQ-066"]
	require.Equal(t, want, got)
}
