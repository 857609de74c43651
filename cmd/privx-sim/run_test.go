package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/internal/simcmd/simtest"
)

// instance is a running privx-sim, with a client that trusts its CA.
type instance struct {
	*simtest.Command

	t      *testing.T
	client *http.Client
}

// start runs privx-sim on a free port and waits until it has said where.
func start(t *testing.T, args ...string) *instance {
	t.Helper()
	i := &instance{t: t, Command: simtest.Start(t, func(ctx context.Context, stdout, stderr io.Writer) error {
		return run(ctx, append([]string{"--listen", "127.0.0.1:0"}, args...), stdout, stderr)
	})}
	i.client = i.newClient()
	return i
}

func (i *instance) newClient() *http.Client {
	pool := x509.NewCertPool()
	if file := i.Environment["BATON_CA_CERTIFICATE"]; file != "" {
		certificate, err := os.ReadFile(file)
		if err != nil || !pool.AppendCertsFromPEM(certificate) {
			i.t.Fatalf("CA certificate: %v", err)
		}
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	i.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// login asks for a token with the credentials of the environment.
func (i *instance) login() int {
	i.t.Helper()
	return i.do(i.tokenRequest())
}

// token returns a new access token.
func (i *instance) token() string {
	i.t.Helper()
	_, body := i.body(i.tokenRequest())
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		i.t.Fatalf("%v: %s", err, body)
	}
	return answer.AccessToken
}

func (i *instance) tokenRequest() *http.Request {
	i.t.Helper()
	form := url.Values{
		"grant_type": {"password"},
		"username":   {i.Environment["BATON_API_CLIENT_ID"]}, "password": {i.Environment["BATON_API_CLIENT_SECRET"]},
	}
	request := i.request(http.MethodPost, "/auth/api/v1/oauth/token?secret=leak", strings.NewReader(form.Encode()))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(i.Environment["BATON_OAUTH_CLIENT_ID"], i.Environment["BATON_OAUTH_CLIENT_SECRET"])
	return request
}

func (i *instance) request(method, path string, body io.Reader) *http.Request {
	i.t.Helper()
	request, err := http.NewRequestWithContext(i.t.Context(), method, i.Environment["BATON_BASE_URL"]+path, body)
	if err != nil {
		i.t.Fatal(err)
	}
	return request
}

func (i *instance) do(request *http.Request) int {
	i.t.Helper()
	status, _ := i.body(request)
	return status
}

// body returns the status and the body of an answer.
func (i *instance) body(request *http.Request) (int, string) {
	i.t.Helper()
	response, err := i.client.Do(request)
	if err != nil {
		i.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		i.t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func TestServesWhatItsEnvironmentSays(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"tls":         nil,
		"plain":       {"--tls=false"},
		"path prefix": {"--path-prefix", "/privx/"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := start(t, append(args, "--users", "3", "--roles", "2")...)
			if status := i.login(); status != http.StatusOK {
				t.Errorf("login: %d", status)
			}
			if _, withCA := i.Environment["BATON_CA_CERTIFICATE"]; withCA == (name == "plain") {
				t.Errorf("CA certificate in the environment: %t", withCA)
			}
		})
	}
}

func TestLogHasRequestsButNoSecrets(t *testing.T) {
	t.Parallel()
	i := start(t)
	i.login()
	i.do(i.request(http.MethodGet, "/role-store/api/v1/roles?limit=7", nil))
	i.Stop()
	log := i.Log.String()
	for _, line := range []string{"POST /auth/api/v1/oauth/token 200\n", "GET /role-store/api/v1/roles?limit=7 401\n"} {
		if !strings.Contains(log, line) {
			t.Errorf("log lacks %q:\n%s", line, log)
		}
	}
	for _, secret := range []string{privxsim.DefaultAPIClientSecret, privxsim.DefaultOAuthClientSecret, "leak", "Basic"} {
		if strings.Contains(log, secret) {
			t.Errorf("log has %q:\n%s", secret, log)
		}
	}
}

func TestFilesAreWrittenAndTemporaryOnesRemoved(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	caFile, readyFile := filepath.Join(dir, "ca's.pem"), filepath.Join(dir, "ready.env")
	i := start(t, "--ca-file", caFile)
	if certificate, err := os.ReadFile(caFile); err != nil || !bytes.HasPrefix(certificate, []byte("-----BEGIN CERTIFICATE-----")) {
		t.Errorf("CA file: %q, %v", certificate, err)
	}
	i.Stop()
	if _, err := os.Stat(caFile); err != nil {
		t.Errorf("a CA file that was asked for is gone: %v", err)
	}

	i = start(t, "--ready-file", readyFile, "--quiet")
	if content, err := os.ReadFile(readyFile); err != nil || string(content) != i.Stdout {
		t.Errorf("ready file: %q, %v; stdout: %q", content, err, i.Stdout)
	}
	i.login()
	i.Stop()
	for _, name := range []string{readyFile, i.Environment["BATON_CA_CERTIFICATE"]} {
		if _, err := os.Stat(name); !os.IsNotExist(err) {
			t.Errorf("%s is left behind: %v", name, err)
		}
	}
	if log := i.Log.String(); log != "" {
		t.Errorf("log of a quiet simulator: %s", log)
	}
}

func TestLogSaysHowMuchThereIs(t *testing.T) {
	t.Parallel()
	i := start(t, "--users", "0", "--roles", "0")
	// The API clients with their roles, besides what every PrivX has.
	if want := "3 users, 4 roles, 5 memberships\n"; !strings.Contains(i.Log.String(), want) {
		t.Errorf("log lacks %q:\n%s", want, i.Log)
	}
}

func TestFaultsAreInjected(t *testing.T) {
	t.Parallel()
	i := start(t, "--fault", "GET /*/api/v1/status status=503 count=1 retry-after=2", "--fault", "GET /*/api/v1/status kind=html status=502 count=1")
	for _, want := range []int{http.StatusServiceUnavailable, http.StatusBadGateway, http.StatusOK} {
		if got := i.do(i.request(http.MethodGet, "/role-store/api/v1/status", nil)); got != want {
			t.Errorf("status %d, want %d", got, want)
		}
	}
}

// A cluster refuses a token on the nodes that do not know it yet, and keeps a client
// on its node if it is asked to. The log tells the nodes.
func TestClusters(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{"chance": nil, "affinity": {"--affinity"}} {
		i := start(t, append(args, "--node", "token-lag=1h", "--node", "token-lag=1h")...)
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		i.client.Jar = jar
		token := i.token()
		refused := false
		for range 30 {
			request := i.request(http.MethodGet, "/role-store/api/v1/roles", nil)
			request.Header.Set("Authorization", "Bearer "+token)
			refused = i.do(request) == http.StatusUnauthorized || refused
		}
		i.Stop()
		if withAffinity := name == "affinity"; refused == withAffinity {
			t.Errorf("%s: refused %t", name, refused)
		}
		log := i.Log.String()
		both := strings.Contains(log, " 200 by node 0\n") && strings.Contains(log, " 200 by node 1\n")
		if either := strings.Contains(log, " by node "); !either || both && name == "affinity" {
			t.Errorf("%s: %s", name, log)
		}
	}
}

// What a node that was just started shows, and what its options change.
func TestEmptyClusterAndItsOptions(t *testing.T) {
	t.Parallel()
	i := start(t, "--node", "empty=1h count=-1", "--empty-not-found", "--member-count", "--hide-user-role", "--random-ties")
	get := func(path string) (int, string) {
		request := i.request(http.MethodGet, "/role-store/api/v1/"+path, nil)
		request.Header.Set("Authorization", "Bearer "+i.token())
		return i.body(request)
	}
	if status, body := get("roles"); status != http.StatusOK || body != `{"count":0,"items":[]}` {
		t.Errorf("%d %s", status, body)
	}
	if status, body := get("users/current"); status != http.StatusNotFound {
		t.Errorf("%d %s", status, body)
	}
	i = start(t, "--node", "count=-1", "--member-count", "--hide-user-role", "--random-ties", "--users", "0", "--roles", "0")
	if status, body := get("roles"); status != http.StatusOK || !strings.HasPrefix(body, `{"count":3,`) || !strings.Contains(body, `"member_count":`) {
		t.Errorf("%d %s", status, body)
	}
	if status, body := get("users/current"); status != http.StatusOK || strings.Contains(body, `"privx-user"`) {
		t.Errorf("%d %s", status, body)
	}
	bodies := map[string]bool{}
	for range 20 {
		_, body := get("roles?sortkey=created") // of which two pairs are equally old
		bodies[body] = true
	}
	if len(bodies) < 2 {
		t.Error("equal rows always come in the same order")
	}
}

// Rows that are heavy, answers that are too much for what stands before PrivX, JSON
// without a type, and tokens that are taken late.
func TestManners(t *testing.T) {
	t.Parallel()
	i := start(t, "--heavy-members", "20",
		"--fault", "GET /role-store/api/v1/roles kind=html status=504 min-limit=501",
		"--fault", "GET /role-store/api/v1/roles kind=slow-header row-delay=1us",
		"--fault", "GET /role-store/api/v1/roles/*/members kind=header content-type= count=1")
	token := i.token()
	get := func(path string, into any) (int, http.Header) {
		request := i.request(http.MethodGet, "/role-store/api/v1/"+path, nil)
		request.Header.Set("Authorization", "Bearer "+token)
		response, err := i.client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if into != nil {
			if err := json.NewDecoder(response.Body).Decode(into); err != nil {
				t.Fatal(err)
			}
		}
		return response.StatusCode, response.Header
	}
	if status, _ := get("roles?limit=501", nil); status != http.StatusGatewayTimeout {
		t.Errorf("501 rows: %d", status)
	}
	type role struct{ ID, Name string }
	var roles struct{ Items []role }
	get("roles?limit=500", &roles)
	everyone := slices.IndexFunc(roles.Items, func(r role) bool { return r.Name == privxsim.RoleNameUser })
	var members struct{ Items []struct{ Roles []any } }
	_, header := get("roles/"+roles.Items[everyone].ID+"/members?limit=1", &members)
	if len(members.Items) != 1 || len(members.Items[0].Roles) != 20 {
		t.Errorf("%+v", members)
	}
	if values, there := header["Content-Type"]; there {
		t.Errorf("content type %q", values)
	}

	i = start(t, "--token-delay", "1h")
	token = i.token()
	if status, _ := get("roles", nil); status != http.StatusUnauthorized {
		t.Errorf("a token that is too new: %d", status)
	}
}

// With hosts come other targets, and the API client may read them.
func TestHosts(t *testing.T) {
	t.Parallel()
	for count, want := range map[string]int{"0": http.StatusForbidden, "5": http.StatusOK} {
		i := start(t, "--hosts", count)
		request := i.request(http.MethodGet, "/host-store/api/v1/hosts?limit=1", nil)
		request.Header.Set("Authorization", "Bearer "+i.token())
		if status, body := i.body(request); status != want || want == http.StatusOK && !strings.HasPrefix(body, `{"count":5,`) {
			t.Errorf("%s hosts: %d %s", count, status, body)
		}
	}
}

func TestMistakesEndIt(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"--fault", "GET"},
		{"--node", "lag=5"},
		{"--no-such-flag"},
		{"stray"},
		{"--listen", "no-such-host.invalid:1"},
		{"--listen", "127.0.0.1:0", "--ca-file", "/no/such/folder/ca.pem"},
		{"--listen", "127.0.0.1:0", "--ready-file", "/no/such/folder/ready.env"},
	} {
		if err := run(t.Context(), args, io.Discard, io.Discard); err == nil {
			t.Errorf("%q: no error", args)
		}
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	var stderr bytes.Buffer
	if err := run(t.Context(), []string{"-h"}, io.Discard, &stderr); err != nil || !strings.Contains(stderr.String(), "-members-per-role") {
		t.Errorf("%v: %s", err, stderr.String())
	}
}
