package questions

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/ask"
	"github.com/conductorone/baton-privx/internal/doctor/connection"
	"github.com/conductorone/baton-privx/pkg/privx"
)

func writeQuestions() []doctor.Check {
	return checks([]question{
		{
			id:      "PXQ-034",
			promise: "the connector believes PrivX when there is no such user or role",
			how:     "A user, a user's roles and a role are read, by an id that nothing has.",
			needs:   []string{connection.LoggedIn},
			costs: []cost{
				{"b", doctor.Way{
					Name: "as-bad-request", Outcome: doctor.Warning,
					When:    "PrivX says it with status 400 and an error_code such as USER_NOT_FOUND.",
					Matters: "The connector takes that for a refused request. A revoke from a user who was removed fails, although there is nothing left to do.",
					Do:      "Close such a revoke in ConductorOne by hand. " + openIssue,
				}},
				{"c", doctor.Way{
					Name: "without-a-code", Outcome: doctor.Warning,
					When:    "PrivX says it with status 404 and without an error_code.",
					Matters: "The connector does not believe that, because a gateway may say the same. A revoke from a user who was removed fails, although there is nothing left to do.",
					Do:      "Check whether a gateway in front of PrivX answers in its place. Close such a revoke in ConductorOne by hand.",
				}},
			},
			otherwise: true,
			ask:       notFound,
		},
		{
			id:      "PXQ-037",
			promise: "no grant or revoke fails because of an upgrade without saying so",
			how:     "The status of the role store is read without a token. The field zdu.details.api.restricting must be there. Only an upgrade would show that it becomes true.",
			needs:   []string{connection.LoggedIn},
			costs: []cost{{"b", doctor.Way{
				Name: "not-said", Outcome: doctor.Warning,
				When:    "The role store's status does not say whether PrivX is being upgraded.",
				Matters: "If PrivX refuses a grant or a revoke because of an upgrade, the error does not say so.",
				Do:      "If grants and revokes fail, check in PrivX whether it is being upgraded.",
			}}},
			ask: upgradeStatus,
		},
	})
}

func notFound(l *look) answer {
	sides := map[string]bool{}
	var told []string
	var err error
	for i, a := range l.missing() {
		if a.Status == http.StatusForbidden || !a.Good() && !isRefusal(a) {
			if i < aboutUsers {
				err = a.Err // It says nothing about what there is.
			}
			continue
		}
		sides[notFoundSide(a)] = true
		told = append(told, fmt.Sprintf("%d with %s", a.Status, shownCode(a)))
	}
	if err != nil {
		return unanswered(err)
	}
	side := doctor.Otherwise
	if len(sides) == 1 {
		side = slices.Collect(maps.Keys(sides))[0]
	}
	return on(side, "The answers were %s.", strings.Join(slices.Compact(told), ", "))
}

// notFoundSide is the side that an answer about what there is not is on.
func notFoundSide(a *ask.Answer) string {
	code := errorCode(a)
	switch {
	case a.Status == http.StatusNotFound && code != "":
		return assumed
	case a.Status == http.StatusNotFound:
		return "c"
	case a.Status == http.StatusBadRequest && code != "":
		return "b"
	default:
		return doctor.Otherwise
	}
}

func upgradeStatus(l *look) answer {
	a := l.anonymous(privx.Endpoints.Status.Request())
	switch {
	case !a.Good():
		return unanswered(a.Err)
	case isPage(a) || a.Object() == nil:
		return unanswered(errNoStatus)
	}
	var status struct {
		ZDU struct {
			Details struct {
				API struct {
					Restricting *bool `json:"restricting"`
				} `json:"api"`
			} `json:"details"`
		} `json:"zdu"`
	}
	// What is not as it should be is as if it were not there.
	_ = json.Unmarshal(a.Body, &status)
	switch restricting := status.ZDU.Details.API.Restricting; {
	case restricting == nil:
		said := on("b", "The status does not have it.")
		said.harmless = !l.visit.Given.Provisioning
		return said
	case *restricting:
		return on(assumed, "PrivX is being upgraded at this moment.")
	default:
		return on(assumed, "PrivX is not being upgraded at this moment.")
	}
}
