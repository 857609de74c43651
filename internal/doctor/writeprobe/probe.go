// Package writeprobe finds out by writing what cannot be found out by reading: it grants a
// role to a user, both of which the operator has named for that, takes it away again, and
// puts the user's list of roles back exactly as it was.
//
// PrivX can only replace the whole list. All that is dangerous about that is in few files:
// target.go and before.go refuse everybody and everything that is not there for a test,
// run.go and steps.go write, whose.go tells the probe's grants from those of others, and
// restore.go puts the list back and verifies it. Writing is begun and
// ended within the run of one check, so that it does not depend on which checks are run, or
// on whether the run is interrupted.
package writeprobe

import (
	"context"
	"io"

	"github.com/conductorone/baton-privx/internal/doctor"
)

// Probe is what the operator gave, and what came of it.
type Probe struct {
	// UserID and RoleID are the user and the role that are there for the test.
	UserID, RoleID string
	// Clear tells to take the role away from the user, and to do no more.
	Clear bool
	// Out is where the list is written before PrivX is changed, and what became of it.
	Out io.Writer

	// Unrestored tells that the list is not as it was, or that this is not known: the
	// program must not end as if all was well.
	Unrestored bool

	target target
	// read is the list as it was read first, and first the same without the role: as it
	// shall be in the end.
	read, first *list
	run         *run
	// unbegun is why nothing was written; empty if something was.
	unbegun string
}

// Ids of the checks that others of this package need.
const (
	usable = "PX-PROBE-01"
	ready  = "PX-PROBE-02"
)

// Layer is the layer of a probe.
func Layer(p *Probe) doctor.Layer {
	checks := append([]doctor.Check{p.usable(), p.ready()}, p.changes()...)
	checks = append(checks, p.questions()...)
	return doctor.Layer{Name: LayerName, Checks: append(checks, p.restored())}
}

// drive makes all changes and puts the list back, the first time that it is called. Each
// check that reports a part of it calls it, so that each can be run alone.
func (p *Probe) drive(ctx context.Context, v *doctor.Visit) *run {
	if p.run != nil {
		return p.run
	}
	p.run = newRun(p.wire(v), p.RoleID, p.first)
	defer p.tell(p.run)
	if p.unbegun = p.begin(ctx, v, p.first); p.unbegun != "" {
		p.run.stopped = p.unbegun
		return p.run
	}
	p.run.all(ctx)
	return p.run
}

// begin makes sure that the list is still the one that is wanted, once it has been shown how
// to put it back, and that the run was not interrupted. It returns why nothing may be
// written, if so.
func (p *Probe) begin(ctx context.Context, v *doctor.Visit, wanted *list) string {
	const nothing = ", so nothing was written"
	if ctx.Err() != nil {
		return stoppedCancelled + nothing
	}
	if err := p.announce(v); err != nil {
		return "how to put the list back could not be printed" + nothing + ": " + err.Error()
	}
	now, err := p.run.read(ctx)
	switch {
	case ctx.Err() != nil:
		return stoppedCancelled + nothing
	case err != nil:
		return "the list could not be read right before the first write" + nothing + ": " + err.Error()
	case !now.same(wanted):
		return stoppedChanged + nothing
	}
	p.run.now = now
	return ""
}

func (p *Probe) wire(v *doctor.Visit) wire { return wire{client: v.Client.API(), user: p.UserID} }

// Wrote tells whether PrivX was sent a change.
func (p *Probe) Wrote() bool { return p.run != nil && p.run.wrote }
