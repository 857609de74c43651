package questions

import (
	"regexp"
	"slices"
	"strings"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/connection"
)

func tokenQuestions() []doctor.Check {
	return checks([]question{
		{
			id:      "PXQ-043",
			promise: "whether a login brings a refresh token makes no difference",
			how:     "The names of the fields in the answer to the login are looked at. The connector logs in again when a token ends, and the answer is for the register alone.",
			needs:   []string{connection.LoggedIn},
			ask:     refreshToken,
		},
		{
			id:      "PXQ-044",
			promise: "the answer to a login says how long the token is valid",
			how:     "The field expires_in in the answer to the login is looked at. Whether the token is valid for so long is not tried, because that takes minutes.",
			needs:   []string{connection.LoggedIn},
			costs: []cost{{"b", doctor.Way{
				Name: "not-said", Outcome: doctor.Warning,
				When:    "The answer to a login has no expires_in, or none that makes sense.",
				Matters: "The connector gets a new token each minute. Each token is a session in PrivX until it ends by itself.",
				Do:      "Check whether a gateway in front of PrivX changes the answer to POST /auth/api/v1/oauth/token. If not, open an issue in the connector's repository.",
			}}},
			ask: tokenLife,
		},
		{
			id:      "PXQ-045",
			promise: "a new token can be used, at once or after a moment",
			how:     "PrivX is asked for one more token. It is used at once, and then logged out.",
			needs:   []string{connection.LoggedIn},
			ask:     newToken,
		},
		{
			id:      "PXQ-047",
			promise: "the API client can log out, and its session ends",
			how:     "PrivX is asked for one more token. It is logged out, and then used once more. No other session ends.",
			needs:   []string{connection.LoggedIn},
			costs: []cost{{"b", doctor.Way{
				Name: "refused", Outcome: doctor.Warning,
				When:    "PrivX refuses the logout.",
				Matters: "Each sync leaves a session in PrivX. It ends by itself after the time session_valid.",
				Do:      "If there are too many sessions, lower session_valid in PrivX's oauth-shared-config.toml.",
			}}},
			otherwise: true,
			ask:       logout,
		},
	})
}

func refreshToken(l *look) answer {
	login, err := l.visit.Client.API().Login(l.ctx)
	switch {
	case err != nil:
		return unanswered(err)
	case slices.Contains(login.Fields, "refresh_token"):
		return on(assumed, "The answer has %s.", names(login.Fields, "field"))
	default:
		return on(doctor.Otherwise, "It does not: the answer has %s.", names(login.Fields, "field"))
	}
}

func tokenLife(l *look) answer {
	login, err := l.visit.Client.API().Login(l.ctx)
	switch {
	case err != nil:
		return unanswered(err)
	case login.Life <= 0:
		return on("b", "The answer has %s.", names(login.Fields, "field"))
	default:
		return on(assumed, "It says %s, which was not tried.", number(int(login.Life.Seconds()), "second")).with("seconds", login.Life.Seconds())
	}
}

func newToken(l *look) answer {
	n := l.newcomer()
	if n.err != nil {
		return unanswered(n.err)
	}
	before, after, err := n.refusals()
	if err != nil {
		return unanswered(err)
	}
	side := assumed
	if n.refusesAtFirst(before, after) {
		side = "b"
	}
	return on(side, "Of %s right after a login, %d %s refused with 401.", number(len(n.first), "request"), before+after, verb(before+after)).
		with("requests", float64(len(n.first))).with("refused", float64(before+after))
}

func logout(l *look) answer {
	n := l.newcomer()
	switch {
	case n.err != nil:
		return unanswered(n.err)
	case refusal(n.logout) > 0:
		return on("b", "The logout was answered with %d.", refusal(n.logout))
	case n.logout != nil:
		return unanswered(n.logout)
	case isRefused(n.after):
		return on(assumed, "After it, the token was refused with 401.")
	case n.after.Good():
		return on(doctor.Otherwise, "The logout succeeded, and yet the token was taken after it.")
	default:
		return unanswered(n.after.Err)
	}
}

// namePattern is what a name of PrivX's must look like to be shown.
var namePattern = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)

// maxNames is how many names are shown.
const maxNames = 20

// names shows names of PrivX's own, of things of one kind, each once.
func names(all []string, what string) string {
	sorted := slices.Compact(slices.Sorted(slices.Values(all)))
	shown := slices.DeleteFunc(slices.Clone(sorted), func(name string) bool { return !namePattern.MatchString(name) })
	shown = shown[:min(len(shown), maxNames)]
	if len(shown) == 0 {
		return number(len(sorted), what)
	}
	if len(shown) < len(sorted) {
		return number(len(sorted), what) + ", among them " + strings.Join(shown, ", ")
	}
	return "the " + plural(len(sorted), what) + " " + strings.Join(shown, ", ")
}

// plural is a word as it stands behind a number.
func plural(n int, what string) string {
	if n == 1 {
		return what
	}
	return what + "s"
}
