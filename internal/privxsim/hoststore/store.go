// Package hoststore is the service of PrivX that knows hosts, their accounts, and the
// roles that reach those.
package hoststore

import (
	"slices"

	"github.com/conductorone/baton-privx/internal/privxsim/core"
	"github.com/conductorone/baton-privx/internal/privxsim/target"
)

// HostTable is the truth that the host store tells. It may be used by several goroutines
// at once.
type HostTable struct {
	table       *core.Table[Host]
	roles       target.Roles
	accessGroup string
}

// hostOrder is what hosts can be sorted by. Guess (PXQ-079): these keys are what PrivX's own
// clients send, and hosts come by name where no key was sent.
var hostOrder = core.Order[*Host]{
	Keys: map[string]func(*Host) string{
		"id":          func(h *Host) string { return h.ID },
		"common_name": func(h *Host) string { return h.CommonName },
		"created":     func(h *Host) string { return core.SortableTime(h.Created) },
		"updated":     func(h *Host) string { return core.SortableTime(h.Updated) },
	},
	ID:      func(h *Host) string { return h.ID },
	Default: "common_name",
}

// New returns a store without hosts. Hosts are made in an access group unless they name
// another one.
func New(installation string, roles target.Roles, accessGroup string) *HostTable {
	another := func(last Host, id string) Host {
		last.ID = id
		return last
	}
	return &HostTable{core.NewTable(installation+"/hosts", hostOrder, another), roles, accessGroup}
}

// AddHost adds a host, or replaces the one with the same id, and returns it with what
// was filled in.
func (t *HostTable) AddHost(host Host) Host {
	if host.ID == "" {
		host.ID = t.table.NextID()
	}
	if host.AccessGroupID == "" {
		host.AccessGroupID = t.accessGroup
	}
	host.Principals = t.named(host.Principals)
	t.table.Put(host)
	return host
}

// UpdateHost replaces the host with the same id.
func (t *HostTable) UpdateHost(host Host) {
	host.Principals = t.named(host.Principals)
	t.table.Update(host)
}

// named returns accounts with the names of roles where none was given.
func (t *HostTable) named(principals []Principal) []Principal {
	named := slices.Clone(principals)
	for i, p := range named {
		named[i].Roles = target.NameRoles(t.roles, p.Roles)
		if p.CommandRestrictions != nil {
			named[i].CommandRestrictions = t.namedRestrictions(*p.CommandRestrictions)
		}
	}
	return named
}

func (t *HostTable) namedRestrictions(r CommandRestrictions) *CommandRestrictions {
	r.Whitelists = slices.Clone(r.Whitelists)
	for i, grant := range r.Whitelists {
		r.Whitelists[i].Roles = target.NameRoles(t.roles, grant.Roles)
	}
	return &r
}

// RemoveHost removes a host.
func (t *HostTable) RemoveHost(id string) { t.table.Remove(id) }

// Hosts returns all hosts by id.
func (t *HostTable) Hosts() []Host { return t.table.Rows() }

// Reach returns which roles reach which accounts, also those of disabled hosts, and not
// those of deleted ones.
func (t *HostTable) Reach() []target.Reached {
	var all []target.Reached
	for _, host := range t.Hosts() {
		if host.Deleted {
			continue
		}
		for _, p := range host.Principals {
			account := target.Reached{
				Kind: target.KindHost, Target: host.ID, Way: target.WayAccount,
				Account: p.Principal, Attribute: p.UsernameAttribute, Own: p.UseUserAccount,
			}
			if p.TargetDomain != nil {
				account.Domain = p.TargetDomain.ID
			}
			all = append(all, target.Reach(t.roles, p.Roles, account)...)
		}
	}
	return all
}
