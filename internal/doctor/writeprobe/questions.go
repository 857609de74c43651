package writeprobe

import (
	"context"
	"fmt"
	"net/http"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// question is a question of the register, with how the probe's outcomes answer it. An empty
// side is not known.
type question struct {
	doctor.Check

	answer func(*run) (doctor.Answer, string)
	// ways are the ways in which the check ends on the sides on which it does not pass.
	ways map[string]string
}

// notSeen is the way in which each question can end.
var notSeen = doctor.Way{Name: "not-seen", Outcome: doctor.Skipped, When: "The probe ended before it came to that, or what it saw does not tell."}

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
			answer, found := q.answer(p.drive(ctx, v))
			if answer.Side == "" {
				return doctor.Finding{Way: notSeen.Name, Found: p.run.stopped}
			}
			v.Answered(check.ID, answer)
			return doctor.Finding{Way: q.ways[answer.Side], Found: found}
		}
		checks = append(checks, check)
	}
	return checks
}

var questions = []question{
	{
		Check: doctor.Check{
			ID: "PXQ-030", Promise: "PrivX leaves what a user has by a rule as it is when the user's list is written",
			How: "After the list was written with the entries of roles that the user has by a rule, it is read whether these are there by a grant.",
			Ways: []doctor.Way{
				{
					Name: "grants-all", Outcome: doctor.Warning, When: "PrivX makes a grant of each role in the list.",
					Matters: "A grant or a revoke of one role also grants those that the user has by a rule, and these stay when the rule no longer holds.",
					Do:      "Do not use provisioning before this has been reported and the connector has been changed.",
				},
				{
					Name: wayRefused, Outcome: doctor.Failed, When: "PrivX refuses a list with such entries.",
					Matters: "The connector can grant and revoke no role of a user who has one by a rule.", Do: "Report it.",
				},
			},
		},
		answer: answerEntries, ways: map[string]string{sideB: "grants-all", sideC: wayRefused},
	},
	{
		Check: doctor.Check{
			ID: "PXQ-031", Promise: "PrivX takes the lists that the connector writes",
			How: "The list is written as it was read, before the role was granted and after. Then it is written with the role twice.",
			Ways: []doctor.Way{{
				Name: wayRefused, Outcome: doctor.Failed, When: "PrivX refuses a list as it was read.",
				Matters: "Grants and revokes fail.", Do: "Report it, with PrivX's own words for why.",
			}},
		},
		answer: answerRefusals, ways: map[string]string{sideB: wayRefused},
	},
	{
		Check: doctor.Check{
			ID: "PXQ-033", Promise: "PrivX grants no role that does not exist",
			How: "A role with a random id, which no role has, is added to the list.",
			Ways: []doctor.Way{{
				Name: "otherwise", Outcome: doctor.Warning, When: "PrivX accepts and shows such a role, or answers something else than 400, 404 or 200.",
				Matters: "A grant of a role that was just removed in PrivX may fail without saying so.", Do: "Report it.",
			}},
		},
		answer: answerUnknown, ways: map[string]string{doctor.Otherwise: "otherwise"},
	},
	{
		Check: doctor.Check{
			ID: "PXQ-035", Promise: "PrivX's answer to a write tells what became of it",
			How: "The answer to the grant is held against the lists that were read after it.",
			Ways: []doctor.Way{
				{
					Name: "dropped", Outcome: doctor.Failed, When: "PrivX accepts the write and does not make it.",
					Matters: "The connector grants and revokes nothing: it looks for the change for 10 s, writes once more, and fails.",
					Do:      "Look whether PrivX is being upgraded, or whether something else takes the role away at once.",
				},
				{
					Name: "made", Outcome: doctor.Warning, When: "PrivX answers with an error, and has made the change.",
					Matters: "The connector reads the list after an error, and finds that it is done. Each change takes longer.", Do: "Look for what stands in front of PrivX, such as a gateway.",
				},
			},
		},
		answer: answerSuccess, ways: map[string]string{sideC: "dropped", sideD: "made"},
	},
	{
		Check: doctor.Check{
			ID: "PXQ-064", Promise: "a change is to be seen within 10 s, whichever node answers",
			How: "After the grant the list is read over 13 s, twice a second and without the load balancer's cookie, and it is noted when an old one came last.",
			Ways: []doctor.Way{{
				Name: "longer", Outcome: doctor.Warning, When: "A node shows an old list for longer than 10 s.",
				Matters: "The connector believes such a list after 10 s, and writes it back: an earlier change is lost.", Do: "Look at PrivX's nodes and at their database.",
			}},
		},
		answer: answerLag, ways: map[string]string{sideC: "longer"},
	},
}

func nothing() (doctor.Answer, string) { return doctor.Answer{}, "" }

func answerEntries(r *run) (doctor.Answer, string) {
	first, granted := r.outcomes[asRead], r.outcomes[granting]
	switch {
	case len(r.first.entries) == 0:
		return nothing()
	case r.promoted:
		return doctor.Answer{Side: sideB}, "roles that the user has by a rule became grants"
	case !granted.seen:
		return nothing()
	case first.refused() && first.ofList():
		return doctor.Answer{Side: sideC}, fmt.Sprintf("refused with %d; the same grant without such entries is taken", first.status)
	case first.took() && r.keeps:
		return doctor.Answer{Side: sideA}, "they are as they were"
	default:
		return nothing()
	}
}

// ofList tells whether a refusal is about the list: it comes from PrivX, and is about
// neither the token nor the permission.
func (s sent) ofList() bool {
	return !s.unknownToken() && !s.forbidden() && (api.Is(s.err, api.Invalid) || api.Is(s.err, api.NotFound) || s.status == http.StatusConflict)
}

func answerRefusals(r *run) (doctor.Answer, string) {
	for _, step := range []string{asRead, granting, again} {
		if o := r.outcomes[step]; o.refused() && o.ofList() && o.seen {
			return doctor.Answer{Side: sideB}, fmt.Sprintf("refused with %d", o.status)
		}
	}
	o := r.outcomes[twice]
	if !r.outcomes[asRead].took() || !r.outcomes[again].took() || !r.outcomes[again].seen || !o.seen {
		return nothing()
	}
	switch {
	case o.refused() && o.status == http.StatusBadRequest && o.ofList():
		return doctor.Answer{Side: sideA}, "a list as it was read is taken, and one with a role twice is refused with 400"
	case o.refused() && o.ofList(), o.took():
		return doctor.Answer{Side: doctor.Otherwise}, fmt.Sprintf("a list as it was read is taken, and one with a role twice is answered with %d", o.status)
	default:
		return nothing()
	}
}

func answerUnknown(r *run) (doctor.Answer, string) {
	o := r.outcomes[unknown]
	found := fmt.Sprintf("answered with %d", o.status)
	switch {
	case !o.seen:
		return nothing()
	case o.refused() && o.status == http.StatusBadRequest && o.ofList():
		return doctor.Answer{Side: sideA}, found
	case o.refused() && o.status == http.StatusNotFound && o.ofList():
		return doctor.Answer{Side: sideB}, found
	case o.took() && !r.haunted:
		return doctor.Answer{Side: sideC}, found + ", and the role is not in the list"
	case o.took():
		return doctor.Answer{Side: doctor.Otherwise}, found + ", and the role is in the list"
	case o.refused() && o.ofList(), o.repeated && o.status >= http.StatusInternalServerError:
		return doctor.Answer{Side: doctor.Otherwise}, found
	default:
		return nothing()
	}
}

func answerSuccess(r *run) (doctor.Answer, string) {
	o := r.outcomes[granting]
	switch {
	case !o.made || !r.concluded(granting):
		return nothing()
	case o.took() && !o.seen && r.lag == 0 && r.reads > 0:
		return doctor.Answer{Side: sideC}, fmt.Sprintf("%d, and the grant was in none of %d lists", o.status, r.reads)
	case !o.seen:
		return nothing()
	case !o.took():
		return doctor.Answer{Side: sideD}, "an error, and the grant is there"
	case o.status != http.StatusOK || !o.silent:
		return doctor.Answer{Side: sideB}, fmt.Sprintf("%d, with a body: %t", o.status, !o.silent)
	default:
		return doctor.Answer{Side: sideA}, "200, without a body"
	}
}

func answerLag(r *run) (doctor.Answer, string) {
	o := r.outcomes[granting]
	if !o.took() || !o.seen || !o.complete {
		return nothing()
	}
	a := doctor.Answer{Side: sideB, Figures: map[string]float64{"lists": float64(r.reads), "old_after_seconds": r.lag.Seconds()}}
	switch {
	case r.lag == 0:
		a.Side = sideA
		return a, fmt.Sprintf("none of %d lists was an old one", r.reads)
	case r.lag > api.LagTime:
		a.Side = sideC
	}
	return a, fmt.Sprintf("an old list came last after %.1f s", r.lag.Seconds())
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
