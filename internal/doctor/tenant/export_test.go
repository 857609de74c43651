package tenant

import (
	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/pkg/connector"
)

// WithoutID are the capabilities that have no id.
func WithoutID() []string {
	var without []string
	for _, capability := range connector.Capabilities() {
		if ids[keyOf(capability)] == "" {
			without = append(without, keyOf(capability))
		}
	}
	return without
}

// CheckFor is the check that a capability would have.
func CheckFor(c connector.Capability) *doctor.Check { return mayUse("PX-PERM-99", c) }
