package questions_test

import (
	"net/http"
	"strings"

	"github.com/conductorone/baton-privx/internal/doctor/doctortest"
	"github.com/conductorone/baton-privx/internal/privxsim"
)

// everyonesPath is the path of the members of privx-user.
func everyonesPath(store *privxsim.Store) string {
	return strings.ReplaceAll(membersPath, "*", store.UserRoleID())
}

// counting is a tenant in which the role One claims to have so many members.
func counting(members int) func() *privxsim.Store {
	return func() *privxsim.Store {
		store := plain()
		store.SetMemberCount(oneID, members, 0)
		return store
	}
}

var memberCases = []doctortest.Case{
	passes("PXQ-015", "a", world{}),
	passes("PXQ-015", "b", world{options: privxsim.Options{MemberRoles: privxsim.MemberRolesAll}}),
	ends("PXQ-015", "nothing-carried", "c", world{options: privxsim.Options{MemberRoles: privxsim.MemberRolesNull}}),
	ends("PXQ-015", "otherwise", "otherwise", world{faults: always(body(membersPath, list(`{"id":"u","roles":[]}`)))}),
	ends("PXQ-015", "not-seen", "", world{faults: always(privxsim.Fault{Path: membersPath, Kind: privxsim.FaultEmptyList})}),

	passes("PXQ-016", "a", world{}),
	passes("PXQ-016", "b", world{options: privxsim.Options{MemberGrants: true}}),
	ends("PXQ-016", "otherwise", "otherwise", world{store: granted(privxsim.Grant{}), faults: always(body(
		strings.ReplaceAll(membersPath, "*", oneID), list(`{"id":"`+anna+`","roles":[{"id":"`+oneID+`","explicit":true,"grant_type":"FLOATING"}]}`),
	))}),
	ends("PXQ-016", "not-seen", "", world{options: privxsim.Options{MemberRoles: privxsim.MemberRolesNull}}),
	named(ends("PXQ-016", "unanswered", "", world{faults: always(noLists)}), "no lists", ""),

	passes("PXQ-017", "a", world{}),
	ends("PXQ-017", "long-members", "b", world{options: privxsim.Options{HeavyMembers: 12}}),
	named(ends("PXQ-017", "long-members", "b", world{faults: always(privxsim.Fault{Path: membersPath, Count: 1, Kind: privxsim.FaultOversized})}), "without end", "longer than"),
	named(passes("PXQ-017", "b", world{pageSize: 100, options: privxsim.Options{HeavyMembers: 12}}), "asked for less", ""),
	ends("PXQ-017", "not-seen", "", world{faults: always(privxsim.Fault{Path: membersPath, Kind: privxsim.FaultEmptyList})}),

	passes("PXQ-018", "a", world{}),
	passes("PXQ-018", "b", world{options: privxsim.Options{MemberCount: true}}),
	named(passes("PXQ-018", "b", world{store: counting(7), options: privxsim.Options{MemberCount: true}, faults: always(
		privxsim.Fault{Path: doctortest.RolesPath + "/" + oneID, Status: http.StatusOK, Body: `{"id":"` + oneID + `","member_count":1}`},
	)}), "for a moment", ""),
	ends("PXQ-018", "out-of-date", "c", world{store: counting(7), options: privxsim.Options{MemberCount: true}}),
	ends("PXQ-018", "not-seen", "", world{options: privxsim.Options{MemberCount: true, Count: privxsim.CountOmitted}, faults: always(
		// No role without members, whose count would be known.
		body(membersPath, `{"items":[{"id":"u"}]}`),
	)}),

	passes("PXQ-019", "a", world{}),
	ends("PXQ-019", "no-members", "b", world{faults: func(store *privxsim.Store) []privxsim.Fault {
		return []privxsim.Fault{{Path: everyonesPath(store), Kind: privxsim.FaultEmptyList}}
	}}),
	named(passes("PXQ-019", "a", world{faults: func(store *privxsim.Store) []privxsim.Fault {
		return []privxsim.Fault{{Path: everyonesPath(store), Count: 1, Kind: privxsim.FaultEmptyList}}
	}}), "empty for a moment", ""),
	ends("PXQ-019", "otherwise", "otherwise", world{faults: func(store *privxsim.Store) []privxsim.Fault {
		return []privxsim.Fault{body(everyonesPath(store), list(`{"id":"u"}`))}
	}}),
	ends("PXQ-019", "not-seen", "", world{options: privxsim.Options{Count: privxsim.CountZero}}),
	named(ends("PXQ-019", "not-seen", "", world{faults: always(pages(body(doctortest.RolesPath, list(`{"id":"r","name":"R"}`))))}), "no such role", "No role is called"),

	passes("PXQ-020", "a", world{}),
	ends("PXQ-020", "otherwise", "otherwise", world{store: plain, faults: always(annaHas(grantEntry("TIME_RESTRICTED", periods("2020-01-01T00:00:00Z", "2020-02-01T00:00:00Z"))))}),
	ends("PXQ-020", "not-seen", "", world{store: plain}),
	named(ends("PXQ-020", "unanswered", "", world{faults: always(noLists)}), "no lists", ""),

	passes("PXQ-070", "a", world{store: granted(privxsim.Grant{Type: privxsim.GrantFloating, FloatingHours: 24})}),
	named(passes("PXQ-070", "a", world{store: granted(privxsim.Grant{
		Type: privxsim.GrantTimeRestricted, Periods: []privxsim.Period{{Start: "2098-01-01T00:00:00Z", End: "2099-01-01T00:00:00Z"}},
	})}), "yet to begin", "1 grant"),
	ends("PXQ-070", "otherwise", "otherwise", world{store: plain, faults: always(annaHas(grantEntry("FLOATING", `"floating_length":24`)))}),
	named(ends("PXQ-070", "otherwise", "otherwise", world{store: plain, faults: always(annaHas(
		grantEntry("TIME_RESTRICTED", periods("2098-01-01T00:00:00Z", "2099-01-01T00:00:00Z")),
	))}), "yet to begin", ""),
	ends("PXQ-070", "not-seen", "", world{store: plain}),
	named(ends("PXQ-070", "unanswered", "", world{faults: always(noLists)}), "no lists", ""),
}

// annaHas is a PrivX that shows an entry in Anna's own list, and the role One.
func annaHas(entries ...string) privxsim.Fault {
	return body(strings.ReplaceAll(listPath, "*", anna), list(append(entries, `{"id":"`+oneID+`","implicit":true}`)...))
}

// grantEntry is a grant of the role Other.
func grantEntry(grantType string, fields ...string) string {
	return strings.Join(append([]string{`{"id":"` + other + `","explicit":true,"grant_type":"` + grantType + `"`}, fields...), ",") + "}"
}

// periods are the newer way to tell times, and older is the older one.
func periods(start, end string) string {
	return `"grant_validity_periods":[{"grant_start":"` + start + `","grant_end":"` + end + `"}]`
}

func older(start, end string) string {
	return `"grant_start":"` + start + `","grant_end":"` + end + `"`
}
