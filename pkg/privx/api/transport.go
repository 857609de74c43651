package api

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/http/cookiejar"

	"github.com/conductorone/baton-sdk/pkg/uhttp"
)

// newTransport makes the transport that sends the requests. It differs from uhttp's in two
// bounds that no option of uhttp changes. uhttp waits 60 s until an answer begins, whatever
// --http-timeout-seconds says, and keeps two idle connections. Here --http-timeout-seconds
// decides alone, and all idle connections are kept for a while, because a new one costs a
// TLS handshake and may lead to another node.
func newTransport(roots *x509.CertPool) *http.Transport {
	keepAlive := net.KeepAliveConfig{Enable: true, Idle: keepAliveEvery, Interval: keepAliveEvery, Count: keepAliveProbes}
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: dialTimeout, KeepAliveConfig: keepAlive}).DialContext,
		ForceAttemptHTTP2:   true,
		MaxConnsPerHost:     MaxConnections,
		MaxIdleConnsPerHost: MaxConnections,
		IdleConnTimeout:     idleConnection,
		TLSHandshakeTimeout: tlsTimeout,
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
		// Pings find a dead connection soon.
		HTTP2: &http.HTTP2Config{
			SendPingTimeout: pingAfter, PingTimeout: pingTimeout,
			MaxReceiveBufferPerStream: FreeBody, // This memory is not part of an intake's room.
		},
	}
}

// trusted are the system's certificate authorities together with the given ones.
func trusted(given []*x509.Certificate) *x509.CertPool {
	roots, err := x509.SystemCertPool()
	if err != nil {
		// The system has none (a scratch image): only the given ones are trusted.
		roots = x509.NewCertPool()
	}
	for _, ca := range given {
		roots.AddCert(ca)
	}
	return roots
}

// newHTTPClient makes the HTTP client for PrivX. uhttp bounds each request, up to the end
// of its answer, by --http-timeout-seconds.
func (c *Client) newHTTPClient(ctx context.Context) (*uhttp.BaseHttpClient, error) {
	client, err := uhttp.NewClient(ctx)
	if err != nil {
		return nil, fmt.Errorf("making the HTTP client: %w", err)
	}
	// Load balancers in front of PrivX's nodes use affinity cookies. A client that stays on
	// one node reads what it has just written there.
	client.Jar, err = cookiejar.New(nil)
	if err != nil {
		return nil, fmt.Errorf("making the cookie jar: %w", err)
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	client.Transport = &boundedTransport{client: c}
	wrapped, err := uhttp.NewBaseHttpClientWithContext(ctx, client)
	if err != nil {
		return nil, fmt.Errorf("making the HTTP client: %w", err)
	}
	return wrapped, nil
}

// boundedTransport bounds how much is read of an answer, by its intake. uhttp itself reads
// all of it, and logs errors.
type boundedTransport struct{ client *Client }

func (t *boundedTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	sent, alone := req, goesAlone(req)
	if alone {
		sent = withoutCookies(req)
	}
	resp, err := t.client.tuning.Transport.RoundTrip(sent)
	if err != nil {
		return nil, t.quiet(req, err)
	}
	if alone {
		resp.Header.Del("Set-Cookie")
	}
	// Redirects are not followed, but net/http parses a Location all the same, and a
	// malformed one would be repeated in its error.
	resp.Header.Del("Location")
	in := intakeOf(req.Context())
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		in.limit = MaxShortBody
	}
	resp.Body = http.MaxBytesReader(nil, &admittedBody{ReadCloser: resp.Body, ctx: req.Context(), intake: in}, in.limit)
	return resp, nil
}

// quiet replaces the text of an error if it contains a secret.
func (t *boundedTransport) quiet(req *http.Request, err error) error {
	if text := t.client.secrets.hide(req, err.Error()); text != err.Error() {
		return &quietError{err, text}
	}
	return err
}

type quietError struct {
	error

	text string
}

func (q *quietError) Error() string { return q.text }

func (q *quietError) Unwrap() error { return q.error }

// CloseIdleConnections lets http.Client.CloseIdleConnections reach the transport.
func (t *boundedTransport) CloseIdleConnections() {
	if closer, ok := t.client.tuning.Transport.(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}
