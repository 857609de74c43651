// Package profile lets a simulator take on the manners of a PrivX, as they stand in a
// report that baton-privx doctor has written about it.
//
// The table in effects.go says for each side of each question of the register what makes
// the simulator behave so, or why nothing does.
package profile

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/conductorone/baton-privx/internal/assumptions"
	"github.com/conductorone/baton-privx/internal/privxsim"
)

// Format is the format of reports that is read, and MaxBytes how long one may be.
const (
	Format   = 1
	MaxBytes = 1 << 20
)

// Otherwise is the side of a PrivX that is on none of the sides that the register has.
const Otherwise = assumptions.Otherwise

// Profile is what a report says about the manners of a PrivX.
type Profile struct {
	// Answers are the answers to questions of the register, by id.
	Answers map[string]Answer `json:"answers"`
	// Sizes are about how much it has, as powers of ten; 0 is not known.
	Sizes Sizes `json:"sizes"`
}

// Answer is the answer to one question.
type Answer struct {
	// Side is the letter of the side; Otherwise if it is none of them, and empty if it is
	// not known.
	Side string `json:"side"`
}

// Sizes are about how much a PrivX has.
type Sizes struct {
	Users int `json:"users"`
	Roles int `json:"roles"`
}

// Read reads the part of a report that is about manners. An answer to a question, or with
// a side, that the register does not have is an error.
func Read(r io.Reader) (*Profile, error) {
	text, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("reading a profile: %w", err)
	}
	if len(text) > MaxBytes {
		return nil, fmt.Errorf("a profile has at most %d bytes", MaxBytes)
	}
	var report struct {
		Profile

		Format int `json:"format"`
	}
	if err := json.Unmarshal(text, &report); err != nil {
		return nil, fmt.Errorf("a profile is a report of baton-privx doctor, in JSON: %w", err)
	}
	if report.Format != Format {
		return nil, fmt.Errorf("the profile is of format %d, and this version knows format %d", report.Format, Format)
	}
	if err := report.check(); err != nil {
		return nil, err
	}
	return &report.Profile, nil
}

// check reports answers that the register does not have.
func (p *Profile) check() error {
	sides := make(map[string]int)
	for _, question := range assumptions.All() {
		sides[question.ID] = len(question.Sides())
	}
	var wrong []error
	for _, id := range slices.Sorted(maps.Keys(p.Answers)) {
		known, isQuestion := sides[id]
		side := p.Answers[id].Side
		switch {
		case !isQuestion:
			wrong = append(wrong, fmt.Errorf("there is no question %q", id))
		case !hasNoLetter(side) && !isLetter(side, known):
			wrong = append(wrong, fmt.Errorf("%s has no side %q", id, side))
		}
	}
	return errors.Join(wrong...)
}

// hasNoLetter tells whether an answer is none of the register's.
func hasNoLetter(side string) bool { return side == "" || side == Otherwise }

// isLetter tells whether a side is the letter of one of so many.
func isLetter(side string, sides int) bool {
	return len(side) == 1 && side >= assumptions.Letter(0) && side <= assumptions.Letter(sides-1)
}

// Unknown are the ids of the answers that name no side, and so have no effect, sorted.
func (p *Profile) Unknown() []string {
	var ids []string
	for id, answer := range p.Answers {
		if hasNoLetter(answer.Side) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// Untaken says of each answer that names a side, and has no effect, why that is so.
func (p *Profile) Untaken() []string {
	var untaken []string
	for id, e := range p.effects {
		if e.none != "" {
			untaken = append(untaken, fmt.Sprintf("%s %s: %s", id, p.Answers[id].Side, e.none))
		}
	}
	return untaken
}

// Apply sets the options of a simulator that is to have the manners.
func (p *Profile) Apply(options *privxsim.Options) {
	for _, e := range p.effects {
		if e.options != nil {
			e.options(options)
		}
	}
}

// Prepare gives a simulator that was made with these options the manners for which there
// is no option: by faults without end, by other answers and by changes of its store. A
// fault that was injected before goes before those.
func (p *Profile) Prepare(sim *privxsim.Simulator, store *privxsim.Store) {
	for _, e := range p.effects {
		for _, fault := range e.faults {
			sim.Inject(fault)
		}
		if e.alter != nil {
			sim.Alter(e.alter(store))
		}
		if e.store != nil {
			e.store(store)
		}
	}
}

// effects yields the effects of the answers, in the order of the register.
func (p *Profile) effects(yield func(string, effect) bool) {
	for _, question := range assumptions.All() {
		if e, ok := effects[question.ID][p.Answers[question.ID].Side]; ok && !yield(question.ID, e) {
			return
		}
	}
}
