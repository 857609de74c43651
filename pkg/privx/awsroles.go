package privx

import (
	"context"
	"net/http"

	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// The list of AWS roles is never asked for with refresh=true, which makes PrivX scan AWS.
var (
	getAWSRoles = api.Endpoint{
		Method: http.MethodGet, Path: "/role-store/api/v1/awsroles", Permission: "role-target-resources-view",
		IfMissing: "this PrivX has no AWS roles: leave sync-aws-roles out",
	}
	getAWSRole = api.Endpoint{Method: http.MethodGet, Path: "/role-store/api/v1/awsroles/{}", Permission: "role-target-resources-view"}
)

// AWSRole is a role of AWS that roles of PrivX reach, as PrivX has found it there.
type AWSRole struct {
	ID, Name, ARN, Description string
	// Source is the id of the directory that it was found in.
	Source string
	// Status is OK, MISSING (AWS no longer has it) or something newer; may be empty.
	Status string
	// Updated is RFC 3339; may be empty.
	Updated string
	Roles   []RoleRef
}

// Identity is the id.
func (a AWSRole) Identity() string { return a.ID }

// ListAWSRoles reads all AWS roles. PrivX has no paging here and need not count them. So if
// the list is empty, the page has a token that asks for it once more.
func (c *Client) ListAWSRoles(ctx context.Context, token string) (*Page[AWSRole], error) {
	return readTargets[awsRow, AWSRole](ctx, c, allAWSRoles(), token)
}

func allAWSRoles() *api.List { return &api.List{Request: getAWSRoles.Request(), Whole: true} }

// GetAWSRole reads one AWS role.
func (c *Client) GetAWSRole(ctx context.Context, id string) (*AWSRole, error) {
	return readByID[awsRow, AWSRole](ctx, c, getAWSRole, id)
}

// CheckAWSRoles finds out whether AWS roles can be listed.
func (c *Client) CheckAWSRoles(ctx context.Context) error { return c.checkTargets(ctx, allAWSRoles()) }

// awsRow is an AWS role as PrivX answers it.
type awsRow struct {
	ID          string    `json:"id"`
	Roles       []RoleRef `json:"roles"`
	Name        text      `json:"name"`
	ARN         text      `json:"arn"`
	Description text      `json:"description"`
	Source      text      `json:"source"`
	Status      text      `json:"status"`
	Updated     text      `json:"updated"`
}

// Identity is the id.
func (r awsRow) Identity() string { return r.ID }

func (r awsRow) target() (AWSRole, error) {
	return AWSRole{
		ID: r.ID, Name: r.Name.String(), ARN: r.ARN.String(), Description: r.Description.String(), Source: r.Source.String(),
		Status: r.Status.String(), Updated: r.Updated.time(), Roles: r.Roles,
	}, checkRefs(r.Roles)
}
