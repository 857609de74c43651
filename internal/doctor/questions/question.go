package questions

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/conductorone/baton-privx/internal/assumptions"
	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/tenant"
)

// question is a question of the register, and how a PrivX is asked it. What PrivX may do is
// in the register; here is what each of that means for an operator.
type question struct {
	// id is the question's own, promise what holds if the check passes, and how what is
	// asked.
	id, promise, how string
	// needs are the checks that must have passed; nil for the permissions to list users and
	// roles.
	needs []string
	// settings are those of which one must be on, so that there is anything to ask; nil for
	// none.
	settings []string
	// costs are the sides on which the connector does not behave fully well. On all others
	// the check passes.
	costs []cost
	// unseen says when nothing shows the answer; empty if something always does.
	unseen string
	// otherwise tells that it costs something if PrivX is on a side that the register does not
	// have. Without it, the check passes there, too.
	otherwise bool
	// ask finds out.
	ask func(*look) answer
}

// cost is a side on which the check does not pass.
type cost struct {
	side string
	doctor.Way
}

// answer is what came of a question.
type answer struct {
	// side is the letter of the side, or doctor.Otherwise; empty if it is not known.
	side string
	// way is the name of the way in which the check ends where the side does not tell.
	way string
	// found is the evidence, in sentences.
	found   string
	figures map[string]float64
	cause   error
	// harmless tells that the check passes on this side, because of how the connector is
	// configured.
	harmless bool
}

// openIssue is what to do about a PrivX that the connector was not written for.
const openIssue = "Open an issue in the connector's repository, and attach a report (--report)."

// Names of ways that questions have in common.
const (
	wayUnseen     = "not-seen"
	wayUnanswered = "unanswered"
	wayOtherwise  = "otherwise"
	wayOff        = "off"
)

// on is the answer of a PrivX that is on a side.
func on(side, format string, args ...any) answer {
	return answer{side: side, found: fmt.Sprintf(format, args...)}
}

// unseen is the answer where nothing shows which side PrivX is on.
func unseen(format string, args ...any) answer {
	return answer{way: wayUnseen, found: fmt.Sprintf(format, args...)}
}

// unanswered is the answer where PrivX did not say what was asked for.
func unanswered(err error) answer { return answer{way: wayUnanswered, cause: err} }

// ending is the answer with the name of the way in which the check ends.
func (a answer) ending(way string) answer {
	a.way = way
	return a
}

// with is the answer with a figure.
func (a answer) with(name string, value float64) answer {
	if a.figures == nil {
		a.figures = make(map[string]float64)
	}
	a.figures[name] = value
	return a
}

// checks are the checks of questions.
func checks(questions []question) []doctor.Check {
	made := make([]doctor.Check, len(questions))
	for i := range questions {
		made[i] = questions[i].check()
	}
	return made
}

func (q *question) check() doctor.Check {
	needs := q.needs
	if needs == nil {
		needs = []string{tenant.MayListUsers, tenant.MayListRoles}
	}
	return doctor.Check{
		ID: q.id, Promise: q.promise, How: q.how, Needs: needs, Ways: q.ways(),
		Run: func(ctx context.Context, v *doctor.Visit) doctor.Finding {
			l := &look{ctx: ctx, visit: v}
			if q.settings != nil && !slices.ContainsFunc(q.settings, l.asksFor) {
				return doctor.Finding{Way: wayOff}
			}
			return q.finding(v, q.ask(l))
		},
	}
}

// ways are those of the question's costs, and those that questions have in common.
func (q *question) ways() []doctor.Way {
	var ways []doctor.Way
	for _, c := range q.costs {
		ways = append(ways, c.Way)
	}
	if q.settings != nil {
		ways = append(ways, doctor.Way{Name: wayOff, Outcome: doctor.Skipped, When: offInWords(q.settings)})
	}
	if q.otherwise {
		ways = append(ways, doctor.Way{
			Name: wayOtherwise, Outcome: doctor.Warning,
			When:    "PrivX does something that is not among the answers in the register of assumptions.",
			Matters: "It has not been tested how the connector copes with that.",
			Do:      openIssue + " Look closely at what the first sync brings.",
		})
	}
	if q.unseen != "" {
		ways = append(ways, doctor.Way{Name: wayUnseen, Outcome: doctor.Skipped, When: q.unseen})
	}
	return append(ways, doctor.Way{
		Name: wayUnanswered, Outcome: doctor.Skipped,
		When: "PrivX did not answer, or not with what was asked for.",
		Do:   "Run the doctor again in a minute.",
	})
}

// offInWords says that none of some settings is on.
func offInWords(settings []string) string {
	switch last := len(settings) - 1; last {
	case 0:
		return "The setting " + settings[0] + " is off."
	default:
		return "None of the settings " + strings.Join(settings[:last], ", ") + " and " + settings[last] + " is on."
	}
}

// finding notes the answer and is the finding that it makes.
func (q *question) finding(v *doctor.Visit, a answer) doctor.Finding {
	switch {
	case a.cause != nil:
		return doctor.Finding{Way: a.way, Cause: a.cause.Error()}
	case a.side == "":
		return doctor.Finding{Way: a.way, Found: a.found}
	}
	finding := doctor.Finding{Way: a.way, Found: q.row().Question + " " + a.found}
	v.Answered(q.id, doctor.Answer{Side: a.side, Figures: a.figures})
	if a.side == doctor.Otherwise && q.otherwise {
		finding.Way, finding.Wanted = wayOtherwise, q.sentence(assumed)
		return finding
	}
	if a.side != doctor.Otherwise {
		finding.Found = q.row().Question + " " + a.side + ": " + q.sentence(a.side) + " " + a.found
	}
	if i := slices.IndexFunc(q.costs, func(c cost) bool { return c.side == a.side }); i >= 0 && !a.harmless {
		finding.Way, finding.Wanted = cmp.Or(a.way, q.costs[i].Name), q.sentence(assumed)
	}
	return finding
}

// assumed is the letter of the side that the register assumes.
const assumed = "a"

// row is the question in the register.
func (q *question) row() assumptions.Assumption {
	all := assumptions.All()
	return all[slices.IndexFunc(all, func(a assumptions.Assumption) bool { return a.ID == q.id })]
}

// sentence is what the register says of a side; empty if it has none of that letter.
func (q *question) sentence(side string) string {
	for place, s := range q.row().Sides() {
		if assumptions.Letter(place) == side {
			return s.PrivX
		}
	}
	return ""
}
