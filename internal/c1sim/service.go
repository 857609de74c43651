package c1sim

import (
	"context"
	"slices"

	v1 "github.com/conductorone/baton-sdk/pb/c1/connectorapi/baton/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// service is a simulator as the RPCs see it.
type service struct {
	v1.UnimplementedBatonServiceServer // StartDebugging, which the SDK never calls
	*Simulator
}

// Hello is the RPC by which a connector introduces itself, at its start or
// because a task told it to. Such a task is finished by it: the SDK sends no
// FinishTask for it.
func (s service) Hello(ctx context.Context, req *v1.BatonServiceHelloRequest) (*v1.BatonServiceHelloResponse, error) {
	err := s.tryChange(func() error {
		if id := req.GetTaskId(); id != "" {
			// The rule in the SDK's description lets any id pass: its
			// alternative "$" matches everywhere.
			t, err := s.held(id, req.GetHostId())
			if err != nil {
				return err
			}
			if t.message.GetHello() == nil {
				return status.Error(codes.InvalidArgument, "the task is not to say hello")
			}
			t.finish(Outcome{HostID: req.GetHostId(), Time: s.opts.Clock()})
		}
		s.hellos = append(s.hellos, Hello{Time: s.opts.Clock(), Client: clientOf(ctx), Request: proto.CloneOf(req)})
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &v1.BatonServiceHelloResponse{}, nil
}

// GetTask is the RPC that gives the caller the next task, if there is one.
func (s service) GetTask(_ context.Context, req *v1.BatonServiceGetTaskRequest) (*v1.BatonServiceGetTaskResponse, error) {
	answer := v1.BatonServiceGetTaskResponse_builder{NextPoll: s.nextPoll(), NextHeartbeat: s.nextHeartbeat()}
	for _, task := range s.hand(req.GetHostId(), 1, nil) {
		answer.Task = task
	}
	return answer.Build(), nil
}

// GetTasks is the RPC that gives the caller tasks in advance, which it uses
// instead of GetTask if BATON_GET_TASKS is set.
func (s service) GetTasks(_ context.Context, req *v1.BatonServiceGetTasksRequest) (*v1.BatonServiceGetTasksResponse, error) {
	return v1.BatonServiceGetTasksResponse_builder{
		Tasks:    s.hand(req.GetHostId(), int(req.GetPageSize()), req.GetKnownTaskIds()),
		NextPoll: s.nextPoll(), NextHeartbeat: s.nextHeartbeat(),
	}.Build(), nil
}

// hand gives the caller up to n tasks that it does not know of. Nobody else
// gets them, unless they are queued again.
func (s *Simulator) hand(hostID string, n int, known []string) []*v1.Task {
	var given []*v1.Task
	s.change(func() {
		s.queue = slices.DeleteFunc(s.queue, func(t *Task) bool {
			if len(given) == n || slices.Contains(known, t.ID) {
				return false
			}
			t.state, t.holder = taskHeld, hostID
			t.takers = append(t.takers, hostID)
			given = append(given, proto.CloneOf(t.message))
			return true
		})
	})
	return given
}

// Heartbeat is the RPC by which a connector says that it is still at work. The
// SDK sends it for full syncs only.
func (s service) Heartbeat(_ context.Context, req *v1.BatonServiceHeartbeatRequest) (*v1.BatonServiceHeartbeatResponse, error) {
	answer := v1.BatonServiceHeartbeatResponse_builder{NextHeartbeat: s.nextHeartbeat()}
	err := s.tryChange(func() error {
		for i, id := range append([]string{req.GetTaskId()}, req.GetTaskIds()...) {
			t, err := s.task(id)
			if err != nil {
				return err
			}
			if !t.beat(req.GetHostId()) {
				continue
			}
			if i == 0 {
				answer.Cancelled = true
			} else {
				answer.CancelledTaskIds = append(answer.CancelledTaskIds, id)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return answer.Build(), nil
}

// FinishTask is the RPC by which a connector says how a task ended.
func (s service) FinishTask(_ context.Context, req *v1.BatonServiceFinishTaskRequest) (*v1.BatonServiceFinishTaskResponse, error) {
	outcome, err := newOutcome(req)
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	err = s.tryChange(func() error {
		t, err := s.held(req.GetTaskId(), req.GetHostId())
		if err != nil {
			return err
		}
		outcome.Time = s.opts.Clock()
		t.finish(outcome)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &v1.BatonServiceFinishTaskResponse{}, nil
}

// task finds a task.
func (s *Simulator) task(id string) (*Task, error) {
	if t := s.tasks[id]; t != nil {
		return t, nil
	}
	return nil, status.Error(codes.NotFound, "unknown task")
}

// held finds a task that the caller holds. Guess: ConductorOne refuses whoever
// does not hold it, and a second end.
func (s *Simulator) held(id, hostID string) (*Task, error) {
	t, err := s.task(id)
	if err != nil {
		return nil, err
	}
	if t.state != taskHeld || t.holder != hostID {
		return nil, status.Error(codes.FailedPrecondition, "the caller does not hold the task")
	}
	return t, nil
}
