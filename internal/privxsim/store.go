package privxsim

import (
	"cmp"
	"slices"

	"github.com/conductorone/baton-privx/internal/privxsim/apiproxy"
	"github.com/conductorone/baton-privx/internal/privxsim/authorizer"
	"github.com/conductorone/baton-privx/internal/privxsim/hoststore"
	"github.com/conductorone/baton-privx/internal/privxsim/networkaccess"
	"github.com/conductorone/baton-privx/internal/privxsim/rolestore"
	"github.com/conductorone/baton-privx/internal/privxsim/vault"
)

// Store is the truth that the simulator tells: what each service knows.
type Store struct {
	*rolestore.Store
	*hoststore.HostTable
	*vault.SecretTable
	*networkaccess.NetworkTargetTable
	*apiproxy.APITargetTable
	*authorizer.AccessGroupTable
}

// NewStore returns a store with nothing but what every PrivX has: see
// rolestore.NewStore.
func NewStore() *Store { return newStore(rolestore.NewStore(), rolestore.FirstInstallation) }

// newStore puts the stores of the other services beside that of roles.
func newStore(roles *rolestore.Store, installation string) *Store {
	group := roles.DefaultAccessGroup()
	return &Store{
		Store:              roles,
		HostTable:          hoststore.New(installation, roles, group),
		SecretTable:        vault.New(installation, roles),
		NetworkTargetTable: networkaccess.New(installation, roles),
		APITargetTable:     apiproxy.New(installation, roles, group),
		AccessGroupTable:   authorizer.New(installation, group),
	}
}

// Reach returns which role reaches what, each once, in an order that is always the same.
// It is made from the store alone, so that clients can be held to it. References to roles
// that are gone do not count.
func (s *Store) Reach() []Reached {
	all := slices.Concat(s.HostTable.Reach(), s.SecretTable.Reach(), s.NetworkTargetTable.Reach(),
		s.APITargetTable.Reach(), s.ReachedAWSRoles())
	slices.SortFunc(all, func(a, b Reached) int {
		own := func(r Reached) string {
			if r.Own {
				return "own"
			}
			return ""
		}
		return cmp.Or(
			cmp.Compare(a.Role, b.Role), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Target, b.Target), cmp.Compare(a.Way, b.Way),
			cmp.Compare(a.Account, b.Account), cmp.Compare(a.Attribute, b.Attribute), cmp.Compare(own(a), own(b)), cmp.Compare(a.Domain, b.Domain),
		)
	})
	return slices.Compact(all)
}
