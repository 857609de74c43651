package privx

import (
	"slices"
	"time"
)

// Grant types that PrivX documents.
const (
	GrantPermanent      = "PERMANENT"
	GrantTimeRestricted = "TIME_RESTRICTED"
	GrantFloating       = "FLOATING"
)

// RoleEntry is a role in a user's list of roles: how the user comes to hold it.
type RoleEntry struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Explicit: granted by an administrator, a workflow or the API.
	Explicit bool `json:"explicit"`
	// Implicit: held through the role's mapping rules.
	Implicit bool `json:"implicit"`
	// GrantType is PERMANENT, TIME_RESTRICTED, FLOATING or something newer; may
	// be empty.
	GrantType string `json:"grant_type"`
	// ValidityPeriods are when a TIME_RESTRICTED grant holds, in PrivX since about version
	// 33. Before that, PrivX gives GrantStart and GrantEnd.
	ValidityPeriods []Period `json:"grant_validity_periods"`
	GrantStart      string   `json:"grant_start"`
	GrantEnd        string   `json:"grant_end"`
	// FloatingLength is in hours.
	FloatingLength float64 `json:"floating_length"`
}

// Identity is the id of the role.
func (r RoleEntry) Identity() string { return r.ID }

// Period is a time during which a grant holds, in RFC 3339.
type Period struct {
	Start string `json:"grant_start"`
	End   string `json:"grant_end"`
}

// Periods are the grant's validity periods, in whichever of the two ways PrivX gives them.
func (r RoleEntry) Periods() []Period {
	if len(r.ValidityPeriods) > 0 {
		return r.ValidityPeriods
	}
	if r.GrantStart != "" || r.GrantEnd != "" {
		return []Period{{Start: r.GrantStart, End: r.GrantEnd}}
	}
	return nil
}

// inForce tells whether an explicit entry holds at a time. A FLOATING one always does,
// because its time begins with its first use. One of an unknown type is taken to hold, too.
func (r RoleEntry) inForce(now time.Time) bool {
	periods := r.Periods()
	if r.GrantType != GrantTimeRestricted && (r.GrantType != "" || len(periods) == 0) {
		return true
	}
	return slices.ContainsFunc(periods, func(p Period) bool { return p.contains(now) })
}

// InForce tells whether the role is held at a time: through its mapping rules, or by a grant
// that holds.
func (r RoleEntry) InForce(now time.Time) bool { return r.Implicit || r.inForce(now) }

// unreadable tells whether the period has a time that cannot be parsed, so that it is not
// known when the period holds.
func (p Period) unreadable() bool {
	return slices.ContainsFunc([]string{p.Start, p.End}, func(text string) bool {
		_, err := time.Parse(time.RFC3339, text)
		return text != "" && err != nil
	})
}

// contains tells whether the period is known to hold at a time. A missing start or end
// means that the period is open on that side. If a time cannot be parsed, it does not hold.
func (p Period) contains(now time.Time) bool {
	if p.Start == "" && p.End == "" {
		return false
	}
	start, startErr := time.Parse(time.RFC3339, p.Start)
	end, endErr := time.Parse(time.RFC3339, p.End)
	begun := p.Start == "" || startErr == nil && !now.Before(start)
	over := p.End != "" && (endErr != nil || !now.Before(end))
	return begun && !over
}
