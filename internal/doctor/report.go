package doctor

import (
	"encoding/json"
	"io"
	"maps"
	"math"
	"time"
)

// reportFormat is the version of the form of reports.
const reportFormat = 1

// Report is what was found, to be sent to somebody else. It has no text of PrivX's: no name,
// no id, no address, and no secret. Numbers that tell how large something is are rounded to
// a power of ten.
type Report struct {
	Format int `json:"format"`
	// Connector and PrivX are versions; the latter in digits and points, and empty if not
	// known.
	Connector string `json:"connector"`
	PrivX     string `json:"privx,omitempty"`
	// Checks are what came of each check.
	Checks []ReportedCheck `json:"checks"`
	// Answers are those to the questions of the register, by id.
	Answers map[string]ReportedAnswer `json:"answers"`
	// Sizes are how many there are of something.
	Sizes map[string]int `json:"sizes"`
	// Timings are in milliseconds, with two digits that count.
	Timings map[string]float64 `json:"timings"`
}

// ReportedCheck is what came of a check.
type ReportedCheck struct {
	ID      string  `json:"id"`
	Outcome Outcome `json:"outcome"`
	// Way is the name of the way in which it ended; empty if it passed or was not run.
	Way string `json:"way,omitempty"`
}

// ReportedAnswer is an answer to a question of the register.
type ReportedAnswer struct {
	// Side is the letter of the side, or [Otherwise].
	Side    string             `json:"side"`
	Figures map[string]float64 `json:"figures,omitempty"`
}

// ReportOf makes the report of a run.
func ReportOf(v *Visit, results []Result) Report {
	r := Report{
		Format: reportFormat, Connector: v.Given.Version, PrivX: v.PrivXVersion,
		Checks: []ReportedCheck{}, Answers: make(map[string]ReportedAnswer),
		Sizes: make(map[string]int), Timings: make(map[string]float64),
	}
	for _, result := range results {
		r.Checks = append(r.Checks, ReportedCheck{ID: result.Check.ID, Outcome: result.Outcome, Way: result.Way})
	}
	for id, answer := range v.Answers {
		reported := ReportedAnswer{Side: answer.Side}
		for name, figure := range answer.Figures {
			if reported.Figures == nil {
				reported.Figures = make(map[string]float64)
			}
			reported.Figures[name] = powerOfTen(figure)
		}
		r.Answers[id] = reported
	}
	sizes := map[string]int{
		"users": v.Users, "roles": v.Roles, "memberships": v.Memberships, "calls": v.Calls, "reach": v.ReachRows, "expanded": v.ExpandedRows,
	}
	maps.Copy(sizes, v.Targets)
	for name, size := range sizes {
		if size > 0 {
			r.Sizes[name] = int(min(powerOfTen(float64(size)), largest))
		}
	}
	for name, took := range map[string]time.Duration{"latency": v.Latency, "sync": v.Duration} {
		if took > 0 {
			r.Timings[name] = twoDigits(float64(took) / float64(time.Millisecond))
		}
	}
	return r
}

// Write writes the report as JSON.
func (r Report) Write(to io.Writer) error {
	encoder := json.NewEncoder(to)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}

// largest is the largest power of ten that is an int.
const largest = 1e18

// powerOfTen rounds a number to the nearest power of ten. One below ten, which tells nothing
// of anybody, stays as it is.
func powerOfTen(n float64) float64 {
	if math.IsNaN(n) || math.IsInf(n, 0) {
		return 0
	}
	if math.Abs(n) < 10 {
		return n
	}
	return math.Copysign(math.Pow(10, math.Round(math.Log10(math.Abs(n)))), n)
}

// twoDigits rounds a number so that two of its digits count.
func twoDigits(n float64) float64 {
	if n <= 0 || math.IsInf(n, 0) || math.IsNaN(n) {
		return 0
	}
	unit := math.Pow(10, math.Floor(math.Log10(n))-1)
	return math.Round(n/unit) * unit
}
