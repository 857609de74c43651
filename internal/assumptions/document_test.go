package assumptions_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/assumptions"
)

var update = flag.Bool("update", false, "write "+document)

const document = root + "/docs/assumptions.md"

// The document is what is made of the register.
func TestDocument(t *testing.T) {
	t.Parallel()
	made := render()
	if *update {
		require.NoError(t, os.WriteFile(document, []byte(made), 0o644))
	}
	committed, err := os.ReadFile(document)
	require.NoError(t, err)
	require.Equal(t, made, string(committed), "run make generate, and commit the result")
}

const introduction = `<!-- Generated from internal/assumptions: see make generate. -->

# What is assumed about PrivX

No public source answers everything that a client has to know of PrivX. Each question that was left open is below, with what the connector assumes and what else may be so.

The connector is written to behave well either way. The tables say what it does in each case, and which test proves that.

A question keeps its id for ever. So does each side its letter, by which ` + "`baton-privx doctor`" + ` and its reports name it. Side a is what is assumed, and what the simulator of PrivX does in the tests unless it is told otherwise; the other rows name what tells it (of ` + "`internal/privxsim`" + `).

| Asked | It means |
|---|---|
| by reading | The connector's API client can ask a running PrivX without changing anything. |
| by a write probe | It takes a change of the roles of a user who is there for that. |
| not | It cannot be asked, for the reason that is given. |

`

// asked are the words of the document for how PrivX can be asked.
var asked = map[assumptions.Ask]string{
	assumptions.ByReading: "by reading", assumptions.ByWriteProbe: "by a write probe", assumptions.CannotBe: "not",
}

// render makes the document.
func render() string {
	var b strings.Builder
	b.WriteString(introduction)
	for _, topic := range assumptions.Topics() {
		fmt.Fprintf(&b, "- [%s](#%s): %d\n", topic.Name, anchor(topic.Name), len(topic.Assumptions))
	}
	for _, topic := range assumptions.Topics() {
		fmt.Fprintf(&b, "\n## %s\n", topic.Name)
		for _, row := range topic.Assumptions {
			renderRow(&b, row)
		}
	}
	return b.String()
}

// anchor is the name of a heading in links.
func anchor(heading string) string {
	return strings.ReplaceAll(strings.ReplaceAll(strings.ToLower(heading), "'", ""), " ", "-")
}

func renderRow(b *strings.Builder, row assumptions.Assumption) {
	fmt.Fprintf(b, "\n### %s: %s\n\n", row.ID, row.Question)
	b.WriteString("| | What PrivX does | What the connector does then | Proved by |\n|---|---|---|---|\n")
	for place, side := range row.Sides() {
		label := "assumed"
		if side.Option != "" {
			label = "`" + side.Option + "`"
		}
		renderSide(b, assumptions.Letter(place)+": "+label, side)
	}
	if row.OneSide != "" {
		fmt.Fprintf(b, "\nThe simulator has no other side. %s\n", row.OneSide)
	}
	fmt.Fprintf(b, "\nAsked %s. %s\n", asked[row.Ask], row.How)
}

func renderSide(b *strings.Builder, label string, side assumptions.Side) {
	fmt.Fprintf(b, "| %s | %s | %s | `%s` |\n", label, side.PrivX, side.Connector, side.Test)
}
