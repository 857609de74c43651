package connection_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/doctortest"
	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/privx"
)

const authStatusPath = "/auth/api/v1/status"

// statusFault is a fault of the role store's status.
func statusFault(kind privxsim.FaultKind) privxsim.Fault {
	return privxsim.Fault{Path: doctortest.StatusPath, Kind: kind}
}

// saying lets a service's status say something.
func saying(path, body string) privxsim.Fault {
	return privxsim.Fault{Path: path, Kind: privxsim.FaultStatus, Status: http.StatusOK, Body: body}
}

func roleStoreSays(body string) arranger {
	return ordinary(privxsim.Options{}, saying(doctortest.StatusPath, body))
}

func TestClock(t *testing.T) {
	t.Parallel()
	const clock = "PX-CLOCK-01"
	off := func(by time.Duration) arranger {
		return ordinary(privxsim.Options{Clock: func() time.Time { return time.Now().Add(by) }})
	}
	runCases(t, "Clock", []doctortest.Case{
		{Check: clock, Found: " apart at most", Arrange: off(0)},
		{Check: clock, Name: "HTTP/2", Found: " apart at most", Arrange: http2},
		{Check: clock, Name: "20 seconds ahead", Found: " apart at most", Arrange: off(20 * time.Second)},
		{Check: clock, Name: "20 seconds behind", Found: " apart at most", Arrange: off(-20 * time.Second)},
		{Check: clock, Way: "apart", Name: "ahead", Found: "ahead by 1h0m0s", Arrange: off(time.Hour + time.Second/2)},
		{Check: clock, Way: "apart", Name: "behind", Found: "behind by ", Arrange: off(-time.Hour)},
		{Check: clock, Way: "apart", Name: "half a minute ahead", Found: "ahead by ", Arrange: off(40 * time.Second)},
		{Check: clock, Way: "no-date", Found: "no Date", Arrange: ordinary(privxsim.Options{}, doctortest.NoDate())},
		{Check: clock, Way: "no-date", Name: "none that can be read", Arrange: ordinary(privxsim.Options{}, privxsim.Fault{
			Kind: privxsim.FaultHeader, Header: http.Header{"Date": {"today"}},
		})},
		{Check: clock, Way: "no-date", Name: "and grants shall have an end", Found: "grant-max-hours is 8", Arrange: func(t *testing.T) doctor.Given {
			given := ordinary(privxsim.Options{}, doctortest.NoDate())(t)
			given.Config.GrantMaxHours = 8
			return given
		}},
		{Check: clock, Way: "slow", Found: "took 40s", Arrange: takingLong},
		{Check: clock, Way: "no-answer", Cause: "no answer", Arrange: ordinary(privxsim.Options{}, statusFault(privxsim.FaultResetBefore))},
	})
}

// takingLong is a PrivX whose first answer takes 40 seconds by the connector's clock.
func takingLong(t *testing.T) doctor.Given {
	t.Helper()
	return adjustClient(ordinary(privxsim.Options{})(t), func(client *privx.Client) {
		var asked atomic.Int64
		began := time.Now()
		client.API().Tuning().Clock = func() time.Time { return began.Add(time.Duration(asked.Add(1)-1) * 40 * time.Second) }
	})
}

func TestPrivX(t *testing.T) {
	t.Parallel()
	const answers, version, services, upgrade = "PX-PRIVX-01", "PX-PRIVX-02", "PX-PRIVX-03", "PX-PRIVX-04"
	good := ordinary(privxsim.Options{})
	versionIs := func(version string) arranger {
		return roleStoreSays(fmt.Sprintf(`{"status":"RUNNING","version":%s}`, version))
	}
	learnt := func(want string) func(*testing.T, *doctor.Visit) {
		return func(t *testing.T, v *doctor.Visit) { require.Equal(t, want, v.PrivXVersion) }
	}
	authSays := func(body string) arranger { return ordinary(privxsim.Options{}, saying(authStatusPath, body)) }
	runCases(t, "PrivX", []doctortest.Case{
		{Check: answers, Found: `the role store says "RUNNING"`, Arrange: good, After: anonymous},
		{Check: answers, Name: "that is called HTML", Arrange: ordinary(privxsim.Options{}, privxsim.Fault{
			Path: doctortest.StatusPath, Kind: privxsim.FaultHeader, Header: http.Header{"Content-Type": {"text/html"}},
		})},
		{Check: answers, Way: "no-answer", Arrange: ordinary(privxsim.Options{}, statusFault(privxsim.FaultResetAfter))},
		{Check: answers, Way: "no-answer", Name: "in time", Arrange: inAWhile(ordinary(privxsim.Options{}, statusFault(privxsim.FaultStall)))},
		{Check: answers, Way: "refused", Name: "404", Found: "404", Arrange: ordinary(privxsim.Options{}, doctortest.Status("", doctortest.StatusPath, 404))},
		{Check: answers, Way: "refused", Name: "503", Found: "503", Arrange: ordinary(privxsim.Options{}, doctortest.Status("", doctortest.StatusPath, 503))},
		{Check: answers, Way: "something-else", Name: "HTML", Found: "text/html", Arrange: ordinary(privxsim.Options{}, statusFault(privxsim.FaultHTML))},
		{Check: answers, Way: "something-else", Name: "redirect", Found: "302", Arrange: ordinary(privxsim.Options{}, statusFault(privxsim.FaultRedirect))},
		{Check: answers, Way: "something-else", Name: "null", Arrange: ordinary(privxsim.Options{}, statusFault(privxsim.FaultNull))},
		{Check: answers, Way: "something-else", Name: "nested", Arrange: ordinary(privxsim.Options{}, statusFault(privxsim.FaultNested))},
		{Check: answers, Way: "something-else", Name: "other JSON", Arrange: roleStoreSays(`{"status":{"up":true}}`)},

		{Check: version, Found: "PrivX 44.0", Arrange: good, After: learnt("44.0")},
		{Check: version, Name: "a real one", Found: "PrivX 43.0", Arrange: versionIs(`"43.0-72 (9875eb0c)"`), After: learnt("43.0")},
		{Check: version, Name: "the oldest", Arrange: versionIs(`"33"`), After: learnt("33")},
		{Check: version, Way: "newer", Found: "PrivX 46.1.2.3", Arrange: versionIs(`"v46.1.2.3.4"`), After: learnt("46.1.2.3")},
		{Check: version, Way: "old", Found: "PrivX 32.9", Arrange: versionIs(`"32.9"`), After: learnt("32.9")},
		{Check: version, Way: "not-said", Arrange: roleStoreSays(`{"status":"RUNNING"}`), After: learnt("")},
		{Check: version, Way: "not-said", Name: "text", Found: `"latest\x1b[2J"`, Arrange: versionIs(`"latest\u001b[2J"`), After: learnt("")},
		{Check: version, Way: "not-said", Name: "a number", Arrange: versionIs(`43.0`), After: learnt("")},
		{Check: version, Way: "not-said", Name: "null", Arrange: versionIs(`null`), After: learnt("")},
		{Check: version, Way: "not-said", Name: "no status", Arrange: ordinary(privxsim.Options{}, statusFault(privxsim.FaultHTML)), After: learnt("")},

		{Check: services, Found: `role-store: "RUNNING"; auth: "RUNNING"`, Arrange: good},
		{Check: services, Way: "unwell", Name: "role store", Found: `role-store: "DEGRADED", "no database"`, Arrange: roleStoreSays(`{"status":"DEGRADED","status_message":"no database"}`)},
		{Check: services, Way: "unwell", Name: "auth", Found: `auth: "STARTING"`, Arrange: authSays(`{"status":"STARTING"}`)},
		{Check: services, Way: "unwell", Name: "and the other says nothing", Arrange: ordinary(privxsim.Options{},
			saying(doctortest.StatusPath, `{"status":"STOPPED"}`), doctortest.Status("", authStatusPath, 500))},
		{Check: services, Way: "not-said", Found: "auth: no status", Arrange: authSays(`{}`)},
		{Check: services, Way: "not-said", Name: "no answer", Found: "role-store: no status", Arrange: ordinary(privxsim.Options{}, statusFault(privxsim.FaultResetBefore))},

		{Check: upgrade, Found: `phase is "idle"`, Arrange: good},
		{Check: upgrade, Name: "without a phase", Arrange: roleStoreSays(`{"status":"RUNNING","zdu":{"details":{"api":{"restricting":false}}}}`)},
		{Check: upgrade, Way: "restricting", Arrange: upgrading},
		{Check: upgrade, Way: "not-said", Arrange: roleStoreSays(`{"status":"RUNNING","zdu":null}`)},
		{Check: upgrade, Way: "not-said", Name: "as text", Arrange: roleStoreSays(`{"status":"RUNNING","zdu":{"details":{"api":{"restricting":"no"}}}}`)},
		{Check: upgrade, Way: "not-said", Name: "no answer", Arrange: ordinary(privxsim.Options{}, statusFault(privxsim.FaultResetBefore))},
	})
}

func upgrading(t *testing.T) doctor.Given {
	t.Helper()
	site := doctortest.NewSite(t, nil, privxsim.Options{})
	site.Sim.SetReadOnly(true)
	return site.Given(t)
}

// anonymous checks that the first request was sent once, and that no token was asked for.
func anonymous(t *testing.T, v *doctor.Visit) {
	t.Helper()
	require.Equal(t, 1, v.Ask.Requests())
	require.EqualValues(t, 1, v.Client.Calls())
}

// Nothing but warnings comes of a status that is not as it should be, and all of the way to
// PrivX is asked with two requests, one at a time, before the login.
func TestRequestsBeforeTheLogin(t *testing.T) {
	t.Parallel()
	site := doctortest.NewSite(t, nil, privxsim.Options{})
	_, visit := doctortest.Run(t, layers(), site.Given(t))
	var paths []string
	for _, r := range site.Sim.Requests() {
		paths = append(paths, strings.TrimPrefix(r.Path, "/"))
		if strings.HasSuffix(r.Path, "/status") {
			require.Empty(t, r.Header.Get("Authorization"))
		}
	}
	require.Equal(t, []string{
		"role-store/api/v1/status", "auth/api/v1/status", "auth/api/v1/oauth/token", "role-store/api/v1/users/current", "auth/api/v1/logout",
	}, paths)
	require.Equal(t, privxsim.DefaultAPIClientID, visit.Self)
}
