package questions

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/ask"
	"github.com/conductorone/baton-privx/internal/doctor/connection"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

func listQuestions() []doctor.Check {
	return checks(slices.Concat(orderQuestions, pageQuestions, searchQuestions))
}

// orderQuestions are those about the rows of lists, their count and their order.
var orderQuestions = []question{
	{
		id:        "PXQ-001",
		promise:   "the connector can cope with how PrivX limits the size of a page",
		how:       "Each of the lists of users, of roles and of the members of privx-user is asked for 1001 rows, one more than the largest page of PrivX's documentation.",
		unseen:    "No list has more rows than a page shows.",
		otherwise: true,
		ask:       largePages,
	},
	{
		id:      "PXQ-002",
		promise: "lists count all of their rows",
		how: "The users and the roles are listed several times. The counts in the answers are compared with one another and with the rows. " +
			"One of the answers has one role only: every PrivX has two, so that it counts itself if it counts 1. " +
			"The last row that is counted is asked for, and asked for again if it is not there.",
		costs: []cost{
			{"b", doctor.Way{Name: "not-counted", Outcome: doctor.Warning, When: "Lists have no count.", Matters: costOfNoCount, Do: nothingToDo}},
			{"c", doctor.Way{Name: "counted-as-0", Outcome: doctor.Warning, When: "Lists count 0 rows, whatever they show.", Matters: costOfNoCount, Do: nothingToDo}},
			{"d", doctor.Way{
				Name: "too-many", Outcome: doctor.Warning,
				When:    "A list counts more rows than it shows.",
				Matters: "The connector reads each such list twice, takes what it was shown, and logs a warning. It cannot know whether PrivX hides rows from it.",
				Do:      "Compare the number of users and roles in PrivX's web interface with what a sync brings. If something is missing, find out what limits what the API client may see.",
			}},
			{"e", doctor.Way{Name: "page-alone", Outcome: doctor.Warning, When: "Lists count only the rows of each answer.", Matters: costOfNoCount, Do: nothingToDo}},
			{"f", doctor.Way{
				Name: "page-alone-at-times", Outcome: doctor.Warning,
				When:    "Some answers count all rows of the list, and some only their own.",
				Matters: "The connector asks for what comes after each such answer. Nothing is lost, but a sync makes some more calls.",
				Do:      openIssue,
			}},
		},
		otherwise: true,
		ask:       counts,
	},
	{
		id:      "PXQ-003",
		promise: "rows that were created at the same time stand in the same order in each answer",
		how:     "The first users and the first members of privx-user are asked for several times, and the order of those that were created at the same time is compared.",
		costs: []cost{{"b", doctor.Way{
			Name: "in-any-order", Outcome: doctor.Warning,
			When: "Rows that were created at the same time come in another order each time.",
			Matters: "A row may be on none of the pages that are read. The connector notices that by the count, and reads again. " +
				"Where many rows were created at the same time, a sync may fail rather than lose one.",
			Do: "Set page-size to 1000, so that there are few pages. If a sync fails, let it run again.",
		}}},
		unseen: "No two rows were created at the same time.",
		ask:    ties,
	},
	{
		id:      "PXQ-004",
		promise: "the order of a list without a sort key makes no difference",
		how:     "The first users and roles are asked for without a sort key. The connector never does so, and the answer is for the register alone.",
		unseen:  "There are too few rows to tell an order.",
		ask:     unsorted,
	},
	{
		id:      "PXQ-005",
		promise: "users, roles and members can be listed in the order of their creation",
		how:     "Each list is asked for by the sort key created, and once by a sort key that does not exist.",
		needs:   []string{connection.LoggedIn}, // Without it, the connector may not even list users.
		costs: []cost{{"b", doctor.Way{
			Name: "refused", Outcome: doctor.Failed,
			When:    "PrivX refuses the sort key created for a list (status 400).",
			Matters: "The connector asks for each page in the order of creation. A sync fails.",
			Do:      openIssue + " The connector must learn another order for this PrivX.",
		}}},
		otherwise: true,
		ask:       sortKeys,
	},
}

const (
	costOfNoCount = "The connector asks for what comes after the last row of each list, and again a second later. A sync takes about a second longer for each role, divided by the number of workers."
	nothingToDo   = "Allow for the time. Nothing is lost."
)

// listsAndMembers are the lists that are asked: users, roles, and the members of privx-user
// if that role is found.
func (l *look) listsAndMembers() []list {
	lists := []list{allUsers, allRoles}
	if everyone, _ := l.everyone(); everyone != nil {
		lists = append(lists, membersOf(everyone.ID))
	}
	return lists
}

// tooLarge is one more than the largest documented page.
const tooLarge = api.MaxPageSize + 1

func largePages(l *look) answer {
	var shown []string
	var said answer
	for _, of := range l.listsAndMembers() {
		one := l.largePage(of)
		if one.found != "" {
			shown = append(shown, one.found)
		}
		// The first side that shows is the answer, and else why none does.
		if said.side == "" && (one.side != "" || said.way != wayUnseen) {
			said = one
		}
	}
	said.found = strings.Join(shown, " ")
	return said
}

// largePage asks for a page of one list that is too large.
func (l *look) largePage(of list) answer {
	if usual := l.firstPage(of); !usual.Good() {
		return unanswered(usual.Err) // Where nothing is answered, a refusal says nothing.
	}
	rows := l.get(of.part(ask.Part{Limit: tooLarge}))
	n := len(rows.Items)
	switch {
	case rows.Status == http.StatusBadRequest && len(rows.Body) == 0:
		return on("c", "%d %s are refused with 400 and without a reason.", tooLarge, of.name)
	case rows.Status == http.StatusBadRequest:
		return on("b", "%d %s are refused with 400.", tooLarge, of.name)
	case rows.Status > http.StatusForbidden && rows.Status < http.StatusInternalServerError:
		return on(doctor.Otherwise, "%d %s are refused with %d.", tooLarge, of.name, rows.Status)
	case !rows.Good():
		return unanswered(rows.Err)
	case n > 0 && n < tooLarge && l.goesOnBehind(of, rows):
		return on("a", "Of %d %s that were asked for, and more that there are, %d came.", tooLarge, of.name, n).with("rows", float64(n))
	default:
		return unseen("All %d %s fit on a page.", n, of.name)
	}
}

// goesOnBehind tells whether a list has more rows than its first page shows. Where the count
// does not tell, the row behind is asked for.
func (l *look) goesOnBehind(of list, page *ask.Rows) bool {
	if n := counted(page); n > len(page.Items) || n > 0 && !l.countsPages() {
		return n > len(page.Items)
	}
	behind := l.get(of.part(ask.Part{Offset: len(page.Items), Limit: 1}))
	return slices.ContainsFunc(behind.IDs, func(id string) bool { return id != "" && !slices.Contains(page.IDs, id) })
}

// countsPages tells whether PrivX counts the rows of an answer alone.
func (l *look) countsPages() bool {
	one := l.get(ask.RoleRows(ask.Part{Limit: 1}))
	return counted(one) == 1 && len(l.firstPage(allRoles).Items) > 1
}

func ties(l *look) answer {
	equal := 0
	users, limit := l.some()
	readings := [][]*ask.Rows{{users, l.again(ask.UserRows(ask.Part{Limit: limit})), l.firstPage(allUsers)}}
	if everyone, _ := l.everyone(); everyone != nil {
		members := membersOf(everyone.ID)
		page, _ := l.upTo(api.MaxPageSize, members)
		readings = append(readings, []*ask.Rows{page, l.again(members.part(ask.Part{Limit: limit}))})
	}
	if !users.Good() {
		return unanswered(users.Err)
	}
	for _, reading := range readings {
		first := decode[userRow](reading[0].Items)
		for _, other := range reading[1:] {
			found, moved := compareTies(first, decode[userRow](other.Items))
			if equal += found; moved || exchanged(first, decode[userRow](other.Items)) {
				return on("b", "Rows of the same time have changed places.")
			}
		}
	}
	if equal == 0 {
		return unseen("No two of the first %d users were created at the same time.", len(users.Items))
	}
	return on(assumed, "%s of the same time stood in the same order.", number(equal, "pair")).with("pairs", float64(equal))
}

// compareTies compares two readings of the same rows. It returns how many pairs there are
// that were created at the same time, and whether one has changed places.
func compareTies(one, other []userRow) (int, bool) {
	places := make(map[string]int, len(other))
	for i, row := range other {
		places[api.CanonicalID(row.ID)] = i + 1
	}
	pairs := 0
	latest := make(map[string]int) // the place in other of the latest row of a time
	for _, row := range one {
		place := places[api.CanonicalID(row.ID)]
		if place == 0 || row.ID == "" {
			continue // It has come or gone meanwhile, or cannot be told from others.
		}
		before, found := latest[row.Created]
		if latest[row.Created] = place; !found {
			continue
		}
		if pairs++; before > place {
			return pairs, true
		}
	}
	return pairs, false
}

// exchanged tells whether two readings of so many rows have different rows of the same time:
// some of them stand on another page the second time.
func exchanged(one, other []userRow) bool {
	if len(one) != len(other) {
		return false
	}
	gone, come := timesOfOnly(one, other), timesOfOnly(other, one)
	for created := range gone {
		if come[created] {
			return true
		}
	}
	return false
}

// timesOfOnly are the times of those rows that are not among others.
func timesOfOnly(rows, others []userRow) map[string]bool {
	var known api.IDs
	for _, row := range others {
		known.Add(row.ID)
	}
	times := make(map[string]bool)
	for _, row := range rows {
		if row.ID != "" && !known.Has(row.ID) {
			times[row.Created] = true
		}
	}
	return times
}

func unsorted(l *look) answer {
	_, limit := l.some()
	part := ask.Part{Limit: limit, Unsorted: true}
	users, roles := l.get(ask.UserRows(part)), l.get(ask.RoleRows(part))
	for _, rows := range []*ask.Rows{users, roles} {
		if !rows.Good() {
			return unanswered(rows.Err)
		}
	}
	var times []time.Time
	for _, user := range decode[userRow](users.Items) {
		if created, err := time.Parse(time.RFC3339, user.Created); err == nil {
			times = append(times, created)
		}
	}
	var names, folded []string
	for _, role := range decode[roleRow](roles.Items) {
		names, folded = append(names, role.Name), append(folded, strings.ToLower(role.Name))
	}
	if len(times) < 2 || len(names) < 2 {
		return unseen("%s and %s came.", number(len(times), "user"), number(len(names), "role"))
	}
	newestFirst := slices.IsSortedFunc(times, func(a, b time.Time) int { return b.Compare(a) })
	if byName := slices.IsSorted(names) || slices.IsSorted(folded); newestFirst && byName {
		return on(assumed, "%s and %s came so.", number(len(times), "user"), number(len(names), "role"))
	}
	return on(doctor.Otherwise, "%s and %s came, not the newest users first or not the roles by name.", number(len(times), "user"), number(len(names), "role"))
}

func sortKeys(l *look) answer {
	var loose []string
	for _, of := range l.listsAndMembers() {
		rows := l.firstPage(of)
		if rows.Status == http.StatusBadRequest && l.get(of.part(ask.Part{Limit: api.MinPageSize, Unsorted: true})).Good() {
			return on("b", "The list of %s refuses the sort key created with 400, and is shown without it.", of.name)
		}
		if !rows.Good() {
			return unanswered(rows.Err)
		}
		unknown := of.part(ask.Part{Limit: 1})
		unknown.Query.Set("sortkey", "no_such_key")
		switch refused := l.get(unknown); {
		case refused.Status == 0 || refused.Status >= http.StatusInternalServerError:
			return unanswered(refused.Err)
		case refused.Status != http.StatusBadRequest:
			loose = append(loose, fmt.Sprintf("The list of %s takes the sort key created, but answers %d to one that there is not.", of.name, refused.Status))
		}
	}
	if len(loose) > 0 {
		return on(doctor.Otherwise, "%s", strings.Join(loose, " "))
	}
	return on(assumed, "So it was with %s.", number(len(l.listsAndMembers()), "list"))
}
