package doctor

import (
	"fmt"
	"io"
	"strings"
)

// Document is where the sections of docs/doctor.md are, a "#" and [Anchor] away.
const Document = "https://github.com/conductorone/baton-privx/blob/main/docs/doctor.md"

// Anchor is the anchor of a check's section.
func Anchor(id string) string { return strings.ToLower(id) }

// Text prints results for people, each as it comes.
type Text struct {
	Out io.Writer
	// Short shows what is not well alone.
	Short bool
	// Err is the first error of writing to Out; nil if there was none.
	Err error
	// Terminal shows what is under way, and Colour colours the marks.
	Terminal, Colour bool

	layer string
}

// marks are what a line begins with, and colours how it is coloured on a terminal.
var (
	marks   = map[Outcome]string{Passed: "✓", Warning: "!", Failed: "✗", Skipped: "–"}
	colours = map[Outcome]string{Passed: "32", Warning: "33", Failed: "31", Skipped: "2"}
)

// Began shows what is under way.
func (t *Text) Began(c *Check) {
	if t.Terminal {
		t.printf("%s… %s  %s", wipe, c.ID, c.Promise)
	}
}

// wipe goes to the begin of a terminal's line and clears it.
const wipe = "\r\x1b[K"

// Ended shows what came of a check.
func (t *Text) Ended(r Result) {
	if t.Terminal {
		t.printf(wipe)
	}
	if t.Short && r.Outcome != Failed && r.Outcome != Warning {
		return
	}
	if t.layer != r.Layer {
		t.printf("\n%s\n", r.Layer)
		t.layer = r.Layer
	}
	t.printf("%s %s  %s%s\n", t.mark(r.Outcome), r.Check.ID, r.Check.Promise, inBrackets(r))
	if r.Outcome != Failed && r.Outcome != Warning {
		return
	}
	t.detail("", evidence(r))
	if r.Ending != nil {
		t.detail("", r.Ending.When)
	}
	t.detail("Error: ", r.Cause)
	if r.Ending != nil {
		t.detail("Why it matters: ", r.Ending.Matters)
		t.detail("What to do: ", r.Ending.Do)
	}
	t.detail("See ", Document+"#"+Anchor(r.Check.ID))
}

// inBrackets is what stands behind the promise on the same line.
func inBrackets(r Result) string {
	switch {
	case r.Outcome == Skipped:
		return " (skipped: " + why(r) + ")"
	case r.Outcome == Passed && evidence(r) != "":
		return " (" + evidence(r) + ")"
	default:
		return ""
	}
}

// why is why a check was skipped.
func why(r Result) string {
	if r.Because != "" {
		return r.Because
	}
	reason := strings.TrimSuffix(r.Ending.When, ".")
	if r.Found != "" {
		reason += "; " + r.Found
	}
	return reason
}

// evidence is what was found beside what is wanted.
func evidence(r Result) string {
	switch {
	case r.Found == "":
		return ""
	case r.Wanted == "":
		return r.Found
	default:
		return "found " + r.Found + "; wanted " + r.Wanted
	}
}

func (t *Text) mark(o Outcome) string {
	if !t.Colour {
		return marks[o]
	}
	return "\x1b[" + colours[o] + "m" + marks[o] + "\x1b[0m"
}

// detail shows a text below a check, if there is one.
func (t *Text) detail(label, text string) {
	if text != "" {
		t.printf("    %s%s\n", label, text)
	}
}

// Summary shows what all came to.
func (t *Text) Summary(s Summary) {
	if t.Terminal {
		t.printf(wipe)
	}
	if !t.Short || s.Failed+s.Warnings > 0 {
		t.printf("\n")
	}
	t.printf("%s\n", s)
	if s.First != "" {
		t.printf("Begin with %s: what comes after it may follow from it.\n", s.First)
	}
}

func (t *Text) printf(format string, args ...any) {
	if _, err := fmt.Fprintf(t.Out, format, args...); err != nil && t.Err == nil {
		t.Err = err
	}
}
