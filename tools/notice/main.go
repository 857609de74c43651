// Command notice writes NOTICE and THIRD_PARTY_LICENSES: which modules are in the
// released binaries, under which licences, and the texts that these licences want
// passed on with a binary. It fails if a licence is not one that policy.go allows.
//
//	notice [-check] linux/amd64 ...
//
// With -check it writes nothing, and fails if the files are not up to date.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

func main() {
	check := flag.Bool("check", false, "write nothing, and fail if the files are not up to date")
	root := flag.String("root", "../..", "the folder of the product")
	flag.Parse()
	if err := run(*root, "./cmd/baton-privx", flag.Args(), *check); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(root, pkg string, platforms []string, check bool) error {
	if len(platforms) == 0 {
		return errors.New("name the platforms, such as linux/amd64")
	}
	modules, err := linked(root, pkg, platforms)
	if err != nil {
		return err
	}
	goText, err := goLicense()
	if err != nil {
		return err
	}

	parts := []part{{name: "Go standard library", terms: terms{licenses: []string{"BSD-3-Clause"}, texts: []string{goText}}}}
	var problems []error
	for _, m := range modules {
		t, err := read(m)
		problems = append(problems, err)
		parts = append(parts, part{name: m.path, version: m.version, terms: t})
	}
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("%w\nSee tools/notice/policy.go", err)
	}

	put := write
	if check {
		put = compare
	}
	return errors.Join(
		put(filepath.Join(root, "NOTICE"), notice(parts)),
		put(filepath.Join(root, "THIRD_PARTY_LICENSES"), thirdParty(parts)),
	)
}

// goLicense returns the licence of the Go in use, whose runtime and standard
// library are in every binary.
func goLicense() (string, error) {
	goroot, err := exec.Command("go", "env", "GOROOT").Output() //nolint:noctx // it ends by itself
	if err != nil {
		return "", fmt.Errorf("go env: %w", err)
	}
	content, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(goroot)), "LICENSE"))
	if err != nil {
		return "", fmt.Errorf("the licence of Go: %w", err)
	}
	text := normalize(string(content))
	if _, err := classify("Go", text); err != nil {
		return "", err
	}
	return text, nil
}

func write(path, content string) error {
	return os.WriteFile(path, []byte(content), 0o644) //nolint:gosec // to be read by everybody
}

// compare fails with the first difference.
func compare(path, want string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if string(content) == want {
		return nil
	}
	have, expected := strings.Split(string(content), "\n"), strings.Split(want, "\n")
	line := 0
	for line < min(len(have), len(expected)) && have[line] == expected[line] {
		line++
	}
	at := func(lines []string) string {
		if line < len(lines) {
			return lines[line]
		}
		return "the end"
	}
	return fmt.Errorf("%s is out of date. Line %d is\n\t%s\nand should be\n\t%s\nRun make notice and commit the result",
		filepath.Base(path), line+1, at(have), at(expected))
}
