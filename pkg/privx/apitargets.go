package privx

import (
	"context"
	"net/http"

	"github.com/conductorone/baton-privx/pkg/privx/api"
)

var (
	getAPITargets = api.Endpoint{
		Method: http.MethodGet, Path: "/api-proxy/api/v1/api-targets", Permission: "api-targets-view",
		IfMissing: "this PrivX has no API targets (they come with version 42): leave sync-api-targets out",
	}
	getAPITarget = api.Endpoint{Method: http.MethodGet, Path: "/api-proxy/api/v1/api-targets/{}", Permission: "api-targets-view"}
)

// APITarget is an API that roles reach through PrivX, with the fields that are read. The
// credential that PrivX uses there is never decoded.
type APITarget struct {
	ID, Name, AccessGroupID string
	// Created is RFC 3339; may be empty.
	Created string
	Tags    []string
	Roles   []RoleRef
	// Endpoints are the calls that are allowed.
	Endpoints []APIEndpoint
	// Recorded tells whether calls are recorded; nil where PrivX does not say.
	Recorded *bool
	Disabled Disabled
}

// APIEndpoint is a number of calls of an API.
type APIEndpoint struct {
	Host           string
	Methods, Paths []string
}

// Identity is the id.
func (a APITarget) Identity() string { return a.ID }

// ListAPITargets reads a page of all API targets of the access groups that the API client
// sees. An empty token asks for the first page.
func (c *Client) ListAPITargets(ctx context.Context, token string) (*Page[APITarget], error) {
	return readTargets[apiRow, APITarget](ctx, c, allAPITargets(), token)
}

func allAPITargets() *api.List { return &api.List{Request: getAPITargets.Request()} }

// GetAPITarget reads one API target.
func (c *Client) GetAPITarget(ctx context.Context, id string) (*APITarget, error) {
	return readByID[apiRow, APITarget](ctx, c, getAPITarget, id)
}

// CheckAPITargets finds out whether API targets can be listed.
func (c *Client) CheckAPITargets(ctx context.Context) error {
	return c.checkTargets(ctx, allAPITargets())
}

// apiRow is an API target as PrivX answers it.
type apiRow struct {
	ID        string               `json:"id"`
	Roles     []RoleRef            `json:"roles"`
	Name      text                 `json:"name"`
	Group     text                 `json:"access_group_id"`
	Created   text                 `json:"created"`
	Tags      shown[[]text]        `json:"tags"`
	Endpoints shown[[]endpointRow] `json:"authorized_endpoints"`
	Recorded  shown[*bool]         `json:"audit_enabled"`
	Disabled  Disabled             `json:"disabled"`
}

type endpointRow struct {
	Host    text          `json:"host"`
	Methods shown[[]text] `json:"methods"`
	Paths   shown[[]text] `json:"paths"`
}

// Identity is the id.
func (r apiRow) Identity() string { return r.ID }

func (r apiRow) target() (APITarget, error) {
	a := APITarget{
		ID: r.ID, Name: r.Name.String(), AccessGroupID: r.Group.String(), Created: r.Created.time(),
		Tags: texts(r.Tags.value), Roles: r.Roles, Recorded: r.Recorded.value, Disabled: r.Disabled,
	}
	for _, e := range r.Endpoints.value {
		a.Endpoints = append(a.Endpoints, APIEndpoint{Host: e.Host.String(), Methods: texts(e.Methods.value), Paths: texts(e.Paths.value)})
	}
	return a, checkRefs(r.Roles)
}
