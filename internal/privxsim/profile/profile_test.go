package profile_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/privxsim/profile"
)

func TestRead(t *testing.T) {
	t.Parallel()
	p, err := profile.Read(strings.NewReader(`{"format":1,"versions":{"privx":"43.0"},"checks":[{"id":"PX-NET-01"}],
		"sizes":{"users":1000,"roles":100,"memberships":10000},
		"answers":{"PXQ-001":{"side":"b","figures":{"limit":500}},"PXQ-002":{"side":"a"},"PXQ-003":{"side":"otherwise"},
			"PXQ-004":{"side":""},"PXQ-006":{"side":"b"},"PXQ-046":{"side":"c"}}}`))
	require.NoError(t, err)
	require.Equal(t, "b", p.Answers["PXQ-001"].Side)
	require.Equal(t, profile.Sizes{Users: 1000, Roles: 100}, p.Sizes)
	require.Equal(t, []string{"PXQ-003", "PXQ-004"}, p.Unknown())
	require.Equal(t, []string{
		"PXQ-006 b: nothing comes or goes in a simulated PrivX by itself",
		"PXQ-046 c: no failed logins are counted",
	}, p.Untaken())
}

// What is no report, or names what the register does not have, is refused by name.
func TestReadRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"nothing":          {"", "in JSON"},
		"null":             {"null", "format 0"},
		"a list":           {"[]", "in JSON"},
		"another format":   {`{"format":2}`, "is of format 2, and this version knows format 1"},
		"unknown question": {`{"format":1,"answers":{"PXQ-999":{"side":"a"}}}`, `no question "PXQ-999"`},
		"unknown side":     {`{"format":1,"answers":{"PXQ-001":{"side":"d"}}}`, `PXQ-001 has no side "d"`},
		"no letter":        {`{"format":1,"answers":{"PXQ-001":{"side":"A"}}}`, `PXQ-001 has no side "A"`},
		"several letters":  {`{"format":1,"answers":{"PXQ-001":{"side":"ab"}}}`, `PXQ-001 has no side "ab"`},
		"two mistakes":     {`{"format":1,"answers":{"PXQ-001":{"side":"z"},"X":{"side":"a"}}}`, `no question "X"`},
		"a side that is a number": {
			`{"format":1,"answers":{"PXQ-001":{"side":1}}}`, "in JSON",
		},
		"too long": {fmt.Sprintf(`{"format":1,"more":%q}`, strings.Repeat("a", profile.MaxBytes)), "at most 1048576 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := profile.Read(strings.NewReader(c.text))
			require.ErrorContains(t, err, c.want)
		})
	}
}
