package checkup_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/checkup"
	"github.com/conductorone/baton-privx/internal/doctor/doctortest"
	"github.com/conductorone/baton-privx/internal/privxsim"
)

// Nothing fails where PrivX is as it is assumed to be.
func TestNothingFails(t *testing.T) {
	t.Parallel()
	site := doctortest.NewSite(t, nil, privxsim.Options{})
	results, _ := doctortest.Run(t, checkup.Layers(nil), site.Given(t))
	for id, result := range results {
		require.NotEqual(t, doctor.Failed, result.Outcome, "%s: %s", id, result.Cause)
	}
}
