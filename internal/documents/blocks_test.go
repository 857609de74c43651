package documents_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

const (
	chartValues = "deploy/helm/baton-privx/values.yaml"
	unitFile    = "deploy/systemd/baton-privx.service"
)

// shows are the languages of files: a block in one of them shows a file, a part of one,
// or what an operator writes to one of his own.
var shows = []string{"yaml", "yml", "ini", "json", "toml", "dockerfile", "env", "makefile"}

// sources are the files that a block may show, by their paths.
func sources(t *testing.T) map[string]string {
	t.Helper()
	texts := make(map[string]string)
	require.NoError(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch name := entry.Name(); {
		case entry.IsDir() && slices.Contains([]string{".git", ".bin", "dist", "testdata"}, name):
			return filepath.SkipDir
		case entry.IsDir():
			return nil
		case name != "Dockerfile" && name != "Makefile" && !slices.Contains([]string{".yaml", ".yml", ".json", ".toml", ".service", ".example"}, filepath.Ext(name)):
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		path, err = filepath.Rel(root, path)
		texts[filepath.ToSlash(path)] = string(text)
		return err
	}))
	return texts
}

// unshown are the first lines of a page's blocks that look like a file and are none: of
// none the whole text or some lines of it, and nothing that an operator writes himself.
func unshown(page string, files map[string]string, settings taken) []string {
	var all []string
	for _, block := range blocks(page) {
		if slices.Contains(shows, block.language) && !isPart(block.text, files) && !isOwn(block, files, settings) {
			first, _, _ := strings.Cut(block.text, "\n")
			all = append(all, first)
		}
	}
	return all
}

// isPart tells whether some file has the text, in whole lines.
func isPart(text string, files map[string]string) bool {
	for _, content := range files {
		if strings.Contains("\n"+content, "\n"+text) {
			return true
		}
	}
	return false
}

// isOwn tells whether an operator may write the block to a file of his own: settings of
// the connector, values of the chart, or more of the unit.
func isOwn(block fenced, files map[string]string, settings taken) bool {
	if block.language == "ini" {
		return isOfUnit(block.text, files[unitFile])
	}
	var own, values map[string]any
	if block.language != "yaml" || yaml.Unmarshal([]byte(block.text), &own) != nil || yaml.Unmarshal([]byte(files[chartValues]), &values) != nil {
		return false
	}
	return isWithin(own, values) || isSettings(own, settings)
}

// isWithin tells whether a mapping has no key that the other one does not have.
func isWithin(own, whole map[string]any) bool {
	for key, value := range own {
		known, ok := whole[key]
		if !ok {
			return false
		}
		below, mapping := value.(map[string]any)
		wholeBelow, _ := known.(map[string]any)
		if mapping && len(wholeBelow) > 0 && !isWithin(below, wholeBelow) {
			return false
		}
	}
	return len(own) > 0
}

// isSettings tells whether all keys are flags.
func isSettings(own map[string]any, settings taken) bool {
	for key := range own {
		if !settings["--"+key] {
			return false
		}
	}
	return len(own) > 0
}

// isOfUnit tells whether the unit sets all that a text sets, to whatever.
func isOfUnit(text, unit string) bool {
	for line := range strings.Lines(text) {
		setting := line
		if i := strings.LastIndex(line, "="); i >= 0 {
			setting = line[:i+1]
		}
		if !strings.Contains("\n"+unit, "\n"+setting) {
			return false
		}
	}
	return true
}

// holdBlocks holds each block of code that shows a file to the file, and what an operator
// is to write himself to the names that are read.
func holdBlocks(t *testing.T, settings taken) {
	t.Helper()
	files := sources(t)
	for path, page := range pages(t) {
		require.Empty(t, unshown(page, files, settings), path)
	}
	block := func(language, text string) string {
		return "Write:\n\n```" + language + " expandable\n" + text + "```\n"
	}
	deployment := files["deploy/kubernetes/deployment.yaml"]
	for name, right := range map[string]fenced{
		"a file":        {"yaml", deployment},
		"a part of one": {"yaml", "  replicas: 1\n"},
		"settings":      {"yaml", "workers: 3\n"},
		"in a list":     {"sh", "```\n\n1. Then:\n\n   ```yaml\n   ca:\n     pem: x\n   "},
		"values":        {"yaml", "ca:\n  pem: x\n"},
		"a unit's":      {"ini", "[Service]\nMemoryMax=7G\n"},
		"no file":       {"sh", "workers: 3\n"},
	} {
		require.Empty(t, unshown(block(right.language, right.text), files, settings), name)
	}
	for name, wrong := range map[string]fenced{
		"a file":        {"yaml", strings.Replace(deployment, "replicas: 1", "replicas: 2", 1)},
		"a part of one": {"yaml", "  replicas: 2\n"},
		"settings":      {"yaml", "worker: 3\n"},
		"in a list":     {"sh", "```\n\n1. Then:\n\n   ```yaml\n   ca:\n     pems: x\n   "},
		"values":        {"yaml", "ca:\n  pems: x\n"},
		"a unit's":      {"ini", "[Service]\nMemoryMost=7G\n"},
		"half a line":   {"dockerfile", "FRO\n"},
	} {
		require.Len(t, unshown(block(wrong.language, wrong.text), files, settings), 1, name)
	}
}

// holdHelp holds what a page shows of the connector's help to what the connector says.
func holdHelp(t *testing.T, said string) {
	t.Helper()
	seen := 0
	for path, page := range pages(t) {
		for _, block := range blocks(page) {
			if strings.Contains(block.text, "\nUsage:\n  baton-privx [flags]") {
				seen++
				require.Equal(t, said, block.text, path)
			}
		}
	}
	require.Positive(t, seen)
}
