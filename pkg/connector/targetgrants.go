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

// reached is one grant of a target: a role, by its canonical id, or the user whom the target
// belongs to, and what it gives of the target.
type reached struct{ slug, role, user string }

// Grants gives the roles that reach a target. A role that this sync has not seen is none.
func (t *targetSyncer) Grants(ctx context.Context, target *v2.Resource, opts rs.SyncOpAttrs) ([]*v2.Grant, *rs.SyncOpResults, error) {
	doing := "reading who reaches the " + t.list.one + " " + target.GetId().GetResource()
	note, err := noteOf(target)
	if err != nil {
		return nil, nil, unfit(doing, err)
	}
	all := reachedBy(note)
	from, err := placeOf(opts.PageToken.Token, len(all))
	if err != nil {
		return nil, nil, failed(doing, err)
	}
	run := t.syncs.run(opts.SyncID)
	roles, err := run.rolesSeen(ctx)
	if err != nil {
		return nil, nil, failed("listing roles", err)
	}
	expand := t.syncs.reach.expand && note.Owner == "" && len(all) > 0
	if expand {
		run.takeSums(t.list.kind)
		if err := run.checkExpansion(ctx); err != nil {
			return nil, nil, err
		}
	}
	if note.Owner != "" {
		// The grant is made whether or not the owner was listed, as a member's is, and a sync
		// that has not listed the users itself, or is over, cannot tell.
		run.noteOwner(note.Owner)
	}
	maker, err := t.grantsOf(bareOf(target), expand)
	if err != nil {
		return nil, nil, failed(doing, err)
	}
	page, err := maker.page(all, from, roles)
	if err != nil {
		return nil, nil, failed(doing, err)
	}
	run.noteUnseen(ctx, page.unseen)
	return page.grants, &rs.SyncOpResults{NextPageToken: page.next}, nil
}

// reachedBy are all who reach a target, roles that the sync has not seen among them: a page
// token counts these as well, so that it means the same where another process goes on and
// sees other roles.
func reachedBy(note reach.Note) []reached {
	var all []reached
	for _, way := range note.Ways {
		if note.Owner != "" {
			all = append(all, reached{slug: way.Slug, user: note.Owner})
		}
		for _, role := range way.Roles {
			all = append(all, reached{slug: way.Slug, role: role})
		}
	}
	return all
}

// principal is who has a grant; nil for a role that the sync has not seen. Roles are known by
// their canonical ids.
func (r reached) principal(roles map[string]string) *v2.ResourceId {
	if r.user != "" {
		return v2.ResourceId_builder{ResourceType: userResourceType.GetId(), Resource: r.user}.Build()
	}
	role, seen := roles[r.role]
	if !seen {
		return nil
	}
	return v2.ResourceId_builder{ResourceType: roleResourceType.GetId(), Resource: role}.Build()
}

// reachGrants makes the grants of a target. They share what is the same in all of them.
type reachGrants struct {
	bare      *v2.Resource
	immutable *anypb.Any
	// expand tells whether roles' grants are marked to be expanded to their members.
	expand bool
}

func (t *targetSyncer) grantsOf(bare *v2.Resource, expand bool) (reachGrants, error) {
	reason, err := t.reason()
	if err != nil {
		return reachGrants{}, err
	}
	immutable, err := packed(v2.GrantImmutable_builder{Metadata: reason}.Build())
	return reachGrants{bare, immutable, expand}, err
}

// grantPage is one answer of Grants.
type grantPage struct {
	grants []*v2.Grant
	next   string
	// unseen are the roles that would have grants, had the sync seen them.
	unseen []string
}

// page makes grants from a place on, as many as fit into one answer.
func (m reachGrants) page(all []reached, from int, roles map[string]string) (grantPage, error) {
	var page grantPage
	for size, i := 0, from; i < len(all); i++ {
		principal := all[i].principal(roles)
		if principal == nil {
			page.unseen = append(page.unseen, all[i].role)
			continue
		}
		made, err := m.grant(all[i].slug, principal)
		if err != nil {
			return grantPage{}, err
		}
		if size += proto.Size(made); size > maxPageBytes && len(page.grants) > 0 {
			page.next = strconv.Itoa(i)
			break
		}
		page.grants = append(page.grants, made)
	}
	return page, nil
}

func (m reachGrants) grant(slug string, principal *v2.ResourceId) (*v2.Grant, error) {
	notes := annotations.Annotations{m.immutable}
	if m.expand {
		expandable, err := packed(expandableTo(principal))
		if err != nil {
			return nil, err
		}
		notes = append(notes, expandable)
	}
	entitlement := v2.Entitlement_builder{Id: ent.NewEntitlementID(m.bare, slug), Resource: m.bare}.Build()
	return v2.Grant_builder{
		Id:          grant.NewGrantID(principal, entitlement),
		Entitlement: entitlement,
		Principal:   v2.Resource_builder{Id: principal}.Build(),
		Annotations: notes,
	}.Build(), nil
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
