package manifesttest_test

import (
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// publicECR is where ConductorOne's organisation publishes too. One page says so,
// once.
const (
	publicECR = "public.ecr.aws/conductorone/baton-privx"
)

var (
	// imageName is an image's name, with or without a registry's host in front.
	imageName    = regexp.MustCompile(`(?:[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::[0-9]+)?/(?:[a-z0-9._-]+/)*|(?:^|[^a-z0-9._/-])conductorone/)baton-privx`)
	batonSetting = regexp.MustCompile(`\bBATON_[A-Z0-9_]*[A-Z0-9]\b`)
)

// texts reads all files that an operator reads or runs.
func texts(t *testing.T) files {
	t.Helper()
	f := files{}
	for _, top := range []string{"deploy", "docs", "scripts", readme, "Makefile"} {
		err := filepath.WalkDir(filepath.Join(root, top), func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.HasSuffix(name, "_test.go") || strings.HasPrefix(d.Name(), "go.") {
				return err // tests have wrong names for a reason
			}
			content, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			relative, err := filepath.Rel(root, name)
			f[filepath.ToSlash(relative)] = string(content)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return f
}

// names checks that every file names the image as the Makefile's IMAGE does, and
// that what is installed sets only variables that the binary reads.
func (c *complaints) names(f files, p program) {
	c.unlessf(strings.Contains(f["Makefile"], "\nIMAGE   ?= "+connectorImage+":latest\n"), "Makefile: IMAGE is not %s", connectorImage)
	elsewhere := 0
	for name, content := range f {
		for _, found := range imageName.FindAllString(content, -1) {
			found = strings.TrimLeft(found, " \t\n\"'`=([{:>")
			switch {
			case found == publicECR && name == runningPage:
				elsewhere++
			case strings.HasPrefix(found, "github.com/"): // the repository
			default:
				c.unlessf(found == connectorImage, "%s: names the image %s", name, found)
			}
		}
		if !strings.HasPrefix(name, allManifests) && name != runningPage || path.Ext(name) == ".go" {
			continue
		}
		for _, variable := range batonSetting.FindAllString(content, -1) {
			c.unlessf(p.variables[variable], "%s: %s is no variable of the binary", name, variable)
		}
	}
	c.unlessf(elsewhere == 1, "%s: names the public ECR %d times", runningPage, elsewhere)
}

func TestNames(t *testing.T) {
	t.Parallel()
	p, err := connector()
	if err != nil {
		t.Fatal(err)
	}
	f := texts(t)
	var c complaints
	c.names(f, p)
	for _, complaint := range c {
		t.Error(complaint)
	}
	const chart, unit, compose = "deploy/helm/baton-privx/values.yaml", "deploy/systemd/baton-privx.service", "deploy/compose/compose.yaml"
	for complaint, fault := range map[string]struct{ file, old, new string }{
		"Makefile: IMAGE is not":                       {"Makefile", "?= " + connectorImage, "?= docker.io/conductorone/baton-privx"},
		chart + ": names the image":                    {chart, connectorImage, publicECR},
		compose + ": names the image conductorone":     {compose, connectorImage, "conductorone/baton-privx"},
		readme + ": names the image":                   {readme, connectorImage, "registry.example.com:5000/baton-privx"},
		"docs/connector.mdx: names the image":          {connectorPage, connectorImage, publicECR},
		runningPage + ": names the public ECR 0 times": {runningPage, publicECR, connectorImage},
		unit + ": BATON_TEMPDIR is no variable":        {unit, "BATON_TMPDIR", "BATON_TEMPDIR"},
		"BATON_WORKER is no variable":                  {"deploy/helm/baton-privx/templates/_helpers.tpl", "BATON_WORKERS", "BATON_WORKER"},
	} {
		changed := maps.Clone(f)
		changed[fault.file] = strings.Replace(f[fault.file], fault.old, fault.new, 1)
		var c complaints
		c.names(changed, p)
		if !slices.ContainsFunc(c, func(err error) bool { return strings.Contains(err.Error(), complaint) }) {
			t.Errorf("not noticed: %s; complaints: %v", complaint, c)
		}
	}
}
