package connector

import (
	"context"
	"strings"
	"time"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/annotations"
	"github.com/conductorone/baton-sdk/pkg/connectorbuilder"
	rs "github.com/conductorone/baton-sdk/pkg/types/resource"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/conductorone/baton-privx/pkg/privx"
)

// userSyncer syncs PrivX's users, API clients among them.
type userSyncer struct {
	client *privx.Client
	syncs  *syncs
}

var (
	_ connectorbuilder.ResourceSyncerV2              = (*userSyncer)(nil)
	_ connectorbuilder.ResourceTargetedSyncerLimited = (*userSyncer)(nil)
)

// userResourceType has an id that is a stable API.
var userResourceType = v2.ResourceType_builder{
	Id:          "user",
	DisplayName: "User",
	Description: "A person or an API client that PrivX knows",
	Traits:      []v2.ResourceType_Trait{v2.ResourceType_TRAIT_USER},
	// Nothing is granted on a user.
	Annotations: annotations.New(&v2.SkipEntitlementsAndGrants{}, permissionsFor("user")),
}.Build()

func newUserSyncer(c *Connector) connectorbuilder.ResourceSyncerV2 {
	return &userSyncer{client: c.client, syncs: c.syncs}
}

func (u *userSyncer) ResourceType(context.Context) *v2.ResourceType { return userResourceType }

// List gives a page of users.
func (u *userSyncer) List(ctx context.Context, _ *v2.ResourceId, opts rs.SyncOpAttrs) ([]*v2.Resource, *rs.SyncOpResults, error) {
	run := u.syncs.run(opts.SyncID)
	page, err := u.client.ListUsers(ctx, opts.PageToken.Token)
	if err != nil {
		return nil, nil, failed("listing users", err)
	}
	users, results, err := resourcesOf(ctx, run, page, userResource)
	if err != nil {
		return nil, nil, err
	}
	run.listedUsers(ctx, page, len(users), results)
	return users, results, nil
}

// Get gives one user.
func (u *userSyncer) Get(ctx context.Context, id, _ *v2.ResourceId) (*v2.Resource, annotations.Annotations, error) {
	directories, err := u.syncs.run("").directories(ctx)
	if err != nil {
		return nil, nil, err
	}
	user, err := u.client.GetUser(ctx, id.GetResource())
	if err != nil {
		return nil, nil, gone("reading a user", err)
	}
	made, err := userResource(*user, directories)
	if err != nil {
		return nil, nil, failed("reading user "+user.ID, err)
	}
	return made, nil, nil
}

// Entitlements gives none: nothing is granted on a user.
func (u *userSyncer) Entitlements(context.Context, *v2.Resource, rs.SyncOpAttrs) ([]*v2.Entitlement, *rs.SyncOpResults, error) {
	return nil, nil, nil
}

// Grants gives none: a user's memberships are the grants of his roles.
func (u *userSyncer) Grants(context.Context, *v2.Resource, rs.SyncOpAttrs) ([]*v2.Grant, *rs.SyncOpResults, error) {
	return nil, nil, nil
}

// userResource makes a user of ConductorOne's of a user of PrivX's.
func userResource(user privx.User, directories directories) (*v2.Resource, error) {
	enabled, details := directories.status(user.Source)
	status, traitStatus := v2.Status_RESOURCE_STATUS_ENABLED, v2.UserTrait_Status_STATUS_ENABLED
	if !enabled {
		status, traitStatus = v2.Status_RESOURCE_STATUS_DISABLED, v2.UserTrait_Status_STATUS_DISABLED
	}
	options := []rs.ResourceOption{
		rs.WithResourceStatus(status, details),
		rs.WithResourceProfile(userProfile(user, directories)),
	}
	if created, ok := instant(user.Created); ok {
		options = append(options, rs.WithResourceCreatedAt(created))
	}
	if isAPIClient(user) {
		options = append(options, rs.WithNHIType(v2.NonHumanIdentityTrait_NHI_TYPE_APP_REGISTRATION, apiClientKind))
	}
	traits := []rs.UserTraitOption{
		rs.WithUserLogin(user.Principal, aliases(user)...),
		rs.WithEmail(user.Email, true),
		rs.WithAccountType(accountType(user)),
		//nolint:staticcheck // left alone, the trait says ENABLED whatever the resource says
		rs.WithStatus(traitStatus),
	}
	if name := structuredName(user); name != nil {
		traits = append(traits, rs.WithStructuredName(name))
	}
	if mfa := mfaStatus(user); mfa != nil {
		traits = append(traits, rs.WithMFAStatus(mfa))
	}
	return rs.NewUserResource(displayName(user.FullName, user.Principal, user.Email, user.ID), userResourceType, user.ID, traits, options...)
}

// userProfile is an allow-list: PrivX's users carry keys, tokens and settings
// that have no place in a review. Its keys are a stable API.
func userProfile(user privx.User, directories directories) map[string]any {
	profile := texts(map[string]string{
		"principal":   user.Principal,
		"source_id":   user.Source,
		"source_name": directories.name(user.Source),
		"source_type": user.SourceType,
		"department":  user.Department,
		"title":       user.JobTitle,
		"company":     user.Company,
	})
	// All versions of the connector have these two keys, even where they are empty.
	profile["id"] = user.ID
	profile["full_name"] = privx.CutText(user.FullName, maxProfileText)
	return profile
}

// instant parses a time of PrivX's. A time that is outside of protobuf's range is left
// out: baton-sdk would store it and could not read it back.
func instant(text string) (time.Time, bool) {
	at, err := time.Parse(time.RFC3339Nano, text)
	return at, err == nil && timestamppb.New(at).IsValid()
}

// texts makes profile entries of the texts that are not empty.
func texts(from map[string]string) map[string]any {
	profile := make(map[string]any, len(from)+2)
	for key, text := range from {
		if text != "" {
			profile[key] = privx.CutText(text, maxProfileText)
		}
	}
	return profile
}

// displayName is the first of the names that is not blank.
func displayName(names ...string) string {
	for _, name := range names {
		if strings.TrimSpace(name) != "" {
			return privx.CutText(name, maxDisplayName)
		}
	}
	return ""
}

// aliases are further logins that identify the person. The accounts on target
// systems (unix_account, windows_account) do not: many users share root.
func aliases(user privx.User) []string {
	if user.SAMAccountName == "" || user.SAMAccountName == user.Principal {
		return nil
	}
	return []string{user.SAMAccountName}
}

// apiClientKind is what kind of non-human identity an API client is, in the form
// "product.kind" that Baton connectors use.
const apiClientKind = "privx.api_client"

func isAPIClient(user privx.User) bool { return user.SourceType == privx.SourceTypeAPIClient }

func accountType(user privx.User) v2.UserTrait_AccountType {
	if isAPIClient(user) {
		return v2.UserTrait_ACCOUNT_TYPE_SERVICE
	}
	return v2.UserTrait_ACCOUNT_TYPE_HUMAN
}

func structuredName(user privx.User) *v2.UserTrait_StructuredName {
	given := user.FirstName
	if given == "" {
		// PrivX before version 38 calls it so.
		given = user.GivenName
	}
	if given == "" && user.LastName == "" {
		return nil
	}
	return v2.UserTrait_StructuredName_builder{GivenName: given, FamilyName: user.LastName}.Build()
}

// mfaStatus is nil unless PrivX says clearly whether MFA is on: its DEFAULT
// depends on settings that are not read.
func mfaStatus(user privx.User) *v2.UserTrait_MFAStatus {
	switch user.MFA.Status {
	case "ENABLED":
		return v2.UserTrait_MFAStatus_builder{MfaEnabled: true}.Build()
	case "DISABLED":
		return v2.UserTrait_MFAStatus_builder{MfaEnabled: false}.Build()
	default:
		return nil
	}
}
