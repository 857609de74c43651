package documents_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	declaredEndpoint   = regexp.MustCompile(`\bEndpoint\{\s*Method: http\.Method(\w+), Path: "([^"]+)"(?:, Permission: "([^"]+)")?(?:,\s*IfMissing: (?:"[^"]*"|\w+))?,?\s*\}`)
	anyEndpoint        = regexp.MustCompile(`\bEndpoint\{\s*\w`)
	documentedEndpoint = regexp.MustCompile("(?m)^\\| `([A-Z]+ /[^`]+)` \\|[^|]*\\|([^|]*)\\|$")
	permission         = regexp.MustCompile(`[a-z]+(?:-[a-z]+)*-(?:view|manage)`)
)

// An operator of PrivX is told all that the connector calls there, with the permission for
// it, and nothing that it does not call.
func TestOperatorsAreToldAllThatIsCalled(t *testing.T) {
	t.Parallel()
	declared := make(map[string][]string)
	require.NoError(t, filepath.WalkDir(filepath.Join(root, "pkg", "privx"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		found := declaredEndpoint.FindAllStringSubmatch(string(source), -1)
		require.Len(t, found, len(anyEndpoint.FindAllString(string(source), -1)), "%s: an endpoint in another form", path)
		for _, m := range found {
			call := strings.ToUpper(m[1]) + " " + strings.ReplaceAll(m[2], "{}", "{id}")
			declared[call] = permission.FindAllString(m[3], -1)
		}
		return err
	}))
	page, err := os.ReadFile(filepath.Join(root, "docs", "privx-operators.md"))
	require.NoError(t, err)
	told := make(map[string][]string)
	for _, m := range documentedEndpoint.FindAllStringSubmatch(string(page), -1) {
		told[m[1]] = permission.FindAllString(m[2], -1)
	}
	require.Equal(t, declared, told)
	require.NotEmpty(t, declared)
}
