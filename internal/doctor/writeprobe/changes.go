package writeprobe

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/conductorone/baton-privx/internal/doctor"
)

// Names of ways that several checks have.
const (
	wayForbidden  = "forbidden"
	wayChanged    = "changed"
	wayUnreadable = "unreadable"
	wayRefused    = "refused"
	wayUnseen     = "unseen"
	wayFailed     = "failed"
	wayEndless    = "endless"
	notReached    = "not-reached"
	failMatters   = "The connector cannot grant and revoke roles."
	seeError      = "See the error, and look at PrivX's own log."
)

var skippedStep = doctor.Way{Name: notReached, Outcome: doctor.Skipped, When: "The probe ended before it came to that."}

// changes are the checks of what is written.
func (p *Probe) changes() []doctor.Check {
	return []doctor.Check{
		p.change(granting, doctor.Check{
			ID: "PX-PROBE-03", Promise: "a role that is granted is there",
			How: "How to put the list back by hand is printed. The list is written as it was read, and then with the role in it, as the connector does. " +
				"It is read again over 13 s, each time from any node.",
			Ways: append(vitalWays(), refusal("unbegun", "The probe could not begin after all.", "See the cause, and try again.")),
		}),
		p.change(revoking, doctor.Check{
			ID: "PX-PROBE-04", Promise: "a role that is taken away is gone",
			How:  "The list is written without the role, as the connector does, and read again for up to 10 s.",
			Ways: vitalWays(),
		}),
		p.change(both, doctor.Check{
			ID: "PX-PROBE-05", Promise: "PrivX takes the end of a grant as the connector tells it, in both forms",
			How:  "The role is granted for three hours, told in grant_validity_periods and in grant_start and grant_end, and the list is read again.",
			Ways: limitedWays(doctor.Failed, "With grant-max-hours, the connector grants nothing, or grants that do not end.", "Do not set grant-max-hours, and report this."),
		}),
		p.change(newer, doctor.Check{
			ID: "PX-PROBE-06", Promise: "PrivX takes the end of a grant in grant_validity_periods alone",
			How:  "The role is granted for an hour, told in that form, and the list is read again.",
			Ways: limitedWays(doctor.Warning, "The connector writes both forms: PX-PROBE-05 tells whether that is taken.", "Report it."),
		}),
		p.change(older, doctor.Check{
			ID: "PX-PROBE-07", Promise: "PrivX takes the end of a grant in grant_start and grant_end alone",
			How:  "The role is granted for two hours, told in that form, and the list is read again.",
			Ways: limitedWays(doctor.Warning, "The connector writes both forms: PX-PROBE-05 tells whether that is taken.", "Report it."),
		}),
		p.emptied(),
	}
}

func vitalWays() []doctor.Way {
	return []doctor.Way{
		{
			Name: wayForbidden, Outcome: doctor.Failed, When: "PrivX does not allow the API client to write a user's roles.",
			Matters: failMatters, Do: "Give a role of the API client the permission roles-manage, or do without provisioning.",
		},
		{Name: wayRefused, Outcome: doctor.Failed, When: "PrivX refuses the list.", Matters: failMatters, Do: seeError},
		{Name: wayFailed, Outcome: doctor.Failed, When: "PrivX did not answer the write well, and no list showed it.", Matters: failMatters, Do: seeError},
		{Name: wayUnreadable, Outcome: doctor.Failed, When: "The list could not be read after a write.", Matters: failMatters, Do: seeError},
		{
			Name: wayUnseen, Outcome: doctor.Failed, When: "PrivX accepted the write, and no list showed it.", Matters: failMatters,
			Do: "Look whether something else changes the user's roles, or whether PrivX is being upgraded.",
		},
		{
			Name: wayChanged, Outcome: doctor.Failed, When: "Something else changed the user's roles meanwhile.",
			Matters: "The probe has ended early, and left that change alone.", Do: "Find out what changes the test user, and run the probe again.",
		},
		skippedStep,
	}
}

func limitedWays(outcome doctor.Outcome, matters, do string) []doctor.Way {
	return []doctor.Way{
		{Name: wayRefused, Outcome: outcome, When: "PrivX refuses such a grant.", Matters: matters, Do: do},
		{Name: wayEndless, Outcome: outcome, When: "PrivX accepted the grant, and no list showed its end.", Matters: matters, Do: do},
		{Name: wayFailed, Outcome: doctor.Warning, When: "PrivX did not answer the write well, and no list showed it.", Matters: matters, Do: seeError},
		skippedStep,
	}
}

// change is a check of what came of a step.
func (p *Probe) change(step string, check doctor.Check) doctor.Check {
	check.Needs = []string{ready}
	check.Run = func(ctx context.Context, v *doctor.Visit) doctor.Finding {
		r := p.drive(ctx, v)
		if step == both {
			r.answerTimes(v)
		}
		way := r.endingOf(step)
		if step == granting && p.unbegun != "" {
			return doctor.Finding{Way: "unbegun", Cause: p.unbegun}
		}
		o := r.outcomes[step]
		found := "taken, and shown when it was read"
		if way != "" {
			found = cmp.Or(r.stopped, "no Date header, so that no end could be told")
		}
		if o.status != 0 && way != "" {
			found = fmt.Sprintf("PrivX answered %d", o.status)
		}
		return doctor.Finding{Way: way, Found: found, Wanted: "taken and shown", Cause: o.words()}
	}
	return check
}

// endingOf is the way in which a step ended; empty if it is as it should. The grant stands
// for the write before it, too.
func (r *run) endingOf(step string) string {
	o, first := r.outcomes[step], r.outcomes[asRead]
	vital := step == granting || step == revoking
	last := r.latest == step || r.latest == asRead && step == granting
	switch {
	case vital && (o.forbidden() || step == granting && first.forbidden()):
		return wayForbidden
	case vital && last && r.stopped == stoppedChanged:
		return wayChanged
	case vital && last && r.stopped == stoppedBlind:
		return wayUnreadable
	case vital && last && r.stopped == stoppedRefused:
		return wayRefused
	case !r.concluded(step):
		return notReached
	case o.refused():
		return wayRefused
	case o.seen:
		return ""
	case !o.took():
		return wayFailed
	case vital:
		return wayUnseen
	default:
		return wayEndless
	}
}

// concluded tells whether it is known what came of a step. It is not if the probe was
// stopped at it by what does not come of it.
func (r *run) concluded(step string) bool {
	o := r.outcomes[step]
	others := []string{stoppedOverdue, stoppedCancelled, stoppedChanged, stoppedBlind}
	return o.made && (o.seen || r.latest != step || !slices.Contains(others, r.stopped))
}

func (s sent) forbidden() bool { return s.status == http.StatusForbidden && s.refused() }

// emptied is the check of the write that puts the list back.
func (p *Probe) emptied() doctor.Check {
	return doctor.Check{
		ID: "PX-PROBE-08", Promise: "PrivX takes an empty list",
		How:   "When everything else is over, the role is taken away with an empty list, [], and the list is read again until no node can show an old one.",
		Needs: []string{ready},
		Ways: []doctor.Way{
			{
				Name: wayRefused, Outcome: doctor.Failed, When: "PrivX refuses an empty list.",
				Matters: "The connector cannot take a user's last role away.", Do: seeError,
			},
			{
				Name: wayUnseen, Outcome: doctor.Failed, When: "PrivX accepted it, and the list was not as it was.",
				Matters: "The connector cannot take a user's last role away.", Do: seeError,
			},
			{Name: wayFailed, Outcome: doctor.Warning, When: "PrivX did not answer it well.", Matters: "It is not known whether PrivX takes it.", Do: seeError},
			skippedStep,
		},
		Run: func(ctx context.Context, v *doctor.Visit) doctor.Finding {
			r := p.drive(ctx, v)
			s := r.back.emptied
			switch {
			case s == nil:
				return doctor.Finding{Way: notReached, Found: r.stopped}
			case s.refused():
				return doctor.Finding{Way: wayRefused, Found: fmt.Sprintf("PrivX answered %d", s.status), Cause: s.words()}
			case !s.took():
				return doctor.Finding{Way: wayFailed, Found: fmt.Sprintf("PrivX answered %d", s.status), Cause: s.words()}
			case !r.back.done:
				return doctor.Finding{Way: wayUnseen, Found: "not as it was"}
			default:
				return doctor.Pass("taken, and the list is as it was", "taken")
			}
		},
	}
}

// restored is the check of the list in the end.
func (p *Probe) restored() doctor.Check {
	const matters = "The test user may hold a role, or may not, without anybody wanting that."
	return doctor.Check{
		ID: "PX-PROBE-09", Promise: "the list is as it was",
		How: "What the probe has granted is taken away, as soon as it is over or interrupted, for up to 45 s. " +
			"The list is read until no node can show an old one, and for all of that time if PrivX never answered a write. It must have the same entries with the same values. " +
			"What something else has granted meanwhile stays.",
		Needs: []string{ready},
		Ways: []doctor.Way{
			{
				Name: "not-restored", Outcome: doctor.Failed, When: "The list could not be put back, or that could not be verified.",
				Matters: matters, Do: "Look at the user in PrivX's pages, and take the role away if the user has it. The message of the probe has the list as it was.",
			},
			{
				Name: wayChanged, Outcome: doctor.Failed,
				When:    "Something else has granted roles to the user meanwhile, or PrivX itself has made grants of roles that the user has by rules. They were left alone.",
				Matters: matters, Do: "Look at the user in PrivX's pages, and decide whether these grants shall stay.",
			},
			{
				Name: "unanswered", Outcome: doctor.Warning, When: "The list was as it was whenever it was read in the end, but PrivX never answered one of the writes.",
				Matters: "PrivX may still make that write, and then the test user holds a role.",
				Do:      "Look at the user in PrivX's pages again in some minutes, and take the role away if the user has it then.",
			},
			{Name: "untouched", Outcome: doctor.Skipped, When: "Nothing was written that PrivX may have made."},
		},
		Run: func(ctx context.Context, v *doctor.Visit) doctor.Finding {
			if p.run == nil && ctx.Err() != nil {
				return doctor.Finding{Way: "untouched", Found: stoppedCancelled}
			}
			r := p.drive(ctx, v)
			switch {
			case r.isUntouched():
				return doctor.Finding{Way: "untouched", Found: r.stopped}
			case !r.back.done:
				return doctor.Finding{Way: "not-restored", Found: "see the message of the probe", Wanted: "the list as it was", Cause: orNone(r.back.last)}
			case len(r.back.others) > 0:
				return doctor.Finding{Way: wayChanged, Found: fmt.Sprintf("%d roles that the probe did not grant", len(r.back.others)), Wanted: "the list as it was"}
			case p.Clear:
				return doctor.Pass("the role was taken away, and nothing else", "the list without the role")
			case r.lost > 0:
				return doctor.Finding{Way: "unanswered", Found: fmt.Sprintf("%d writes that PrivX never answered", r.lost), Wanted: "an answer to each write"}
			case len(r.promoted) > 0:
				found := fmt.Sprintf("the same entries with the same values; grants that PrivX made of %d roles by rules were taken away", len(r.promoted))
				return doctor.Pass(found, "the list as it was")
			default:
				return doctor.Pass("the same entries with the same values", "the list as it was")
			}
		},
	}
}
