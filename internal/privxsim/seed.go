package privxsim

import (
	"strconv"

	"github.com/conductorone/baton-privx/internal/privxsim/rolestore"
)

// SeedOptions are the size of a tenant.
type SeedOptions = rolestore.SeedOptions

// Seed returns a store with a believable tenant: see rolestore.Seed.
func Seed(o SeedOptions) *Store {
	return newStore(rolestore.Seed(o), strconv.FormatInt(o.Seed+1, 10))
}
