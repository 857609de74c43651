package manifesttest_test

import (
	"regexp"
	"slices"
	"strings"
)

// A block of code in a page.
type block struct{ language, text string }

func blocks(page string) []block {
	var found []block
	fence := regexp.MustCompile("(?ms)^```([a-z]+)[^\n]*\n(.*?)^```$")
	for _, m := range fence.FindAllStringSubmatch(page, -1) {
		found = append(found, block{m[1], m[2]})
	}
	return found
}

// commands returns the blocks of commands for a cluster.
func commands(page string) []string {
	var found []string
	for _, b := range blocks(page) {
		if (b.language == "bash" || b.language == "sh") && strings.Contains(b.text, "kubectl") {
			found = append(found, b.text)
		}
	}
	return found
}

// documentation checks that the pages show the files as they are, and that what
// the connector page tells to do is what the page on running it tells to do, in the same order.
func (c *complaints) documentation(f files) {
	shown := map[string][]string{}
	for _, page := range []string{connectorPage, runningPage} {
		for _, b := range blocks(f[page]) {
			if b.language != "yaml" || !strings.Contains(b.text, "\nkind:") && page == runningPage {
				continue // a configuration file of the connector
			}
			file := ""
			for name, content := range f {
				if strings.HasPrefix(name, allManifests) && content == b.text {
					file = name
				}
			}
			first, _, _ := strings.Cut(b.text, "\n")
			c.unlessf(file != "", "%s: the block that begins with %q differs from every file in %s", page, first, allManifests)
			shown[page] = append(shown[page], file)
		}
	}
	for _, want := range []struct{ page, file string }{{connectorPage, secretFile}, {connectorPage, deploymentFile}, {runningPage, exampleFile}} {
		c.unlessf(slices.Contains(shown[want.page], want.file), "%s: does not show %s", want.page, want.file)
	}
	told := commands(f[connectorPage])
	c.unlessf(len(told) > 0, "%s: has no commands for a cluster", connectorPage)
	rest := commands(f[runningPage])
	for _, text := range told {
		i := slices.Index(rest, text)
		if i < 0 {
			c.addf("%s: not in %s, or in another order: %s", connectorPage, runningPage, text)
			continue
		}
		rest = rest[i+1:]
	}
}
