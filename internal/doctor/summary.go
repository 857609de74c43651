package doctor

import (
	"fmt"
	"time"
)

// Summary is what all results came to.
type Summary struct {
	Passed   int `json:"passed"`
	Warnings int `json:"warnings"`
	Failed   int `json:"failed"`
	Skipped  int `json:"skipped"`
	// Requests were sent to PrivX within Seconds.
	Requests int64   `json:"requests"`
	Seconds  float64 `json:"seconds"`
	// Interrupted tells that the run was ended before its time.
	Interrupted bool `json:"interrupted"`
	// Unrestored tells that the write probe could not put everything back as it was.
	Unrestored bool `json:"unrestored"`
	// First is the id of the first check that failed; empty if none did.
	First string `json:"first_failed,omitempty"`
}

// Summarize counts results.
func Summarize(v *Visit, results []Result, took time.Duration) Summary {
	s := Summary{Seconds: took.Round(10 * time.Millisecond).Seconds()}
	if v.Ask != nil {
		s.Requests = v.Ask.Calls()
	}
	for _, r := range results {
		switch r.Outcome {
		case Passed:
			s.Passed++
		case Warning:
			s.Warnings++
		case Failed:
			s.Failed++
			if s.First == "" {
				s.First = r.Check.ID
			}
		default:
			s.Skipped++
			s.Interrupted = s.Interrupted || r.Because == interrupted
		}
	}
	return s
}

// Well tells whether nothing failed, all was run to its end, and everything is as it was. To be strict is to take a
// warning for a failure.
func (s Summary) Well(strict bool) bool {
	return s.Failed == 0 && !s.Interrupted && !s.Unrestored && (!strict || s.Warnings == 0)
}

// String is one line.
func (s Summary) String() string {
	line := fmt.Sprintf("%d passed, %d with a warning, %d failed, %d skipped. %d requests to PrivX in %.1f s.",
		s.Passed, s.Warnings, s.Failed, s.Skipped, s.Requests, s.Seconds)
	if s.Interrupted {
		line += " The run was interrupted, so that not everything was looked at."
	}
	if s.Unrestored {
		line += " NOT EVERYTHING IS AS IT WAS BEFORE THE WRITE PROBE: SEE ABOVE."
	}
	return line
}
