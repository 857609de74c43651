package tenant

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/ask"
	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// readable follows checkRows in rows.go of pkg/privx/api, and the fields that pkg/privx reads.
var readable = doctor.Check{
	ID:      "PX-LIST-05",
	Promise: "each row can be read and has an id",
	How:     "The rows on the first pages of users, of roles and of the members of privx-user are read as a sync reads them.",
	Needs:   []string{MayListUsers, MayListRoles},
	Ways: withUnread(
		doctor.Way{
			Name: "no-id", Outcome: doctor.Failed,
			When:    "PrivX shows a row without an id.",
			Matters: "A sync fails. Without ids it cannot know that nothing is left out.",
			Do:      "Find the row in PrivX, and open an issue in the connector's repository with what is special about it, and with the version of PrivX.",
		},
		doctor.Way{
			Name: "unreadable", Outcome: doctor.Failed,
			When:    "A row has a field of another type than in PrivX's documentation.",
			Matters: "A sync fails rather than guess what the row means.",
			Do:      "Open an issue in the connector's repository, with the field that is named and the version of PrivX.",
		},
	),
	Run: func(ctx context.Context, v *doctor.Visit) doctor.Finding {
		var found []string
		for _, l := range looked(ctx, v) {
			p := l.first(ctx, v)
			if finding, failed := unread(l, p); failed {
				return finding
			}
			if finding, failed := oddRow(l, p); failed {
				return finding
			}
			found = append(found, fmt.Sprintf("%s: %d rows", l.name, len(p.Items)))
		}
		return doctor.Pass(strings.Join(found, "; "), "")
	},
}

// oddRow tells what is wrong with a row of a page, if anything is.
func oddRow(l list, p page) (doctor.Finding, bool) {
	err := listError(p.Rows, l.decode)
	if err == nil || len(p.Items) == 0 {
		return doctor.Finding{}, false
	}
	way := "unreadable"
	if errors.Is(err, errNoID) {
		way = "no-id"
	}
	return doctor.Finding{Way: way, Found: l.name + ": " + err.Error(), Wanted: "an id, and fields that can be read"}, true
}

var ordered = doctor.Check{
	ID:      "PX-LIST-06",
	Promise: "lists come in the order of creation, and no row comes twice",
	How: "The rows on the first pages of users, of roles and of the members of privx-user are compared with the order that was asked for. " +
		"Rows without a time of creation may stand anywhere. A page that shows an id twice is asked for again.",
	Needs: []string{MayListUsers, MayListRoles},
	Ways: withUnread(
		doctor.Way{
			Name: "twice", Outcome: doctor.Failed,
			When:    "A page shows the same id twice, also when it is asked for again.",
			Matters: "A row that comes twice may stand in the place of another one. A sync reads the list again in the opposite order, and fails if rows are still missing.",
			Do:      "Find the row in PrivX, and open an issue in the connector's repository with what is special about it, and with the version of PrivX.",
		},
		doctor.Way{
			Name: "changing", Outcome: doctor.Warning,
			When:    "A page showed the same id twice, but not when it was asked for again.",
			Matters: "A sync notices if rows are missing, and reads the list once more. It fails if that happens each time.",
			Do:      "Run the doctor again. If it still happens, open an issue in the connector's repository with the version of PrivX.",
		},
		doctor.Way{
			Name: "not-known", Outcome: doctor.Skipped,
			When: "Of one of the lists, PrivX shows fewer than two rows with a time of creation, so that there is no order to be seen. No row came twice.",
		},
		doctor.Way{
			Name: "unordered", Outcome: doctor.Warning,
			When:    "The rows do not come in the order of creation that was asked for.",
			Matters: "A sync still reads all rows. But it has to read a list more often that changes meanwhile.",
			Do:      "Allow for the time, nothing is lost. Please open an issue in the connector's repository with the version of PrivX.",
		},
	),
	Run: func(ctx context.Context, v *doctor.Visit) doctor.Finding {
		finding := doctor.Finding{Wanted: "the order of creation, and each id once"}
		var found []string
		for _, l := range looked(ctx, v) {
			p := l.first(ctx, v)
			if unreadable, failed := unread(l, p); failed {
				return unreadable
			}
			if id := repeated(p.IDs); id > 0 {
				return twice(ctx, v, l, p)
			}
			timed, place := outOfOrder(p)
			switch {
			case place > 0:
				finding.Way = "unordered"
			case timed < 2 && finding.Way == "":
				finding.Way = "not-known"
			}
			found = append(found, orderInWords(l, p, timed, place))
		}
		finding.Found = strings.Join(found, "; ")
		return finding
	},
}

// twice asks again for a page that has shown an id twice.
func twice(ctx context.Context, v *doctor.Visit, l list, p page) doctor.Finding {
	finding := doctor.Finding{
		Way: "changing", Found: fmt.Sprintf("%s: row %d of %d was there before", l.name, repeated(p.IDs), len(p.IDs)), Wanted: "each id once",
	}
	again := page{Rows: ask.RowsOf(v.Ask.Again(ctx, l.request(ask.Part{Limit: p.limit}), api.Manner{}))}
	if unreadable, failed := unread(l, again); failed {
		return unreadable
	}
	if repeated(again.IDs) > 0 {
		finding.Way = "twice"
	}
	return finding
}

// repeated is the first place, from 1 on, of an id that was there before; 0 if there is none.
func repeated(ids []string) int {
	var seen privx.IDs
	for i, id := range ids {
		if id != "" && !seen.Add(id) {
			return i + 1
		}
	}
	return 0
}

// outOfOrder is how many rows with a time of creation there are, and the first place, from 1
// on, of one that was created before one in front of it; 0 if there is none.
func outOfOrder(p page) (int, int) {
	var latest time.Time
	timed := 0
	for i, item := range p.Items {
		created := createdOf(item)
		if created.IsZero() {
			continue
		}
		timed++
		if created.Before(latest) {
			return timed, i + 1
		}
		latest = created
	}
	return timed, 0
}

// createdOf is when a row was created; zero if it does not say.
func createdOf(item json.RawMessage) time.Time {
	var row struct {
		Created string `json:"created"`
	}
	_ = json.Unmarshal(item, &row) // A row that cannot be read does not say.
	created, err := time.Parse(time.RFC3339, row.Created)
	if err != nil {
		return time.Time{}
	}
	return created
}

func orderInWords(l list, p page, timed, place int) string {
	switch {
	case place > 0:
		return fmt.Sprintf("%s: row %d is older than one before it", l.name, place)
	case timed < len(p.Items):
		return fmt.Sprintf("%s: %d of %d rows have a time, in order", l.name, timed, len(p.Items))
	default:
		return fmt.Sprintf("%s: %d rows in order", l.name, len(p.Items))
	}
}
