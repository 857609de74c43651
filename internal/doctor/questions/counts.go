package questions

import (
	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/ask"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// part is a part of a list as it was asked for and answered.
type part struct {
	offset int
	*ask.Rows
}

// end is the place behind its last row.
func (p part) end() int { return p.offset + len(p.Items) }

// tally is how the counts of answers are to be understood.
type tally struct {
	// missing and zero have none and 0. own has the number of the answer's own rows where
	// there are more, and whole more than that. short has less than there are.
	missing, zero, own, whole, short int
	// beyond tells that there is no row at the last place that is counted.
	beyond bool
}

func counts(l *look) answer {
	var t tally
	for _, asked := range []struct {
		list
		limits []int
	}{{allUsers, []int{api.MinPageSize, 100}}, {allRoles, []int{1}}} {
		parts, err := l.parts(asked.list, asked.limits)
		if err != nil {
			return unanswered(err)
		}
		t.add(parts)
		t.beyond = t.beyond || l.endsBefore(asked.list, counted(parts[0].Rows))
	}
	users, roles := l.firstPage(allUsers), l.firstPage(allRoles)
	told := func(side string) answer {
		return on(side, "The first answers show %s of %d counted, and %s of %d.",
			number(len(users.Items), "user"), counted(users), number(len(roles.Items), "role"), counted(roles))
	}
	others := t.own + t.whole + t.short
	switch {
	case t.missing > 0 && others+t.zero == 0:
		return on("b", "%s had no count.", number(t.missing, "answer"))
	case t.zero > 0 && others+t.missing == 0:
		return on("c", "%s counted 0.", number(t.zero, "answer"))
	case t.missing+t.zero+t.short > 0 || others == 0:
		return told(doctor.Otherwise)
	case t.own > 0 && t.whole > 0:
		return told("f")
	case t.own > 0:
		return told("e")
	case t.beyond:
		return told("d")
	default:
		return told(assumed)
	}
}

// parts are answers of a list: the first page, the last one as far as it is known, and the
// first so many rows.
func (l *look) parts(of list, limits []int) ([]part, error) {
	first := l.firstPage(of)
	if !first.Good() {
		return nil, first.Err
	}
	parts := []part{{0, first}}
	for _, limit := range limits {
		parts = append(parts, part{0, l.get(of.part(ask.Part{Limit: limit}))})
	}
	n := counted(first)
	if n == 0 {
		return parts, nil
	}
	last := l.get(l.lastPart(of, n))
	return append(parts, part{n - 1, last}), last.Err
}

// lastPart asks for the row at the last place that is counted, and for what is behind it.
func (l *look) lastPart(of list, count int) *api.Request {
	_, limit := l.upTo(l.size(), of)
	return of.part(ask.Part{Offset: count - 1, Limit: limit})
}

// endsBefore tells whether two answers show no row at the last place that is counted.
func (l *look) endsBefore(of list, count int) bool {
	if count == 0 {
		return false
	}
	empty := func(rows *ask.Rows) bool { return rows.Good() && len(rows.Items) == 0 }
	return empty(l.get(l.lastPart(of, count))) && empty(l.again(l.lastPart(of, count)))
}

// add takes the answers of a list into account. Those without rows tell nothing.
func (t *tally) add(parts []part) {
	most := 0
	for _, p := range parts {
		most = max(most, counted(p.Rows), p.end())
	}
	for _, p := range parts {
		n := len(p.Items)
		switch {
		case !p.Good() || n == 0:
		case p.Count == nil:
			t.missing++
		case *p.Count <= 0:
			t.zero++
		case *p.Count == n && n < most:
			t.own++
		case *p.Count < p.end():
			t.short++
		case *p.Count > n:
			t.whole++
		}
	}
}
