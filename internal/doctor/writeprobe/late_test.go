package writeprobe_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/privxsim"
)

// PrivX makes a write late that it never answered. As long as there is time, that is undone
// when it comes. When it comes later still, nobody was told that all is well.
func TestAWriteThatIsMadeLate(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]privxsim.Fault{
		"reset": {Kind: privxsim.FaultResetBefore}, "stalled": {Kind: privxsim.FaultStall}, "by a gateway": status(http.StatusGatewayTimeout),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, after := range []time.Duration{5 * time.Second, 20 * time.Second, 32 * time.Second, 50 * time.Second, 5 * time.Minute} {
				in(t, setup{arrange: func(s *site) {
					fault.Skip, fault.Count = putGrant, 1
					s.sim.Inject(put(fault))
					s.beforePut(putGrant, func([]byte) {
						time.AfterFunc(after, func() { s.store.GrantExplicit(s.role, s.user, privxsim.Grant{}) })
					})
				}}, func(t *testing.T, s *site) {
					results := s.run(t.Context())
					time.Sleep(10 * time.Minute)
					require.NotContains(t, s.out.String(), "is as it was")
					if after <= 32*time.Second {
						require.Empty(t, s.held(), "%s: %s", after, s.out)
					}
					if !s.probe.Unrestored {
						require.Contains(t, s.out.String(), "PrivX never answered 1 of the writes")
						require.Contains(t, s.out.String(), "again in some minutes")
						require.Equal(t, doctor.Warning, results["PX-PROBE-09"].Outcome)
						require.Equal(t, "unanswered", results["PX-PROBE-09"].Way)
					}
				})
			}
		})
	}
}
