package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/conductorone/baton-privx/internal/errorid"
	"github.com/conductorone/baton-privx/internal/errorid/errortest"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
)

func ended(t *testing.T, script string) *os.ProcessState {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", script)
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	return cmd.ProcessState
}

func proven(account) error { return nil }

func unproven(account) error { return errors.New("something is missing") }

// A run's own code is passed on as a shell would. Its 0 counts where there is proof,
// and else the failure behind it does, if one is known.
func TestVerdict(t *testing.T) {
	t.Parallel()
	away := account{Failure: &failure{codes.Unavailable, "PrivX is away"}}
	for name, c := range map[string]struct {
		script    string
		stoppedBy syscall.Signal
		heard     account
		proof     proof
		code      int
		text      string
	}{
		"proven":                       {script: "exit 0", proof: proven},
		"proven, after a failure":      {script: "exit 0", heard: away, proof: proven},
		"unproven":                     {script: "exit 0", proof: unproven, code: int(codes.Unknown), text: "something is missing"},
		"unproven, after a failure":    {script: "exit 0", heard: away, proof: unproven, code: int(codes.Unavailable), text: "PrivX is away"},
		"failed, whatever else is so":  {script: "exit 9", heard: away, proof: proven, code: 9},
		"killed":                       {script: "kill -TERM $$", heard: away, proof: proven, code: 128 + 15},
		"told to stop, and ended well": {script: "exit 0", stoppedBy: syscall.SIGINT, proof: proven, code: 128 + 2},
		"told to stop, and did not":    {script: "exit 1", stoppedBy: syscall.SIGTERM, proof: proven, code: 128 + 15},
	} {
		code, text := ending{ended(t, c.script), c.stoppedBy, c.heard}.verdict(c.proof)
		require.Equal(t, c.code, code, name)
		require.Equal(t, c.text, text, name)
	}
}

// A task is done if its own call went well and no call is left that did not.
func TestCalled(t *testing.T) {
	t.Parallel()
	grant := called("Grant")
	require.NoError(t, grant(account{Done: map[string]bool{"Grant": true}}))
	for name, heard := range map[string]account{
		"nothing":                {},
		"another call":           {Done: map[string]bool{"Revoke": true, "Validate": true}},
		"a failure behind it":    {Done: map[string]bool{"Grant": true}, Failure: &failure{codes.Aborted, "lost"}},
		"a failure in its place": {Failure: &failure{codes.Aborted, "lost"}},
	} {
		require.ErrorContains(t, grant(heard), "no call of Grant has succeeded", name)
		require.Equal(t, errorid.TaskNotDone, errortest.ID(t, grant(heard).Error()))
	}
}

// What is heard are the lines that are whole, up to the supervisor's own word, and
// no more than there are if that does not come.
func TestListen(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		said string
		want account
	}{
		"nothing":              {"", account{Done: map[string]bool{}}},
		"up to the last word":  {`{"done":"a"}` + "\n" + `{"done":"b"}` + "\nend\n" + `{"done":"c"}` + "\n", account{Done: map[string]bool{"a": true, "b": true}}},
		"a line that is torn":  {`{"done":"a"}` + "\n" + `{"done":"b"` + "\nend\n", account{Done: map[string]bool{"a": true}}},
		"a line that is cut":   {`{"done":"a"}` + "\n" + `{"done":"b"}`, account{Done: map[string]bool{"a": true}}},
		"the latest failure":   {`{"failure":{"code":14,"text":"x"}}` + "\n" + `{"failure":{"code":7,"text":"y"}}` + "\n", account{map[string]bool{}, &failure{codes.PermissionDenied, "y"}}},
		"a failure made good":  {`{"failure":{"code":14,"text":"x"}}` + "\n" + `{"done":"a"}` + "\n", account{Done: map[string]bool{"a": true}}},
		"a text of many lines": {`{"failure":{"code":2,"text":"x\nend\ny"}}` + "\n", account{map[string]bool{}, &failure{codes.Unknown, "x\nend\ny"}}},
	} {
		require.Equal(t, c.want, listen(strings.NewReader(c.said)), name)
	}
}

// Notes of calls are heard as they were taken, through a pipe.
func TestNotesAreHeard(t *testing.T) {
	t.Parallel()
	from, to, err := os.Pipe()
	require.NoError(t, err)
	heard := make(chan account)
	go func() { heard <- listen(from) }()
	n := newNotes(to)
	n.take("Validate", nil, nil)
	n.take("Grant", nil, errors.New(strings.Repeat("long ", 50_000)))
	_, err = io.WriteString(to, endOfNotes+"\n")
	require.NoError(t, err)
	got := <-heard
	require.Equal(t, map[string]bool{"Validate": true}, got.Done)
	require.Equal(t, codes.Unknown, got.Failure.Code)
	require.Len(t, got.Failure.Text, 250_000)
	// A pipe that nobody reads any more is no reason to fail a call.
	require.NoError(t, from.Close())
	n.take("Grant", nil, context.DeadlineExceeded)
}
