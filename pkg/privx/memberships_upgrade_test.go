package privx_test

import (
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/conductorone/baton-privx/internal/privxsim"
)

// During an upgrade of PrivX, whatever status refuses the write, the error says why.
func TestReadOnly_Upgrade(t *testing.T) {
	t.Parallel()
	for _, code := range []int{400, 403, 404, 405, 409, 423, 500, 501, 503} {
		t.Run(strconv.Itoa(code), func(t *testing.T) {
			t.Parallel()
			bothInBubble(t, setup{sim: privxsim.Options{ReadOnlyStatus: code}}, func(t *testing.T, m *members, name string) {
				c := m.changes()[name]
				m.sim.SetReadOnly(true)
				before := m.roles()
				got, err := c.change(t.Context(), m.user, c.role)
				e := asError(t, err, codes.FailedPrecondition, code)
				require.Nil(t, got)
				require.Contains(t, e.Error(), "upgrade")
				require.Zero(t, e.RetryAt)
				require.Len(t, m.writes(), 1)
				require.Equal(t, before, m.roles())

				// A change that needs no write succeeds, and after the upgrade all do.
				require.NoError(t, second(m.client.GrantRole(t.Context(), m.user, m.both)))
				require.NoError(t, second(m.client.RevokeRole(t.Context(), m.user, m.other)))
				m.sim.SetReadOnly(false)
				require.NoError(t, second(c.change(t.Context(), m.user, c.role)))
				require.Equal(t, c.after, m.roles()[c.role])
			})
		})
	}
}

// During an upgrade, PrivX answers 200 and drops the writes.
func TestReadOnly_DroppedWrites(t *testing.T) {
	t.Parallel()
	bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
		c := m.changes()[name]
		m.sim.SetReadOnly(true)
		m.faultPut(privxsim.Fault{Kind: privxsim.FaultDropWrite})
		e := asError(t, second(c.change(t.Context(), m.user, c.role)), codes.FailedPrecondition, http.StatusOK)
		require.Contains(t, e.Hint, "upgrade")
	})
}

// During an upgrade, a Retry-After is dropped: the upgrade takes longer, and with
// rate-limit data the SDK would repeat the task.
func TestReadOnly_RetryAfter(t *testing.T) {
	t.Parallel()
	bothInBubble(t, setup{}, func(t *testing.T, m *members, name string) {
		c := m.changes()[name]
		m.sim.SetReadOnly(true)
		m.faultPut(privxsim.Fault{Status: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": {"3"}}})
		err := second(c.change(t.Context(), m.user, c.role))
		e := asError(t, err, codes.FailedPrecondition, http.StatusServiceUnavailable)
		require.Zero(t, e.RetryAt)
		require.Nil(t, rateLimit(err))
		require.Len(t, m.writes(), 1)
	})
}

// If the role store's status cannot be read, the write's own error is returned.
func TestReadOnly_StatusDoesNotAnswer(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]privxsim.Fault{
		"at fault":      {Status: http.StatusInternalServerError},
		"forbidden":     {Status: http.StatusForbidden},
		"a login page":  {Kind: privxsim.FaultHTML},
		"garbage":       {Kind: privxsim.FaultGarbage},
		"null":          {Kind: privxsim.FaultNull},
		"stall":         {Kind: privxsim.FaultStall},
		"another shape": {Status: http.StatusOK, Body: `{"zdu":{"details":{"api":{"restricting":"yes"}}}}`},
		"no upgrade":    {Status: http.StatusOK, Body: `{"zdu":null}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bothInBubble(t, setup{sim: privxsim.Options{ReadOnlyStatus: http.StatusForbidden}}, func(t *testing.T, m *members, name string) {
				c := m.changes()[name]
				m.sim.SetReadOnly(true)
				f := fault
				f.Path = statusPath
				m.sim.Inject(f)
				e := asError(t, second(c.change(t.Context(), m.user, c.role)), codes.PermissionDenied, http.StatusForbidden)
				require.Contains(t, e.Hint, "roles-manage")
			})
		})
	}
}
