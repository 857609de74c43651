package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	rowOf1000 = "| 1000 users, 20 roles, 5000 memberships | baton-privx | 285 | 2.5 s | 39.53 ms | 1.5 s | 1 s | 0.69 s | 56 | 300 | 356 |\n"
	rowOf4000 = "| 4000 users, 80 roles, 20000 memberships | baton-privx | 561 | 10 s | 32.03 ms | 6 s | 5 s | 1.33 s | 60 | 600 | 660 |\n"
	floor     = "| 9000 users, 80 roles, 20000 memberships | floor | 0 | 99 s | 32.03 ms | 99 s | 99 s | 0 s | 99 | 999 | 999 |\n"
)

// document has some rows, as scripts/bench.sh writes them, below other parts.
func document(rows ...string) string {
	return "<!-- grid -->\nMeasured on 2020-01-01.\n<!-- end -->\n\n<!-- scale -->\n    make bench PARTS=scale\n\n" +
		"Measured on 2026-11-24, commit 3b45f805d1df.\n\nOne run each, with 4 workers and no latency. Memory is the peak.\n\n" +
		header + "\n|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n" + strings.Join(rows, "") + "<!-- end -->\n"
}

// drawn is what run draws from a document: the pictures of time and of memory.
func drawn(t *testing.T, document string) (string, string) {
	t.Helper()
	folder := t.TempDir()
	from := filepath.Join(folder, "BENCHMARKS.md")
	require.NoError(t, os.WriteFile(from, []byte(document), 0o600))
	require.NoError(t, run(from, folder))
	time, err := os.ReadFile(filepath.Join(folder, "sync-time.svg"))
	require.NoError(t, err)
	memory, err := os.ReadFile(filepath.Join(folder, "sync-memory.svg"))
	require.NoError(t, err)
	return string(time), string(memory)
}

func TestPicturesShowWhatTheTableSays(t *testing.T) {
	t.Parallel()
	time, memory := drawn(t, document(rowOf1000, floor, rowOf4000))
	require.Contains(t, time, "With 4,000 users. Whole sync: 10 s. Writing the file: 5 s of processor time. Asking PrivX: 6 s of processor time.")
	require.Contains(t, memory, "With 4,000 users. Both processes: 660 MiB at most. Writing the file: 600 MiB. Asking PrivX: 60 MiB.")
	for _, picture := range []string{time, memory} {
		require.Contains(t, picture, "a role to 50 users and 5 roles to a user.")
		require.Contains(t, picture, "One run each, with 4 workers and no latency. Measured on 2026-11-24, commit 3b45f805d1df.")
		require.Equal(t, 6, strings.Count(picture, "<circle"), "three lines of two points")
		requireWellFormed(t, picture)
	}
	// A quarter of the way across, and 2.5 of 12.5 seconds up; then all of the way across.
	require.Contains(t, time, `points="135.5,244.0 374.0,118.0"`)
}

func TestOneSyncIsAPicture(t *testing.T) {
	t.Parallel()
	time, memory := drawn(t, document(strings.Replace(rowOf1000, "356", "1356", 1)))
	requireWellFormed(t, time)
	requireWellFormed(t, memory)
	require.Contains(t, time, "Whole sync: 2.5 s.")
	require.Contains(t, memory, "Both processes: 1,356 MiB at most.")
}

func requireWellFormed(t *testing.T, picture string) {
	t.Helper()
	for decoder := xml.NewDecoder(strings.NewReader(picture)); ; {
		_, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		require.NoError(t, err)
	}
}

func TestWhatCannotBeDrawnIsAnError(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ document, want string }{
		"nothing":           {"", "no table with these columns"},
		"other columns":     {strings.Replace(document(rowOf1000), "parent | both", "both | parent", 1), "no table with these columns"},
		"no date":           {strings.Replace(document(rowOf1000), "Measured on 2026", "Made on 2026", 1), "when and how"},
		"the floor alone":   {document(floor), "no row of baton-privx"},
		"a cell is missing": {document(strings.Replace(rowOf1000, "| 285 ", "", 1)), "12 cells in place of 13"},
		"no number":         {document(strings.Replace(rowOf1000, "2.5 s", "- s", 1)), `parsing "-"`},
		"no memberships":    {document(strings.Replace(rowOf1000, ", 5000 memberships", "", 1)), "not users, roles and memberships"},
		"zero":              {document("| 0 users, 0 roles, 0 memberships | baton-privx | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 |\n"), "no number is above 0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from := filepath.Join(t.TempDir(), "BENCHMARKS.md")
			require.NoError(t, os.WriteFile(from, []byte(test.document), 0o600))
			require.ErrorContains(t, run(from, t.TempDir()), test.want)
		})
	}
	require.ErrorIs(t, run(filepath.Join(t.TempDir(), "none"), t.TempDir()), os.ErrNotExist)
}

func TestAxesHaveRoundNumbers(t *testing.T) {
	t.Parallel()
	for most, want := range map[float64]string{
		9.9: "0 2 4 6 8", 10: "0 2.5 5 7.5 10", 42: "0 10 20 30 40", 55: "0 20 40", 982: "0 200 400 600 800",
		1500: "0 500 1,000 1,500", 100003: "0 25,000 50,000 75,000 100,000",
	} {
		var texts []string
		for _, tick := range ticks(scale{0, most, left, right}, stepOf(most)) {
			texts = append(texts, tick.Text)
		}
		require.Equal(t, want, strings.Join(texts, " "))
	}
}

func TestLabelsDoNotCoverOneAnother(t *testing.T) {
	t.Parallel()
	lines := []stroke{{LabelAt: 100}, {LabelAt: 80}, {LabelAt: 81}, {LabelAt: 200}}
	spread(lines)
	require.InDelta(t, labelHeight, lines[0].LabelAt-lines[2].LabelAt, 1)
	require.InDelta(t, labelHeight, lines[2].LabelAt-lines[1].LabelAt, 1)
	require.InDelta(t, 87, (lines[0].LabelAt+lines[1].LabelAt+lines[2].LabelAt)/3, 1, "where they were, on average")
	require.InDelta(t, 200, lines[3].LabelAt, 0, "nothing covers it")
}
