package main

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// granting are the words with which the licences begin that source files repeat in
// full. The others are named, not repeated.
var granting = []string{"Permission is hereby granted", "Redistribution and use in source and binary forms"}

var holder = regexp.MustCompile(`(?im)^\s*copyright\s+(?:\(c\)|©)?[\d\s,–-]*(.+?)\.?(?:\s+all rights reserved\.?)?$`)

// copiedCode looks into the linked source files for what the module's licence files
// do not say. It returns the texts and the names of the licences of code from elsewhere,
// which are those with a copyright holder who is not in the module's texts. It fails
// at words for a licence that needs a look.
func copiedCode(m *module, texts []string) ([]string, []string, error) {
	var copied []string
	said := strings.ToLower(strings.Join(texts, "\n"))
	names := make(map[string]bool)
	var problems []error
	for _, path := range slices.Sorted(maps.Keys(m.files)) {
		key := m.path + "/" + filepath.Base(path)
		content, err := os.ReadFile(path)
		if err != nil {
			return nil, nil, err
		}
		for _, words := range suspicious {
			if reviewed[m.path] == "" && bytes.Contains(content, []byte(words)) {
				problems = append(problems, fmt.Errorf("%s: it says %q: read what that is about", key, words))
			}
		}
		comments, err := licenseComments(path, content)
		if err != nil {
			return nil, nil, err
		}
		for _, comment := range comments {
			if !newHolder(comment, said) {
				continue
			}
			found, _, err := scan(key, comment)
			if err == nil && len(found) == 0 {
				err = fmt.Errorf("%s: it has a licence of its own, which is not known", key)
			}
			problems = append(problems, err)
			for _, name := range found {
				names[name] = true
			}
			copied = append(copied, comment)
			said += strings.ToLower(comment)
		}
	}
	return copied, slices.Sorted(maps.Keys(names)), errors.Join(problems...)
}

// licenseComments returns the comments that contain a whole licence. In generated
// code those at the head alone: the others are of what it was generated from.
func licenseComments(path string, content []byte) ([]string, error) {
	grants := func(text string) bool {
		return slices.ContainsFunc(granting, func(words string) bool { return strings.Contains(text, words) })
	}
	if !isGo(path) || !grants(string(content)) {
		return nil, nil
	}
	file, err := parser.ParseFile(token.NewFileSet(), path, content, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	var comments []string
	generated := ast.IsGenerated(file)
	for _, group := range file.Comments {
		if generated && group.Pos() > file.Package {
			break
		}
		if text := group.Text(); grants(text) {
			comments = append(comments, normalize(text))
		}
	}
	return comments, nil
}

func isGo(path string) bool { return filepath.Ext(path) == ".go" }

// newHolder reports whether a comment names a copyright holder who is not in said.
func newHolder(comment, said string) bool {
	return slices.ContainsFunc(holder.FindAllStringSubmatch(comment, -1), func(match []string) bool {
		return !strings.Contains(said, strings.ToLower(match[1]))
	})
}
