package api_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// This shows which bounds depend on one another, to whoever changes one.
func TestBoundsOnTimeFitIntoOneAnother(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		why             string
		shorter, longer time.Duration
	}{
		{"one read is over long before patience is", api.MaxElapsed, api.Patience - api.MaxElapsed},
		{"there is time for a try after a Retry-After", api.MaxRetryAfter, api.MaxElapsed - api.ExchangeTimeout},
		{"a token is waited for within one read", api.TokenTimeout, api.MaxElapsed},
		{"a check can ask for what is shown empty", total(api.EmptyPauses), api.CheckTimeout},
		{"a change is not cut short by the bound for callers without one", api.ChangeBudget, api.MaxElapsed},
		{"all rounds of a change fit into its budget", api.MaxRounds * api.LagTime, api.ChangeBudget},
		{"a write that stalls can be verified", 2 * api.ExchangeTimeout, api.ChangeBudget},
		{"an empty list of roles can be confirmed after a write that lags", api.LagTime + api.EmptyMoment, api.ChangeBudget},
		{"a change is tried until shortly before its end", api.MaxShortPause, api.ExchangeTimeout},
		{"a write is looked for several times before it is taken for lost", total(api.Settling), api.LagTime},
		{"a node that shows nothing is outwaited", api.EmptyMoment, api.Unrest},
		{"what cannot be empty is asked for as long as a node may show nothing", api.EmptyMoment, total(api.EmptyPauses) + 1},
		{"a token is new for longer than it is sent again", total(api.TokenPauses), api.NewToken},
		{"a token whose life is not known is used for a while", api.TokenSkew, api.UnknownTokenLife},
		{"baton-sdk's four tries of a task, and the pauses between them", 4*api.ChangeBudget + (15+30+45)*time.Second, 210*time.Second + 1},
	} {
		require.Less(t, tt.shorter, tt.longer, tt.why)
	}
}

func total(pauses []time.Duration) time.Duration {
	var sum time.Duration
	for _, pause := range pauses {
		sum += pause
	}
	return sum
}
