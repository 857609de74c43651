package connector

import (
	"context"
	"fmt"
	"strconv"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/annotations"
	"github.com/conductorone/baton-sdk/pkg/connectorbuilder"
	ent "github.com/conductorone/baton-sdk/pkg/types/entitlement"
	rs "github.com/conductorone/baton-sdk/pkg/types/resource"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/conductorone/baton-privx/internal/errorid"
	"github.com/conductorone/baton-privx/pkg/connector/reach"
	"github.com/conductorone/baton-privx/pkg/privx"
)

// targetSyncer syncs the targets of one kind: what can be used of each, and the roles that
// give it. PrivX is asked for the list alone, once. What the roles of a target give is put
// into its row, as a reach.Note, and baton-sdk hands the row back when it asks for the
// target's entitlements and grants.
type targetSyncer struct {
	list  targetList
	syncs *syncs
}

var (
	_ connectorbuilder.ResourceSyncerV2              = (*targetSyncer)(nil)
	_ connectorbuilder.ResourceTargetedSyncerLimited = (*targetSyncer)(nil)
)

func (c *Connector) syncerOf(list targetList) *targetSyncer {
	return &targetSyncer{list: list, syncs: c.syncs}
}

func (t *targetSyncer) ResourceType(context.Context) *v2.ResourceType {
	return targetTypes[t.list.kind]
}

// List gives a page of targets.
func (t *targetSyncer) List(ctx context.Context, _ *v2.ResourceId, opts rs.SyncOpAttrs) ([]*v2.Resource, *rs.SyncOpResults, error) {
	run := t.syncs.run(opts.SyncID)
	page, err := run.targets(ctx, t.list, opts.PageToken.Token)
	if err != nil {
		return nil, nil, failed("listing "+t.list.many, err)
	}
	var rows []*v2.Resource
	var taken answer
	next, err := run.takeTargets(t.list, page, func(target reach.Target) (bool, error) {
		if !t.syncs.reach.wants(target) {
			return true, nil
		}
		row, err := t.resource(target)
		if err != nil {
			return false, err
		}
		if !taken.takes(row) {
			return false, nil
		}
		rows = append(rows, row)
		return true, nil
	})
	if err != nil {
		return nil, nil, unfit("making a resource of what PrivX lists", err)
	}
	return rows, &rs.SyncOpResults{NextPageToken: next}, nil
}

// Get gives one target.
func (t *targetSyncer) Get(ctx context.Context, id, _ *v2.ResourceId) (*v2.Resource, annotations.Annotations, error) {
	doing := "reading the " + t.list.one + " " + id.GetResource()
	groups, err := t.syncs.run("").groups(ctx, t.list)
	if err != nil {
		return nil, nil, failed(doing, err)
	}
	target, err := t.target(ctx, groups, id.GetResource())
	if err != nil {
		return nil, nil, gone(doing, err)
	}
	if !t.syncs.reach.wants(target) {
		return nil, nil, gone(doing, absentError("it is not synced"))
	}
	made, err := t.resource(target)
	if err != nil {
		return nil, nil, unfit(doing, err)
	}
	return made, nil, nil
}

// target reads one target.
func (t *targetSyncer) target(ctx context.Context, groups reach.Groups, id string) (reach.Target, error) {
	if t.list.get == nil {
		return t.syncs.find(ctx, t.list, id)
	}
	return t.list.get(ctx, t.syncs.client, groups, id)
}

// resource makes a resource of a target.
func (t *targetSyncer) resource(target reach.Target) (*v2.Resource, error) {
	note, err := reach.NoteOf(target)
	if err != nil {
		return nil, err
	}
	options := []rs.ResourceOption{
		rs.WithResourceProfile(target.Profile),
		rs.WithAnnotation(wrapperspb.String(note)),
	}
	if target.Disabled != "" {
		options = append(options, rs.WithResourceStatus(v2.Status_RESOURCE_STATUS_DISABLED, target.Disabled))
	}
	if created, ok := instant(target.Created); ok {
		options = append(options, rs.WithResourceCreatedAt(created))
	}
	name := displayName(target.Name, target.ID)
	var made *v2.Resource
	if target.Kind == reach.Secret {
		made, err = rs.NewSecretResource(name, targetTypes[t.list.kind], target.ID, secretTrait(target), options...)
	} else {
		made, err = rs.NewResource(name, targetTypes[t.list.kind], target.ID, options...)
	}
	if err == nil && proto.Size(made) > maxPageBytes {
		return nil, errorid.New(errorid.TargetTooLarge, fmt.Sprintf("the %s %s has %d entitlements, and with the roles that hold them it is larger than baton-sdk takes: leave %s out",
			t.list.one, target.ID, len(target.Ways), t.list.setting))
	}
	return made, err
}

// secretKind is what kind of secret a secret of PrivX's vault is, in the form "product.kind"
// that Baton connectors use.
const secretKind = "privx.vault_secret" //nolint:gosec // the name of a kind

func secretTrait(target reach.Target) []rs.SecretTraitOption {
	options := []rs.SecretTraitOption{rs.WithSecretDetail(secretKind)}
	if target.Owner != "" {
		options = append(options, rs.WithSecretIdentityID(v2.ResourceId_builder{ResourceType: userResourceType.GetId(), Resource: target.Owner}.Build()))
	}
	return options
}

// noteOf reads what a target's row says of its roles.
func noteOf(target *v2.Resource) (reach.Note, error) {
	var text wrapperspb.StringValue
	notes := annotations.Annotations(target.GetAnnotations())
	found, err := notes.Pick(&text)
	switch {
	case err != nil:
		return reach.Note{}, err
	case !found:
		return reach.Note{}, errorid.New(errorid.RowWithoutRoles, "the row does not say who reaches it; sync again")
	}
	note, err := reach.ReadNote(text.GetValue())
	if err != nil {
		return reach.Note{}, errorid.With(errorid.RowWithoutRoles, err)
	}
	return note, nil
}

// Entitlements gives the ways to use a target.
func (t *targetSyncer) Entitlements(_ context.Context, target *v2.Resource, opts rs.SyncOpAttrs) ([]*v2.Entitlement, *rs.SyncOpResults, error) {
	id := target.GetId().GetResource()
	note, err := noteOf(target)
	if err != nil {
		return nil, nil, unfit("reading what there is of the "+t.list.one+" "+id, err)
	}
	from, err := placeOf(opts.PageToken.Token, len(note.Ways))
	if err != nil {
		return nil, nil, failed("reading what there is of the "+t.list.one+" "+id, err)
	}
	immutable, err := t.immutable()
	if err != nil {
		return nil, nil, failed("making an entitlement", err)
	}
	var all []*v2.Entitlement
	for size, i := 0, from; i < len(note.Ways); i++ {
		made := t.entitlement(bareOf(target), note, note.Ways[i], immutable)
		if size += proto.Size(made); size > maxPageBytes && len(all) > 0 {
			return all, &rs.SyncOpResults{NextPageToken: strconv.Itoa(i)}, nil
		}
		all = append(all, made)
	}
	return all, nil, nil
}

func (t *targetSyncer) entitlement(bare *v2.Resource, note reach.Note, way reach.Way, immutable proto.Message) *v2.Entitlement {
	grantable := roleResourceType
	if note.Owner != "" {
		grantable = userResourceType
	}
	return ent.NewPermissionEntitlement(bare, way.Slug,
		ent.WithGrantableTo(grantable),
		ent.WithDisplayName(privx.CutText(way.Name, maxDisplayName)),
		ent.WithDescription(privx.CutText(way.Text, maxDescription)),
		ent.WithAnnotation(immutable),
	)
}

// immutable says that the connector does not change who reaches a target, and where that is
// done.
func (t *targetSyncer) immutable() (*v2.EntitlementImmutable, error) {
	reason, err := t.reason()
	if err != nil {
		return nil, err
	}
	return v2.EntitlementImmutable_builder{Metadata: reason}.Build(), nil
}

func (t *targetSyncer) reason() (*structpb.Struct, error) {
	return structpb.NewStruct(map[string]any{"change_in": t.list.where})
}

// bareOf is a resource's id alone: a copy of its row in each entitlement and grant would not
// fit into an answer.
func bareOf(target *v2.Resource) *v2.Resource { return v2.Resource_builder{Id: target.GetId()}.Build() }

// placeOf reads a page token of Entitlements and Grants: how many rows came before.
func placeOf(token string, of int) (int, error) {
	if token == "" {
		return 0, nil
	}
	place, err := strconv.Atoi(token)
	if err != nil || place <= 0 || place > of {
		return 0, errorid.With(errorid.NotSent, status.Error(codes.InvalidArgument, "malformed page token"))
	}
	return place, nil
}
