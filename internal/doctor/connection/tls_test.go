package connection_test

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/doctortest"
	"github.com/conductorone/baton-privx/internal/privxsim"
)

const (
	speaks  = "PX-TLS-01"
	trusts  = "PX-TLS-02"
	madeOut = "PX-TLS-03"
	inTime  = "PX-TLS-04"
)

func TestTLS(t *testing.T) {
	t.Parallel()
	good := ordinary(privxsim.Options{})
	runCases(t, "TLS", []doctortest.Case{
		{Check: speaks, Found: "TLS 1.3 with TLS_", Arrange: good},
		{Check: speaks, Name: "1.2", Found: "TLS 1.2 with TLS_", Arrange: version(tls.VersionTLS12)},
		{Check: speaks, Name: "HTTP/2", Found: "TLS 1.3 with TLS_", Arrange: http2, After: func(t *testing.T, v *doctor.Visit) {
			require.Equal(t, "h2", v.Contact.Handshake.State.NegotiatedProtocol)
		}},
		{Check: speaks, Name: "with a foreign certificate", Found: "refused", Arrange: foreign},
		{Check: speaks, Way: "plain", Found: "http://127.0.0.1", Arrange: plain},
		{Check: speaks, Way: "no-tls", Cause: "scheme", Arrange: plainBehindHTTPS},
		{Check: speaks, Way: "no-tls", Name: "another service", Arrange: raw(func(conn net.Conn) { _, _ = conn.Write([]byte("SSH-2.0-OpenSSH_9.9\r\n")) })},
		{Check: speaks, Way: "old", Arrange: version(tls.VersionTLS11)},
		{Check: speaks, Way: "old", Name: "chosen by the server", Arrange: raw(func(conn net.Conn) {
			_, _ = conn.Read(make([]byte, 4096))
			_, _ = conn.Write(oldServerHello())
		})},
		{Check: speaks, Way: "refused", Arrange: clientCertificate(tls.VersionTLS12)},
		{Check: speaks, Way: "refused", Name: "after the handshake", Arrange: clientCertificate(tls.VersionTLS13)},
		{Check: speaks, Way: "broken", Arrange: raw(closing)},
		{Check: speaks, Way: "broken", Name: "in time", Arrange: inAMoment(raw(waiting))},

		{Check: trusts, Found: "given with ca-certificate", Arrange: good},
		{Check: trusts, Name: "given, with an intermediate", Found: `PrivX sends 2 certificates; trusted by "CN=Test CA"`, Arrange: issued(nil)},
		{Check: trusts, Name: "by the system", Found: "trusted by \"CN=System CA\", one of the system's own", Arrange: bySystem(false)},
		{Check: trusts, Name: "by the system and given", Found: "ca-certificate is not needed", Arrange: bySystem(true)},
		{Check: trusts, Name: "and the name is wrong", Found: "given with ca-certificate", Arrange: misnamed},
		{Check: trusts, Name: "and ended", Found: "given with ca-certificate", Arrange: timed(-5, -1)},
		{Check: trusts, Way: "plain", Arrange: plain},
		{Check: trusts, Way: "foreign", Found: "Test CA", Cause: "unknown authority", Arrange: foreign},
		{Check: trusts, Way: "foreign", Name: "without its intermediate", Found: "Intermediate CA", Cause: "unknown authority", Arrange: withoutIntermediate},
		{Check: trusts, Way: "unfit", Cause: "incompatible key usage", Arrange: unfit},
		{Check: trusts, Way: "unknown", Arrange: issued([]change{valid(-10, -1)})},

		{Check: madeOut, Found: "localhost, 127.0.0.1", Arrange: good},
		{Check: madeOut, Name: "of many names", Found: " and 93 more", Arrange: func(t *testing.T) doctor.Given {
			many := strings.Fields(strings.Repeat("a.invalid ", 100))
			return withCertificate(t, newAuthority(t), func(c *x509.Certificate) { c.DNSNames = many })
		}},
		{Check: madeOut, Name: "and foreign", Arrange: foreign},
		{Check: madeOut, Way: "plain", Arrange: plain},
		{Check: madeOut, Way: "misnamed", Found: "other.invalid", Arrange: misnamed},
		{Check: madeOut, Way: "misnamed", Name: "none", Found: `only the subject "CN=PrivX"`, Arrange: func(t *testing.T) doctor.Given {
			return withCertificate(t, newAuthority(t), hosts())
		}},

		{Check: inTime, Found: "365 days from now", Arrange: timed(-1, 365)},
		{Check: inTime, Name: "in 30 days", Found: "30 days from now", Arrange: timed(-1, 30)},
		{Check: inTime, Name: "and foreign", Arrange: foreign},
		{Check: inTime, Way: "plain", Arrange: plain},
		{Check: inTime, Way: "soon", Found: "29 days from now", Arrange: timed(-1, 29)},
		{Check: inTime, Way: "soon", Name: "its issuer", Found: `"CN=Intermediate CA"`, Arrange: issued([]change{valid(-5, 10)})},
		{Check: inTime, Way: "expired", Arrange: timed(-5, -1)},
		{Check: inTime, Way: "early", Arrange: timed(2, 5)},
		{Check: inTime, Way: "chain", Found: `"CN=Intermediate CA"`, Arrange: issued([]change{valid(-10, -1)})},
	})
}

// One cause fails one check, and two causes fail two.
func TestEachCauseFailsItsOwnCheck(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		arrange arranger
		failed  []string
	}{
		"none":                 {ordinary(privxsim.Options{}), nil},
		"no TLS":               {plainBehindHTTPS, []string{speaks}},
		"old":                  {version(tls.VersionTLS11), []string{speaks}},
		"a client certificate": {clientCertificate(tls.VersionTLS13), []string{speaks}},
		"foreign":              {foreign, []string{trusts}},
		"unfit":                {unfit, []string{trusts}},
		"another name":         {misnamed, []string{madeOut}},
		"ended":                {timed(-5, -1), []string{inTime}},
		"not valid yet":        {timed(2, 5), []string{inTime}},
		"its issuer has ended": {issued([]change{valid(-10, -1)}), []string{inTime}},
		"another name and ended": {func(t *testing.T) doctor.Given {
			return withCertificate(t, newAuthority(t), hosts("other.invalid"), valid(-5, -1))
		}, []string{madeOut, inTime}},
		"foreign and another name": {func(t *testing.T) doctor.Given {
			return untrusting(withCertificate(t, newAuthority(t), hosts("other.invalid")))
		}, []string{trusts, madeOut}},
		"foreign and ended": {func(t *testing.T) doctor.Given { return untrusting(withCertificate(t, newAuthority(t), valid(-5, -1))) }, []string{trusts, inTime}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			results, _ := doctortest.Run(t, layers(), c.arrange(t))
			require.Equal(t, c.failed, failedOf(results))
		})
	}
}

type change = func(*x509.Certificate)

func plain(t *testing.T) doctor.Given {
	t.Helper()
	given := ordinary(privxsim.Options{})(t)
	server, err := privxsim.Serve(privxsim.New(privxsim.Seed(privxsim.SeedOptions{Users: 10, Roles: 4}), privxsim.Options{}), privxsim.ServeOptions{})
	require.NoError(t, err)
	t.Cleanup(server.Close)
	given.Config.BaseUrl, given.Config.CaCertificate = server.URL, nil
	return given
}

func plainBehindHTTPS(t *testing.T) doctor.Given {
	t.Helper()
	given := plain(t)
	given.Config.BaseUrl = strings.Replace(given.Config.BaseUrl, "http://", "https://", 1)
	return given
}

// http2 serves HTTP/2, too.
func http2(t *testing.T) doctor.Given {
	t.Helper()
	ca := newAuthority(t)
	return serve(t, &tls.Config{Certificates: []tls.Certificate{ca.server(t)}, NextProtos: []string{"h2", "http/1.1"}}, ca.pem)
}

// version serves no newer version of TLS.
func version(newest uint16) arranger {
	return func(t *testing.T) doctor.Given {
		ca := newAuthority(t)
		return serve(t, &tls.Config{Certificates: []tls.Certificate{ca.server(t)}, MinVersion: tls.VersionTLS10, MaxVersion: newest}, ca.pem)
	}
}

// clientCertificate serves to those who have a certificate.
func clientCertificate(newest uint16) arranger {
	return func(t *testing.T) doctor.Given {
		ca := newAuthority(t)
		return serve(t, &tls.Config{Certificates: []tls.Certificate{ca.server(t)}, MaxVersion: newest, ClientAuth: tls.RequireAnyClientCert}, ca.pem)
	}
}

// raw serves connections without TLS.
func raw(serve func(net.Conn)) arranger {
	return func(t *testing.T) doctor.Given { return at(t, "https://"+listening(t, serve)) }
}

// oldServerHello chooses TLS 1.1.
func oldServerHello() []byte {
	hello := append([]byte{3, 2}, make([]byte, 32)...)             // version and random
	hello = append(hello, 0, 0xc0, 0x13, 0)                        // no session, a cipher, no compression
	message := append([]byte{2, 0, 0, byte(len(hello))}, hello...) // ServerHello
	return append([]byte{22, 3, 2, 0, byte(len(message))}, message...)
}

// untrusting are settings without a CA.
func untrusting(given doctor.Given) doctor.Given {
	given.Config.CaCertificate = nil
	return given
}

func foreign(t *testing.T) doctor.Given {
	t.Helper()
	return untrusting(withCertificate(t, newAuthority(t)))
}

func misnamed(t *testing.T) doctor.Given {
	t.Helper()
	return withCertificate(t, newAuthority(t), hosts("other.invalid"))
}

func unfit(t *testing.T) doctor.Given {
	t.Helper()
	return withCertificate(t, newAuthority(t), func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} })
}

// timed serves a certificate that is valid for some days before or after now.
func timed(from, until int) arranger {
	return func(t *testing.T) doctor.Given { return withCertificate(t, newAuthority(t), valid(from, until)) }
}

// issued serves a certificate of an intermediate CA, which it sends, too.
func issued(intermediate []change) arranger {
	return func(t *testing.T) doctor.Given {
		root := newAuthority(t)
		given := withCertificate(t, root.authority(t, intermediate...))
		given.Config.CaCertificate = root.pem
		return given
	}
}

func withoutIntermediate(t *testing.T) doctor.Given {
	t.Helper()
	root := newAuthority(t)
	below := root.authority(t)
	below.sent = nil
	given := withCertificate(t, below)
	given.Config.CaCertificate = root.pem
	return given
}

// bySystem serves a certificate of a CA that the system trusts.
func bySystem(given bool) arranger {
	return func(t *testing.T) doctor.Given {
		leaf, err := systemCA.Sign("PrivX", "127.0.0.1")
		require.NoError(t, err)
		var ca []byte
		if given {
			ca = systemCA.PEM
		}
		return serve(t, &tls.Config{Certificates: []tls.Certificate{leaf}}, ca)
	}
}
