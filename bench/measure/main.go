//go:build linux

// Command measure runs a connector and prints, as a line of JSON, how long it
// took, and the processor time in seconds and the peak memory in KiB of each of
// its processes: the child is the connector itself, the parent is baton-sdk's
// syncer, and the supervisor is what baton-privx puts in front of the two. With
// --server PID, the processor time that another process took meanwhile is
// printed too.
//
// It looks into /proc all the time, as nobody else could tell: baton-sdk kills
// the child when a sync is over, and need not wait for it.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

func main() {
	server := flag.Int("server", 0, "`PID` of a process whose processor time is of interest")
	flag.Parse()
	if err := run(context.Background(), *server, flag.Args(), os.Stdout); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "measure:", err)
		os.Exit(1)
	}
}

// interval is how often it looks. What a process does after the last look is
// missed; no memory is, that was taken before.
const interval = 25 * time.Millisecond

// usage is what a process has used so far.
type usage struct {
	CPU  float64 `json:"cpu"`
	Peak int     `json:"peak"`

	parent int
	args   string
}

// report is what is printed.
type report struct {
	Wall       float64 `json:"wall"`
	Child      usage   `json:"child"`
	Parent     usage   `json:"parent"`
	Supervisor usage   `json:"supervisor"`
	Server     float64 `json:"server"`
}

func run(ctx context.Context, server int, command []string, out io.Writer) error {
	if len(command) == 0 {
		return errors.New("usage: measure [--server PID] COMMAND [ARGUMENT]")
	}
	before := look(server)
	cmd := exec.CommandContext(ctx, command[0], command[1:]...) //nolint:gosec // What it is for.
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stderr, os.Stderr
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	seen, err := watch(cmd.Process.Pid, ended)
	if err != nil {
		return err
	}
	r := sum(seen)
	r.Wall = time.Since(began).Seconds()
	r.Server = look(server).CPU - before.CPU
	return json.NewEncoder(out).Encode(r)
}

// watch looks at a process and all below it until it ends.
func watch(root int, ended <-chan error) (map[int]usage, error) {
	seen := map[int]usage{}
	ticks := time.NewTicker(interval)
	defer ticks.Stop()
	for {
		follow(root, seen)
		select {
		case err := <-ended:
			return seen, err
		case <-ticks.C:
		}
	}
}

// follow notes what a process and those below it have used.
func follow(pid int, seen map[int]usage) {
	now := look(pid)
	// Of a process that is ending, its memory goes first and its arguments next.
	if now.Peak > 0 && now.args != "" {
		seen[pid] = now
	}
	for _, child := range children(pid) {
		follow(child, seen)
	}
}

// children are those of all threads of a process.
func children(pid int) []int {
	var all []int
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid)) // the pattern is well-formed
	for _, name := range lists {
		list, err := os.ReadFile(name)
		if err != nil {
			continue // the thread has ended
		}
		for _, field := range strings.Fields(string(list)) {
			if child, err := strconv.Atoi(field); err == nil {
				all = append(all, child)
			}
		}
	}
	return all
}

// ticksPerSecond is the unit of /proc/PID/stat on Linux.
const ticksPerSecond = 100

// look reads what a process has used; nothing if there is none.
func look(pid int) usage {
	var u usage
	folder := fmt.Sprintf("/proc/%d/", pid)
	stat, err := os.ReadFile(folder + "stat")
	if err != nil {
		return u
	}
	// The name, in brackets, may hold anything.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	const parent, user, system = 1, 11, 12
	if len(fields) <= system {
		return u
	}
	u.parent, _ = strconv.Atoi(fields[parent])
	for _, field := range []int{user, system} {
		ticks, _ := strconv.ParseFloat(fields[field], 64)
		u.CPU += ticks / ticksPerSecond
	}
	u.Peak = peak(folder + "status")
	args, _ := os.ReadFile(folder + "cmdline")
	u.args = string(args)
	return u
}

// peak is the most memory that a process has had, in KiB.
func peak(status string) int {
	text, err := os.ReadFile(status)
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if value, found := strings.CutPrefix(line, "VmHWM:"); found {
			kib, _ := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(value), " kB"))
			return kib
		}
	}
	return 0
}

// sum sorts out which process was which.
func sum(seen map[int]usage) report {
	var r report
	parent := 0
	for _, u := range seen {
		// So baton-sdk starts the connector.
		if strings.HasSuffix(u.args, "\x00_connector-service\x00") {
			r.Child, parent = u, u.parent
		}
	}
	for pid, u := range seen {
		switch {
		case pid == parent:
			r.Parent = u
		case u.args != r.Child.args:
			r.Supervisor = u
		}
	}
	return r
}
