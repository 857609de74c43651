package questions_test

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/conductorone/baton-privx/internal/doctor/doctortest"
	"github.com/conductorone/baton-privx/internal/privxsim"
)

// sameTime is a store with many users of the same time.
func sameTime() *privxsim.Store {
	store := plain()
	for i := range 60 {
		store.AddUser(privxsim.User{Principal: fmt.Sprint("u", i), Created: "2024-02-01T00:00:00Z"})
	}
	return store
}

// refused is a fault that refuses pages of so many rows.
func refused(limit, status int) privxsim.Fault {
	return privxsim.Fault{MinLimit: limit, Kind: privxsim.FaultStatus, Status: status}
}

var orderCases = []doctortest.Case{
	passes("PXQ-001", "a", world{options: privxsim.Options{MaxPageSize: 10}}),
	named(passes("PXQ-001", "a", world{options: privxsim.Options{MaxPageSize: 10, Count: privxsim.CountOmitted}}), "without counts", "10 came"),
	named(passes("PXQ-001", "a", world{options: privxsim.Options{MaxPageSize: 10, Count: privxsim.CountPageLength}}), "counted alone", "10 came"),
	passes("PXQ-001", "b", world{options: privxsim.Options{RefuseLargePages: true}}),
	passes("PXQ-001", "c", world{faults: always(privxsim.Fault{MinLimit: 1001, Kind: privxsim.FaultNoBody, Status: http.StatusBadRequest})}),
	ends("PXQ-001", "otherwise", "otherwise", world{faults: always(refused(1001, http.StatusRequestEntityTooLarge))}),
	ends("PXQ-001", "not-seen", "", world{}),
	named(ends("PXQ-001", "not-seen", "", world{options: privxsim.Options{Count: privxsim.CountPageLength}}), "counted alone", ""),

	passes("PXQ-002", "a", world{}),
	named(passes("PXQ-002", "a", world{options: privxsim.Options{MaxPageSize: 10}}), "clamped", ""),
	ends("PXQ-002", "not-counted", "b", world{options: privxsim.Options{Count: privxsim.CountOmitted}}),
	ends("PXQ-002", "counted-as-0", "c", world{options: privxsim.Options{Count: privxsim.CountZero}}),
	ends("PXQ-002", "too-many", "d", world{options: privxsim.Options{Count: privxsim.CountTooLarge}}),
	named(ends("PXQ-002", "too-many", "d", world{options: privxsim.Options{Nodes: []privxsim.Node{{CountOffset: 1}}}}), "by one", "44 counted"),
	ends("PXQ-002", "page-alone", "e", world{options: privxsim.Options{Count: privxsim.CountPageLength}}),
	named(ends("PXQ-002", "page-alone", "e", world{options: privxsim.Options{Count: privxsim.CountPageLength, MaxPageSize: 10}}), "clamped", ""),
	ends("PXQ-002", "page-alone-at-times", "f", world{options: privxsim.Options{MaxPageSize: 20}, faults: always(
		privxsim.Fault{Path: doctortest.SearchPath, MinLimit: 100, Count: 1, Kind: privxsim.FaultPageCount},
	)}),
	ends("PXQ-002", "otherwise", "otherwise", world{options: privxsim.Options{Nodes: []privxsim.Node{{CountOffset: -1}}}}),

	passes("PXQ-003", "a", world{}),
	ends("PXQ-003", "in-any-order", "b", world{store: sameTime, options: privxsim.Options{RandomTies: true}}),
	ends("PXQ-003", "not-seen", "", world{store: plain}),

	passes("PXQ-004", "a", world{}),
	passes("PXQ-004", "otherwise", world{faults: always(privxsim.Fault{
		Path: doctortest.SearchPath, MinLimit: 100, Skip: 1, Status: http.StatusOK,
		Body: list(`{"id":"a","created":"2024-01-01T00:00:00Z"}`, `{"id":"b","created":"2024-01-02T00:00:00.5Z"}`),
	}, privxsim.Fault{
		Path: doctortest.SearchPath, MinLimit: 100, Status: http.StatusOK,
		Body: list(`{"id":"a","created":"2024-01-01T00:00:00Z"}`, `{"id":"b","created":"2024-01-02T00:00:00.5Z"}`),
	})}),
	ends("PXQ-004", "not-seen", "", world{faults: always(pages(privxsim.Fault{Path: doctortest.SearchPath, Kind: privxsim.FaultEmptyList}))}),

	passes("PXQ-005", "a", world{}),
	ends("PXQ-005", "refused", "b", world{faults: always(privxsim.Fault{
		Path: membersPath, Count: 3, Kind: privxsim.FaultStatus, Status: http.StatusBadRequest,
	})}),
	ends("PXQ-005", "otherwise", "otherwise", world{faults: always(privxsim.Fault{Path: membersPath, Skip: 1, Kind: privxsim.FaultEmptyList})}),
}

var pageCases = []doctortest.Case{
	passes("PXQ-007", "a", world{}),
	named(passes("PXQ-007", "a", world{options: privxsim.Options{MaxPageSize: 100, RefuseLargePages: true}}), "refused", "Asked for 100,"),
	ends("PXQ-007", "too-many-rows", "b", world{faults: always(refused(101, http.StatusServiceUnavailable))}),
	named(passes("PXQ-007", "b", world{pageSize: 100, faults: always(refused(101, http.StatusServiceUnavailable))}), "asked for less", ""),
	ends("PXQ-007", "rows-too-long", "c", world{faults: always(privxsim.Fault{Path: membersPath, Kind: privxsim.FaultOversized})}),

	passes("PXQ-008", "a", world{}),
	ends("PXQ-008", "slow-rows", "b", world{faults: always(
		pages(privxsim.Fault{Path: doctortest.SearchPath, Kind: privxsim.FaultSlowHeader, RowDelay: long}),
	)}),
	named(passes("PXQ-008", "b", world{pageSize: 100, faults: always(
		pages(privxsim.Fault{Path: doctortest.SearchPath, Kind: privxsim.FaultSlowHeader, RowDelay: long}),
	)}), "asked for less", ""),
	ends("PXQ-008", "not-seen", "", world{store: plain}),

	passes("PXQ-009", "a", world{}),
	passes("PXQ-009", "b", world{faults: func(store *privxsim.Store) []privxsim.Fault {
		return []privxsim.Fault{{Path: strings.ReplaceAll(membersPath, "*", store.AdminRoleID()), Kind: privxsim.FaultNullItems}}
	}}),
	ends("PXQ-009", "null-roles", "c", world{faults: always(privxsim.Fault{Path: listPath, Kind: privxsim.FaultNullItems})}),
	ends("PXQ-009", "not-seen", "", world{store: plain}),

	passes("PXQ-010", "a", world{}),
	named(passes("PXQ-010", "a", world{options: privxsim.Options{MaxPageSize: 15}}), "on three pages", "The list of 43 users"),
	named(passes("PXQ-010", "a", world{options: privxsim.Options{MaxPageSize: 10}}), "by their number", "PrivX counts 43 users"),
	ends("PXQ-010", "users-missing", "b", world{store: plain, faults: always(
		privxsim.Fault{Path: doctortest.SearchPath, MinLimit: 1000, Status: http.StatusOK, Body: list(clientRow)},
	)}),
	ends("PXQ-010", "strangers", "b", world{store: plain, faults: always(pages(body(doctortest.SearchPath, list(clientRow))))}),
	named(ends("PXQ-010", "strangers", "b", world{options: privxsim.Options{MaxPageSize: 10}, faults: func(store *privxsim.Store) []privxsim.Fault {
		return []privxsim.Fault{body(strings.ReplaceAll(membersPath, "*", store.UserRoleID()), `{"count":44,"items":[]}`)}
	}}), "by their number", "PrivX counts 43 users and 44 members"),
	ends("PXQ-010", "otherwise", "otherwise", world{store: plain, faults: always(
		pages(body(doctortest.SearchPath, list(`{"id":"u"}`))), body(membersPath, list(`{"id":"U"}`)),
	)}),
	ends("PXQ-010", "not-seen", "", world{options: privxsim.Options{MaxPageSize: 10, Count: privxsim.CountZero}}),
	named(ends("PXQ-010", "not-seen", "", world{faults: always(privxsim.Fault{Path: membersPath, Kind: privxsim.FaultEmptyList})}), "no members", "No member"),
}

// clientRow is the API client as a user.
const clientRow = `{"id":"` + privxsim.DefaultAPIClientID + `","source_type":"API-CLIENT"}`

var searchCases = []doctortest.Case{
	passes("PXQ-011", "a", world{}),
	passes("PXQ-011", "otherwise", world{faults: always(
		privxsim.Fault{Path: doctortest.SearchPath, MinLimit: 2, Skip: 1, Status: http.StatusOK, Body: list(clientRow)},
	)}),
	named(ends("PXQ-011", "unanswered", "", world{faults: always(
		privxsim.Fault{Path: doctortest.SearchPath, MinLimit: 2, Skip: 1, Kind: privxsim.FaultHTML},
	)}), "a page", ""),

	passes("PXQ-012", "a", world{}),
	passes("PXQ-012", "otherwise", world{faults: always(
		privxsim.Fault{Path: doctortest.SearchPath, MinLimit: 2, Skip: 1, Kind: privxsim.FaultEmptyList},
	)}),
	ends("PXQ-012", "not-seen", "", world{faults: always(pages(body(doctortest.SearchPath, list(`{"id":"a","principal":"b"}`))))}),
	named(ends("PXQ-012", "unanswered", "", world{faults: always(
		privxsim.Fault{Path: doctortest.SearchPath, MinLimit: 2, Skip: 1, Kind: privxsim.FaultGarbage},
	)}), "garbage", ""),

	passes("PXQ-013", "a", world{}),
	ends("PXQ-013", "passed-over", "b", world{options: privxsim.Options{IgnoreUserIDs: true}}),
	ends("PXQ-013", "otherwise", "otherwise", world{faults: always(
		privxsim.Fault{Path: doctortest.SearchPath, MinLimit: 2, Skip: 1, Kind: privxsim.FaultEmptyList},
	)}),
	named(ends("PXQ-013", "otherwise", "otherwise", world{faults: always(
		privxsim.Fault{Path: doctortest.SearchPath, MinLimit: 2, Skip: 1, Kind: privxsim.FaultStatus, Status: http.StatusBadRequest},
	)}), "refused", "answered with 400"),
	ends("PXQ-013", "not-seen", "", world{faults: always(pages(privxsim.Fault{Path: doctortest.SearchPath, Kind: privxsim.FaultEmptyList}))}),
	named(ends("PXQ-013", "unanswered", "", world{faults: always(
		privxsim.Fault{Path: doctortest.SearchPath, MinLimit: 2, Skip: 1, Kind: privxsim.FaultStatus, Status: http.StatusInternalServerError},
	)}), "later", ""),

	passes("PXQ-014", "a", world{}),
	ends("PXQ-014", "part-of-the-count", "b", world{faults: always(body(listPath, `{"count":60,"items":[{"id":"a"}]}`))}),
	named(ends("PXQ-014", "part-of-the-count", "b", world{faults: always(body(doctortest.SourcesPath, `{"count":60,"items":[{"id":"a"}]}`))}), "of directories", "directories shows 1 of 60"),
	ends("PXQ-014", "part", "c", world{faults: always(body(listPath, list(`{"id":"a"}`)))}),
	named(passes("PXQ-014", "a", world{faults: always(privxsim.Fault{
		Path: listPath, Skip: 7, Count: 1, Status: http.StatusOK, Body: list(`{"id":"a"}`),
	})}), "for a moment", ""),
	ends("PXQ-014", "otherwise", "otherwise", world{store: plain, faults: always(body(strings.ReplaceAll(listPath, "*", anna), list()))}),
	ends("PXQ-014", "not-seen", "", world{faults: always(privxsim.Fault{Path: membersPath, Kind: privxsim.FaultEmptyList})}),
	named(ends("PXQ-014", "unanswered", "", world{faults: always(noLists)}), "no lists", ""),
}

// noLists is a PrivX that shows no user's own roles.
var noLists = doctortest.Status("", listPath, http.StatusInternalServerError)
