package main_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/privxsim"
)

// The proxy of the environment is used, and its credentials are not printed.
func TestProxyFromEnvironment(t *testing.T) {
	t.Parallel()
	const host, proxyPassword = "privx.test", "proxy-hunter2"
	store := privxsim.Seed(privxsim.SeedOptions{Users: 10, Roles: 2})
	server := httptest.NewUnstartedServer(privxsim.New(store, privxsim.Options{}))
	certificate, ca := certificateFor(t, host)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	t.Cleanup(server.Close)
	var tunnels atomic.Int32
	proxy := httptest.NewServer(tunnelTo(server.Listener.Addr().String(), &tunnels))
	t.Cleanup(proxy.Close)

	s := &site{store: store, url: "https://" + host, ca: filepath.Join(t.TempDir(), "ca.pem")}
	require.NoError(t, os.WriteFile(s.ca, ca, 0o600))
	vars := env(s.settings())
	vars["HTTPS_PROXY"] = strings.Replace(proxy.URL, "http://", "http://user:"+proxyPassword+"@", 1)
	got := run(t, vars, "--log-level", "debug")
	require.Zero(t, got.code, got.stderr)
	require.Equal(t, s.memberships(), grantsIn(t, got.file()))
	require.Positive(t, tunnels.Load())
	require.NotContains(t, got.all(), proxyPassword)

	if testing.Short() {
		return // The connector is patient with a proxy that refuses: it takes a quarter of a minute.
	}
	refusing := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(refusing.Close)
	vars["HTTPS_PROXY"] = strings.Replace(refusing.URL, "http://", "http://user:"+proxyPassword+"@", 1)
	got = run(t, vars, "--log-level", "debug", "--http-timeout-seconds", "5")
	require.NotZero(t, got.code)
	require.NotContains(t, got.all(), proxyPassword)
}

// tunnelTo is a proxy that connects whoever asks to one address.
func tunnelTo(address string, tunnels *atomic.Int32) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect || r.Header.Get("Proxy-Authorization") == "" {
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		upstream, err := (&net.Dialer{}).DialContext(r.Context(), "tcp", address)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		w.WriteHeader(http.StatusOK)
		downstream, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			_ = upstream.Close()
			return
		}
		tunnels.Add(1)
		pipe := func(to, from net.Conn) {
			_, _ = io.Copy(to, from)
			_ = to.Close()
		}
		go pipe(upstream, downstream)
		go pipe(downstream, upstream)
	}
}

func certificateFor(t *testing.T, host string) (tls.Certificate, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{host}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
