package connector

import (
	"context"

	"github.com/conductorone/baton-privx/pkg/privx"
)

// Bounds are those on what is remembered of all syncs together, which tests lower.
type Bounds struct {
	Runs, Users int
	HeldRoles   int // bytes
}

// SetBounds changes those that are not 0.
func (c *Connector) SetBounds(b Bounds) {
	set := func(bound *int, to int) {
		if to != 0 {
			*bound = to
		}
	}
	set(&c.syncs.bounds.runs, b.Runs)
	set(&c.syncs.bounds.ids, b.Users)
	set(&c.syncs.bounds.heldRoles, b.HeldRoles)
}

// RoleBook is where users' roles are kept.
type RoleBook struct{ book *roleBook }

// NewRoleBook makes one that asks take for room.
func NewRoleBook(take func(bytes int) bool) RoleBook { return RoleBook{newRoleBook(take)} }

// Add keeps a user's roles.
func (b RoleBook) Add(userID string, roles []privx.RoleEntry) { b.book.add(userID, roles) }

// Entry finds how a user holds a role, and whether his roles are kept.
func (b RoleBook) Entry(userID, roleID string) (*privx.RoleEntry, bool) {
	held, kept := b.book.of(userID)
	return held.entry(roleID), kept
}

// NewShared gives a function that makes a call once for all who call it at the same
// time.
func NewShared() func(ctx context.Context, call func(context.Context) (int, error)) (int, error) {
	var calls shared[int]
	unknown := func() (int, bool) { return 0, false }
	return func(ctx context.Context, call func(context.Context) (int, error)) (int, error) {
		return calls.do(ctx, "key", unknown, call)
	}
}
