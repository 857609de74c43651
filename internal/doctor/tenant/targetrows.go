package tenant

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/connection"
)

// countsOf holds the rows of a list of targets against its count. Unlike users and roles,
// there may be none of them.
func countsOf(ctx context.Context, v *doctor.Visit, l targetList) verdict {
	first := firstOf(ctx, v, l)
	if _, failed := unread(l.list, first); failed {
		return verdict{way: wayUnusable, unread: &first}
	}
	rows, counted := len(first.Items), first.counted()
	switch {
	case rows == 0 && counted > 0:
		return verdict{way: wayHidden, found: fmt.Sprintf("none of %d counted", counted)}
	case rows == 0:
		return verdict{found: "none"}
	case !l.inOnePiece:
		return l.counts(ctx, v)
	case first.Count == nil:
		return verdict{count: rows, found: many(rows, "row", "rows") + ", in one piece"}
	case counted > rows:
		return verdict{way: wayMoreCounted, count: counted, found: fmt.Sprintf("%d of %d counted", rows, counted)}
	case counted < rows:
		return verdict{way: wayMoreShown, count: rows, found: fmt.Sprintf("%d, and %d counted", rows, counted)}
	default:
		return verdict{count: rows, found: fmt.Sprintf("all %d of %d counted", rows, counted)}
	}
}

// wayHidden is that of a list which counts rows and shows none.
const wayHidden = "hidden"

// worst is the order of ways: the first one found is that of the check.
var worst = []string{wayHidden, wayMoreCounted, wayMoreShown, wayNoCount}

var targetsCounted = doctor.Check{
	ID:      "PX-LIST-08",
	Promise: "PrivX shows as many hosts, secrets and other targets as it counts",
	How:     "Of each list of targets that is synced: " + strings.ToLower(howCounted[:1]) + howCounted[1:] + " The list of AWS roles comes in one piece, and need not be counted.",
	Needs:   []string{connection.LoggedIn},
	Ways: append([]doctor.Way{wayNoTargets, {
		Name: wayHidden, Outcome: doctor.Failed,
		When:    "A list counts rows and shows none.",
		Matters: "A sync fails, so that ConductorOne does not take everything for removed.",
		Do:      "Check whether PrivX shows them in its web interface. If it does, open an issue in the connector's repository with the version of PrivX.",
	}}, slices.DeleteFunc(slices.Clone(countWays), func(w doctor.Way) bool { return w.Name == wayEmpty })...),
	Run: func(ctx context.Context, v *doctor.Visit) doctor.Finding {
		lists := wantedTargets(v)
		if len(lists) == 0 {
			return doctor.Finding{Way: wayOff}
		}
		var found, ways []string
		for _, l := range lists {
			counts := countsOf(ctx, v, l)
			if counts.unread != nil {
				finding, _ := unread(l.list, *counts.unread)
				return finding
			}
			found, ways = append(found, l.name+": "+counts.found), append(ways, counts.way)
		}
		finding := doctor.Finding{Found: strings.Join(found, "; "), Wanted: "as many rows as are counted"}
		if i := slices.IndexFunc(worst, func(way string) bool { return slices.Contains(ways, way) }); i >= 0 {
			finding.Way = worst[i]
		}
		return finding
	},
}

var targetsReadable = doctor.Check{
	ID:      "PX-LIST-09",
	Promise: "each target can be read, has an id, and refers to roles by their ids",
	How:     "The rows on the first page of each list of targets that is synced are read as a sync reads them. A secret has its name in place of an id.",
	Needs:   []string{connection.LoggedIn},
	Ways: withUnread(
		wayNoTargets,
		doctor.Way{
			Name: "no-id", Outcome: doctor.Failed,
			When:    "PrivX shows a target without an id, or a secret without a name.",
			Matters: "A sync fails. Without ids it cannot know that nothing is left out.",
			Do:      "Open an issue in the connector's repository with what is special about the row, and with the version of PrivX.",
		},
		doctor.Way{
			Name: "unreadable", Outcome: doctor.Failed,
			When:    "A row has a field of another type than in PrivX's documentation, or refers to a role without its id.",
			Matters: "A sync fails rather than guess which roles reach the target.",
			Do:      "Open an issue in the connector's repository, with what was found and the version of PrivX.",
		},
	),
	Run: func(ctx context.Context, v *doctor.Visit) doctor.Finding {
		lists := wantedTargets(v)
		if len(lists) == 0 {
			return doctor.Finding{Way: wayOff}
		}
		var found []string
		for _, l := range lists {
			p := firstOf(ctx, v, l)
			if finding, failed := unread(l.list, p); failed {
				return finding
			}
			if finding, failed := oddRow(l.list, p); failed {
				return finding
			}
			found = append(found, l.name+": "+many(len(p.Items), "row", "rows"))
		}
		return doctor.Pass(strings.Join(found, "; "), "")
	},
}
