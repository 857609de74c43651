package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var when = time.Date(2026, 11, 28, 12, 0, 2, 0, time.UTC)

// files writes two files into a new folder, with different times and modes.
func files(t *testing.T) []string {
	t.Helper()
	dir := t.TempDir()
	program, text := filepath.Join(dir, "program"), filepath.Join(dir, "text")
	require.NoError(t, os.WriteFile(program, []byte("runs"), 0o700))
	require.NoError(t, os.WriteFile(text, []byte("reads"), 0o600))
	require.NoError(t, os.Chtimes(text, when, when.Add(time.Hour)))
	return []string{text + "=doc/z.txt", program}
}

// packed makes an archive of these files.
func packed(t *testing.T, name string) []byte {
	t.Helper()
	target := filepath.Join(t.TempDir(), name)
	require.NoError(t, archive(target, when, files(t)))
	content, err := os.ReadFile(target)
	require.NoError(t, err)
	return content
}

func TestArchivesAreReproducible(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a.tar.gz", "a.zip"} {
		require.Equal(t, packed(t, name), packed(t, name), name)
	}
	require.ErrorContains(t, archive(filepath.Join(t.TempDir(), "a.rar"), when, files(t)), "neither")
}

func TestTar(t *testing.T) {
	t.Parallel()
	raw, err := gzip.NewReader(bytes.NewReader(packed(t, "a.tar.gz")))
	require.NoError(t, err)
	var names []string
	for reader := tar.NewReader(raw); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		names = append(names, fs.FileMode(header.Mode).String()+" "+header.Name)
		require.True(t, header.ModTime.Equal(when))
		require.Zero(t, header.Uid+header.Gid)
		require.Empty(t, header.Uname+header.Gname)
	}
	require.Equal(t, []string{"-rw-r--r-- a/doc/z.txt", "-rwxr-xr-x a/program"}, names)
}

func TestZip(t *testing.T) {
	t.Parallel()
	content := packed(t, "a.zip")
	reader, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	require.NoError(t, err)
	var names []string
	for _, file := range reader.File {
		names = append(names, file.Mode().String()+" "+file.Name)
		require.True(t, file.Modified.Equal(when))
	}
	require.Equal(t, []string{"-rw-r--r-- a/doc/z.txt", "-rwxr-xr-x a/program"}, names)
}

func TestSBOM(t *testing.T) {
	t.Parallel()
	list := listed(&debug.BuildInfo{
		GoVersion: "go1.25.2",
		Main:      debug.Module{Path: "example.com/program", Version: "(devel)"},
		Settings:  []debug.BuildSetting{{Key: "GOOS", Value: "linux"}, {Key: "-ldflags", Value: "-s"}},
		Deps: []*debug.Module{
			{Path: "example.com/a", Version: "v2.0.0+incompatible", Sum: "h1:a"},
			{Path: "example.com/b", Version: "v1.0.0", Replace: &debug.Module{Path: "example.com/c", Version: "v1.0.1", Sum: "h1:c"}},
		},
	}, "1.0.0", when)
	require.Equal(t, "2026-11-28T12:00:02Z", list.Metadata.Timestamp)
	require.Equal(t, "pkg:golang/example.com/program@1.0.0", list.Metadata.Component.PURL)
	require.Equal(t, []property{{"go:GOOS", "linux"}}, list.Metadata.Component.Properties)
	var found []string
	for _, c := range list.Components {
		found = append(found, c.PURL)
	}
	require.Equal(t, []string{
		"pkg:golang/stdlib@1.25.2", "pkg:golang/example.com/a@v2.0.0%2Bincompatible", "pkg:golang/example.com/c@v1.0.1",
	}, found)
	require.Equal(t, []property{{"go:sum", "h1:c"}}, list.Components[2].Properties)
	require.Error(t, sbom(filepath.Join("..", "..", "LICENSE"), "1.0.0", when, io.Discard))
}

func TestHelpIsTakenApart(t *testing.T) {
	t.Parallel()
	const text = "One.\n\n.Two\n\nUsage:\n  a b [flags]\n\nAvailable Commands:\n  see-it      Look\n\n" +
		"Flags:\n  -h, --help            help for b\n      --only IDs        These\n      --auth string     ($AUTH)\n\nGlobal Flags:\n      --global   Not here\n"
	h, names, err := parse("b", text)
	require.NoError(t, err)
	require.Equal(t, help{"b", []string{"One.", ".Two"}, []flag{{"-h, --help", "help for b"}, {"--only IDs", "These"}, {"--auth string", "($AUTH)"}}}, h)
	require.Equal(t, []string{"see-it"}, names)
	for _, broken := range []string{"", "One.\n\nUsage:\n  a", "One.\n\nUsage:\n  a\n\nFlags:\n  what\n"} {
		_, _, err := parse("b", broken)
		require.Error(t, err, broken)
	}
	require.Equal(t, `\&.a \e\-b`+"\n"+`\&'c`, roff(`.a \-b`+"\n'c"))
}
