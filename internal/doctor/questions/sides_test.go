package questions_test

import (
	"bytes"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/assumptions"
	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/doctortest"
	"github.com/conductorone/baton-privx/internal/doctor/questions"
	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/internal/privxsim/profile"
)

// hidden is why a side cannot be seen by reading, and what the doctor may say instead, beside
// that it does not know.
type hidden struct{ why, instead string }

// hiddenSides are the sides that cannot be seen by reading in a simulated PrivX that has
// taken them on.
var hiddenSides = map[string]hidden{
	"PXQ-009 c": {"Everybody has privx-user, so that no user's list is empty.", "a"},
	"PXQ-020 b": {"A grant that was removed leaves nothing to be seen.", ""},
	"PXQ-044 c": {"It takes as long as a token holds.", "a"},
	"PXQ-051 c": {"It would take a PrivX that is overloaded.", "a"},
	"PXQ-060 a": {"The API client may read the directories.", ""},
	"PXQ-062 a": {"No directory was removed.", ""},
	"PXQ-062 b": {"Who is removed leaves nothing to be seen.", ""},
	"PXQ-074 a": {"Where all names are the same, it is not known whether a role was renamed.", ""},
	"PXQ-077 a": {"The API client's roles are in access groups.", ""},
	"PXQ-077 b": {"Where no hosts are shown, it is not known whether there are any.", ""},
	"PXQ-082 b": {"Where only own secrets are shown, it is not known whether there are others.", ""},
	"PXQ-083 b": {"Where no personal secrets are shown, it is not known whether there are any.", ""},
}

// ofTheConnector are sides that depend on how the connector is configured, too.
var ofTheConnector = map[string]func(*doctor.Given){
	"PXQ-048 c": oauthClientAlone,
	"PXQ-059 c": withGrantMaxHours,
	"PXQ-081 a": mayNotSeeHosts,
	"PXQ-081 b": mayNotSeeHosts,
}

// ofManyUsers are questions that only a PrivX with more users than a page has can answer.
var ofManyUsers = []string{"PXQ-001"}

// Each side that the simulator can take on is found out again, or the doctor says that it
// does not know.
func TestEachSide(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("make test asks for each side of each question; TestAssumedSides is left")
	}
	checks := questions.Layer().Checks
	stale := make(map[string]bool)
	for side := range hiddenSides {
		stale[side] = true
	}
	for _, question := range assumptions.All() {
		if question.Ask != assumptions.ByReading || !slices.ContainsFunc(checks, func(c doctor.Check) bool { return c.ID == question.ID }) {
			continue
		}
		for place := range question.Sides() {
			letter := assumptions.Letter(place)
			delete(stale, question.ID+" "+letter)
			t.Run(question.ID+" "+letter, func(t *testing.T) {
				t.Parallel()
				requireSide(t, question.ID, letter)
			})
		}
	}
	require.Empty(t, stale, "hidden sides that there are not")
}

func requireSide(t *testing.T, id, letter string) {
	t.Helper()
	side := id + " " + letter
	given := takenOn(t, id, letter)
	if change := ofTheConnector[side]; change != nil {
		change(&given)
	}
	results, visit := doctortest.Run(t, all(), given, id)
	result, found := results[id], visit.Answers[id].Side
	require.Empty(t, result.Because, "skipped before it ran")
	requireSameAgain(t, id, visit, results)
	if hidden, isHidden := hiddenSides[side]; isHidden {
		require.NotEmpty(t, hidden.why)
		require.Contains(t, []string{"", hidden.instead}, found, "found %q, cause %q", result.Found, result.Cause)
		require.NotEqual(t, letter, found, "it is not hidden")
		return
	}
	require.Equal(t, letter, found, "ended in %q, found %q, cause %q", result.Way, result.Found, result.Cause)
}

// requireSameAgain checks that the report of a run makes a simulated PrivX of which a second
// run finds the same.
func requireSameAgain(t *testing.T, id string, first *doctor.Visit, results map[string]doctor.Result) {
	t.Helper()
	side := first.Answers[id].Side
	if side == "" {
		return
	}
	var report bytes.Buffer
	require.NoError(t, doctor.ReportOf(first, slices.Collect(maps.Values(results))).Write(&report))
	loaded, err := profile.Read(&report)
	require.NoError(t, err)
	given := withProfile(t, id, loaded)
	if change := ofTheConnector[id+" "+side]; change != nil {
		change(&given)
	}
	_, second := doctortest.Run(t, all(), given, id)
	require.Equal(t, side, second.Answers[id].Side, "of a PrivX that is made of the report")
}

// takenOn is a simulated PrivX that is on a side.
func takenOn(t *testing.T, id, letter string) doctor.Given {
	t.Helper()
	return withProfile(t, id, &profile.Profile{Answers: map[string]profile.Answer{id: {Side: letter}}})
}

// withProfile is a simulated PrivX with the manners of a profile, and what a question needs.
func withProfile(t *testing.T, id string, p *profile.Profile) doctor.Given {
	t.Helper()
	var options privxsim.Options
	p.Apply(&options)
	if options.Nodes != nil {
		options.Route = inTurn(len(options.Nodes))
	}
	size := privxsim.SeedOptions{Users: 40, Roles: 12}
	if slices.Contains(ofManyUsers, id) {
		size.Users = 1010
	}
	if isOfTargets(id) {
		size.Hosts = 30
	}
	site := doctortest.NewSite(t, privxsim.Seed(size), options)
	p.Prepare(site.Sim, site.Store)
	given := site.Given(t)
	if isOfTargets(id) {
		doctortest.TurnOn(&given, doctortest.TargetSettings...)
	}
	return given
}
