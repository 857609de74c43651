package connector

import (
	"context"
	"errors"
	"slices"

	"github.com/conductorone/baton-privx/internal/errorid"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/annotations"
	ent "github.com/conductorone/baton-sdk/pkg/types/entitlement"
	"github.com/conductorone/baton-sdk/pkg/types/grant"
	rs "github.com/conductorone/baton-sdk/pkg/types/resource"
	"github.com/grpc-ecosystem/go-grpc-middleware/logging/zap/ctxzap"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/conductorone/baton-privx/pkg/privx"
)

// lookupsAtOnce bounds how many users' roles are asked for at the same time
// where a page of members does not say how they hold the role.
const lookupsAtOnce = 8

// Grants gives a page of a role's members. Nothing is filtered: what PrivX lists
// as a member is one, whatever the times of the membership.
func (r *roleSyncer) Grants(ctx context.Context, role *v2.Resource, opts rs.SyncOpAttrs) ([]*v2.Grant, *rs.SyncOpResults, error) {
	run := r.syncs.run(opts.SyncID)
	roleID := role.GetId().GetResource()
	rules := mappingRulesOf(role)
	page, err := r.members(ctx, run, roleID, rules, opts.PageToken.Token)
	switch {
	case privx.IsNotFound(err):
		return nil, nil, r.skipIfDeleted(ctx, run, role, err)
	case err != nil:
		return nil, nil, failed("listing the members of role "+roleID, err)
	case page.Unconfirmed:
		return nil, askLater(page.Next), nil
	}
	entries, err := r.entries(ctx, run, roleID, page.Items, rules)
	if err != nil {
		return nil, nil, err
	}
	maker := newGrantMaker(role, rules)
	grants := make([]*v2.Grant, len(page.Items))
	for i, member := range page.Items {
		if grants[i], err = maker.grant(member.ID, entries[i]); err != nil {
			return nil, nil, failed("reading a membership of role "+roleID, err)
		}
	}
	grants, results := cutPage(grants, page)
	if err := run.listedMembers(ctx, roleID, page, len(grants), results); err != nil {
		return nil, nil, err
	}
	return grants, results, nil
}

// members fetches a page of a role's members. Everybody is a member of privx-user; of
// another role, PrivX may say how many members it has. That number may be out of date:
// where it stays and PrivX goes on showing nobody, there is nobody.
func (r *roleSyncer) members(ctx context.Context, run *syncRun, roleID string, rules mappingRules, token string) (*privx.Page[privx.Member], error) {
	expected := run.expected(roleID)
	if rules.everybody {
		expected = privx.NeverEmpty
	}
	page, err := r.client.ListMembers(ctx, roleID, expected, token)
	if !privx.IsEmpty(err) || rules.everybody {
		return page, err
	}
	if _, err := r.client.GetRole(ctx, roleID); err != nil {
		return nil, err
	}
	return r.client.ListMembers(ctx, roleID, privx.KnownEmpty, "")
}

// askLater has baton-sdk ask for a page when it has asked for those of other roles:
// then all roles without members are waited for together.
func askLater(token string) *rs.SyncOpResults {
	return &rs.SyncOpResults{Annotations: annotations.New(v2.EnqueuePageTokens_builder{PageTokens: []string{token}}.Build())}
}

// skipIfDeleted skips a role whose members are not found, if it was deleted after it had
// been listed and PrivX confirms that. Any other 404 fails the sync.
func (r *roleSyncer) skipIfDeleted(ctx context.Context, run *syncRun, role *v2.Resource, cause error) error {
	const doing = "listing the members of role "
	roleID := role.GetId().GetResource()
	if role.GetProfile().GetFields()[profileSystem].GetBoolValue() {
		return failed(doing+roleID+", which is built in and cannot have been deleted", errorid.With(errorid.ExistsAndNotFound, cause))
	}
	_, err := r.client.GetRole(ctx, roleID)
	if err == nil {
		return failed(doing+roleID+", which exists", errorid.With(errorid.ExistsAndNotFound, cause))
	}
	if !privx.IsNotFound(err) {
		return failed(doing+roleID, errors.Join(err, cause))
	}
	ctxzap.Extract(ctx).Warn("baton-privx: role skipped: it was deleted in PrivX during the sync", zap.String("role_id", roleID))
	return run.skippedRole(ctx, roleID)
}

// entries finds for each member how he holds the role. PrivX puts that into the
// member's own list of roles; where it does not, the user's roles are asked for. For
// privx-user nothing is asked, because everybody holds it.
func (r *roleSyncer) entries(ctx context.Context, run *syncRun, roleID string, members []privx.Member, rules mappingRules) ([]*privx.RoleEntry, error) {
	entries := make([]*privx.RoleEntry, len(members))
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(lookupsAtOnce)
	for i := range members {
		member := &members[i] // a pointer: the function below would keep a copy of each member
		if entries[i] = findEntry(member.Roles, roleID); entries[i] != nil {
			continue
		}
		if rules.everybody {
			continue
		}
		group.Go(func() error {
			held, err := run.rolesOf(groupCtx, member.ID)
			if privx.IsNotFound(err) {
				// PrivX has listed the user as a member, so that the grant is synced,
				// without metadata.
				ctxzap.Extract(ctx).Warn("baton-privx: a member's roles cannot be read: PrivX does not know the user any more",
					zap.String("role_id", roleID), zap.String("user_id", member.ID))
				return nil
			}
			if err != nil {
				return failed("reading the roles of user "+member.ID, err)
			}
			if len(held.entries) == 0 {
				ctxzap.Extract(ctx).Warn("baton-privx: a member's roles cannot be read: PrivX shows that the user has none",
					zap.String("role_id", roleID), zap.String("user_id", member.ID))
			}
			entries[i] = held.entry(roleID)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return entries, nil
}

func findEntry(entries []privx.RoleEntry, roleID string) *privx.RoleEntry {
	for i := range entries {
		if privx.SameID(entries[i].ID, roleID) {
			return &entries[i]
		}
	}
	return nil
}

// mappingRules are a role's mapping rules as the grants need them.
type mappingRules struct {
	words string
	// everybody is true for privx-user.
	everybody bool
}

// mappingRulesOf takes them from the profile of the role's resource.
func mappingRulesOf(role *v2.Resource) mappingRules {
	fields := role.GetProfile().GetFields()
	rules := mappingRules{
		words:     privx.CutText(fields[profileMappingRules].GetStringValue(), maxGrantText),
		everybody: isPrivxUser(fields[profileName].GetStringValue(), fields[profileSystem].GetBoolValue()),
	}
	if rules.words == "" {
		rules.words = defaultMappingRules.words
	}
	return rules
}

// defaultMappingRules stand for rules that cannot be told.
var defaultMappingRules = mappingRules{words: "the mapping rules of the role in PrivX"}

// grantMaker makes the grants of a role. They share the messages that are the same in
// all of them, so that these must not be changed.
type grantMaker struct {
	roleID      string
	rules       mappingRules
	entitlement *v2.Entitlement
	// notes are annotations by how a membership is held.
	notes map[holding]annotations.Annotations
}

// holding is a role's entry as far as the annotations tell of it, validity
// periods apart; the zero value is no entry.
type holding struct {
	known, explicit, implicit bool
	grantType                 string
	floatingHours             float64
}

func holdingOf(entry *privx.RoleEntry) holding {
	if entry == nil {
		return holding{}
	}
	return holding{true, entry.Explicit, entry.Implicit, entry.GrantType, entry.FloatingLength}
}

func newGrantMaker(role *v2.Resource, rules mappingRules) *grantMaker {
	// The role's id alone: a thousand copies of its profile would not fit into an
	// answer.
	bare := v2.Resource_builder{Id: role.GetId()}.Build()
	return &grantMaker{
		roleID: role.GetId().GetResource(), rules: rules,
		entitlement: v2.Entitlement_builder{Id: ent.NewEntitlementID(bare, assigned), Resource: bare}.Build(),
		notes:       make(map[holding]annotations.Annotations),
	}
}

// grant makes the grant of a membership. Its entry may be nil, where PrivX does
// not say how the membership came about.
func (m *grantMaker) grant(userID string, entry *privx.RoleEntry) (*v2.Grant, error) {
	notes, err := m.annotations(entry)
	if err != nil {
		return nil, err
	}
	principal := v2.ResourceId_builder{ResourceType: userResourceType.GetId(), Resource: userID}.Build()
	return v2.Grant_builder{
		Id:          grant.NewGrantID(principal, m.entitlement),
		Entitlement: m.entitlement,
		Principal:   v2.Resource_builder{Id: principal}.Build(),
		Annotations: notes,
	}.Build(), nil
}

// annotations are those of a membership. Most are alike; validity periods are not.
func (m *grantMaker) annotations(entry *privx.RoleEntry) (annotations.Annotations, error) {
	if entry != nil && len(entry.Periods()) > 0 {
		return packedNotes(m.roleID, entry, m.rules)
	}
	how := holdingOf(entry)
	if notes, made := m.notes[how]; made {
		return notes, nil
	}
	notes, err := packedNotes(m.roleID, entry, m.rules)
	if err == nil {
		m.notes[how] = notes
	}
	return notes, err
}

// packedNotes are the annotations of a membership's grant in bytes, which are the
// same each time, so that a membership that has not changed is the same row in
// the next sync.
func packedNotes(roleID string, entry *privx.RoleEntry, rules mappingRules) (annotations.Annotations, error) {
	messages, err := membershipNotes(roleID, entry, rules)
	if err != nil {
		return nil, err
	}
	var notes annotations.Annotations
	for _, message := range messages {
		note, err := packed(message)
		if err != nil {
			return nil, err
		}
		notes = append(notes, note)
	}
	// Several grants share the slice. Without spare capacity, appending to one grant's
	// annotations copies them.
	return slices.Clip(notes), nil
}

// membershipNotes are the annotations of a membership's grant.
func membershipNotes(roleID string, entry *privx.RoleEntry, rules mappingRules) ([]proto.Message, error) {
	var notes []proto.Message
	if entry != nil {
		metadata, err := structpb.NewStruct(entryMetadata(*entry))
		if err != nil {
			return nil, err
		}
		notes = append(notes, v2.GrantMetadata_builder{Metadata: metadata}.Build())
	}
	if !mappedOnly(entry, rules) {
		return notes, nil
	}
	immutable, err := immutableBecause(roleID, rules)
	if err != nil {
		return nil, err
	}
	return append(notes, immutable), nil
}

// immutableBecause says that only a role's mapping rules can end a membership.
func immutableBecause(roleID string, rules mappingRules) (*v2.GrantImmutable, error) {
	reason, err := structpb.NewStruct(map[string]any{profileMappingRules: rules.words})
	if err != nil {
		return nil, err
	}
	return v2.GrantImmutable_builder{SourceId: roleID, Metadata: reason}.Build(), nil
}

// mappedOnly tells whether a membership comes from the role's mapping rules
// alone, so that only they can end it.
func mappedOnly(entry *privx.RoleEntry, rules mappingRules) bool {
	if entry == nil {
		return rules.everybody
	}
	return !entry.Explicit && (entry.Implicit || rules.everybody)
}

// entryMetadata says how a membership came about, as far as PrivX does.
func entryMetadata(entry privx.RoleEntry) map[string]any {
	metadata := map[string]any{"explicit": entry.Explicit, "implicit": entry.Implicit}
	if entry.GrantType != "" {
		metadata["grant_type"] = privx.CutText(entry.GrantType, maxGrantText)
	}
	if periods := periodsInWords(shownPeriods(entry)); len(periods) > 0 {
		metadata["validity_periods"] = periods
	}
	if entry.FloatingLength > 0 {
		metadata["floating_hours"] = entry.FloatingLength
	}
	return metadata
}

// maxPeriods bounds how many validity periods of one grant are shown.
const maxPeriods = 16

// shownPeriods are those validity periods of a role's entry that are shown.
func shownPeriods(entry privx.RoleEntry) []privx.Period {
	periods := entry.Periods()
	return periods[:min(len(periods), maxPeriods)]
}

func periodsInWords(periods []privx.Period) []any {
	var words []any
	for _, p := range periods {
		words = append(words, map[string]any{
			"start": privx.CutText(p.Start, maxGrantText),
			"end":   privx.CutText(p.End, maxGrantText),
		})
	}
	return words
}
