// Package machine has the checks of what else a sync needs: ConductorOne, and this machine.
package machine

import "github.com/conductorone/baton-privx/internal/doctor"

// Layers are the layers of this package, in their order.
func Layers() []doctor.Layer { return nil }
