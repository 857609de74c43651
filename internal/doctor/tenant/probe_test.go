package tenant_test

import (
	"testing"

	"github.com/conductorone/baton-privx/internal/doctor/connection"
	"github.com/conductorone/baton-privx/internal/doctor/doctortest"
	"github.com/conductorone/baton-privx/internal/doctor/tenant"
	"github.com/conductorone/baton-privx/internal/privxsim"
)

func TestProbe(t *testing.T) {
	for _, size := range []privxsim.SeedOptions{{Users: 40, Roles: 8}, {Users: 2500, Roles: 100}} {
		site := doctortest.NewSite(t, privxsim.Seed(size), privxsim.Options{})
		given := site.Given(t)
		given.Provisioning = true
		layers := append(connection.Layers(), tenant.Permissions())
		layers = append(layers, tenant.Layers()...)
		results, v := doctortest.Run(t, layers, given)
		for _, l := range layers {
			for _, c := range l.Checks {
				r := results[c.ID]
				t.Log(r.Outcome, c.ID, c.Promise, "|", r.Way, "|", r.Found, "|", r.Wanted, "|", r.Cause, r.Because)
			}
		}
		t.Log(v.Ask.Requests(), v.Duration)
	}
}
