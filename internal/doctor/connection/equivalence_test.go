package connection_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/conductorone/baton-sdk/pkg/cli"
	"github.com/conductorone/baton-sdk/pkg/uhttp"
	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/connection"
	"github.com/conductorone/baton-privx/internal/doctor/doctortest"
	"github.com/conductorone/baton-privx/internal/faultmatrix"
	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/connector"
)

// failedOf are the ids of the checks that failed, sorted.
func failedOf(results map[string]doctor.Result) []string {
	var failed []string
	for id, result := range results {
		if result.Outcome == doctor.Failed {
			failed = append(failed, id)
		}
	}
	slices.Sort(failed)
	return failed
}

// validate is what the connector's own Validate makes of the same settings.
func validate(t *testing.T, given doctor.Given) error {
	t.Helper()
	ctx := context.WithValue(t.Context(), uhttp.ContextHTTPTimeoutKey, given.HTTPTimeout)
	made, _, err := connector.New(ctx, given.Config, &cli.ConnectorOpts{SelectedAuthMethod: given.Method})
	if err != nil {
		return err
	}
	_, err = made.Validate(ctx)
	return err
}

// requireSame checks that the doctor fails if and only if Validate does, and that the login
// is tried if and only if what comes before it has not failed.
func requireSame(t *testing.T, given doctor.Given) []string {
	t.Helper()
	results, _ := doctortest.Run(t, connection.Layers(), given)
	failed, err := failedOf(results), validate(t, given)
	require.Equal(t, err != nil, len(failed) > 0, "failed: %v; Validate: %v", failed, err)
	login := results[connection.LoggedIn]
	require.Equal(t, len(failed) > 0 && !slices.Contains(failed, connection.LoggedIn), login.Because != "", "failed: %v; the login is skipped because %q", failed, login.Because)
	return failed
}

func TestTheDoctorFailsWhereValidateDoes(t *testing.T) {
	t.Parallel()
	settings := func(change func(*doctor.Given)) arranger { return changed(privxsim.Options{}, change) }
	for name, c := range map[string]struct {
		arrange arranger
		failed  string
	}{
		"nothing is wrong":      {ordinary(privxsim.Options{}), ""},
		"a setting is missing":  {settings(func(g *doctor.Given) { g.Config.ApiClientSecret = "" }), connection.Configured},
		"base-url is malformed": {settings(func(g *doctor.Given) { g.Config.BaseUrl = "privx" }), connection.Configured},
		"a page size of 5":      {settings(func(g *doctor.Given) { g.Config.PageSize = 5 }), connection.Configured},
		"no such name":          {func(t *testing.T) doctor.Given { return at(t, "https://"+newName()) }, "PX-NET-02"},
		"no listener":           {func(t *testing.T) doctor.Given { return at(t, "https://"+silent(t)) }, "PX-NET-03"},
		"no listener, a name": {func(t *testing.T) doctor.Given {
			return at(t, strings.Replace("https://"+silent(t), "127.0.0.1", "localhost", 1))
		}, "PX-NET-03"},
		"no TLS":                      {plainBehindHTTPS, "PX-TLS-01"},
		"http, and no TLS":            {plain, ""},
		"TLS 1.2":                     {version(0x0303), ""},
		"HTTP/2":                      {http2, ""},
		"old TLS":                     {version(0x0302), "PX-TLS-01"},
		"a client certificate, 1.2":   {clientCertificate(0x0303), "PX-TLS-01"},
		"a client certificate, 1.3":   {clientCertificate(0x0304), "PX-TLS-01"},
		"the handshake is cut":        {raw(closing), "PX-TLS-01"},
		"the handshake is not ended":  {inAMoment(raw(waiting)), "PX-TLS-01"},
		"foreign":                     {foreign, "PX-TLS-02"},
		"unfit":                       {unfit, "PX-TLS-02"},
		"a CA of the system":          {bySystem(false), ""},
		"an intermediate":             {issued(nil), ""},
		"an intermediate is missing":  {withoutIntermediate, "PX-TLS-02"},
		"an intermediate has ended":   {issued([]change{valid(-10, -1)}), "PX-TLS-04"},
		"another name":                {misnamed, "PX-TLS-03"},
		"ended":                       {timed(-5, -1), "PX-TLS-04"},
		"not valid yet":               {timed(2, 5), "PX-TLS-04"},
		"ends soon":                   {timed(-5, 5), ""},
		"a clock an hour ahead":       {ordinary(privxsim.Options{Clock: func() time.Time { return time.Now().Add(time.Hour) }}), ""},
		"a clock an hour behind":      {ordinary(privxsim.Options{Clock: func() time.Time { return time.Now().Add(-time.Hour) }}), ""},
		"no Date":                     {ordinary(privxsim.Options{}, doctortest.NoDate()), ""},
		"being upgraded":              {upgrading, ""},
		"a wrong OAuth client":        {settings(wrongOAuth), "PX-LOGIN-01"},
		"a wrong API client":          {settings(wrongAPIClient), "PX-LOGIN-01"},
		"a wrong API client, 401":     {changed(privxsim.Options{BadCredentialsStatus: 401}, wrongAPIClient), "PX-LOGIN-01"},
		"the API client alone":        {settings(withoutOAuth), "PX-LOGIN-01"},
		"the OAuth client alone":      {settings(withoutAPIClient), "PX-LOGIN-01"},
		"a public API client":         {changed(privxsim.Options{PublicClient: true}, withoutOAuth), ""},
		"an OAuth client that may":    {changed(privxsim.Options{OAuthClientCredentials: true}, withoutAPIClient), ""},
		"leftovers are not used":      {changed(privxsim.Options{PublicClient: true}, func(g *doctor.Given) { g.Method = "client-secret" }), ""},
		"who it is is not told":       {ordinary(privxsim.Options{NoCurrentUser: true}), ""},
		"another path":                {settings(func(g *doctor.Given) { g.Config.BaseUrl += "/privx" }), "PX-LOGIN-01"},
		"all is refused with 503":     {ordinary(privxsim.Options{}, privxsim.Fault{Status: http.StatusServiceUnavailable}), "PX-LOGIN-01"},
		"every connection is reset":   {ordinary(privxsim.Options{}, privxsim.Fault{Kind: privxsim.FaultResetBefore}), "PX-LOGIN-01"},
		"everything is a login page":  {ordinary(privxsim.Options{}, privxsim.Fault{Kind: privxsim.FaultHTML}), "PX-LOGIN-01"},
		"TLS is spoken on plain http": {httpToHTTPS, "PX-LOGIN-01"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			failed := requireSame(t, c.arrange(t))
			if c.failed != "" {
				require.Equal(t, []string{c.failed}, failed)
			}
		})
	}
}

// httpToHTTPS leads to a server with TLS, without TLS.
func httpToHTTPS(t *testing.T) doctor.Given {
	t.Helper()
	given := ordinary(privxsim.Options{})(t)
	given.Config.BaseUrl = strings.Replace(given.Config.BaseUrl, "https://", "http://", 1)
	return given
}

// Whatever happens to the login fails the doctor if and only if it fails Validate. A fault
// that takes permissions away is not about the login.
func TestFaultsOfTheLogin(t *testing.T) {
	t.Parallel()
	call := faultmatrix.Call{Method: http.MethodPost, Path: doctortest.TokenPath}
	for _, fault := range faultmatrix.Faults() {
		if !fault.Fits(call) || fault.Forbids {
			continue
		}
		t.Run(fault.Name, func(t *testing.T) {
			t.Parallel()
			arrange := faulty(fault, call)
			if fault.Waits {
				arrange = inAMoment(arrange)
			}
			requireSame(t, arrange(t))
		})
	}
}

// Whatever happens to the status fails nothing.
func TestFaultsOfTheStatus(t *testing.T) {
	t.Parallel()
	call := faultmatrix.Call{Method: http.MethodGet, Path: doctortest.StatusPath}
	for _, fault := range faultmatrix.Faults() {
		if !fault.Fits(call) {
			continue
		}
		t.Run(fault.Name, func(t *testing.T) {
			t.Parallel()
			arrange := faulty(fault, call)
			if fault.Waits {
				arrange = inAWhile(arrange)
			}
			results, _ := doctortest.Run(t, connection.Layers(), arrange(t))
			require.Empty(t, failedOf(results))
		})
	}
}

// faulty is a PrivX where a fault happens to a call each time.
func faulty(fault faultmatrix.Fault, call faultmatrix.Call) arranger {
	return func(t *testing.T) doctor.Given {
		site := doctortest.NewSite(t, nil, privxsim.Options{})
		fault.Inject(site.Sim, site.Store, call, 0)
		return site.Given(t)
	}
}

// childEnv is set in a process that runs TestChild alone: Go reads the proxy from the
// environment once in a process.
const childEnv = "DOCTOR_TEST_CHILD"

func TestProxyOfTheEnvironment(t *testing.T) {
	t.Parallel()
	through := httptest.NewServer(tunnel(t, silent(t)))
	t.Cleanup(through.Close)
	for name, c := range map[string]struct{ proxy, way string }{
		"none there":        {silent(t), "unreachable"},
		"407":               {answering(t, http.StatusProxyAuthRequired), "credentials"},
		"403":               {answering(t, http.StatusForbidden), "refused"},
		"PrivX is down":     {strings.TrimPrefix(through.URL, "http://"), "beyond"},
		"it hangs up":       {listening(t, closing), "no-answer"},
		"it does not speak": {listening(t, waiting), "no-answer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChild$", "-test.v")
			cmd.Env = append(os.Environ(), childEnv+"="+c.way, "HTTPS_PROXY=http://user:"+proxyPassword+"@"+c.proxy, "NO_PROXY=", "no_proxy=")
			output, err := cmd.CombinedOutput()
			require.NoError(t, err, string(output))
			require.Contains(t, string(output), "PASS: TestChild")
			require.NotContains(t, string(output), proxyPassword)
		})
	}
}

func TestChild(t *testing.T) {
	t.Parallel()
	way := os.Getenv(childEnv)
	if way == "" {
		t.Skip("for TestProxyOfTheEnvironment")
	}
	given := at(t, "https://"+newName())
	if way == "no-answer" {
		given.HTTPTimeout = moment
	}
	require.Equal(t, []string{"PX-NET-01"}, requireSame(t, given))
	results, _ := doctortest.Run(t, connection.Layers(), given, "PX-NET-01")
	require.Equal(t, way, results["PX-NET-01"].Way)
	t.Log(results["PX-NET-01"].Found, results["PX-NET-01"].Cause)
}
