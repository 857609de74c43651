package assumptions_test

import (
	"cmp"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/assumptions"
)

// root is where the repository begins, and simulator where the simulator of PrivX does.
const (
	root      = "../.."
	simulator = root + "/internal/privxsim"
)

var (
	idPattern = regexp.MustCompile(`^PXQ-\d{3}$`)
	sentence  = regexp.MustCompile(`^[A-Z0-9].*\.$`)
)

// An id is given once, and the rows of a topic stand in their order.
func TestIDs(t *testing.T) {
	t.Parallel()
	given := map[string]bool{}
	for _, topic := range assumptions.Topics() {
		require.NotEmpty(t, topic.Name)
		for _, row := range topic.Assumptions {
			require.Regexp(t, idPattern, row.ID)
			require.False(t, given[row.ID], "%s is given twice", row.ID)
			given[row.ID] = true
		}
		require.True(t, slices.IsSortedFunc(topic.Assumptions, func(a, b assumptions.Assumption) int {
			return cmp.Compare(a.ID, b.ID)
		}), "%s: the ids are not in order", topic.Name)
	}
}

// Everything that is to be read is there, in whole sentences.
func TestSentences(t *testing.T) {
	t.Parallel()
	for _, row := range assumptions.All() {
		require.Regexp(t, `^[A-Z][^.?]*(\.[a-z_][^.?]*)*\?$`, row.Question, row.ID)
		require.Regexp(t, sentence, row.How, row.ID)
		require.Contains(t, []assumptions.Ask{assumptions.ByReading, assumptions.ByWriteProbe, assumptions.CannotBe}, row.Ask, row.ID)
		for _, side := range row.Sides() {
			require.Regexp(t, sentence, side.PrivX, row.ID)
			require.Regexp(t, sentence, side.Connector, row.ID)
		}
	}
}

// Each row has another side that the simulator can show, or says why it has none.
func TestOptions(t *testing.T) {
	t.Parallel()
	known := options(t)
	for _, row := range assumptions.All() {
		require.Empty(t, row.Default.Option, "%s: the default is what the simulator does without an option", row.ID)
		if len(row.Others) == 0 {
			require.Regexp(t, sentence, row.OneSide, row.ID)
			continue
		}
		require.Empty(t, row.OneSide, row.ID)
		for _, side := range row.Others {
			require.True(t, known[side.Option], "%s: the simulator has no option %q", row.ID, side.Option)
		}
	}
}

// Each side has a test that there is, in a file that names the option.
func TestTests(t *testing.T) {
	t.Parallel()
	folders := map[string]map[string]string{}
	for _, row := range assumptions.All() {
		for _, side := range row.Sides() {
			dot := strings.LastIndex(side.Test, ".")
			require.Positive(t, dot, "%s: %q is no test", row.ID, side.Test)
			folder, name := side.Test[:dot], side.Test[dot+1:]
			if folders[folder] == nil {
				folders[folder] = tests(t, filepath.Join(root, folder))
			}
			code, known := folders[folder][name]
			require.True(t, known, "%s: there is no test %s in %s", row.ID, name, folder)
			_, option, qualified := strings.Cut(side.Option, ".")
			if !qualified {
				option = side.Option
			}
			require.Contains(t, code, option, "%s: the file of %s", row.ID, name)
		}
	}
}

// tests are the names of the tests of a folder, with the text of their files.
func tests(t *testing.T, folder string) map[string]string {
	t.Helper()
	named := map[string]string{}
	paths, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	require.NoError(t, err)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		for _, declaration := range parseFile(t, path).Decls {
			if f, ok := declaration.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Test") {
				named[f.Name.Name] = string(text)
			}
		}
	}
	return named
}

// options are the names of what makes the simulator do something else: fields and
// methods with their type before them, and constants.
func options(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	for folder, types := range map[string][]string{
		"": {"Options"}, "core": {"Fault", "Node", "Simulator"}, "rolestore": {"Store", "User"},
	} {
		for _, file := range parse(t, filepath.Join(simulator, folder)) {
			for _, declaration := range file.Decls {
				for _, name := range exported(declaration, types, folder == "") {
					names[name] = true
				}
			}
		}
	}
	return names
}

// exported are the fields and methods of some types, and the constants if they are
// wanted, that a declaration has.
func exported(declaration ast.Decl, types []string, constants bool) []string {
	var names []string
	switch d := declaration.(type) {
	case *ast.FuncDecl:
		if receiver := receiverOf(d); slices.Contains(types, receiver) && d.Name.IsExported() {
			names = append(names, receiver+"."+d.Name.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				if fields, ok := s.Type.(*ast.StructType); ok && slices.Contains(types, s.Name.Name) {
					names = append(names, fieldsOf(s.Name.Name, fields)...)
				}
			case *ast.ValueSpec:
				for _, name := range s.Names {
					if constants && d.Tok == token.CONST {
						names = append(names, name.Name)
					}
				}
			}
		}
	}
	return names
}

func receiverOf(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	kind := f.Recv.List[0].Type
	if pointer, ok := kind.(*ast.StarExpr); ok {
		kind = pointer.X
	}
	name, _ := kind.(*ast.Ident)
	if name == nil {
		return ""
	}
	return name.Name
}

func fieldsOf(kind string, fields *ast.StructType) []string {
	var names []string
	for _, field := range fields.Fields.List {
		for _, name := range field.Names {
			names = append(names, kind+"."+name.Name)
		}
	}
	return names
}

// parse reads the Go files of a folder but for its tests.
func parse(t *testing.T, folder string) []*ast.File {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(folder, "*.go"))
	require.NoError(t, err)
	var files []*ast.File
	for _, path := range paths {
		if !strings.HasSuffix(path, "_test.go") {
			files = append(files, parseFile(t, path))
		}
	}
	return files
}

func parseFile(t *testing.T, path string) *ast.File {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.SkipObjectResolution)
	require.NoError(t, err)
	return file
}

var (
	guess   = regexp.MustCompile(`\b(Guess|guess:).*`)
	namedID = regexp.MustCompile(`^Guess \((PXQ-\d{3}(?:, PXQ-\d{3})*)\):`)
)

// Whatever the simulator guesses is a question here.
func TestGuesses(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, row := range assumptions.All() {
		known[row.ID] = true
	}
	guesses := 0
	require.NoError(t, filepath.WalkDir(simulator, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" || entry.IsDir() {
			return err
		}
		for _, comment := range parseFile(t, path).Comments {
			text := strings.Join(strings.Fields(comment.Text()), " ")
			for at := guess.FindStringIndex(text); at != nil; at = guess.FindStringIndex(text) {
				text = text[at[0]:]
				named := namedID.FindStringSubmatch(text)
				require.NotNil(t, named, "%s: a guess without an id: %q", path, text)
				for _, id := range strings.Split(named[1], ", ") {
					require.True(t, known[id], "%s: there is no %s", path, id)
				}
				text = text[len(named[0]):]
				guesses++
			}
		}
		return nil
	}))
	require.Greater(t, guesses, 40)
}
