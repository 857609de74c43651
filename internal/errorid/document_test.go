package errorid_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/errorid"
)

var update = flag.Bool("update", false, "write the entries of "+document)

const (
	root     = "../.."
	document = root + "/docs/troubleshooting.md"
	end      = "<!-- end -->\n"
)

func begin(group string) string {
	return "<!-- errors of \"" + group + "\": generated, see make generate -->\n"
}

// The page has an entry for each id of the register, and none for any other.
func TestDocument(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(document)
	require.NoError(t, err)
	page := string(text)
	for _, group := range errorid.Groups() {
		before, rest, found := strings.Cut(page, begin(group.Name))
		require.True(t, found, "there is no place for the errors of %q", group.Name)
		_, after, found := strings.Cut(rest, end)
		require.True(t, found)
		page = before + begin(group.Name) + entries(group) + end + after
	}
	require.Equal(t, len(errorid.All()), strings.Count(page, "\n### PXE-"), "an entry stands outside of what is generated")
	if *update {
		require.NoError(t, os.WriteFile(document, []byte(page), 0o644))
		return
	}
	require.Equal(t, page, string(text), "run make generate, and commit the result")
}

// entries are those of a group. The heading of each is its id alone, so that
// troubleshooting.md#pxe-012 leads to it.
func entries(group errorid.Group) string {
	var b strings.Builder
	for _, entry := range group.Entries {
		fmt.Fprintf(&b, "\n### %s\n\n%s\n\n", entry.ID, entry.Title)
		b.WriteString("| Part of the text | Cause | What to do |\n|---|---|---|\n")
		for _, c := range entry.Cases {
			fmt.Fprintf(&b, "| %s | %s | %s |\n", c.Text, c.Cause, c.Do)
		}
	}
	return b.String() + "\n"
}
