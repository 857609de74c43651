package main

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/actions"
	"github.com/conductorone/baton-sdk/pkg/annotations"
	"github.com/conductorone/baton-sdk/pkg/cli"
	"github.com/conductorone/baton-sdk/pkg/connectorbuilder"
	"github.com/conductorone/baton-sdk/pkg/pagination"
	"github.com/conductorone/baton-sdk/pkg/types"
	rs "github.com/conductorone/baton-sdk/pkg/types/resource"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/conductorone/baton-privx/pkg/config"
	"github.com/conductorone/baton-privx/pkg/connector"
)

// able is a connector that has everything of which baton-sdk finds out by looking at
// the interfaces of a connector and its syncers. What it is asked to do, it answers
// with an error that names it.
type able struct{}

const ableType = "thing"

var errAble = errors.New("asked of the able connector")

func asked(what string) error { return fmt.Errorf("%w: %s", errAble, what) }

func newAble(context.Context, *config.Privx, *cli.ConnectorOpts) (connectorbuilder.ConnectorBuilderV2, []connectorbuilder.Opt, error) {
	return able{}, nil, nil
}

func (able) Metadata(context.Context) (*v2.ConnectorMetadata, error) {
	return v2.ConnectorMetadata_builder{DisplayName: "Able"}.Build(), nil
}

func (able) Validate(context.Context) (annotations.Annotations, error) {
	return nil, asked("Validate")
}

func (able) EventFeeds(context.Context) []connectorbuilder.EventFeed {
	return []connectorbuilder.EventFeed{ableFeed{}}
}

func (able) GlobalActions(ctx context.Context, registry actions.ActionRegistry) error {
	return registry.Register(ctx, v2.BatonActionSchema_builder{Name: "act"}.Build(), func(context.Context, *structpb.Struct) (*structpb.Struct, annotations.Annotations, error) {
		return nil, nil, asked("act")
	})
}

func (able) ResourceSyncers(context.Context) []connectorbuilder.ResourceSyncerV2 {
	return []connectorbuilder.ResourceSyncerV2{ableSyncer{}}
}

type ableFeed struct{}

func (ableFeed) EventFeedMetadata(context.Context) *v2.EventFeedMetadata {
	return v2.EventFeedMetadata_builder{Id: "feed", SupportedEventTypes: []v2.EventType{v2.EventType_EVENT_TYPE_USAGE}}.Build()
}

func (ableFeed) ListEvents(context.Context, *timestamppb.Timestamp, *pagination.StreamToken) ([]*v2.Event, *pagination.StreamState, annotations.Annotations, error) {
	return nil, nil, nil, asked("ListEvents")
}

type ableSyncer struct{}

func (ableSyncer) ResourceType(context.Context) *v2.ResourceType {
	return v2.ResourceType_builder{Id: ableType, DisplayName: "Thing", Traits: []v2.ResourceType_Trait{v2.ResourceType_TRAIT_USER}}.Build()
}

func (ableSyncer) List(context.Context, *v2.ResourceId, rs.SyncOpAttrs) ([]*v2.Resource, *rs.SyncOpResults, error) {
	return nil, nil, asked("List")
}

func (ableSyncer) Entitlements(context.Context, *v2.Resource, rs.SyncOpAttrs) ([]*v2.Entitlement, *rs.SyncOpResults, error) {
	return nil, nil, asked("Entitlements")
}

func (ableSyncer) StaticEntitlements(context.Context, rs.SyncOpAttrs) ([]*v2.Entitlement, *rs.SyncOpResults, error) {
	return nil, nil, asked("StaticEntitlements")
}

func (ableSyncer) Grants(context.Context, *v2.Resource, rs.SyncOpAttrs) ([]*v2.Grant, *rs.SyncOpResults, error) {
	return nil, nil, asked("Grants")
}

func (ableSyncer) Get(context.Context, *v2.ResourceId, *v2.ResourceId) (*v2.Resource, annotations.Annotations, error) {
	return nil, nil, asked("Get")
}

func (ableSyncer) Grant(context.Context, *v2.Resource, *v2.Entitlement) ([]*v2.Grant, annotations.Annotations, error) {
	return nil, nil, asked("Grant")
}

func (ableSyncer) Revoke(context.Context, *v2.Grant) (annotations.Annotations, error) {
	return nil, asked("Revoke")
}

func (ableSyncer) Create(context.Context, *v2.Resource) (*v2.Resource, annotations.Annotations, error) {
	return nil, nil, asked("Create")
}

func (ableSyncer) Delete(context.Context, *v2.ResourceId, *v2.ResourceId) (annotations.Annotations, error) {
	return nil, asked("Delete")
}

func (ableSyncer) CreateAccount(
	context.Context, *v2.AccountInfo, *v2.LocalCredentialOptions,
) (connectorbuilder.CreateAccountResponse, []*v2.PlaintextData, annotations.Annotations, error) {
	return nil, nil, nil, asked("CreateAccount")
}

func (ableSyncer) CreateAccountCapabilityDetails(context.Context) (*v2.CredentialDetailsAccountProvisioning, annotations.Annotations, error) {
	return v2.CredentialDetailsAccountProvisioning_builder{
		SupportedCredentialOptions: []v2.CapabilityDetailCredentialOption{v2.CapabilityDetailCredentialOption_CAPABILITY_DETAIL_CREDENTIAL_OPTION_NO_PASSWORD},
		PreferredCredentialOption:  v2.CapabilityDetailCredentialOption_CAPABILITY_DETAIL_CREDENTIAL_OPTION_NO_PASSWORD,
	}.Build(), nil, nil
}

func (ableSyncer) Rotate(context.Context, *v2.ResourceId, *v2.LocalCredentialOptions) ([]*v2.PlaintextData, annotations.Annotations, error) {
	return nil, nil, asked("Rotate")
}

func (ableSyncer) RotateCapabilityDetails(context.Context) (*v2.CredentialDetailsCredentialRotation, annotations.Annotations, error) {
	return v2.CredentialDetailsCredentialRotation_builder{
		SupportedCredentialOptions: []v2.CapabilityDetailCredentialOption{v2.CapabilityDetailCredentialOption_CAPABILITY_DETAIL_CREDENTIAL_OPTION_NO_PASSWORD},
		PreferredCredentialOption:  v2.CapabilityDetailCredentialOption_CAPABILITY_DETAIL_CREDENTIAL_OPTION_NO_PASSWORD,
	}.Build(), nil, nil
}

func (ableSyncer) ResourceActions(ctx context.Context, registry actions.ActionRegistry) error {
	return registry.Register(ctx, v2.BatonActionSchema_builder{Name: "act on a thing"}.Build(), func(context.Context, *structpb.Struct) (*structpb.Struct, annotations.Annotations, error) {
		return nil, nil, asked("act on a thing")
	})
}

// served makes a connector's server as service mode and one-shot runs make it.
func served(t *testing.T, newConnector constructor, cfg *config.Privx, supervisor string) types.ConnectorServer {
	t.Helper()
	t.Setenv(supervisedVar, supervisor)
	server, err := serverOf(newConnector)(t.Context(), cfg, cli.RunTimeOpts{})
	require.NoError(t, err)
	watch, isWatched := server.(*watched)
	require.Equal(t, supervisor != "", isWatched)
	if isWatched {
		watch.notes = newNotes(&logbook{}) // No supervisor has opened a pipe in this process.
	}
	return server
}

// capabilitiesOf are what ConductorOne is told that a server can do.
func capabilitiesOf(t *testing.T, server types.ConnectorServer) *v2.ConnectorCapabilities {
	t.Helper()
	answer, err := server.GetMetadata(t.Context(), &v2.ConnectorServiceGetMetadataRequest{})
	require.NoError(t, err)
	return answer.GetMetadata().GetCapabilities()
}

// With one configuration, a connector can do the same things in a one-shot run, where
// its calls are watched, as in service mode.
func TestCapabilitiesAreTheSameInBothModes(t *testing.T) {
	cfg := &config.Privx{BaseUrl: "https://privx.example.com", ApiClientId: "a", ApiClientSecret: "b"}
	for name, newConnector := range map[string]constructor{"this connector": connector.New, "an able connector": newAble} {
		service, oneShot := served(t, newConnector, cfg, ""), served(t, newConnector, cfg, "1")
		want, got := capabilitiesOf(t, service), capabilitiesOf(t, oneShot)
		require.True(t, proto.Equal(want, got), "%s\nservice mode: %v\none-shot run: %v", name, want, got)
	}
}

// All that baton-sdk can find in a connector's interfaces is reached in a one-shot run
// as in service mode.
func TestInterfacesAreReachedInBothModes(t *testing.T) {
	service, oneShot := served(t, newAble, &config.Privx{}, ""), served(t, newAble, &config.Privx{}, "1")
	var reached []string
	for name, request := range map[string]proto.Message{
		"Validate":               &v2.ConnectorServiceValidateRequest{},
		"ListResourceTypes":      &v2.ResourceTypesServiceListResourceTypesRequest{},
		"ListResources":          v2.ResourcesServiceListResourcesRequest_builder{ResourceTypeId: ableType}.Build(),
		"GetResource":            v2.ResourceGetterServiceGetResourceRequest_builder{ResourceId: ableID()}.Build(),
		"ListEntitlements":       v2.EntitlementsServiceListEntitlementsRequest_builder{Resource: ableThing()}.Build(),
		"ListStaticEntitlements": v2.EntitlementsServiceListStaticEntitlementsRequest_builder{ResourceTypeId: ableType}.Build(),
		"ListGrants":             v2.GrantsServiceListGrantsRequest_builder{Resource: ableThing()}.Build(),
		"Grant":                  v2.GrantManagerServiceGrantRequest_builder{Entitlement: ableEntitlement(), Principal: ableThing()}.Build(),
		"Revoke": v2.GrantManagerServiceRevokeRequest_builder{
			Grant: v2.Grant_builder{Entitlement: ableEntitlement(), Principal: ableThing()}.Build(),
		}.Build(),
		"CreateResource":    v2.CreateResourceRequest_builder{Resource: ableThing()}.Build(),
		"DeleteResource":    v2.DeleteResourceRequest_builder{ResourceId: ableID()}.Build(),
		"DeleteResourceV2":  v2.DeleteResourceV2Request_builder{ResourceId: ableID()}.Build(),
		"CreateAccount":     v2.CreateAccountRequest_builder{ResourceTypeId: ableType}.Build(),
		"RotateCredential":  v2.RotateCredentialRequest_builder{ResourceId: ableID()}.Build(),
		"ListEventFeeds":    &v2.ListEventFeedsRequest{},
		"ListEvents":        v2.ListEventsRequest_builder{EventFeedId: "feed"}.Build(),
		"ListActionSchemas": &v2.ListActionSchemasRequest{},
		"GetActionSchema":   v2.GetActionSchemaRequest_builder{Name: "act"}.Build(),
	} {
		want, wantErr := call(t, service, name, request)
		got, gotErr := call(t, oneShot, name, request)
		require.Equal(t, wantErr, gotErr, name)
		require.True(t, proto.Equal(want, got), "%s\nservice mode: %v\none-shot run: %v", name, want, got)
		if wantErr == nil || errors.Is(wantErr, errAble) {
			reached = append(reached, name)
		}
	}
	require.Len(t, reached, 18, "the able connector itself is asked: %v", reached)
}

// The able connector has every capability that baton-sdk can find in one, but for two
// that take the place of others, and those that this project does not know how to have.
func TestTheAbleConnectorIsAble(t *testing.T) {
	has := capabilitiesOf(t, served(t, newAble, &config.Privx{}, "")).GetConnectorCapabilities()
	hasOfType := capabilitiesOf(t, served(t, newAble, &config.Privx{}, "")).GetResourceTypeCapabilities()[0].GetCapabilities()
	var lacks []v2.Capability
	for number := range v2.Capability_name {
		one := v2.Capability(number)
		if !slices.Contains(has, one) && !slices.Contains(hasOfType, one) {
			lacks = append(lacks, one)
		}
	}
	require.ElementsMatch(t, []v2.Capability{
		v2.Capability_CAPABILITY_UNSPECIFIED, v2.Capability_CAPABILITY_SYNC_SECRETS, // never there
		v2.Capability_CAPABILITY_EVENT_FEED,                                           // version 2 is there instead
		v2.Capability_CAPABILITY_TICKETING, v2.Capability_CAPABILITY_CREDENTIAL_ISSUE, // not tried
	}, lacks)
}

func ableID() *v2.ResourceId {
	return v2.ResourceId_builder{ResourceType: ableType, Resource: "1"}.Build()
}

func ableThing() *v2.Resource { return v2.Resource_builder{Id: ableID()}.Build() }

func ableEntitlement() *v2.Entitlement {
	return v2.Entitlement_builder{Id: "e", Resource: ableThing()}.Build()
}

// call makes a call of a server by name.
func call(t *testing.T, server types.ConnectorServer, name string, request proto.Message) (proto.Message, error) {
	t.Helper()
	out := reflect.ValueOf(server).MethodByName(name).Call([]reflect.Value{reflect.ValueOf(t.Context()), reflect.ValueOf(request)})
	answer, _ := out[0].Interface().(proto.Message)
	err, _ := out[1].Interface().(error)
	return answer, err
}
