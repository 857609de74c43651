package doctor

import (
	"context"
	"slices"
	"strings"
)

// Runner runs checks, one after the other.
type Runner struct {
	Layers []Layer
	// Only are the ids of the checks that were asked for; empty for all. What these need is
	// run first.
	Only []string
	// Began is told when a check begins, and Ended about its result if that is one to be
	// shown. Either may be nil.
	Began func(*Check)
	Ended func(Result)
}

// Run runs the checks and returns what came of them, in their order: a result for each
// check, whatever happens. With Only, these are the checks that were asked for and, of those
// that they need, the ones that failed.
func (r *Runner) Run(ctx context.Context, v *Visit) []Result {
	wanted := r.wanted()
	var results, shown []Result
	for _, layer := range r.Layers {
		for i := range layer.Checks {
			check := &layer.Checks[i]
			if wanted != nil && !wanted[check.ID] {
				continue
			}
			result := r.run(ctx, v, layer.Name, check, results)
			results = append(results, result)
			if !r.askedFor(check) && result.Outcome != Failed {
				continue
			}
			shown = append(shown, result)
			if r.Ended != nil {
				r.Ended(result)
			}
		}
	}
	return shown
}

func (r *Runner) run(ctx context.Context, v *Visit, layer string, check *Check, before []Result) Result {
	skipped := Result{Check: check, Layer: layer, Outcome: Skipped}
	if ctx.Err() != nil && !check.Always {
		skipped.Because = interrupted
		return skipped
	}
	if skipped.Because = missing(check, before); skipped.Because != "" {
		return skipped
	}
	if r.Began != nil {
		r.Began(check)
	}
	result := check.result(layer, check.Run(ctx, v))
	if ctx.Err() != nil && result.Outcome != Passed && !check.Always {
		// Whatever was found was found because time was up.
		skipped.Because = interrupted
		return skipped
	}
	return result
}

const interrupted = "the run was interrupted"

// missing says why a check cannot run; empty if it can.
func missing(check *Check, before []Result) string {
	for _, id := range check.Needs {
		i := slices.IndexFunc(before, func(r Result) bool { return r.Check.ID == id })
		switch {
		case i < 0:
			return id + " was not run"
		case before[i].Outcome == Failed:
			return id + " failed"
		case before[i].Ending != nil && before[i].Ending.Moot:
			// There was nothing to find out.
		case before[i].Outcome == Skipped && before[i].Because != "":
			return before[i].Because // The root of it, and not the last link.
		case before[i].Outcome == Skipped:
			return id + " was skipped"
		}
	}
	return ""
}

// wanted are the ids of the checks to run: those that were asked for and what they need; nil
// for all.
func (r *Runner) wanted() map[string]bool {
	if len(r.Only) == 0 {
		return nil
	}
	wanted := make(map[string]bool)
	var want func(id string)
	want = func(id string) {
		check := r.Check(id)
		if check == nil || wanted[check.ID] {
			return
		}
		wanted[check.ID] = true
		for _, needed := range check.Needs {
			want(needed)
		}
	}
	for _, id := range r.Only {
		want(id)
	}
	return wanted
}

// Check is the check of an id, in any case of its letters; nil if there is none.
func (r *Runner) Check(id string) *Check {
	for _, layer := range r.Layers {
		for i := range layer.Checks {
			if strings.EqualFold(layer.Checks[i].ID, id) {
				return &layer.Checks[i]
			}
		}
	}
	return nil
}

// LayerOf is the name of the layer of a check, by its id in any case of its letters; empty if
// there is none.
func (r *Runner) LayerOf(id string) string {
	for _, layer := range r.Layers {
		if slices.ContainsFunc(layer.Checks, func(c Check) bool { return strings.EqualFold(c.ID, id) }) {
			return layer.Name
		}
	}
	return ""
}

// askedFor tells whether a check was asked for, and is not only run because another needs
// it.
func (r *Runner) askedFor(check *Check) bool {
	return len(r.Only) == 0 || slices.ContainsFunc(r.Only, func(id string) bool { return strings.EqualFold(id, check.ID) })
}
