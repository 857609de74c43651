// Package vault is the service of PrivX that knows secrets, and the roles that may read
// and write them.
package vault

import (
	"encoding/json"

	"github.com/conductorone/baton-privx/internal/privxsim/core"
	"github.com/conductorone/baton-privx/internal/privxsim/target"
)

// Secret is a secret without what is secret in it.
type Secret struct {
	Name       string           `json:"name"`
	OwnerID    string           `json:"owner_id,omitempty"` // whose own it is; "" of a shared one
	ReadRoles  []target.RoleRef `json:"read_roles"`
	WriteRoles []target.RoleRef `json:"write_roles"`
	Path       string           `json:"path"`
	Author     string           `json:"author"`
	Created    string           `json:"created,omitempty"`
	Updated    string           `json:"updated,omitempty"`
	UpdatedBy  string           `json:"updated_by"`

	// Extra holds further members of the JSON object; they win over the fields.
	Extra map[string]json.RawMessage `json:"-"`
}

// SecretTable is the truth that the vault tells. It may be used by several goroutines at
// once.
type SecretTable struct {
	table *core.Table[Secret]
	roles target.Roles
}

// key is what no other secret has: a name is one of its owner's.
func key(owner, name string) string { return owner + "/" + name }

// maxPageSize is documented, also as what a page has if no size is asked for.
const maxPageSize = 100

// secretOrder is what secrets can be sorted by, by the documentation. Guess (PXQ-079): they
// come by name where no key was sent.
var secretOrder = core.Order[*Secret]{
	Keys: map[string]func(*Secret) string{
		"name":    func(s *Secret) string { return s.Name },
		"created": func(s *Secret) string { return core.SortableTime(s.Created) },
		"updated": func(s *Secret) string { return core.SortableTime(s.Updated) },
	},
	ID:      func(s *Secret) string { return key(s.OwnerID, s.Name) },
	Default: "name", PageSize: maxPageSize, MaxPageSize: maxPageSize,
}

// New returns a store without secrets.
func New(installation string, roles target.Roles) *SecretTable {
	another := func(last Secret, id string) Secret {
		last.OwnerID, last.Name = "", last.Name+id
		return last
	}
	return &SecretTable{core.NewTable(installation+"/secrets", secretOrder, another), roles}
}

// AddSecret adds a secret, or replaces the one with the same owner and name, and returns
// it with what was filled in.
func (t *SecretTable) AddSecret(secret Secret) Secret {
	secret = t.named(secret)
	t.table.Put(secret)
	return secret
}

// UpdateSecret replaces the secret with the same owner and name.
func (t *SecretTable) UpdateSecret(secret Secret) { t.table.Update(t.named(secret)) }

func (t *SecretTable) named(secret Secret) Secret {
	secret.ReadRoles = target.NameRoles(t.roles, secret.ReadRoles)
	secret.WriteRoles = target.NameRoles(t.roles, secret.WriteRoles)
	return secret
}

// RemoveSecret removes a secret. Owner is "" of a shared one.
func (t *SecretTable) RemoveSecret(owner, name string) { t.table.Remove(key(owner, name)) }

// Secrets returns all secrets by owner and name.
func (t *SecretTable) Secrets() []Secret { return t.table.Rows() }

// Reach returns which roles may read and write which secrets.
func (t *SecretTable) Reach() []target.Reached {
	var all []target.Reached
	for _, secret := range t.Secrets() {
		owner := secret.OwnerID
		if owner == "" {
			owner = target.SharedSecret
		}
		reached := target.Reached{Kind: target.KindSecret, Target: key(owner, secret.Name), Way: target.WayRead}
		all = append(all, target.Reach(t.roles, secret.ReadRoles, reached)...)
		reached.Way = target.WayWrite
		all = append(all, target.Reach(t.roles, secret.WriteRoles, reached)...)
	}
	return all
}
