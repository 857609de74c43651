package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/conductorone/baton-privx/internal/errorid"

	"github.com/spf13/cobra"
	"github.com/spf13/viper"
	"google.golang.org/grpc/codes"
)

// This file makes the exit code of a one-shot run tell the truth.
//
// baton-sdk v0.26.0 runs the connector in a child process. When a run is over,
// it kills the child, and a goroutine that sees the child's death before main
// has returned ends the whole process with exit code 0, also if the run failed
// (internal/connector/connector.go, runServer). On a busy machine, or where
// standard error is read slowly, that happens often, and nothing within the
// process can prevent it. So one more process stands in front: it starts the real
// one, and where that ends with 0, it asks for the proof that something was done
// (proof.go). Where there is none, the run ends with the code of what has failed.
//
// Service mode does not need it (there the child lives as long as the process),
// and neither do the commands that describe the connector.

// supervisedVar is set for the supervised process and the connector's own, which
// is the child of that.
const supervisedVar = "PRIVX_SUPERVISED"

// What the supervised process is given: lifelineFD, a pipe whose end is the
// supervisor's end, and notesFD, a pipe for the connector's notes. The latter is
// left open for the child, where baton-sdk has put a socket in the former's place.
const (
	lifelineFD = 3
	notesFD    = 4
)

// notesPipe is the connector's end of its pipe. The file is kept for as long as the
// process lives: the garbage collector would close it before the child has inherited it.
var notesPipe = sync.OnceValue(func() *os.File { return os.NewFile(notesFD, "notes") })

// signalled is what shells add to the number of the signal that ended a process.
const signalled = 128

func underSupervisor() bool { return os.Getenv(supervisedVar) != "" }

// supervised puts the supervisor in front of what the SDK's main command runs. The
// SDK has read all settings by then, and its other commands do not come here.
func supervised(settings *viper.Viper, run func(*cobra.Command, []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		// The SDK's first step, too: before it, the settings do not know the flags.
		if err := settings.BindPFlags(cmd.Flags()); err != nil {
			return err
		}
		if underSupervisor() {
			followSupervisor()
			return run(cmd, args)
		}
		if err := checkTargeted(settings); err != nil {
			return err
		}
		if runtime.GOOS == "windows" || isService(settings) {
			return run(cmd, args)
		}
		os.Exit(supervise(cmd.Context(), settings))
		return nil
	}
}

// isService tells service mode from a one-shot run, as the SDK does.
func isService(settings *viper.Viper) bool { return settings.GetString("client-id") != "" }

// isOneShot tells a one-shot run from service mode in the processes that do the work. A
// connector that ConductorOne itself runs is neither under a supervisor nor one-shot.
func isOneShot(settings *viper.Viper) bool {
	return underSupervisor() || runtime.GOOS == "windows" && !isService(settings)
}

// followSupervisor ends this process when the supervisor is gone, however it
// went: nobody would wait for the result.
func followSupervisor() {
	// The child of this process must not inherit the pipe: baton-sdk gives it a socket
	// under the same number.
	syscall.CloseOnExec(lifelineFD)
	lifeline := os.NewFile(lifelineFD, "lifeline")
	go func() {
		_, _ = io.Copy(io.Discard, lifeline)
		os.Exit(1)
	}()
}

// supervise runs this program again and gives the exit code of the run.
func supervise(ctx context.Context, settings *viper.Viper) int {
	proven := wanted(ctx, settings)
	ended, err := runSupervised(ctx)
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, errorid.Text("starting", errorid.With(errorid.NotStarted, err)))
		return 1
	}
	code, text := ended.verdict(proven)
	if text != "" {
		_, _ = fmt.Fprintln(os.Stderr, text)
	}
	return code
}

// ending is how a run ended.
type ending struct {
	state     *os.ProcessState
	stoppedBy syscall.Signal // what the supervisor was told to pass on, or 0
	heard     account
}

// verdict is the exit code: the run's own, as a shell would give it, or, where that
// is 0 without proof, that of the failure behind it, with its text.
func (e ending) verdict(proven proof) (int, string) {
	if e.stoppedBy != 0 {
		// The SDK ends with 0 when it is interrupted, though nothing is finished.
		return signalled + int(e.stoppedBy), ""
	}
	if status, ok := e.state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return signalled + int(status.Signal()), ""
	}
	if code := e.state.ExitCode(); code != 0 {
		return code, ""
	}
	missing := proven(e.heard)
	if missing == nil {
		return 0, ""
	}
	if failure := e.heard.Failure; failure != nil {
		return int(failure.Code), failure.Text
	}
	return int(codes.Unknown), missing.Error()
}

func runSupervised(ctx context.Context) (ending, error) {
	var e ending
	self, err := os.Executable()
	if err != nil {
		return e, err
	}
	theirLifeline, ourLifeline, err := os.Pipe()
	if err != nil {
		return e, err
	}
	defer func() { _ = ourLifeline.Close() }()
	ourNotes, theirNotes, err := os.Pipe()
	if err != nil {
		return e, err
	}
	defer func() { _ = ourNotes.Close() }()

	cmd := exec.CommandContext(ctx, self, os.Args[1:]...) //nolint:gosec // This very program, with the very same arguments.
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), supervisedVar+"=1")
	cmd.ExtraFiles = []*os.File{theirLifeline, theirNotes}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if err := cmd.Start(); err != nil {
		return e, err
	}
	_ = theirLifeline.Close()
	heard := make(chan account, 1)
	go func() { heard <- listen(ourNotes) }()
	var stoppedBy atomic.Int32
	go func() {
		for s := range signals {
			if number, ok := s.(syscall.Signal); ok {
				stoppedBy.Store(int32(number)) //nolint:gosec // The numbers of signals are small.
			}
			_ = cmd.Process.Signal(s)
		}
	}()
	err = cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return e, err
	}
	// All notes of a run are in the pipe when it ends. Its child may live on for a
	// moment, so what is waited for is not the end of the pipe, but our own word.
	_, _ = io.WriteString(theirNotes, "\n"+endOfNotes+"\n")
	return ending{cmd.ProcessState, syscall.Signal(stoppedBy.Load()), <-heard}, nil
}

// endOfNotes is what the supervisor writes behind the notes.
const endOfNotes = "end"

// account is what the notes of a run come to.
type account struct {
	// Done are the calls that went well at least once.
	Done map[string]bool
	// Failure is one of the calls that have failed and not succeeded since: the one that
	// says most about why.
	Failure *failure
}

// listen reads notes, one a line, to their end.
func listen(to io.Reader) account {
	heard := account{Done: make(map[string]bool)}
	for reader := bufio.NewReader(to); ; {
		line, err := reader.ReadBytes('\n')
		if err != nil || string(line) == endOfNotes+"\n" {
			return heard
		}
		var n note
		if json.Unmarshal(line, &n) != nil {
			continue // A line that is no note proves nothing.
		}
		if n.Done != "" {
			heard.Done[n.Done] = true
		}
		heard.Failure = n.Failure
	}
}
