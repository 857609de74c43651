package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	v1 "github.com/conductorone/baton-sdk/pb/c1/connectorapi/baton/v1"
	"github.com/stretchr/testify/require"
)

func TestFilesAreWrittenAndTemporaryOnesRemoved(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	caFile, readyFile := filepath.Join(dir, "ca's.pem"), filepath.Join(dir, "ready.env")
	i := start(t, "--ca-file", caFile)
	require.Equal(t, caFile, i.Environment["SSL_CERT_FILE"])
	certificate, err := os.ReadFile(caFile)
	require.NoError(t, err)
	require.Equal(t, string(authority.PEM), string(certificate))
	i.Stop()
	require.FileExists(t, caFile, "it was asked for")

	i = start(t, "--ready-file", readyFile, "--quiet")
	content, err := os.ReadFile(readyFile)
	require.NoError(t, err)
	require.Equal(t, i.Stdout, string(content))
	info, err := os.Stat(readyFile)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "it holds a secret")
	_, err = i.client().GetTask(t.Context(), v1.BatonServiceGetTaskRequest_builder{HostId: "host-1"}.Build())
	require.NoError(t, err)
	i.Stop()
	require.NoFileExists(t, readyFile)
	require.NoFileExists(t, i.Environment["SSL_CERT_FILE"])
	require.Empty(t, i.Log.String())
}

func TestMistakesEndIt(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"--no-such-flag"},
		{"stray"},
		{"--listen", "0.0.0.0:0"},
		{"--control", "0.0.0.0:0"},
		{"--control", "no-such-host.invalid:1"},
		{"--ca-file", "/no/such/folder/ca.pem"},
		{"--ready-file", "/no/such/folder/ready.env"},
		{"--dir", "/dev/null/folder"},
	} {
		require.Error(t, run(t.Context(), args, io.Discard, io.Discard), "%q", args)
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	var stderr bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"-h"}, io.Discard, &stderr))
	require.Contains(t, stderr.String(), "-ready-file")
}
