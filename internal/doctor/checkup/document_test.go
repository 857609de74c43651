package checkup_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/assumptions"
	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/checkup"
	"github.com/conductorone/baton-privx/internal/doctor/writeprobe"
)

var update = flag.Bool("update", false, "write the sections of "+document)

const (
	document  = "../../../docs/doctor.md"
	beginning = "<!-- checks: generated, see make generate -->\n"
	end       = "<!-- end -->\n"
)

// The document has a section for each check, with all ways in which it can end, and nothing
// else below that heading.
func TestDocument(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(document)
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(text), beginning)
	require.True(t, found)
	committed, after, found := strings.Cut(rest, end)
	require.True(t, found)
	made := sections()
	if *update {
		require.NoError(t, os.WriteFile(document, []byte(before+beginning+made+end+after), 0o644))
		return
	}
	require.Equal(t, made, committed, "run make generate, and commit the result")
}

// sections are those of all checks.
func sections() string {
	var b strings.Builder
	for _, layer := range everything() {
		fmt.Fprintf(&b, "\n## %s\n", layer.Name)
		for _, check := range layer.Checks {
			section(&b, check)
		}
	}
	return b.String() + "\n"
}

func section(b *strings.Builder, check doctor.Check) {
	fmt.Fprintf(b, "\n### %s\n\n%s.\n\n%s\n", check.ID, upper(check.Promise), check.How)
	if question := questionOf(check.ID); question != "" {
		fmt.Fprintf(b, "\nThe question is [%s](assumptions.md#%s)\n", question, headingAnchor(check.ID+": "+question))
	}
	if len(check.Ways) == 0 {
		return
	}
	b.WriteString("\n| It ends with | When | Why it matters | What to do |\n|---|---|---|---|\n")
	for _, way := range check.Ways {
		fmt.Fprintf(b, "| %s, `%s` | %s | %s | %s |\n", way.Outcome, way.Name, way.When, way.Matters, way.Do)
	}
}

func upper(sentence string) string { return strings.ToUpper(sentence[:1]) + sentence[1:] }

// questionOf is the question of the register with that id; empty if there is none.
func questionOf(id string) string {
	for _, row := range assumptions.All() {
		if row.ID == id {
			return row.Question
		}
	}
	return ""
}

var notInAnchors = regexp.MustCompile(`[^a-z0-9 _-]`)

// headingAnchor is the anchor that a heading has on GitHub.
func headingAnchor(heading string) string {
	return strings.ReplaceAll(notInAnchors.ReplaceAllString(strings.ToLower(heading), ""), " ", "-")
}

var (
	idPattern  = regexp.MustCompile(`^(PX-(CONF|NET|TLS|CLOCK|PRIVX|LOGIN|PERM|LIST|SIZE|C1|HOST|PROBE)-\d\d|PXQ-\d{3})$`)
	wayPattern = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	sentences  = regexp.MustCompile(`^[A-Z0-9"].*\.$`)
)

// Ids are given once, ways have names that reports can keep, and whatever is to be read is
// there, in whole sentences.
func TestChecks(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, layer := range everything() {
		require.NotEmpty(t, layer.Checks, layer.Name)
		for _, check := range layer.Checks {
			require.Regexp(t, idPattern, check.ID)
			require.False(t, known[check.ID], "%s is given twice", check.ID)
			require.Regexp(t, `^[^.?!]+(\.[a-z0-9_][^.?!]*)*$`, check.Promise, check.ID)
			require.Regexp(t, sentences, check.How, check.ID)
			for _, needed := range check.Needs {
				require.True(t, known[needed], "%s needs %s, which is not before it", check.ID, needed)
			}
			known[check.ID] = true
			names := map[string]bool{}
			for _, way := range check.Ways {
				require.Regexp(t, wayPattern, way.Name, check.ID)
				require.False(t, names[way.Name], "%s: two ways %s", check.ID, way.Name)
				names[way.Name] = true
				require.Contains(t, []doctor.Outcome{doctor.Warning, doctor.Failed, doctor.Skipped}, way.Outcome, check.ID)
				require.Regexp(t, sentences, way.When, "%s %s", check.ID, way.Name)
				for _, text := range []string{way.When, way.Matters, way.Do} {
					require.NotContains(t, text, "|", "%s %s: a table cannot hold it", check.ID, way.Name)
				}
				if way.Outcome != doctor.Skipped {
					require.Regexp(t, sentences, way.Matters, "%s %s", check.ID, way.Name)
					require.Regexp(t, sentences, way.Do, "%s %s", check.ID, way.Name)
				}
			}
		}
	}
}

// Each question of the register that can be asked by reading is asked, and each that takes a
// write probe is asked by that.
func TestQuestions(t *testing.T) {
	t.Parallel()
	asked := map[assumptions.Ask][]string{}
	ids := func(layers []doctor.Layer) []string {
		var ids []string
		for _, layer := range layers {
			for _, check := range layer.Checks {
				if questionOf(check.ID) != "" {
					ids = append(ids, check.ID)
				}
			}
		}
		return ids
	}
	asked[assumptions.ByReading] = ids(checkup.Layers(nil))
	asked[assumptions.ByWriteProbe] = ids([]doctor.Layer{everything()[len(everything())-1]})
	for how, got := range asked {
		var want []string
		for _, row := range assumptions.All() {
			if row.Ask == how {
				want = append(want, row.ID)
			}
		}
		require.ElementsMatch(t, want, got)
	}
}

// The documents of what operators do are linked to what there is.
func TestSectionsAreLinked(t *testing.T) {
	t.Parallel()
	questions, err := os.ReadFile(filepath.Join(filepath.Dir(document), "assumptions.md"))
	require.NoError(t, err)
	var headings []string
	for line := range strings.Lines(string(questions)) {
		if heading, ok := strings.CutPrefix(line, "### "); ok {
			headings = append(headings, headingAnchor(strings.TrimSpace(heading)))
		}
	}
	for _, link := range regexp.MustCompile(`assumptions\.md#([^)]*)`).FindAllStringSubmatch(sections(), -1) {
		require.True(t, slices.Contains(headings, link[1]), link[1])
	}
}

// everything are all layers, that of the write probe last.
func everything() []doctor.Layer { return checkup.Layers(&writeprobe.Probe{}) }
