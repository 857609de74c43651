package writeprobe_test

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/privxsim"
)

// kill lets a run end as a kill does, after the answer to a write: nothing more reaches
// PrivX.
func (s *site) kill(t *testing.T, place int) {
	t.Helper()
	s.afterPut(place, func([]byte) { s.sim.Inject(privxsim.Fault{Kind: privxsim.FaultResetBefore}) })
	s.run(t.Context())
	s.sim.ClearFaults()
}

// Whichever write a killed run has made last: what it printed before the first one is enough
// to put the list back by hand, and so is the same command with --clear, which a second run
// names.
func TestKilled(t *testing.T) {
	t.Parallel()
	for place := putAsRead; place <= putBack; place++ {
		t.Run("by hand", func(t *testing.T) {
			t.Parallel()
			in(t, setup{}, func(t *testing.T, s *site) {
				before := s.memberships()
				s.kill(t, place)
				s.byHand(t)
				require.Equal(t, before, s.memberships())
			})
		})
		t.Run("by the list as it was printed", func(t *testing.T) {
			t.Parallel()
			in(t, setup{}, func(t *testing.T, s *site) {
				before := s.memberships()
				s.kill(t, place)
				s.send(t, s.printed(t))
				require.Equal(t, before, s.memberships())
			})
		})
		t.Run("cleared", func(t *testing.T) {
			t.Parallel()
			in(t, setup{}, func(t *testing.T, s *site) {
				before := s.memberships()
				s.kill(t, place)
				left := len(s.held()) > 0
				s.again(false)
				results := s.run(t.Context())
				if !left {
					require.Equal(t, doctor.Passed, results["PX-PROBE-02"].Outcome)
					return
				}
				require.Empty(t, s.puts())
				require.Equal(t, "holds-it", results["PX-PROBE-02"].Way)
				require.Contains(t, results["PX-PROBE-02"].Ending.Do, "--clear")
				require.Contains(t, results["PX-PROBE-02"].Found, s.role)

				s.again(true)
				results = s.run(t.Context())
				require.Equal(t, "cleared", results["PX-PROBE-02"].Way)
				require.Equal(t, doctor.Skipped, results["PX-PROBE-03"].Outcome, "it goes no further")
				require.Equal(t, []string{"[]"}, s.puts())
				require.Equal(t, before, s.memberships())
				require.False(t, s.probe.Unrestored)
				require.Contains(t, s.out.String(), "The role was taken away")

				s.again(false)
				require.Equal(t, doctor.Passed, s.run(t.Context())["PX-PROBE-09"].Outcome)
			})
		})
	}
}

// Where PrivX makes grants of every entry, --clear does not take away what a killed run has
// left, because it cannot know that the run left it. It names these grants, and prints the
// command that takes them away.
func TestKilledWherePrivXMakesGrants(t *testing.T) {
	t.Parallel()
	for place := putAsRead; place <= putUnknown; place++ {
		options := privxsim.Options{GrantEveryEntry: true, UnknownRoles: privxsim.UnknownRolesIgnored}
		in(t, setup{options: options}, func(t *testing.T, s *site) {
			before := s.memberships()
			var ghost atomic.Value
			s.beforePut(putUnknown, func(body []byte) { ghost.Store(lastID(body)) })
			s.kill(t, place)
			require.Contains(t, s.out.String(), "made grants of the roles by rules")
			if id, found := ghost.Load().(string); found {
				require.Contains(t, s.out.String(), id)
			}
			left := s.held()
			if place == putAsRead {
				require.Len(t, left, 2)
			}
			s.store.GrantExplicit(s.mapped, s.user, privxsim.Grant{}) // As if it had come to that.
			s.store.GrantExplicit(s.role, s.user, privxsim.Grant{})
			s.again(true)
			result := s.run(t.Context())["PX-PROBE-02"]
			require.Equal(t, "holds-others", result.Way)
			require.Empty(t, s.puts())
			require.Contains(t, result.Found, s.mapped)
			require.Contains(t, result.Found, s.role)
			require.Contains(t, s.out.String(), s.role)
			s.byHand(t)
			require.Equal(t, before, s.memberships())
		})
	}
}

// printed is the list as it was printed before the first write.
func (s *site) printed(t *testing.T) string {
	t.Helper()
	for line := range strings.Lines(s.out.String()) {
		if strings.HasPrefix(line, "[") {
			return strings.TrimSpace(line)
		}
	}
	t.Fatal("no list was printed")
	return ""
}

// A role that cannot be taken away is said loudly, too, whatever goes wrong.
func TestClearThatFails(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]privxsim.Fault{
		"refused":   put(status(http.StatusBadRequest)),
		"forbidden": put(status(http.StatusForbidden)),
		"dropped":   put(privxsim.Fault{Kind: privxsim.FaultDropWrite}),
		"failed":    put(status(http.StatusInternalServerError)),
		"stalls":    put(privxsim.Fault{Kind: privxsim.FaultStall}),
		"unseen":    get(privxsim.Fault{Kind: privxsim.FaultStall, Skip: readsBefore}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in(t, setup{clear: true}, func(t *testing.T, s *site) {
				s.store.GrantExplicit(s.role, s.user, privxsim.Grant{})
				s.sim.Inject(fault)
				began := time.Now()
				results := s.run(t.Context())
				require.Less(t, time.Since(began), 100*time.Second)
				require.Equal(t, "not-cleared", results["PX-PROBE-02"].Way)
				require.True(t, s.probe.Unrestored)
				require.Contains(t, s.out.String(), "ATTENTION: THE ROLE COULD NOT BE TAKEN AWAY FROM THE USER "+s.user)
			})
		})
	}
}

// A role that something else grants while another one is cleared stays.
func TestClearKeepsAnothersGrant(t *testing.T) {
	t.Parallel()
	in(t, setup{clear: true}, func(t *testing.T, s *site) {
		s.store.GrantExplicit(s.role, s.user, privxsim.Grant{})
		s.atRead(readsBefore+1, func() { s.store.GrantExplicit(s.other, s.user, privxsim.Grant{}) })
		results := s.run(t.Context())
		require.Equal(t, []string{s.other}, s.held())
		require.Equal(t, "not-cleared", results["PX-PROBE-02"].Way)
		require.True(t, s.probe.Unrestored)
		require.Contains(t, s.out.String(), "ATTENTION: SOMETHING ELSE HAS CHANGED")
	})
}

// Nothing is written with --clear either if the list has changed since it was looked at, or
// if the run is interrupted before that, also while it is printed how to put the list back.
func TestClearThatDoesNotBegin(t *testing.T) {
	t.Parallel()
	for name, arrange := range map[string]func(s *site, cancel func()){
		"changed": func(s *site, _ func()) {
			s.atRead(readsBefore, func() { s.store.GrantExplicit(s.other, s.user, privxsim.Grant{}) })
		},
		"gone": func(s *site, _ func()) {
			s.atRead(readsBefore, func() { s.store.RemoveExplicit(s.role, s.user) })
		},
		"unreadable": func(s *site, _ func()) {
			s.atRead(readsBefore, func() { s.sim.Inject(get(status(http.StatusBadGateway))) })
		},
		"interrupted while it prints":   func(s *site, cancel func()) { s.probe.Out = cancels{s.out, cancel} },
		"interrupted while it looks":    func(s *site, cancel func()) { s.atRead(3, cancel) },
		"interrupted while it compares": func(s *site, cancel func()) { s.atRead(readsBefore, cancel) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in(t, setup{clear: true}, func(t *testing.T, s *site) {
				ctx, cancel := context.WithCancel(t.Context())
				s.store.GrantExplicit(s.role, s.user, privxsim.Grant{})
				arrange(s, cancel)
				result := s.run(ctx)["PX-PROBE-02"]
				require.Empty(t, s.puts())
				require.False(t, s.probe.Wrote())
				require.False(t, s.probe.Unrestored)
				if ctx.Err() == nil {
					require.Equal(t, "not-cleared", result.Way)
					require.Equal(t, "nothing was written", result.Found)
				}
				cancel()
			})
		})
	}
}

// cancels is a screen on which the operator interrupts what is printed.
type cancels struct {
	*screen

	cancel func()
}

func (c cancels) Write(p []byte) (int, error) {
	c.cancel()
	return c.screen.Write(p)
}
