package questions

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/ask"
	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// grantFields are what tells of a grant.
var grantFields = []string{"grant_type", "grant_validity_periods", "grant_start", "grant_end", "floating_length"}

func carriedGrants(l *look) answer {
	pairs, err := l.pairs()
	if err != nil {
		return unanswered(err)
	}
	var none, same, other int
	for _, p := range pairs {
		own, carried := p.own(), p.member.carried(p.role.ID)
		if own == nil || carried == nil || !own.Explicit || !carried.Explicit || !own.has("grant_type") {
			continue
		}
		switch {
		case !slices.ContainsFunc(grantFields, carried.has):
			none++
		case !slices.ContainsFunc(grantFields, func(field string) bool { return !bytes.Equal(own.fields[field], carried.fields[field]) }):
			same++
		default:
			other++
		}
	}
	switch {
	case none+same+other == 0:
		return unseen("The sample had %s.", number(len(pairs), "membership"))
	case other > 0 || none > 0 && same > 0:
		return on(doctor.Otherwise, "Of %s, %d told nothing, %d the same as the own list, and %d something else.", number(none+same+other, "grant"), none, same, other)
	case same > 0:
		return on("b", "So it was with %s.", number(same, "grant"))
	default:
		return on(assumed, "So it was with %s.", number(none, "grant"))
	}
}

// times tells in which way an entry tells the times of a grant.
type times struct{ newer, older, differ, unreadable, missing int }

func timesOfGrants(l *look) answer {
	entries, err := l.entries()
	if err != nil {
		return unanswered(err)
	}
	var t times
	n := 0
	for i := range entries {
		if e := &entries[i]; e.GrantType == privx.GrantTimeRestricted {
			n++
			t.add(e)
		}
	}
	told := fmt.Sprintf("Of %s, %d have grant_validity_periods, %d grant_start and grant_end, and %d both and different.", number(n, "grant"), t.newer, t.older, t.differ)
	switch {
	case n == 0:
		return unseen("The sample had %s.", number(len(entries), "membership"))
	case t.unreadable > 0:
		return on("c", "So it is with %d of %s.", t.unreadable, number(n, "grant"))
	case t.missing > 0:
		return on(doctor.Otherwise, "%d of %s tell no time at all.", t.missing, number(n, "grant"))
	case t.differ > 0 || t.newer == 0:
		return on("b", "%s", told)
	default:
		return on(assumed, "%s", told)
	}
}

// add takes an entry of a time-restricted grant into account.
func (t *times) add(e *entry) {
	older := privx.Period{Start: e.GrantStart, End: e.GrantEnd}
	hasOlder := older != privx.Period{}
	switch {
	case e.unreadable != nil || slices.ContainsFunc(append(slices.Clone(e.ValidityPeriods), older), unreadable):
		t.unreadable++
	case len(e.ValidityPeriods) == 0 && !hasOlder:
		t.missing++
	case len(e.ValidityPeriods) > 0 && hasOlder && !slices.ContainsFunc(e.ValidityPeriods, func(p privx.Period) bool { return sameTimes(p, older) }):
		t.differ++
	}
	if len(e.ValidityPeriods) > 0 {
		t.newer++
	}
	if hasOlder {
		t.older++
	}
}

// unreadable tells whether a period has a time that cannot be read.
func unreadable(p privx.Period) bool {
	return slices.ContainsFunc([]string{p.Start, p.End}, func(text string) bool {
		_, err := time.Parse(time.RFC3339, text)
		return text != "" && err != nil
	})
}

// sameTimes tells whether two periods that can be read are the same.
func sameTimes(a, b privx.Period) bool {
	same := func(one, other string) bool {
		t, _ := time.Parse(time.RFC3339, one)
		u, _ := time.Parse(time.RFC3339, other)
		return t.Equal(u)
	}
	return same(a.Start, b.Start) && same(a.End, b.End)
}

func typesOfGrants(l *look) answer {
	entries, err := l.entries()
	if err != nil {
		return unanswered(err)
	}
	known := []string{privx.GrantPermanent, privx.GrantTimeRestricted, privx.GrantFloating}
	typed, others := 0, 0
	for i := range entries {
		if e := &entries[i]; e.GrantType != "" {
			typed++
			if !slices.Contains(known, e.GrantType) {
				others++
			}
		}
	}
	switch {
	case typed == 0:
		return unseen("The sample had %s.", number(len(entries), "membership"))
	case others > 0:
		return on("b", "%d of %s are of another type.", others, number(typed, "grant"))
	default:
		return on(assumed, "So it was with %s.", number(typed, "grant"))
	}
}

func grantsThatAreOver(l *look) answer {
	lists, err := l.lists()
	if err != nil {
		return unanswered(err)
	}
	sample, err := l.sample()
	if err != nil {
		return unanswered(err)
	}
	over, unlisted := 0, 0
	for i := range lists {
		for k := range lists[i].entries {
			e := &lists[i].entries[k]
			if !e.isOver(lists[i].at.Add(-time.Minute)) {
				continue
			}
			over++
			if slices.ContainsFunc(sample, func(s sampled) bool {
				return privx.SameID(s.ID, e.ID) && s.isWhole() && !s.lists(lists[i].userID)
			}) {
				unlisted++
			}
		}
	}
	switch {
	case unlisted > 0:
		return on(doctor.Otherwise, "Of %s that are over, %d are in the user's list, and the user is not among the members.", number(over, "grant"), unlisted)
	case over > 0:
		return on(assumed, "The sample had %s that ended in the past.", number(over, "grant"))
	default:
		return unseen("The sample had %s of roles.", number(len(lists), "list"))
	}
}

// isOver tells whether a grant is known to have ended before a time.
func (e *entry) isOver(at time.Time) bool {
	periods := e.Periods()
	return e.Explicit && e.GrantType == privx.GrantTimeRestricted && len(periods) > 0 &&
		!slices.ContainsFunc(periods, func(p privx.Period) bool {
			end, err := time.Parse(time.RFC3339, p.End)
			return err != nil || end.After(at)
		})
}

// isToCome tells whether a grant is floating, or is known to begin after a time.
func (e *entry) isToCome(at time.Time) bool {
	if !e.Explicit || e.GrantType != privx.GrantTimeRestricted {
		return e.Explicit && e.GrantType == privx.GrantFloating
	}
	periods := e.Periods()
	return len(periods) > 0 && !slices.ContainsFunc(periods, func(p privx.Period) bool {
		start, err := time.Parse(time.RFC3339, p.Start)
		return err != nil || !start.After(at)
	})
}

func grantsToCome(l *look) answer {
	lists, err := l.lists()
	if err != nil {
		return unanswered(err)
	}
	listed, unlisted, asked := 0, 0, 0
	for i := range lists {
		for k := range lists[i].entries {
			e := &lists[i].entries[k]
			if !e.isToCome(lists[i].at.Add(time.Minute)) || asked == mostRereads {
				continue
			}
			is, known := l.isMember(lists[i].userID, e.ID, &asked)
			switch {
			case is:
				listed++
			case known:
				unlisted++
			}
		}
	}
	switch {
	case unlisted > 0:
		return on(doctor.Otherwise, "Of %s that are floating or yet to begin, %d do not make the user a member: a sync does not report them.", number(listed+unlisted, "grant"), unlisted)
	case listed > 0:
		return on(assumed, "So it was with %s.", number(listed, "grant"))
	default:
		return unseen("The sample had %s of roles.", number(len(lists), "list"))
	}
}

// isMember tells whether a user is a member of a role, and whether that is known. It counts
// in asked how many roles it has asked for more members than the sample has.
func (l *look) isMember(userID, roleID string, asked *int) (bool, bool) {
	sample, _ := l.sample()
	if slices.ContainsFunc(sample, func(s sampled) bool { return privx.SameID(s.ID, roleID) && s.lists(userID) }) {
		return true, true
	}
	*asked++
	rows := l.get(ask.MemberRows(roleID, ask.Part{Limit: api.MaxPageSize}))
	now := sampledOf(roleRow{ID: roleID}, rows)
	return now.lists(userID), rows.Good() && counted(rows) == len(rows.Items) && !l.countsPages()
}
