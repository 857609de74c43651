package questions

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/ask"
	"github.com/conductorone/baton-privx/internal/doctor/tenant"
	"github.com/conductorone/baton-privx/pkg/connector/reach"
	"github.com/conductorone/baton-privx/pkg/privx"
)

// asksFor tells whether a setting is on.
func (l *look) asksFor(setting string) bool {
	return l.visit.Given.On != nil && l.visit.Given.On(setting)
}

// targets are the first rows of the list of targets of a kind.
func (l *look) targets(kind reach.Kind) *ask.Rows {
	return withItems(tenant.FirstTargets(l.ctx, l.visit, kind))
}

// targetRow is a target, with what questions look at. Which fields there are depends on its
// kind.
type targetRow struct {
	ID         string          `json:"id"`
	Name       string          `json:"name"`
	OwnerID    string          `json:"owner_id"`
	Group      string          `json:"access_group_id"`
	Disabled   json.RawMessage `json:"disabled"`
	Roles      []privx.RoleRef `json:"roles"`
	ReadRoles  []privx.RoleRef `json:"read_roles"`
	WriteRoles []privx.RoleRef `json:"write_roles"`
	Principals []struct {
		Roles []privx.RoleRef `json:"roles"`
	} `json:"principals"`
}

// references are the references to roles of a target.
func (r targetRow) references() []privx.RoleRef {
	all := slices.Concat(r.Roles, r.ReadRoles, r.WriteRoles)
	for _, account := range r.Principals {
		all = append(all, account.Roles...)
	}
	return all
}

// settings are those that ask for each kind of targets, in their order.
var settings = []struct {
	name string
	kind reach.Kind
}{
	{syncHosts, reach.Host},
	{syncSecrets, reach.Secret},
	{syncNetworkTargets, reach.NetworkTarget},
	{syncAPITargets, reach.APITarget},
	{syncAWSRoles, reach.AWSRole},
}

// allTargets are the first rows of all lists of targets that are synced, of these settings. The
// error is that of a list that could not be read; there are rows of the others all the same.
func (l *look) allTargets(of []string) ([]json.RawMessage, error) {
	var rows []json.RawMessage
	var failed error
	for _, setting := range settings {
		if !l.asksFor(setting.name) || !slices.Contains(of, setting.name) {
			continue
		}
		got := l.targets(setting.kind)
		if !got.Good() && failed == nil {
			failed = got.Err
		}
		rows = append(rows, got.Items...)
	}
	return rows, failed
}

// notSeen is the answer where nothing shows which side PrivX is on: it did not say if a list
// could not be read.
func notSeen(err error, format string, args ...any) answer {
	if err != nil {
		return unanswered(err)
	}
	return unseen(format, args...)
}

// listedRoles are the names of the roles on the first page, by canonical id. It tells whether
// these are all roles.
func (l *look) listedRoles() (map[string]string, bool) {
	rows := l.firstPage(allRoles)
	names := make(map[string]string)
	for _, role := range decode[privx.Named](rows.Items) {
		names[privx.CanonicalID(role.ID)] = role.Name
	}
	return names, rows.Good() && len(rows.Items) > 0 && counted(rows) == len(rows.Items)
}

func deletedRoles(l *look) answer {
	rows, err := l.allTargets(anyTargets)
	roles, all := l.listedRoles()
	marked, unmarked := 0, 0
	for _, row := range decode[targetRow](rows) {
		for _, ref := range row.references() {
			_, listed := roles[privx.CanonicalID(ref.ID)]
			switch {
			case ref.ID == "" || listed:
			case ref.Deleted:
				marked++
			case all:
				unmarked++
			}
		}
	}
	switch {
	case unmarked > 0:
		return on("b", "%s to roles that are not listed, of which %d say that the role is deleted.", number(marked+unmarked, "reference"), marked).
			with("unmarked", float64(unmarked))
	case marked > 0:
		return on(assumed, "%s to roles that are not listed.", number(marked, "reference")).with("marked", float64(marked))
	default:
		return notSeen(err, "%s came.", number(len(rows), "target"))
	}
}

func namesOfRoles(l *look) answer {
	rows, err := l.allTargets(anyTargets)
	roles, _ := l.listedRoles()
	same, others := 0, 0
	for _, row := range decode[targetRow](rows) {
		for _, ref := range row.references() {
			name, listed := roles[privx.CanonicalID(ref.ID)]
			switch {
			case !listed || ref.Name == "":
			case ref.Name == name:
				same++
			default:
				others++
			}
		}
	}
	if others > 0 {
		return on("b", "%d of %s have another name than the role.", others, number(same+others, "reference")).with("others", float64(others))
	}
	return notSeen(err, "%s have the name of the role.", number(same, "reference"))
}

// listsInTargets are the fields of targets that are lists.
var listsInTargets = []string{
	"addresses", "services", "tags", "principals", "roles", "read_roles", "write_roles", "dst", "authorized_endpoints", "methods", "paths", "applications",
}

func emptyListsOfTargets(l *look) answer {
	rows, err := l.allTargets(anyTargets)
	empty, null := 0, 0
	for _, row := range rows {
		e, n := emptyListsIn(row, 3)
		empty, null = empty+e, null+n
	}
	switch {
	case null > 0:
		return on("b", "%s of %d that have nothing in them.", number(null, "list"), empty+null).with("null", float64(null)).with("empty", float64(empty))
	case empty > 0:
		return on(assumed, "%s had nothing in them.", number(empty, "list")).with("empty", float64(empty))
	default:
		return notSeen(err, "%s came.", number(len(rows), "target"))
	}
}

// emptyListsIn are how many lists in a row are empty, and how many are null, down to a depth.
func emptyListsIn(row json.RawMessage, depth int) (int, int) {
	var fields map[string]json.RawMessage
	if depth == 0 || json.Unmarshal(row, &fields) != nil {
		return 0, 0
	}
	empty, null := 0, 0
	for _, name := range listsInTargets {
		value, there := fields[name]
		var items []json.RawMessage
		switch {
		case !there || json.Unmarshal(value, &items) != nil:
		case items == nil:
			null++
		case len(items) == 0:
			empty++
		}
		for _, item := range items {
			e, n := emptyListsIn(item, depth-1)
			empty, null = empty+e, null+n
		}
	}
	return empty, null
}

// disabledSides are the sides of the values of the field disabled that say that it is not.
var disabledSides = map[string]string{`"FALSE"`: assumed, `"NOT_DISABLED"`: "b", `false`: "c", `true`: "c"}

// reasons are the texts that say why a target is disabled. They tell no side.
var reasons = []string{`"BY_ADMIN"`, `"BY_LICENSE"`}

func disabledForms(l *look) answer {
	rows, err := l.allTargets(withDisabled)
	seen, said := make(map[string]int), 0
	for _, row := range decode[targetRow](rows) {
		value := string(row.Disabled)
		if value == "" || slices.Contains(reasons, value) {
			continue
		}
		side, known := disabledSides[value]
		if !known {
			side = doctor.Otherwise
		}
		seen[side], said = seen[side]+1, said+1
	}
	switch {
	case said == 0:
		return notSeen(err, "%s came.", number(len(rows), "target"))
	case len(seen) > 1:
		return on(doctor.Otherwise, "%s say so in %d ways.", number(said, "target"), len(seen))
	}
	for side := range seen {
		return on(side, "%s of %d.", number(said, "target"), len(rows)).with("targets", float64(said))
	}
	return unseen("")
}

func formOfAWSRoles(l *look) answer {
	rows, said := l.targets(reach.AWSRole), l.visit.Ask.Get(l.ctx, ask.AWSRoleRows(ask.Part{}))
	switch {
	case !rows.Good():
		return unanswered(rows.Err)
	case ask.IsArray(said):
		return on(assumed, "It has %s.", number(len(rows.Items), "row")).with("rows", float64(len(rows.Items)))
	case said.Object() == nil:
		return unseen("The list is null.")
	default:
		return on("b", "It has %s.", number(len(rows.Items), "row")).with("rows", float64(len(rows.Items)))
	}
}

func hasAPITargets(l *look) answer {
	rows := l.targets(reach.APITarget)
	switch {
	case rows.Good():
		return on(assumed, "%s came.", number(len(rows.Items), "target"))
	case rows.IsMissing():
		return on("b", "The answer was %d.", rows.Status)
	case rows.Status == http.StatusForbidden && !isPage(rows.Answer):
		return on(assumed, "The API client may not list them.")
	default:
		return unanswered(rows.Err)
	}
}
