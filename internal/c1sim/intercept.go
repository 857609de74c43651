package c1sim

import (
	"context"
	"path"

	v1 "github.com/conductorone/baton-sdk/pb/c1/connectorapi/baton/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// clientKey is the context's key of the id of the client that calls.
type clientKey struct{}

func clientOf(ctx context.Context) string {
	id, _ := ctx.Value(clientKey{}).(string)
	return id
}

// unary intercepts every call that is not a stream.
func (s *Simulator) unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	call := s.begin(Call{Method: path.Base(info.FullMethod), HostID: hostIDOf(req), TaskIDs: taskIDsOf(req)})
	var answer any
	err := s.serve(ctx, call, func() error {
		client, err := s.authenticate(ctx)
		if err != nil {
			return err
		}
		s.setCaller(call, client, "", nil)
		if err := validate(req); err != nil {
			return err
		}
		answer, err = handle(context.WithValue(ctx, clientKey{}, client), req)
		s.setCaller(call, "", "", taskIDsGiven(answer))
		return err
	})
	if err != nil {
		return nil, err
	}
	return answer, nil
}

// validate applies the rules that the SDK's description of a message has.
func validate(message any) error {
	if m, ok := message.(interface{ Validate() error }); ok {
		if err := m.Validate(); err != nil {
			return status.Error(codes.InvalidArgument, err.Error())
		}
	}
	return nil
}

func hostIDOf(message any) string {
	if m, ok := message.(interface{ GetHostId() string }); ok {
		return m.GetHostId()
	}
	return ""
}

// taskIDsOf returns which tasks a message is about.
func taskIDsOf(message any) []string {
	var ids []string
	if m, ok := message.(interface{ GetTaskId() string }); ok && m.GetTaskId() != "" {
		ids = append(ids, m.GetTaskId())
	}
	if m, ok := message.(*v1.BatonServiceHeartbeatRequest); ok {
		ids = append(ids, m.GetTaskIds()...)
	}
	return ids
}

// taskIDsGiven returns which tasks an answer gives away.
func taskIDsGiven(answer any) []string {
	var given []*v1.Task
	switch m := answer.(type) {
	case *v1.BatonServiceGetTaskResponse:
		if m.GetTask() != nil {
			given = append(given, m.GetTask())
		}
	case *v1.BatonServiceGetTasksResponse:
		given = m.GetTasks()
	}
	var ids []string
	for _, t := range given {
		ids = append(ids, t.GetId())
	}
	return ids
}

// stream intercepts uploads.
func (s *Simulator) stream(server any, in grpc.ServerStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
	call := s.begin(Call{Method: path.Base(info.FullMethod)})
	up := &uploadStream{ServerStream: in, sim: s, call: call}
	up.ctx = context.WithValue(in.Context(), uploadKey{}, up)
	return s.serve(up.ctx, call, func() error {
		client, err := s.authenticate(up.ctx)
		if err != nil {
			return err
		}
		s.setCaller(call, client, "", nil)
		return handle(server, up)
	})
}

// uploadKey is the context's key of the stream itself.
type uploadKey struct{}

// uploadStream is a stream whose messages are looked at as they come.
type uploadStream struct {
	grpc.ServerStream

	ctx  context.Context
	sim  *Simulator
	call *Call

	dropAfter *int64 // bytes of content after which the connection is cut; nil is never
	received  int64
}

func (u *uploadStream) Context() context.Context { return u.ctx }

func (u *uploadStream) RecvMsg(message any) error {
	if err := u.ServerStream.RecvMsg(message); err != nil {
		return err
	}
	if err := validate(message); err != nil {
		return err
	}
	m, ok := message.(*v1.BatonServiceUploadAssetRequest)
	if !ok {
		return status.Errorf(codes.Internal, "unknown message %T", message)
	}
	if begin := m.GetMetadata(); begin != nil {
		u.sim.setCaller(u.call, "", begin.GetHostId(), []string{begin.GetTaskId()})
	}
	u.received += int64(len(m.GetData().GetData()))
	if u.dropAfter != nil && (u.received > *u.dropAfter || m.GetEof() != nil) {
		cutConnection(u.ctx)
		return status.Error(codes.Unavailable, "connection cut by request")
	}
	return nil
}
