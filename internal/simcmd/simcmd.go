// Package simcmd is what the commands that run simulators have in common: they
// tell a script what it needs to reach them, and run until they are stopped.
package simcmd

import (
	"context"
	"errors"
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

// Announce writes the environment to the ready file, if there is one, and to
// stdout, and waits until the context ends. Then the ready file goes.
func Announce(ctx context.Context, stdout io.Writer, readyFile, environment string) error {
	if readyFile != "" {
		if err := writeAtomically(readyFile, environment); err != nil {
			return err
		}
		defer func() { _ = os.Remove(readyFile) }()
	}
	if _, err := io.WriteString(stdout, environment); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// Shell returns variables, each as NAME=VALUE, as shell commands.
func Shell(variables []string) string {
	var b strings.Builder
	for _, variable := range variables {
		name, value, _ := strings.Cut(variable, "=")
		fmt.Fprintf(&b, "export %s='%s'\n", name, strings.ReplaceAll(value, "'", `'\''`))
	}
	return b.String()
}

// WriteCA writes a CA's certificate to the file that is named, or to a temporary
// one of the command's, and makes the name an absolute path. It returns a
// function that removes a temporary one.
func WriteCA(command string, file *string, certificate []byte) (func(), error) {
	if *file != "" {
		path, err := filepath.Abs(*file)
		if err != nil {
			return nil, err
		}
		*file = path
		return func() {}, writeAtomically(path, string(certificate))
	}
	temporary, err := os.CreateTemp("", command+"-ca-*.pem")
	if err != nil {
		return nil, err
	}
	*file = temporary.Name()
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
