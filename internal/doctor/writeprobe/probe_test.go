package writeprobe_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/doctor"
)

// Where PrivX is as it is assumed to be, everything passes and the list is as it was.
func TestAllIsWell(t *testing.T) {
	t.Parallel()
	in(t, setup{}, func(t *testing.T, s *site) {
		before := s.memberships()
		for id, result := range s.run(t.Context()) {
			require.Equal(t, doctor.Passed, result.Outcome, "%s %s: %s %s", id, result.Way, result.Found, result.Cause)
			t.Log(id, result.Found)
		}
		require.Equal(t, before, s.memberships())
		require.False(t, s.probe.Unrestored)
		t.Log(s.out.String())
		t.Log(s.visit.Answers)
		for _, r := range s.sim.Requests() {
			t.Log(r.Time, r.Method, r.Path, r.Status, string(r.Body))
		}
	})
}
