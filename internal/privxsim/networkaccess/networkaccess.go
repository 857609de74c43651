// Package networkaccess is the service of PrivX that knows network targets, and the roles
// that may connect to them.
package networkaccess

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/conductorone/baton-privx/internal/privxsim/core"
	"github.com/conductorone/baton-privx/internal/privxsim/target"
)

// PermNetworkTargetsView is the permission that the service asks for.
const PermNetworkTargetsView = "network-targets-view"

// NetworkTarget is a network target as the service shows one.
type NetworkTarget struct {
	ID               string           `json:"id"`
	Name             string           `json:"name"`
	Comment          string           `json:"comment"`
	UserInstructions string           `json:"user_instructions"`
	Destinations     []Destination    `json:"dst"`
	SourceNAT        bool             `json:"src_nat"`
	StaticConfig     string           `json:"static_config,omitempty"`
	Roles            []target.RoleRef `json:"roles"`
	Tags             []string         `json:"tags"`
	IntegrationType  string           `json:"integration_type"`
	ExclusiveAccess  bool             `json:"exclusive_access"`
	Created          string           `json:"created"`
	Author           string           `json:"author"`
	Updated          string           `json:"updated"`
	UpdatedBy        string           `json:"updated_by"`
	// Disabled is why it is disabled; "" where it is not.
	Disabled string `json:"-"`

	// Extra holds further members of the JSON object; they win over the fields.
	Extra map[string]json.RawMessage `json:"-"`
}

// Destination is a part of the network, and where it is really.
type Destination struct {
	Selector Selector `json:"selector"`
	NAT      *NAT     `json:"nat,omitempty"`
}

// Selector is a part of the network.
type Selector struct {
	IP       IPRange   `json:"ip"`
	Protocol string    `json:"proto"`
	Port     PortRange `json:"port"`
}

// IPRange are addresses from the first to the last.
type IPRange struct {
	Start string `json:"start"`
	End   string `json:"end"`
}

// PortRange are ports from the first to the last.
type PortRange struct {
	Start int `json:"start"`
	End   int `json:"end"`
}

// NAT is where a connection goes instead.
type NAT struct {
	Address string `json:"addr"`
	Port    int    `json:"port"`
}

// NetworkTargetTable is the truth that the service tells. It may be used by several
// goroutines at once.
type NetworkTargetTable struct {
	table *core.Table[NetworkTarget]
	roles target.Roles
}

// targetOrder is what network targets can be sorted by, by the documentation.
var targetOrder = core.Order[*NetworkTarget]{
	Keys: map[string]func(*NetworkTarget) string{
		"id":                func(t *NetworkTarget) string { return t.ID },
		"name":              func(t *NetworkTarget) string { return t.Name },
		"comment":           func(t *NetworkTarget) string { return t.Comment },
		"user_instructions": func(t *NetworkTarget) string { return t.UserInstructions },
		"disabled":          func(t *NetworkTarget) string { return t.Disabled },
		"exclusive_access":  func(t *NetworkTarget) string { return strconv.FormatBool(t.ExclusiveAccess) },
		"created":           func(t *NetworkTarget) string { return core.SortableTime(t.Created) },
		"updated":           func(t *NetworkTarget) string { return core.SortableTime(t.Updated) },
	},
	ID:      func(t *NetworkTarget) string { return t.ID },
	Default: "id",
}

// New returns a store without network targets.
func New(installation string, roles target.Roles) *NetworkTargetTable {
	another := func(last NetworkTarget, id string) NetworkTarget {
		last.ID = id
		return last
	}
	return &NetworkTargetTable{core.NewTable(installation+"/network-targets", targetOrder, another), roles}
}

// AddNetworkTarget adds a network target, or replaces the one with the same id, and
// returns it with what was filled in.
func (t *NetworkTargetTable) AddNetworkTarget(nt NetworkTarget) NetworkTarget {
	if nt.ID == "" {
		nt.ID = t.table.NextID()
	}
	nt.Roles = target.NameRoles(t.roles, nt.Roles)
	t.table.Put(nt)
	return nt
}

// UpdateNetworkTarget replaces the network target with the same id.
func (t *NetworkTargetTable) UpdateNetworkTarget(nt NetworkTarget) {
	nt.Roles = target.NameRoles(t.roles, nt.Roles)
	t.table.Update(nt)
}

// RemoveNetworkTarget removes a network target.
func (t *NetworkTargetTable) RemoveNetworkTarget(id string) { t.table.Remove(id) }

// NetworkTargets returns all network targets by id.
func (t *NetworkTargetTable) NetworkTargets() []NetworkTarget { return t.table.Rows() }

// Reach returns which roles reach which network targets, also disabled ones.
func (t *NetworkTargetTable) Reach() []target.Reached {
	var all []target.Reached
	for _, nt := range t.NetworkTargets() {
		reached := target.Reached{Kind: target.KindNetworkTarget, Target: nt.ID, Way: target.WayConnect}
		all = append(all, target.Reach(t.roles, nt.Roles, reached)...)
	}
	return all
}

type service struct {
	store *NetworkTargetTable
	view  target.View
}

// Service returns the service that tells the truth of a store.
func Service(store *NetworkTargetTable, shared target.Options) core.Service {
	s := &service{store, target.View{Options: shared, Roles: store.roles}}
	anyOf := []string{PermNetworkTargetsView}
	return core.Service{Name: "network-access-manager", Data: store.table.Data(), Endpoints: []core.Endpoint{
		{Method: http.MethodGet, Path: "nwtargets", AnyOf: anyOf, Shows: core.ShowsList, Handle: s.list},
		{Method: http.MethodGet, Path: "nwtargets/{id}", AnyOf: anyOf, Shows: core.ShowsObject, Handle: s.get},
	}}
}

func (s *service) list(c *core.Call) core.Answer {
	w, err := targetOrder.Window(c)
	if err != nil {
		return err.Answer()
	}
	return s.store.table.Page(c, w, nil, s.encode)
}

func (s *service) get(c *core.Call) core.Answer {
	nt := s.store.table.Get(c, c.ID)
	if nt == nil {
		return core.NotFound().Answer()
	}
	return core.JSON(http.StatusOK, s.encode(nt))
}

// unknownInTarget is a member that no client knows, as every release of PrivX brings new
// ones.
const unknownInTarget = `"x_future_target":[{"n":9007199254740993}]`

func (s *service) encode(nt *NetworkTarget) []byte {
	shown := *nt
	shown.Roles = s.view.Refs(nt.Roles)
	shown.Destinations = target.List(s.view, nt.Destinations)
	shown.Tags = target.List(s.view, nt.Tags)
	return core.WithExtra(core.WithMembers(core.MustMarshal(shown), s.view.Disabled(nt.Disabled), unknownInTarget), nt.Extra)
}
