// Package checkup puts all checks of the doctor together.
package checkup

import (
	"context"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/connection"
	"github.com/conductorone/baton-privx/internal/doctor/machine"
	"github.com/conductorone/baton-privx/internal/doctor/questions"
	"github.com/conductorone/baton-privx/internal/doctor/tenant"
	"github.com/conductorone/baton-privx/internal/doctor/writeprobe"
)

// Layers are all layers, in the order in which they are run. That of the probe is among them
// if there is one.
func Layers(probe *writeprobe.Probe) []doctor.Layer {
	layers := append(connection.Layers(), tenant.Permissions(), questions.Layer())
	layers = append(layers, tenant.Layers()...)
	layers = append(layers, machine.Layers()...)
	if probe == nil {
		return layers
	}
	return append(layers, writeprobe.Layer(probe))
}

// Run runs checks and ends the session in PrivX that they have used.
func Run(ctx context.Context, runner *doctor.Runner, v *doctor.Visit) []doctor.Result {
	results := runner.Run(ctx, v)
	if v.Client != nil {
		// The session ends by itself if this fails.
		_ = v.Client.Logout(context.WithoutCancel(ctx))
	}
	return results
}
