package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"log"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/conductorone/baton-privx/internal/c1sim"
	"github.com/conductorone/baton-privx/internal/simcmd"
)

// keepCalls bounds the memory of a simulator that runs for long.
const keepCalls = 1000

// settings are what the flags say.
type settings struct {
	simcmd.Common

	simulator c1sim.Options
	control   string
}

func parseFlags(args []string, stderr io.Writer) (settings, error) {
	s := settings{simulator: c1sim.Options{KeepCalls: keepCalls}}
	flags := s.Flags(command)
	flags.StringVar(&s.simulator.Address, "listen", "127.0.0.1:0", "loopback `address` to listen on; port 0 is any free one")
	flags.StringVar(&s.control, "control", "127.0.0.1:0", "loopback `address` of the control endpoint, plain http")
	flags.StringVar(&s.simulator.Host, "host", "localhost", "`name` of the simulator in the client id")
	flags.StringVar(&s.simulator.Dir, "dir", "", "`folder` to keep uploads in (default a temporary one)")
	flags.DurationVar(&s.simulator.NextPoll, "next-poll", 500*time.Millisecond, "`time` between a connector's requests for tasks")
	flags.DurationVar(&s.simulator.NextHeartbeat, "next-heartbeat", 5*time.Second, "`time` between its signs of life during a sync")
	flags.DurationVar(&s.simulator.TokenTTL, "token-ttl", time.Hour, "`time` that tokens hold")
	return s, simcmd.Parse(flags, args, stderr)
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
	if !s.Quiet {
		sim.OnCall(callLog(stderr))
	}
	control, err := serveControl(sim, s.control)
	if err != nil {
		return err
	}
	defer control.close()

	remove, err := s.WriteCA(command, sim.CAPEM)
	if err != nil {
		return err
	}
	defer remove()
	return s.Announce(ctx, stdout, append(sim.Environment(sim.Client, s.CAFile), "C1_SIM_CONTROL="+control.url))
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
