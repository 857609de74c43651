package documents_test

import (
	"regexp"
	"strings"
)

// fenced is a block of code of a page, without the indentation of its fence.
type fenced struct{ language, text string }

var span = regexp.MustCompile("`([^`\n]+)`")

// blocks are a page's blocks of code.
func blocks(page string) []fenced {
	var all []fenced
	indent, open := "", false
	for line := range strings.Lines(page) {
		text := strings.TrimLeft(line, " ")
		info, fence := strings.CutPrefix(text, "```")
		switch {
		case fence && open:
			open = false
		case fence:
			open, indent = true, line[:len(line)-len(text)]
			language, _, _ := strings.Cut(strings.TrimSpace(info), " ")
			all = append(all, fenced{language: language})
		case open:
			all[len(all)-1].text += strings.TrimPrefix(line, indent)
		}
	}
	return all
}

// code is all that a page shows as code: its spans, and the lines of its blocks.
func code(page string) []string {
	var all []string
	for _, m := range span.FindAllStringSubmatch(strings.Join(prose(page), "\n"), -1) {
		all = append(all, m[1])
	}
	for _, block := range blocks(page) {
		all = append(all, strings.Split(block.text, "\n")...)
	}
	return all
}

// isRecord tells that a page says what there was at some time, or on some machine.
func isRecord(path string) bool {
	return strings.HasSuffix(path, "CHANGELOG.md") || strings.HasSuffix(path, "BENCHMARKS.md")
}
