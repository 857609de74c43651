package rolestore

import (
	"fmt"
	"time"

	"github.com/conductorone/baton-privx/internal/privxsim/core"
)

// check reports what is wrong with a grant.
func (g Grant) check() *core.Error {
	switch g.Type {
	case GrantPermanent:
		return nil
	case GrantFloating:
		if g.FloatingHours <= 0 {
			return core.BadRequest(fieldFloating, "a floating grant needs a length")
		}
		return nil
	case GrantTimeRestricted:
		return g.checkPeriods()
	default:
		return core.BadRequest(fieldGrantType, fmt.Sprintf("no such grant type: %q", g.Type))
	}
}

func (g Grant) checkPeriods() *core.Error {
	if len(g.periods()) == 0 {
		return core.BadRequest(fieldPeriods, "a time-restricted grant needs a period")
	}
	for _, p := range g.periods() {
		start, err := time.Parse(time.RFC3339, p.Start)
		if err != nil {
			return core.BadRequest(fieldStart, "not an RFC 3339 time")
		}
		end, err := time.Parse(time.RFC3339, p.End)
		if err != nil || !end.After(start) {
			return core.BadRequest(fieldEnd, "not an RFC 3339 time after the start")
		}
	}
	return nil
}

// activeAt reports whether the grant holds at a time. A floating one does: its
// time begins with its use.
func (g Grant) activeAt(now time.Time) bool {
	if g.Type != GrantTimeRestricted {
		return true
	}
	for _, p := range g.periods() {
		start, errStart := time.Parse(time.RFC3339, p.Start)
		end, errEnd := time.Parse(time.RFC3339, p.End)
		if errStart == nil && errEnd == nil && !now.Before(start) && now.Before(end) {
			return true
		}
	}
	return false
}

// overAt reports whether the grant has come to its end.
func (g Grant) overAt(now time.Time) bool {
	if g.Type != GrantTimeRestricted {
		return false
	}
	for _, p := range g.periods() {
		if end, err := time.Parse(time.RFC3339, p.End); err != nil || now.Before(end) {
			return false
		}
	}
	return true
}

// periods returns the grant's time spans: the newer encoding if it is there,
// else the older one.
func (g Grant) periods() []Period {
	if len(g.Periods) > 0 || g.Start == "" && g.End == "" {
		return g.Periods
	}
	return []Period{{Start: g.Start, End: g.End}}
}
