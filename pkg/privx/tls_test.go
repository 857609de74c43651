package privx_test

import (
	"bytes"
	"crypto/tls"
	"io/fs"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/conductorone/baton-privx/internal/errorid"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/privx"
)

// tlsHarness is a simulator behind TLS, without a client.
type tlsHarness struct {
	sim *privxsim.Simulator
	url string
	ca  []byte
}

func newTLSHarness(t *testing.T, o privxsim.ServeOptions) tlsHarness {
	t.Helper()
	sim := privxsim.New(privxsim.Seed(privxsim.SeedOptions{Users: 5, Roles: 5}), privxsim.Options{})
	server := serve(t, sim, o)
	return tlsHarness{sim, server.URL, server.CAPEM}
}

// trusting makes a client that trusts the CAs of a bundle.
func (h tlsHarness) trusting(t *testing.T, bundle []byte) *privx.Client {
	t.Helper()
	config := privx.Config{BaseURL: parseURL(t, h.url), Credentials: allFour}
	if bundle != nil {
		certs, err := privx.ParseCertificates(bundle)
		require.NoError(t, err)
		config.CertificateAuthorities = certs
	}
	client, err := privx.New(t.Context(), config)
	require.NoError(t, err)
	privx.SetBackOff(client, noPause)
	privx.SetTokenPauses(client)
	return client
}

func TestForeignCAIsRefused(t *testing.T) {
	t.Parallel()
	h, other := newTLSHarness(t, privxsim.ServeOptions{TLS: true}), newTLSHarness(t, privxsim.ServeOptions{TLS: true})
	for name, bundle := range map[string][]byte{"none given": nil, "another given": other.ca} {
		client := h.trusting(t, bundle)
		_, err := client.ListRoles(t.Context(), "")
		e := asError(t, err, codes.FailedPrecondition, 0)
		require.Contains(t, e.Hint, "ca-certificate", name)
		require.Equal(t, errorid.CertificateUntrusted, errorid.Of(err), name)
		var refused *tls.CertificateVerificationError
		require.ErrorAs(t, err, &refused)
		require.EqualValues(t, 1, client.Calls(), "R4: not retried")
	}
	require.Empty(t, h.sim.Requests())
}

func TestGivenCAIsTrusted(t *testing.T) {
	t.Parallel()
	h, other := newTLSHarness(t, privxsim.ServeOptions{TLS: true}), newTLSHarness(t, privxsim.ServeOptions{TLS: true})
	for name, bundle := range map[string][]byte{
		"alone":       h.ca,
		"first":       bytes.Join([][]byte{h.ca, other.ca}, nil),
		"second":      bytes.Join([][]byte{other.ca, h.ca}, []byte("\n")),
		"with a text": bytes.Join([][]byte{[]byte("# The CA of PrivX\n"), h.ca, []byte("\n# The end\n")}, nil),
	} {
		require.NoError(t, h.trusting(t, bundle).Check(t.Context()), name)
	}
}

// A certificate for another host name is refused, too.
func TestCertificateWithAnotherNameIsRefused(t *testing.T) {
	t.Parallel()
	h := newTLSHarness(t, privxsim.ServeOptions{TLS: true, Address: "127.0.0.2:0"})
	h.url = strings.Replace(h.url, "127.0.0.2", "127.0.0.3", 1)
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", strings.TrimPrefix(h.url, "https://"))
	if err != nil {
		t.Skip("127.0.0.3 cannot be listened on")
	}
	t.Cleanup(func() { _ = listener.Close() })
	server := httptest.NewUnstartedServer(h.sim)
	_ = server.Listener.Close()
	server.Listener = listener
	server.StartTLS() // With httptest's own certificate, which is not for this address.
	t.Cleanup(server.Close)
	client := h.trusting(t, h.ca)
	e := asError(t, second(client.ListRoles(t.Context(), "")), codes.FailedPrecondition, 0)
	require.Equal(t, errorid.CertificateName, errorid.Of(e))
}

func TestOldTLSIsRefused(t *testing.T) {
	t.Parallel()
	for version, good := range map[uint16]bool{tls.VersionTLS10: false, tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		h := newTLSHarness(t, privxsim.ServeOptions{TLS: true, MaxVersion: version})
		client := h.trusting(t, h.ca)
		_, err := client.ListRoles(t.Context(), "")
		if good {
			require.NoError(t, err)
			continue
		}
		e := asError(t, err, codes.FailedPrecondition, 0)
		require.Contains(t, e.Hint, "TLS 1.2 or later", err)
		require.Equal(t, errorid.TLSRefused, errorid.Of(err))
		require.EqualValues(t, 1, client.Calls(), "R4: not retried")
		require.Empty(t, h.sim.Requests())
	}
}

func TestPlainHTTPBehindHTTPS(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{})
	client := newClient(t.Context(), t, strings.Replace(h.url, "http://", "https://", 1), allFour)
	e := asError(t, second(client.ListRoles(t.Context(), "")), codes.FailedPrecondition, 0)
	require.Contains(t, e.Hint, "scheme")
	require.Equal(t, errorid.NotTLS, errorid.Of(e))
	require.EqualValues(t, 1, client.Calls(), "R4: not retried")
}

func TestParseCertificates(t *testing.T) {
	t.Parallel()
	a, b := newTLSHarness(t, privxsim.ServeOptions{TLS: true}).ca, newTLSHarness(t, privxsim.ServeOptions{TLS: true}).ca
	both, err := privx.ParseCertificates(append(bytes.Clone(a), b...))
	require.NoError(t, err)
	require.Len(t, both, 2)
	const key = "-----BEGIN PRIVATE KEY-----\nQ0FOQVJZLUtFWQ==\n-----END PRIVATE KEY-----\n"
	for name, bundle := range map[string]string{
		"empty":            "",
		"blank":            " \n",
		"no PEM":           "MIIB",
		"DER":              "\x30\x82\x01\x00",
		"a key":            key,
		"a key behind":     string(a) + key,
		"not base64":       "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n",
		"not X.509":        "-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n",
		"cut":              string(a[:len(a)/2]),
		"second cut":       string(a) + string(b[:len(b)/2]),
		"second not X.509": string(a) + "-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n",
		"first cut":        string(a[:len(a)/2]) + "\n" + string(b),
	} {
		_, err := privx.ParseCertificates([]byte(bundle))
		require.Error(t, err, name)
		require.NotContains(t, err.Error(), "CANARY")
		require.NotContains(t, err.Error(), "Q0FOQVJZ")
	}
}

// Nothing can switch the verification of certificates off.
func TestNoWayAroundVerification(t *testing.T) {
	t.Parallel()
	files := 0
	for _, root := range []string{"../../pkg", "../../cmd"} {
		require.NoError(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			files++
			source, err := os.ReadFile(path)
			for _, word := range []string{"InsecureSkipVerify", "VerifyPeerCertificate", "VerifyConnection"} {
				require.NotContains(t, string(source), word, path)
			}
			return err
		}))
	}
	require.Greater(t, files, 10)
}

// Go reads the environment's proxy and CAs once in a process. So tests that depend on them
// run in another process: this binary again, with one test.
const childEnv = "PRIVX_TEST_CHILD"

// runChild lets another process check some servers. Each is given as a URL and, after a
// space, a file of CAs. It returns the result for each, and all output of the process.
func runChild(t *testing.T, servers []string, env ...string) ([]string, string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChild$", "-test.v")
	cmd.Env = append([]string{childEnv + "=" + strings.Join(servers, "\n")}, env...)
	output, err := cmd.CombinedOutput()
	require.NoError(t, err, string(output))
	outcomes := strings.Split(string(output), "outcome: ")[1:]
	require.Len(t, outcomes, len(servers), string(output))
	return outcomes, string(output)
}

func TestChild(t *testing.T) {
	t.Parallel()
	servers := os.Getenv(childEnv)
	if servers == "" {
		t.Skip("for other tests")
	}
	for server := range strings.Lines(servers) {
		address, file, _ := strings.Cut(strings.TrimSpace(server), " ")
		t.Logf("outcome: %v", checkFrom(t, address, file))
	}
}

func checkFrom(t *testing.T, address, caFile string) error {
	t.Helper()
	h := tlsHarness{url: address}
	if caFile == "" {
		return h.trusting(t, nil).Check(t.Context())
	}
	bundle, err := os.ReadFile(caFile)
	require.NoError(t, err)
	return h.trusting(t, bundle).Check(t.Context())
}

// The given CA is trusted in addition to the system's.
func TestSystemRootsStay(t *testing.T) {
	t.Parallel()
	system, private, foreign := newTLSHarness(t, privxsim.ServeOptions{TLS: true}), newTLSHarness(t, privxsim.ServeOptions{TLS: true}),
		newTLSHarness(t, privxsim.ServeOptions{TLS: true})
	dir := t.TempDir()
	systemFile, privateFile := filepath.Join(dir, "system.pem"), filepath.Join(dir, "private.pem")
	require.NoError(t, os.WriteFile(systemFile, system.ca, 0o600))
	require.NoError(t, os.WriteFile(privateFile, private.ca, 0o600))
	outcomes, output := runChild(t, []string{
		system.url, system.url + " " + privateFile, private.url + " " + privateFile, // Good.
		private.url, foreign.url + " " + privateFile, // Bad.
	}, "SSL_CERT_FILE="+systemFile, "SSL_CERT_DIR="+filepath.Join(dir, "none"))
	for i, outcome := range outcomes {
		good := i < 3
		require.Equal(t, good, strings.HasPrefix(outcome, "<nil>"), output)
		require.Equal(t, !good, strings.Contains(outcome, "ca-certificate"), output)
	}
}
