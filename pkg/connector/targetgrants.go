package connector

import (
	"context"
	"strconv"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/annotations"
	ent "github.com/conductorone/baton-sdk/pkg/types/entitlement"
	"github.com/conductorone/baton-sdk/pkg/types/grant"
	rs "github.com/conductorone/baton-sdk/pkg/types/resource"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/conductorone/baton-privx/pkg/connector/reach"
)

// maxGrantsPerPage is how many grants of a target one answer has at most: some 500 bytes
// each.
const maxGrantsPerPage = 4_000

// reached is one grant of a target: a role or a user, and what it gives of the target.
type reached struct {
	slug      string
	principal *v2.ResourceId
}

// Grants gives the roles that reach a target. A role that this sync has not seen is none.
func (t *targetSyncer) Grants(ctx context.Context, target *v2.Resource, opts rs.SyncOpAttrs) ([]*v2.Grant, *rs.SyncOpResults, error) {
	doing := "reading who reaches the " + t.list.one + " " + target.GetId().GetResource()
	note, err := noteOf(target)
	if err != nil {
		return nil, nil, unfit(doing, err)
	}
	run := t.syncs.run(opts.SyncID)
	roles, err := run.rolesSeen(ctx)
	if err != nil {
		return nil, nil, failed("listing roles", err)
	}
	all, unseen := reachedBy(note, roles)
	run.noteUnseen(ctx, unseen)
	from, err := placeOf(opts.PageToken.Token, len(all))
	if err != nil {
		return nil, nil, failed(doing, err)
	}
	expand := t.syncs.reach.expand && len(all) > 0
	if expand {
		if err := run.checkExpansion(ctx); err != nil {
			return nil, nil, err
		}
	}
	to := min(from+maxGrantsPerPage, len(all))
	grants, err := t.grants(bareOf(target), all[from:to], expand)
	if err != nil {
		return nil, nil, failed(doing, err)
	}
	if to < len(all) {
		return grants, &rs.SyncOpResults{NextPageToken: strconv.Itoa(to)}, nil
	}
	return grants, nil, nil
}

// reachedBy are the grants of a target, and the roles that it names and the sync has not
// seen. Roles are known by their canonical ids.
func reachedBy(note reach.Note, roles map[string]string) ([]reached, []string) {
	var all []reached
	var unseen []string
	for _, way := range note.Ways {
		if note.Owner != "" {
			all = append(all, reached{way.Slug, v2.ResourceId_builder{ResourceType: userResourceType.GetId(), Resource: note.Owner}.Build()})
		}
		for _, id := range way.Roles {
			role, seen := roles[id]
			if !seen {
				unseen = append(unseen, id)
				continue
			}
			all = append(all, reached{way.Slug, v2.ResourceId_builder{ResourceType: roleResourceType.GetId(), Resource: role}.Build()})
		}
	}
	return all, unseen
}

// grants makes grants. They share what is the same in all of them.
func (t *targetSyncer) grants(bare *v2.Resource, all []reached, expand bool) ([]*v2.Grant, error) {
	reason, err := t.reason()
	if err != nil {
		return nil, err
	}
	immutable, err := packed(v2.GrantImmutable_builder{Metadata: reason}.Build())
	if err != nil {
		return nil, err
	}
	grants := make([]*v2.Grant, len(all))
	for i, one := range all {
		notes := annotations.Annotations{immutable}
		if expand && one.principal.GetResourceType() == roleResourceType.GetId() {
			expandable, err := packed(expandableTo(one.principal))
			if err != nil {
				return nil, err
			}
			notes = append(notes, expandable)
		}
		entitlement := v2.Entitlement_builder{Id: ent.NewEntitlementID(bare, one.slug), Resource: bare}.Build()
		grants[i] = v2.Grant_builder{
			Id:          grant.NewGrantID(one.principal, entitlement),
			Entitlement: entitlement,
			Principal:   v2.Resource_builder{Id: one.principal}.Build(),
			Annotations: notes,
		}.Build()
	}
	return grants, nil
}

// expandableTo says that whoever is a member of a role has what the role has.
func expandableTo(role *v2.ResourceId) *v2.GrantExpandable {
	members := ent.NewEntitlementID(v2.Resource_builder{Id: role}.Build(), assigned)
	return v2.GrantExpandable_builder{EntitlementIds: []string{members}, ResourceTypeIds: []string{userResourceType.GetId()}}.Build()
}

// packed is an annotation in bytes, which are the same each time.
func packed(message proto.Message) (*anypb.Any, error) {
	note := &anypb.Any{}
	return note, anypb.MarshalFrom(note, message, proto.MarshalOptions{Deterministic: true})
}
