package questions_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/doctor/doctortest"
	"github.com/conductorone/baton-privx/internal/privxsim"
)

// many is a tenant of several pages, in which many users were created at the same time.
func many() *privxsim.Store {
	store := privxsim.Seed(privxsim.SeedOptions{Users: 40, Roles: 16})
	for i := range 40 {
		user := store.Users()[i]
		user.Created = "2024-02-01T00:00:00Z"
		store.UpdateUser(user)
	}
	return store
}

// Manners that come together are told apart.
func TestMannersTogether(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		world
		// sides are those that are not a; "" is none.
		sides map[string]string
	}{
		"refusing": {world{store: many, options: privxsim.Options{
			MaxPageSize: 10, RefuseLargePages: true, Count: privxsim.CountOmitted, RandomTies: true, Seed: 1, MemberRoles: privxsim.MemberRolesAll, MemberGrants: true,
			MemberCount: true, IgnoreUserIDs: true, SplitMemberships: true, HideUserRole: true, UserRolesNull: true,
		}}, map[string]string{
			"PXQ-001": "b", "PXQ-002": "b", "PXQ-003": "b", "PXQ-008": "", "PXQ-010": "", "PXQ-013": "b", "PXQ-015": "b", "PXQ-016": "b",
			"PXQ-018": "b", "PXQ-019": "", "PXQ-023": "b", "PXQ-024": "b", "PXQ-025": "b",
		}},
		"clamping": {world{store: many, options: privxsim.Options{
			MaxPageSize: 10, Count: privxsim.CountPageLength, RandomTies: true, Seed: 1, MemberRoles: privxsim.MemberRolesNull, MemberCount: true, UserRolesNull: true,
		}}, map[string]string{
			"PXQ-002": "e", "PXQ-003": "b", "PXQ-008": "", "PXQ-010": "", "PXQ-015": "c", "PXQ-016": "", "PXQ-018": "b", "PXQ-019": "", "PXQ-025": "b",
		}},
		"counting too many": {world{store: many, options: privxsim.Options{
			MaxPageSize: 10, RefuseLargePages: true, Count: privxsim.CountTooLarge, HeavyMembers: 20,
		}}, map[string]string{
			"PXQ-001": "b", "PXQ-002": "d", "PXQ-008": "", "PXQ-014": "b", "PXQ-015": "b", "PXQ-017": "b",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			results, visit := doctortest.Run(t, all(), c.given(t), ids()...)
			for _, id := range ids() {
				want, told := c.sides[id]
				if !told {
					want = "a"
				}
				require.Equal(t, want, visit.Answers[id].Side, "%s %s: %s %s", id, results[id].Way, results[id].Found, results[id].Cause)
			}
			require.LessOrEqual(t, visit.Ask.Requests(), mostRequests)
		})
	}
}
