package tenant

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/pkg/config"
	"github.com/conductorone/baton-privx/pkg/connector/reach"
	"github.com/conductorone/baton-privx/pkg/privx"
)

// reachSized is the id of the check that counts what roles reach.
const reachSized = "PX-SIZE-04"

// reachSizes are how much there is of what roles reach.
type reachSizes struct {
	// targets are how many there are of each kind, and pages the requests that they take.
	targets map[reach.Kind]int
	pages   int
	// ways and grants are those of all targets together, and expanded is how many grants to
	// people an expansion adds.
	ways, grants, expanded float64
	// estimated tells that they come from a part of the targets.
	estimated bool
	// unknown says what could not be counted; empty if all was.
	unknown string
}

// reachOf counts what roles reach. What was asked before is not asked again.
func reachOf(ctx context.Context, v *doctor.Visit, s sizes) reachSizes {
	r := reachSizes{targets: make(map[reach.Kind]int)}
	for _, l := range wantedTargets(v) {
		p := firstOf(ctx, v, l)
		counts := countsOf(ctx, v, l)
		rows := len(p.Items)
		switch {
		case counts.unread != nil:
			r.unknown = l.name
			return r
		case counts.way == "" || counts.way == wayMoreCounted || l.inOnePiece:
			r.add(v, l, p, s, max(counts.count, rows))
		default:
			read, all := l.whole(ctx, v)
			n := 0
			for _, p := range read {
				n += len(p.Items)
			}
			if !all {
				r.unknown = l.name
				return r
			}
			r.add(v, l, p, s, n)
		}
	}
	return r
}

// add adds the targets of a list of n rows, as those on a page are.
func (r *reachSizes) add(v *doctor.Visit, l targetList, p page, s sizes, n int) {
	shown := l.targetsOn(v, p)
	share := 1.0
	if len(p.Items) > 0 && n > len(p.Items) {
		share, r.estimated = float64(n)/float64(len(p.Items)), true
	}
	r.targets[l.kind] = believed(math.Round(share * float64(len(shown))))
	r.pages += l.calls(p, n)
	for _, target := range shown {
		r.ways += share * float64(len(target.Ways))
		for _, way := range target.Ways {
			r.grants += share * float64(len(way.Roles))
			for _, role := range way.Roles {
				r.expanded += share * s.membersOf(role)
			}
		}
	}
}

// calls is how many requests a list of n rows takes, with the check that each sync begins
// with.
func (l targetList) calls(p page, n int) int {
	size := p.limit
	if len(p.Items) > 0 && p.counted() > len(p.Items) {
		size = len(p.Items)
	}
	if l.kind == reach.Secret {
		size = min(size, maxSecretsAtOnce)
	}
	list := pages(n, size)
	switch {
	case n == 0:
		list = 2 // An empty list is asked for once more.
	case l.inOnePiece:
		list = 1
	}
	if l.kind == reach.Host {
		list += 2 // The permission is asked for before the list and after it.
	}
	return 1 + list
}

// maxSecretsAtOnce is how many secrets a page has.
const maxSecretsAtOnce = 100

// membersOf is how many members a role has, as far as they were counted, and else the mean of
// all roles.
func (s sizes) membersOf(role string) float64 {
	if n, counted := s.byRole[privx.CanonicalID(role)]; counted {
		return float64(n)
	}
	return float64(s.memberships) / float64(max(s.roles, 1))
}

// targetCalls is how many requests a sync makes for targets.
func (r reachSizes) targetCalls(v *doctor.Visit) int {
	if groupsMatter(v) {
		return r.pages + 1
	}
	return r.pages
}

// rows are those of targets, their entitlements and their grants.
func (r reachSizes) rows() int {
	rows := r.ways + r.grants
	for _, n := range r.targets {
		rows += float64(n)
	}
	return believed(math.Round(rows))
}

// expands tells whether grants to roles are expanded to people, and isOneShot whether that is
// done here.
func expands(v *doctor.Visit) bool {
	c := v.Given.Config
	return c != nil && (c.ExpandReach == config.ExpandOn || c.ExpandReach != config.ExpandOff && !isOneShot(v))
}

func isOneShot(v *doctor.Visit) bool { return v.Given.ClientID == "" }

// expandLimit is how many rows an expansion may add.
func expandLimit(v *doctor.Visit) int {
	if c := v.Given.Config; c != nil && c.ExpandReachLimit > 0 {
		return c.ExpandReachLimit
	}
	return config.DefaultExpandLimit
}

// inWords says how much there is.
func (r reachSizes) inWords(v *doctor.Visit) string {
	var found []string
	for _, l := range wantedTargets(v) {
		found = append(found, many(r.targets[l.kind], l.one, l.name))
	}
	found = append(found, many(believed(math.Round(r.ways)), "entitlement", "entitlements"), many(believed(math.Round(r.grants)), "grant", "grants"))
	if expands(v) {
		found = append(found, many(v.ExpandedRows, "row", "rows")+" for people, if they are expanded")
	}
	return strings.Join(found, ", ")
}

var reached = doctor.Check{
	ID:      reachSized,
	Promise: "it is known how much of what roles reach there is to sync, and its grants can be expanded",
	How: "PrivX's own counts of hosts and other targets are taken where they are true. Accounts and the roles that reach them are counted on the first page of each list, and taken for all others. " +
		"With expand-reach, a grant adds a row for each member of its role. Roles whose members were not counted are taken for average.",
	Needs: []string{Sized},
	Ways: []doctor.Way{
		wayNoTargets,
		{
			Name: "not-known", Outcome: doctor.Warning,
			When:    "It could not be found out how many targets there are.",
			Matters: "The forecast of how long a sync takes, and of how much memory and space it needs, is without them.",
			Do:      "Let the connector sync once, and look at the last line of its log, which has all the numbers.",
		},
		{
			Name: "too-many", Outcome: doctor.Warning,
			When:    "The grants of targets, expanded to the members of roles, are expected to be more rows than expand-reach-limit allows.",
			Matters: "A one-shot run fails, and so does a sync in service mode if expand-reach-limit is set. Without the setting, a sync in service mode logs a warning.",
			Do: "Set expand-reach to off: then ConductorOne shows which roles reach what, and not through whom. " +
				"Or sync fewer kinds of targets. Raise expand-reach-limit only where there is enough memory.",
		},
	},
	Run: func(ctx context.Context, v *doctor.Visit) doctor.Finding {
		if len(wantedTargets(v)) == 0 {
			return doctor.Finding{Way: wayOff}
		}
		r := reachOf(ctx, v, survey(ctx, v))
		if r.unknown != "" {
			return doctor.Finding{Way: "not-known", Found: "the " + r.unknown + " could not be counted"}
		}
		v.Targets, v.ReachRows = make(map[string]int), r.rows()
		for kind, n := range r.targets {
			v.Targets[string(kind)+"s"] = n
		}
		if expands(v) {
			v.ExpandedRows = believed(math.Round(r.expanded))
		}
		finding := doctor.Finding{Found: r.inWords(v)}
		if r.estimated {
			finding.Found += fmt.Sprintf(" (an estimate, from the first %d of each)", configuredPage(v))
		}
		if v.ExpandedRows > expandLimit(v) {
			finding.Way, finding.Wanted = "too-many", fmt.Sprintf("at most %d rows for people", expandLimit(v))
		}
		return finding
	},
}
