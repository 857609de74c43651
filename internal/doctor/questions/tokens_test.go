package questions_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/doctortest"
	"github.com/conductorone/baton-privx/internal/privxsim"
)

// loggedInOnce is a PrivX whose token is over when it is looked for again, and that gives
// none any more.
var loggedInOnce = with(shortLived(), afterTheFirst())

// noSecondLogin is a PrivX that gives one token.
var noSecondLogin = with(privxsim.Options{}, afterTheFirst())

func life(text string) privxsim.Options { return privxsim.Options{ExpiresIn: &text} }

var tokenCases = []doctortest.Case{
	finding("access_token, expires_in, refresh_token, scope", onSide("PXQ-043", "", "a", with(privxsim.Options{}))),
	finding("It does not: the answer has the fields access_token, ", onSide("PXQ-043", "", "otherwise", loginWithout("refresh_token"))),
	onSide("PXQ-043", "unanswered", "", loggedInOnce),

	finding("300 seconds", onSide("PXQ-044", "", "a", with(privxsim.Options{}))),
	onSide("PXQ-044", "not-said", "b", with(life(""))),
	onSide("PXQ-044", "not-said", "b", with(life(`"soon"`))),
	onSide("PXQ-044", "unanswered", "", loggedInOnce),

	onSide("PXQ-045", "", "a", with(privxsim.Options{})),
	onSide("PXQ-045", "", "b", with(privxsim.Options{TokenDelay: time.Second})),
	onSide("PXQ-045", "", "a", with(privxsim.Options{Nodes: laggingTokens()})),
	onSide("PXQ-045", "", "a", with(privxsim.Options{Nodes: laggingTokens(), AffinityCookie: true})),
	onSide("PXQ-045", "", "a", refusesBetween(privxsim.Options{})),
	onSide("PXQ-045", "", "b", refusesBetween(privxsim.Options{AffinityCookie: true})),
	onSide("PXQ-045", "unanswered", "", noSecondLogin),

	onSide("PXQ-047", "", "a", with(privxsim.Options{})),
	finding("with 403", onSide("PXQ-047", "refused", "b", failing(http.StatusForbidden, logoutPath))),
	onSide("PXQ-047", "otherwise", "otherwise", with(privxsim.Options{}, privxsim.Fault{Path: logoutPath, Kind: privxsim.FaultDropWrite})),
	onSide("PXQ-047", "unanswered", "", noSecondLogin),
	onSide("PXQ-047", "unanswered", "", with(privxsim.Options{}, privxsim.Fault{Path: logoutPath, Kind: privxsim.FaultResetBefore})),
	onSide("PXQ-047", "unanswered", "", failing(http.StatusBadGateway, logoutPath)),
}

// laggingTokens are nodes each of which knows the tokens of the others late.
func laggingTokens() []privxsim.Node {
	return []privxsim.Node{{TokenLag: 4 * time.Second}, {TokenLag: 4 * time.Second}}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	doctortest.RunCases(t, all(), only("PXQ-043", "PXQ-044", "PXQ-045", "PXQ-047"), tokenCases)
}

// The second session is ended also if the doctor is interrupted while it is looked at, and
// its requests are counted.
func TestTheSecondSessionIsEnded(t *testing.T) {
	t.Parallel()
	site := doctortest.NewSite(t, nil, privxsim.Options{})
	ctx, interrupt := context.WithCancel(t.Context())
	logins := 0
	site.Sim.Alter(func(rq privxsim.Request, _ *privxsim.Answer) {
		switch {
		case rq.Matches("", doctortest.TokenPath):
			logins++
		case logins == 2 && rq.Matches(http.MethodGet, doctortest.RolesPath):
			interrupt()
		}
	})
	visit := &doctor.Visit{Given: site.Given(t)}
	runner := &doctor.Runner{Layers: all(), Only: []string{"PXQ-045"}}
	results := runner.Run(ctx, visit)
	require.Equal(t, 1, site.Sim.CountRequests(http.MethodPost, logoutPath))
	require.NotContains(t, visit.Answers, "PXQ-045")
	require.NotEqual(t, doctor.Passed, results[len(results)-1].Outcome)
	require.EqualValues(t, len(site.Sim.Requests()), doctor.Summarize(visit, results, time.Second).Requests)
}
