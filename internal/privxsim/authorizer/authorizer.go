// Package authorizer is the service of PrivX that knows access groups.
package authorizer

import (
	"net/http"

	"github.com/conductorone/baton-privx/internal/privxsim/core"
	"github.com/conductorone/baton-privx/internal/privxsim/target"
)

// PermAccessGroupsManage is the permission that the service asks for, also to read.
const PermAccessGroupsManage = "access-groups-manage"

// AccessGroup is an access group as the service shows one.
type AccessGroup struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Comment     string `json:"comment,omitempty"`
	Default     bool   `json:"default,omitempty"`
	CAID        string `json:"ca_id,omitempty"`
	PrimaryCAID string `json:"primary_ca_id"`
	KeyType     string `json:"key_type"`
	Author      string `json:"author,omitempty"`
	Created     string `json:"created,omitempty"`
	Updated     string `json:"updated,omitempty"`
	UpdatedBy   string `json:"updated_by,omitempty"`
}

// AccessGroupTable is the truth that the service tells. It may be used by several
// goroutines at once.
type AccessGroupTable struct{ table *core.Table[AccessGroup] }

// maxPageSize is documented as what a page has if no size is asked for. Guess (PXQ-001): no
// page is larger.
const maxPageSize = 100

// groupOrder is what access groups can be sorted by. Guess (PXQ-079): beside id, which is
// documented as what they come by where no key was sent, it is these keys.
var groupOrder = core.Order[*AccessGroup]{
	Keys: map[string]func(*AccessGroup) string{
		"id":      func(g *AccessGroup) string { return g.ID },
		"name":    func(g *AccessGroup) string { return g.Name },
		"created": func(g *AccessGroup) string { return core.SortableTime(g.Created) },
		"updated": func(g *AccessGroup) string { return core.SortableTime(g.Updated) },
	},
	ID:      func(g *AccessGroup) string { return g.ID },
	Default: "id", PageSize: maxPageSize, MaxPageSize: maxPageSize,
}

// New returns a store with the access group that every PrivX has.
func New(installation, defaultGroup string) *AccessGroupTable {
	another := func(last AccessGroup, id string) AccessGroup {
		last.ID, last.Default = id, false
		return last
	}
	t := &AccessGroupTable{core.NewTable(installation+"/access-groups", groupOrder, another)}
	t.AddAccessGroup(AccessGroup{ID: defaultGroup, Name: "Default", Default: true, Created: "2017-04-18T14:23:56.381705Z"})
	return t
}

// AddAccessGroup adds an access group, or replaces the one with the same id, and returns
// it with what was filled in.
func (t *AccessGroupTable) AddAccessGroup(group AccessGroup) AccessGroup {
	if group.ID == "" {
		group.ID = t.table.NextID()
	}
	t.table.Put(group)
	return group
}

// UpdateAccessGroup replaces the access group with the same id.
func (t *AccessGroupTable) UpdateAccessGroup(group AccessGroup) { t.table.Update(group) }

// RemoveAccessGroup removes an access group.
func (t *AccessGroupTable) RemoveAccessGroup(id string) { t.table.Remove(id) }

// AccessGroups returns all access groups by id.
func (t *AccessGroupTable) AccessGroups() []AccessGroup { return t.table.Rows() }

// Service returns the service that tells the truth of a store.
func Service(store *AccessGroupTable) core.Service {
	s := &service{store}
	return core.Service{Name: "authorizer", Data: store.table.Data(), Endpoints: []core.Endpoint{
		{Method: http.MethodGet, Path: "accessgroups", AnyOf: []string{PermAccessGroupsManage}, Shows: core.ShowsList, Handle: s.list},
		{Method: http.MethodGet, Path: "accessgroups/{id}", AnyOf: []string{PermAccessGroupsManage}, Shows: core.ShowsObject, Handle: s.get},
	}}
}

type service struct{ store *AccessGroupTable }

func (s *service) list(c *core.Call) core.Answer {
	w, err := groupOrder.Window(c)
	if err != nil {
		return err.Answer()
	}
	return s.store.table.Page(c, w, nil, encode)
}

func (s *service) get(c *core.Call) core.Answer {
	group := s.store.table.Get(c, c.ID)
	if group == nil {
		return core.NotFound().Answer()
	}
	return core.JSON(http.StatusOK, encode(group))
}

// What an access group carries beside its fields: certificates that no client may keep.
func encode(group *AccessGroup) []byte {
	canary := target.Canary("trust-anchors")
	return core.WithMembers(core.MustMarshal(group),
		`"host_certificate_trust_anchors":`+canary, `"winrm_host_certificate_trust_anchors":`+canary,
		`"db_host_certificate_trust_anchors":`+canary, `"x_future_group":null`)
}
