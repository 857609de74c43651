package questions_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/connection"
	"github.com/conductorone/baton-privx/internal/doctor/doctortest"
	"github.com/conductorone/baton-privx/internal/doctor/questions"
	"github.com/conductorone/baton-privx/internal/doctor/tenant"
	"github.com/conductorone/baton-privx/internal/privxsim"
)

// all are the layers that questions need, and their own.
func all() []doctor.Layer {
	return append(connection.Layers(), tenant.Permissions(), questions.Layer())
}

// mostRequests is how many requests all questions together may take, with those of the second
// session.
const mostRequests = 82

// A PrivX that is as it is assumed to be is on the side that is assumed, as far as that can
// be seen.
func TestAssumedSides(t *testing.T) {
	t.Parallel()
	site := doctortest.NewSite(t, nil, privxsim.Options{})
	results, visit := doctortest.Run(t, all(), site.Given(t))
	for _, check := range questions.Layer().Checks {
		result := results[check.ID]
		t.Log(check.ID, result.Outcome, result.Way, result.Found, result.Cause, visit.Answers[check.ID])
		if result.Outcome == doctor.Skipped {
			require.Contains(t, []string{"not-seen", "off"}, result.Way, check.ID)
			require.Equal(t, isOfTargets(check.ID), result.Way == "off", check.ID)
			require.NotContains(t, visit.Answers, check.ID)
			continue
		}
		require.Equal(t, doctor.Passed, result.Outcome, check.ID)
		require.Equal(t, "a", visit.Answers[check.ID].Side, check.ID)
		doctortest.RequireNoSecrets(t, result.Found)
	}
	t.Log(visit.Ask.Requests())
	require.LessOrEqual(t, visit.Ask.Requests(), mostRequests)
}
