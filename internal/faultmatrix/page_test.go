package faultmatrix

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var updatePage = flag.Bool("update-page", false, "write the operator's page instead of comparing with it")

// matrix is the table that is checked in.
func matrix(t *testing.T) Table {
	t.Helper()
	var operations []Operation
	for _, c := range chapters() {
		for _, name := range c.operations {
			operations = append(operations, Operation{Name: name})
		}
	}
	table, err := Read(filepath.Base(Path), operations)
	require.NoError(t, err)
	return table
}

// The operator's page says what the matrix does, in tables that can be read.
func TestPage(t *testing.T) {
	t.Parallel()
	page := filepath.Join("..", "..", Page)
	if *updatePage {
		require.NoError(t, WritePage(page, matrix(t)))
	}
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	anew := filepath.Join(t.TempDir(), "page.md")
	require.NoError(t, os.WriteFile(anew, text, 0o600))
	require.NoError(t, WritePage(anew, matrix(t)))
	want, err := os.ReadFile(anew)
	require.NoError(t, err)
	require.Equal(t, string(want), string(text), "run make faults")
	for _, c := range chapters() {
		require.LessOrEqual(t, strings.Count(c.render(matrix(t)), "\n| "), 20, c.name)
	}
}

// No fault and no call of the matrix is left out of the page, and none is told twice.
func TestPageIsWhole(t *testing.T) {
	t.Parallel()
	var faults, told []string
	for _, fault := range Faults() {
		faults = append(faults, fault.Name)
	}
	for _, row := range troubles() {
		told = append(told, row.faults...)
	}
	require.ElementsMatch(t, faults, told)
	calls, named := make(map[string]bool), make(map[string]int)
	for operation, rows := range matrix(t) {
		for _, cells := range rows {
			for call := range cells {
				calls[operation+"/"+call] = true
			}
		}
	}
	for _, c := range chapters() {
		for _, m := range append(c.moments, c.asides...) {
			for _, call := range m.calls {
				operation, _, _ := strings.Cut(call, "/")
				require.Contains(t, c.operations, operation)
				require.True(t, calls[call], "there is no call %s", call)
				named[call]++
			}
		}
	}
	for call := range calls {
		require.Equal(t, 1, named[call], call)
	}
}

// Each error says that the change has been made at those moments of which the page says
// so beforehand.
func TestErrorsThatSayThatTheChangeIsMade(t *testing.T) {
	t.Parallel()
	table := matrix(t)
	seen := 0
	for _, c := range chapters() {
		for _, m := range c.moments {
			for _, name := range m.calls {
				operation, call, _ := strings.Cut(name, "/")
				for fault, cells := range table[operation] {
					for _, outcome := range []string{Once(cells[call]), Forever(cells[call])} {
						if m.made && outcome != "" && outcome != "verified" {
							seen++
							require.True(t, strings.HasSuffix(outcome, ", though made"), "%s, %s: %s", name, fault, outcome)
						}
					}
				}
			}
		}
	}
	require.Positive(t, seen)
}

// What comes at one moment in two ways is told as what may come, and what does at
// most moments is told first.
func TestSentences(t *testing.T) {
	t.Parallel()
	table := make(Table)
	set := func(call, fault, outcome string) { table.Set("sync", fault, call, outcome) }
	for _, call := range []string{"a", "b", "c", "d", "e"} {
		set(call, "an answer without a date", "complete")
		set(call, "x", "Aborted")
		set(call, "y", "Aborted")
	}
	set("b", "y", "complete / Aborted")
	set("c", "x", "NotFound, though made")
	set("c", "y", "NotFound, though made")
	set("d", "x", "NotFound, though made")
	set("d", "y", "NotFound, though made")
	set("e", "an answer without a date", "complete, with a warning")
	set("e", "x", "complete, with a warning")
	c := chapter{operations: []string{"sync"}, moments: []moment{
		{words: "while it as", calls: []string{"sync/a"}}, {words: "while it bs", calls: []string{"sync/b"}},
		{words: "while it cs", calls: []string{"sync/c"}}, {words: "in ds", calls: []string{"sync/d"}},
		{words: "in es", calls: []string{"sync/e"}},
	}}
	row := trouble{"it is xy", []string{"x", "y"}}
	require.Equal(t, "It fails with Aborted. While it bs or in es, it may be complete. While it cs or in ds, it fails with NotFound, though the change has been made.", c.sum(table, row, Once))
	require.Equal(t, "It fails with Aborted. While it cs or in ds, it fails with NotFound, though the change has been made. In es, it may be complete.", c.sum(table, row, Forever))
	require.Empty(t, c.sum(table, trouble{"nothing", []string{"z"}}, Once))
	c.moments[2].made = true
	require.Contains(t, c.sum(table, row, Once), "While it cs, it fails with NotFound. In ds,")
	require.Equal(t, "while it as, bs, in cs or while it ds", when([]string{"while it as", "while it bs", "in cs", "while it ds"}))
}
