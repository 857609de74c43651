package documents_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// inCode is code in a line, and ids of the doctor's checks, which may hold any name.
var inCode = regexp.MustCompile("`[^`]*`|PX-C1-[0-9]+|px-c1-[0-9]+")

// The product has one name on each page: C1 on the page that is published on its own site,
// as on all pages there, and ConductorOne on the others.
func TestOneNameForConductorOne(t *testing.T) {
	t.Parallel()
	other := map[bool]*regexp.Regexp{true: regexp.MustCompile(`\bConductorOne\b`), false: regexp.MustCompile(`\bC1\b`)}
	read := 0
	for path, text := range pages(t) {
		if filepath.Dir(path) != filepath.Join(root, "docs") && path != filepath.Join(root, "README.md") {
			continue
		}
		read++
		wrong := other[filepath.Base(path) == "connector.mdx"]
		for _, line := range strings.Split(text, "\n") {
			require.NotRegexp(t, wrong, inCode.ReplaceAllString(line, ""), path)
		}
	}
	require.Greater(t, read, 10)
}
