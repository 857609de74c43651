package questions

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/ask"
	"github.com/conductorone/baton-privx/internal/doctor/tenant"
	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// searchQuestions are those about the search for users, and about lists that have no pages.
var searchQuestions = []question{
	{
		id:      "PXQ-011",
		promise: "how PrivX answers an odd search makes no difference",
		how:     "A search is made without a body, and once with a list as its body. A search changes nothing. The connector never does so, and the answer is for the register alone.",
		needs:   []string{tenant.MayListUsers},
		ask:     oddSearches,
	},
	{
		id:      "PXQ-012",
		promise: "what a search by keywords finds makes no difference",
		how: "Users are searched for by parts of a principal, of a full name and of an e-mail address from the list of users. " +
			"The connector never does so, and the answer is for the register alone.",
		needs:  []string{tenant.MayListUsers},
		unseen: "No user of the first page has a name of which a part could be searched for.",
		ask:    keywords,
	},
	{
		id:      "PXQ-013",
		promise: "users can be searched for by their ids",
		how:     "A search is made for a user by id, and for an id that nobody has.",
		needs:   []string{tenant.MayListUsers},
		costs: []cost{{"b", doctor.Way{
			Name: "passed-over", Outcome: doctor.Warning,
			When:    "PrivX ignores the filter user_id, and answers with other users.",
			Matters: "The connector cannot find out whether a user was removed. A revoke from a user who was removed fails, and ConductorOne tries it again.",
			Do:      "Let syncs run often, so that ConductorOne soon learns of users who were removed.",
		}}},
		unseen:    "The list of users is empty.",
		otherwise: true,
		ask:       searchByID,
	},
	{
		id:      "PXQ-014",
		promise: "all roles of a user come in one answer, and so do all directories that are shown",
		how: "The lists of roles of some users are compared with the members of some roles. Where something is missing, both are read again. " +
			"The directories are read if the API client is allowed to.",
		costs: []cost{
			{"b", doctor.Way{
				Name: "part-of-the-count", Outcome: doctor.Warning,
				When: "A list shows a part of its rows, and counts all of them.",
				Matters: "If a user's list of roles is not complete, the connector does not write it back, because that would take the other roles away. The grant or the revoke fails. " +
					"If a directory is not shown, its users count as enabled.",
				Do: openIssue + " The connector must learn how to ask for the rest.",
			}},
			{"c", doctor.Way{
				Name: "part", Outcome: doctor.Failed,
				When:    "A user's list of roles shows a part of the roles, and counts only those.",
				Matters: "A grant or a revoke writes back the list as it was read. The user loses the roles that were not shown.",
				Do:      "Do not use provisioning with this PrivX. " + openIssue,
			}},
		},
		unseen:    "No member of a role could be compared with the member's own list of roles.",
		otherwise: true,
		ask:       wholeLists,
	},
}

// search is the request for a search, whatever its body is.
func (l *look) search(body []byte) *api.Request {
	_, limit := l.some()
	rq := ask.UserRows(ask.Part{Limit: limit})
	rq.Body = body
	return rq
}

// searchFor is the search for some users by id.
func (l *look) searchFor(ids ...string) *api.Request {
	return l.search(privx.SearchFor(ids).Body)
}

func oddSearches(l *look) answer {
	if usual := l.firstPage(allUsers); !usual.Good() {
		return unanswered(usual.Err) // Where nothing is answered, a refusal says nothing.
	}
	var shown []string
	side := assumed
	for _, odd := range []struct{ what, body string }{{"No body", ""}, {"A list", "[]"}} {
		rows := l.get(l.search([]byte(odd.body)))
		switch {
		case rows.Status == 0 || rows.Status == http.StatusUnauthorized || rows.Status == http.StatusForbidden || rows.Status >= http.StatusInternalServerError,
			rows.Status < 300 && !rows.Good():
			return unanswered(rows.Err)
		case rows.Good() && !hasRows(rows):
			return unanswered(errNoRows)
		case rows.Status != http.StatusBadRequest:
			side = doctor.Otherwise
		}
		shown = append(shown, fmt.Sprintf("%s was answered with %d.", odd.what, rows.Status))
	}
	return on(side, "%s", strings.Join(shown, " "))
}

// searchedFields are the fields that the keywords of a search are assumed to look into.
var searchedFields = []struct {
	name string
	of   func(*userRow) string
}{
	{"principal", func(u *userRow) string { return u.Principal }},
	{"full name", func(u *userRow) string { return u.FullName }},
	{"e-mail address", func(u *userRow) string { return u.Email }},
}

// nobody is a keyword that is in no field of anybody.
const nobody = "zq7nobodyhasthis"

func keywords(l *look) answer {
	users := l.firstPage(allUsers)
	if !users.Good() {
		return unanswered(users.Err)
	}
	var found, missed []string
	for _, field := range searchedFields {
		user, keyword := fieldPart(decode[userRow](users.Items), field.of)
		if user == nil {
			continue
		}
		// The other keyword is nowhere: one must suffice.
		body, _ := json.Marshal(map[string]string{"keywords": keyword + " " + nobody})
		answered := l.get(l.search(body))
		if !answered.Good() {
			return unanswered(answered.Err)
		}
		if slices.ContainsFunc(answered.IDs, func(id string) bool { return privx.SameID(id, user.ID) }) {
			found = append(found, field.name)
		} else {
			missed = append(missed, field.name)
		}
	}
	switch {
	case len(missed) > 0:
		return on(doctor.Otherwise, "One keyword of two found %s of %d fields that were searched for.", number(len(found), "field"), len(found)+len(missed))
	case len(found) > 0:
		return on(assumed, "Found so: the %s.", strings.Join(found, ", the "))
	default:
		return unseen("The sample had %s.", number(len(users.Items), "user"))
	}
}

// fieldPart is a part of a field of a user that is in none of his other fields.
func fieldPart(users []userRow, of func(*userRow) string) (*userRow, string) {
	for i := range users {
		user := &users[i]
		value := []rune(of(user))
		if len(value) < 4 || user.ID == "" {
			continue
		}
		keyword := string(value[1:min(len(value), 16)])
		elsewhere := 0
		for _, field := range searchedFields {
			if strings.Contains(strings.ToLower(field.of(user)), strings.ToLower(keyword)) {
				elsewhere++
			}
		}
		if elsewhere == 1 && !strings.ContainsAny(keyword, " ,\"\\%*") {
			return user, keyword
		}
	}
	return nil, ""
}

// unusedID is an id that nobody has.
const unusedID = "00000000-0000-4000-8000-00000000d0c7"

func searchByID(l *look) answer {
	users := l.firstPage(allUsers)
	if !users.Good() {
		return unanswered(users.Err)
	}
	if len(users.IDs) == 0 || users.IDs[0] == "" {
		return unseen("The first page had %s.", number(len(users.IDs), "user"))
	}
	id := users.IDs[0]
	known, unused := l.get(l.searchFor(id)), l.get(l.searchFor(unusedID))
	for _, rows := range []*ask.Rows{known, unused} {
		if !rows.Good() && (rows.Status == 0 || rows.Status >= http.StatusInternalServerError || rows.Status < 300) {
			return unanswered(rows.Err)
		}
	}
	finds := slices.ContainsFunc(known.IDs, func(found string) bool { return privx.SameID(found, id) })
	switch {
	case !known.Good() || !unused.Good():
		return on(doctor.Otherwise, "A search by id is answered with %d, and one for an id that nobody has with %d.", known.Status, unused.Status)
	case finds && len(known.Items) == 1 && len(unused.Items) == 0:
		return on(assumed, "The user was found alone, and nobody by an id that nobody has.")
	case len(unused.Items) > 0:
		return on("b", "By an id that nobody has, %s came.", number(len(unused.Items), "user"))
	default:
		return on(doctor.Otherwise, "By the id of one user, %s came.", number(len(known.Items), "user"))
	}
}
