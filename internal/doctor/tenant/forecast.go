package tenant

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"time"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

const (
	// fixedCalls are those of a sync of any size: the token, the two checks, the sources and
	// the logout (see "HTTP calls" in BENCHMARKS.md).
	fixedCalls = 5
	// defaultWorkers is what 0 stands for, as in cmd/baton-privx.
	defaultWorkers = 4
	// startUp is what a sync takes besides its rows and calls.
	startUp = 2 * time.Second
	// rowTime is the processing time of a row with several workers, and aloneRowTime with
	// one ("Scale" and "Wall time" in BENCHMARKS.md, without latency, rounded up).
	rowTime, aloneRowTime = 40 * time.Microsecond, 60 * time.Microsecond
	// long is more than a sync should take.
	long = 6 * time.Hour
)

// plan is what a sync has to do.
type plan struct {
	// rows are how many come in a page of users, roles and members.
	userPage, rolePage, memberPage int
	// again is how often more each list is asked for, and pause how long each is waited for,
	// because of its counts.
	again int
	pause time.Duration
	// twice tells that each list is read twice.
	twice bool
	// page is how long a full page of users takes; 0 if not known.
	page time.Duration
	// lookups are the members whose roles have to be asked for one by one.
	lookups int
	// targetCalls are the requests for what roles reach, and targetRows what comes of them.
	targetCalls, targetRows int
}

// pages is how many requests a list of n rows takes with pages of a size. Each page after
// the first shows a row of the one before. After a full page, one more is asked for.
func pages(n, size int) int {
	if size <= 1 {
		return n + 1
	}
	if n < size {
		return 1
	}
	return 2 + (n-size)/(size-1)
}

// inList is how many requests a list takes.
func (p plan) inList(n, size int) int {
	calls := pages(n, size) + p.again
	if p.twice {
		calls += pages(n, size) + 1
	}
	return calls
}

// calls is how many requests a sync takes: in all, and how many of these come one after the
// other whatever the number of workers.
func (p plan) calls(s sizes) (int, int) {
	inRow := fixedCalls + p.inList(s.users, p.userPage) + p.inList(s.roles, p.rolePage) + p.targetCalls
	counted := 0.0
	for _, n := range s.lengths {
		counted += float64(p.inList(n, p.memberPage))
		if n == 0 {
			counted++ // An empty list is asked for once more.
		}
	}
	if len(s.lengths) < s.roles {
		// The others are as those that were counted, privx-user apart, which comes first.
		everybody := float64(p.inList(s.users, p.memberPage))
		mean := 1.0
		if len(s.lengths) > 1 {
			mean = max((counted-everybody)/float64(len(s.lengths)-1), 1)
		}
		counted += mean * float64(s.roles-len(s.lengths))
	}
	return inRow + int(min(counted, mostCounted)) + p.lookups, inRow
}

// duration is how long a sync takes with so many workers, if an answer takes so long.
func (p plan) duration(s sizes, workers int, latency time.Duration) time.Duration {
	all, inRow := p.calls(s)
	row := rowTime
	if workers <= 1 {
		row = aloneRowTime
	}
	side := min(max(workers, 1), api.MaxConnections)
	seconds := startUp.Seconds() +
		float64(s.users+s.roles+s.memberships+p.targetRows)*row.Seconds() +
		float64(inRow)*max(latency, p.page).Seconds() + float64(all-inRow)*latency.Seconds()/float64(side) +
		float64(s.roles)*p.pause.Seconds()/float64(side)
	const most = 1 << 32 // seconds: more than a century, and no overflow
	return time.Duration(min(seconds, most) * float64(time.Second))
}

// workersOf is how many calls are under way at a time.
func workersOf(given int) int {
	switch {
	case given == 0:
		return defaultWorkers
	case given < 0:
		return runtime.NumCPU()
	default:
		return given
	}
}

// planOf is the plan of a sync of this PrivX.
func planOf(ctx context.Context, v *doctor.Visit, s sizes) plan {
	p := plan{userPage: users.pageLength(ctx, v), rolePage: roles.pageLength(ctx, v)}
	if first := users.first(ctx, v); len(first.Items) >= first.limit {
		p.page = first.Took
	}
	p.memberPage = p.userPage
	if id := findRole(ctx, v, privx.RoleNameUser); id != "" {
		p.memberPage = everybody(id).pageLength(ctx, v)
	}
	switch users.counts(ctx, v).way {
	case wayNoCount, wayMoreShown:
		p.again, p.pause = 2, api.ConfirmPause
	case wayMoreCounted:
		p.twice = true
	}
	if r := reachOf(ctx, v, s); r.unknown == "" {
		p.targetCalls, p.targetRows = r.targetCalls(v), v.ReachRows+rowsExpandedHere(v)
	}
	if asksEach(ctx, v) {
		p.lookups = min(s.users, max(s.memberships-s.users, 0))
	}
	return p
}

// rowsExpandedHere are the rows of an expansion that this side makes, and not ConductorOne.
func rowsExpandedHere(v *doctor.Visit) int {
	if isOneShot(v) {
		return v.ExpandedRows
	}
	return 0
}

// pageLength is how many rows come in a full page of a list.
func (l list) pageLength(ctx context.Context, v *doctor.Visit) int {
	p := l.first(ctx, v)
	if p.Good() && len(p.Items) > 0 && p.counted() > len(p.Items) {
		return len(p.Items)
	}
	return p.limit
}

// asksEach tells whether members do not say how they hold the role, so that the connector
// asks for the roles of each of them.
func asksEach(ctx context.Context, v *doctor.Visit) bool {
	read, _ := roles.whole(ctx, v)
	for _, role := range spread(rolesIn(read), lookedRoles) {
		if role.System && role.Name == privx.RoleNameUser {
			continue
		}
		for _, item := range membersOf("a role", role.ID).first(ctx, v).Items {
			var member privx.Member
			if json.Unmarshal(item, &member) == nil && !saysHow(member, role.ID) {
				return true
			}
		}
	}
	return false
}

func saysHow(member privx.Member, roleID string) bool {
	for _, entry := range member.Roles {
		if privx.SameID(entry.ID, roleID) {
			return true
		}
	}
	return false
}

var timed = doctor.Check{
	ID:      "PX-SIZE-02",
	Promise: "a sync ends within " + inWords(long),
	How: "The number of calls is computed from what there is to sync, and from the sizes of PrivX's pages. " +
		"Their time is computed from the time that PrivX has taken for its answers, and from the number of workers. The time for the rows is added, as it was measured (see BENCHMARKS.md).",
	Needs: []string{Sized, reachSized},
	Ways: []doctor.Way{
		{
			Name: "long", Outcome: doctor.Warning,
			When:    "A sync is expected to take longer than 6 hours.",
			Matters: "ConductorOne learns late of changes in PrivX. Nothing fails because of it.",
			Do:      "Find out why PrivX is slow. If PrivX can bear more requests at a time, raise the setting workers.",
		},
		{
			Name: "not-known", Outcome: doctor.Warning,
			When:    "It is not known how much there is to sync, or how long PrivX takes to answer.",
			Matters: "There is no forecast of what a sync needs.",
			Do:      "Let the connector sync once, and look at the duration in the last line of its log.",
		},
	},
	Run: func(ctx context.Context, v *doctor.Visit) doctor.Finding {
		v.Latency = v.Ask.Latency()
		s := survey(ctx, v)
		if s.unknown != "" || v.Latency == 0 {
			return doctor.Finding{Way: "not-known", Found: "no forecast"}
		}
		p, workers := planOf(ctx, v, s), workersOf(v.Given.Workers)
		v.Calls, _ = p.calls(s)
		v.Duration = p.duration(s, workers, v.Latency)
		finding := doctor.Finding{
			Found: fmt.Sprintf("about %s: %s, %s for each answer, %s", inWords(v.Duration), many(v.Calls, "call", "calls"),
				inWords(v.Latency), many(workers, "worker", "workers")),
			Wanted: "at most " + inWords(long),
		}
		if v.Duration > long {
			finding.Way = "long"
		}
		return finding
	},
}

var fits = doctor.Check{
	ID:      Fits,
	Promise: "it is known how much memory and temporary space a sync needs",
	How: "Both are computed from what syncs of several sizes were measured to need, rounded up (see BENCHMARKS.md and docs/running.md). " +
		"Targets, their entitlements and their grants count as other rows do. Nothing is sent.",
	Needs: []string{Sized, reachSized},
	Ways: []doctor.Way{
		{
			Name: "beyond", Outcome: doctor.Warning,
			When:    "There is more to sync than in any sync that was measured.",
			Matters: "The forecast may be too low.",
			Do:      "Give the connector twice the memory and twice the space of the forecast, and look at what the first sync needs.",
		},
		{
			Name: "not-known", Outcome: doctor.Warning,
			When:    "It is not known how much there is to sync.",
			Matters: "There is no forecast of what a sync needs.",
			Do:      "Let the connector sync once, and look at how much memory and space it needs.",
		},
	},
	Run: func(_ context.Context, v *doctor.Visit) doctor.Finding {
		if v.Memberships == 0 {
			return doctor.Finding{Way: "not-known", Found: "no forecast"}
		}
		rows := v.Users + v.Roles + v.Memberships + v.ReachRows + rowsExpandedHere(v)
		expected := forecast(rows)
		v.Memory, v.Disk = expected.memory, expected.disk
		finding := doctor.Finding{Found: fmt.Sprintf("%s of memory and %s of temporary space, for %d rows", megabytes(v.Memory), megabytes(v.Disk), rows)}
		if v.Estimated {
			finding.Found += ", of which the memberships are an estimate"
		}
		if rows > mostMeasured() {
			finding.Way, finding.Wanted = "beyond", fmt.Sprintf("at most %d rows, which were measured", mostMeasured())
		}
		return finding
	},
}
