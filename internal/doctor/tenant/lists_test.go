package tenant_test

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/ask"
	"github.com/conductorone/baton-privx/internal/doctor/doctortest"
	"github.com/conductorone/baton-privx/internal/doctor/tenant"
	"github.com/conductorone/baton-privx/internal/privxsim"
)

func TestLists(t *testing.T) {
	t.Parallel()
	var cases []doctortest.Case
	for _, id := range []string{"PX-LIST-04", "PX-LIST-05", "PX-LIST-06", "PX-LIST-07", "PX-LIST-01"} {
		cases = append(cases, unreadCases(id, doctortest.SearchPath)...)
	}
	cases = append(cases, unreadCases("PX-LIST-02", doctortest.RolesPath)...)
	cases = append(cases, unreadCases("PX-LIST-03", doctortest.RolesPath)...)
	cases = append(cases, countCases("PX-LIST-01", doctortest.SearchPath)...)
	cases = append(cases, countCases("PX-LIST-02", doctortest.RolesPath)...)
	cases = append(cases, countCases("PX-LIST-03", membersPath)...)
	cases = append(cases, pageCases()...)
	cases = append(cases, rowCases()...)
	cases = append(cases, memberCases()...)
	cases = append(cases, targetListCases()...)
	doctortest.RunCases(t, layers(), tenant.Layers()[:1], cases)
}

// unreadCases are those of a check whose list cannot be read.
func unreadCases(id, path string) []doctortest.Case {
	return []doctortest.Case{
		{Check: id, Way: "not-read", Cause: "503", Arrange: with(refused(path, http.StatusServiceUnavailable))},
		{Check: id, Way: "unusable", Cause: "403", Arrange: with(refused(path, http.StatusForbidden))},
		{Check: id, Way: "unusable", Name: "no list", Cause: "without items", Arrange: with(privxsim.Fault{
			Method: method(path), Path: path, MinLimit: 2, Status: http.StatusOK, Body: `{"status":"UP"}`,
		})},
	}
}

// countCases are those of a check that holds rows against counts.
func countCases(id, path string) []doctortest.Case {
	cases := []doctortest.Case{
		{Check: id, Found: "all ", Arrange: with()},
		{Check: id, Name: "several pages", Found: "the first 10 and the last of", Arrange: changed(with(), pageOf(10))},
		{Check: id, Way: "empty", Arrange: with(kind(path, privxsim.FaultEmptyList))},
		{Check: id, Way: "empty", Name: "null", Arrange: with(kind(path, privxsim.FaultNullItems))},
		{Check: id, Way: "empty", Name: "though counted", Arrange: with(answered(path, 2, "9"))},
		{Check: id, Way: "no-count", Arrange: like(privxsim.Options{Count: privxsim.CountOmitted})},
		{Check: id, Way: "no-count", Name: "zero", Arrange: like(privxsim.Options{Count: privxsim.CountZero})},
		{Check: id, Way: "more-shown", Arrange: like(privxsim.Options{Count: privxsim.CountPageLength})},
		{Check: id, Way: "more-shown", Name: "several pages", Arrange: changed(like(privxsim.Options{Count: privxsim.CountPageLength}), pageOf(10))},
		{Check: id, Way: "more-counted", Arrange: like(privxsim.Options{Count: privxsim.CountTooLarge})},
		{Check: id, Way: "more-shown", Name: "one too few", Arrange: like(privxsim.Options{Nodes: []privxsim.Node{{CountOffset: -1}}})},
		{Check: id, Way: "more-counted", Name: "one too many", Arrange: like(privxsim.Options{Nodes: []privxsim.Node{{CountOffset: 1}}})},
		{Check: id, Way: "not-read", Name: "the last page", Arrange: with(
			privxsim.Fault{Method: method(path), Path: path, MinLimit: 2, Skip: 1, Status: http.StatusServiceUnavailable},
		)},
	}
	if path == membersPath {
		cases = append(cases, doctortest.Case{
			Check: id, Way: "no-role", Arrange: with(answered(doctortest.RolesPath, 2, "1", `{"id":"r","name":"privx-user"}`)),
		})
	} else {
		// The first answer is empty, and the next one is not.
		once := kind(path, privxsim.FaultEmptyList)
		once.Count = 1
		cases = append(cases, doctortest.Case{Check: id, Way: "not-read", Name: "empty once", Found: "at first", Arrange: with(once)})
	}
	return cases
}

func pageCases() []doctortest.Case {
	const id = "PX-LIST-04"
	long := strings.Repeat("x", 17<<20)
	return []doctortest.Case{
		{Check: id, Found: "users: all 43 (1000 asked for)", Arrange: with()},
		{Check: id, Name: "clamped", Found: "users: 5 (1000 asked for), although there are 43", Arrange: like(privxsim.Options{MaxPageSize: 5})},
		{Check: id, Name: "as configured", Found: "users: 20 (20 asked for)", Arrange: changed(with(), pageOf(20))},
		{Check: id, Way: "smaller", Cause: "400", Found: "users: all 43 (100 asked for)", Arrange: like(privxsim.Options{MaxPageSize: 100, RefuseLargePages: true})},
		{Check: id, Way: "smaller", Name: "too long", Cause: "longer than 16 MiB", Found: "users: all 43 (500 asked for)", Arrange: with(
			answered(doctortest.SearchPath, 501, "1", `{"id":"u","note":"`+long+`"}`),
		)},
		{Check: id, Way: "unusable", Name: "refused to the last", Cause: "400", Arrange: with(refused(doctortest.SearchPath, http.StatusBadRequest))},
	}
}

func rowCases() []doctortest.Case {
	const read, order = "PX-LIST-05", "PX-LIST-06"
	twice := answered(doctortest.SearchPath, 2, "2", `{"id":"a"}`, `{"id":"A"}`)
	once := twice
	once.Count = 1
	return []doctortest.Case{
		{Check: read, Found: "users: 43 rows", Arrange: with()},
		{Check: read, Way: "no-id", Found: "users: row 2", Arrange: with(answered(doctortest.SearchPath, 2, "2", `{"id":"a"}`, `{"principal":"b"}`))},
		{Check: read, Way: "no-id", Name: "a member", Found: "members of privx-user: row 1", Arrange: with(answered(membersPath, 2, "1", `{"id":""}`))},
		{Check: read, Way: "unreadable", Found: `roles: row 1: the field "name"`, Arrange: with(answered(doctortest.RolesPath, 2, "1", `{"id":"a","name":5}`))},
		{Check: read, Way: "unreadable", Name: "no object", Found: "users: row 1", Arrange: with(answered(doctortest.SearchPath, 2, "1", `"a"`))},

		{Check: read, Way: "not-read", Name: "too many rows", Cause: "more than 100000 rows", Arrange: with(answered(doctortest.SearchPath, 2, "1", strings.Repeat("0,", ask.MaxRows)+"0"))},

		{Check: order, Found: "users: 43 rows in order", Arrange: with()},
		{Check: order, Name: "times of any precision", Found: "users: 2 of 4 rows have a time, in order", Arrange: with(answered(doctortest.SearchPath, 2, "4",
			`{"id":"a"}`, `{"id":"b","created":"2024-01-01T00:00:00Z"}`, `{"id":"c","created":"2024-01-01T00:00:00.5Z"}`, `{"id":"d","created":"someday"}`))},
		{Check: order, Way: "not-known", Found: "users: 0 of 2 rows have a time", Arrange: with(answered(doctortest.SearchPath, 2, "2", `{"id":"a"}`, `{"id":"b"}`))},
		{Check: order, Way: "not-known", Name: "one", Found: "users: 1 of 2", Arrange: with(answered(doctortest.SearchPath, 2, "2", `{"id":"a"}`, `{"id":"b","created":"2024-01-01T00:00:00Z"}`))},
		{Check: order, Way: "not-known", Name: "no members", Found: "members of privx-user: 0 rows", Arrange: with(answered(membersPath, 0, "0"))},
		{Check: order, Way: "unordered", Name: "though others have no time", Found: "users: row 2 is older", Arrange: with(
			answered(doctortest.SearchPath, 2, "2", `{"id":"a","created":"2024-01-02T00:00:00Z"}`, `{"id":"b","created":"2024-01-01T00:00:00Z"}`), answered(membersPath, 0, "0"))},
		{Check: order, Way: "unordered", Found: "users: row 2 is older", Arrange: with(answered(doctortest.SearchPath, 2, "2",
			`{"id":"a","created":"2024-01-01T00:00:00.5Z"}`, `{"id":"b","created":"2024-01-01T00:00:00Z"}`))},
		{Check: order, Way: "twice", Found: "users: row 2 of 2", Arrange: with(twice)},
		{Check: order, Way: "changing", Found: "users: row 2 of 2", Arrange: with(once)},
	}
}

func memberCases() []doctortest.Case {
	const id = "PX-LIST-07"
	stranger := answered(membersPath, 2, "1", `{"id":"7f0d2a54-7f0e-4b7e-8a0f-6f6f0b0f2a11","roles":null}`)
	ignoring := privxsim.Options{IgnoreUserIDs: true}
	return []doctortest.Case{
		{Check: id, Found: "43 members of 5 roles, all of them users", Arrange: with()},
		{Check: id, Name: "many users", Found: "all of them users", Arrange: changed(with(), pageOf(10))},
		{Check: id, Way: "no-members", Found: "no members of 5 roles", Arrange: with(answered(membersPath, 0, "0"))},
		{Check: id, Way: "no-members", Name: "null", Arrange: with(kind(membersPath, privxsim.FaultNullItems))},
		{Check: id, Way: "hidden", Found: "are found by id", Arrange: with(answered(doctortest.SearchPath, 101, "1", `{"id":"only","created":"2020-01-01T00:00:00Z"}`))},
		{Check: id, Way: "unknown", Found: "does not know 1 of them", Arrange: with(stranger)},
		{Check: id, Way: "unknown", Name: "many users", Found: "does not know 1 of them", Arrange: changed(with(stranger), pageOf(10))},
		{Check: id, Way: "unknown", Name: "ids are ignored", Found: "does not know 1 of them", Arrange: like(ignoring, stranger)},
		{Check: id, Way: "not-known", Arrange: changed(like(ignoring), pageOf(10))},
		{Check: id, Way: "not-read", Name: "members", Arrange: with(refused(membersPath, http.StatusServiceUnavailable))},
	}
}

func TestSizes(t *testing.T) {
	t.Parallel()
	const size, time, fits = "PX-SIZE-01", "PX-SIZE-02", "PX-SIZE-03"
	many := &privxsim.SeedOptions{Users: 40, Roles: 60}
	noUsers := with(refused(doctortest.SearchPath, http.StatusServiceUnavailable))
	// A list with an end, and so long that any forecast is beyond all bounds.
	endless := with(answered(doctortest.SearchPath, 2, "1000000000000", `{"id":"a"}`))
	estimated := func(t *testing.T, v *doctor.Visit) {
		t.Helper()
		if !v.Estimated || v.Memberships == 0 {
			t.Errorf("estimated %v, %d memberships", v.Estimated, v.Memberships)
		}
	}
	doctortest.RunCases(t, layers(), tenant.Layers()[1:], append(reachedCases(), []doctortest.Case{
		{Check: size, Found: "43 users, 12 roles, 142 memberships", Arrange: with()},
		{Check: size, Name: "without counts", Found: "43 users, 12 roles, 142 memberships", Arrange: like(privxsim.Options{Count: privxsim.CountOmitted})},
		{Check: size, Name: "counts of pages", Found: "43 users, 12 roles, 142 memberships", Arrange: like(privxsim.Options{Count: privxsim.CountPageLength})},
		{Check: size, Name: "counts of more", Found: "43 users, 12 roles, 142 memberships", Arrange: like(privxsim.Options{Count: privxsim.CountTooLarge})},
		{Check: size, Name: "many roles", Found: "estimate, from 12 roles besides privx-user", Arrange: of(many, privxsim.Options{}), After: estimated},
		{Check: size, Name: "counts of members", Found: "43 users, 64 roles, ", Arrange: of(many, privxsim.Options{MemberCount: true}), After: exact},
		{Check: size, Name: "wrong counts of members", Found: "estimate", Arrange: miscounted, After: estimated},
		{Check: size, Way: "not-known", Found: "users", Arrange: noUsers},
		{Check: size, Way: "not-known", Name: "roles", Found: "roles", Arrange: with(refused(doctortest.RolesPath, http.StatusServiceUnavailable))},
		{Check: size, Way: "not-known", Name: "short pages of which each counts itself", Found: "members", Arrange: like(privxsim.Options{Count: privxsim.CountPageLength, MaxPageSize: 15})},
		{Check: size, Way: "not-known", Name: "no members", Found: "memberships, of which PrivX shows none, could not be counted", Arrange: with(answered(membersPath, 0, "0"))},
		{Check: size, Way: "not-known", Name: "members", Found: "members", Arrange: with(doctortest.Status("GET", membersPath, http.StatusServiceUnavailable))},

		{Check: time, Found: "20 calls", Arrange: with()},
		{Check: time, Name: "members without particulars", Found: "63 calls", Arrange: like(privxsim.Options{MemberRoles: privxsim.MemberRolesNull})},
		{Check: time, Way: "long", Found: "hours", Arrange: endless},
		{Check: time, Way: "not-known", Arrange: noUsers},

		{Check: fits, Found: "memory", Arrange: with(), After: func(t *testing.T, v *doctor.Visit) {
			t.Helper()
			if v.Memory < 200<<20 || v.Disk < 75_000_000 {
				t.Errorf("%d bytes of memory, %d of space", v.Memory, v.Disk)
			}
		}},
		{Check: fits, Way: "beyond", Found: "memory", Arrange: endless},
		{Check: fits, Way: "not-known", Arrange: noUsers},
	}...))
}

// Counts that are beyond all sense make no number negative.
func TestAbsurdCounts(t *testing.T) {
	t.Parallel()
	huge := strconv.Itoa(math.MaxInt64)
	absurd := func(t *testing.T) doctor.Given {
		t.Helper()
		store := privxsim.Seed(privxsim.SeedOptions{Users: 40, Roles: 60})
		for _, role := range store.Roles()[1:10] { // None of those whose members are looked at.
			store.SetMemberCount(role.ID, math.MaxInt64, 0)
		}
		return doctortest.NewSite(t, store, privxsim.Options{MemberCount: true}).Given(t)
	}
	for name, arrange := range map[string]arrangement{
		"users":            with(answered(doctortest.SearchPath, 2, huge, `{"id":"a","name":"x"}`, `{"id":"b","name":"y"}`)),
		"users, more":      with(answered(doctortest.SearchPath, 2, huge, `{"id":"a","name":"x"}`)),
		"roles":            with(answered(doctortest.RolesPath, 2, huge, `{"id":"a","name":"x"}`, `{"id":"b","name":"y"}`)),
		"roles, more":      with(answered(doctortest.RolesPath, 2, huge, `{"id":"a","name":"x"}`)),
		"members":          with(answered(membersPath, 0, huge, `{"id":"a","name":"x"}`)),
		"members of roles": absurd,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			results, v := doctortest.Run(t, layers(), arrange(t))
			require.Empty(t, results[tenant.Sized].Because)
			require.False(t, name == "members of roles" && (v.Estimated || v.Memberships == 0))
			for what, n := range map[string]int{"users": v.Users, "roles": v.Roles, "memberships": v.Memberships, "calls": v.Calls} {
				require.GreaterOrEqual(t, n, 0, what)
				require.LessOrEqual(t, n, math.MaxInt64/1000, what)
			}
			require.GreaterOrEqual(t, v.Duration, time.Duration(0))
			require.GreaterOrEqual(t, min(v.Memory, v.Disk), int64(0))
			for what, n := range doctor.ReportOf(v, nil).Sizes {
				require.Positive(t, n, what)
			}
		})
	}
}

// exact holds what was found against the truth of the tenant of many roles.
func exact(t *testing.T, v *doctor.Visit) {
	t.Helper()
	store := privxsim.Seed(privxsim.SeedOptions{Users: 40, Roles: 60})
	truth := len(store.Users()) // Everybody is a member of privx-user.
	for _, m := range store.Memberships() {
		if m.RoleID != store.UserRoleID() {
			truth++
		}
	}
	if v.Estimated || v.Memberships != truth {
		t.Errorf("estimated %v, %d memberships of %d", v.Estimated, v.Memberships, truth)
	}
}

// miscounted is a tenant whose roles say that they have more members than there are.
func miscounted(t *testing.T) doctor.Given {
	t.Helper()
	store := privxsim.Seed(privxsim.SeedOptions{Users: 40, Roles: 60})
	for _, role := range store.Roles() {
		store.SetMemberCount(role.ID, 1000, 0)
	}
	return doctortest.NewSite(t, store, privxsim.Options{MemberCount: true}).Given(t)
}
