package main

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/types"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// logbook is where a test's notes go.
type logbook struct{ bytes.Buffer }

func (l *logbook) account() account { return listen(bytes.NewReader(l.Bytes())) }

// The failures that are heard of are those that nothing has made good since.
func TestNotes(t *testing.T) {
	t.Parallel()
	var book logbook
	n := newNotes(&book)
	request := func(id string) proto.Message { return v2.ResourceId_builder{Resource: id}.Build() }
	code := func() codes.Code {
		if failure := book.account().Failure; failure != nil {
			return failure.Code
		}
		return codes.OK
	}
	n.take("Validate", request(""), status.Error(codes.Unavailable, "away"))
	require.Equal(t, codes.Unavailable, code())
	n.take("Validate", request(""), nil)
	require.Equal(t, codes.OK, code(), "it has succeeded since")

	n.take("ListGrants", request("a"), status.Error(codes.Unavailable, "away"))
	n.take("ListGrants", request("b"), fmt.Errorf("listing: %w", status.Error(codes.PermissionDenied, "no")))
	n.take("ListGrants", request("c"), status.Error(codes.Canceled, "because of b"))
	n.take("ListGrants", request("d"), fmt.Errorf("because of b too: %w", context.Canceled))
	require.Equal(t, codes.PermissionDenied, code())
	n.take("ListGrants", request("e"), nil)
	n.take("Revoke", request("b"), nil)
	require.Equal(t, codes.PermissionDenied, code(), "another call's success mends nothing")
	require.Contains(t, book.account().Failure.Text, "no")
	require.Equal(t, map[string]bool{"Validate": true, "ListGrants": true, "Revoke": true}, book.account().Done)

	n.take("ListGrants", request("b"), nil)
	require.Equal(t, codes.Unavailable, code())
	written := book.Len()
	n.take("ListGrants", request("e"), nil)
	require.Equal(t, written, book.Len(), "nothing that is new")
}

// unnoted are the calls that no one-shot run makes.
var unnoted = map[string]bool{
	"GetMetadata": true, "GetAsset": true, "CreateResource": true, "DeleteResourceV2": true, "IssueCredential": true,
	"ListEventFeeds": true, "BulkGetTickets": true, "GetActionSchema": true,
}

// fakeServer gives the same answer to all calls that are noted, and remembers what
// it was asked. Other calls panic.
type fakeServer struct {
	types.ConnectorServer

	answer proto.Message
	err    error
	asked  proto.Message
}

func answered[Q, A proto.Message](f *fakeServer, request Q) (A, error) {
	f.asked = request
	answer, _ := f.answer.(A)
	return answer, f.err
}

func (f *fakeServer) Validate(_ context.Context, r *v2.ConnectorServiceValidateRequest) (*v2.ConnectorServiceValidateResponse, error) {
	return answered[*v2.ConnectorServiceValidateRequest, *v2.ConnectorServiceValidateResponse](f, r)
}

func (f *fakeServer) ListResourceTypes(_ context.Context, r *v2.ResourceTypesServiceListResourceTypesRequest) (*v2.ResourceTypesServiceListResourceTypesResponse, error) {
	return answered[*v2.ResourceTypesServiceListResourceTypesRequest, *v2.ResourceTypesServiceListResourceTypesResponse](f, r)
}

func (f *fakeServer) ListResources(_ context.Context, r *v2.ResourcesServiceListResourcesRequest) (*v2.ResourcesServiceListResourcesResponse, error) {
	return answered[*v2.ResourcesServiceListResourcesRequest, *v2.ResourcesServiceListResourcesResponse](f, r)
}

func (f *fakeServer) GetResource(_ context.Context, r *v2.ResourceGetterServiceGetResourceRequest) (*v2.ResourceGetterServiceGetResourceResponse, error) {
	return answered[*v2.ResourceGetterServiceGetResourceRequest, *v2.ResourceGetterServiceGetResourceResponse](f, r)
}

func (f *fakeServer) ListEntitlements(_ context.Context, r *v2.EntitlementsServiceListEntitlementsRequest) (*v2.EntitlementsServiceListEntitlementsResponse, error) {
	return answered[*v2.EntitlementsServiceListEntitlementsRequest, *v2.EntitlementsServiceListEntitlementsResponse](f, r)
}

func (f *fakeServer) ListStaticEntitlements(_ context.Context, r *v2.EntitlementsServiceListStaticEntitlementsRequest) (*v2.EntitlementsServiceListStaticEntitlementsResponse, error) {
	return answered[*v2.EntitlementsServiceListStaticEntitlementsRequest, *v2.EntitlementsServiceListStaticEntitlementsResponse](f, r)
}

func (f *fakeServer) ListGrants(_ context.Context, r *v2.GrantsServiceListGrantsRequest) (*v2.GrantsServiceListGrantsResponse, error) {
	return answered[*v2.GrantsServiceListGrantsRequest, *v2.GrantsServiceListGrantsResponse](f, r)
}

func (f *fakeServer) Cleanup(_ context.Context, r *v2.ConnectorServiceCleanupRequest) (*v2.ConnectorServiceCleanupResponse, error) {
	return answered[*v2.ConnectorServiceCleanupRequest, *v2.ConnectorServiceCleanupResponse](f, r)
}

func (f *fakeServer) Grant(_ context.Context, r *v2.GrantManagerServiceGrantRequest) (*v2.GrantManagerServiceGrantResponse, error) {
	return answered[*v2.GrantManagerServiceGrantRequest, *v2.GrantManagerServiceGrantResponse](f, r)
}

func (f *fakeServer) Revoke(_ context.Context, r *v2.GrantManagerServiceRevokeRequest) (*v2.GrantManagerServiceRevokeResponse, error) {
	return answered[*v2.GrantManagerServiceRevokeRequest, *v2.GrantManagerServiceRevokeResponse](f, r)
}

func (f *fakeServer) CreateAccount(_ context.Context, r *v2.CreateAccountRequest) (*v2.CreateAccountResponse, error) {
	return answered[*v2.CreateAccountRequest, *v2.CreateAccountResponse](f, r)
}

func (f *fakeServer) DeleteResource(_ context.Context, r *v2.DeleteResourceRequest) (*v2.DeleteResourceResponse, error) {
	return answered[*v2.DeleteResourceRequest, *v2.DeleteResourceResponse](f, r)
}

func (f *fakeServer) RotateCredential(_ context.Context, r *v2.RotateCredentialRequest) (*v2.RotateCredentialResponse, error) {
	return answered[*v2.RotateCredentialRequest, *v2.RotateCredentialResponse](f, r)
}

func (f *fakeServer) ListEvents(_ context.Context, r *v2.ListEventsRequest) (*v2.ListEventsResponse, error) {
	return answered[*v2.ListEventsRequest, *v2.ListEventsResponse](f, r)
}

func (f *fakeServer) ListActionSchemas(_ context.Context, r *v2.ListActionSchemasRequest) (*v2.ListActionSchemasResponse, error) {
	return answered[*v2.ListActionSchemasRequest, *v2.ListActionSchemasResponse](f, r)
}

func (f *fakeServer) InvokeAction(_ context.Context, r *v2.InvokeActionRequest) (*v2.InvokeActionResponse, error) {
	return answered[*v2.InvokeActionRequest, *v2.InvokeActionResponse](f, r)
}

func (f *fakeServer) GetActionStatus(_ context.Context, r *v2.GetActionStatusRequest) (*v2.GetActionStatusResponse, error) {
	return answered[*v2.GetActionStatusRequest, *v2.GetActionStatusResponse](f, r)
}

func (f *fakeServer) CreateTicket(_ context.Context, r *v2.TicketsServiceCreateTicketRequest) (*v2.TicketsServiceCreateTicketResponse, error) {
	return answered[*v2.TicketsServiceCreateTicketRequest, *v2.TicketsServiceCreateTicketResponse](f, r)
}

func (f *fakeServer) BulkCreateTickets(_ context.Context, r *v2.TicketsServiceBulkCreateTicketsRequest) (*v2.TicketsServiceBulkCreateTicketsResponse, error) {
	return answered[*v2.TicketsServiceBulkCreateTicketsRequest, *v2.TicketsServiceBulkCreateTicketsResponse](f, r)
}

func (f *fakeServer) ListTicketSchemas(_ context.Context, r *v2.TicketsServiceListTicketSchemasRequest) (*v2.TicketsServiceListTicketSchemasResponse, error) {
	return answered[*v2.TicketsServiceListTicketSchemasRequest, *v2.TicketsServiceListTicketSchemasResponse](f, r)
}

func (f *fakeServer) GetTicketSchema(_ context.Context, r *v2.TicketsServiceGetTicketSchemaRequest) (*v2.TicketsServiceGetTicketSchemaResponse, error) {
	return answered[*v2.TicketsServiceGetTicketSchemaRequest, *v2.TicketsServiceGetTicketSchemaResponse](f, r)
}

func (f *fakeServer) GetTicket(_ context.Context, r *v2.TicketsServiceGetTicketRequest) (*v2.TicketsServiceGetTicketResponse, error) {
	return answered[*v2.TicketsServiceGetTicketRequest, *v2.TicketsServiceGetTicketResponse](f, r)
}

// completed makes the answer about an action that of one that went well.
func completed(answer proto.Message) {
	if action, ok := answer.(interface {
		SetStatus(status v2.BatonActionStatus)
	}); ok {
		action.SetStatus(v2.BatonActionStatus_BATON_ACTION_STATUS_COMPLETE)
	}
}

// Each call is passed on as it is, and each that a one-shot run may make is noted.
func TestWatchedCalls(t *testing.T) {
	t.Parallel()
	server := reflect.TypeFor[types.ConnectorServer]()
	for i := range server.NumMethod() {
		method := server.Method(i)
		if unnoted[method.Name] {
			continue
		}
		t.Run(method.Name, func(t *testing.T) {
			t.Parallel()
			call := method.Name
			if call == "GetActionStatus" {
				call = "InvokeAction"
			}
			var book logbook
			fake := &fakeServer{}
			watch := reflect.ValueOf(&watched{ConnectorServer: fake, notes: newNotes(&book)}).MethodByName(method.Name)
			request := reflect.New(method.Type.In(1).Elem())
			fake.answer, _ = reflect.New(method.Type.Out(0).Elem()).Interface().(proto.Message)
			completed(fake.answer)
			ask := func(err error) error {
				fake.err = err
				out := watch.Call([]reflect.Value{reflect.ValueOf(t.Context()), request})
				require.Same(t, request.Interface(), fake.asked)
				require.Same(t, fake.answer, out[0].Interface())
				got, _ := out[1].Interface().(error)
				return got
			}
			failed := status.Error(codes.FailedPrecondition, "because")
			require.Same(t, failed, ask(failed))
			require.Equal(t, account{map[string]bool{}, &failure{codes.FailedPrecondition, failed.Error()}}, book.account())
			require.NoError(t, ask(nil))
			require.Equal(t, account{Done: map[string]bool{call: true}}, book.account())
		})
	}
}

// Of each task that a run can be for, the call is one that is noted.
func TestTasksAreNoted(t *testing.T) {
	t.Parallel()
	for _, task := range tasks {
		_, found := reflect.TypeFor[types.ConnectorServer]().MethodByName(task.call)
		require.True(t, found && !unnoted[task.call], task.call)
	}
}

// An action goes on behind the call, and it is its own end that counts.
func TestWatchedActions(t *testing.T) {
	t.Parallel()
	var book logbook
	fake := &fakeServer{answer: v2.InvokeActionResponse_builder{Status: v2.BatonActionStatus_BATON_ACTION_STATUS_RUNNING}.Build()}
	watch := &watched{ConnectorServer: fake, notes: newNotes(&book)}
	_, err := watch.InvokeAction(t.Context(), &v2.InvokeActionRequest{})
	require.NoError(t, err)
	require.Equal(t, account{Done: map[string]bool{}}, book.account())
	fake.answer = v2.GetActionStatusResponse_builder{Status: v2.BatonActionStatus_BATON_ACTION_STATUS_FAILED, Name: "disable"}.Build()
	_, err = watch.GetActionStatus(t.Context(), &v2.GetActionStatusRequest{})
	require.NoError(t, err)
	require.Equal(t, codes.Unknown, book.account().Failure.Code)
	require.Contains(t, book.account().Failure.Text, "the action has failed")
	require.Empty(t, book.account().Done)
}

// An object that is not there is left out of a targeted sync, and is no failure.
func TestWatchedObjectThatIsGone(t *testing.T) {
	t.Parallel()
	var book logbook
	fake := &fakeServer{err: status.Error(codes.NotFound, "gone")}
	watch := &watched{ConnectorServer: fake, notes: newNotes(&book)}
	_, err := watch.GetResource(t.Context(), &v2.ResourceGetterServiceGetResourceRequest{})
	require.Same(t, fake.err, err)
	require.Zero(t, book.Len())
}
