package checkup_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/assumptions"
	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/ask"
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
	site := doctortest.NewSite(t, privxsim.Seed(privxsim.SeedOptions{Users: 60, Roles: 12, Hosts: 30}), options)
	p.Prepare(site.Sim, site.Store)
	v := &doctor.Visit{Given: site.Given(t)}
	doctortest.TurnOn(&v.Given, doctortest.TargetSettings...)
	results := checkup.Run(t.Context(), &doctor.Runner{Layers: checkup.Layers(nil)}, v)
	var report bytes.Buffer
	require.NoError(t, doctor.ReportOf(v, results).Write(&report))
	require.Less(t, v.Ask.Requests(), ask.MaxRequests)
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

// apart are the sides that do not go with others, and why. They are held one at a time, as
// all sides are: see TestEachSide of the questions.
var apart = map[string]string{
	"PXQ-002 d": "A list of a user's roles that counts too much is a part of a list.",
	"PXQ-002 f": "Whether it is seen is chance.",
	"PXQ-005 b": "No members can be read.",
	"PXQ-007 b": "No first page can be read.",
	"PXQ-007 c": "No first page can be read.",
	"PXQ-008 b": "Each page takes seconds.",
	"PXQ-009 c": "Everybody has privx-user, so that no user's list is empty.",
	"PXQ-010 b": "It takes a search by ids to tell.",
	"PXQ-014 b": "Where lists do not count, nothing tells it from c.",
	"PXQ-017 b": "Members carry roles that there are not.",
	"PXQ-019 b": "The role of everybody has no members.",
	"PXQ-027 b": "What a member carries tells the times of grants in the other way.",
	"PXQ-028 b": "No list of a user's roles can be read.",
	"PXQ-034 b": "Other errors are looked for where nothing is found.",
	"PXQ-034 c": "It is an error of another form.",
	"PXQ-044 c": "It takes as long as a token holds.",
	"PXQ-048 c": "It takes credentials of the OAuth client alone.",
	"PXQ-051 c": "It takes a PrivX that is overloaded.",
	"PXQ-052 b": "Errors without a body have no codes.",
	"PXQ-052 d": "Errors that are pages have no codes.",
	"PXQ-059 c": "It is the same as b where grants have no end.",
	"PXQ-065 b": "See TestCluster.",
	"PXQ-066 b": "See TestCluster.",
	"PXQ-067 b": "See TestCluster.",
}

// fewest is how many answers a set has at least: some questions cannot be answered in each
// tenant.
const fewest = 40

// set is a profile with the nth side of each question that can be asked by reading, if it
// has so many and the side goes with others, and else with the first one.
func set(n int) *profile.Profile {
	p := &profile.Profile{Answers: make(map[string]profile.Answer)}
	for _, question := range assumptions.All() {
		side := assumptions.Letter(n)
		if _, alone := apart[question.ID+" "+side]; alone || n >= len(question.Sides()) {
			side = assumptions.Letter(0)
		}
		if question.Ask == assumptions.ByReading {
			p.Answers[question.ID] = profile.Answer{Side: side}
		}
	}
	return p
}

// In sets that between them have every side that goes with others, each answer is the side
// that PrivX is on; and the report makes a PrivX that answers a second doctor in the same
// way.
func TestSetsOfManners(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("make test runs the whole doctor with each set")
	}
	for n := range 6 {
		t.Run(fmt.Sprint("set ", assumptions.Letter(n)), func(t *testing.T) {
			t.Parallel()
			p := set(n)
			first := visit(t, p, privxsim.Options{})
			answers := first.answers()
			require.GreaterOrEqual(t, len(answers), fewest)
			for id, side := range answers {
				require.Equal(t, p.Answers[id].Side, side, id)
			}
			requireSameAgain(t, first)
		})
	}
}

// requireSameAgain checks that the report of a visit makes a PrivX that answers a second
// doctor in the same way, where the first one knew the answer.
func requireSameAgain(t *testing.T, first visited) {
	t.Helper()
	loaded, err := profile.Read(bytes.NewReader(first.report))
	require.NoError(t, err)
	again := visit(t, loaded, privxsim.Options{}).answers()
	for id, side := range first.answers() {
		require.Equal(t, side, again[id], id)
	}
}

// A cluster is told from a single node, and its nodes, which lag behind one another, change
// no other answer.
func TestCluster(t *testing.T) {
	t.Parallel()
	alone := visit(t, &profile.Profile{}, privxsim.Options{}).answers()
	cluster := &profile.Profile{Answers: map[string]profile.Answer{"PXQ-064": {Side: "b"}, "PXQ-066": {Side: "b"}, "PXQ-067": {Side: "b"}}}
	first := visit(t, cluster, privxsim.Options{})
	answers := first.answers()
	for id, side := range answers {
		want := alone[id]
		switch id {
		case "PXQ-066", "PXQ-067":
			want = "b"
		case "PXQ-002": // One node counts too little.
			want = doctor.Otherwise
		}
		require.Equal(t, want, side, id)
	}
	require.GreaterOrEqual(t, len(answers), fewest)
	requireSameAgain(t, first)
}
