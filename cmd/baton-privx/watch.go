package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/conductorone/baton-privx/internal/errorid"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/types"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// note is what the supervisor is told: a call that has just gone well, if it is the
// first of its kind, and what is wrong at this time.
type note struct {
	Done    string   `json:"done,omitempty"`
	Failure *failure `json:"failure,omitempty"`
}

// failure is the gRPC code of a failed call and what was wrong.
type failure struct {
	Code codes.Code `json:"code"`
	Text string     `json:"text"`
}

// notes tell the supervisor how calls went.
type notes struct {
	to   io.Writer
	mu   sync.Mutex
	done map[string]bool
	open map[string]error // calls that have failed and have not succeeded since
}

func newNotes(to io.Writer) *notes {
	return &notes{to: to, done: make(map[string]bool), open: make(map[string]error)}
}

// take notes how a call went. A cancelled call is left out: it was cancelled because
// something else failed, and that is noted.
func (n *notes) take(call string, request proto.Message, err error) {
	if errors.Is(err, context.Canceled) || status.Code(err) == codes.Canceled {
		return
	}
	what, _ := proto.MarshalOptions{Deterministic: true}.Marshal(request) // a key, and no more
	key := call + " " + string(what)
	n.mu.Lock()
	defer n.mu.Unlock()
	if err != nil {
		n.open[key] = err
		n.tell(note{Failure: n.worst()})
		return
	}
	if n.open[key] == nil && n.done[call] {
		return
	}
	delete(n.open, key)
	n.done[call] = true
	n.tell(note{Done: call, Failure: n.worst()})
}

// tell writes a line. Where it does not arrive, the supervisor misses a proof and has the
// run fail.
func (n *notes) tell(what note) {
	line, err := json.Marshal(what)
	if err == nil {
		_, _ = n.to.Write(append(line, '\n'))
	}
}

func (n *notes) worst() *failure {
	var worst error
	for _, err := range n.open {
		// A call that was Unavailable may yet succeed. A final error says more about why
		// a run has failed.
		if worst == nil || status.Code(worst) == codes.Unavailable {
			worst = err
		}
	}
	if worst == nil {
		return nil
	}
	return &failure{status.Code(worst), worst.Error()}
}

// watched is a connector whose calls are noted: all those that a one-shot run makes.
// It stands outside of what the SDK makes of the connector and leaves all else as it
// is, so that nothing the connector can do is hidden.
type watched struct {
	types.ConnectorServer

	notes *notes
}

// noted passes a call on and notes how it went.
func noted[Q, A proto.Message](ctx context.Context, w *watched, call string, request Q, to func(context.Context, Q) (A, error)) (A, error) {
	answer, err := to(ctx, request)
	w.notes.take(call, request, err)
	return answer, err
}

func (w *watched) Validate(ctx context.Context, r *v2.ConnectorServiceValidateRequest) (*v2.ConnectorServiceValidateResponse, error) {
	return noted(ctx, w, "Validate", r, w.ConnectorServer.Validate)
}

func (w *watched) ListResourceTypes(ctx context.Context, r *v2.ResourceTypesServiceListResourceTypesRequest) (*v2.ResourceTypesServiceListResourceTypesResponse, error) {
	return noted(ctx, w, "ListResourceTypes", r, w.ConnectorServer.ListResourceTypes)
}

func (w *watched) ListResources(ctx context.Context, r *v2.ResourcesServiceListResourcesRequest) (*v2.ResourcesServiceListResourcesResponse, error) {
	return noted(ctx, w, "ListResources", r, w.ConnectorServer.ListResources)
}

func (w *watched) GetResource(ctx context.Context, r *v2.ResourceGetterServiceGetResourceRequest) (*v2.ResourceGetterServiceGetResourceResponse, error) {
	answer, err := w.ConnectorServer.GetResource(ctx, r)
	if status.Code(err) != codes.NotFound { // which a targeted sync leaves out
		w.notes.take("GetResource", r, err)
	}
	return answer, err
}

func (w *watched) ListEntitlements(ctx context.Context, r *v2.EntitlementsServiceListEntitlementsRequest) (*v2.EntitlementsServiceListEntitlementsResponse, error) {
	return noted(ctx, w, "ListEntitlements", r, w.ConnectorServer.ListEntitlements)
}

func (w *watched) ListStaticEntitlements(ctx context.Context, r *v2.EntitlementsServiceListStaticEntitlementsRequest) (*v2.EntitlementsServiceListStaticEntitlementsResponse, error) {
	return noted(ctx, w, "ListStaticEntitlements", r, w.ConnectorServer.ListStaticEntitlements)
}

func (w *watched) ListGrants(ctx context.Context, r *v2.GrantsServiceListGrantsRequest) (*v2.GrantsServiceListGrantsResponse, error) {
	return noted(ctx, w, "ListGrants", r, w.ConnectorServer.ListGrants)
}

func (w *watched) Cleanup(ctx context.Context, r *v2.ConnectorServiceCleanupRequest) (*v2.ConnectorServiceCleanupResponse, error) {
	return noted(ctx, w, "Cleanup", r, w.ConnectorServer.Cleanup)
}

func (w *watched) Grant(ctx context.Context, r *v2.GrantManagerServiceGrantRequest) (*v2.GrantManagerServiceGrantResponse, error) {
	return noted(ctx, w, "Grant", r, w.ConnectorServer.Grant)
}

func (w *watched) Revoke(ctx context.Context, r *v2.GrantManagerServiceRevokeRequest) (*v2.GrantManagerServiceRevokeResponse, error) {
	return noted(ctx, w, "Revoke", r, w.ConnectorServer.Revoke)
}

func (w *watched) CreateAccount(ctx context.Context, r *v2.CreateAccountRequest) (*v2.CreateAccountResponse, error) {
	return noted(ctx, w, "CreateAccount", r, w.ConnectorServer.CreateAccount)
}

func (w *watched) DeleteResource(ctx context.Context, r *v2.DeleteResourceRequest) (*v2.DeleteResourceResponse, error) {
	return noted(ctx, w, "DeleteResource", r, w.ConnectorServer.DeleteResource)
}

func (w *watched) RotateCredential(ctx context.Context, r *v2.RotateCredentialRequest) (*v2.RotateCredentialResponse, error) {
	return noted(ctx, w, "RotateCredential", r, w.ConnectorServer.RotateCredential)
}

func (w *watched) ListEvents(ctx context.Context, r *v2.ListEventsRequest) (*v2.ListEventsResponse, error) {
	return noted(ctx, w, "ListEvents", r, w.ConnectorServer.ListEvents)
}

func (w *watched) ListActionSchemas(ctx context.Context, r *v2.ListActionSchemasRequest) (*v2.ListActionSchemasResponse, error) {
	return noted(ctx, w, "ListActionSchemas", r, w.ConnectorServer.ListActionSchemas)
}

func (w *watched) InvokeAction(ctx context.Context, r *v2.InvokeActionRequest) (*v2.InvokeActionResponse, error) {
	answer, err := w.ConnectorServer.InvokeAction(ctx, r)
	w.action(r, answer, err)
	return answer, err
}

func (w *watched) GetActionStatus(ctx context.Context, r *v2.GetActionStatusRequest) (*v2.GetActionStatusResponse, error) {
	answer, err := w.ConnectorServer.GetActionStatus(ctx, r)
	w.action(r, answer, err)
	return answer, err
}

// action notes what has become of an action. Its status tells that: an answer without an
// error only means that the action was begun or its status read.
func (w *watched) action(request proto.Message, answer interface{ GetStatus() v2.BatonActionStatus }, err error) {
	switch {
	case err != nil:
	case answer.GetStatus() == v2.BatonActionStatus_BATON_ACTION_STATUS_COMPLETE:
	case answer.GetStatus() == v2.BatonActionStatus_BATON_ACTION_STATUS_FAILED:
		err = errorid.Error("running an action", errorid.New(errorid.TaskNotDone, fmt.Sprintf("the action has failed: %v", answer)))
	default:
		return // It is under way.
	}
	w.notes.take("InvokeAction", request, err)
}

func (w *watched) CreateTicket(ctx context.Context, r *v2.TicketsServiceCreateTicketRequest) (*v2.TicketsServiceCreateTicketResponse, error) {
	return noted(ctx, w, "CreateTicket", r, w.ConnectorServer.CreateTicket)
}

func (w *watched) BulkCreateTickets(ctx context.Context, r *v2.TicketsServiceBulkCreateTicketsRequest) (*v2.TicketsServiceBulkCreateTicketsResponse, error) {
	return noted(ctx, w, "BulkCreateTickets", r, w.ConnectorServer.BulkCreateTickets)
}

func (w *watched) ListTicketSchemas(ctx context.Context, r *v2.TicketsServiceListTicketSchemasRequest) (*v2.TicketsServiceListTicketSchemasResponse, error) {
	return noted(ctx, w, "ListTicketSchemas", r, w.ConnectorServer.ListTicketSchemas)
}

func (w *watched) GetTicketSchema(ctx context.Context, r *v2.TicketsServiceGetTicketSchemaRequest) (*v2.TicketsServiceGetTicketSchemaResponse, error) {
	return noted(ctx, w, "GetTicketSchema", r, w.ConnectorServer.GetTicketSchema)
}

func (w *watched) GetTicket(ctx context.Context, r *v2.TicketsServiceGetTicketRequest) (*v2.TicketsServiceGetTicketResponse, error) {
	return noted(ctx, w, "GetTicket", r, w.ConnectorServer.GetTicket)
}
