// Package documents_test holds the documents of the repository together.
package documents_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// root is where the repository begins.
const root = "../.."

// pages are the documents by their paths below root.
func pages(t *testing.T) map[string]string {
	t.Helper()
	texts := make(map[string]string)
	require.NoError(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := entry.Name(); entry.IsDir() && (name == ".git" || name == "dist" || name == ".bin" || name == "testdata") {
			return filepath.SkipDir
		}
		if ext := filepath.Ext(path); entry.IsDir() || ext != ".md" && ext != ".mdx" {
			return nil
		}
		text, err := os.ReadFile(path)
		texts[path] = string(text)
		return err
	}))
	return texts
}

var (
	heading      = regexp.MustCompile(`^\s*#{1,6} +(.*)$`)
	notInAnchors = regexp.MustCompile(`[^\p{L}\p{N}_ -]`)
	link         = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	scheme       = regexp.MustCompile(`^([a-z]+:|/)`)
)

// prose is a page without its blocks of code.
func prose(page string) []string {
	var lines []string
	code := false
	for line := range strings.Lines(page) {
		switch {
		case strings.HasPrefix(strings.TrimSpace(line), "```"):
			code = !code
		case !code:
			lines = append(lines, strings.TrimRight(line, "\n"))
		}
	}
	return lines
}

// anchors are those of a page's headings, as GitHub makes them.
func anchors(page string) map[string]bool {
	all := make(map[string]bool)
	for _, line := range prose(page) {
		m := heading.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		anchor := strings.ReplaceAll(notInAnchors.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-")
		for n, name := 1, anchor; ; n++ {
			if !all[name] {
				all[name] = true
				break
			}
			name = anchor + "-" + strconv.Itoa(n)
		}
	}
	return all
}

// Each link within the repository leads to a file that there is, and to a heading of it.
func TestLinks(t *testing.T) {
	t.Parallel()
	all := pages(t)
	seen := 0
	for path, text := range all {
		for _, m := range link.FindAllStringSubmatch(strings.Join(prose(text), "\n"), -1) {
			if scheme.MatchString(m[1]) {
				continue // Not of this repository, or of ConductorOne's site.
			}
			seen++
			file, anchor, _ := strings.Cut(m[1], "#")
			target := path
			if file != "" {
				target = filepath.Join(filepath.Dir(path), file)
			}
			_, err := os.Stat(target)
			require.NoError(t, err, "%s: %s", path, m[1])
			if anchor != "" {
				require.True(t, anchors(all[target])[anchor], "%s: %s has no such heading", path, m[1])
			}
		}
	}
	require.Greater(t, seen, 100)
}

// The first page is short enough to be read.
func TestReadmeIsShort(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	require.NoError(t, err)
	require.LessOrEqual(t, strings.Count(string(text), "\n"), 250)
}
