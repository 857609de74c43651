// Package simtest is for tests of simulators and of the commands that run them.
package simtest

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/conductorone/baton-privx/internal/simcert"
)

// Log is a text that several goroutines may write and read at the same time.
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write appends to the text.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String returns the text so far.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Command is a running command.
type Command struct {
	Environment map[string]string // the variables that it has announced
	Stdout      string
	Log         *Log   // its standard error
	Stop        func() // ends it and waits; a second call does nothing
}

// Start runs a command until the end of the test, and waits until it has announced
// its environment. An error that it ends with fails the test.
func Start(t *testing.T, run func(ctx context.Context, stdout, stderr io.Writer) error) *Command {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	reader, writer := io.Pipe()
	log, done := &Log{}, make(chan error, 1)
	go func() {
		err := run(ctx, writer, log)
		_ = writer.CloseWithError(io.ErrUnexpectedEOF) // if nothing was announced, Read returns
		done <- err
	}()
	text := make([]byte, 1<<16)
	n, err := reader.Read(text) // the environment comes in one piece
	if err != nil {
		cancel()
		t.Fatalf("the command ended: %v", <-done)
	}
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	t.Cleanup(stop)
	stdout := string(text[:n])
	return &Command{Environment: parseExports(t, stdout), Stdout: stdout, Log: log, Stop: stop}
}

// parseExports reads shell commands that export variables.
func parseExports(t *testing.T, text string) map[string]string {
	t.Helper()
	variables := map[string]string{}
	for line := range strings.Lines(text) {
		assignment, exported := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "export ")
		name, value, assigned := strings.Cut(assignment, "=")
		if !exported || !assigned || len(value) < 2 || value[0] != '\'' || value[len(value)-1] != '\'' {
			t.Fatalf("not usable with eval: %q", line)
		}
		variables[name] = strings.ReplaceAll(value[1:len(value)-1], `'\''`, "'")
	}
	return variables
}

// TrustedCA makes a CA and has this process trust it: SSL_CERT_FILE names a
// temporary file with its certificate, which the returned function removes. It is
// for TestMain, as Go reads that variable once, when the first certificate is
// verified.
func TrustedCA() (*simcert.CA, func()) {
	ca, err := simcert.NewCA("CA of tests")
	if err != nil {
		panic(err)
	}
	dir, err := os.MkdirTemp("", "simtest-*")
	if err != nil {
		panic(err)
	}
	file := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(file, ca.PEM, 0o600); err != nil {
		panic(err)
	}
	if err := os.Setenv("SSL_CERT_FILE", file); err != nil {
		panic(err)
	}
	return ca, func() { _ = os.RemoveAll(dir) }
}
