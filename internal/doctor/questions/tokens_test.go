package questions_test

import (
	"net/http"
	"testing"
	"time"

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
	return []privxsim.Node{{TokenLag: time.Second}, {TokenLag: time.Second}}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	doctortest.RunCases(t, all(), only("PXQ-043", "PXQ-044", "PXQ-045", "PXQ-047"), tokenCases)
}
