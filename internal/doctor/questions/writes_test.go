package questions_test

import (
	"net/http"
	"testing"

	"github.com/conductorone/baton-privx/internal/doctor/doctortest"
	"github.com/conductorone/baton-privx/internal/privxsim"
)

// notFoundIs is a PrivX that says in other words that there is nothing.
func notFoundIs(status int, body string) arrangement {
	return alteredBy(privxsim.Options{}, func(_ privxsim.Request, a *privxsim.Answer) {
		if a.Status == http.StatusNotFound {
			a.Status, a.Body = status, []byte(body)
		}
	})
}

// statusIs is a PrivX whose role store has another status.
func statusIs(body string) arrangement {
	return with(privxsim.Options{}, privxsim.Fault{Path: doctortest.StatusPath, Status: http.StatusOK, Body: body})
}

const userRolesPath = "/role-store/api/v1/users/*/roles"

var writeCases = []doctortest.Case{
	finding("404 with OBJECT_NOT_FOUND.", onSide("PXQ-034", "", "a", with(privxsim.Options{}))),
	finding("400 with USER_NOT_FOUND", onSide("PXQ-034", "as-bad-request", "b", notFoundIs(http.StatusBadRequest, `{"error_code":"USER_NOT_FOUND"}`))),
	finding("404 with no error_code", onSide("PXQ-034", "without-a-code", "c", notFoundIs(http.StatusNotFound, `{"message":"no"}`))),
	onSide("PXQ-034", "without-a-code", "c", notFoundIs(http.StatusNotFound, "")),
	onSide("PXQ-034", "otherwise", "otherwise", notFoundIs(http.StatusGone, `{"error_code":"OBJECT_NOT_FOUND"}`)),
	onSide("PXQ-034", "otherwise", "otherwise", with(privxsim.Options{}, privxsim.Fault{Path: userRolesPath, Kind: privxsim.FaultEmptyList})),
	onSide("PXQ-034", "", "a", failing(http.StatusForbidden, anyRolePath)),
	onSide("PXQ-034", "unanswered", "", failing(http.StatusForbidden, userRolesPath)),
	onSide("PXQ-034", "unanswered", "", failing(http.StatusServiceUnavailable, anyUserPath)),
	onSide("PXQ-034", "unanswered", "", failing(http.StatusServiceUnavailable, anyUserPath, userRolesPath)),
	onSide("PXQ-034", "unanswered", "", failing(http.StatusForbidden, userRolesPath, anyUserPath, anyRolePath)),
	onSide("PXQ-034", "unanswered", "", broken),

	finding("is not being upgraded", onSide("PXQ-037", "", "a", with(privxsim.Options{}))),
	finding("is being upgraded", onSide("PXQ-037", "", "a", statusIs(`{"zdu":{"details":{"api":{"restricting":true}}}}`))),
	onSide("PXQ-037", "not-said", "b", configured(statusIs(`{"status":"RUNNING","zdu":{"details":{"api":{}}}}`), provisioning)),
	onSide("PXQ-037", "not-said", "b", configured(statusIs(`{"status":"RUNNING","zdu":"no"}`), provisioning)),
	onSide("PXQ-037", "", "b", statusIs(`{"status":"RUNNING"}`)),
	onSide("PXQ-037", "unanswered", "", statusIs(`[]`)),
	onSide("PXQ-037", "unanswered", "", failing(http.StatusBadGateway, doctortest.StatusPath)),
}

func TestWrites(t *testing.T) {
	t.Parallel()
	doctortest.RunCases(t, all(), only("PXQ-034", "PXQ-037"), writeCases)
}
