package connection_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/connection"
	"github.com/conductorone/baton-privx/internal/doctor/doctortest"
	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/privx"
)

// adjustments are what is done to the client of a visit before its first request, by its
// configuration. They are not by the address: one on loopback may be another test's later.
var adjustments sync.Map

// adjust replaces parts of the client's transport.
func adjust(given doctor.Given, change func(*http.Transport)) doctor.Given {
	return adjustClient(given, func(client *privx.Client) {
		transport, _ := client.API().Tuning().Transport.(*http.Transport)
		change(transport)
	})
}

func adjustClient(given doctor.Given, change func(*privx.Client)) doctor.Given {
	adjustments.Store(given.Config, change)
	return given
}

// layers are those of the package, with the adjustments.
func layers() []doctor.Layer {
	all := connection.Layers()
	first := &all[0].Checks[0]
	run := first.Run
	first.Run = func(ctx context.Context, v *doctor.Visit) doctor.Finding {
		found := run(ctx, v)
		if v.Client == nil {
			return found
		}
		if change, ok := adjustments.Load(v.Given.Config); ok {
			change.(func(*privx.Client))(v.Client)
		}
		return found
	}
	return all
}

// runCases runs the cases of one layer.
func runCases(t *testing.T, layer string, cases []doctortest.Case) {
	t.Helper()
	for _, l := range layers() {
		if l.Name == layer {
			doctortest.RunCases(t, layers(), []doctor.Layer{l}, cases)
			return
		}
	}
	t.Fatalf("there is no layer %s", layer)
}

// arranger makes what a check finds.
type arranger = func(t *testing.T) doctor.Given

// ordinary is a PrivX as it is assumed to be, and as its options and faults change it.
func ordinary(options privxsim.Options, faults ...privxsim.Fault) arranger {
	return func(t *testing.T) doctor.Given {
		site := doctortest.NewSite(t, nil, options)
		for _, fault := range faults {
			site.Sim.Inject(fault)
		}
		return site.Given(t)
	}
}

// changed is an ordinary PrivX with other settings.
func changed(options privxsim.Options, change func(*doctor.Given)) arranger {
	return func(t *testing.T) doctor.Given {
		given := ordinary(options)(t)
		change(&given)
		return given
	}
}

// authority is a CA whose certificates can have everything wrong with them.
type authority struct {
	pem         []byte
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	// sent are the certificates that a server sends beside its own.
	sent [][]byte
}

func newAuthority(t *testing.T, changes ...func(*x509.Certificate)) *authority {
	t.Helper()
	return (*authority)(nil).authority(t, changes...)
}

// authority is a CA below this one; a root if there is none.
func (a *authority) authority(t *testing.T, changes ...func(*x509.Certificate)) *authority {
	t.Helper()
	name := "Test CA"
	if a != nil {
		name = "Intermediate CA"
	}
	template := certificate(name, append([]func(*x509.Certificate){valid(-10, 3650)}, changes...))
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	template.ExtKeyUsage, template.DNSNames, template.IPAddresses = nil, nil, nil
	made, der, key := a.issue(t, template)
	below := &authority{pem: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), certificate: made, key: key}
	if a != nil {
		below.sent = append([][]byte{der}, a.sent...)
	}
	return below
}

// server makes a certificate for a server on loopback.
func (a *authority) server(t *testing.T, changes ...func(*x509.Certificate)) tls.Certificate {
	t.Helper()
	_, der, key := a.issue(t, certificate("PrivX", changes))
	return tls.Certificate{Certificate: append([][]byte{der}, a.sent...), PrivateKey: key}
}

func (a *authority) issue(t *testing.T, template *x509.Certificate) (*x509.Certificate, []byte, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	parent, signer := template, key
	if a != nil {
		parent, signer = a.certificate, a.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	require.NoError(t, err)
	made, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return made, der, key
}

func certificate(name string, changes []func(*x509.Certificate)) *x509.Certificate {
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: name}, NotBefore: now.Add(-10 * day), NotAfter: now.Add(365 * day),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	for _, change := range changes {
		change(template)
	}
	return template
}

const (
	day = 24 * time.Hour
	// moment and while are how long a request may take that is known to wait for longer. All
	// that can be relied on within a moment is that a connection on loopback comes about.
	moment, while = 300 * time.Millisecond, 2 * time.Second
)

// valid makes a certificate valid from and until so many days from now.
func valid(from, until int) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = time.Now().Add(time.Duration(from)*day-time.Hour), time.Now().Add(time.Duration(until)*day+time.Hour)
	}
}

// hosts makes a certificate out to some names.
func hosts(names ...string) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.DNSNames, c.IPAddresses = names, nil }
}

// serve serves a simulated PrivX on loopback in a way of its own, and returns the settings
// that lead there, with a CA to trust.
func serve(t *testing.T, config *tls.Config, ca []byte) doctor.Given {
	t.Helper()
	given := ordinary(privxsim.Options{})(t)
	sim := privxsim.New(privxsim.Seed(privxsim.SeedOptions{Users: 10, Roles: 4}), privxsim.Options{})
	server := httptest.NewUnstartedServer(sim)
	server.EnableHTTP2 = config.NextProtos != nil
	server.TLS, server.Config.ErrorLog = config, log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	given.Config.BaseUrl, given.Config.CaCertificate = server.URL, ca
	return given
}

// withCertificate serves with a certificate of a CA that is given.
func withCertificate(t *testing.T, ca *authority, changes ...func(*x509.Certificate)) doctor.Given {
	t.Helper()
	return serve(t, &tls.Config{Certificates: []tls.Certificate{ca.server(t, changes...)}}, ca.pem)
}

// listening is a server on loopback that does something with each connection.
func listening(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				serve(conn)
				_ = conn.Close()
			}()
		}
	}()
	return listener.Addr().String()
}

// closing reads something and closes the connection.
func closing(conn net.Conn) { _, _ = conn.Read(make([]byte, 1)) }

// silent is an address on loopback where nothing listens. It is taken by a connection from
// there, so that no other test can listen on it meanwhile.
func silent(t *testing.T) string {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", listening(t, waiting))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn.LocalAddr().String()
}

// at are the settings that lead to another address.
func at(t *testing.T, baseURL string) doctor.Given {
	t.Helper()
	given := ordinary(privxsim.Options{})(t)
	given.Config.BaseUrl = baseURL
	return given
}

var numberOfNames atomic.Int64

// newName is a host name that nothing knows, another one each time.
func newName() string { return fmt.Sprintf("privx-%d.invalid", numberOfNames.Add(1)) }

// proxyPassword must never be shown.
const proxyPassword = privxsim.CanaryPrefix + "proxy"

// behind are settings that lead to a PrivX of another name through a proxy. The proxy has an
// address on loopback, and its scheme.
func behind(t *testing.T, scheme, proxy string) doctor.Given {
	t.Helper()
	given := at(t, "https://"+newName())
	return adjust(given, func(transport *http.Transport) {
		transport.Proxy = http.ProxyURL(&url.URL{Scheme: scheme, Host: proxy, User: url.UserPassword("user", proxyPassword)})
	})
}

// answering is a proxy that answers with a status.
func answering(t *testing.T, status int) string {
	t.Helper()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	t.Cleanup(proxy.Close)
	return strings.TrimPrefix(proxy.URL, "http://")
}

// tunnel is a proxy that connects whoever asks to one address.
func tunnel(t *testing.T, to string) http.Handler {
	t.Helper()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, password, _ := basicAuth(r); password != proxyPassword {
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		upstream, err := (&net.Dialer{}).DialContext(r.Context(), "tcp", to)
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
		pipe := func(to, from net.Conn) {
			_, _ = io.Copy(to, from)
			_ = to.Close()
		}
		go pipe(upstream, downstream)
		go pipe(downstream, upstream)
	})
}

func basicAuth(r *http.Request) (string, string, bool) {
	as := &http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}
	return as.BasicAuth()
}

// throughTunnel are settings that lead to a PrivX through a proxy that lets everybody
// through, which speaks TLS itself if the scheme is https.
func throughTunnel(t *testing.T, scheme string, names ...string) doctor.Given {
	t.Helper()
	ca, name := newAuthority(t), newName()
	if len(names) == 0 {
		names = []string{name}
	}
	given := withCertificate(t, ca, hosts(names...))
	proxy := httptest.NewUnstartedServer(tunnel(t, strings.TrimPrefix(given.Config.BaseUrl, "https://")))
	proxy.Config.ErrorLog = log.New(io.Discard, "", 0)
	if scheme == "https" {
		proxy.TLS = &tls.Config{Certificates: []tls.Certificate{ca.server(t)}}
		proxy.StartTLS()
	} else {
		proxy.Start()
	}
	t.Cleanup(proxy.Close)
	given.Config.BaseUrl = "https://" + name
	return adjust(given, func(transport *http.Transport) {
		transport.Proxy = http.ProxyURL(&url.URL{Scheme: scheme, Host: proxy.Listener.Addr().String(), User: url.UserPassword("user", proxyPassword)})
	})
}
