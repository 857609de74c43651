package faultmatrix

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/privxsim"
)

// No kind of fault that the simulator knows is left out, and each has a name of its
// own that a table's row can bear.
func TestFaultsAreAll(t *testing.T) {
	t.Parallel()
	names, kinds := make(map[string]bool), make(map[privxsim.FaultKind]bool)
	for _, fault := range Faults() {
		require.NotContains(t, names, fault.Name)
		require.NotContains(t, fault.Name, "|")
		names[fault.Name] = true
		if fault.midway == nil {
			kinds[fault.fault.Kind] = true
		}
	}
	kind := privxsim.FaultKind(0)
	for ; !strings.HasPrefix(kind.String(), "FaultKind("); kind++ {
		require.Contains(t, kinds, kind, kind.String())
	}
	require.Len(t, kinds, int(kind))
}

// Faults of lists happen to lists, and to none that is truly empty.
func TestWhatListFaultsFit(t *testing.T) {
	t.Parallel()
	const api = "/role-store/api/v1/"
	calls := map[string]Call{
		"users":       {Method: http.MethodPost, Path: api + "users/search"},
		"page 2":      {Method: http.MethodPost, Path: api + "users/search", LaterPage: true},
		"a user gone": {Method: http.MethodPost, Path: api + "users/search", Empty: true},
		"roles":       {Method: http.MethodGet, Path: api + "roles"},
		"members":     {Method: http.MethodGet, Path: api + "roles/{role}/members"},
		"user roles":  {Method: http.MethodGet, Path: api + "users/*/roles"},
		"sources":     {Method: http.MethodGet, Path: api + "sources"},
		"write":       {Method: http.MethodPut, Path: api + "users/*/roles"},
		"role":        {Method: http.MethodGet, Path: api + "roles/*"},
		"user":        {Method: http.MethodGet, Path: api + "users/*"},
		"hosts":       {Method: http.MethodPost, Path: "/host-store/api/v1/hosts/search"},
		"AWS roles":   {Method: http.MethodGet, Path: api + "awsroles"},
		"host":        {Method: http.MethodGet, Path: "/host-store/api/v1/hosts/*"},
		"token":       {Method: http.MethodPost, Path: "/auth/api/v1/oauth/token"},
	}
	want := map[privxsim.FaultKind][]string{
		privxsim.FaultEmptyList: {"AWS roles", "hosts", "members", "page 2", "roles", "sources", "user roles", "users"},
		privxsim.FaultNullItems: {"AWS roles", "hosts", "members", "page 2", "roles", "sources", "user roles", "users"},
		privxsim.FaultTies:      {"a user gone", "hosts", "members", "page 2", "roles", "users"},
		privxsim.FaultPageCount: {"a user gone", "hosts", "members", "page 2", "roles", "users"},
		privxsim.FaultTurnover:  {"page 2"},
		privxsim.FaultStale:     {"user roles"},
	}
	for _, fault := range Faults() {
		wanted, ok := want[fault.fault.Kind]
		if !ok || fault.midway != nil {
			continue
		}
		var got []string
		for name, call := range calls {
			if fault.Fits(call) {
				got = append(got, name)
			}
		}
		require.ElementsMatch(t, wanted, got, fault.Name)
		require.Equal(t, fault.fault.Kind == privxsim.FaultTurnover, fault.Turns, fault.Name)
		require.Equal(t, fault.fault.Kind == privxsim.FaultEmptyList || fault.fault.Kind == privxsim.FaultNullItems, fault.Empties, fault.Name)
	}
}

// What is written is what is read, and the rest of a document stays.
func TestTableInADocument(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "faults.md")
	operations := []Operation{{"sync", []string{"users", "roles"}}, {"grant", []string{"write"}}}
	before := "# Title\n\n" + begin("sync") + end + "between\n" + begin("grant") + "| old |\n" + end + "behind\n"
	require.NoError(t, os.WriteFile(path, []byte(before), 0o600))
	table := make(Table)
	table.Set("sync", "429", "users", Outcome("complete", "Aborted"))
	table.Set("sync", "500", "users", Outcome("complete", "Aborted"))
	table.Set("sync", "501", "roles", Outcome("NotFound", "NotFound"))
	table.Set("grant", "429", "write", "verified")
	require.NoError(t, Write(path, operations, table))
	got, err := Read(path, operations)
	require.NoError(t, err)
	require.Equal(t, table, got)
	require.Equal(t, "complete", Once(got["sync"]["429"]["users"]))
	require.Equal(t, "NotFound", Once(got["sync"]["501"]["roles"]))

	content, err := os.ReadFile(path)
	require.NoError(t, err)
	text := string(content)
	for _, part := range []string{"# Title\n\n", end + "between\n", end + "behind\n", "| 429<br>500 | complete / Aborted | – |"} {
		require.Contains(t, text, part)
	}
	require.NotContains(t, text, "old")
	_, err = Read(path, []Operation{{Name: "revoke"}})
	require.ErrorContains(t, err, "no table for revoke")
	require.ErrorContains(t, Write(path, []Operation{{Name: "revoke"}}, table), "no place for the table of revoke")
}
