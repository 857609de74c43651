package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/conductorone/baton-privx/internal/errorid"
	"github.com/conductorone/baton-privx/internal/errorid/errortest"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/c1z"
)

// What a run is there for is what the SDK makes of flags, variables and the YAML
// file, and commands that are not the main one are no runs at all.
func TestWhatARunIsThereFor(t *testing.T) {
	type decision struct {
		service bool
		call    string
		output  output
	}
	sync := func(file string) *decision { return &decision{output: output{file: file}} }
	task := func(call string) *decision { return &decision{call: call, output: output{file: "sync.c1z"}} }
	service := &decision{service: true, output: output{file: "sync.c1z"}}
	compaction := func(pattern string) *decision { return &decision{output: output{pattern: pattern}} }
	compact := []string{"--compact-syncs", "--compact-output-path", "out", "--compact-file-paths", "a.c1z", "--compact-sync-ids", "a"}
	for _, c := range []struct {
		args []string
		env  map[string]string
		yaml string
		want *decision // nil if the main command is not run
		fail bool
	}{
		{want: sync("sync.c1z")},
		{args: []string{"--file", "x.c1z"}, want: sync("x.c1z")},
		{args: []string{"-fx.c1z", "-p"}, want: sync("x.c1z")},
		{env: map[string]string{"BATON_FILE": "x.c1z"}, want: sync("x.c1z")},
		{yaml: "file: x.c1z", want: sync("x.c1z")},
		{yaml: "file: x.c1z", env: map[string]string{"BATON_FILE": "y.c1z"}, want: sync("y.c1z")},
		{args: []string{"--log-level", "capabilities"}, want: sync("sync.c1z")},
		{args: []string{"--sync-resources", "bid:r:role/r"}, want: sync("sync.c1z")},
		{args: []string{"--skip-full-sync"}, want: sync("sync.c1z")},
		{env: map[string]string{"BATON_DIFF_SYNCS": "true"}, want: sync("sync.c1z")}, // baton-sdk v0.26.0 has no such setting any more
		{args: compact, want: compaction("out/compacted-*.c1z")},
		{args: []string{"--grant-entitlement", "e", "--grant-principal", "u", "--grant-principal-type", "user"}, want: task("Grant")},
		{yaml: "grant-entitlement: e\ngrant-principal: u\ngrant-principal-type: user", want: task("Grant")},
		{args: []string{"--revoke-grant=g"}, want: task("Revoke")},
		{env: map[string]string{"BATON_REVOKE_GRANT": "g"}, want: task("Revoke")},
		{args: []string{"--event-feed", "true"}, want: task("ListEvents")},
		{args: []string{"--event-feed", "yes"}, want: sync("sync.c1z")},
		{args: []string{"--create-account-login", "u"}, want: task("CreateAccount")},
		{args: []string{"--create-account-profile", "{}"}, want: task("CreateAccount")},
		{args: []string{"--create-account-email", "u@example.com"}, want: sync("sync.c1z")},
		{args: []string{"--invoke-action", "a"}, want: task("InvokeAction")},
		{args: []string{"--invoke-resource-action", "a"}, want: sync("sync.c1z")},
		{args: []string{"--list-action-schemas"}, want: task("ListActionSchemas")},
		{args: []string{"--delete-resource", "u", "--delete-resource-type", "user"}, want: task("DeleteResource")},
		{args: []string{"--rotate-credentials", "u", "--rotate-credentials-type", "user"}, want: task("RotateCredential")},
		{args: []string{"--get-ticket", "--ticket-id", "t"}, want: task("GetTicket")},
		{args: []string{"--client-id", "c", "--client-secret", "s"}, want: service},
		{args: []string{"-p", "--client-id=c", "--client-secret=s"}, want: service},
		{env: map[string]string{"BATON_CLIENT_ID": "c", "BATON_CLIENT_SECRET": "s"}, want: service},
		{env: map[string]string{"BATON_CLIENT_ID": ""}, want: sync("sync.c1z")},
		{yaml: "client-id: c\nclient-secret: s", want: service},
		{args: []string{"capabilities"}},
		{args: []string{"--log-level", "debug", "capabilities"}},
		{args: []string{"config"}},
		{args: []string{"help"}},
		{args: []string{"--help"}},
		{args: []string{"--version"}},
		{args: []string{"completion", "bash"}},
		{args: []string{"--diff-syncs", "--base-sync-id", "a", "--applied-sync-id", "b"}, fail: true}, // flags up to baton-sdk v0.25.0
		{args: []string{"--no-such-flag"}, fail: true},
		{args: []string{"no-such-command"}, fail: true},
	} {
		t.Run(strings.Join(c.args, " ")+fmt.Sprint(c.env)+c.yaml, func(t *testing.T) {
			for name, value := range c.env {
				t.Setenv(name, value)
			}
			if c.yaml != "" {
				path := filepath.Join(t.TempDir(), "privx.yaml")
				require.NoError(t, os.WriteFile(path, []byte(c.yaml), 0o600))
				t.Setenv("BATON_CONFIG_PATH", path)
			}
			cmd, settings, err := newCommand(t.Context())
			require.NoError(t, err)
			var got *decision
			cmd.RunE = func(cmd *cobra.Command, _ []string) error {
				require.NoError(t, settings.BindPFlags(cmd.Flags()))
				got = &decision{isService(settings), taskOf(settings), outputOf(settings)}
				return nil
			}
			cmd.SetArgs(append([]string{}, c.args...))
			cmd.SetOut(io.Discard)
			require.Equal(t, c.fail, cmd.Execute() != nil)
			require.Equal(t, c.want, got)
		})
	}
}

// Each setting that is looked at is one of the SDK's.
func TestTasksAreTheSDKs(t *testing.T) {
	t.Parallel()
	cmd, _, err := newCommand(t.Context())
	require.NoError(t, err)
	for _, task := range tasks {
		flag := cmd.Flag(task.setting)
		require.NotNil(t, flag, task.setting)
		require.Equal(t, task.isFlag && task.setting != "event-feed", flag.Value.Type() == "bool", task.setting)
	}
	for _, name := range []string{"client-id", "file", "c1z-temp-dir", "compact-syncs", "compact-output-path"} {
		require.NotNil(t, cmd.Flag(name), name)
	}
}

// A sync proves a run if that has begun it or taken it up, and finished it.
func TestFinishedSince(t *testing.T) {
	t.Parallel()
	start := time.Now()
	of := func(id string, began time.Time, finished bool) c1z.Run {
		return c1z.Run{ID: id, Began: began, Finished: finished}
	}
	early, late := start.Add(-time.Hour), start.Add(time.Second)
	for name, c := range map[string]struct {
		before, after []c1z.Run
		want          bool
	}{
		"nothing at all":                    {nil, nil, false},
		"a new one":                         {nil, []c1z.Run{of("a", late, true)}, true},
		"at the very start":                 {nil, []c1z.Run{of("a", start, true)}, true},
		"an unfinished one":                 {nil, []c1z.Run{of("a", late, false)}, false},
		"yesterday's":                       {[]c1z.Run{of("a", early, true)}, []c1z.Run{of("a", early, true)}, false},
		"yesterday's, by a wrong clock":     {[]c1z.Run{of("a", late, true)}, []c1z.Run{of("a", late, true)}, false},
		"yesterday's and a new one":         {[]c1z.Run{of("a", early, true)}, []c1z.Run{of("a", early, true), of("b", late, true)}, true},
		"yesterday's and an unfinished":     {[]c1z.Run{of("a", early, true)}, []c1z.Run{of("a", early, true), of("b", late, false)}, false},
		"taken up":                          {[]c1z.Run{of("a", early, false)}, []c1z.Run{of("a", early, true)}, true},
		"taken up and not finished":         {[]c1z.Run{of("a", early, false)}, []c1z.Run{of("a", early, false)}, false},
		"another run's, which began before": {nil, []c1z.Run{of("a", early, true)}, false},
	} {
		require.Equal(t, c.want, finishedSince(start, c.before, c.after), name)
	}
}

// What cannot be read proves nothing and says why.
func TestSavedNeedsAFileThatCanBeRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	junk := filepath.Join(dir, "compacted-junk.c1z")
	require.NoError(t, os.WriteFile(junk, []byte("rubbish"), 0o600))
	for _, out := range []output{{file: junk}, {pattern: filepath.Join(dir, "compacted-*.c1z")}} {
		unread := saved(t.Context(), out, dir)(account{})
		require.ErrorContains(t, unread, "looking for what the run has saved: reading "+junk)
		require.Equal(t, errorid.NothingSaved, errortest.ID(t, unread.Error()))
	}
	missing := saved(t.Context(), output{pattern: filepath.Join(dir, "none-*.c1z")}, dir)(account{})
	require.ErrorContains(t, missing, "none-*.c1z holds no sync that this run has finished")
	require.Equal(t, errorid.NothingSaved, errortest.ID(t, missing.Error()))
}
