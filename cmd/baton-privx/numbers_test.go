package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/conductorone/baton-privx/internal/errorid"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
)

// writeYAML writes a configuration file and gives its path.
func writeYAML(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "privx.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text+"\n"), 0o600))
	return path
}

// What is no plain number is one line that names the field, whichever way it was
// given, and so is one that is out of range. Nothing is sent.
func TestBadNumbers(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("make test runs the binary with each bad number")
	}
	s := smallSite(t)
	const notPlain = "must be a whole number in at most 9 digits"
	for field, outOfRange := range map[string]struct{ value, says string }{
		"grant-max-hours": {"87841", "must be between 0 (without an end) and 87840 hours"},
		"page-size":       {"1001", "must be between 10 and 1000 rows"},
	} {
		for name, c := range map[string]struct{ value, says string }{
			"octal": {"010", notPlain}, "octal with a letter": {"0o10", notPlain}, "hexadecimal": {"0x10", notPlain}, "binary": {"0b11", notPlain},
			"underscores": {"1_0", notPlain}, "negative": {"-1", notPlain}, "with a plus": {"+48", notPlain}, "a fraction": {"48.5", notPlain},
			"a whole fraction": {"48.0", notPlain}, "with an exponent": {"1e2", notPlain}, "true": {"true", notPlain}, "no number": {"a week", notPlain},
			"a duration": {"36h", notPlain}, "beyond an int": {"99999999999999999999", notPlain}, "out of range": outOfRange,
		} {
			for how, give := range map[string]func(vars map[string]string, value string) []string{
				"flag": func(_ map[string]string, value string) []string { return []string{"--" + field + "=" + value} },
				"variable": func(vars map[string]string, value string) []string {
					vars["BATON_"+strings.ToUpper(strings.ReplaceAll(field, "-", "_"))] = value
					return nil
				},
				"YAML": func(vars map[string]string, value string) []string {
					vars["BATON_CONFIG_PATH"] = writeYAML(t, field+": "+value)
					return nil
				},
				"YAML, quoted": func(vars map[string]string, value string) []string {
					vars["BATON_CONFIG_PATH"] = writeYAML(t, field+": '"+value+"'")
					return nil
				},
			} {
				t.Run(field+", "+name+", "+how, func(t *testing.T) {
					t.Parallel()
					vars := env(s.settings())
					got := run(t, vars, give(vars, c.value)...)
					require.Equal(t, int(codes.InvalidArgument), got.code, got.all())
					require.Contains(t, got.lastLine(), "baton-privx: "+field+": "+c.says)
					require.Equal(t, errorid.Number, got.ownError(t))
					require.Equal(t, 1, strings.Count(got.all(), field+": must be"), "%s", got.all())
					require.NoFileExists(t, got.file())
					require.Empty(t, s.sim.Requests())
				})
			}
		}
	}
}

// The same in service mode, where no other process stands in front.
func TestBadNumberOfAService(t *testing.T) {
	t.Parallel()
	s := smallSite(t)
	vars := env(s.settings())
	vars["BATON_GRANT_MAX_HOURS"] = "010"
	got := run(t, vars, "--client-id", "someone", "--client-secret", "something")
	require.Equal(t, int(codes.InvalidArgument), got.code, got.all())
	require.Contains(t, got.lastLine(), "baton-privx: grant-max-hours: must be a whole number")
}

// A bad number keeps nobody from what needs no configuration.
func TestBadNumberWhereNoneIsNeeded(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"--version"}, {"--help"}, {"capabilities"}, {"config"}} {
		got := run(t, map[string]string{"BATON_GRANT_MAX_HOURS": "010"}, args...)
		require.Zero(t, got.code, got.all())
	}
}
