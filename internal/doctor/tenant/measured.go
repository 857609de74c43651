package tenant

import (
	"math"

	"github.com/conductorone/baton-privx/internal/doctor"
)

// measurement is what a sync of so many rows (users, roles and memberships together) was
// measured to take.
type measurement struct {
	rows int
	// memory is the peak of all processes together, and disk what the temporary folder held
	// at its fullest, in bytes.
	memory, disk int64
	// space tells that disk was measured, too.
	space bool
}

const (
	mib = 1 << 20
	mb  = 1_000_000
)

// measured is from two tables: "Scale" in BENCHMARKS.md (memory of both processes, with 4
// workers) and the one of a sync in service mode in docs/running.md (memory of the whole cgroup,
// temporary folder, also of 120 users). Where both measured the same size, the larger number
// is here. The first row, of 15 users, was measured by hand on 2026-11-28, and has the memory
// of the next one, as no less was measured in a cgroup. Where space was not measured, it goes
// on as between 30,500 and 302,000 rows, rounded up.
var measured = []measurement{
	{rows: 64, memory: 200 * mib, disk: 75 * mb, space: true},
	{rows: 600, memory: 200 * mib, disk: 140 * mb, space: true},
	{rows: 30_500, memory: 200 * mib, disk: 500 * mb, space: true},
	{rows: 151_494, memory: 362 * mib, disk: 540 * mb},
	{rows: 302_000, memory: 810 * mib, disk: 580 * mb, space: true},
	{rows: 602_470, memory: 863 * mib, disk: 680 * mb},
	{rows: 1_200_931, memory: 982 * mib, disk: 880 * mb},
}

// mostMeasured is the largest sync that was measured, in rows.
func mostMeasured() int { return measured[len(measured)-1].rows }

// forecast is what a sync of so many rows is expected to take: a straight line between two
// measurements, and beyond them the last line goes on. It is never below a measurement of
// fewer rows.
func forecast(rows int) measurement {
	expected := measured[0]
	expected.rows = rows
	for i := 1; i < len(measured); i++ {
		before, after := measured[i-1], measured[i]
		if rows <= before.rows {
			break
		}
		share := float64(rows-before.rows) / float64(after.rows-before.rows)
		if i < len(measured)-1 {
			share = min(share, 1)
		}
		expected.memory = before.memory + int64(math.Ceil(share*float64(after.memory-before.memory)))
		expected.disk = before.disk + int64(math.Ceil(share*float64(after.disk-before.disk)))
	}
	return expected
}

// LeastMemory is what a single process of the connector takes that does next to nothing: a
// probe, in docs/running.md. A sync has two or three of them.
const LeastMemory int64 = 32 * mb

// LeastDisk is what a sync surely takes of temporary space: what was measured of one that is
// not larger.
func LeastDisk(v *doctor.Visit) int64 {
	least := measured[0].disk
	for _, m := range measured {
		if m.space && m.rows <= v.Users+v.Roles+v.Memberships+v.ReachRows {
			least = m.disk
		}
	}
	return least
}
