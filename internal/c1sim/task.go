package c1sim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	v1 "github.com/conductorone/baton-sdk/pb/c1/connectorapi/baton/v1"
	"github.com/conductorone/baton-sdk/pkg/annotations"
	"github.com/segmentio/ksuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
)

// taskState is where a task is.
type taskState int

const (
	taskQueued taskState = iota
	taskHeld
	taskFinished
	taskWithdrawn // cancelled before anybody took it
)

// Task is a task that was queued.
type Task struct {
	ID string // a KSUID

	sim     *Simulator
	message *v1.Task

	// Guarded by sim.mu:
	state     taskState
	holder    string
	takers    []string
	cancelled bool
	told      bool // the holder was told that it is cancelled
	uploads   []Upload
	outcome   Outcome
}

// Outcome is how a task ended, in the words of the connector that held it.
type Outcome struct {
	Time   time.Time
	HostID string

	Code         codes.Code // OK is success
	Message      string
	Details      []*anypb.Any // of the error's status
	NonRetryable bool

	Response    proto.Message // nil if there was none
	Annotations annotations.Annotations
}

// newOutcome reads what a connector says of the end of a task.
func newOutcome(req *v1.BatonServiceFinishTaskRequest) (Outcome, error) {
	o := Outcome{HostID: req.GetHostId()}
	said := status.FromProto(req.GetStatus())
	var response *anypb.Any
	if success := req.GetSuccess(); success != nil {
		if said.Code() != codes.OK {
			return o, fmt.Errorf("success with the status %s", said.Code())
		}
		response, o.Annotations = success.GetResponse(), success.GetAnnotations()
	} else {
		if said.Code() == codes.OK {
			return o, errors.New("an error with the status OK, or none")
		}
		o.Code, o.Message, o.Details = said.Code(), said.Message(), said.Proto().GetDetails()
		response, o.Annotations = req.GetError().GetResponse(), req.GetError().GetAnnotations()
		o.NonRetryable = req.GetError().GetNonRetryable()
	}
	if response == nil {
		return o, nil
	}
	var err error
	o.Response, err = response.UnmarshalNew()
	return o, err
}

// Enqueue queues a task of any type. It gets an id unless it has one.
func (s *Simulator) Enqueue(message *v1.Task) *Task {
	message = proto.CloneOf(message)
	if message.GetId() == "" {
		message.SetId(ksuid.New().String())
	}
	t := &Task{ID: message.GetId(), sim: s, message: message}
	s.change(func() {
		s.tasks[t.ID] = t
		s.queue = append(s.queue, t)
	})
	return t
}

// SyncFull queues a sync. Nil is one of everything.
func (s *Simulator) SyncFull(what *v1.Task_SyncFullTask) *Task {
	if what == nil {
		what = &v1.Task_SyncFullTask{}
	}
	return s.Enqueue(v1.Task_builder{SyncFull: what}.Build())
}

// Grant queues the granting of an entitlement.
func (s *Simulator) Grant(entitlement *v2.Entitlement, principal *v2.Resource) *Task {
	return s.Enqueue(v1.Task_builder{Grant: v1.Task_GrantTask_builder{Entitlement: entitlement, Principal: principal}.Build()}.Build())
}

// Revoke queues the revoking of a grant.
func (s *Simulator) Revoke(grant *v2.Grant) *Task {
	return s.Enqueue(v1.Task_builder{Revoke: v1.Task_RevokeTask_builder{Grant: grant}.Build()}.Build())
}

// Hello queues a request to say hello once more. The task finishes by that.
func (s *Simulator) Hello() *Task {
	return s.Enqueue(v1.Task_builder{Hello: &v1.Task_HelloTask{}}.Build())
}

// Taken waits until somebody holds the task, or did until it ended, and returns
// that host id.
func (t *Task) Taken(ctx context.Context) (string, error) {
	var holder string
	err := t.await(ctx, "taken", func() bool {
		holder = t.holder
		return holder != ""
	})
	return holder, err
}

// Takers returns the host ids of all who were ever given the task.
func (t *Task) Takers() []string {
	t.sim.mu.Lock()
	defer t.sim.mu.Unlock()
	return slices.Clone(t.takers)
}

// Uploaded waits until something was uploaded for the task, and returns it: for
// a sync, the sync.
func (t *Task) Uploaded(ctx context.Context) (Upload, error) {
	var first Upload
	err := t.await(ctx, "uploaded", func() bool {
		if len(t.uploads) == 0 {
			return false
		}
		first = t.uploads[0]
		return true
	})
	return first, err
}

// Uploads returns all that was uploaded for the task in full. A log follows the
// sync if the task or the connector asked for one.
func (t *Task) Uploads() []Upload {
	t.sim.mu.Lock()
	defer t.sim.mu.Unlock()
	return slices.Clone(t.uploads)
}

// Finished waits until the connector has said how the task ended. There is none
// of that if it was cancelled before it began, or if its holder disappeared.
func (t *Task) Finished(ctx context.Context) (Outcome, error) {
	var outcome Outcome
	err := t.await(ctx, "finished", func() bool {
		outcome = t.outcome
		return t.state == taskFinished
	})
	return outcome, err
}

// Cancel withdraws the task. If somebody holds it, the next heartbeat is
// answered so.
func (t *Task) Cancel() {
	t.sim.change(func() {
		t.cancelled = true
		if t.state == taskQueued {
			t.state = taskWithdrawn
			t.sim.queue = slices.DeleteFunc(t.sim.queue, func(other *Task) bool { return other == t })
		}
	})
}

// CancelTold waits until the holder was told that the task is cancelled.
func (t *Task) CancelTold(ctx context.Context) error {
	return t.await(ctx, "told of as cancelled", func() bool { return t.told })
}

// Requeue lets the task be taken once more, before all others, as ConductorOne
// does with one whose holder has disappeared.
func (t *Task) Requeue() error {
	return t.sim.tryChange(func() error {
		if t.state != taskHeld {
			return fmt.Errorf("c1sim: nobody holds task %s", t.ID)
		}
		t.state, t.holder = taskQueued, ""
		t.sim.queue = slices.Insert(t.sim.queue, 0, t)
		return nil
	})
}

func (t *Task) await(ctx context.Context, what string, holds func() bool) error {
	return t.sim.await(ctx, fmt.Sprintf("task %s to be %s", t.ID, what), holds)
}

// beat takes a sign of life and reports whether the answer is that the task is
// cancelled. Guess: whoever does not hold it is told so too.
func (t *Task) beat(hostID string) bool {
	if t.state != taskHeld || t.holder != hostID {
		return true
	}
	if t.cancelled {
		t.told = true
	}
	return t.cancelled
}

func (t *Task) finish(o Outcome) {
	t.state, t.outcome = taskFinished, o
}
