package checkup_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/ask"
	"github.com/conductorone/baton-privx/internal/doctor/checkup"
	"github.com/conductorone/baton-privx/internal/doctor/doctortest"
	"github.com/conductorone/baton-privx/internal/privxsim"
)

// Nothing fails where PrivX is as it is assumed to be.
func TestNothingFails(t *testing.T) {
	t.Parallel()
	for _, hosts := range []int{0, 30} {
		site := doctortest.NewSite(t, privxsim.Seed(privxsim.SeedOptions{Users: 40, Roles: 8, Hosts: hosts}), privxsim.Options{})
		given := site.Given(t)
		if hosts > 0 {
			doctortest.TurnOn(&given, doctortest.TargetSettings...)
		}
		results, v := doctortest.Run(t, checkup.Layers(nil), given)
		for id, result := range results {
			require.NotEqual(t, doctor.Failed, result.Outcome, "%s: %s", id, result.Cause)
		}
		t.Log(v.Ask.Requests())
	}
}

// However large PrivX is and however small its pages, there are requests left when everything
// was asked of it.
func TestEverythingIsAsked(t *testing.T) {
	t.Parallel()
	large := privxsim.SeedOptions{Users: 500, Roles: 100, Hosts: 400, AccessGroups: 20}
	for _, options := range []privxsim.Options{
		{}, {MaxPageSize: 7}, {MaxPageSize: 10, RefuseLargePages: true}, {Count: privxsim.CountOmitted, MaxPageSize: 20},
		{MemberRoles: privxsim.MemberRolesNull, SearchWithoutPrincipals: true, UserRolesNull: true},
	} {
		site := doctortest.NewSite(t, privxsim.Seed(large), options)
		given := site.Given(t)
		given.Provisioning = true
		doctortest.TurnOn(&given, doctortest.TargetSettings...)
		_, v := doctortest.Run(t, checkup.Layers(nil), given)
		t.Log(v.Ask.Requests())
		require.Less(t, v.Ask.Requests(), ask.MaxRequests, "%+v", options)
	}
}
