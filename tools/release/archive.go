package main

import (
	"archive/tar"
	"archive/zip"
	"compress/flate"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
	"time"
)

// An entry is a file of an archive.
type entry struct {
	name    string // below the archive's folder
	content []byte
	mode    int64
}

// archive makes an archive with one folder of the archive's name. All entries are
// of one time and of nobody, and are sorted.
func archive(target string, when time.Time, files []string) error {
	entries, err := readEntries(files)
	if err != nil {
		return err
	}
	write := writeTar
	folder, isTar := strings.CutSuffix(path.Base(target), ".tar.gz")
	if !isTar {
		var isZip bool
		if folder, isZip = strings.CutSuffix(folder, ".zip"); !isZip {
			return fmt.Errorf("%s: neither .tar.gz nor .zip", target)
		}
		write = writeZip
	}
	for i := range entries {
		entries[i].name = folder + "/" + entries[i].name
	}
	out, err := os.Create(target) //nolint:gosec // The caller names it.
	if err != nil {
		return err
	}
	return errors.Join(write(out, when, entries), out.Close())
}

func readEntries(files []string) ([]entry, error) {
	var entries []entry
	for _, file := range files {
		from, name, renamed := strings.Cut(file, "=")
		if !renamed {
			name = path.Base(from)
		}
		info, err := os.Stat(from) //nolint:gosec // The caller names it.
		if err != nil {
			return nil, err
		}
		content, err := os.ReadFile(from) //nolint:gosec // The caller names it.
		if err != nil {
			return nil, err
		}
		// Not the caller's umask.
		mode := int64(0o644)
		if info.Mode()&0o100 != 0 {
			mode = 0o755
		}
		entries = append(entries, entry{name, content, mode})
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	return entries, nil
}

func writeTar(out io.Writer, when time.Time, entries []entry) error {
	compressed, err := gzip.NewWriterLevel(out, gzip.BestCompression)
	if err != nil {
		return err
	}
	w := tar.NewWriter(compressed)
	for _, e := range entries {
		header := &tar.Header{Name: e.name, Mode: e.mode, Size: int64(len(e.content)), ModTime: when, Format: tar.FormatUSTAR}
		if err := w.WriteHeader(header); err != nil {
			return err
		}
		if _, err := w.Write(e.content); err != nil {
			return err
		}
	}
	return errors.Join(w.Close(), compressed.Close())
}

func writeZip(out io.Writer, when time.Time, entries []entry) error {
	w := zip.NewWriter(out)
	w.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(out, flate.BestCompression)
	})
	for _, e := range entries {
		header := &zip.FileHeader{Name: e.name, Method: zip.Deflate, Modified: when}
		header.SetMode(os.FileMode(e.mode)) //nolint:gosec // It is one of two.
		file, err := w.CreateHeader(header)
		if err != nil {
			return err
		}
		if _, err := file.Write(e.content); err != nil {
			return err
		}
	}
	return w.Close()
}
