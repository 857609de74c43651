package tenant

import "math"

// measurement is what a sync of so many rows (users, roles and memberships together) was
// measured to take.
type measurement struct {
	rows int
	// memory is the peak of all processes together, and disk what the temporary folder held
	// at its fullest, in bytes.
	memory, disk int64
}

const (
	mib = 1 << 20
	mb  = 1_000_000
)

// measured is from two tables: "Scale" in BENCHMARKS.md (memory of both processes, with 4
// workers) and the one of a sync in service mode in README.md (memory of the whole cgroup,
// temporary folder). Where both measured the same size, the larger number is here. The first
// row is a tenant of 120 users.
var measured = []measurement{
	{rows: 600, memory: 200 * mib, disk: 140 * mb},
	{rows: 30_500, memory: 200 * mib, disk: 500 * mb},
	{rows: 151_494, memory: 362 * mib, disk: 540 * mb},
	{rows: 302_000, memory: 810 * mib, disk: 580 * mb},
	{rows: 602_470, memory: 863 * mib, disk: 660 * mb},
	{rows: 1_200_931, memory: 982 * mib, disk: 820 * mb},
}

// Not measured are the space for more than 302,000 rows and for 151,494, which go on as
// between 30,500 and 302,000 rows, by 30 MB for 100,000 rows, rounded up.

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
