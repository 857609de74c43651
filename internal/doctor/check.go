// Package doctor finds out whether the connector will work with a PrivX, and how that PrivX
// behaves where no source says how it does.
//
// A check promises something and shows the evidence. Checks are in layers, and each of the
// packages below this one has some of them: connection, tenant, questions and machine. A
// check that cannot pass in a way that it does not name is worse than none: the ways in
// which each can end are in its row, docs/doctor.md is made of them, and a test holds that
// each of them can be reached.
package doctor

import (
	"context"
	"slices"
	"strings"
	"unicode"

	"github.com/conductorone/baton-privx/pkg/privx"
)

// Outcome is how a check ended.
type Outcome string

// How a check can end.
const (
	Passed  Outcome = "passed"
	Warning Outcome = "warning"
	Failed  Outcome = "failed"
	Skipped Outcome = "skipped"
)

// Check is one thing to find out.
type Check struct {
	// ID is PX, the layer and a number of two digits: the next free one for a new check. It
	// is given once. A check that asks a question of the register has the question's id.
	ID string
	// Promise is what holds if the check passes, in a sentence without a full stop.
	Promise string
	// How is what is done to find out, in whole sentences, for docs/doctor.md.
	How string
	// Needs are the ids of the checks that must not have failed or been skipped before,
	// unless they were moot.
	Needs []string
	// Always tells that it is run, and that its result counts, when the run was interrupted.
	Always bool
	// Ways are all ways in which it can end besides passing.
	Ways []Way
	// Run finds out. The runner skips what is needed by nobody or needs what has failed.
	Run func(context.Context, *Visit) Finding
}

// Way is a way in which a check can end without passing.
type Way struct {
	// Name is a word or two, unique in its check and the same for ever: reports have it.
	Name string
	// Outcome is Warning, Failed or Skipped.
	Outcome Outcome
	// Moot tells of a check that is skipped because there is nothing to find out: what needs
	// it is run all the same.
	Moot bool
	// When says what was found, in a sentence. Matters says why it matters, and Do what to
	// do; both may be empty for what is skipped.
	When, Matters, Do string
}

// Finding is what came of a check.
type Finding struct {
	// Way is the name of the way in which it ended; empty if it passed.
	Way string
	// Found is the evidence, and Wanted what it is held against; the latter may be empty.
	// Neither holds a secret.
	Found, Wanted string
	// Cause is the error behind what has failed, in the connector's own words; may be empty.
	Cause string
}

// Pass is the finding of a check that passes.
func Pass(found, wanted string) Finding { return Finding{Found: found, Wanted: wanted} }

// Layer is a group of checks.
type Layer struct {
	Name   string
	Checks []Check
}

// Result is a check with what came of it.
type Result struct {
	Check   *Check
	Layer   string
	Outcome Outcome
	Finding
	// Ending is the way in which it ended; nil if it passed, or was skipped before it ran.
	Ending *Way
	// Because is why it was skipped before it ran.
	Because string
}

// result makes a result of a finding. A way that the check does not name is a mistake of
// this program, and no check passes by mistake.
func (c *Check) result(layer string, f Finding) Result {
	f.Found, f.Wanted, f.Cause = oneLine(f.Found), oneLine(f.Wanted), oneLine(f.Cause)
	r := Result{Check: c, Layer: layer, Outcome: Passed, Finding: f}
	if f.Way == "" {
		return r
	}
	i := slices.IndexFunc(c.Ways, func(w Way) bool { return w.Name == f.Way })
	if i < 0 {
		r.Outcome, r.Cause = Failed, "this program does not know the outcome "+f.Way+": please report it"
		return r
	}
	r.Ending, r.Outcome = &c.Ways[i], c.Ways[i].Outcome
	return r
}

// maxText bounds a text of a finding, in bytes.
const maxText = 1000

// oneLine makes a text fit for one line of a terminal. What PrivX says may be in it.
func oneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
	return privx.CutText(text, maxText)
}
