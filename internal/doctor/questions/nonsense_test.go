package questions_test

import (
	"fmt"
	"hash/fnv"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/connection"
	"github.com/conductorone/baton-privx/internal/doctor/doctortest"
	"github.com/conductorone/baton-privx/internal/doctor/questions"
	"github.com/conductorone/baton-privx/internal/oddjson"
	"github.com/conductorone/baton-privx/internal/privxsim"
)

// unguarded is the layer of questions as if nothing but a login were needed.
func unguarded() []doctor.Layer {
	layer := questions.Layer()
	for i := range layer.Checks {
		layer.Checks[i].Needs = []string{connection.LoggedIn}
	}
	return append(connection.Layers(), layer)
}

// requireSense runs all questions, and holds each to what it may say of a PrivX that talks
// nonsense: it passes with an answer alone.
func requireSense(t *testing.T, given doctor.Given) *doctor.Visit {
	t.Helper()
	results, visit := doctortest.Run(t, unguarded(), given)
	for _, check := range questions.Layer().Checks {
		result := results[check.ID]
		if result.Outcome == doctor.Passed {
			require.NotEmpty(t, visit.Answers[check.ID].Side, "%s passes, and has no answer", check.ID)
		}
		require.True(t, result.Way == "" || result.Ending != nil, "%s ends in %q, which it does not name", check.ID, result.Way)
		doctortest.RequireNoSecrets(t, result.Found+result.Wanted+result.Cause)
	}
	return visit
}

// nonsense are answers in place of those of the role store.
var nonsense = map[string]privxsim.Fault{
	"garbage":    {Kind: privxsim.FaultGarbage},
	"nothing":    {Kind: privxsim.FaultEmpty},
	"no content": {Kind: privxsim.FaultNoContent},
	"null":       {Kind: privxsim.FaultNull},
	"nested":     {Kind: privxsim.FaultNested},
	"page":       {Kind: privxsim.FaultHTML},
	"redirect":   {Kind: privxsim.FaultRedirect},
	"half":       {Kind: privxsim.FaultTruncated},
	"cut":        {Kind: privxsim.FaultCut},
	"trailing":   {Kind: privxsim.FaultTrailing},
	"reset":      {Kind: privxsim.FaultResetBefore},
	"null items": {Kind: privxsim.FaultNullItems},
	"odd items":  {Status: http.StatusOK, Body: `{"count":-1,"items":[null,1,"a",[],{"id":1},{"id":null,"roles":3,"source":[]}]}`},
	"no items":   {Status: http.StatusOK, Body: `{"count":3}`},
	"odd count":  {Status: http.StatusOK, Body: `{"count":"3","items":{}}`},
	"odd error":  {Status: http.StatusNotFound, Body: `{"error_code":[],"details":3}`},
	"text":       {Status: http.StatusNotFound, Body: `no`},
}

func TestNonsense(t *testing.T) {
	t.Parallel()
	for name, fault := range nonsense {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := doctortest.NewSite(t, nil, privxsim.Options{})
			for _, path := range []string{"/role-store/api/v1/*", "/role-store/api/v1/*/*", "/role-store/api/v1/*/*/*"} {
				fault.Path = path
				site.Sim.Inject(fault)
			}
			visit := requireSense(t, site.Given(t))
			for _, id := range seenInRows {
				require.NotEqual(t, "a", visit.Answers[id].Side, id)
			}
		})
	}
}

// seenInRows are questions that no nonsense answers.
var seenInRows = []string{"PXQ-034", "PXQ-037", "PXQ-048", "PXQ-049", "PXQ-061", "PXQ-062", "PXQ-063", "PXQ-067"}

// What cannot be told from a true answer at a glance is nothing to stumble over.
func TestSpoiledAnswers(t *testing.T) {
	t.Parallel()
	for seed := range 8 {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			site := doctortest.NewSite(t, nil, privxsim.Options{})
			site.Sim.Alter(func(rq privxsim.Request, a *privxsim.Answer) {
				if !rq.Matches("", doctortest.TokenPath) {
					a.Body = []byte(oddjson.Spoil(string(a.Body), edits(seed, rq)))
				}
			})
			requireSense(t, site.Given(t))
		})
	}
}

// edits are what becomes of an answer.
func edits(seed int, rq privxsim.Request) []byte {
	hash := fnv.New128a()
	fmt.Fprint(hash, seed, rq.Method, rq.Path, rq.RawQuery)
	return hash.Sum(nil)[:4+seed]
}
