package tenant

import (
	"context"
	"fmt"
	"time"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/ask"
	"github.com/conductorone/baton-privx/pkg/privx"
)

const (
	// lookedRoles is of how many roles the members are looked at.
	lookedRoles = 5
	// clocksApart is how far the clocks of PrivX's nodes are thought to be apart at most, as
	// in tally.go of pkg/connector.
	clocksApart = time.Minute
)

// membersAreUsers follows what the connector does with members who are not among the users:
// see tally.go in pkg/connector.
var membersAreUsers = doctor.Check{
	ID:      "PX-LIST-07",
	Promise: "members of roles are among the users",
	How: fmt.Sprintf("The first pages of the members of up to %d roles, spread over the list of roles, are looked at. "+
		"If the users fit on %d pages, the members are looked for among them, and those who are missing are searched for by their ids. "+
		"If not, %d members are searched for by their ids.", lookedRoles, maxPages, privx.MaxFound),
	Needs: []string{MayListUsers, MayListRoles},
	Ways: withUnread(
		doctor.Way{
			Name: "hidden", Outcome: doctor.Failed,
			When:    "A member of a role is not in the list of users, but PrivX finds this user by id.",
			Matters: "A sync fails, because the list of users is not complete.",
			Do:      "Run the doctor again. If it still fails, open an issue in the connector's repository with the version of PrivX.",
		},
		doctor.Way{
			Name: "unknown", Outcome: doctor.Warning,
			When:    "Some members of roles are not among PrivX's users.",
			Matters: "A sync reports their memberships, and logs a warning. In ConductorOne these memberships belong to nobody.",
			Do:      "Look for members of roles in PrivX's web interface who are no users. Their directory may have been removed.",
		},
		doctor.Way{
			Name: "no-members", Outcome: doctor.Warning,
			When:    "PrivX shows no members of any of these roles.",
			Matters: "There is nothing to hold against the users. Every user is a member of privx-user, so that something may be hidden from the API client.",
			Do:      "See PX-LIST-03, and whether PrivX shows members of roles in its own pages.",
		},
		doctor.Way{
			Name: "not-known", Outcome: doctor.Warning,
			When:    "There are too many users to read them all here, and PrivX ignores the ids in a search.",
			Matters: "It is not known whether all members are among the users. A sync compares all of them.",
			Do:      "Let the connector sync once, and look in its log for warnings about members.",
		},
	),
	Run: func(ctx context.Context, v *doctor.Visit) doctor.Finding {
		members, looked, finding := sampledMembers(ctx, v)
		if finding.Way != "" {
			return finding
		}
		if len(members) == 0 {
			return doctor.Finding{Way: "no-members", Found: "no members of " + many(looked, "role", "roles"), Wanted: "members who are users"}
		}
		read, all := users.whole(ctx, v)
		if len(read) == 0 {
			finding, _ := unread(users, users.first(ctx, v))
			return finding
		}
		known := make(map[string]bool)
		for _, p := range read {
			for _, id := range p.IDs {
				known[privx.CanonicalID(id)] = true
			}
		}
		var strangers []string
		for _, id := range members {
			if !known[privx.CanonicalID(id)] {
				strangers = append(strangers, id)
			}
		}
		seen := fmt.Sprintf("%s of %s", many(len(members), "member", "members"), many(looked, "role", "roles"))
		if len(strangers) == 0 {
			return doctor.Pass(seen+", all of them users", "")
		}
		return searchFinding(ctx, v, strangers[:min(len(strangers), privx.MaxFound)], all, seen)
	},
}

// sampledMembers are the ids on the first pages of members of a few roles, each once, and how
// many roles these are.
func sampledMembers(ctx context.Context, v *doctor.Visit) ([]string, int, doctor.Finding) {
	read, _ := roles.whole(ctx, v)
	if len(read) == 0 {
		finding, _ := unread(roles, roles.first(ctx, v))
		return nil, 0, finding
	}
	var ids []string
	var seen privx.IDs
	some := spread(rolesIn(read), lookedRoles)
	for _, role := range some {
		l := membersOf("a role", role.ID)
		p := l.first(ctx, v)
		if finding, failed := unread(l, p); failed {
			return nil, 0, finding
		}
		for _, id := range p.IDs {
			if id != "" && seen.Add(id) {
				ids = append(ids, id)
			}
		}
	}
	return ids, len(some), doctor.Finding{}
}

// spread are n of some things at most, from all over.
func spread[T any](all []T, n int) []T {
	if len(all) <= n {
		return all
	}
	some := make([]T, 0, n)
	for i := range n {
		some = append(some, all[i*(len(all)-1)/max(n-1, 1)])
	}
	return some
}

// searchFinding searches for members who were not among the users that were read. all tells
// that these are all users.
func searchFinding(ctx context.Context, v *doctor.Visit, ids []string, all bool, seen string) doctor.Finding {
	search := list{name: "users found by id"}
	p := page{Rows: ask.RowsOf(v.Ask.Get(ctx, privx.SearchFor(ids)))}
	if finding, failed := unread(search, p); failed {
		return finding
	}
	var wanted, found privx.IDs
	for _, id := range ids {
		wanted.Add(id)
	}
	hidden, heeds, began := 0, true, users.first(ctx, v).Time()
	for i, id := range p.IDs {
		if !wanted.Has(id) {
			heeds = false
			continue
		}
		found.Add(id)
		// A user who is newer may have come after the list was read.
		if created := createdOf(p.Items[i]); !created.IsZero() && created.Before(began.Add(-clocksApart)) {
			hidden++
		}
	}
	missing := len(ids) - found.Len()
	switch {
	case all && hidden > 0:
		return doctor.Finding{Way: "hidden", Found: fmt.Sprintf("%s; %d of them are not listed as users and are found by id", seen, hidden), Wanted: "all users in the list"}
	case !all && !heeds:
		return doctor.Finding{Way: "not-known", Found: seen}
	case missing > 0:
		return doctor.Finding{Way: "unknown", Found: fmt.Sprintf("%s; PrivX does not know %d of them as users", seen, missing), Wanted: "members who are users"}
	default:
		return doctor.Pass(seen+", all of them users", "")
	}
}
