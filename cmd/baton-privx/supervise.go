package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
)

// This file makes the exit code of a one-shot run tell the truth.
//
// baton-sdk v0.25.0 runs the connector in a child process. When a run is over,
// it kills the child, and a goroutine that sees the child's death before main
// has returned ends the whole process with exit code 0, also if the run failed
// (internal/connector/connector.go, runServer). On a busy machine that happens
// every few runs, and nothing within the process can prevent it. So one more
// process stands in front: it starts the real one, and where that ends with 0
// although something failed last, it ends with the code of that failure.
//
// Service mode does not need it (there the child lives as long as the process),
// and neither do the commands that describe the connector.

// failureFileVar names the file in which the connector notes what has failed. It
// is set for the supervised process alone.
const failureFileVar = "PRIVX_SUPERVISED_FAILURE_FILE"

// signalled is what shells add to the number of the signal that ended a process.
const signalled = 128

// lifelineFD is a pipe to the supervisor: its end is the supervisor's end.
const lifelineFD = 3

// needsSupervisor tells whether this process is to stand in front.
func needsSupervisor() bool {
	if os.Getenv(failureFileVar) != "" {
		followSupervisor()
		return false
	}
	return runtime.GOOS != "windows" && isOneShot(os.Args[1:], os.LookupEnv)
}

// isOneShot tells a sync, grant or revoke from service mode and from commands
// such as capabilities.
func isOneShot(args []string, env func(string) (string, bool)) bool {
	if id, _ := env("BATON_CLIENT_ID"); id != "" {
		return false
	}
	for i, arg := range args {
		if arg == "--client-id" || strings.HasPrefix(arg, "--client-id=") || arg == "_connector-service" {
			return false
		}
		if i == 0 && !strings.HasPrefix(arg, "-") {
			return false
		}
	}
	return true
}

// followSupervisor ends this process when the supervisor is gone, however it
// went: nobody would wait for the result.
func followSupervisor() {
	// The child of this process has its own business with the descriptor.
	if len(os.Args) > 1 && os.Args[len(os.Args)-1] == "_connector-service" {
		return
	}
	syscall.CloseOnExec(lifelineFD)
	lifeline := os.NewFile(lifelineFD, "lifeline")
	go func() {
		_, _ = io.Copy(io.Discard, lifeline)
		os.Exit(1)
	}()
}

// supervise runs this program again and gives the exit code of the run.
func supervise() int {
	code, err := runSupervised()
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "baton-privx: starting:", err)
		return 1
	}
	return code
}

func runSupervised() (int, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	dir, err := os.MkdirTemp("", "baton-privx-")
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	failureFile := filepath.Join(dir, "failure")
	theirEnd, ourEnd, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	defer func() { _ = ourEnd.Close() }()

	cmd := exec.CommandContext(context.Background(), self, os.Args[1:]...) //nolint:gosec // This very program, with the very same arguments.
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), failureFileVar+"="+failureFile)
	cmd.ExtraFiles = []*os.File{theirEnd}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	_ = theirEnd.Close()
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
		return 0, err
	}
	if number := stoppedBy.Load(); number != 0 {
		// The SDK ends with 0 when it is interrupted, though nothing is finished.
		return signalled + int(number), nil
	}
	code, swallowed := exitCode(cmd.ProcessState, failureFile)
	if swallowed != "" {
		_, _ = fmt.Fprintln(os.Stderr, swallowed)
	}
	return code, nil
}

// exitCode is the run's own exit code, as a shell would give it, or that of a
// failure that the run has swallowed, with its text.
func exitCode(state *os.ProcessState, failureFile string) (int, string) {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return signalled + int(status.Signal()), ""
	}
	if code := state.ExitCode(); code != 0 {
		return code, ""
	}
	noted, err := os.ReadFile(failureFile)
	if err != nil {
		return 0, ""
	}
	number, text, _ := strings.Cut(string(noted), "\n")
	code, err := strconv.Atoi(number)
	if err != nil {
		return 1, text
	}
	return code, text
}
