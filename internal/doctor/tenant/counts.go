package tenant

import (
	"context"
	"fmt"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/ask"
	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// The ways in which rows and counts differ, and what the connector does then is in pages.go
// of pkg/privx/api.
const (
	wayNoCount     = "no-count"
	wayMoreShown   = "more-shown"
	wayMoreCounted = "more-counted"
)

// verdict is what was found of a list's counts.
type verdict struct {
	// way is the name of a way; empty if the counts are true as far as was looked.
	way string
	// count is how many rows PrivX counts; 0 if it does not.
	count int
	found string
	// unread is the page that could not be read, if way is for one.
	unread *page
}

// counts holds the rows of a list against its count, on the first and on the last page. The
// last row that is counted is asked for, and one behind it, where there must be none.
func (l list) counts(ctx context.Context, v *doctor.Visit) verdict {
	first := l.first(ctx, v)
	if _, failed := unread(l, first); failed {
		return verdict{way: wayUnusable, unread: &first}
	}
	if found := judge(first); found.way != "" {
		return found
	}
	last := l.at(ctx, v, first.counted()-1, 2)
	if _, failed := unread(l, last); failed {
		return verdict{way: wayUnusable, unread: &last}
	}
	if found := judge(last); found.way != "" {
		return found
	}
	found := fmt.Sprintf("all %d of %d counted", len(first.Items), first.counted())
	if len(first.Items) < first.counted() {
		found = fmt.Sprintf("the first %d and the last of %d counted", len(first.Items), last.counted())
	}
	return verdict{count: max(first.counted(), last.counted()), found: found}
}

// judge holds the rows of one answer against the count in it.
func judge(p page) verdict {
	found := verdict{count: p.counted(), found: fmt.Sprintf("%d rows from place %d on, of %d counted", len(p.Items), p.offset+1, p.counted())}
	switch {
	case p.counted() == 0 && (p.offset == 0 || len(p.Items) > 0):
		found.way, found.found = wayNoCount, fmt.Sprintf("%d rows, and no count", len(p.Items))
	case len(p.Items) > 0 && p.counted() < p.end():
		found.way = wayMoreShown
	case p.offset > 0 && p.counted() > p.end() && len(p.Items) < p.limit:
		found.way = wayMoreCounted
	}
	return found
}

var countWays = withUnread(
	doctor.Way{
		Name: wayEmpty, Outcome: doctor.Failed,
		When:    "PrivX shows an empty list, also when it is asked again. This list cannot be empty.",
		Matters: "A sync fails, so that ConductorOne does not take everything for removed.",
		Do:      "Check whether PrivX shows users and roles in its web interface. If PrivX has just been started, run the doctor again in a minute.",
	},
	doctor.Way{
		Name: wayNoCount, Outcome: doctor.Warning,
		When:    "PrivX does not say how many rows there are.",
		Matters: "A sync cannot know by the count that nothing is left out. It reads until two answers, a second apart, show nothing more. That takes longer.",
		Do:      "Allow for the time, nothing is lost. Please open an issue in the connector's repository with the version of PrivX: each known version counts.",
	},
	doctor.Way{
		Name: wayMoreShown, Outcome: doctor.Warning,
		When:    "PrivX shows more rows than it counts. Perhaps it counts only the rows of each answer.",
		Matters: "A sync goes by what is shown. It reads until two answers, a second apart, show nothing more. That takes longer.",
		Do:      "Allow for the time, nothing is lost. Please open an issue in the connector's repository with the version of PrivX.",
	},
	doctor.Way{
		Name: wayMoreCounted, Outcome: doctor.Warning,
		When:    "PrivX counts more rows than it shows.",
		Matters: "Something may be hidden from the API client. A sync reads the list a second time, takes what is shown, and logs a warning with both numbers.",
		Do:      "Compare the numbers with what PrivX shows in its web interface. If the API client sees less, find out what in PrivX limits what it may see.",
	},
)

const howCounted = "The first page is asked for as a sync does, and then the last row that PrivX counts. " +
	"The rows of both answers are compared with the counts in them."

// countFinding is what comes of holding a list's rows against its counts.
func countFinding(ctx context.Context, v *doctor.Visit, l list) doctor.Finding {
	if first := l.first(ctx, v); first.Good() && len(first.Items) == 0 {
		again := page{Rows: ask.RowsOf(v.Ask.Again(ctx, l.request(ask.Part{Limit: first.limit}), api.Manner{}))}
		if finding, failed := unread(l, again); failed {
			return finding
		}
		if len(again.Items) == 0 {
			return doctor.Finding{Way: wayEmpty, Found: "no " + l.name, Wanted: "at least 1"}
		}
		return doctor.Finding{Way: wayNotRead, Found: "at first no " + l.name + ", and then some"}
	}
	found := l.counts(ctx, v)
	if found.unread != nil {
		finding, _ := unread(l, *found.unread)
		return finding
	}
	return doctor.Finding{Way: found.way, Found: found.found, Wanted: "as many rows as are counted"}
}

var usersCounted = doctor.Check{
	ID:      "PX-LIST-01",
	Promise: "PrivX shows as many users as it counts",
	How:     howCounted,
	Needs:   []string{MayListUsers},
	Ways:    countWays,
	Run:     func(ctx context.Context, v *doctor.Visit) doctor.Finding { return countFinding(ctx, v, users) },
}

var rolesCounted = doctor.Check{
	ID:      "PX-LIST-02",
	Promise: "PrivX shows as many roles as it counts",
	How:     howCounted,
	Needs:   []string{MayListRoles},
	Ways:    countWays,
	Run:     func(ctx context.Context, v *doctor.Visit) doctor.Finding { return countFinding(ctx, v, roles) },
}

var everybodyCounted = doctor.Check{
	ID:      "PX-LIST-03",
	Promise: "PrivX shows as many members of privx-user as it counts",
	How:     howCounted + " Every user is a member of the built-in role privx-user, so that no list of members is longer.",
	Needs:   []string{MayListRoles},
	Ways: append([]doctor.Way{{
		Name: "no-role", Outcome: doctor.Warning,
		When:    "The built-in role privx-user is not among the roles that were read.",
		Matters: "Every PrivX has this role. A sync works without it. But PrivX may hide more from the API client.",
		Do:      "Check whether PrivX shows the role in its web interface. If it does, find out what in PrivX limits what the API client may see.",
	}}, countWays...),
	Run: func(ctx context.Context, v *doctor.Visit) doctor.Finding {
		if finding, failed := unread(roles, roles.first(ctx, v)); failed {
			return finding
		}
		id := findRole(ctx, v, privx.RoleNameUser)
		if id == "" {
			return doctor.Finding{Way: "no-role", Found: "no role " + privx.RoleNameUser, Wanted: "the built-in role " + privx.RoleNameUser}
		}
		return countFinding(ctx, v, everybody(id))
	},
}

var pageSize = doctor.Check{
	ID:      "PX-LIST-04",
	Promise: "PrivX answers pages of the size that the connector asks for",
	How: "The first pages of users, of roles and of the members of privx-user are asked for with page-size rows, " +
		"and with fewer where the connector would do so. PrivX may give fewer rows than it is asked for. That costs more requests, and nothing else.",
	Needs: []string{MayListUsers, MayListRoles},
	Ways: withUnread(doctor.Way{
		Name: "smaller", Outcome: doctor.Warning,
		When:    "PrivX, or what is in front of it, refuses so many rows, or its answer is too long or too late. It answers with fewer rows.",
		Matters: "A sync finds that out by itself, and asks for fewer rows. It does so again after an hour, and each time PrivX works in vain.",
		Do:      "Set page-size to the smallest number that is shown as asked for.",
	}),
	Run: func(ctx context.Context, v *doctor.Visit) doctor.Finding {
		finding := doctor.Finding{Wanted: fmt.Sprintf("up to %d rows at a time", configuredPage(v))}
		for _, l := range looked(ctx, v) {
			p := l.first(ctx, v)
			if unreadable, failed := unread(l, p); failed {
				return unreadable
			}
			if p.hindrance != nil && finding.Way == "" {
				finding.Way, finding.Cause = "smaller", p.hindrance.Error()
			}
			if finding.Found != "" {
				finding.Found += "; "
			}
			finding.Found += l.name + ": " + sizeInWords(p)
		}
		return finding
	},
}

// sizeInWords says how many rows came of how many that were asked for.
func sizeInWords(p page) string {
	got := fmt.Sprintf("%d (%d asked for)", len(p.Items), p.limit)
	switch {
	case len(p.Items) >= p.limit || p.counted() == 0:
		return got
	case p.counted() > len(p.Items):
		return fmt.Sprintf("%s, although there are %d", got, p.counted())
	default:
		return "all " + got
	}
}

// looked are the lists whose first pages are looked at.
func looked(ctx context.Context, v *doctor.Visit) []list {
	lists := []list{users, roles}
	if id := findRole(ctx, v, privx.RoleNameUser); id != "" {
		lists = append(lists, everybody(id))
	}
	return lists
}
