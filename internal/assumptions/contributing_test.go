package assumptions_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

// forms is where GitHub looks for the forms of issues.
const forms = root + "/.github/ISSUE_TEMPLATE"

// form is the form of an issue, with what GitHub knows of one.
type form struct {
	Name        string        `yaml:"name"`
	Description string        `yaml:"description"`
	Title       string        `yaml:"title"`
	Labels      []string      `yaml:"labels"`
	Body        []formElement `yaml:"body"`
}

type formElement struct {
	Type       string `yaml:"type"`
	ID         string `yaml:"id"`
	Attributes struct {
		Label       string `yaml:"label"`
		Description string `yaml:"description"`
		Placeholder string `yaml:"placeholder"`
		Render      string `yaml:"render"`
		Value       string `yaml:"value"`
		Options     []any  `yaml:"options"`
	} `yaml:"attributes"`
	Validations struct {
		Required bool `yaml:"required"`
	} `yaml:"validations"`
}

// chooser is what GitHub shows beside the forms.
type chooser struct {
	Blank bool `yaml:"blank_issues_enabled"`
	Links []struct {
		Name  string `yaml:"name"`
		URL   string `yaml:"url"`
		About string `yaml:"about"`
	} `yaml:"contact_links"`
}

// The documents for who changes something name targets that make has.
func TestMakeTargets(t *testing.T) {
	t.Parallel()
	targets := make(map[string]bool)
	for _, line := range regexp.MustCompile(`(?m)^([a-z-]+):`).FindAllStringSubmatch(read(t, root, "Makefile"), -1) {
		targets[line[1]] = true
	}
	for _, name := range []string{"CONTRIBUTING.md", "ARCHITECTURE.md", "README.md", ".github/PULL_REQUEST_TEMPLATE.md"} {
		// In code: at the beginning of a line or behind a backquote.
		commands := regexp.MustCompile("(?m)(?:^|`)make((?: [a-z-]+)+)").FindAllStringSubmatch(read(t, root, name), -1)
		require.NotEmpty(t, commands, name)
		for _, command := range commands {
			for _, target := range regexp.MustCompile(`[a-z-]+`).FindAllString(command[1], -1) {
				require.True(t, targets[target], "%s: make has no target %s", name, target)
			}
		}
	}
}

// GitHub does not show a form that lacks what it demands, and tells nobody.
func TestIssueForms(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob(filepath.Join(forms, "*.yml"))
	require.NoError(t, err)
	require.Greater(t, len(paths), 2)
	for _, path := range paths {
		if name := filepath.Base(path); name != "config.yml" {
			var f form
			decode(t, name, &f)
			requireForm(t, f)
		}
	}
}

func requireForm(t *testing.T, f form) {
	t.Helper()
	require.Greater(t, len(f.Name), 3)
	require.NotEmpty(t, f.Description, f.Name)
	ids, labels := make(map[string]bool), make(map[string]bool)
	for _, e := range f.Body {
		if e.Type == "markdown" {
			require.NotEmpty(t, e.Attributes.Value, f.Name)
			continue
		}
		require.Contains(t, []string{"input", "textarea", "dropdown", "checkboxes"}, e.Type, f.Name)
		require.Regexp(t, `^[A-Za-z0-9_-]+$`, e.ID, f.Name)
		require.NotEmpty(t, e.Attributes.Label, e.ID)
		require.False(t, ids[e.ID] || labels[e.Attributes.Label], "%s: %s twice", f.Name, e.ID)
		ids[e.ID], labels[e.Attributes.Label] = true, true
		require.Equal(t, e.Type == "dropdown" || e.Type == "checkboxes", len(e.Attributes.Options) > 0, e.ID)
	}
	require.True(t, ids["report"], "%s does not ask for the doctor's report", f.Name)
	require.True(t, ids["secrets"], "%s does not ask to leave out secrets", f.Name)
}

// Who looks for a form is led to the way for vulnerabilities that SECURITY.md has.
func TestIssueChooser(t *testing.T) {
	t.Parallel()
	var c chooser
	decode(t, "config.yml", &c)
	require.NotEmpty(t, c.Links)
	for _, link := range c.Links {
		require.NotEmpty(t, link.Name)
		require.NotEmpty(t, link.About)
		require.True(t, strings.Contains(read(t, root, "SECURITY.md"), "("+link.URL+")"), "SECURITY.md does not have %s", link.URL)
	}
}

// decode reads a file of GitHub's, with no key that GitHub does not know.
func decode(t *testing.T, name string, into any) {
	t.Helper()
	decoder := yaml.NewDecoder(bytes.NewBufferString(read(t, forms, name)))
	decoder.KnownFields(true)
	require.NoError(t, decoder.Decode(into), name)
}

func read(t *testing.T, folder, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, filepath.FromSlash(name)))
	require.NoError(t, err)
	return string(text)
}
