package tenant

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/ask"
	"github.com/conductorone/baton-privx/pkg/privx"
)

const permGroupsManage = "access-groups-manage"

// wayNotKnown is that of a check which finds out neither.
const wayNotKnown = "not-known"

// groupsMatter tells whether something is synced that is in access groups.
func groupsMatter(v *doctor.Visit) bool {
	return slices.ContainsFunc(wantedTargets(v), func(l targetList) bool { return l.grouped })
}

// groups is the list of access groups, of which PrivX gives mostGroups at a time.
var groups = list{
	name: "access groups", request: ask.AccessGroupRows, decode: decoded[struct{}],
	atMost: func(ctx context.Context, v *doctor.Visit) int { return min(mostGroups, asUsers(ctx, v)) },
}

const mostGroups = 100

// groupRows reads the access groups.
func groupRows(ctx context.Context, v *doctor.Visit) *ask.Rows {
	return groups.first(ctx, v).Rows
}

// scope is which access groups there are, and which of them the API client sees.
type scope struct {
	// known are those that there are, by canonical id. whole tells that these are all.
	known map[string]bool
	whole bool
	// names are those of access groups, where they may be read.
	names map[string]string
	// hidden are those of which the API client sees nothing, as far as that is known, with
	// the permission that it lacks there.
	hidden []string
	// doubt says why it may see more or less; empty if it does not.
	doubt string
}

// scopeOf finds out which access groups the API client sees.
func scopeOf(ctx context.Context, v *doctor.Visit) scope {
	s := scope{known: make(map[string]bool), names: make(map[string]string)}
	rows := groupRows(ctx, v)
	s.add(rows.IDs...)
	for i, item := range rows.Items {
		var group privx.Named
		if json.Unmarshal(item, &group) == nil {
			s.names[privx.CanonicalID(rows.IDs[i])] = group.Name
		}
	}
	s.whole = rows.Good() && len(rows.Items) > 0 && max(ask.CountOf(rows), len(rows.Items)) == len(rows.Items)
	groupOf := s.addRoles(ctx, v)
	own := OwnPermissions(ctx, v)
	if own.admin {
		s.whole = true // What an administrator is shown is all that there is.
		return s
	}
	s.doubt = own.lacking
	var seen []map[string]bool
	for _, l := range wantedTargets(v) {
		if l.grouped {
			seen = append(seen, s.seenIn(ctx, v, l, own, groupOf))
		}
	}
	for group := range s.known {
		if slices.ContainsFunc(seen, func(in map[string]bool) bool { return !in[group] }) {
			s.hidden = append(s.hidden, group)
		}
	}
	slices.Sort(s.hidden)
	return s
}

func (s *scope) add(groups ...string) {
	for _, group := range groups {
		if group != "" {
			s.known[privx.CanonicalID(group)] = true
		}
	}
}

// addRoles adds the access groups of roles, and returns them by role.
func (s *scope) addRoles(ctx context.Context, v *doctor.Visit) map[string]string {
	groups := make(map[string]string)
	read, _ := roles.whole(ctx, v)
	for _, role := range rolesIn(read) {
		s.add(role.AccessGroupID)
		groups[privx.CanonicalID(role.ID)] = role.AccessGroupID
	}
	return groups
}

// seenIn are the access groups of which the API client sees a list: those that its own roles
// are in, and those of the rows that it is shown.
func (s *scope) seenIn(ctx context.Context, v *doctor.Visit, l targetList, own Own, groupOf map[string]string) map[string]bool {
	seen := make(map[string]bool)
	for _, role := range own.Roles {
		if !slices.Contains(role.Permissions, l.permission) {
			continue
		}
		group := groupOf[privx.CanonicalID(role.ID)]
		if role.Group != nil {
			group = *role.Group
		}
		if group == "" {
			s.doubt = "a role of the API client with " + l.permission + " is in no access group, and it is not known what such a role shows"
			continue
		}
		s.add(group)
		seen[privx.CanonicalID(group)] = true
	}
	for _, target := range l.targetsOn(v, firstOf(ctx, v, l)) {
		if target.Group != "" {
			s.add(target.Group)
			seen[privx.CanonicalID(target.Group)] = true
		}
	}
	return seen
}

// named lists some access groups, by their names or else by their ids.
func (s *scope) named(groups []string) string {
	var shown []string
	for _, group := range groups {
		shown = append(shown, cmp.Or(s.names[group], group))
	}
	slices.Sort(shown)
	return names(shown)
}

var seesAllGroups = doctor.Check{
	ID:      "PX-PERM-12",
	Promise: "the API client sees the hosts and API targets of all access groups",
	How: "PrivX shows hosts and API targets of those access groups alone that the API client's own roles are in, and does not say that it hides others. " +
		"The access groups that the API client's roles are in, and those of the first hosts and API targets, are compared with all that there are: " +
		"PrivX lists them with access-groups-manage, and without it those are known that roles are in.",
	Needs: []string{MayListRoles},
	Ways: []doctor.Way{
		{Name: wayOff, Outcome: doctor.Skipped, When: "Neither sync-hosts nor sync-api-targets is on."},
		{
			Name: "hidden", Outcome: doctor.Warning,
			When:    "There are access groups that no role of the API client with hosts-view (with sync-api-targets, api-targets-view) is in. Nothing of them is shown.",
			Matters: "Hosts and API targets of these access groups are missing in ConductorOne, if there are any.",
			Do: "In PrivX, make a role in each access group that is named, with the permissions hosts-view and api-targets-view. " +
				"Give all these roles to the API client. If the access groups are not wanted in ConductorOne, leave it as it is.",
		},
		{
			Name: wayNotKnown, Outcome: doctor.Warning,
			When:    "It cannot be found out which access groups there are, or which of them the API client sees.",
			Matters: "Hosts and API targets of some access groups may be missing in ConductorOne. PrivX does not say so.",
			Do: "In PrivX, look which access groups there are. In each of them, make a role with the permissions hosts-view and api-targets-view, and give it to the API client. " +
				"If the API client has access-groups-manage and can read its own roles, the doctor finds out by itself.",
		},
	},
	Run: func(ctx context.Context, v *doctor.Visit) doctor.Finding {
		if !groupsMatter(v) {
			return doctor.Finding{Way: wayOff}
		}
		s := scopeOf(ctx, v)
		seen := len(s.known) - len(s.hidden)
		finding := doctor.Finding{Found: fmt.Sprintf("%d of %s", seen, many(len(s.known), "access group", "access groups")), Wanted: "all access groups"}
		var doubts []string
		if len(s.hidden) > 0 {
			finding.Way = "hidden"
			finding.Found += "; nothing was seen of " + s.named(s.hidden)
			if s.doubt != "" {
				finding.Way, doubts = wayNotKnown, append(doubts, s.doubt)
			}
		}
		if len(s.hidden) == 0 && !s.whole {
			finding.Way, doubts = wayNotKnown, append(doubts, "PrivX does not tell which access groups there are")
		}
		if len(doubts) > 0 {
			finding.Found += "; " + strings.Join(doubts, "; ")
		}
		return finding
	},
}
