package connector

import (
	"context"
	"errors"
	"fmt"

	"github.com/conductorone/baton-privx/internal/errorid"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/annotations"
	"github.com/conductorone/baton-sdk/pkg/types/grant"
	"github.com/grpc-ecosystem/go-grpc-middleware/logging/zap/ctxzap"
	"go.uber.org/zap"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/conductorone/baton-privx/pkg/privx"
)

// membershipChange is one user's membership of one role that shall begin or end.
type membershipChange struct {
	verb      string
	principal *v2.ResourceId
	role      *v2.Resource
}

func (m membershipChange) userID() string { return m.principal.GetResource() }

func (m membershipChange) roleID() string { return m.role.GetId().GetResource() }

// Grant makes a user an explicit member of a role.
func (r *roleSyncer) Grant(ctx context.Context, principal *v2.Resource, entitlement *v2.Entitlement) ([]*v2.Grant, annotations.Annotations, error) {
	ctx, cancel := context.WithTimeout(ctx, privx.ChangeBudget)
	defer cancel()
	m := membershipChange{"granting", principal.GetId(), entitlement.GetResource()}
	reason, err := r.declines(ctx, m)
	if err != nil {
		return nil, nil, err
	}
	if reason != nil {
		return nil, nil, grant.NewErrGrantCancelled(errorid.Text(m.doing(), reason))
	}
	change, err := r.client.GrantRole(ctx, m.userID(), m.roleID())
	if err != nil {
		return nil, nil, m.failed(err)
	}
	m.log(ctx, change)
	made, err := newGrantMaker(m.role, mappingRules{}).grant(m.userID(), change.Membership)
	if err != nil {
		return nil, nil, m.failed(err)
	}
	var notes annotations.Annotations
	if !change.Written {
		notes.Update(&v2.GrantAlreadyExists{})
	}
	return []*v2.Grant{made}, notes, nil
}

// Revoke takes a user's explicit membership of a role away. If the user holds the role
// through its mapping rules alone, which a revoke cannot end, that is an error.
func (r *roleSyncer) Revoke(ctx context.Context, revoked *v2.Grant) (annotations.Annotations, error) {
	ctx, cancel := context.WithTimeout(ctx, privx.ChangeBudget)
	defer cancel()
	// The grant's id is not used: it may be a placeholder.
	m := membershipChange{"revoking", revoked.GetPrincipal().GetId(), revoked.GetEntitlement().GetResource()}
	reason, err := r.declines(ctx, m)
	if err != nil {
		return nil, err
	}
	if reason != nil {
		return nil, m.refused(reason)
	}
	change, err := r.client.RevokeRole(ctx, m.userID(), m.roleID())
	switch {
	case privx.IsNotFound(err):
		// RevokeRole takes a user who is gone for revoked and gives no error. What was
		// not found is something else, and must not pass for a success.
		return nil, m.refused(err)
	case err != nil:
		return nil, m.failed(err)
	}
	m.log(ctx, change)
	held := change.Membership != nil
	if !held && !change.UserGone && !change.Written {
		if held, err = r.isEverybodys(ctx, m); err != nil {
			return nil, err
		}
	}
	if held {
		return r.remaining(ctx, m, change)
	}
	var notes annotations.Annotations
	if !change.Written {
		notes.Update(&v2.GrantAlreadyRevoked{})
	}
	return notes, nil
}

// declines gives the reason why the connector must not change a membership; nil if it may.
// The second error is that of finding out.
func (r *roleSyncer) declines(ctx context.Context, m membershipChange) (error, error) {
	if given := m.principal.GetResourceType(); given != userResourceType.GetId() {
		return errorid.New(errorid.NotAUser, fmt.Sprintf("only a user can be a member of a role, not a %q", given)), nil
	}
	itself, err := r.client.ActsAs(ctx, m.userID())
	switch {
	case err == nil && itself:
		return errorid.New(errorid.OwnClient, "this is the API client that the connector itself runs as, whose roles it never changes: change them in PrivX"), nil
	case err == nil:
		return nil, nil
	case mayYetSucceed(err) || privx.IsUnauthenticated(err) || errors.Is(err, context.Canceled):
		return nil, m.failed(err)
	default:
		return nil, m.refused(errorid.With(errorid.OwnClientUnknown, fmt.Errorf("PrivX does not say as which API client the connector runs, "+
			"whose roles it must not change: give its api-client-id, if that is not given yet; %w", err)))
	}
}

// remaining tells what is left of a membership whose explicit part is gone.
func (r *roleSyncer) remaining(ctx context.Context, m membershipChange, change *privx.Change) (annotations.Annotations, error) {
	rules := defaultMappingRules
	if role, err := r.role(ctx, m.roleID()); err == nil {
		rules = mappingRulesOf(role)
	}
	switch {
	case !change.Written && rules.everybody:
		return nil, m.refused(errorid.New(errorid.Everybodys, rules.words))
	case !change.Written:
		return nil, m.refused(errorid.New(errorid.MappedOnly, "the user holds the role through its mapping rules alone ("+rules.words+"): "+
			"only a change of the rules in PrivX, or of the user in his directory, can end that"))
	}
	ctxzap.Extract(ctx).Warn("baton-privx: the explicit membership was revoked, and the user keeps the role through its mapping rules",
		zap.String("role_id", m.roleID()), zap.String("user_id", m.userID()), zap.String(profileMappingRules, rules.words))
	immutable, err := immutableBecause(m.roleID(), rules)
	if err != nil {
		return nil, m.failed(err)
	}
	return annotations.New(immutable), nil
}

// isEverybodys tells whether a role is privx-user, which everybody holds and which PrivX
// may leave out of the list of a user's roles.
func (r *roleSyncer) isEverybodys(ctx context.Context, m membershipChange) (bool, error) {
	role, err := r.client.GetRole(ctx, m.roleID())
	switch {
	case privx.IsNotFound(err):
		return false, nil
	case err != nil:
		return false, m.failed(err)
	default:
		return isPrivxUser(role.Name, role.System), nil
	}
}

// log tells the operator what was changed, and what else did not stay as it was.
func (m membershipChange) log(ctx context.Context, change *privx.Change) {
	log := ctxzap.Extract(ctx).With(zap.String("role_id", m.roleID()), zap.String("user_id", m.userID()))
	if change.Written {
		log.Info("baton-privx: done and verified: " + m.verb + " a role")
	}
	if len(change.Disturbed) > 0 {
		log.Warn("baton-privx: something else changed the same user's roles at the same time; PrivX cannot keep two such changes apart: look whether they are as they should be",
			zap.Strings("other_role_ids", change.Disturbed))
	}
}

// doing says what is being done.
func (m membershipChange) doing() string {
	return fmt.Sprintf("%s role %s for user %s", m.verb, m.roleID(), m.userID())
}

// refused is the error for what the connector will not or cannot do.
func (m membershipChange) refused(reason error) error {
	return status.Error(codes.FailedPrecondition, errorid.Text(m.doing(), reason))
}

// failed says what was being done when an error came. An error after which a repetition
// may succeed is Unavailable, and without rate-limit data, which would have baton-sdk wait
// longer than a task may take.
func (m membershipChange) failed(err error) error {
	if mayYetSucceed(err) {
		return status.Error(codes.Unavailable, errorid.Text(m.doing(), err))
	}
	return errorid.Error(m.doing(), err)
}

func mayYetSucceed(err error) bool {
	code := status.Code(err)
	return code == codes.Unavailable || code == codes.DeadlineExceeded || errors.Is(err, context.DeadlineExceeded)
}
