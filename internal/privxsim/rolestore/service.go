// Package rolestore is the service of PrivX that knows users, roles, who is a
// member of what, and the directories that users come from.
//
// A Store holds the truth of it. Seed makes a believable one of any size.
package rolestore

import (
	"net/http"

	"github.com/conductorone/baton-privx/internal/privxsim/core"
	"github.com/conductorone/baton-privx/internal/privxsim/target"
)

// Options are the manners of the service. The zero value is PrivX as it is most
// likely set up.
type Options struct {
	// MemberRoles says what the members of a role carry in "roles". Guess (PXQ-015): the
	// role that was asked for, as in the one public sample of a member.
	MemberRoles MemberRolesMode
	// MemberGrants makes those roles tell of the grant (grant_type and what
	// belongs to it) as a user's own list does. Guess (PXQ-016): they do not. The role
	// in the one public sample of a member is explicit and has no grant_type.
	MemberGrants bool
	// HeavyMembers makes each member of a role carry at least so many roles: all of
	// its own, whatever MemberRoles says, and then others that do not exist, of 1600
	// bytes each. Guess (PXQ-017): the one public sample of a member carries the whole of its
	// role; how many there can be, and how long, is not known.
	HeavyMembers int
	// MemberCount gives roles member_count and explicit_count, as newer
	// versions of PrivX do.
	MemberCount bool

	// NoCurrentUser switches GET /users/current off. Guess (PXQ-048): it may not work
	// for API clients.
	NoCurrentUser bool
	// IgnoreUserIDs makes the search pass over user_id. Guess (PXQ-013): a PrivX that does
	// not know the filter does so.
	IgnoreUserIDs bool
	// UnknownRoles says what becomes of a role that is granted and does not
	// exist.
	UnknownRoles UnknownRolesMode
	// SplitMemberships shows a role that a user has by a grant and by a rule as
	// two roles in the user's own list. Guess (PXQ-023): PrivX shows one that is both.
	SplitMemberships bool
	// HideUserRole leaves privx-user out of a user's roles, unless it was granted.
	// Guess (PXQ-024): PrivX shows it, as it shows any other that a user has by a rule.
	HideUserRole bool
	// UserRolesNull makes GET /users/{id} say null of the user's roles. Guess (PXQ-025): it
	// carries them, as in the one public sample.
	UserRolesNull bool
	// AcceptNullRoles takes `null` for an empty list where a user's roles are
	// set. Guess (PXQ-032): PrivX refuses it, as the default does.
	AcceptNullRoles bool
	// GrantEveryEntry grants each role of a list that is set, also those whose entries
	// do not say explicit. Guess (PXQ-030): PrivX passes over them, as its own clients
	// expect, which write such entries back.
	GrantEveryEntry bool
	// AWSRolesEnvelope puts the list of AWS roles into an object, with a count, as other
	// lists. Guess (PXQ-085): it is nothing but its rows, as documented; the vendor's client
	// expects the object.
	AWSRolesEnvelope bool
	// Targets are the manners that all services which know targets have in common.
	Targets target.Options
}

// service answers the endpoints.
type service struct {
	store   *Store
	opts    Options
	padding core.Padding // of members
	targets target.View
}

// Service returns the service that tells the truth of a store.
func Service(store *Store, opts Options) core.Service {
	if opts.HeavyMembers > 0 {
		opts.MemberRoles = MemberRolesAll
	}
	s := &service{
		store: store, opts: opts, padding: core.NewPadding(opts.HeavyMembers, paddingRoleSize, paddingRole),
		targets: target.View{Options: opts.Targets, Roles: store},
	}
	return core.Service{Name: "role-store", Endpoints: s.endpoints(), Data: core.Together{store.copies, store.awsRoles.Data()}}
}

func (s *service) endpoints() []core.Endpoint {
	awsRoles := core.ShowsArray
	if s.opts.AWSRolesEnvelope {
		awsRoles = core.ShowsList
	}
	endpoints := []core.Endpoint{
		{Method: http.MethodPost, Path: "users/search", AnyOf: []string{permUsersView}, Shows: core.ShowsList, Handle: s.searchUsers},
		{Method: http.MethodGet, Path: "users/{id}", AnyOf: []string{permUsersView}, Shows: core.ShowsObject, Handle: s.getUser},
		// The vendor's own tools disagree on which of the two it needs. Guess (PXQ-028): either will do.
		{Method: http.MethodGet, Path: "users/{id}/roles", AnyOf: []string{permUsersView, permRolesView}, Shows: core.ShowsList, Handle: s.getUserRoles},
		{Method: http.MethodPut, Path: "users/{id}/roles", AnyOf: []string{permRolesManage}, Writes: true, Handle: s.putUserRoles},
		{Method: http.MethodGet, Path: "roles", AnyOf: []string{permRolesView}, Shows: core.ShowsList, Handle: s.listRoles},
		{Method: http.MethodGet, Path: "roles/{id}", AnyOf: []string{permRolesView}, Shows: core.ShowsObject, Handle: s.getRole},
		{Method: http.MethodGet, Path: "roles/{id}/members", AnyOf: []string{permRolesView}, Shows: core.ShowsList, Handle: s.listMembers},
		{Method: http.MethodGet, Path: "sources", AnyOf: []string{permSourcesView}, Shows: core.ShowsList, Handle: s.listSources},
		{Method: http.MethodGet, Path: "awsroles", AnyOf: []string{PermTargetResourcesView}, Shows: awsRoles, Handle: s.listAWSRoles},
		{Method: http.MethodGet, Path: "awsroles/{id}", AnyOf: []string{PermTargetResourcesView}, Shows: core.ShowsObject, Handle: s.getAWSRole},
	}
	if s.opts.NoCurrentUser {
		return endpoints
	}
	current := core.Endpoint{Method: http.MethodGet, Path: "users/current", Shows: core.ShowsObject, Handle: s.getCurrentUser}
	return append([]core.Endpoint{current}, endpoints...) // before users/{id}
}

// view returns what the node of a call shows at this moment, locked.
func (s *service) view(c *core.Call) *Store { return s.store.copies.View(c) }
