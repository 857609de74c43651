package privx

import (
	"context"
	"net/http"

	"github.com/conductorone/baton-privx/pkg/privx/api"
)

var (
	getNetworkTargets = api.Endpoint{
		Method: http.MethodGet, Path: "/network-access-manager/api/v1/nwtargets", Permission: "network-targets-view",
		IfMissing: "this PrivX has no network targets: leave sync-network-targets out",
	}
	getNetworkTarget = api.Endpoint{Method: http.MethodGet, Path: "/network-access-manager/api/v1/nwtargets/{}", Permission: "network-targets-view"}
)

// NetworkTarget is a part of a network that roles reach, with the fields that are read.
type NetworkTarget struct {
	ID, Name string
	// Created is RFC 3339; may be empty.
	Created      string
	Destinations []Destination
	Tags         []string
	Roles        []RoleRef
	// ExclusiveAccess tells that one user at a time can use it.
	ExclusiveAccess bool
	Disabled        Disabled
}

// Destination is what of a network can be reached. What PrivX does not say is empty.
type Destination struct {
	// Protocol is TCP, UDP or something newer.
	Protocol string
	// Addresses and Ports are one of them, or the first and the last with a hyphen between.
	Addresses, Ports string
}

// Identity is the id.
func (n NetworkTarget) Identity() string { return n.ID }

// ListNetworkTargets reads a page of all network targets. An empty token asks for the first
// page.
func (c *Client) ListNetworkTargets(ctx context.Context, token string) (*Page[NetworkTarget], error) {
	return readTargets[networkRow, NetworkTarget](ctx, c, allNetworkTargets(), token)
}

func allNetworkTargets() *api.List { return &api.List{Request: getNetworkTargets.Request()} }

// GetNetworkTarget reads one network target.
func (c *Client) GetNetworkTarget(ctx context.Context, id string) (*NetworkTarget, error) {
	return readByID[networkRow, NetworkTarget](ctx, c, getNetworkTarget, id)
}

// CheckNetworkTargets finds out whether network targets can be listed.
func (c *Client) CheckNetworkTargets(ctx context.Context) error {
	return c.checkTargets(ctx, allNetworkTargets())
}

// networkRow is a network target as PrivX answers it.
type networkRow struct {
	ID           string                  `json:"id"`
	Roles        []RoleRef               `json:"roles"`
	Name         text                    `json:"name"`
	Created      text                    `json:"created"`
	Destinations shown[[]destinationRow] `json:"dst"`
	Tags         shown[[]text]           `json:"tags"`
	Exclusive    shown[bool]             `json:"exclusive_access"`
	Disabled     Disabled                `json:"disabled"`
}

type destinationRow struct {
	Selector struct {
		Addresses span `json:"ip"`
		Protocol  text `json:"proto"`
		Ports     span `json:"port"`
	} `json:"selector"`
}

// span is from the first of something to the last.
type span struct {
	Start text `json:"start"`
	End   text `json:"end"`
}

func (s span) String() string {
	if s.End == "" || s.End == s.Start {
		return s.Start.String()
	}
	return s.Start.String() + "-" + s.End.String()
}

// Identity is the id.
func (r networkRow) Identity() string { return r.ID }

func (r networkRow) target() (NetworkTarget, error) {
	n := NetworkTarget{
		ID: r.ID, Name: r.Name.String(), Created: r.Created.time(),
		Tags: texts(r.Tags.value), Roles: r.Roles, ExclusiveAccess: r.Exclusive.value, Disabled: r.Disabled,
	}
	for _, d := range r.Destinations.value {
		n.Destinations = append(n.Destinations, Destination{
			Protocol: d.Selector.Protocol.String(), Addresses: d.Selector.Addresses.String(), Ports: d.Selector.Ports.String(),
		})
	}
	return n, checkRefs(r.Roles)
}
