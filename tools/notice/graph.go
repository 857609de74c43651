package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// A module whose packages are linked into a binary.
type module struct {
	path    string
	version string
	dir     string
	dirs    map[string]bool // its linked packages
	files   map[string]bool // their source files
}

// linked returns what the command pkg of the module in root contains, over all
// platforms and build tags, sorted by path.
func linked(root, pkg string, platforms []string) ([]*module, error) {
	modules := make(map[string]*module)
	for _, platform := range platforms {
		goos, goarch, ok := strings.Cut(platform, "/")
		if !ok {
			return nil, fmt.Errorf("%q is not a platform such as linux/amd64", platform)
		}
		tags := []string{""}
		if goos == "linux" {
			tags = append(tags, "baton_lambda_support")
		}
		for _, tag := range tags {
			if err := list(root, pkg, goos, goarch, tag, modules); err != nil {
				return nil, fmt.Errorf("%s %s: %w", platform, tag, err)
			}
		}
	}
	return slices.SortedFunc(maps.Values(modules), func(a, b *module) int { return strings.Compare(a.path, b.path) }), nil
}

// list adds what one build contains.
func list(root, pkg, goos, goarch, tag string, modules map[string]*module) error {
	//nolint:gosec,noctx // the arguments are the Makefile's; the command ends by itself
	command := exec.Command("go", "list", "-deps", "-tags="+tag, "-json=ImportPath,Dir,Standard,Module,GoFiles,SFiles", pkg)
	command.Dir = root
	command.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch, "CGO_ENABLED=0", "GOWORK=off")
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		return fmt.Errorf("go list: %w", err)
	}

	decoder := json.NewDecoder(strings.NewReader(string(output)))
	for {
		var p struct {
			ImportPath, Dir string
			Standard        bool
			GoFiles, SFiles []string
			Module          *struct {
				Path, Version, Dir string
				Main               bool
				Replace            *struct{}
			}
		}
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("go list: %w", err)
		}
		switch {
		case p.Standard || p.Module != nil && p.Module.Main:
			continue
		case p.Module == nil || p.Module.Dir == "":
			return fmt.Errorf("%s belongs to no module", p.ImportPath)
		case p.Module.Replace != nil:
			return fmt.Errorf("%s is replaced: NOTICE could not say by what", p.Module.Path)
		}

		m := modules[p.Module.Path]
		if m == nil {
			m = &module{path: p.Module.Path, version: p.Module.Version, dir: p.Module.Dir, dirs: map[string]bool{}, files: map[string]bool{}}
			modules[m.path] = m
		}
		m.dirs[p.Dir] = true
		for _, file := range slices.Concat(p.GoFiles, p.SFiles) {
			m.files[filepath.Join(p.Dir, file)] = true
		}
	}
}
