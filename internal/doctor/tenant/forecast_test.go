package tenant

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/doctor/ask"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// The calls of BENCHMARKS.md, which were counted, come out of the formula.
func TestCallsAsMeasured(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ users, roles, calls int }{
		{12503, 254, 285}, {20003, 404, 451}, {25003, 504, 561}, {50003, 1004, 1112}, {100003, 2004, 2213},
	} {
		s := sizes{users: c.users, roles: c.roles, lengths: []int{c.users}}
		for len(s.lengths) < c.roles {
			s.lengths = append(s.lengths, 500)
		}
		p := plan{userPage: 1000, rolePage: 1000, memberPage: 1000}
		all, _ := p.calls(s)
		require.Equal(t, c.calls, all)

		s.lengths = s.lengths[:13] // As in a sample.
		all, _ = p.calls(s)
		require.Equal(t, c.calls, all)
	}
}

// A sync is expected to take no less than was measured with these latencies and workers, and
// not much more.
func TestDurationAsMeasured(t *testing.T) {
	t.Parallel()
	s := sizes{users: 20003, roles: 404, memberships: 98732, lengths: []int{20003}}
	for len(s.lengths) < s.roles {
		s.lengths = append(s.lengths, 195)
	}
	p := plan{userPage: 1000, rolePage: 1000, memberPage: 1000}
	for _, c := range []struct {
		latency  time.Duration
		workers  int
		measured float64
	}{
		{0, 1, 6.71},
		{0, 4, 4.05},
		{5 * time.Millisecond, 4, 6.01},
		{20 * time.Millisecond, 1, 16.61},
		{20 * time.Millisecond, 16, 6.23},
		{50 * time.Millisecond, 1, 29.49},
		{50 * time.Millisecond, 4, 11.21},
		{50 * time.Millisecond, 16, 8.03},
	} {
		expected := p.duration(s, c.workers, c.latency).Seconds()
		require.InDelta(t, c.measured*1.25, expected, c.measured*0.45, "%v, %d workers", c.latency, c.workers)
	}
}

// Fewer rows are asked for where the connector would ask for fewer.
func TestFewerRowsAfterAnAnswer(t *testing.T) {
	t.Parallel()
	refused := &api.Error{Kind: api.Invalid, Status: 400}
	for _, c := range []struct {
		err          error
		took         time.Duration
		limit, fewer int
	}{
		{nil, 0, 1000, 0},
		{refused, 0, 1000, 500},
		{refused, 0, 70, 50},
		{refused, 0, 10, 0},
		{&api.Error{Kind: api.TooLong}, 0, 500, 100},
		{&api.Error{Kind: api.TooSlow}, time.Second, 1000, 100},
		{&api.Error{Kind: api.TooSlow}, time.Second, 20, 10},
		{api.TimedOut("x"), ask.Timeout - time.Millisecond, 1000, 100},
		{&api.Error{Kind: api.Unavailable}, time.Second, 1000, 0},
		{&api.Error{Kind: api.Forbidden, Status: 403}, 0, 1000, 0},
	} {
		require.Equal(t, c.fewer, fewerAfter(&ask.Answer{Err: c.err, Took: c.took}, c.limit), "%v by %d", c.err, c.limit)
	}
}

func TestPagesOfAList(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ rows, size, calls int }{
		{0, 10, 1}, {9, 10, 1}, {10, 10, 2}, {18, 10, 2}, {19, 10, 3}, {3, 1, 4},
	} {
		require.Equal(t, c.calls, pages(c.rows, c.size), "%d rows by %d", c.rows, c.size)
	}
}

// The forecast never falls, is what was measured where something was, and is between two
// measurements between them.
func TestForecastIsNeverBelowWhatWasMeasured(t *testing.T) {
	t.Parallel()
	for _, m := range measured {
		expected := forecast(m.rows)
		require.Equal(t, m.memory, expected.memory, "%d rows", m.rows)
		require.Equal(t, m.disk, expected.disk, "%d rows", m.rows)
	}
	last := forecast(0)
	for rows := 0; rows < 4_000_000; rows += 997 {
		expected := forecast(rows)
		require.GreaterOrEqual(t, expected.memory, last.memory)
		require.GreaterOrEqual(t, expected.disk, last.disk)
		last = expected
	}
	require.Greater(t, last.memory, measured[len(measured)-1].memory, "beyond what was measured, it goes on")
}

func TestSpreadTakesFromAllOver(t *testing.T) {
	t.Parallel()
	require.Equal(t, []int{1, 2, 3}, spread([]int{1, 2, 3}, 5))
	require.Equal(t, []int{0, 3, 6, 9}, spread([]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, 4))
	require.Equal(t, []int{0}, spread([]int{0, 1, 2}, 1))
}

func TestDurationsInWords(t *testing.T) {
	t.Parallel()
	for words, d := range map[string]time.Duration{
		"less than 1 ms": time.Microsecond, "20 ms": 20 * time.Millisecond, "1 second": time.Second, "3 seconds": 2100 * time.Millisecond,
		"3 minutes": 121 * time.Second, "3 hours": 2*time.Hour + time.Second,
	} {
		require.Equal(t, words, inWords(d))
	}
}
