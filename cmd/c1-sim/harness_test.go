package main

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	v1 "github.com/conductorone/baton-sdk/pb/c1/connectorapi/baton/v1"
	"github.com/conductorone/baton-sdk/pkg/ugrpc"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/conductorone/baton-privx/internal/simcert"
	"github.com/conductorone/baton-privx/internal/simcmd/simtest"
)

// authority signs for all simulators here, and this process trusts it.
var authority *simcert.CA

func TestMain(m *testing.M) {
	var remove func()
	authority, remove = simtest.TrustedCA()
	code := m.Run()
	remove()
	os.Exit(code)
}

// instance is a running c1-sim.
type instance struct {
	*simtest.Command

	t *testing.T
}

// start runs c1-sim on free ports and waits until it has said where.
func start(t *testing.T, args ...string) *instance {
	t.Helper()
	s, err := parseFlags(append([]string{"--next-poll", "20ms"}, args...), io.Discard)
	require.NoError(t, err)
	s.simulator.CA = authority
	return &instance{t: t, Command: simtest.Start(t, s.run)}
}

// ask asks the control endpoint, and returns the lines of the answer too.
func (i *instance) ask(method, path string) (int, string) {
	i.t.Helper()
	request, err := http.NewRequestWithContext(i.t.Context(), method, i.Environment["C1_SIM_CONTROL"]+path, http.NoBody)
	require.NoError(i.t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(i.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(i.t, err)
	return response.StatusCode, string(body)
}

// values asks for what has to succeed, and reads its lines.
func (i *instance) values(method, path string) map[string]string {
	i.t.Helper()
	status, body := i.ask(method, path)
	require.Equal(i.t, http.StatusOK, status, body)
	return read(i.t, body)
}

func read(t *testing.T, body string) map[string]string {
	t.Helper()
	values := map[string]string{}
	for line := range strings.Lines(body) {
		name, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		require.True(t, ok, body)
		values[name] = value
	}
	return values
}

// client is a client with the credentials that c1-sim gives away.
func (i *instance) client() v1.BatonServiceClient {
	i.t.Helper()
	provider, _, host, err := ugrpc.NewC1CredentialProvider(i.t.Context(), i.Environment["BATON_CLIENT_ID"], i.Environment["BATON_CLIENT_SECRET"])
	require.NoError(i.t, err)
	certificate, err := os.ReadFile(i.Environment["SSL_CERT_FILE"])
	require.NoError(i.t, err)
	pool := x509.NewCertPool()
	require.True(i.t, pool.AppendCertsFromPEM(certificate))
	conn, err := grpc.NewClient(host, grpc.WithPerRPCCredentials(provider),
		grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12})))
	require.NoError(i.t, err)
	i.t.Cleanup(func() { _ = conn.Close() })
	return v1.NewBatonServiceClient(conn)
}
