package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// profileFile writes a report with some answers and sizes.
func profileFile(t *testing.T, answers, sizes string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "report.json")
	text := fmt.Sprintf(`{"format":1,"versions":{"connector":"1.0.0"},"answers":{%s},"sizes":{%s},"timings":{},"checks":[]}`, answers, sizes)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// get asks with a new token.
func (i *instance) get(path string) (int, string) {
	request := i.request(http.MethodGet, "/role-store/api/v1/"+path, nil)
	request.Header.Set("Authorization", "Bearer "+i.token())
	return i.body(request)
}

// It has the manners and about the size of a PrivX of which there is a report, and says
// what it cannot take on.
func TestProfile(t *testing.T) {
	t.Parallel()
	i := start(t, "--profile", profileFile(t,
		`"PXQ-002":{"side":"b"},"PXQ-003":{"side":"otherwise"},"PXQ-006":{"side":"b"},"PXQ-049":{"side":"b"},"PXQ-067":{"side":"b"}`,
		`"users":10,"roles":10,"memberships":100`))
	status, body := i.get("roles")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, body, `{"items":[{`)
	status, body = i.get("users/current")
	require.Equal(t, http.StatusOK, status)
	require.NotContains(t, body, `"id":"`+i.Environment["BATON_API_CLIENT_ID"])
	log := i.Log.String()
	require.Contains(t, log, "13 users, 14 roles, ")
	require.Contains(t, log, "the profile has no side for PXQ-003: as by default\n")
	require.Contains(t, log, "not taken on: PXQ-006 b: nothing comes or goes in a simulated PrivX by itself\n")
	require.Contains(t, log, " by node ")
}

// The size of a profile is bounded.
func TestProfileOfMuch(t *testing.T) {
	t.Parallel()
	i := start(t, "--profile", profileFile(t, "", `"users":1000000,"roles":100000`))
	require.Contains(t, i.Log.String(), "2003 users, 204 roles, ")
}

// What flags say goes before what the profile does.
func TestProfileAndFlags(t *testing.T) {
	t.Parallel()
	i := start(t, "--profile", profileFile(t,
		`"PXQ-001":{"side":"b"},"PXQ-028":{"side":"b"},"PXQ-060":{"side":"b"},"PXQ-067":{"side":"b"}`, `"users":1000,"roles":100`),
		"--users", "5", "--roles", "0", "--refuse-large-pages=false", "--node", "", "--fault", "GET /role-store/api/v1/sources status=418")
	status, _ := i.get("roles?limit=2000")
	require.Equal(t, http.StatusOK, status)
	status, _ = i.get("sources")
	require.Equal(t, http.StatusTeapot, status)
	status, _ = i.get("users/" + i.Environment["BATON_API_CLIENT_ID"] + "/roles")
	require.Equal(t, http.StatusForbidden, status, "the profile's")
	require.Contains(t, i.Log.String(), "8 users, 4 roles, ")
	require.NotContains(t, i.Log.String(), " by node ")
}

func TestProfileMistakes(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/no/such/report.json":                         "no such file",
		profileFile(t, `"PXQ-999":{"side":"a"}`, ""):   `no question "PXQ-999"`,
		profileFile(t, `"PXQ-001":{"side":"zzz"}`, ""): `PXQ-001 has no side "zzz"`,
	} {
		require.ErrorContains(t, run(t.Context(), []string{"--profile", path}, io.Discard, io.Discard), want)
	}
}
