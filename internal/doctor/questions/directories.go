package questions

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/ask"
	"github.com/conductorone/baton-privx/internal/doctor/connection"
	"github.com/conductorone/baton-privx/internal/doctor/tenant"
	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

func directoryQuestions() []doctor.Check {
	return checks([]question{
		{
			id:      "PXQ-060",
			promise: "PrivX says so if the API client may not list directories",
			how:     "The list of directories is read. The API client lacks the permission if it is refused (status 403).",
			needs:   []string{connection.LoggedIn},
			unseen:  "The API client may list directories, so that it is not refused.",
			costs: []cost{{"b", doctor.Way{
				Name: "empty", Outcome: doctor.Warning,
				When:    "PrivX shows an empty list of directories instead of a refusal.",
				Matters: "A sync asks again for several seconds. It reports users without the names of their directories, and as enabled even if their directory is disabled.",
				Do:      "Give a role of the API client the permission sources-view in PrivX.",
			}}},
			ask: directories,
		},
		{
			id:      "PXQ-061",
			promise: "no field of a user has a name as if it said that the user is disabled",
			how:     "The names of the fields of the first users are compared with those that are known.",
			needs:   []string{tenant.MayListUsers},
			unseen:  "The list of users is empty.",
			costs: []cost{{"b", doctor.Way{
				Name: "unknown-state", Outcome: doctor.Warning,
				When:    "A field of users that the connector does not know has a name as if it said whether a user is disabled.",
				Matters: "The connector ignores the field. Each user whose directory is enabled counts as enabled in ConductorOne.",
				Do:      "Find out what the field means, and open an issue in the connector's repository with its name.",
			}}},
			ask: unfieldsOfUsers,
		},
		{
			id:      "PXQ-062",
			promise: "users of a directory that was removed can be told from others",
			how:     "The directories of the first users are looked for in the list of directories.",
			needs:   []string{tenant.MayListUsers},
			unseen:  "The directory of each user is listed, or the directories are not shown.",
			ask:     removedDirectories,
		},
		{
			id:      "PXQ-063",
			promise: "the connector knows an id again that is written in another case",
			how: "The ids of users, roles and directories are compared wherever they come, also in lists of members and in users' lists of roles. " +
				"To the connector, an id in upper case is the same as in lower case.",
			unseen: "No id was seen twice.",
			ask:    casesOfIDs,
		},
	})
}

// directoryRow is a directory, with what questions look at.
type directoryRow struct {
	ID string `json:"id"`
}

// listDirectories reads the directories.
func (l *look) listDirectories() *ask.Rows { return l.get(privx.Endpoints.Sources.Request()) }

func directories(l *look) answer {
	rows := l.listDirectories()
	switch {
	case rows.Status == http.StatusForbidden:
		return on(assumed, "It was refused.")
	case !rows.Good():
		return unanswered(rows.Err)
	case len(rows.Items) == 0:
		// Every PrivX has its own directory of local users.
		return on("b", "No directory was shown, though every PrivX has some.")
	default:
		return unseen("The API client was shown %d of them.", len(rows.Items))
	}
}

// fieldsOfUsers are the fields of a user that sources about PrivX show.
var fieldsOfUsers = []string{
	"id", "source_user_id", "principal", "source", "source_type", "full_name", "first_name", "last_name", "given_name", "display_name",
	"email", "telephone", "job_title", "company", "department", "locale", "distinguished_name", "windows_account", "unix_account",
	"samaccountname", "comment", "tags", "attributes", "roles", "permissions", "mfa", "authorized_keys", "webauthn_credentials",
	"settings", "password", "session_password_enabled", "stale_access_token", "current_session_id", "external_id", "created",
	"updated", "author", "updatedby", "updated_by", "RefreshTimestamp", "implicit_roles_expired", "oidc_expire_implicit_roles",
}

// stateful is a name that may say whether a user is disabled.
var stateful = regexp.MustCompile(`(?i)disab|enab|lock|suspen|activ|expire|delet|state|status|valid|archiv|frozen`)

func unfieldsOfUsers(l *look) answer {
	rows := l.firstPage(allUsers)
	if !rows.Good() {
		return unanswered(rows.Err)
	}
	users := 0
	var unknown, states []string
	for _, user := range decode[map[string]json.RawMessage](rows.Items) {
		if !isText(user["id"]) {
			continue
		}
		users++
		for name := range user {
			if slices.Contains(fieldsOfUsers, name) {
				continue
			}
			unknown = append(unknown, name)
			if stateful.MatchString(name) {
				states = append(states, name)
			}
		}
	}
	if users == 0 {
		return unseen("%s came.", number(users, "user"))
	}
	slices.Sort(unknown)
	unknown = slices.Compact(unknown)
	said := on(assumed, "Of the fields of %s, %d %s not known.", number(users, "user"), len(unknown), verb(len(unknown)))
	switch {
	case len(states) > 0:
		said = on("b", "There is at least a name of such a kind: %s.", names(states, "field"))
	case len(unknown) > 0:
		said.found += " That is " + names(unknown, "field") + "."
	}
	return said.with("users", float64(users)).with("unknown_fields", float64(len(unknown)))
}

// isText tells whether a field is a text that says something.
func isText(field json.RawMessage) bool {
	var text string
	return json.Unmarshal(field, &text) == nil && text != ""
}

func removedDirectories(l *look) answer {
	rows, users := l.listDirectories(), l.firstPage(allUsers)
	switch {
	case !users.Good():
		return unanswered(users.Err)
	case !rows.Good() || len(rows.Items) == 0:
		return unseen("The directories were not shown.")
	}
	listed := make(map[string]bool)
	for _, directory := range decode[directoryRow](rows.Items) {
		listed[api.CanonicalID(directory.ID)] = true
	}
	of := 0
	for _, user := range decode[sourcedRow](users.Items) {
		if user.Source != "" && !listed[api.CanonicalID(user.Source)] {
			of++
		}
	}
	if of == 0 {
		return unseen("The directories of all of %s are listed.", number(len(users.Items), "user"))
	}
	return on(assumed, "%d of %s %s of a directory that is not listed.", of, number(len(users.Items), "user"), verb(of)).with("users", float64(of))
}

// sourcedRow is a user with his directory.
type sourcedRow struct {
	Source string `json:"source"`
}

// spellings are the ways in which ids are written, by the id itself.
type spellings map[string]map[string]int

func (s spellings) add(id string) {
	if id == "" {
		return
	}
	known := s[api.CanonicalID(id)]
	if known == nil {
		known = make(map[string]int)
		s[api.CanonicalID(id)] = known
	}
	known[id]++
}

// addRows adds the ids of rows, and those that the rows carry.
func (s spellings) addRows(items []json.RawMessage) {
	for _, row := range decode[carrier](items) {
		s.add(row.ID)
		s.add(row.Source)
		for _, role := range row.Roles {
			s.add(role.ID)
		}
	}
}

// carrier is a row with ids in it.
type carrier struct {
	ID     string         `json:"id"`
	Source string         `json:"source"`
	Roles  []directoryRow `json:"roles"`
}

// addRoles adds the ids of roles that somebody has.
func (s spellings) addRoles(entries []entry) {
	for i := range entries {
		s.add(entries[i].ID)
	}
}

func casesOfIDs(l *look) answer {
	users, roles := l.firstPage(allUsers), l.firstPage(allRoles)
	for _, rows := range []*ask.Rows{users, roles} {
		if !rows.Good() {
			return unanswered(rows.Err)
		}
	}
	written := make(spellings)
	written.addRows(users.Items)
	written.addRows(roles.Items)
	written.addRows(l.listDirectories().Items)
	sample, _ := l.sample() // What is not shown has no ids.
	for i := range sample {
		for _, member := range sample[i].members {
			written.add(member.ID)
			written.addRoles(member.Roles)
		}
	}
	lists, _ := l.lists()
	for i := range lists {
		written.addRoles(lists[i].entries)
	}
	twice, several := 0, 0
	for _, ways := range written {
		seen := 0
		for _, times := range ways {
			seen += times
		}
		if seen > 1 {
			twice++
		}
		if len(ways) > 1 {
			several++
		}
	}
	switch {
	case several > 0:
		return on("b", "%d of %s that came several times %s written in more than one way.", several, number(twice, "id"), verb(several)).
			with("ids", float64(twice)).with("several_ways", float64(several))
	case twice == 0:
		return unseen("Of %s, none came twice.", number(len(written), "id"))
	default:
		return on(assumed, "%s came several times, each written in one way.", number(twice, "id")).with("ids", float64(twice))
	}
}
