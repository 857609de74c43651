package c1sim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Names of calls that are not RPCs. An RPC's is its method's, as "GetTask".
const (
	// Token is a request for a token.
	Token = "Token"
	// Connect is a connection that was turned away; others are not recorded.
	Connect = "Connect"
)

// Call is a call as it was recorded. It holds no secrets.
type Call struct {
	Time    time.Time // when it came
	Method  string
	Client  string   // the id; "" if nobody known
	HostID  string   // of the process that called; "" if it did not say
	TaskIDs []string // what it is about, or was given

	Answered bool       // or given up by the simulator
	Code     codes.Code // of the answer
	Reason   string     // why it was refused
}

// String tells of a call in one line.
func (c Call) String() string {
	var b strings.Builder
	b.WriteString(c.Method)
	if c.HostID != "" {
		fmt.Fprintf(&b, " host=%q", c.HostID)
	}
	if len(c.TaskIDs) > 0 {
		fmt.Fprintf(&b, " task=%s", strings.Join(c.TaskIDs, ","))
	}
	if !c.Answered {
		return b.String() + " ..."
	}
	fmt.Fprintf(&b, " %s", c.Code)
	if c.Reason != "" {
		fmt.Fprintf(&b, " (%s)", c.Reason)
	}
	return b.String()
}

// Arrived matches the calls of a method, answered or not.
func Arrived(method string) func(Call) bool {
	return func(c Call) bool { return c.Method == method }
}

// Answered matches the calls of a method that got an answer with a code.
func Answered(method string, code codes.Code) func(Call) bool {
	return func(c Call) bool { return c.Method == method && c.Answered && c.Code == code }
}

// Calls returns all calls so far, in order of arrival.
func (s *Simulator) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := make([]Call, len(s.calls))
	for i, c := range s.calls {
		calls[i] = c.copied()
	}
	return calls
}

// ResetCalls forgets all calls so far.
func (s *Simulator) ResetCalls() {
	s.change(func() { s.calls = nil })
}

// AwaitCalls waits until there were so many calls of a kind and returns them.
func (s *Simulator) AwaitCalls(ctx context.Context, n int, match func(Call) bool) ([]Call, error) {
	var found []Call
	err := s.await(ctx, fmt.Sprintf("%d calls", n), func() bool {
		found = nil
		for _, c := range s.calls {
			if c := c.copied(); match(c) {
				found = append(found, c)
			}
		}
		return len(found) >= n
	})
	return found, err
}

// OnCall registers a function that is called with each call once its answer is
// known and before it is written. Calls that are served at once call it at once.
func (s *Simulator) OnCall(f func(Call)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onCall = append(s.onCall, f)
}

func (c *Call) copied() Call {
	copied := *c
	copied.TaskIDs = slices.Clone(c.TaskIDs)
	return copied
}

// begin records a call that has come.
func (s *Simulator) begin(c Call) *Call {
	c.Time = s.opts.Clock()
	s.change(func() {
		s.calls = append(s.calls, &c)
		if s.opts.KeepCalls > 0 && len(s.calls) > s.opts.KeepCalls {
			s.calls = s.calls[len(s.calls)-s.opts.KeepCalls:]
		}
	})
	return &c
}

// setCaller adds what has become known of a call. What was known before stays.
func (s *Simulator) setCaller(c *Call, client, hostID string, taskIDs []string) {
	s.change(func() {
		orDefault(&c.Client, client)
		orDefault(&c.HostID, hostID)
		c.TaskIDs = append(c.TaskIDs, taskIDs...)
	})
}

// end records how a call was answered.
func (s *Simulator) end(c *Call, err error) {
	var ended Call
	var hooks []func(Call)
	s.change(func() {
		c.Answered = true
		c.Code, c.Reason = told(err)
		ended, hooks = c.copied(), slices.Clone(s.onCall)
	})
	for _, hook := range hooks {
		hook(ended)
	}
}

// told returns the code and the message of an answer.
func told(err error) (codes.Code, string) {
	if err == nil {
		return codes.OK, ""
	}
	var refused *oauthError
	if errors.As(err, &refused) {
		return codes.Unauthenticated, refused.Error()
	}
	said := status.Convert(err)
	return said.Code(), said.Message()
}
