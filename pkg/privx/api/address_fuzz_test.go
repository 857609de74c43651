package api_test

import (
	"encoding/base64"
	"encoding/pem"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/pkg/privx/api"
)

var userRoles = api.Endpoint{Method: http.MethodGet, Path: "/role-store/api/v1/users/{}/roles"}

// An address that is accepted is safe to send secrets to and does not change when it is
// parsed again, and no id leads out of it.
func FuzzParseBaseURL(f *testing.F) {
	for _, raw := range []string{
		"https://privx.example.com", "https://privx.example.com/", "https://privx.example.com:8443/a/b//", " https://h/p ",
		"http://localhost:8080", "http://127.0.0.1", "http://127.1", "http://[::1]:1/x", "http://[::ffff:127.0.0.1]", "http://[::1%25eth0]",
		"http://api.example.com", "HTTPS://H", "https://user:pass@h", "https://@h", "https://h?", "https://h?a=b", "https://h#", "https://h#f",
		"https://", "https:h", "https:///x", "//h", "h", "ftp://h", "https://h/../x", "https://h/./x", "https://h/%2e%2e/x", "https://h/a%2F", "https://h//",
		"https://h/a%20b", "https://h/%zz", "https://h:port", "https://:443", "https://h:", "https://h/\\..\\x", "https://hé", "https://h/é;x=1", "http://localhost.evil.example",
	} {
		f.Add(raw, "1b3c5d7e-0000-4000-8000-000000000001")
		f.Add(raw, "../../../auth/api/v1/logout")
	}
	for _, id := range []string{"", ".", "..", "%2e%2e", "a/b", "a\\b", "?x=1", "#x", "a b", "é\x00\xff", "%", ";", ":", "@", "{}", "//h"} {
		f.Add("https://h/p", id)
	}
	f.Fuzz(func(t *testing.T, raw, id string) {
		base, err := api.ParseBaseURL(raw)
		if err != nil {
			require.Nil(t, base)
			require.NotEmpty(t, err.Error())
			require.LessOrEqual(t, len(err.Error()), 200, "the text, which may hold a password, is not repeated")
			return
		}
		requireSafe(t, base)
		again, err := api.ParseBaseURL(base.String())
		require.NoError(t, err, "%q", base)
		require.Equal(t, base.String(), again.String())

		u, err := api.RequestURL(base, userRoles.Request(id))
		if strings.Trim(id, ".") == "" {
			require.Error(t, err, "%q", id)
			return
		}
		require.NoError(t, err)
		// The address that is used is the one that its text says.
		u, err = url.Parse(u.String())
		require.NoError(t, err)
		require.Equal(t, base.Scheme+"://"+base.Host, u.Scheme+"://"+u.Host)
		requireSafe(t, u)
		rest, found := strings.CutPrefix(u.EscapedPath(), base.EscapedPath()+"/role-store/api/v1/users/")
		require.True(t, found, "%q", u)
		segment, found := strings.CutSuffix(rest, "/roles")
		require.True(t, found, "%q", u)
		require.NotContains(t, segment, "/", "%q", u)
		got, err := url.PathUnescape(segment)
		require.NoError(t, err)
		require.Equal(t, id, got)
	})
}

// requireSafe checks that requests to an address are encrypted or stay on this machine, and
// that it holds only a scheme, a host and a path.
func requireSafe(t *testing.T, u *url.URL) {
	t.Helper()
	require.NotEmpty(t, u.Hostname())
	require.Nil(t, u.User)
	require.Empty(t, u.RawQuery+u.Fragment+u.Opaque)
	require.False(t, u.ForceQuery)
	require.False(t, strings.HasSuffix(u.EscapedPath(), "/"), "%q", u)
	if u.Scheme == "https" {
		return
	}
	require.Equal(t, "http", u.Scheme)
	if !strings.EqualFold(u.Hostname(), "localhost") {
		addr, err := netip.ParseAddr(u.Hostname())
		require.NoError(t, err)
		require.True(t, addr.Unmap().IsLoopback(), "%q", u)
	}
}

// fuzzCA is a certificate with only CN=fuzz.
const fuzzCA = `-----BEGIN CERTIFICATE-----
MIIBdjCCARugAwIBAgIUNlUe5dJEtz8e0mCDl8SJCtrde3MwCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEZnV6ejAgFw0yNjExMjQwMjA3MjdaGA8yMTI2MTAzMTAyMDcy
N1owDzENMAsGA1UEAwwEZnV6ejBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABHMS
G/vky+JjYO3B+UoQv5mXKANU4Dx0SamJpREk5133Wm3r98VDXSTDKlfCqofsP5RI
Y4URcgz5qnrzsQbEa/+jUzBRMB0GA1UdDgQWBBTT6i7yNjntNlKYSGVn3mYiPomd
mjAfBgNVHSMEGDAWgBTT6i7yNjntNlKYSGVn3mYiPomdmjAPBgNVHRMBAf8EBTAD
AQH/MAoGCCqGSM49BAMCA0kAMEYCIQDRzs/wulu0j1aLdMTzZA2lVTXhttKiWSLX
4o54/HPVaQIhAPd58lQ951uB7bQFGrJkfmfs2vpspfBbea7X9GNaXSbX
-----END CERTIFICATE-----
`

// In a bundle that is accepted, each block is a certificate, and none is lost.
func FuzzParseCertificates(f *testing.F) {
	lines := strings.SplitAfter(fuzzCA, "\n")
	body := strings.Join(lines[1:len(lines)-2], "")
	for _, bundle := range []string{
		"", "junk", fuzzCA, fuzzCA + fuzzCA, "# my CA\n" + fuzzCA + "\n\n" + fuzzCA + "trailing", strings.ReplaceAll(fuzzCA, "\n", "\r\n"),
		strings.TrimSpace(fuzzCA), strings.ReplaceAll(fuzzCA, "CERTIFICATE", "PRIVATE KEY"), fuzzCA + strings.ReplaceAll(fuzzCA, "CERTIFICATE", "PRIVATE KEY"),
		strings.ReplaceAll(fuzzCA, "CERTIFICATE", "TRUSTED CERTIFICATE"), strings.Replace(fuzzCA, "END", "BEGIN", 1), fuzzCA[:200], fuzzCA[:200] + fuzzCA,
		"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", strings.Replace(fuzzCA, "MIIB", "MIIC", 1), strings.Replace(fuzzCA, body, "A: b\n\n"+body, 1),
		"-----BEGIN CERTIFICATE-----\n" + body + body + "-----END CERTIFICATE-----\n", fuzzCA + "-----BEGIN",
	} {
		f.Add([]byte(bundle))
	}
	f.Fuzz(func(t *testing.T, bundle []byte) {
		certs, err := api.ParseCertificates(bundle)
		if err != nil {
			require.Empty(t, certs)
			require.NotContains(t, err.Error(), "\n")
			return
		}
		require.NotEmpty(t, certs)
		text := string(bundle)
		require.Equal(t, len(certs), strings.Count(text, "-----BEGIN"))
		require.Equal(t, len(certs), strings.Count(text, "-----BEGIN CERTIFICATE-----"))
		var again []byte
		packed := strings.Join(strings.Fields(text), "")
		for _, cert := range certs {
			encoded := base64.StdEncoding.EncodeToString(cert.Raw)
			at := strings.Index(packed, encoded)
			require.GreaterOrEqual(t, at, 0, "not in the bundle, or not in this order")
			packed = packed[at+len(encoded):]
			again = append(again, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})...)
		}
		same, err := api.ParseCertificates(again)
		require.NoError(t, err)
		require.Len(t, same, len(certs))
		for i := range certs {
			require.True(t, certs[i].Equal(same[i]))
		}
	})
}
