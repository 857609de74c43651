package doctor

import (
	"encoding/json"
	"io"
)

// jsonFormat is the version of the form of JSON output, which docs/doctor.schema.json
// describes. It goes up if something is taken away or changes its meaning.
const jsonFormat = 1

// output is what WriteJSON writes.
type output struct {
	Format    int           `json:"format"`
	Connector string        `json:"connector"`
	Success   bool          `json:"success"`
	Summary   Summary       `json:"summary"`
	Checks    []checkOutput `json:"checks"`
}

type checkOutput struct {
	ID      string  `json:"id"`
	Layer   string  `json:"layer"`
	Promise string  `json:"promise"`
	Outcome Outcome `json:"outcome"`
	Way     string  `json:"way,omitempty"`
	Found   string  `json:"found,omitempty"`
	Wanted  string  `json:"wanted,omitempty"`
	When    string  `json:"when,omitempty"`
	Cause   string  `json:"cause,omitempty"`
	Matters string  `json:"matters,omitempty"`
	Do      string  `json:"do,omitempty"`
	Because string  `json:"because,omitempty"`
	Side    string  `json:"side,omitempty"`
	See     string  `json:"see"`
}

// WriteJSON writes results for programs. What is found may hold names of PrivX's: a [Report]
// does not.
func WriteJSON(to io.Writer, v *Visit, results []Result, s Summary, strict bool) error {
	out := output{Format: jsonFormat, Connector: v.Given.Version, Success: s.Well(strict), Summary: s, Checks: []checkOutput{}}
	for _, r := range results {
		c := checkOutput{
			ID: r.Check.ID, Layer: r.Layer, Promise: r.Check.Promise, Outcome: r.Outcome, Way: r.Way,
			Found: r.Found, Wanted: r.Wanted, Cause: r.Cause, Because: r.Because,
			Side: v.Answers[r.Check.ID].Side, See: Document + "#" + Anchor(r.Check.ID),
		}
		if r.Ending != nil {
			c.When, c.Matters, c.Do = r.Ending.When, r.Ending.Matters, r.Ending.Do
		}
		out.Checks = append(out.Checks, c)
	}
	encoder := json.NewEncoder(to)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(out)
}
