package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/google/licensecheck"
)

// known is how many percent of a file must be texts that the scanner knows for the
// file to be taken for just those. It is what Go's own package site uses.
const known = 75

var (
	licenseFile = regexp.MustCompile(`(?i)^((un)?licen[cs]e|copying|copyright|third.party|3rd.party)|licen[cs]e(\.(txt|md))?$`)
	licenseDir  = regexp.MustCompile(`(?i)^licen[cs]es$`)
	noticeFile  = regexp.MustCompile(`(?i)^notice(\.(txt|md))?$`)
)

// What a module says about its licences.
type terms struct {
	licenses []string // SPDX names
	texts    []string // to pass on
	notice   string   // to pass on
}

// read reads a module's licences, from the files in the folders of its linked
// packages and in those above them, and checks them against the policy.
func read(m *module) (terms, error) {
	var t terms
	licenses := make(map[string]bool)
	var problems []error
	for _, path := range filesOf(m) {
		relative, err := filepath.Rel(m.dir, path)
		if err != nil {
			return t, err
		}
		key := m.path + "/" + filepath.ToSlash(relative)
		if ignored[key] != "" {
			continue
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return t, err
		}
		text := normalize(string(content))
		if noticeFile.MatchString(filepath.Base(path)) {
			t.notice += text
			continue
		}

		names, err := classify(key, text)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		for _, name := range names {
			licenses[name] = true
		}
		// Every Apache License is the same text, which is this product's own.
		if !slices.Equal(names, []string{"Apache-2.0"}) {
			t.texts = append(t.texts, text)
		}
	}
	if len(licenses) == 0 && len(problems) == 0 {
		problems = append(problems, fmt.Errorf("%s has no licence", m.path))
	}
	copied, names, err := copiedCode(m, t.texts)
	problems = append(problems, err)
	for _, name := range names {
		licenses[name] = true
	}
	t.texts = append(t.texts, copied...)
	t.licenses = slices.Sorted(maps.Keys(licenses))
	return t, errors.Join(problems...)
}

// filesOf returns the licence and notice files that are about the linked packages.
func filesOf(m *module) []string {
	folders := make(map[string]bool)
	for dir := range m.dirs {
		for ; len(dir) >= len(m.dir); dir = filepath.Dir(dir) {
			folders[dir] = true
		}
	}
	var files []string
	for _, folder := range slices.Sorted(maps.Keys(folders)) {
		for _, entry := range entries(folder) {
			name := entry.Name()
			path := filepath.Join(folder, name)
			switch {
			case entry.IsDir() && licenseDir.MatchString(name):
				for _, file := range entries(path) {
					files = append(files, filepath.Join(path, file.Name()))
				}
			case entry.IsDir() || isGo(name):
			case licenseFile.MatchString(name) || noticeFile.MatchString(name):
				files = append(files, path)
			}
		}
	}
	return files
}

// entries lists a folder. One that cannot be read leaves its module without a
// licence, which is reported.
func entries(folder string) []fs.DirEntry {
	list, err := os.ReadDir(folder)
	if err != nil {
		return nil
	}
	return list
}

// classify returns the licences in a text, sorted, if it knows and allows them.
func classify(key, text string) ([]string, error) {
	digest := sha256.Sum256([]byte(text))
	if names := recognised[hex.EncodeToString(digest[:])]; names != nil {
		return names, nil
	}
	names, percent, err := scan(key, text)
	if err == nil && (percent < known || len(names) == 0) {
		err = fmt.Errorf("%s: of the text, %.0f%% is known: %v (SHA-256 %x)", key, percent, names, digest)
	}
	return names, err
}

// scan returns the licences that it finds in a text, sorted, if they are allowed,
// and how many percent of the text they are.
func scan(key, text string) ([]string, float64, error) {
	coverage := licensecheck.Scan([]byte(text))
	names := make(map[string]bool)
	for _, match := range coverage.Match {
		if match.IsURL {
			continue
		}
		names[match.ID] = true
		if !allowed[match.ID] {
			return nil, 0, fmt.Errorf("%s: the licence %s is not allowed", key, match.ID)
		}
	}
	return slices.Sorted(maps.Keys(names)), coverage.Percent, nil
}

// normalize removes what differs between copies of the same text without meaning.
func normalize(text string) string {
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " \t\f")
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n") + "\n"
}
