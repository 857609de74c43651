package main

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// header is that of the table in BENCHMARKS.md, as scripts/bench.sh writes it.
const header = "| Users, roles, memberships | | Calls | Wall time | Per 1000 rows | " +
	"Processor time: child | parent | simulator | Memory: child | parent | both |"

// Two sentences before the table: when it was made, and how.
var (
	measuredOn  = regexp.MustCompile(`(?m)^Measured on .*\.$`)
	measuredHow = regexp.MustCompile(`(?m)^One run each, [^.]*\.`)
)

// measurements are those of the part scale.
type measurements struct {
	on, how string
	syncs   []syncOf
}

// syncOf is what one sync of the connector took. The child is the process that asks
// PrivX, and the parent the one that writes the file.
type syncOf struct {
	users, roles, memberships       float64
	wall, childTime, parentTime     float64 // seconds
	childPeak, parentPeak, bothPeak float64 // MiB
}

// parse reads the part scale of BENCHMARKS.md.
func parse(document string) (*measurements, error) {
	_, part, _ := strings.Cut(document, "<!-- scale -->")
	part, _, _ = strings.Cut(part, "<!-- end -->")
	before, rows, found := strings.Cut(part, header+"\n")
	if !found {
		return nil, errors.New("the part scale has no table with these columns: " + header)
	}
	m := &measurements{on: measuredOn.FindString(before), how: measuredHow.FindString(before)}
	if m.on == "" || m.how == "" {
		return nil, errors.New("the part scale does not say when and how it was measured")
	}
	for row := range strings.Lines(rows) {
		cells := strings.Split(row, "|")
		if len(cells) < 3 || strings.TrimSpace(cells[2]) != "baton-privx" {
			continue // the floor, or no row
		}
		s, err := syncIn(cells)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", strings.TrimSpace(row), err)
		}
		m.syncs = append(m.syncs, s)
	}
	if len(m.syncs) == 0 {
		return nil, errors.New("the part scale has no row of baton-privx")
	}
	return m, nil
}

// syncIn reads a row. The cell before the first line is the one with the index 0.
func syncIn(cells []string) (syncOf, error) {
	var s syncOf
	if want := strings.Count(header, "|") + 1; len(cells) != want {
		return s, fmt.Errorf("%d cells in place of %d", len(cells), want)
	}
	size := strings.Split(cells[1], ",")
	if len(size) != 3 {
		return s, errors.New("not users, roles and memberships")
	}
	for _, number := range []struct {
		to   *float64
		text string
	}{
		{&s.users, size[0]}, {&s.roles, size[1]}, {&s.memberships, size[2]},
		{&s.wall, cells[4]}, {&s.childTime, cells[6]}, {&s.parentTime, cells[7]},
		{&s.childPeak, cells[9]}, {&s.parentPeak, cells[10]}, {&s.bothPeak, cells[11]},
	} {
		// After a number comes its unit, if it has one.
		first, _, _ := strings.Cut(strings.TrimSpace(number.text), " ")
		var err error
		if *number.to, err = strconv.ParseFloat(first, 64); err != nil {
			return s, err
		}
	}
	return s, nil
}

// largest is the sync with the most users.
func (m *measurements) largest() syncOf {
	largest := m.syncs[0]
	for _, s := range m.syncs {
		if s.users > largest.users {
			largest = s
		}
	}
	return largest
}

// note says of what the measurements are, how and when they were made.
func (m *measurements) note() []string {
	l := m.largest()
	return []string{
		fmt.Sprintf("A simulated PrivX on the same machine, with a role to %.0f users and %.0f roles to a user.", l.users/l.roles, l.memberships/l.users),
		m.how + " " + m.on,
	}
}

// points pairs the number of users with what was measured.
func (m *measurements) points(of func(syncOf) float64) []point {
	points := make([]point, 0, len(m.syncs))
	for _, s := range m.syncs {
		points = append(points, point{s.users, of(s)})
	}
	return points
}
