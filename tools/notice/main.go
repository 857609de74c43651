// Command notice writes NOTICE and THIRD_PARTY_LICENSES: which modules are in the
// released binaries, under which licences, and the texts that these licences want
// passed on with a binary. It fails if a licence is not one that policy.go allows.
//
//	notice linux/amd64 ...
//
// It runs in its own folder, two below that of the product.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

func main() {
	if err := run("../..", "./cmd/baton-privx", os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(root, pkg string, platforms []string) error {
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
	return errors.Join(
		write(filepath.Join(root, "NOTICE"), notice(parts)),
		write(filepath.Join(root, "THIRD_PARTY_LICENSES"), thirdParty(parts)),
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
