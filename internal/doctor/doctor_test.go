package doctor_test

import (
	"bytes"
	"context"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/doctor"
)

// ending is a check that ends in a way; empty is that it passes.
func ending(id, way string, needs ...string) doctor.Check {
	return doctor.Check{
		ID: id, Promise: "it holds", Needs: needs,
		Ways: []doctor.Way{
			{Name: "bad", Outcome: doctor.Failed, When: "It is bad.", Matters: "It hurts.", Do: "Mend it."},
			{Name: "odd", Outcome: doctor.Warning, When: "It is odd.", Matters: "It may hurt.", Do: "Look at it."},
			{Name: "unseen", Outcome: doctor.Skipped, When: "There is nothing to see."},
		},
		Run: func(context.Context, *doctor.Visit) doctor.Finding {
			return doctor.Finding{Way: way, Found: "this", Wanted: "that", Cause: "a cause"}
		},
	}
}

func layersOf(checks ...doctor.Check) []doctor.Layer {
	return []doctor.Layer{{Name: "One", Checks: checks[:1]}, {Name: "Two", Checks: checks[1:]}}
}

// shownBy is what a run shows.
func shownBy(ctx context.Context, t *testing.T, runner *doctor.Runner, text *doctor.Text) (string, doctor.Summary) {
	t.Helper()
	var out bytes.Buffer
	text.Out = &out
	runner.Began, runner.Ended = text.Began, text.Ended
	v := &doctor.Visit{}
	s := doctor.Summarize(v, runner.Run(ctx, v), time.Second)
	text.Summary(s)
	return out.String(), s
}

func TestText(t *testing.T) {
	t.Parallel()
	layers := layersOf(
		ending("PX-A-01", ""), ending("PX-B-01", "odd"), ending("PX-B-02", "bad", "PX-B-01"),
		ending("PX-B-03", "", "PX-B-02"), ending("PX-B-04", "", "PX-B-03"), ending("PX-B-05", "unseen"))
	all, summary := shownBy(t.Context(), t, &doctor.Runner{Layers: layers}, &doctor.Text{})
	require.Equal(t, `
One
✓ PX-A-01  it holds (found this; wanted that)

Two
! PX-B-01  it holds
    found this; wanted that
    It is odd.
    Error: a cause
    Why it matters: It may hurt.
    What to do: Look at it.
    See https://github.com/conductorone/baton-privx/blob/main/docs/doctor.md#px-b-01
✗ PX-B-02  it holds
    found this; wanted that
    It is bad.
    Error: a cause
    Why it matters: It hurts.
    What to do: Mend it.
    See https://github.com/conductorone/baton-privx/blob/main/docs/doctor.md#px-b-02
– PX-B-03  it holds (skipped: PX-B-02 failed)
– PX-B-04  it holds (skipped: PX-B-02 failed)
– PX-B-05  it holds (skipped: There is nothing to see; this)

1 passed, 1 with a warning, 1 failed, 3 skipped. 0 requests to PrivX in 1.0 s.
Begin with PX-B-02: what comes after it may follow from it.
`, all)
	require.False(t, summary.Well(false))

	short, _ := shownBy(t.Context(), t, &doctor.Runner{Layers: layers}, &doctor.Text{Short: true})
	require.NotContains(t, short, "PX-A-01")
	require.NotContains(t, short, "PX-B-03")
	require.Contains(t, short, "\nTwo\n! PX-B-01")
	require.Contains(t, short, "✗ PX-B-02")

	terminal, _ := shownBy(t.Context(), t, &doctor.Runner{Layers: layers}, &doctor.Text{Terminal: true, Colour: true})
	require.Contains(t, terminal, "\r\x1b[K… PX-A-01  it holds\r\x1b[K")
	require.Contains(t, terminal, "\x1b[31m✗\x1b[0m PX-B-02")
	require.NotContains(t, all, "\x1b")
}

// What there was nothing to find out about does not keep others from being run.
func TestMoot(t *testing.T) {
	t.Parallel()
	for moot, want := range map[bool]string{true: "✓ PX-B-01", false: "– PX-B-01  it holds (skipped: PX-A-01 was skipped)"} {
		first := ending("PX-A-01", "unseen")
		for i := range first.Ways {
			first.Ways[i].Moot = moot
		}
		text, _ := shownBy(t.Context(), t, &doctor.Runner{Layers: layersOf(first, ending("PX-B-01", "", "PX-A-01"))}, &doctor.Text{})
		require.Contains(t, text, want)
	}
}

func TestNothingIsShownOfWhatIsWell(t *testing.T) {
	t.Parallel()
	short, summary := shownBy(t.Context(), t, &doctor.Runner{Layers: layersOf(ending("PX-A-01", ""))}, &doctor.Text{Short: true})
	require.Equal(t, "1 passed, 0 with a warning, 0 failed, 0 skipped. 0 requests to PrivX in 1.0 s.\n", short)
	require.True(t, summary.Well(true))
}

// What is needed is run first, and shown only if it failed.
func TestOnly(t *testing.T) {
	t.Parallel()
	for way, want := range map[string]string{"": "PX-B-02", "odd": "PX-B-02", "bad": "PX-A-01 PX-B-02"} {
		layers := layersOf(ending("PX-A-01", way), ending("PX-B-01", ""), ending("PX-B-02", "", "PX-A-01"))
		runner := &doctor.Runner{Layers: layers, Only: []string{"px-b-02"}}
		var shown []string
		for _, result := range runner.Run(t.Context(), &doctor.Visit{}) {
			shown = append(shown, result.Check.ID)
		}
		require.Equal(t, want, strings.Join(shown, " "), way)
	}
}

func TestStrict(t *testing.T) {
	t.Parallel()
	_, summary := shownBy(t.Context(), t, &doctor.Runner{Layers: layersOf(ending("PX-A-01", "odd"))}, &doctor.Text{})
	require.True(t, summary.Well(false))
	require.False(t, summary.Well(true))
}

// What was not run because time was up is no success.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cut := ending("PX-A-01", "")
	cut.Run = func(context.Context, *doctor.Visit) doctor.Finding {
		cancel()
		return doctor.Finding{Way: "bad", Cause: "context canceled"}
	}
	text, summary := shownBy(ctx, t, &doctor.Runner{Layers: layersOf(cut, ending("PX-B-01", ""))}, &doctor.Text{})
	require.Contains(t, text, "– PX-A-01  it holds (skipped: the run was interrupted)")
	require.Contains(t, text, "– PX-B-01  it holds (skipped: the run was interrupted)")
	require.Contains(t, text, "not everything was looked at")
	require.Zero(t, summary.Failed)
	require.False(t, summary.Well(false))
}

// What must be told is told all the same.
func TestAlways(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	always := ending("PX-B-02", "bad")
	always.Always = true
	text, summary := shownBy(ctx, t, &doctor.Runner{Layers: layersOf(ending("PX-A-01", ""), ending("PX-B-01", ""), always)}, &doctor.Text{})
	require.Contains(t, text, "– PX-B-01  it holds (skipped: the run was interrupted)")
	require.Contains(t, text, "✗ PX-B-02  it holds")
	require.Equal(t, 1, summary.Failed)
	summary = doctor.Summary{Unrestored: true}
	require.False(t, summary.Well(false))
	require.Contains(t, summary.String(), "NOT EVERYTHING IS AS IT WAS")
}

// A way that a check does not name is no success either.
func TestUnknownWay(t *testing.T) {
	t.Parallel()
	text, summary := shownBy(t.Context(), t, &doctor.Runner{Layers: layersOf(ending("PX-A-01", "new"))}, &doctor.Text{})
	require.Contains(t, text, "please report it")
	require.Equal(t, 1, summary.Failed)
}

// What PrivX says cannot write to the terminal as it likes.
func TestControlCharacters(t *testing.T) {
	t.Parallel()
	evil := ending("PX-A-01", "")
	evil.Run = func(context.Context, *doctor.Visit) doctor.Finding {
		return doctor.Finding{Way: "bad", Found: "a\x1b[2J\nb", Wanted: "d", Cause: "c\u2028d\r" + strings.Repeat("x", 5000)}
	}
	text, _ := shownBy(t.Context(), t, &doctor.Runner{Layers: layersOf(evil)}, &doctor.Text{})
	require.Contains(t, text, "found a [2J b; wanted")
	require.NotContains(t, text, "\x1b")
	require.NotContains(t, text, "\r")
	require.Less(t, len(text), 3000)
}

func TestReportIsRounded(t *testing.T) {
	t.Parallel()
	v := &doctor.Visit{}
	v.Users, v.Roles, v.Memberships, v.Calls = 12503, 254, 138737, 7
	v.Latency, v.Duration = 12345*time.Microsecond, 6789*time.Millisecond
	v.Answered("PXQ-017", doctor.Answer{Side: "a", Figures: map[string]float64{"bytes": 1523, "fields": 3}})
	r := doctor.ReportOf(v, nil)
	require.Equal(t, map[string]int{"users": 10000, "roles": 100, "memberships": 100000, "calls": 7}, r.Sizes)
	require.InDeltaMapValues(t, map[string]float64{"latency": 12, "sync": 6800}, r.Timings, 0.001)
	v.Memberships = math.MaxInt
	require.Positive(t, doctor.ReportOf(v, nil).Sizes["memberships"])
	require.InDeltaMapValues(t, map[string]float64{"bytes": 1000, "fields": 3}, r.Answers["PXQ-017"].Figures, 0.001)
}
