package questions_test

import (
	"net/http"
	"testing"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/doctortest"
	"github.com/conductorone/baton-privx/internal/privxsim"
)

const (
	pageType = "text/html; charset=utf-8"
	jsonType = "application/json"
)

// broken is a PrivX whose role store has errors of its own on all that is provoked.
var broken = failing(http.StatusInternalServerError, anyUserPath, "/role-store/api/v1/users/*/roles", anyRolePath, doctortest.RolesPath)

// lenient is a PrivX that finds nothing wrong.
var lenient = failing(http.StatusOK, anyUserPath, "/role-store/api/v1/users/*/roles", anyRolePath, doctortest.RolesPath)

// partly is a PrivX that has errors of its own where something about users is asked for, and
// refuses the rest, with a body of its own if there is one.
func partly(body []byte) arrangement {
	return alteredBy(privxsim.Options{}, func(rq privxsim.Request, a *privxsim.Answer) {
		switch {
		case rq.Matches("", anyUserPath) && !rq.Matches("", doctortest.SearchPath) || rq.Matches("", userRolesPath):
			a.Status, a.Body = http.StatusServiceUnavailable, []byte(`{"error_code":"SERVICE_UNAVAILABLE"}`)
		case a.Status >= http.StatusBadRequest && body != nil:
			a.Body = body
		}
	})
}

// unreachable is a PrivX whose role store does not answer once there is a token.
var unreachable = with(privxsim.Options{}, privxsim.Fault{Path: doctortest.RolesPath, Kind: privxsim.FaultResetBefore})

// withGrantMaxHours is a connector whose grants shall have an end.
func withGrantMaxHours(given *doctor.Given) { given.Config.GrantMaxHours, given.Provisioning = 8, true }

var errorCases = []doctortest.Case{
	finding("There were BAD_REQUEST, OBJECT_NOT_FOUND, UNAUTHORIZED.", onSide("PXQ-051", "", "a", with(privxsim.Options{}))),
	finding("There were NO_WAY.", onSide("PXQ-051", "", "b", errorsAre(jsonType, `{"error_code":"NO_WAY"}`))),
	finding("not in capital letters", onSide("PXQ-051", "", "b", errorsAre(jsonType, `{"error_code":"<script>"}`))),
	onSide("PXQ-051", "overload", "c", errorsAre(jsonType, `{"error_code":"MAX_LOAD"}`)),
	finding("None of 6 errors has a code.", onSide("PXQ-051", "not-seen", "", errorsAre(jsonType, `{}`))),
	onSide("PXQ-051", "not-seen", "", errorsAre(pageType, `{"error_code":"GENERAL_ERROR"}`)),
	onSide("PXQ-051", "unanswered", "", broken),
	onSide("PXQ-051", "unanswered", "", lenient),
	onSide("PXQ-051", "unanswered", "", partly(nil)),
	onSide("PXQ-051", "", "b", partly([]byte(`{"error_code":"NO_WAY"}`))),

	finding("Of 6 errors, 6 were so.", onSide("PXQ-052", "", "a", with(privxsim.Options{}))),
	onSide("PXQ-052", "no-body", "b", errorsAre(jsonType, "")),
	onSide("PXQ-052", "", "c", errorsAre(jsonType, `{"error_code":"GENERAL_ERROR","details":null}`)),
	onSide("PXQ-052", "", "c", errorsAre(jsonType, `{"error_code":"GENERAL_ERROR","details":[null]}`)),
	onSide("PXQ-052", "", "c", errorsAre(jsonType, `{"error_code":"GENERAL_ERROR","details":[{"error_code":null}]}`)),
	onSide("PXQ-052", "page", "d", errorsAre(pageType, "<html></html>")),
	onSide("PXQ-052", "otherwise", "otherwise", errorsAre(jsonType, `{"code":"NO"}`)),
	onSide("PXQ-052", "otherwise", "otherwise", errorsAre("text/plain", "no")),
	onSide("PXQ-052", "unanswered", "", broken),
	onSide("PXQ-052", "unanswered", "", lenient),
	onSide("PXQ-052", "unanswered", "", partly(nil)),
	onSide("PXQ-052", "page", "d", partly([]byte(`<html></html>`))),

	finding("BAD_REQUEST", onSide("PXQ-053", "", "a", with(privxsim.Options{}))),
	onSide("PXQ-053", "", "b", failing(http.StatusNotFound, nonePath)),
	onSide("PXQ-053", "otherwise", "otherwise", failing(http.StatusOK, nonePath)),
	onSide("PXQ-053", "otherwise", "otherwise", failing(http.StatusUnprocessableEntity, nonePath)),
	onSide("PXQ-053", "unanswered", "", failing(http.StatusForbidden, nonePath)),
	onSide("PXQ-053", "unanswered", "", failing(http.StatusBadGateway, nonePath)),

	onSide("PXQ-054", "", "a", with(privxsim.Options{})),
	onSide("PXQ-054", "", "b", options(privxsim.Fault{Kind: privxsim.FaultHTML})),
	onSide("PXQ-054", "", "otherwise", options(privxsim.Fault{Kind: privxsim.FaultNoContent})),
	onSide("PXQ-054", "unanswered", "", options(privxsim.Fault{Kind: privxsim.FaultResetBefore})),
	onSide("PXQ-054", "unanswered", "", options(privxsim.Fault{Status: http.StatusBadGateway})),

	onSide("PXQ-056", "", "a", with(privxsim.Options{})),
	onSide("PXQ-056", "", "b", failing(http.StatusNotFound, "/*")),
	onSide("PXQ-056", "", "otherwise", with(privxsim.Options{}, privxsim.Fault{Path: "/*", Kind: privxsim.FaultRedirect})),
	onSide("PXQ-056", "unanswered", "", failing(http.StatusBadGateway, "/*")),
	onSide("PXQ-056", "unanswered", "", with(privxsim.Options{}, privxsim.Fault{Path: "/*", Kind: privxsim.FaultResetBefore})),
}

// options is a PrivX that treats OPTIONS in another way.
func options(f privxsim.Fault) arrangement {
	f.Method = http.MethodOptions
	return with(privxsim.Options{}, f)
}

// typed is a PrivX that calls its JSON something.
func typed(mediaType ...string) arrangement {
	return with(privxsim.Options{}, privxsim.Fault{Kind: privxsim.FaultHeader, Header: http.Header{"Content-Type": mediaType}})
}

var headCases = []doctortest.Case{
	onSide("PXQ-058", "", "a", with(privxsim.Options{})),
	onSide("PXQ-058", "", "a", typed("application/json; charset=utf-8")),
	finding("text/plain", onSide("PXQ-058", "", "b", typed("text/plain"))),
	finding("nothing", onSide("PXQ-058", "", "b", typed())),
	finding("what is no media type", onSide("PXQ-058", "", "b", typed("<b>/json"))),
	onSide("PXQ-058", "unanswered", "", unreachable),

	onSide("PXQ-059", "", "a", with(privxsim.Options{})),
	onSide("PXQ-059", "no-date", "b", configured(with(privxsim.Options{}, doctortest.NoDate()), provisioning)),
	onSide("PXQ-059", "no-date-for-ends", "c", configured(with(privxsim.Options{}, doctortest.NoDate()), withGrantMaxHours)),
	onSide("PXQ-059", "", "b", with(privxsim.Options{}, doctortest.NoDate())),
	onSide("PXQ-059", "no-date", "b", configured(with(privxsim.Options{}, privxsim.Fault{
		Path: doctortest.RolesPath, Kind: privxsim.FaultHeader, Header: http.Header{"Date": {"today"}},
	}), provisioning)),
	onSide("PXQ-059", "unanswered", "", unreachable),
}

func TestErrors(t *testing.T) {
	t.Parallel()
	doctortest.RunCases(t, all(), only("PXQ-051", "PXQ-052", "PXQ-053", "PXQ-054", "PXQ-056"), errorCases)
}

func TestWhatAllAnswersHave(t *testing.T) {
	t.Parallel()
	doctortest.RunCases(t, all(), only("PXQ-058", "PXQ-059"), headCases)
}
