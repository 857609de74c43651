package connector

import (
	"fmt"
	"slices"
	"sync"

	"github.com/conductorone/baton-privx/pkg/privx"
)

// How much memory the parts of a roleBook take, in bytes, at most: right after a map has
// grown. The length of the texts is added.
const (
	// bookedUser is for a user without roles, and bookedEntry for each of his roles.
	bookedUser, bookedEntry = 112, 8
	// bookedRole is for a role.
	bookedRole = 80
	// bookedHolding is for a way to hold a role, and bookedPeriod for each validity
	// period of it.
	bookedHolding, bookedPeriod = 320, 64
)

// roleBook keeps users' roles in little memory: most are the same few roles, held in
// the same few ways, each of which it has once. It is safe for concurrent use.
type roleBook struct {
	// take asks for room in bytes. Roles for which there is none are not kept.
	take func(bytes int) bool

	mu    sync.Mutex
	users map[string][]heldEntry
	// roles and holdings are the numbers of roles and of ways to hold one.
	roles    map[string]uint32
	holdings map[fullHolding]uint32
	// entries are what the numbers of holdings stand for. They must not be changed.
	entries []*privx.RoleEntry
}

// heldEntry is one of a user's roles.
type heldEntry struct{ role, holding uint32 }

// fullHolding is a role's entry as far as a grant tells of it.
type fullHolding struct {
	holding

	periods string
}

func newRoleBook(take func(bytes int) bool) *roleBook {
	return &roleBook{
		take: take, users: make(map[string][]heldEntry),
		roles: make(map[string]uint32), holdings: make(map[fullHolding]uint32),
	}
}

// userRoles are the roles of a user in a book.
type userRoles struct {
	book    *roleBook
	entries []heldEntry
}

// entry finds how the user holds a role, as far as a grant tells of it; nil if he
// does not. It must not be changed.
func (u userRoles) entry(roleID string) *privx.RoleEntry {
	u.book.mu.Lock()
	defer u.book.mu.Unlock()
	role, known := u.book.roles[privx.CanonicalID(roleID)]
	i := slices.IndexFunc(u.entries, func(e heldEntry) bool { return known && e.role == role })
	if i < 0 {
		return nil
	}
	return u.book.entries[u.entries[i].holding]
}

// of finds the roles of a user.
func (b *roleBook) of(userID string) (userRoles, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	entries, found := b.users[privx.CanonicalID(userID)]
	return userRoles{b, entries}, found
}

// add keeps a user's roles. Where there is no room for them, they are in a book of
// their own, which nobody keeps.
func (b *roleBook) add(userID string, roles []privx.RoleEntry) userRoles {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.take(b.cost(userID, roles)) {
		return newRoleBook(func(int) bool { return true }).add(userID, roles)
	}
	entries := make([]heldEntry, len(roles))
	for i, role := range roles {
		entries[i] = heldEntry{b.role(role.ID), b.holding(role)}
	}
	b.users[privx.CanonicalID(userID)] = entries
	return userRoles{b, entries}
}

// forget lets go of all users. Their roles that were handed out stay as they are.
func (b *roleBook) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.users = make(map[string][]heldEntry)
}

// cost is how much memory a user's roles take, in bytes, at most: a role or a holding
// that is new is counted each time that it occurs in them.
func (b *roleBook) cost(userID string, roles []privx.RoleEntry) int {
	bytes := bookedUser + len(userID) + bookedEntry*len(roles)
	for _, role := range roles {
		if _, known := b.roles[privx.CanonicalID(role.ID)]; !known {
			bytes += bookedRole + len(role.ID)
		}
		how := fullHoldingOf(role)
		if _, known := b.holdings[how]; known {
			continue
		}
		bytes += bookedHolding + len(role.GrantType) + len(how.periods)
		for _, period := range shownPeriods(role) {
			bytes += bookedPeriod + len(period.Start) + len(period.End)
		}
	}
	return bytes
}

// role gives a role's number.
func (b *roleBook) role(id string) uint32 {
	id = privx.CanonicalID(id)
	number, known := b.roles[id]
	if !known {
		number = uint32(len(b.roles)) //nolint:gosec // There is no room for as many.
		b.roles[id] = number
	}
	return number
}

// holding gives the number of the way in which a role is held.
func (b *roleBook) holding(role privx.RoleEntry) uint32 {
	how := fullHoldingOf(role)
	number, known := b.holdings[how]
	if !known {
		number = uint32(len(b.entries)) //nolint:gosec // There is no room for as many.
		b.holdings[how] = number
		b.entries = append(b.entries, &privx.RoleEntry{
			Explicit: role.Explicit, Implicit: role.Implicit, GrantType: role.GrantType, FloatingLength: role.FloatingLength,
			ValidityPeriods: slices.Clone(shownPeriods(role)),
		})
	}
	return number
}

func fullHoldingOf(role privx.RoleEntry) fullHolding {
	how := fullHolding{holding: holdingOf(&role)}
	if periods := shownPeriods(role); len(periods) > 0 {
		how.periods = fmt.Sprintf("%q", periods)
	}
	return how
}
