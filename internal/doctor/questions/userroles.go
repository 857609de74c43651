package questions

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

func userRoleQuestions() []doctor.Check { return checks(rolesOfUsersQuestions) }

// rolesOfUsersQuestions are those about a user's own list of roles.
var rolesOfUsersQuestions = []question{
	{
		id:      "PXQ-021",
		promise: "fields that the connector does not know do no harm",
		how: "The names of the fields in the lists of roles of some users are compared with those that are known. The connector writes all fields back as they came. " +
			"Names are shown if they are made of letters, digits and underscores.",
		unseen: "None of the users who were looked at has roles.",
		ask:    fieldsOfRoles,
	},
	{
		id:      "PXQ-022",
		promise: "memberships by a rule can be told from granted ones",
		how:     "In the lists of roles of some users, the entries are looked at that are implicit and not explicit.",
		unseen:  "No membership was found that is by a rule alone.",
		ask:     mappedEntries,
	},
	{
		id:        "PXQ-023",
		promise:   "the connector can read a role that a user has by a grant and by a rule",
		how:       "In the lists of roles of some users, entries that are explicit and implicit are looked for, and roles that come twice.",
		unseen:    "No role was found that a user has by a grant and by a rule.",
		otherwise: true,
		ask:       grantedAndMapped,
	},
	{
		id:        "PXQ-024",
		promise:   "every user's list shows privx-user, or none does",
		how:       "The role privx-user is looked for in the lists of roles of some users.",
		unseen:    "None of the users who were looked at has roles.",
		otherwise: true,
		ask:       everyonesRole,
	},
	{
		id:      "PXQ-025",
		promise: "a user's record has the user's roles",
		how:     "The record of one user whose list has roles is read.",
		costs: []cost{{"b", doctor.Way{
			Name: "null", Outcome: doctor.Warning,
			When:    "The roles in a user's record are null.",
			Matters: "Before the connector grants the first role of a user, or revokes the last one, it reads the list for 7.5 s to be sure that it is empty.",
			Do:      nothingToDo,
		}}},
		unseen:    "None of the users who were looked at has roles.",
		otherwise: true,
		ask:       rolesInRecord,
	},
	{
		id:      "PXQ-027",
		promise: "the connector can read the times of grants",
		how:     "In the lists of roles of some users, time-restricted grants are looked for, and the fields in which they tell their times.",
		costs: []cost{{"c", doctor.Way{
			Name: "unreadable", Outcome: doctor.Warning,
			When:    "The times of a grant are written in a form that the connector cannot read.",
			Matters: "Granting such a role to the same user again fails, so that times which are not understood are not replaced. Other roles are not affected.",
			Do:      "Open an issue in the connector's repository, with an example of such times. The connector must learn to read them.",
		}}},
		unseen:    "No time-restricted grant was found.",
		otherwise: true,
		ask:       timesOfGrants,
	},
	{
		id:      "PXQ-028",
		promise: "the API client may read the roles of a user",
		how:     "The roles of some users are read.",
		costs: []cost{{"b", doctor.Way{
			Name: "forbidden", Outcome: doctor.Warning,
			When:    "PrivX does not let the API client read the roles of a user (status 403).",
			Matters: "Grants and revokes fail. If members are shown without their roles (see PXQ-015), a sync fails, too.",
			Do:      "Give a role of the API client both permissions, users-view and roles-view.",
		}}},
		unseen: "No user was shown whose roles could be read.",
		ask:    mayReadRoles,
	},
	{
		id:      "PXQ-029",
		promise: "the connector tells roles with the same name apart",
		how:     "Among the roles of the first page, a name that comes twice is looked for. The connector goes by the ids of roles.",
		unseen:  "No name came twice.",
		ask:     equalNames,
	},
	{
		id:      "PXQ-071",
		promise: "the connector knows the types of grants that were found",
		how:     "In the lists of roles of some users, the types of grants are looked at.",
		costs: []cost{{"b", doctor.Way{
			Name: "other-types", Outcome: doctor.Warning,
			When:    "There are grants of a type that the connector does not know.",
			Matters: "The connector takes such a grant to be in force, and reports its type. If it is not in force, granting the role again changes nothing.",
			Do:      "Open an issue in the connector's repository, with the name of the type and what it means.",
		}}},
		unseen: "No grant with a type was found.",
		ask:    typesOfGrants,
	},
}

// entriesOf are all entries of the lists that were looked at.
func (l *look) entries() ([]entry, error) {
	lists, err := l.lists()
	var entries []entry
	for _, h := range lists {
		entries = append(entries, h.entries...)
	}
	return entries, err
}

// knownFields are the fields of a role in a user's list that are in the vendor's
// documentation, clients or samples. What begins with simulated is the simulator's own.
var knownFields = []string{
	"access_group_id", "arn", "author", "comment", "context", "created", "deleted", "deleted_by", "explicit", "explicit_count",
	"floating_length", "grant_end", "grant_start", "grant_type", "grant_validity_periods", "id", "implicit", "member_count",
	"name", "owner_src", "permissions", "permit_agent", "principal_public_key_strings", "source", "source_rules", "system",
	"tags", "type", "updated", "updated_by", "updatedby",
}

const simulated = "x_future_"

// plainName is a name that can be shown, and mostNames is how many are.
var plainName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,39}$`)

const mostNames = 10

func fieldsOfRoles(l *look) answer {
	entries, err := l.entries()
	if err != nil {
		return unanswered(err)
	}
	fields, unknown := make(map[string]bool), []string{}
	for _, e := range entries {
		for name := range e.fields {
			if !fields[name] && !slices.Contains(knownFields, name) && !strings.HasPrefix(name, simulated) {
				unknown = append(unknown, name)
			}
			fields[name] = true
		}
	}
	if len(fields) == 0 {
		return unseen("No entry has fields.")
	}
	if len(unknown) == 0 {
		return on(assumed, "There are %s, all of them known.", number(len(fields), "field")).with("unknown", 0)
	}
	slices.Sort(unknown)
	shown := slices.DeleteFunc(slices.Clone(unknown), func(name string) bool { return !plainName.MatchString(name) })
	shown = shown[:min(len(shown), mostNames)]
	text := fmt.Sprintf("There are %s, of which %d are not known", number(len(fields), "field"), len(unknown))
	if len(shown) > 0 {
		text += ", as " + strings.Join(shown, ", ")
	}
	return on("b", "%s.", text).with("unknown", float64(len(unknown)))
}

func mappedEntries(l *look) answer {
	entries, err := l.entries()
	if err != nil {
		return unanswered(err)
	}
	mapped, typed := 0, 0
	for i := range entries {
		if e := &entries[i]; e.Implicit && !e.Explicit {
			mapped++
			if e.GrantType != "" {
				typed++
			}
		}
	}
	switch {
	case mapped == 0:
		return unseen("The sample had %s.", number(len(entries), "membership"))
	case typed > 0:
		return on("b", "%d of %s had one.", typed, number(mapped, "membership"))
	default:
		return on(assumed, "So it was with %s.", number(mapped, "membership"))
	}
}

func grantedAndMapped(l *look) answer {
	lists, err := l.lists()
	if err != nil {
		return unanswered(err)
	}
	both, two, odd := 0, 0, 0
	for _, h := range lists {
		earlier := make(map[string]entry, len(h.entries))
		for _, e := range h.entries {
			other, twice := earlier[api.CanonicalID(e.ID)]
			earlier[api.CanonicalID(e.ID)] = e
			switch {
			case twice && e.Explicit != other.Explicit && e.Implicit != other.Implicit:
				two++
			case twice:
				odd++
			case e.Explicit && e.Implicit:
				both++
			}
		}
	}
	switch {
	case odd > 0 || both > 0 && two > 0:
		return on(doctor.Otherwise, "%d are shown as one entry, %d as two, and %d come twice in another way.", both, two, odd)
	case two > 0:
		return on("b", "So it was with %s.", number(two, "membership"))
	case both > 0:
		return on(assumed, "So it was with %s.", number(both, "membership"))
	default:
		return unseen("The sample had %s.", number(len(lists), "list"))
	}
}

func everyonesRole(l *look) answer {
	everyone, err := l.everyone()
	if err != nil {
		return unanswered(err)
	}
	lists, err := l.lists()
	if err != nil {
		return unanswered(err)
	}
	shown, having := 0, 0
	for _, h := range lists {
		if slices.ContainsFunc(h.entries, func(e entry) bool { return e.ID != "" }) {
			having++
		}
		if slices.ContainsFunc(h.entries, func(e entry) bool {
			return e.Name == privx.RoleNameUser || everyone != nil && privx.SameID(e.ID, everyone.ID)
		}) {
			shown++
		}
	}
	switch {
	case having == 0:
		return unseen("The sample had %s of roles.", number(len(lists), "list"))
	case shown == 0:
		return on("b", "It is in none of %s.", number(len(lists), "list"))
	case shown == len(lists):
		return on(assumed, "It is in all of %s.", number(len(lists), "list"))
	default:
		return on(doctor.Otherwise, "It is in %d of %s.", shown, number(len(lists), "list"))
	}
}

func rolesInRecord(l *look) answer {
	lists, err := l.lists()
	if err != nil {
		return unanswered(err)
	}
	i := slices.IndexFunc(lists, func(h held) bool { return len(h.entries) > 0 })
	if i < 0 {
		return unseen("The sample had %s.", number(len(lists), "list"))
	}
	record := l.visit.Ask.Get(l.ctx, privx.Endpoints.User.Request(lists[i].userID))
	if !record.Good() {
		return unanswered(record.Err)
	}
	if record.Object() == nil {
		return unanswered(errNoObject)
	}
	has := len(lists[i].entries)
	user := decode[memberRow]([][]byte{record.Body})[0]
	switch {
	case !privx.SameID(user.ID, lists[i].userID):
		return unanswered(errNoObject)
	case user.Roles == nil:
		return on("b", "So it is with a user who has %s.", number(has, "role"))
	case len(user.Roles) == 0:
		return on(doctor.Otherwise, "The record of a user who has %s says that he has none.", number(has, "role"))
	default:
		return on(assumed, "A record carries %s, and the list has %d.", number(len(user.Roles), "role"), has)
	}
}

func mayReadRoles(l *look) answer {
	ids, err := l.holders()
	if err != nil {
		return unanswered(err)
	}
	if len(ids) == 0 {
		return unseen("No user was shown.")
	}
	refused := 0
	for _, id := range ids {
		rows := l.get(privx.Endpoints.UserRoles.Request(id))
		switch {
		case rows.Good():
			return on(assumed, "What the API client has sufficed to read the roles of a user.")
		case rows.Status == http.StatusForbidden:
			refused++
		default:
			err = rows.Err
		}
	}
	if refused == 0 {
		return unanswered(err)
	}
	return on("b", "So it was with %d of %s.", refused, number(len(ids), "user"))
}

func equalNames(l *look) answer {
	roles, err := l.roles()
	if err != nil {
		return unanswered(err)
	}
	times := make(map[string]int)
	twice := 0
	for _, role := range roles {
		if times[role.Name]++; role.Name != "" && times[role.Name] == 2 {
			twice++
		}
	}
	if twice == 0 {
		return unseen("The sample had %s.", number(len(roles), "role"))
	}
	return on(assumed, "Of %s, %s came more than once.", number(len(roles), "role"), number(twice, "name"))
}
