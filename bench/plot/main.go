// Command plot draws time and memory of a sync by size of the tenant, as SVG, from the
// table that BENCHMARKS.md has of them. It measures nothing: the same table gives the
// same pictures, byte for byte.
//
// It draws by itself, as the libraries for charts write each colour where it is used.
// These pictures have their colours in one place, twice: for light and for dark pages.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if err := run("BENCHMARKS.md", filepath.Join("docs", "pictures")); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "plot:", err)
		os.Exit(1)
	}
}

// run draws what a document has measured, into a folder.
func run(document, folder string) error {
	text, err := os.ReadFile(document)
	if err != nil {
		return err
	}
	measured, err := parse(string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", document, err)
	}
	for name, picture := range map[string]chart{"sync-time.svg": timeOf(measured), "sync-memory.svg": memoryOf(measured)} {
		drawn, err := picture.draw()
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), drawn, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// timeOf is how long syncs took, and the processor time of it.
func timeOf(m *measurements) chart {
	return chart{
		title: "Time of a sync, by users in PrivX", unit: "Seconds", note: m.note(),
		lines: []line{
			{"all", "Whole sync", "s", m.points(func(s syncOf) float64 { return s.wall })},
			{"file", "Writing the file", "s of processor time", m.points(func(s syncOf) float64 { return s.parentTime })},
			{"privx", "Asking PrivX", "s of processor time", m.points(func(s syncOf) float64 { return s.childTime })},
		},
	}
}

// memoryOf is how much memory syncs took at their peak.
func memoryOf(m *measurements) chart {
	return chart{
		title: "Peak memory of a sync, by users in PrivX", unit: "MiB", note: m.note(),
		lines: []line{
			{"all", "Both processes", "MiB at most", m.points(func(s syncOf) float64 { return s.bothPeak })},
			{"file", "Writing the file", "MiB", m.points(func(s syncOf) float64 { return s.parentPeak })},
			{"privx", "Asking PrivX", "MiB", m.points(func(s syncOf) float64 { return s.childPeak })},
		},
	}
}
