package faultmatrix

import (
	"cmp"
	"fmt"
	"os"
	"strings"
)

// Path is where the table is, to which tests hold the connector, from the root of the repository.
const Path = "internal/faultmatrix/matrix.md"

// Table holds what comes of an operation when a fault happens to a call, by the
// names of all three. Where a fault cannot happen, there is nothing.
type Table map[string]map[string]map[string]string

// Operation is one of the tables' operations with the calls that it makes, in
// the order of the columns.
type Operation struct {
	Name  string
	Calls []string
}

// Outcome is the text of a cell: what comes of a fault that happens once and of
// one that never ends.
func Outcome(once, forever string) string {
	if once == forever {
		return once
	}
	return once + " / " + forever
}

// Once is the first half of a cell's text.
func Once(outcome string) string {
	once, _, _ := strings.Cut(outcome, " / ")
	return once
}

// Forever is the second half of a cell's text, which may be all of it.
func Forever(outcome string) string {
	once, forever, different := strings.Cut(outcome, " / ")
	if different {
		return forever
	}
	return once
}

// Set fills in a cell.
func (t Table) Set(operation, fault, call, outcome string) {
	if t[operation] == nil {
		t[operation] = make(map[string]map[string]string)
	}
	if t[operation][fault] == nil {
		t[operation][fault] = make(map[string]string)
	}
	t[operation][fault][call] = outcome
}

const (
	corner = "What PrivX does"
	none   = "–"
	// between stands between the faults of a row.
	between = "<br>"
)

func begin(operation string) string {
	return "<!-- " + operation + ": generated, see make faults -->\n"
}

const end = "<!-- end -->\n"

// Read reads the tables of the operations out of a document.
func Read(path string, operations []Operation) (Table, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the fault table: %w", err)
	}
	table := make(Table)
	for _, operation := range operations {
		_, rest, _ := strings.Cut(string(text), begin(operation.Name))
		body, _, found := strings.Cut(rest, end)
		if !found {
			return nil, fmt.Errorf("%s: no table for %s", path, operation.Name)
		}
		rows := strings.Split(strings.TrimSpace(body), "\n")
		calls := cells(rows[0])
		for _, row := range rows[min(2, len(rows)):] {
			table.read(operation.Name, calls, cells(row))
		}
	}
	return table, nil
}

// read fills in the cells of a row, which is one fault's or several.
func (t Table) read(operation string, calls, row []string) {
	for _, fault := range strings.Split(row[0], between) {
		for i, outcome := range row {
			if i > 0 && i < len(calls) && outcome != none {
				t.Set(operation, fault, calls[i], outcome)
			}
		}
	}
}

// cells are a table row's.
func cells(row string) []string {
	all := strings.Split(strings.Trim(strings.TrimSpace(row), "|"), "|")
	for i := range all {
		all[i] = strings.TrimSpace(all[i])
	}
	return all
}

// Write puts the tables into a document in place of those that it has.
func Write(path string, operations []Operation, table Table) error {
	return replace(path, func(document string) (string, error) {
		for _, operation := range operations {
			var err error
			if document, err = fill(document, operation.Name, render(operation, table[operation.Name])); err != nil {
				return "", fmt.Errorf("%s: %w", path, err)
			}
		}
		return document, nil
	})
}

// replace writes a document anew.
func replace(path string, change func(string) (string, error)) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading the fault table: %w", err)
	}
	document, err := change(string(text))
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, []byte(document), 0o644); err != nil { //nolint:gosec // A document for everybody.
		return fmt.Errorf("writing the fault table: %w", err)
	}
	return nil
}

// fill puts a table into its place in a document.
func fill(document, name, rendered string) (string, error) {
	before, rest, _ := strings.Cut(document, begin(name))
	_, after, found := strings.Cut(rest, end)
	if !found {
		return "", fmt.Errorf("no place for the table of %s", name)
	}
	return before + begin(name) + rendered + end + after, nil
}

// render makes a table of Markdown. Faults of which the same comes at every call
// share a row.
func render(operation Operation, outcomes map[string]map[string]string) string {
	var order []string
	names := make(map[string][]string)
	for _, fault := range Faults() {
		if len(outcomes[fault.Name]) == 0 {
			continue
		}
		var cells []string
		for _, call := range operation.Calls {
			cells = append(cells, cmp.Or(outcomes[fault.Name][call], none))
		}
		row := strings.Join(cells, " | ")
		if names[row] == nil {
			order = append(order, row)
		}
		names[row] = append(names[row], fault.Name)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "| %s | %s |\n|%s\n", corner, strings.Join(operation.Calls, " | "), strings.Repeat("---|", len(operation.Calls)+1))
	for _, row := range order {
		fmt.Fprintf(&b, "| %s | %s |\n", strings.Join(names[row], between), row)
	}
	return b.String()
}
