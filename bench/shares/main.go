// Command shares sums a profile of the processor time and one of allocations up, as
// the rows of a table: which part of the program had which share of either.
package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"

	"github.com/google/pprof/profile"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "shares:", err)
		os.Exit(1)
	}
}

// A part of the program, by the names of its functions.
type part struct {
	name      string
	functions *regexp.Regexp
}

// parts are sorted by name. A function belongs to one of them at most.
var parts = []part{
	{runtimeAlone, regexp.MustCompile(`$^`)}, // whatever belongs to no other part
	{"HTTP and network", regexp.MustCompile(`^(net|io|bufio|bytes|internal/poll)[./]`)},
	{"JSON", regexp.MustCompile(`^encoding/`)},
	{"TLS", regexp.MustCompile(`^(crypto|hash|internal/fips|vendor/golang\.org/x/crypto)`)},
	{"baton-sdk", regexp.MustCompile(`^github\.com/conductorone/(baton-sdk|dpop)`)},
	{"gRPC", regexp.MustCompile(`^(google\.golang\.org/grpc|golang\.org/x/net)`)},
	{"protobuf", regexp.MustCompile(`^google\.golang\.org/protobuf`)},
	{"this connector", regexp.MustCompile(`^github\.com/conductorone/baton-privx/pkg/`)},
}

const runtimeAlone = "Go by itself: garbage collection, scheduling"

func run(files []string, out io.Writer) error {
	if len(files) != 2 {
		return errors.New("usage: shares CPU-PROFILE ALLOCS-PROFILE")
	}
	cpu, err := read(files[0], "cpu")
	if err != nil {
		return err
	}
	allocs, err := read(files[1], "alloc_space")
	if err != nil {
		return err
	}
	for _, p := range parts {
		if _, err := fmt.Fprintf(out, "| %s | %.1f %% | %.1f %% |\n", p.name, cpu[p.name], allocs[p.name]); err != nil {
			return err
		}
	}
	return nil
}

// read returns how many percent of a profile each part has.
func read(path, sampleType string) (map[string]float64, error) {
	file, err := os.Open(path) //nolint:gosec // The caller names it.
	if err != nil {
		return nil, err
	}
	defer file.Close()
	parsed, err := profile.Parse(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	index, err := parsed.SampleIndexByName(sampleType)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	percent, all := map[string]float64{}, 0.0
	for _, sample := range parsed.Sample {
		value := float64(sample.Value[index])
		percent[partOf(sample)] += value
		all += value
	}
	for name := range percent {
		percent[name] *= 100 / cmp.Or(all, 1)
	}
	return percent, nil
}

// partOf returns the part that was at work: that of the innermost function that
// belongs to one. What Go's runtime does for a part (memory, maps, reflection)
// therefore counts for it.
func partOf(sample *profile.Sample) string {
	for _, location := range sample.Location {
		for _, line := range location.Line { // inlined functions before their callers
			of := func(p part) bool { return line.Function != nil && p.functions.MatchString(line.Function.Name) }
			if i := slices.IndexFunc(parts, of); i >= 0 {
				return parts[i].name
			}
		}
	}
	return runtimeAlone
}
