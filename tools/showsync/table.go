package main

import (
	"fmt"
	"io"
	"strings"
	"unicode"
)

const (
	// shownRows is how many rows of a table are printed.
	shownRows = 15
	// shownWidth is how much of a text is printed.
	shownWidth = 40
)

// table is rows under a title, aligned as a terminal shows them.
type table struct {
	title string
	head  []string
	rows  [][]string
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

// print writes the first rows of a table.
func (t *table) print(out io.Writer) error {
	shown := t.rows[:min(shownRows, len(t.rows))]
	lines := [][]string{t.head}
	for _, row := range shown {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = printable(cell)
		}
		lines = append(lines, cells)
	}
	widths := make([]int, len(t.head))
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], width(cell))
		}
	}
	var text strings.Builder
	fmt.Fprintf(&text, "\n%s\n", t.title)
	for _, line := range lines {
		text.WriteString(aligned(line, widths) + "\n")
	}
	if rest := len(t.rows) - len(shown); rest > 0 {
		fmt.Fprintf(&text, "... and %d more\n", rest)
	}
	_, err := io.WriteString(out, text.String())
	return err
}

// aligned is a line whose cells are as wide as those above and below them.
func aligned(cells []string, widths []int) string {
	padded := make([]string, len(cells))
	for i, cell := range cells {
		padded[i] = cell + strings.Repeat(" ", widths[i]-width(cell))
	}
	return strings.TrimRight(strings.Join(padded, " | "), " ")
}

// clean is a text without what a terminal would act on.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, text)
}

// printable is a clean text, cut if it is long.
func printable(text string) string {
	text = clean(text)
	if runes := []rune(text); len(runes) > shownWidth {
		return string(runes[:shownWidth-1]) + "…"
	}
	return text
}

// width is how many columns a text takes: none for what is put onto the letter before
// it, two for the letters of East Asia.
func width(text string) int {
	columns := 0
	for _, r := range text {
		switch {
		case unicode.Is(unicode.Mn, r):
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul):
			columns += 2
		default:
			columns++
		}
	}
	return columns
}
