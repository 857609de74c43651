// Package simcmd is what the commands that run simulators have in common: they
// tell a script what it needs to reach them, and run until they are stopped.
package simcmd

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

// Main runs a command until it ends or is interrupted.
func Main(name string, run func(ctx context.Context, args []string, stdout, stderr io.Writer) error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, name+":", err)
		os.Exit(1)
	}
}

// Common are the settings that each of the commands has.
type Common struct {
	CAFile    string
	ReadyFile string
	Quiet     bool
}

// Flags returns the flags of a command, of which those for the common settings are
// declared.
func (c *Common) Flags(command string) *flag.FlagSet {
	flags := flag.NewFlagSet(command, flag.ContinueOnError)
	flags.StringVar(&c.CAFile, "ca-file", "", "`file` to write the CA's certificate to (default a temporary one)")
	flags.StringVar(&c.ReadyFile, "ready-file", "", "`file` to write the environment to, once it listens")
	flags.BoolVar(&c.Quiet, "quiet", false, "do not log calls")
	return flags
}

// Parse parses arguments, all of which must be flags. If help is asked for, it
// prints the flags to stderr and returns flag.ErrHelp.
func Parse(flags *flag.FlagSet, args []string, stderr io.Writer) error {
	flags.SetOutput(io.Discard) // errors are returned
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			flags.SetOutput(stderr)
			flags.PrintDefaults()
		}
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	return nil
}

// Announce writes variables, each as NAME=VALUE, to the ready file, if there is
// one, and to stdout, as shell commands that export them. It waits until the
// context ends, and then removes the ready file.
func (c *Common) Announce(ctx context.Context, stdout io.Writer, variables []string) error {
	environment := exports(variables)
	if c.ReadyFile != "" {
		if err := writeAtomically(c.ReadyFile, environment); err != nil {
			return err
		}
		defer func() { _ = os.Remove(c.ReadyFile) }()
	}
	if _, err := io.WriteString(stdout, environment); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// exports returns the shell commands that export variables.
func exports(variables []string) string {
	var b strings.Builder
	for _, variable := range variables {
		name, value, _ := strings.Cut(variable, "=")
		fmt.Fprintf(&b, "export %s='%s'\n", name, strings.ReplaceAll(value, "'", `'\''`))
	}
	return b.String()
}

// WriteCA writes a CA's certificate to the CA file, or to a temporary file of the
// command if none is named, and makes the name an absolute path. It returns a
// function that removes a temporary file.
func (c *Common) WriteCA(command string, certificate []byte) (func(), error) {
	if c.CAFile != "" {
		path, err := filepath.Abs(c.CAFile)
		if err != nil {
			return nil, err
		}
		c.CAFile = path
		return func() {}, writeAtomically(path, string(certificate))
	}
	temporary, err := os.CreateTemp("", command+"-ca-*.pem")
	if err != nil {
		return nil, err
	}
	c.CAFile = temporary.Name()
	_, err = temporary.Write(certificate)
	return func() { _ = os.Remove(temporary.Name()) }, errors.Join(err, temporary.Close())
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
