package questions

import (
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/ask"
	"github.com/conductorone/baton-privx/internal/doctor/connection"
	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

func errorQuestions() []doctor.Check {
	return checks(slices.Concat(refusalQuestions, answerQuestions))
}

// provoke is how errors are provoked.
const provoke = "A user, a user's roles and a role are read by an id that nothing has, and a user by the id none. " +
	"The list of roles is read by a sort key that does not exist, and once without a token."

// refusalQuestions are those about what PrivX answers to what it cannot do.
var refusalQuestions = []question{
	{
		id:      "PXQ-051",
		promise: "the connector needs to know none of the error codes that PrivX uses",
		how:     provoke + " The error codes are noted.",
		needs:   []string{connection.LoggedIn},
		unseen:  "No error has a code.",
		costs: []cost{{"c", doctor.Way{
			Name: "overload", Outcome: doctor.Warning,
			When:    "PrivX says with status 400 and a code such as MAX_LOAD that it has too much to do.",
			Matters: "The connector takes status 400 for a refused request, and does not try again. A sync fails while PrivX has too much to do.",
			Do:      "Let syncs run when PrivX has less to do, or lower the setting workers.",
		}}},
		ask: errorCodes,
	},
	{
		id:      "PXQ-052",
		promise: "errors have a form that the connector can read",
		how:     provoke + " The names of the fields are noted.",
		needs:   []string{connection.LoggedIn},
		costs: []cost{
			{"b", doctor.Way{
				Name: "no-body", Outcome: doctor.Warning,
				When:    "Errors have no body.",
				Matters: "The connector goes by the status. It does not believe status 404 alone, so that a revoke from a user who was removed fails.",
				Do:      "Check whether a gateway in front of PrivX takes the bodies of errors away. If not, open an issue in the connector's repository.",
			}},
			{"d", doctor.Way{
				Name: "page", Outcome: doctor.Warning,
				When:    "Errors are HTML pages.",
				Matters: "The connector takes such an error to come from a gateway. A revoke from a user who was removed fails.",
				Do:      "Let the gateway in front of PrivX pass on PrivX's errors as they are. If there is no gateway, open an issue in the connector's repository.",
			}},
		},
		otherwise: true,
		ask:       errorForm,
	},
	{
		id:        "PXQ-053",
		promise:   "an id that is not a UUID is refused",
		how:       "A user is read by the id none, which is not a UUID.",
		needs:     []string{connection.LoggedIn},
		otherwise: true,
		ask:       malformedID,
	},
	{
		id:      "PXQ-054",
		promise: "how PrivX refuses a method makes no difference",
		how:     "OPTIONS is sent to the list of roles. The connector never does so, and the answer is for the register alone.",
		needs:   []string{connection.LoggedIn},
		ask:     missingMethod,
	},
	{
		id:      "PXQ-056",
		promise: "a page of PrivX's is not taken for an answer of its API",
		how:     "Two paths that do not exist are read without a token, one in the role store and one outside of the API. The latter is the answer.",
		needs:   []string{connection.LoggedIn},
		ask:     otherPath,
	},
}

// answerQuestions are those about what all answers have in common.
var answerQuestions = []question{
	{
		id:      "PXQ-058",
		promise: "the Content-Type of PrivX's JSON makes no difference",
		how:     "The Content-Type of all answers that have come so far is looked at.",
		needs:   []string{connection.LoggedIn},
		ask:     contentTypes,
	},
	{
		id:      "PXQ-059",
		promise: "every answer tells PrivX's time, where the connector has to know it",
		how:     "The Date header of all answers that have come so far is looked at. With provisioning, the connector has to know PrivX's time.",
		needs:   []string{connection.LoggedIn},
		costs: []cost{
			{"b", doctor.Way{
				Name: "no-date", Outcome: doctor.Warning,
				When:    "Some answers have no Date header.",
				Matters: "The connector goes by the clock of its own machine to tell whether a grant has begun or is over.",
				Do:      "Let the gateway in front of PrivX pass on the Date header. Until then, keep this machine's clock right.",
			}},
			{"c", doctor.Way{
				Name: "no-date-for-ends", Outcome: doctor.Warning,
				When:    "Some answers have no Date header, and grant-max-hours is set.",
				Matters: "With grant-max-hours, the connector makes no grant if it does not know the time by PrivX's clock.",
				Do:      "Let the gateway in front of PrivX pass on the Date header, or leave out grant-max-hours.",
			}},
		},
		ask: dates,
	},
}

// knownCodes are the codes of the documentation, and those that are made after its words.
var knownCodes = []string{
	"GENERAL_ERROR", "OBJECT_NOT_FOUND", "BAD_REQUEST", "UNAUTHORIZED", "PERMISSION_DENIED", "TOO_MANY_REQUESTS", "SERVICE_UNAVAILABLE",
}

// overloaded is the code by which PrivX's services are known to say that there is too much to
// do.
const overloaded = "MAX_LOAD"

func errorCodes(l *look) answer {
	refused, err := l.provoked()
	var seen []string
	other := false
	for _, a := range refused {
		code := errorCode(a)
		if code == "" {
			continue
		}
		if code == overloaded && a.Status == http.StatusBadRequest {
			return on("c", "The code is %s.", overloaded)
		}
		seen = append(seen, shownCode(a))
		other = other || !slices.Contains(knownCodes, code)
	}
	switch {
	case err != nil && !other:
		return unanswered(err)
	case len(seen) == 0:
		return unseen("None of %s has a code.", number(len(refused), "error"))
	case other:
		return on("b", "There were %s.", listed(seen))
	default:
		return on(assumed, "There were %s.", listed(seen))
	}
}

// listed are texts, each once.
func listed(texts []string) string {
	return strings.Join(slices.Compact(slices.Sorted(slices.Values(texts))), ", ")
}

func errorForm(l *look) answer {
	refused, err := l.provoked()
	sides := map[string]int{}
	var fields []string
	for _, a := range refused {
		sides[formOf(a)]++
		for name := range a.Object() {
			fields = append(fields, name)
		}
	}
	for _, side := range []string{"d", "b", doctor.Otherwise, "c", assumed} {
		if side == "c" && err != nil {
			break // What was not answered may have a worse form.
		}
		if sides[side] > 0 {
			return on(side, "Of %s, %d %s so. They have %s.", number(len(refused), "error"), sides[side], verb(sides[side]), names(fields, "field")).
				with("errors", float64(len(refused))).with("so", float64(sides[side]))
		}
	}
	return unanswered(err)
}

// formOf is the side that the form of an error is on.
func formOf(a *ask.Answer) string {
	switch {
	case len(a.Body) == 0:
		return "b"
	case isPage(a):
		return "d"
	case errorCode(a) == "":
		return doctor.Otherwise
	case nullDetails(a):
		return "c"
	default:
		return assumed
	}
}

// verb is the verb of a number of things.
func verb(n int) string {
	if n == 1 {
		return "was"
	}
	return "were"
}

func malformedID(l *look) answer {
	a := l.badID()
	switch {
	case a.Status == http.StatusBadRequest:
		return on(assumed, "It came with %s.", shownCode(a))
	case a.Status == http.StatusNotFound:
		return on("b", "It came with %s.", shownCode(a))
	case a.Good() || isRefusal(a) && a.Status != http.StatusForbidden:
		return on(doctor.Otherwise, "The answer was %d.", a.Status)
	default:
		return unanswered(a.Err)
	}
}

func missingMethod(l *look) answer {
	options := api.Endpoint{Method: http.MethodOptions, Path: privx.Endpoints.Roles.Path}
	a := l.visit.Ask.Get(l.ctx, options.Request())
	switch {
	case a.Status == 0 || a.Status >= http.StatusInternalServerError:
		return unanswered(a.Err)
	case isPage(a):
		return on("b", "It came with %d.", a.Status)
	case a.Status == http.StatusMethodNotAllowed && a.Object() != nil:
		return on(assumed, "It has %s.", shownCode(a))
	default:
		return on(doctor.Otherwise, "The answer was %d.", a.Status)
	}
}

func otherPath(l *look) answer {
	read := func(path string) *ask.Answer {
		return l.anonymous(api.Endpoint{Method: http.MethodGet, Path: path}.Request())
	}
	outside, inside := read("/baton-privx-asks-what-is-not-there"), read("/role-store/api/v1/none")
	if outside.Status == 0 || outside.Status >= http.StatusInternalServerError {
		return unanswered(outside.Err)
	}
	side := doctor.Otherwise
	switch {
	case outside.Status == http.StatusNotFound:
		side = "b"
	case outside.Status == http.StatusOK && isPage(outside):
		side = assumed
	}
	return on(side, "Outside of the API the answer was %d, and within the role store %d.", outside.Status, inside.Status).
		with("outside", float64(outside.Status)).with("inside", float64(inside.Status))
}

// heads are those of all answers so far, of which there is at least one.
func (l *look) heads() ([]ask.Head, error) {
	one := l.visit.Ask.Get(l.ctx, oneRole())
	if one.Status == 0 {
		return nil, one.Err
	}
	return l.visit.Ask.Heads(), nil
}

func contentTypes(l *look) answer {
	heads, err := l.heads()
	if err != nil {
		return unanswered(err)
	}
	objects, others := 0, []string(nil)
	for _, h := range heads {
		if !h.IsObject {
			continue
		}
		objects++
		if mediaType, _, err := mime.ParseMediaType(h.Type); err != nil || mediaType != "application/json" {
			others = append(others, shownType(h.Type))
		}
	}
	switch {
	case objects == 0:
		return unanswered(errNoJSON)
	case len(others) > 0:
		return on("b", "%d of %s %s: %s.", len(others), number(objects, "answer"), verb(len(others)), listed(others)).
			with("answers", float64(objects)).with("others", float64(len(others)))
	default:
		return on(assumed, "%s %s looked at.", number(objects, "answer"), verb(objects))
	}
}

// shownType is how a Content-Type is shown.
func shownType(value string) string {
	mediaType, _, err := mime.ParseMediaType(value)
	kind, subtype, _ := strings.Cut(mediaType, "/")
	switch {
	case value == "":
		return "nothing"
	case err != nil || !namePattern.MatchString(kind) || !namePattern.MatchString(subtype):
		return "what is no media type"
	default:
		return mediaType
	}
}

func dates(l *look) answer {
	heads, err := l.heads()
	if err != nil {
		return unanswered(err)
	}
	missing := 0
	for _, h := range heads {
		if _, err := http.ParseTime(h.Date); err != nil {
			missing++
		}
	}
	if missing == 0 {
		return on(assumed, "%s %s looked at.", number(len(heads), "answer"), verb(len(heads)))
	}
	side := "b"
	if l.visit.Given.Config.GrantMaxHours > 0 {
		side = "c"
	}
	said := on(side, "%d of %s %s without.", missing, number(len(heads), "answer"), verb(missing)).
		with("answers", float64(len(heads))).with("without", float64(missing))
	said.harmless = !l.visit.Given.Provisioning
	return said
}
