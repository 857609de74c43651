package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/conductorone/baton-privx/internal/errorid"

	"github.com/conductorone/baton-sdk/pkg/tempdir"
	"github.com/spf13/viper"

	"github.com/conductorone/baton-privx/internal/c1z"
)

// proof tells what is missing for a run to have succeeded; nil if nothing is.
type proof func(account) error

// tasks are what a one-shot run can be told to do other than to sync, in the order
// in which the SDK looks for them (pkg/cli/commands.go), with the call of the
// connector that does it. Compacting files is done by the SDK without the connector.
var tasks = []struct {
	setting string
	isFlag  bool // true or false, and not a text
	call    string
}{
	{"grant-entitlement", false, "Grant"},
	{"revoke-grant", false, "Revoke"},
	{"event-feed", true, "ListEvents"},
	{"create-account-profile", false, "CreateAccount"},
	{"create-account-login", false, "CreateAccount"},
	{"invoke-action", false, "InvokeAction"},
	{"list-action-schemas", true, "ListActionSchemas"},
	{"delete-resource", false, "DeleteResource"},
	{"rotate-credentials", false, "RotateCredential"},
	{"create-ticket", true, "CreateTicket"},
	{"bulk-create-ticket", true, "BulkCreateTickets"},
	{"list-ticket-schemas", true, "ListTicketSchemas"},
	{"get-ticket", true, "GetTicket"},
}

// taskOf is the call that a run is there for, or else empty.
func taskOf(settings *viper.Viper) string {
	for _, task := range tasks {
		if task.isFlag && settings.GetBool(task.setting) || !task.isFlag && settings.GetString(task.setting) != "" {
			return task.call
		}
	}
	return ""
}

// outputOf is where a run leaves its sync.
func outputOf(settings *viper.Viper) output {
	if settings.GetBool("compact-syncs") {
		return output{pattern: filepath.Join(settings.GetString("compact-output-path"), "compacted-*.c1z")}
	}
	return output{file: settings.GetString("file")}
}

// wanted is the proof that a run must give, which is about to begin. A run
// that is for none of the tasks must leave a finished sync behind.
func wanted(ctx context.Context, settings *viper.Viper) proof {
	if call := taskOf(settings); call != "" {
		return called(call)
	}
	return saved(ctx, outputOf(settings), tempdir.Resolve(settings.GetString("c1z-temp-dir")))
}

// called asks for a call of the connector that went well.
func called(call string) proof {
	return func(heard account) error {
		if heard.Done[call] && heard.Failure == nil {
			return nil
		}
		return errorid.Error("looking for what the run has done", errorid.New(errorid.TaskNotDone, "no call of "+call+" has succeeded; the log above may say why"))
	}
}

// output is where a run leaves its sync: in a file, or in a new one that is named
// after a pattern.
type output struct{ file, pattern string }

func (o output) files() []string {
	if o.pattern == "" {
		return []string{o.file}
	}
	found, _ := filepath.Glob(o.pattern) // A pattern that is none matches nothing.
	return found
}

func (o output) String() string {
	if o.pattern == "" {
		return o.file
	}
	return o.pattern
}

// saved asks for a sync that the run which begins now has finished.
func saved(ctx context.Context, out output, temporary string) proof {
	start := time.Now()
	before, _ := out.syncs(ctx, temporary) // A sync that cannot be read cannot be resumed.
	return func(account) error {
		after, err := out.syncs(ctx, temporary)
		if finishedSince(start, before, after) {
			return nil
		}
		if err == nil {
			err = fmt.Errorf("%s holds no sync that this run has finished; the log above may say why", out)
		}
		return errorid.Error("looking for what the run has saved", errorid.With(errorid.NothingSaved, err))
	}
}

// finishedSince looks for a finished sync that began after the start, or that was
// there unfinished and was taken up. A sync that was finished before
// the run does not count, even if a wrong clock has it begin later.
func finishedSince(start time.Time, before, after []c1z.Run) bool {
	finished := make(map[string]bool)
	for _, run := range before {
		finished[run.ID] = run.Finished
	}
	for _, run := range after {
		was, known := finished[run.ID]
		if run.Finished && !was && (known || !run.Began.Before(start)) {
			return true
		}
	}
	return false
}

// syncs are those in all files that can be read.
func (o output) syncs(ctx context.Context, temporary string) ([]c1z.Run, error) {
	var all []c1z.Run
	var failed error
	for _, file := range o.files() {
		runs, err := c1z.Runs(ctx, file, temporary)
		all, failed = append(all, runs...), errors.Join(failed, err)
	}
	return all, failed
}
