package faultmatrix

import (
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
