package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"strings"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/conductorone/baton-privx/internal/c1sim"
)

// keepCalls bounds the memory of a simulator that runs for long.
const keepCalls = 1000

// settings are what the flags say.
type settings struct {
	simulator c1sim.Options
	control   string
	caFile    string
	readyFile string
	quiet     bool
}

func parseFlags(args []string, stderr io.Writer) (settings, error) {
	s := settings{simulator: c1sim.Options{KeepCalls: keepCalls}}
	flags := flag.NewFlagSet("c1-sim", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // errors are returned
	flags.StringVar(&s.simulator.Address, "listen", "127.0.0.1:0", "loopback `address` to listen on; port 0 is any free one")
	flags.StringVar(&s.control, "control", "127.0.0.1:0", "loopback `address` of the control endpoint, plain http")
	flags.StringVar(&s.simulator.Host, "host", "localhost", "`name` of the simulator in the client id")
	flags.StringVar(&s.simulator.Dir, "dir", "", "`folder` to keep uploads in (default a temporary one)")
	flags.StringVar(&s.caFile, "ca-file", "", "`file` to write the CA's certificate to (default a temporary one)")
	flags.StringVar(&s.readyFile, "ready-file", "", "`file` to write the environment to, once it listens")
	flags.DurationVar(&s.simulator.NextPoll, "next-poll", 500*time.Millisecond, "`time` between a connector's requests for tasks")
	flags.DurationVar(&s.simulator.NextHeartbeat, "next-heartbeat", 5*time.Second, "`time` between its signs of life during a sync")
	flags.DurationVar(&s.simulator.TokenTTL, "token-ttl", time.Hour, "`time` that tokens hold")
	flags.BoolVar(&s.quiet, "quiet", false, "do not log calls")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			flags.SetOutput(stderr)
			flags.PrintDefaults()
		}
		return settings{}, err
	}
	if flags.NArg() > 0 {
		return settings{}, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	return s, nil
}

// run serves until the context ends.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	s, err := parseFlags(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.run(ctx, stdout, stderr)
}

func (s settings) run(ctx context.Context, stdout, stderr io.Writer) error {
	if s.simulator.Dir != "" {
		dir, err := filepath.Abs(s.simulator.Dir) // of use to whoever is told of a file in it
		if err != nil {
			return err
		}
		if err := os.MkdirAll(dir, 0o750); err != nil {
			return err
		}
		s.simulator.Dir = dir
	}
	sim, err := c1sim.Serve(s.simulator)
	if err != nil {
		return err
	}
	defer sim.Close()
	if !s.quiet {
		sim.OnCall(callLog(stderr))
	}
	control, err := serveControl(sim, s.control)
	if err != nil {
		return err
	}
	defer control.close()

	remove, err := writeCA(&s.caFile, sim.CAPEM)
	if err != nil {
		return err
	}
	defer remove()
	environment := shell(append(sim.Environment(sim.Client, s.caFile), "C1_SIM_CONTROL="+control.url))
	if s.readyFile != "" {
		if err := writeAtomically(s.readyFile, environment); err != nil {
			return err
		}
		defer func() { _ = os.Remove(s.readyFile) }() //nolint:gosec // The caller names a file of their own.
	}
	if _, err := io.WriteString(stdout, environment); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// callLog returns a function that logs calls, except for polls that bring
// nothing.
func callLog(w io.Writer) func(c1sim.Call) {
	logger := log.New(w, "", log.LstdFlags)
	return func(c c1sim.Call) {
		poll := c.Method == "GetTask" || c.Method == "GetTasks"
		if poll && c.Code == codes.OK && len(c.TaskIDs) == 0 {
			return
		}
		logger.Print(c)
	}
}

// shell returns variables as shell commands.
func shell(variables []string) string {
	var b strings.Builder
	for _, variable := range variables {
		name, value, _ := strings.Cut(variable, "=")
		fmt.Fprintf(&b, "export %s='%s'\n", name, strings.ReplaceAll(value, "'", `'\''`))
	}
	return b.String()
}

// writeCA writes the CA's certificate, to a temporary file if none is named. It
// returns a function that removes a temporary one.
func writeCA(name *string, certificate []byte) (func(), error) {
	if *name != "" {
		path, err := filepath.Abs(*name)
		if err != nil {
			return nil, err
		}
		*name = path
		return func() {}, writeAtomically(path, string(certificate))
	}
	file, err := os.CreateTemp("", "c1-sim-ca-*.pem")
	if err != nil {
		return nil, err
	}
	*name = file.Name()
	_, err = file.Write(certificate)
	return func() { _ = os.Remove(file.Name()) }, errors.Join(err, file.Close())
}

// writeAtomically writes a file that others wait for: it is there in full or
// not at all.
func writeAtomically(name, content string) error {
	file, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	_, err = file.WriteString(content)
	if err := errors.Join(err, file.Close()); err != nil {
		_ = os.Remove(file.Name())
		return err
	}
	return os.Rename(file.Name(), name)
}
