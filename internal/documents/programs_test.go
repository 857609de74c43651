package documents_test

import (
	"context"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// others are the flags of other programs that the pages call: docker, kubectl, helm and
// systemctl.
var others = []string{
	"--rm", "--user", "--tmpfs", "--read-only", "--detach", "--follow", "--force-recreate",
	"--from-file", "--since", "--previous", "--dry-run", "--output",
	"--install",
	"--now",
}

// beyondHelp are what the programs take and --help does not list: baton-sdk's hidden
// flags, and variables that it reads by itself.
var beyondHelp = []string{
	"--grant-entitlement", "--grant-principal", "--grant-principal-type", "--revoke-grant",
	"BATON_CONFIG_PATH", "BATON_HOST_ID", "BATON_TMPDIR",
}

var (
	flagName   = regexp.MustCompile(`(?:^|[^\w-])(--[a-z][a-z0-9-]*)`)
	goFlag     = regexp.MustCompile(`(?m)^  -([a-z][a-z0-9-]+)`)
	variable   = regexp.MustCompile(`\bBATON_[A-Z0-9_]*[A-Z0-9]\b`)
	subcommand = regexp.MustCompile(`(?m)^  ([a-z][a-z-]+) {2,}`)
	makeTarget = regexp.MustCompile(`\bmake ([a-z][a-z-]*)`)
	targetRule = regexp.MustCompile(`(?m)^([a-z][a-z-]*):`)
	pathInRepo = regexp.MustCompile(`(?:^|[\s("'=:])((?:\.ci|\.github|bench|cmd|deploy|docs|internal|pkg|scripts|tools)/[\w./*-]*\w)`)
	nameInGo   = regexp.MustCompile(`\.(?:Test|Fuzz|Benchmark)\w+$`)
)

// taken is all that the programs take: flags and variables.
type taken map[string]bool

// What the pages say of the programs is so.
func TestPrograms(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("make test links the three programs")
	}
	dir := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", dir+string(filepath.Separator), "./cmd/...")
	build.Dir = root
	output, err := build.CombinedOutput()
	require.NoError(t, err, string(output))
	binary := filepath.Join(dir, "baton-privx")
	listed := make(taken)
	listed.ask(t.Context(), t, binary)
	t.Run("flags and variables", func(t *testing.T) {
		t.Parallel()
		holdNames(t, dir, listed)
	})
	t.Run("blocks that show files", func(t *testing.T) {
		t.Parallel()
		holdBlocks(t, listed)
	})
	t.Run("help", func(t *testing.T) {
		t.Parallel()
		holdHelp(t, help(t.Context(), t, binary))
	})
}

// ask asks a command and those below it.
func (all taken) ask(ctx context.Context, t *testing.T, command ...string) {
	t.Helper()
	text := help(ctx, t, command...)
	for _, m := range flagName.FindAllStringSubmatch(text, -1) {
		all[m[1]] = true
	}
	for _, name := range variable.FindAllString(text, -1) {
		all[name] = true
	}
	_, commands, _ := strings.Cut(text, "Available Commands:")
	commands, _, _ = strings.Cut(commands, "\nFlags:")
	for _, m := range subcommand.FindAllStringSubmatch(commands, -1) {
		if m[1] != "help" && m[1] != "completion" {
			all.ask(ctx, t, append(slices.Clone(command), m[1])...)
		}
	}
}

// help is what a command says about itself, without any setting.
func help(ctx context.Context, t *testing.T, command ...string) string {
	t.Helper()
	c := exec.CommandContext(ctx, command[0], append(command[1:], "--help")...)
	c.Env, c.Dir = []string{"PATH=" + os.Getenv("PATH")}, t.TempDir()
	output, err := c.CombinedOutput()
	require.NoError(t, err, string(output))
	return string(output)
}

// unknownNames are the flags and variables of a page that no program takes.
func unknownNames(page string, all taken) []string {
	var unknown []string
	for _, m := range flagName.FindAllStringSubmatch(page, -1) {
		if !all[m[1]] {
			unknown = append(unknown, m[1])
		}
	}
	for _, name := range variable.FindAllString(page, -1) {
		if !all[name] {
			unknown = append(unknown, name)
		}
	}
	return unknown
}

// holdNames holds each flag and each variable that a page names to what some program
// takes. What is hidden from --help is taken all the same.
func holdNames(t *testing.T, dir string, listed taken) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, "baton-privx"))
	require.NoError(t, err)
	all := maps.Clone(listed)
	for _, name := range beyondHelp {
		require.False(t, listed[name], "%s is in --help", name)
		require.Contains(t, string(content), strings.TrimPrefix(name, "--"), "it is nowhere in the binary")
		all[name] = true
	}
	for _, name := range []string{"privx-sim", "c1-sim"} {
		for _, m := range goFlag.FindAllStringSubmatch(help(t.Context(), t, filepath.Join(dir, name)), -1) {
			all["--"+m[1]] = true
		}
	}
	for _, name := range others {
		all[name] = true
	}
	for path, page := range pages(t) {
		if !isRecord(path) {
			require.Empty(t, unknownNames(page, all), path)
		}
	}
	require.Equal(t, []string{"--bas-url", "--grants-max-hours", "BATON_WORKER"},
		unknownNames("`--bas-url`, `--base-url` and \n\tx --grants-max-hours=3 $BATON_WORKER ${BATON_WORKERS}", all))
}

// unknownTargets are the targets of make that a page names and the Makefile does not have.
func unknownTargets(page, makefile string) []string {
	targets := make(map[string]bool)
	for _, m := range targetRule.FindAllStringSubmatch(makefile, -1) {
		targets[m[1]] = true
	}
	var unknown []string
	for _, text := range code(page) {
		for _, m := range makeTarget.FindAllStringSubmatch(text, -1) {
			if !targets[m[1]] {
				unknown = append(unknown, m[1])
			}
		}
	}
	return unknown
}

// Each target of make that a page names is there.
func TestMakeTargets(t *testing.T) {
	t.Parallel()
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	require.NoError(t, err)
	for path, page := range pages(t) {
		if !isRecord(path) {
			require.Empty(t, unknownTargets(page, string(makefile)), path)
		}
	}
	require.Equal(t, []string{"demos", "tests"}, unknownTargets("Do make it: `make demos`\n```sh\nmake tests # and make demo\n```\n", string(makefile)))
}

// toBeMade are the files that a page tells its reader to make.
var toBeMade = []string{"pkg/privx/awsroles.go", "pkg/connector/awsroles.go"}

// missingPaths are the paths of a page within the repository that lead nowhere.
func missingPaths(page string) []string {
	var missing []string
	for _, text := range code(page) {
		for _, m := range pathInRepo.FindAllStringSubmatch(text, -1) {
			path := nameInGo.ReplaceAllString(m[1], "")
			if found, err := filepath.Glob(filepath.Join(root, path)); (err != nil || len(found) == 0) && !slices.Contains(toBeMade, path) {
				missing = append(missing, path)
			}
		}
	}
	return missing
}

// Each file and folder of the repository that a page names is there.
func TestPaths(t *testing.T) {
	t.Parallel()
	for path, page := range pages(t) {
		if !isRecord(path) {
			require.Empty(t, missingPaths(page), path)
		}
	}
	require.Equal(t, []string{"pkg/gone", "docs/gone.md", "deploy/helm/gone.yaml"},
		missingPaths("`pkg/gone.TestX`, `pkg/privx` and `see docs/gone.md`\n```\nhelm -f deploy/helm/gone.yaml deploy/helm/*\n```\n"))
}
