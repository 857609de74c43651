package errorid_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/conductorone/baton-privx/internal/errorid"
)

// The id of an error is that of its outermost condition. Each error has one.
func TestOf(t *testing.T) {
	t.Parallel()
	inner := errorid.New(errorid.NotFound, "gone")
	for text, c := range map[string]struct {
		err  error
		want errorid.ID
	}{
		"itself":    {inner, errorid.NotFound},
		"wrapped":   {fmt.Errorf("x: %w", inner), errorid.NotFound},
		"outermost": {errorid.With(errorid.ChangeUnverified, fmt.Errorf("x: %w", inner)), errorid.ChangeUnverified},
		"joined":    {errors.Join(errors.New("x"), inner), errorid.NotFound},
		"an id is more than the end of a context": {
			errorid.With(errorid.ChangeUnverified, context.DeadlineExceeded), errorid.ChangeUnverified,
		},
		"cancelled": {fmt.Errorf("x: %w", context.Canceled), errorid.Cancelled},
		"too late":  {fmt.Errorf("x: %w", context.DeadlineExceeded), errorid.OutOfTime},
		"any other": {errors.New("x"), errorid.Unexpected},
	} {
		require.Equal(t, c.want, errorid.Of(c.err), text)
	}
}

// The text begins and ends as it must, and nothing else of the cause is lost.
func TestError(t *testing.T) {
	t.Parallel()
	cause := errorid.With(errorid.Unavailable, fmt.Errorf("away: %w", status.Error(codes.Unavailable, "later")))
	err := errorid.Error("listing users", cause)
	require.Equal(t, "baton-privx: listing users: "+cause.Error()+" [PXE-021]", err.Error())
	require.Equal(t, errorid.Text("listing users", cause), err.Error())
	require.ErrorIs(t, err, cause)
	require.Equal(t, errorid.Unavailable, errorid.Of(err))
	require.Equal(t, codes.Unavailable, status.Code(err))
	require.Equal(t, err.Error(), status.Convert(err).Message(), "what gRPC carries")
	require.Equal(t, "baton-privx: x: a; b [PXE-001]", errorid.Text("x", errors.Join(errors.New("a"), errors.New("b"))), "on one line")
}

var (
	idPattern = regexp.MustCompile(`^PXE-\d{3}$`)
	sentences = regexp.MustCompile("^[A-Z0-9`].*\\.$")
)

// Whatever is to be read is there, in whole sentences that a table can hold, and no text is
// of two conditions.
func TestRegister(t *testing.T) {
	t.Parallel()
	ids, texts := map[errorid.ID]bool{}, map[string]bool{}
	for _, entry := range errorid.All() {
		require.Regexp(t, idPattern, entry.ID)
		require.False(t, ids[entry.ID], "%s is given twice", entry.ID)
		ids[entry.ID] = true
		require.Regexp(t, sentences, entry.Title, entry.ID)
		require.NotEmpty(t, entry.Cases, entry.ID)
		for _, c := range entry.Cases {
			require.Regexp(t, sentences, c.Cause, entry.ID)
			require.Regexp(t, sentences, c.Do, entry.ID)
			require.NotContains(t, c.Text+c.Cause+c.Do, "|", entry.ID)
			require.False(t, c.Text != "" && texts[c.Text], c.Text)
			texts[c.Text] = true
		}
	}
	for n := range len(ids) {
		require.True(t, ids[errorid.ID(fmt.Sprintf("PXE-%03d", n+1))], "an id is left out")
	}
}

var constant = regexp.MustCompile(`(?m)^\t(\w+) +ID = "(PXE-\d{3})"$`)

// constants are the register's names of ids, by id.
func constants(t *testing.T) map[errorid.ID]string {
	t.Helper()
	text, err := os.ReadFile("register.go")
	require.NoError(t, err)
	names := make(map[errorid.ID]string)
	for _, m := range constant.FindAllStringSubmatch(string(text), -1) {
		require.Empty(t, names[errorid.ID(m[2])], "%s has two names", m[2])
		names[errorid.ID(m[2])] = m[1]
	}
	return names
}

// product is the source of what can make errors.
func product(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, folder := range []string{"pkg", "cmd/baton-privx", "internal/errorid/errorid.go"} {
		require.NoError(t, filepath.WalkDir(filepath.Join(root, folder), func(path string, _ fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			all.Write(text)
			return err
		}))
	}
	return all.String()
}

// Each name has its entry, and is given to an error somewhere in the product. No id stands
// anywhere but in the register, and no error gets the beginning of its text anywhere else
// than its end.
func TestEachIDIsUsed(t *testing.T) {
	t.Parallel()
	names, used := constants(t), map[string]bool{}
	for line := range strings.Lines(product(t)) {
		for _, m := range usePattern.FindAllStringSubmatch(line, -1) {
			used[m[1]] = true
		}
		require.NotContains(t, line, `"PXE-`)
		require.False(t, makesError.MatchString(line), line)
	}
	require.Len(t, errorid.All(), len(names))
	for _, entry := range errorid.All() {
		name := names[entry.ID]
		require.NotEmpty(t, name, "%s has no name", entry.ID)
		require.True(t, used[name], "no error has %s", entry.ID)
	}
}

var (
	usePattern = regexp.MustCompile(`(?:errorid\.|return )([A-Z]\w+)`)
	makesError = regexp.MustCompile(`(Error|Errorf|errors\.New|Println)\([^"]*"baton-privx: `)
)

// Each entry names a test that has the connector fail so, and that test knows the id.
func TestEachIDIsTested(t *testing.T) {
	t.Parallel()
	names := constants(t)
	for _, entry := range errorid.All() {
		dot := strings.LastIndex(entry.Test, ".")
		require.Positive(t, dot, entry.ID)
		body := testOf(t, filepath.Join(root, entry.Test[:dot]), entry.Test[dot+1:])
		require.NotEmpty(t, body, "%s: there is no test %s", entry.ID, entry.Test)
		require.Regexp(t, `errorid\.`+names[entry.ID]+`\b`, body, "%s does not know %s", entry.Test, entry.ID)
	}
}

// testOf is the source of a test; empty if there is no such test.
func testOf(t *testing.T, folder, name string) string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	require.NoError(t, err)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		if _, after, found := strings.Cut(string(text), "\nfunc "+name+"("); found {
			body, _, _ := strings.Cut(after, "\n}\n")
			return body
		}
	}
	return ""
}
