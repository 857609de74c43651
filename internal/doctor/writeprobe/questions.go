package writeprobe

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// question is a question of the register, with how what came of the probe answers it.
type question struct {
	doctor.Check

	answer func(*run) reply
}

// reply is an answer. An empty side is not known. An empty way passes.
type reply struct {
	side, way, found string
	figures          map[string]float64
}

// notSeen is the way in which each question can end.
var notSeen = doctor.Way{Name: "not-seen", Outcome: doctor.Skipped, When: "The probe ended before this, or what it saw does not tell."}

// Names of ways in which questions end.
const (
	wayGrantsAll = "grants-all"
	wayAltered   = "altered"
	wayOtherwise = "otherwise"
	wayDropped   = "dropped"
	wayMade      = "made"
	wayLonger    = "longer"
)

// Sides of the register, by their letters.
const (
	sideA = "a"
	sideB = "b"
	sideC = "c"
	sideD = "d"
)

// questions are the checks of the questions of the register that take a write.
func (p *Probe) questions() []doctor.Check {
	var checks []doctor.Check
	for _, q := range questions {
		check := q.Check
		check.Needs = []string{ready}
		check.Ways = append([]doctor.Way{notSeen}, q.Ways...)
		check.Run = func(ctx context.Context, v *doctor.Visit) doctor.Finding {
			answer := q.answer(p.drive(ctx, v))
			if answer.side == "" {
				return doctor.Finding{Way: notSeen.Name, Found: cmp.Or(p.run.stopped, "what was seen does not tell")}
			}
			v.Answered(check.ID, doctor.Answer{Side: answer.side, Figures: answer.figures})
			return doctor.Finding{Way: answer.way, Found: answer.found}
		}
		checks = append(checks, check)
	}
	return checks
}

var questions = []question{
	{
		Check: doctor.Check{
			ID: "PXQ-030", Promise: "PrivX leaves the roles that a user has by a rule as they are",
			How: "The list is written with the entries of the roles that the user has by a rule. Then it is read whether these roles are there by a grant.",
			Ways: []doctor.Way{
				{
					Name: wayGrantsAll, Outcome: doctor.Warning, When: "PrivX grants each role in a list that is written, also those that the user has by a rule.",
					Matters: "A grant or a revoke of one role also grants the roles that the user has by a rule. The user keeps them when the rule no longer matches.",
					Do:      "Do not use provisioning until the connector has been changed. " + openIssue,
				},
				{
					Name: wayRefused, Outcome: doctor.Failed, When: "PrivX refuses a list with the entries of roles that the user has by a rule.",
					Matters: "If a user has a role by a rule, the connector can grant and revoke no role of that user.", Do: openIssue,
				},
			},
		},
		answer: answerEntries,
	},
	{
		Check: doctor.Check{
			ID: "PXQ-031", Promise: "PrivX takes the lists that the connector writes",
			How: "The list is written as it was read, before the role was granted and after. Then it is written with the role twice.",
			Ways: []doctor.Way{
				{
					Name: wayRefused, Outcome: doctor.Failed, When: "PrivX refuses a list that is written as it was read.",
					Matters: "Grants and revokes fail.", Do: "Look in PrivX's own log for the reason. " + openIssue,
				},
				{
					Name: wayAltered, Outcome: doctor.Warning, When: "A granted role was written as it was read, and has other values afterwards.",
					Matters: "A grant or a revoke of one role may change how the user holds other roles.",
					Do:      "Do not use provisioning until the connector has been changed. " + openIssue,
				},
			},
		},
		answer: answerRefusals,
	},
	{
		Check: doctor.Check{
			ID: "PXQ-033", Promise: "PrivX grants no role that does not exist",
			How: "The list is written with one more role, whose id is random and belongs to no role.",
			Ways: []doctor.Way{{
				Name: wayOtherwise, Outcome: doctor.Warning, When: "PrivX shows such a role in the list, or answers with another status than 200, 400 or 404.",
				Matters: "If a role was just removed in PrivX, a grant of it may seem to succeed.", Do: openIssue,
			}},
		},
		answer: answerUnknown,
	},
	{
		Check: doctor.Check{
			ID: "PXQ-035", Promise: "PrivX's answer to a write tells what became of it",
			How: "The answer to the grant is compared with the lists that were read after it.",
			Ways: []doctor.Way{
				{
					Name: wayDropped, Outcome: doctor.Failed, When: "PrivX accepts the write, but does not make the change.",
					Matters: "Grants and revokes fail. The connector looks for the change for 10 s, writes once more, and gives up.",
					Do:      "Check whether PrivX is being upgraded, and whether something else takes the role away at once.",
				},
				{
					Name: wayMade, Outcome: doctor.Warning, When: "PrivX answers with an error, although it has made the change.",
					Matters: "The connector reads the list after the error, and finds that the change is made. Each change takes longer.",
					Do:      "Check whether a gateway in front of PrivX makes the error. If there is none, look at PrivX's own log.",
				},
			},
		},
		answer: answerSuccess,
	},
	{
		Check: doctor.Check{
			ID: "PXQ-064", Promise: "a change is to be seen within 10 s, whichever node answers",
			How: "After the grant, the list is read for 13 s, twice a second and without the load balancer's cookie. It is noted when a list without the grant came last.",
			Ways: []doctor.Way{{
				Name: wayLonger, Outcome: doctor.Warning, When: "A node shows an old list for longer than 10 s.",
				Matters: "After 10 s the connector believes such a list. It may write the list back, so that an earlier change is lost.",
				Do:      "Check why PrivX's nodes lag behind one another, such as at their database. Until then, do not use provisioning.",
			}},
		},
		answer: answerLag,
	},
}

func answerEntries(r *run) reply {
	first, granted := r.outcomes[asRead], r.outcomes[granting]
	switch {
	case len(r.first.entries) == 0:
		return reply{}
	case len(r.promoted) > 0:
		return reply{side: sideB, way: wayGrantsAll, found: "roles that the user has by a rule became grants"}
	case !granted.seen:
		return reply{}
	case first.refused() && first.ofList():
		return reply{side: sideC, way: wayRefused, found: fmt.Sprintf("refused with %d; the same grant without such entries is taken", first.status)}
	case first.took() && r.keeps:
		return reply{side: sideA, found: "the roles by a rule are as they were"}
	default:
		return reply{}
	}
}

// ofList tells whether a refusal is about the list: it comes from PrivX, and is about
// neither the token nor the permission.
func (s sent) ofList() bool {
	return !s.unknownToken() && !s.forbidden() && (api.Is(s.err, api.Invalid) || api.Is(s.err, api.NotFound) || s.status == http.StatusConflict)
}

func answerRefusals(r *run) reply {
	for _, step := range []string{asRead, granting, again} {
		if o := r.outcomes[step]; o.refused() && o.ofList() && o.seen {
			return reply{side: sideB, way: wayRefused, found: fmt.Sprintf("refused with %d", o.status)}
		}
	}
	kept, o := r.outcomes[again], r.outcomes[twice]
	switch {
	case !r.outcomes[asRead].took() || !kept.took():
		return reply{}
	case !kept.seen && kept.shown != nil && r.concluded(again):
		return reply{side: doctor.Otherwise, way: wayAltered, found: "other values afterwards in " + strings.Join(kept.altered, ", ")}
	case !kept.seen || !o.seen:
		return reply{}
	case o.refused() && o.status == http.StatusBadRequest && o.ofList():
		return reply{side: sideA, found: "a list as it was read is taken, and one with a role twice is refused with 400"}
	case o.refused() && o.ofList(), o.took():
		return reply{side: doctor.Otherwise, found: fmt.Sprintf("a list as it was read is taken, and one with a role twice is answered with %d", o.status)}
	default:
		return reply{}
	}
}

func answerUnknown(r *run) reply {
	o := r.outcomes[unknown]
	found := fmt.Sprintf("answered with %d", o.status)
	switch {
	case !o.seen:
		return reply{}
	case o.refused() && o.status == http.StatusBadRequest && o.ofList():
		return reply{side: sideA, found: found}
	case o.refused() && o.status == http.StatusNotFound && o.ofList():
		return reply{side: sideB, found: found}
	case o.took() && !r.haunted:
		return reply{side: sideC, found: found + ", and the role is not in the list"}
	case o.took():
		return reply{side: doctor.Otherwise, way: wayOtherwise, found: found + ", and the role is in the list"}
	case o.refused() && o.ofList(), o.repeated && o.status >= http.StatusInternalServerError:
		return reply{side: doctor.Otherwise, way: wayOtherwise, found: found}
	default:
		return reply{}
	}
}

func answerSuccess(r *run) reply {
	o := r.outcomes[granting]
	switch {
	case !o.made || !r.concluded(granting):
		return reply{}
	case o.took() && !o.seen && o.complete && r.reads > 0:
		return reply{side: sideC, way: wayDropped, found: fmt.Sprintf("%d, and the grant was not in the last of %d lists", o.status, r.reads)}
	case !o.seen:
		return reply{}
	case !o.took():
		return reply{side: sideD, way: wayMade, found: "an error, and the grant is there"}
	case o.status != http.StatusOK || !o.silent:
		return reply{side: sideB, found: fmt.Sprintf("%d, with a body: %t", o.status, !o.silent)}
	default:
		return reply{side: sideA, found: "200, without a body"}
	}
}

func answerLag(r *run) reply {
	o := r.outcomes[granting]
	a := reply{
		side: sideB, found: fmt.Sprintf("an old list came last after %.1f s", r.lag.Seconds()),
		figures: map[string]float64{"lists": float64(r.reads), "old_after_seconds": r.lag.Seconds()},
	}
	switch {
	case !o.took() || !o.seen || !o.complete:
		return reply{}
	case r.lag == 0:
		a.side, a.found = sideA, fmt.Sprintf("none of %d lists was an old one", r.reads)
	case r.lag > api.LagTime:
		a.side, a.way = sideC, wayLonger
	}
	return a
}

// answerTimes answers in which way PrivX tells the times of a grant, if that was not to be
// seen by reading.
func (r *run) answerTimes(v *doctor.Visit) {
	const id = "PXQ-027"
	if side := r.timesSide(); side != "" && v.Answers[id].Side == "" {
		v.Answered(id, doctor.Answer{Side: side})
	}
}

func (r *run) timesSide() string {
	side := sideA
	for _, step := range []string{newer, older, both} {
		o := r.outcomes[step]
		if !o.took() || !o.seen || o.shown == nil {
			return ""
		}
		switch {
		case !readable(o.shown):
			return sideC
		case (len(o.shown.ValidityPeriods) > 0) != (step != older), (o.shown.GrantEnd != "") != (step != newer):
			side = sideB
		}
	}
	return side
}
