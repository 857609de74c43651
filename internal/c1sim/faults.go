package c1sim

import (
	"context"
	"fmt"
	"slices"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Kind says what a fault does to a call.
type Kind int

const (
	// Refuse answers with the fault's code, before the request is looked at.
	Refuse Kind = iota
	// Drop cuts the connection instead of an answer; an upload's once
	// Fault.AfterBytes have come.
	Drop
	// Lose does what the call asks for and cuts the connection then: the
	// answer is lost.
	Lose
	// Hold keeps the call waiting until the fault is lifted, and serves it then.
	Hold
)

// Fault is a way to misbehave.
type Fault struct {
	Kind Kind
	// Method is which calls it is done to: an RPC's method as "GetTask", Token,
	// or Connect. "" is all but Connect. Connections are always turned away,
	// whatever the kind.
	Method string
	// Count is how many calls it is done to. 0 is all until it is lifted.
	Count int
	// Code is how Refuse answers. The default is Unavailable. Requests for a
	// token get the HTTP status that goes with it.
	Code codes.Code
	// AfterBytes is how much of an upload's content Drop lets pass.
	AfterBytes int64
}

// Outage is a fault at work.
type Outage struct {
	sim    *Simulator
	fault  Fault
	hits   int
	lifted chan struct{} // closed once it is lifted
}

// Inject begins an outage. Of several that fit a call, the first counts.
func (s *Simulator) Inject(f Fault) *Outage {
	orDefault(&f.Code, codes.Unavailable)
	o := &Outage{sim: s, fault: f, lifted: make(chan struct{})}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, o)
	return o
}

// GoAway cuts all connections and turns new ones away until that is lifted.
func (s *Simulator) GoAway() *Outage {
	o := s.Inject(Fault{Method: Connect})
	s.server.cutAll()
	return o
}

// Lift ends an outage. Calls that it holds go on.
func (o *Outage) Lift() {
	o.sim.mu.Lock()
	defer o.sim.mu.Unlock()
	before := len(o.sim.faults)
	o.sim.faults = slices.DeleteFunc(o.sim.faults, func(other *Outage) bool { return other == o })
	if len(o.sim.faults) < before {
		close(o.lifted)
	}
}

// Hit waits until the outage has applied to n calls.
func (o *Outage) Hit(ctx context.Context, n int) error {
	return o.sim.await(ctx, fmt.Sprintf("%d calls that the outage meets", n), func() bool { return o.hits >= n })
}

// matches reports whether the outage applies to one more call.
func (o *Outage) matches(method string) bool {
	if o.fault.Count > 0 && o.hits >= o.fault.Count {
		return false
	}
	return o.fault.Method == method || o.fault.Method == "" && method != Connect
}

// meet returns the outage that applies to a call, or nil.
func (s *Simulator) meet(method string) *Outage {
	var met *Outage
	s.change(func() {
		for _, o := range s.faults {
			if o.matches(method) {
				o.hits++
				met = o
				return
			}
		}
	})
	return met
}

// refusesConnection reports whether a connection is to be turned away.
func (s *Simulator) refusesConnection() bool {
	if s.meet(Connect) == nil {
		return false
	}
	s.end(s.begin(Call{Method: Connect}), status.Error(codes.Unavailable, "turned away"))
	return true
}

// serve applies an outage to a call, and records how the call ended.
func (s *Simulator) serve(ctx context.Context, c *Call, handle func() error) error {
	err := s.suffer(ctx, s.meet(c.Method), handle)
	s.end(c, err)
	return err
}

func (s *Simulator) suffer(ctx context.Context, o *Outage, handle func() error) error {
	if o == nil {
		return handle()
	}
	switch o.fault.Kind {
	case Refuse:
		return status.Error(o.fault.Code, "refused by request")
	case Drop:
		if stream, ok := ctx.Value(uploadKey{}).(*uploadStream); ok {
			stream.dropAfter = &o.fault.AfterBytes
			return handle()
		}
		cutConnection(ctx)
		return status.Error(codes.Unavailable, "connection cut by request")
	case Lose:
		err := handle()
		cutConnection(ctx)
		return err
	case Hold:
		select {
		case <-o.lifted:
			return handle()
		case <-ctx.Done():
			return status.FromContextError(ctx.Err()).Err()
		}
	default:
		return status.Errorf(codes.Internal, "unknown kind of fault %d", o.fault.Kind)
	}
}
