// Package connection has the checks of the way to PrivX: the configuration, the network,
// TLS, the clocks, PrivX's own state, and the login.
package connection

import (
	"context"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/ask"
	"github.com/conductorone/baton-privx/pkg/privx"
)

// Ids of checks that others need.
const (
	Configured = "PX-CONF-01" // makes the Visit's Client
	LoggedIn   = "PX-LOGIN-01"
)

// Layers are the layers of this package, in their order.
func Layers() []doctor.Layer {
	return []doctor.Layer{
		{Name: "Configuration", Checks: []doctor.Check{configured}},
		{Name: "Login", Checks: []doctor.Check{loggedIn}},
	}
}

var configured = doctor.Check{
	ID:      Configured,
	Promise: "the settings are complete and fit together",
	How:     "The settings are read and checked as the connector does it. Nothing is sent.",
	Ways: []doctor.Way{{
		Name: "mistake", Outcome: doctor.Failed,
		When:    "A setting is missing or wrong.",
		Matters: "The connector does not start.",
		Do:      "Correct the setting that is named.",
	}},
	Run: func(ctx context.Context, v *doctor.Visit) doctor.Finding {
		settings, err := v.Given.Config.Settings(v.Given.Method)
		if err == nil {
			v.Client, err = privx.New(ctx, settings)
		}
		if err != nil {
			return doctor.Finding{Way: "mistake", Cause: err.Error()}
		}
		v.Ask = ask.New(v.Client)
		return doctor.Pass("", "")
	},
}

var loggedIn = doctor.Check{
	ID:      LoggedIn,
	Promise: "PrivX gives the API client a token",
	How:     "One token is asked for, once.",
	Needs:   []string{Configured},
	Ways: []doctor.Way{{
		Name: "refused", Outcome: doctor.Failed,
		When:    "PrivX refuses the credentials.",
		Matters: "Nothing works without a token.",
		Do:      "See the error.",
	}},
	Run: func(ctx context.Context, v *doctor.Visit) doctor.Finding {
		login, err := v.Client.API().Login(ctx)
		if err != nil {
			return doctor.Finding{Way: "refused", Cause: err.Error()}
		}
		return doctor.Pass("a token for "+login.Life.String(), "a token")
	},
}
