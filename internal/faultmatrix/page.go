package faultmatrix

import (
	"fmt"
	"slices"
	"strings"
)

// Page is what an operator reads of the table, from the root of the repository.
const Page = "docs/faults.md"

// trouble is what an operator takes for one kind of fault.
type trouble struct {
	words  string
	faults []string
}

// chapter is a table of the page: operations that an operator takes for one.
type chapter struct {
	name       string
	operations []string
	moments    []moment
	// asides are the calls of which much the same comes whatever happens.
	asides []moment
}

// moment is some of the calls, as an operator knows them: when a fault happens.
type moment struct {
	words string
	// made tells that the change is made by then, so that each error says so.
	made bool
	// calls are an operation's and a call's names, with a stroke in between.
	calls []string
}

// told is what comes of a trouble at some moments.
type told struct {
	outcome string
	// perhaps tells that another outcome may come at these moments.
	perhaps bool
	moments []string
}

// WritePage puts what the table says into the operator's page.
func WritePage(path string, table Table) error {
	return replace(path, func(document string) (string, error) {
		for _, c := range chapters() {
			var err error
			if document, err = fill(document, c.name, c.render(table)); err != nil {
				return "", fmt.Errorf("%s: %w", path, err)
			}
		}
		return document, nil
	})
}

// render makes the chapter's table of Markdown, and says beneath it what comes of the
// calls that are not in it. A trouble that cannot happen to it has no row.
func (c chapter) render(table Table) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| %s | If it happens once | If it goes on |\n|---|---|---|\n", corner)
	for _, t := range troubles() {
		once, forever := c.sum(table, t, Once), c.sum(table, t, Forever)
		if once == "" {
			continue
		}
		if once == forever {
			forever = "The same."
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", t.words, once, forever)
	}
	b.WriteString("\n")
	for _, m := range c.asides {
		fmt.Fprintf(&b, "Whatever happens %s, %s.\n", m.words, m.comesOf(table))
	}
	return b.String()
}

// sum says in sentences what comes of a trouble: first what does at most moments, then
// what else does, and when.
func (c chapter) sum(table Table, t trouble, half func(string) string) string {
	moments := make(map[string]int)
	var all []told
	for _, m := range c.moments {
		outcomes := m.outcomes(table, t, half)
		for _, outcome := range outcomes {
			moments[outcome]++
			all = note(all, told{outcome, len(outcomes) > 1, []string{m.words}})
		}
	}
	usual := ""
	for _, o := range all {
		if moments[o.outcome] > moments[usual] {
			usual = o.outcome
		}
	}
	if usual == "" {
		return ""
	}
	text := capital(sentence(usual, false)) + "."
	for _, o := range all {
		if o.outcome != usual {
			text += " " + capital(when(o.moments)) + ", " + sentence(o.outcome, o.perhaps) + "."
		}
	}
	return text
}

// note adds a moment to those at which the same is told.
func note(all []told, one told) []told {
	for i, o := range all {
		if o.outcome == one.outcome && o.perhaps == one.perhaps {
			all[i].moments = append(all[i].moments, one.moments...)
			return all
		}
	}
	return append(all, one)
}

// comesOf says all that comes of any trouble at a moment.
func (m moment) comesOf(table Table) string {
	var all []string
	for _, t := range troubles() {
		for _, half := range []func(string) string{Once, Forever} {
			for _, outcome := range m.outcomes(table, t, half) {
				if words := sentence(outcome, false); !slices.Contains(all, words) {
					all = append(all, words)
				}
			}
		}
	}
	return list(all, "it fails with ")
}

// outcomes are those of a trouble's faults at the moment's calls, each once.
func (m moment) outcomes(table Table, t trouble, half func(string) string) []string {
	var all []string
	for _, name := range m.calls {
		operation, call, _ := strings.Cut(name, "/")
		for _, fault := range t.faults {
			outcome := half(table[operation][fault][call])
			if outcome == table.usual(operation, call) {
				outcome, _, _ = strings.Cut(outcome, ", ")
			}
			if m.made {
				outcome = strings.TrimSuffix(outcome, ", though made")
			}
			if outcome != "" && !slices.Contains(all, outcome) {
				all = append(all, outcome)
			}
		}
	}
	return all
}

// usual is what comes of an operation to which nothing happens at the call.
func (t Table) usual(operation, call string) string {
	return Once(t[operation]["an answer without a date"][call])
}

// sentence says an outcome, or that it may come.
func sentence(outcome string, perhaps bool) string {
	is, fails := "is", "fails"
	if perhaps {
		is, fails = "may be", "may fail"
	}
	what, but, _ := strings.Cut(outcome, ", ")
	switch what {
	case "complete":
		what = "it " + is + " complete"
	case "without its members":
		what = "it " + is + " complete, but without the members of the role"
	case "without the targets":
		what = "it " + is + " complete, but without the targets that the list is of"
	case "without names of access groups":
		what = "it " + is + " complete, but without the names of access groups"
	case "left out":
		what = "what was asked for " + is + " left out"
	case "verified":
		what = "it " + is + " made and verified"
	default:
		what = "it " + fails + " with " + what
	}
	switch but {
	case "":
		return what
	case "though made":
		return what + ", though the change has been made"
	default:
		return what + ", " + but
	}
}

// when joins moments.
func when(moments []string) string { return list(moments, "while it ") }

// list joins what is one or another. What they begin with is not said again.
func list(words []string, beginning string) string {
	var b strings.Builder
	begun := false
	for i, word := range words {
		switch {
		case i == 0:
		case i == len(words)-1:
			b.WriteString(" or ")
		default:
			b.WriteString(", ")
		}
		rest, begins := strings.CutPrefix(word, beginning)
		if begins && begun {
			word = rest
		}
		begun = begins
		b.WriteString(word)
	}
	return b.String()
}

func capital(text string) string { return strings.ToUpper(text[:1]) + text[1:] }
