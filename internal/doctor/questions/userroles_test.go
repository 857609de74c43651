package questions_test

import (
	"net/http"
	"strings"

	"github.com/conductorone/baton-privx/internal/doctor/doctortest"
	"github.com/conductorone/baton-privx/internal/privxsim"
)

// noEntries is a PrivX that shows no roles in a user's own list.
var noEntries = privxsim.Fault{Path: listPath, Kind: privxsim.FaultEmptyList}

var userRoleCases = []doctortest.Case{
	passes("PXQ-021", "a", world{}),
	named(passes("PXQ-021", "b", world{faults: always(body(listPath, list(`{"id":"r","zone":"z","<b>":1}`)))}), "shown", "of which 2 are not known, as zone."),
	named(passes("PXQ-021", "b", world{faults: always(body(listPath, list(`{"id":"r","`+privxsim.CanaryPrefix+`":1}`)))}), "hidden", "of which 1 are not known."),
	ends("PXQ-021", "not-seen", "", world{faults: always(noEntries)}),
	named(ends("PXQ-021", "unanswered", "", world{faults: always(noLists)}), "no lists", ""),

	passes("PXQ-022", "a", world{}),
	passes("PXQ-022", "b", world{faults: always(body(listPath, list(`{"id":"r","implicit":true,"grant_type":"PERMANENT"}`)))}),
	ends("PXQ-022", "not-seen", "", world{faults: always(body(listPath, list(`{"id":"r","explicit":true}`)))}),
	named(ends("PXQ-022", "unanswered", "", world{faults: always(noLists)}), "no lists", ""),

	passes("PXQ-023", "a", world{store: granted(privxsim.Grant{})}),
	passes("PXQ-023", "b", world{store: granted(privxsim.Grant{}), options: privxsim.Options{SplitMemberships: true}}),
	ends("PXQ-023", "otherwise", "otherwise", world{faults: always(body(listPath, list(`{"id":"r","explicit":true}`, `{"id":"R","explicit":true}`)))}),
	ends("PXQ-023", "not-seen", "", world{store: plain}),
	named(ends("PXQ-023", "unanswered", "", world{faults: always(noLists)}), "no lists", ""),

	passes("PXQ-024", "a", world{}),
	passes("PXQ-024", "b", world{options: privxsim.Options{HideUserRole: true}}),
	ends("PXQ-024", "otherwise", "otherwise", world{store: plain, faults: always(annaHas())}),
	ends("PXQ-024", "not-seen", "", world{faults: always(noEntries)}),
	named(ends("PXQ-024", "unanswered", "", world{faults: always(noLists)}), "no lists", ""),

	passes("PXQ-025", "a", world{}),
	ends("PXQ-025", "null", "b", world{options: privxsim.Options{UserRolesNull: true}}),
	ends("PXQ-025", "otherwise", "otherwise", world{store: plain, faults: always(record(anna, "[]"))}),
	ends("PXQ-025", "not-seen", "", world{faults: always(noEntries)}),
	named(ends("PXQ-025", "unanswered", "", world{store: plain, faults: always(record(bert, "null"))}), "another user", ""),
	named(ends("PXQ-025", "unanswered", "", world{store: plain, faults: always(body(recordPath, "[]"))}), "no record", ""),

	passes("PXQ-028", "a", world{}),
	ends("PXQ-028", "forbidden", "b", world{faults: always(doctortest.Status("", listPath, http.StatusForbidden))}),
	ends("PXQ-028", "not-seen", "", world{faults: always(
		privxsim.Fault{Path: membersPath, Kind: privxsim.FaultEmptyList},
		pages(privxsim.Fault{Path: doctortest.SearchPath, Kind: privxsim.FaultEmptyList}),
	)}),
	named(ends("PXQ-028", "unanswered", "", world{faults: always(noLists)}), "no lists", ""),

	passes("PXQ-029", "a", world{}),
	ends("PXQ-029", "not-seen", "", world{store: plain}),
}

// recordPath is the path of Anna's record.
var recordPath = strings.TrimSuffix(strings.ReplaceAll(listPath, "*", anna), "/roles")

// record is a PrivX in which Anna's record has an id and roles.
func record(id, roles string) privxsim.Fault {
	return body(recordPath, `{"id":"`+id+`","roles":`+roles+`}`)
}

var grantCases = []doctortest.Case{
	passes("PXQ-027", "a", world{}),
	named(passes("PXQ-027", "a", world{store: plain, faults: always(annaHas(
		grantEntry("TIME_RESTRICTED", periods("2024-01-01T00:00:00Z", "2024-02-01T00:00:00Z"), older("2024-01-01T02:00:00+02:00", "2024-02-01T00:00:00.0Z")),
	))}), "both and the same", "0 both and different"),
	passes("PXQ-027", "b", world{store: plain, faults: always(annaHas(grantEntry("TIME_RESTRICTED", older("2024-01-01T00:00:00Z", "2024-02-01T00:00:00Z"))))}),
	named(passes("PXQ-027", "b", world{store: plain, faults: always(annaHas(
		grantEntry("TIME_RESTRICTED", periods("2024-01-01T00:00:00Z", "2024-02-01T00:00:00Z"), older("2024-01-01T00:00:00Z", "2024-02-02T00:00:00Z")),
	))}), "both", "1 both and different"),
	ends("PXQ-027", "unreadable", "c", world{store: plain, faults: always(annaHas(grantEntry("TIME_RESTRICTED", periods("yesterday", "tomorrow"))))}),
	named(ends("PXQ-027", "unreadable", "c", world{store: plain, faults: always(annaHas(grantEntry("TIME_RESTRICTED", `"grant_start":1700000000`)))}), "numbers", ""),
	ends("PXQ-027", "otherwise", "otherwise", world{store: plain, faults: always(annaHas(grantEntry("TIME_RESTRICTED")))}),
	ends("PXQ-027", "not-seen", "", world{store: plain}),
	named(ends("PXQ-027", "unanswered", "", world{faults: always(noLists)}), "no lists", ""),

	passes("PXQ-071", "a", world{}),
	ends("PXQ-071", "other-types", "b", world{store: granted(privxsim.Grant{Type: "WEEKLY"})}),
	ends("PXQ-071", "not-seen", "", world{faults: always(noEntries)}),
	named(ends("PXQ-071", "unanswered", "", world{faults: always(noLists)}), "no lists", ""),
}
