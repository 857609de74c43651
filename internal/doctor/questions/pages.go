package questions

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/ask"
	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// pageQuestions are those about how much a page may have, and what is on it.
var pageQuestions = []question{
	{
		id:      "PXQ-007",
		promise: "PrivX answers the largest pages that it allows and the connector asks for",
		how: "Each of the lists of users, of roles and of the members of privx-user is asked for 1000 rows. If that is not answered, or with more than 16 MiB, 100 rows and then 10 are asked for. " +
			"The status, the length and the time of each answer are noted.",
		costs: []cost{
			{"b", doctor.Way{
				Name: "too-many-rows", Outcome: doctor.Warning,
				When:    "A page of 1000 rows is not answered, or is longer than 16 MiB. A smaller page is answered.",
				Matters: "The connector finds a smaller page by itself. But each sync begins with calls that fail, some of them after minutes.",
				Do:      "Set page-size to the smallest number that is shown as asked for. Or let the gateway in front of PrivX wait longer for an answer.",
			}},
			{"c", doctor.Way{
				Name: "rows-too-long", Outcome: doctor.Failed,
				When:    "An answer is longer than 64 MiB, even with few rows.",
				Matters: "The connector does not read more than that of one answer. A sync fails.",
				Do:      "Find out in PrivX what makes the rows so long, such as users with very many roles. " + openIssue,
			}},
		},
		ask: pageSizes,
	},
	{
		id:      "PXQ-008",
		promise: "large pages begin soon enough for the connector",
		how:     "The list of users is asked for 10, for 100 and for 1000 rows, and the times until the answers begin are compared.",
		costs: []cost{{"b", doctor.Way{
			Name: "slow-rows", Outcome: doctor.Warning,
			When:    "A page of 1000 users begins after more than 2 s, and takes more than five times as long to begin as a page of 10.",
			Matters: "A page may come too late for http-timeout-seconds or for a gateway. Then the connector has waited in vain, and asks for a tenth of the rows.",
			Do:      "Set page-size to 100.",
		}}},
		unseen: "There are too few users to compare pages, or PrivX does not answer large pages.",
		ask:    slowRows,
	},
	{
		id:      "PXQ-009",
		promise: "the connector can tell an empty list from a missing one",
		how:     "The lists of members of some roles are read, and of some more until one is empty. The lists of roles of some users are read, too.",
		costs: []cost{{"c", doctor.Way{
			Name: "null-roles", Outcome: doctor.Warning,
			When:    "The list of roles of a user without roles is null.",
			Matters: "A node that has just started may say so of a user who has roles. So the connector does not trust such a list, and a grant to that user fails.",
			Do:      "Grant such users their first role in PrivX itself. " + openIssue,
		}}},
		unseen: "All of the roles that were looked at have members, and all of the users have roles.",
		ask:    emptyLists,
	},
	{
		id:      "PXQ-010",
		promise: "the members of roles are in the list of users",
		how: "If all users fit on three pages, the members of some roles are looked for among them. Those who are not there are searched for by their ids. " +
			"Otherwise the count of all users is compared with that of the members of privx-user.",
		costs: []cost{
			{"b", doctor.Way{
				Name: "users-missing", Outcome: doctor.Failed,
				When:    "Some members of roles are not in the list of users, but are found by their ids.",
				Matters: "The list of users is not complete. A sync fails if it finds such a member who is older than the sync.",
				Do:      "Check in PrivX's web interface whether these users are listed, and whether all of PrivX's nodes show the same.",
			}},
			{"b", doctor.Way{
				Name: "strangers", Outcome: doctor.Warning,
				When:    "Some members of roles are not in the list of users, and are not found by their ids. Or PrivX counts more members of privx-user than users.",
				Matters: "A sync reports their memberships, and logs a warning. In ConductorOne these memberships belong to nobody.",
				Do:      "Look for members of roles in PrivX's web interface who are no users. Their directory may have been removed.",
			}},
		},
		unseen:    "The users do not fit on three pages, and there are no counts that could be compared.",
		otherwise: true,
		ask:       everyUser,
	},
}

// errNoRows is the error for a list without rows that cannot be empty.
var errNoRows = errors.New("the list has no rows with an id, which cannot be")

// hasRows tells whether an answer has a row that can be told from others.
func hasRows(rows *ask.Rows) bool {
	return slices.ContainsFunc(rows.IDs, func(id string) bool { return id != "" })
}

// answeredSize is how many rows of a list are answered when 1000 are asked for.
type answeredSize struct {
	list
	rows *ask.Rows
	// limit is how many rows were asked for in the end, and refused tells that it was less
	// because PrivX refused more, which PXQ-001 is about.
	limit   int
	refused bool
}

func (l *look) answeredSize(of list) answeredSize {
	rows, limit := l.upTo(api.MaxPageSize, of)
	first := l.get(of.part(ask.Part{Limit: api.MaxPageSize}))
	return answeredSize{of, rows, limit, first.Status == http.StatusBadRequest}
}

// text is what came of it.
func (s answeredSize) text() string {
	return fmt.Sprintf("Asked for %d, %d %s came in %d KiB and %d ms.",
		s.limit, len(s.rows.Items), s.name, (len(s.rows.Body)+1023)>>10, s.rows.Took.Milliseconds())
}

func pageSizes(l *look) answer {
	var sizes []answeredSize
	for _, of := range l.listsAndMembers() {
		size := l.answeredSize(of)
		switch {
		case api.Is(size.rows.Err, api.TooLong):
			return on("c", "The list of %s is so long when it is asked for %s.", of.name, number(size.limit, "row"))
		case !size.rows.Good():
			return unanswered(size.rows.Err)
		case !hasRows(size.rows):
			return unanswered(errNoRows)
		}
		sizes = append(sizes, size)
	}
	smallest := slices.MinFunc(sizes, func(a, b answeredSize) int { return a.limit - b.limit })
	var texts []string
	for _, size := range sizes {
		texts = append(texts, size.text())
	}
	said := on(assumed, "%s", strings.Join(texts, " "))
	if smallest.limit < api.MaxPageSize && !smallest.refused {
		said = on("b", "%s", strings.Join(texts, " "))
		said.harmless = l.size() <= smallest.limit
	}
	for _, size := range sizes {
		said = said.with(size.name+"_asked", float64(size.limit)).with(size.name+"_bytes", float64(len(size.rows.Body))).
			with(size.name+"_milliseconds", float64(size.rows.Took.Milliseconds()))
	}
	return said
}

// A page begins late if it takes longer than slowPage, and slowTimes as long as a small one.
const (
	slowPage  = 2 * time.Second
	slowTimes = 5
)

func slowRows(l *look) answer {
	small := l.get(ask.UserRows(ask.Part{Limit: api.MinPageSize}))
	middle, _ := l.some()
	large, limit := l.upTo(api.MaxPageSize, allUsers)
	for _, rows := range []*ask.Rows{small, middle, large} {
		if !rows.Good() {
			return unanswered(rows.Err)
		}
	}
	said := on(assumed, "%d, %d and %d users began after %d, %d and %d ms.", len(small.Items), len(middle.Items), len(large.Items),
		small.Begun.Milliseconds(), middle.Begun.Milliseconds(), large.Begun.Milliseconds())
	switch {
	case large.Begun > slowPage && large.Begun > slowTimes*small.Begun:
		said.side, said.harmless = "b", l.size() <= 100
	case len(large.Items) <= len(small.Items) || limit < api.MaxPageSize:
		return unseen("%s", said.found)
	}
	return said.with("rows", float64(len(large.Items))).with("asked", float64(limit)).
		with("milliseconds_10", float64(small.Begun.Milliseconds())).with("milliseconds_100", float64(middle.Begun.Milliseconds())).
		with("milliseconds_1000", float64(large.Begun.Milliseconds()))
}

func emptyLists(l *look) answer {
	sample, err := l.sample()
	if err != nil {
		return unanswered(err)
	}
	empty, null := 0, 0
	for i := range sample {
		if len(sample[i].members) == 0 {
			empty++
			if sample[i].isNull {
				null++
			}
		}
	}
	if empty == 0 {
		empty, null = l.emptyRole(sample)
	}
	lists, _ := l.lists() // Whether they are shown is another question.
	nulls := 0
	for _, list := range lists {
		if list.isNull {
			nulls++
		}
	}
	switch {
	case nulls > 0:
		return on("c", "The list of roles of %s is null.", number(nulls, "user"))
	case null > 0:
		return on("b", "%d of %s without members.", null, number(empty, "role"))
	case empty > 0:
		return on(assumed, "%s had no members.", number(empty, "role"))
	default:
		return unseen("The sample had %s and %s.", number(len(sample), "role"), number(len(lists), "user"))
	}
}

// mostRoles is how many other roles are asked for members if all of the sample have some.
const mostRoles = 4

// emptyRole looks for a role without members beside the sample, the newest first. It returns
// 1 if there is one, and 1 if its members are null.
func (l *look) emptyRole(sample []sampled) (int, int) {
	roles, _ := l.roles() // There is a sample of them.
	asked := 0
	for _, role := range slices.Backward(roles) {
		if asked == mostRoles {
			break
		}
		if role.ID == "" || slices.ContainsFunc(sample, func(s sampled) bool { return privx.SameID(s.ID, role.ID) }) {
			continue
		}
		asked++
		rows := l.get(ask.MemberRows(role.ID, ask.Part{Limit: sampledMembers}))
		switch {
		case !rows.Good() || len(rows.Items) > 0:
		case rows.Items == nil:
			return 1, 1
		default:
			return 1, 0
		}
	}
	return 0, 0
}

func everyUser(l *look) answer {
	sample, err := l.sample()
	if err != nil {
		return unanswered(err)
	}
	listed, whole, err := l.userIDs()
	if err != nil {
		return unanswered(err)
	}
	if !whole {
		return l.countedUsers()
	}
	seen := api.IDs{}
	var strangers []string
	for i := range sample {
		for _, member := range sample[i].members {
			if member.ID != "" && seen.Add(member.ID) && !listed.Has(member.ID) {
				strangers = append(strangers, member.ID)
			}
		}
	}
	switch {
	case len(strangers) > 0:
		return l.strangers(strangers, seen.Len())
	case seen.Len() == 0:
		return unseen("No member of a role was shown.")
	case !listed.Has(l.visit.Ask.Client().Principal()) && !l.listsAPIClients():
		return on(doctor.Otherwise, "The list of %s has the %s of the sample, but no API client.", number(listed.Len(), "user"), number(seen.Len(), "member"))
	default:
		return on(assumed, "The list of %s has the %s of the sample.", number(listed.Len(), "user"), number(seen.Len(), "member")).with("users", float64(listed.Len()))
	}
}

// mostPages is how many pages of users are held against the members of roles.
const mostPages = 3

// userIDs are the ids of the users on the first pages, and whether those are all.
func (l *look) userIDs() (*api.IDs, bool, error) {
	ids := &api.IDs{}
	page, limit := l.upTo(l.size(), allUsers)
	for read, pages := 0, 1; ; pages++ {
		if !page.Good() {
			return nil, false, page.Err
		}
		for _, id := range page.IDs {
			ids.Add(id)
		}
		if read += len(page.Items); counted(page) > 0 && !l.countsPages() && read >= counted(page) || len(page.Items) == 0 {
			return ids, true, nil
		}
		if pages == mostPages {
			return ids, false, nil
		}
		page = l.get(ask.UserRows(ask.Part{Offset: read, Limit: limit}))
	}
}

// listsAPIClients tells whether an API client is on the first page of users.
func (l *look) listsAPIClients() bool {
	return slices.ContainsFunc(decode[userRow](l.firstPage(allUsers).Items), func(u userRow) bool {
		return u.SourceType == privx.SourceTypeAPIClient
	})
}

// strangers searches for members who are not among the users.
func (l *look) strangers(ids []string, members int) answer {
	found := 0
	answered := l.get(l.searchFor(ids[:min(len(ids), api.MinPageSize)]...))
	for _, id := range answered.IDs {
		if slices.ContainsFunc(ids, func(stranger string) bool { return privx.SameID(stranger, id) }) {
			found++
		}
	}
	said := on("b", "Of %s, %d are not in the list, and %d of these were found by a search for them.", number(members, "member"), len(ids), found)
	if found == 0 {
		return said.ending("strangers")
	}
	return said.ending("users-missing")
}

// countedUsers compares what is counted where there are too many users.
func (l *look) countedUsers() answer {
	everyone, _ := l.everyone()
	if everyone == nil || l.countsPages() {
		return unseen("The users were not all read.")
	}
	users := counted(l.firstPage(allUsers))
	members := counted(l.get(ask.MemberRows(everyone.ID, ask.Part{Limit: sampledMembers})))
	switch {
	case users == 0 || members == 0:
		return unseen("The users were not all read.")
	case users >= members:
		return on(assumed, "PrivX counts %d users and %d members of privx-user.", users, members).with("users", float64(users))
	default:
		return on("b", "PrivX counts %d users and %d members of privx-user.", users, members).ending("strangers")
	}
}
