package privx

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/conductorone/baton-sdk/pkg/uhttp"
	"google.golang.org/grpc/codes"
)

// Bounds on what is read of one answer, in bytes.
const (
	maxBody      = 64 << 20
	maxErrorBody = 1 << 20
)

// ParseBaseURL checks PrivX's address and returns it without trailing slashes.
// It is https; http is accepted for a loopback host alone. A path prefix is
// kept, without . and .. in it; user-info, a query and a fragment are refused.
func ParseBaseURL(raw string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil {
		// url.Parse's own error repeats the whole text, and with it a password.
		return nil, errors.New("not a URL")
	}
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("must begin with https://")
	case u.Hostname() == "":
		return nil, errors.New("has no host name")
	case strings.Contains(u.Host, "%"):
		// An IPv6 zone, say, which not every text of it would keep.
		return nil, errors.New("must not hold a % in its host name")
	case u.User != nil:
		return nil, errors.New("must not hold a user name or password")
	case u.RawQuery != "" || u.ForceQuery:
		return nil, errors.New("must not hold a query (what follows a ?)")
	case strings.Contains(raw, "#"):
		return nil, errors.New("must not hold a fragment (what follows a #)")
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return nil, errors.New("must begin with https:// (http:// is accepted for localhost alone, because secrets would cross the network unprotected)")
	}
	// Cleaned once here, as JoinPath would on each request, so that what is shown is
	// what is sent. An escaped slash is none.
	u = u.JoinPath()
	u.RawPath = strings.TrimRight(u.EscapedPath(), "/")
	if u.Path, err = url.PathUnescape(u.RawPath); err != nil {
		return nil, errors.New("not a URL")
	}
	return u, nil
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// ParseCertificates reads a bundle of PEM certificates. Anything in it that is
// not a certificate (a private key, say) is an error, as is an empty bundle.
func ParseCertificates(bundle []byte) ([]*x509.Certificate, error) {
	var certs []*x509.Certificate
	rest := bundle
	for {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		if block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("PEM block %d is not a certificate", len(certs)+1)
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("PEM block %d: %w", len(certs)+1, err)
		}
		certs = append(certs, cert)
	}
	if len(certs) == 0 {
		return nil, errors.New("no PEM certificate in it")
	}
	// pem.Decode passes over what it cannot read.
	if blocks := bytes.Count(bundle, []byte("-----BEGIN")); blocks != len(certs) {
		return nil, fmt.Errorf("%d of %d PEM blocks are malformed", blocks-len(certs), blocks)
	}
	return certs, nil
}

// newHTTPClient makes the client for PrivX on uhttp's transport (proxy from the
// environment, timeouts, TLS 1.2 or later). The overall timeout of a request is
// uhttp's, set with --http-timeout-seconds.
func newHTTPClient(ctx context.Context, config Config, hidden *secrets) (*http.Client, error) {
	roots, err := x509.SystemCertPool()
	if err != nil {
		// Where the system has none (a scratch image), the given ones must do.
		roots = x509.NewCertPool()
	}
	for _, ca := range config.CertificateAuthorities {
		roots.AddCert(ca)
	}
	client, err := uhttp.NewClient(ctx,
		uhttp.WithUserAgent("baton-privx"),
		uhttp.WithTLSClientConfig(&tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}),
	)
	if err != nil {
		return nil, fmt.Errorf("making the HTTP client: %w", err)
	}
	// Load balancers in front of PrivX's nodes use affinity cookies; staying on
	// one node means reading what was just written there.
	client.Jar, err = cookiejar.New(nil)
	if err != nil {
		return nil, fmt.Errorf("making the cookie jar: %w", err)
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if config.Transport != nil {
		client.Transport = config.Transport
	}
	client.Transport = &boundedTransport{next: client.Transport, secrets: hidden}
	return client, nil
}

// boundedTransport bounds what is read of an answer: uhttp reads it all, and logs
// what goes wrong.
type boundedTransport struct {
	next    http.RoundTripper
	secrets *secrets
}

func (t *boundedTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(req)
	if err != nil {
		return nil, t.quiet(req, err)
	}
	// Not followed, but net/http would parse it and repeat it if it is malformed.
	resp.Header.Del("Location")
	limit := int64(maxBody)
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		limit = maxErrorBody
	}
	resp.Body = http.MaxBytesReader(nil, resp.Body, limit)
	return resp, nil
}

// quiet gives an error another text if its own repeats a secret.
func (t *boundedTransport) quiet(req *http.Request, err error) error {
	if text := t.secrets.hide(req, err.Error()); text != err.Error() {
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
	if closer, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}

// answer is a whole HTTP answer, its body read and bounded.
type answer struct {
	status int
	header http.Header
	body   []byte
	// hide takes secrets out of what the server said.
	hide func(string) string
}

func (a *answer) ok() bool { return a.status >= 200 && a.status <= 299 }

func (a *answer) isJSON() bool { return uhttp.IsJSONContentType(a.header.Get(uhttp.ContentType)) }

// date is PrivX's clock; zero if it did not say.
func (a *answer) date() time.Time {
	date, err := http.ParseTime(a.header.Get("Date"))
	if err != nil {
		return time.Time{}
	}
	return date
}

// clean makes the server's words fit for one line of a log.
func (a *answer) clean(s string) string { return clean(a.hide(s)) }

// send makes one exchange with PrivX. An answer of any status is no error here.
func (c *Client) send(ctx context.Context, rq *request, extra ...uhttp.RequestOption) (*answer, error) {
	options := append([]uhttp.RequestOption{
		uhttp.WithAcceptJSONHeader(),
		// Also what makes uhttp pass by its cache of GET answers, which would
		// otherwise serve an hour-old list of somebody's roles.
		uhttp.WithNoCache(),
	}, extra...)
	if rq.body != nil {
		options = append(options, uhttp.WithBody(rq.body), uhttp.WithContentType(rq.contentType))
	}
	u, err := c.url(rq)
	if err != nil {
		return nil, err
	}
	req, err := c.http.NewRequest(ctx, rq.method, u, options...)
	if err != nil {
		return nil, fmt.Errorf("making the request %s: %w", rq.endpoint(), err)
	}
	c.calls.Add(1)
	var got *answer
	resp, err := c.http.Do(req, func(w *uhttp.WrapperResponse) error {
		hide := func(text string) string { return c.secrets.hide(req, text) }
		got = &answer{status: w.StatusCode, header: w.Header, body: w.Body, hide: hide}
		return nil
	})
	if resp != nil && resp.Body != nil {
		// uhttp has read and closed the real body; this one is a buffer.
		_ = resp.Body.Close()
	}
	if got == nil {
		return nil, c.transportError(ctx, rq, err)
	}
	return got, nil
}

// transportError makes an Error of a request that got no whole answer.
func (c *Client) transportError(ctx context.Context, rq *request, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", rq.endpoint(), ctx.Err())
	}
	e := &Error{Endpoint: rq.endpoint(), cause: plainCause(err)}
	e.grpcCode, e.Hint = classifyTransport(err)
	return e
}

// classifyTransport tells what can be tried again from what will not heal, and
// what the operator can do about the latter. What it does not know is tried
// again: all that is bounded.
func classifyTransport(err error) (codes.Code, string) {
	var (
		badName x509.HostnameError
		badCert *tls.CertificateVerificationError
		op      *net.OpError
		tooBig  *http.MaxBytesError
		dns     *net.DNSError
	)
	switch {
	case errors.As(err, &badName):
		return codes.FailedPrecondition, "base-url must have a name that PrivX's certificate is made out to"
	case errors.As(err, &badCert):
		return codes.FailedPrecondition, hintCA
	case errors.As(err, &op) && op.Op == "remote error":
		// A TLS alert, as crypto/tls tells it.
		return codes.FailedPrecondition, "PrivX must speak TLS 1.2 or later"
	case errors.Is(err, http.ErrSchemeMismatch):
		return codes.FailedPrecondition, "check the scheme and the port in base-url"
	case errors.As(err, &tooBig):
		return codes.FailedPrecondition, hintBaseURL
	case errors.As(err, &dns) && dns.IsNotFound:
		return codes.FailedPrecondition, "check the host name in base-url"
	default:
		return codes.Unavailable, ""
	}
}

// plainCause drops what uhttp and net/http wrap around the real cause: a gRPC
// status that says the same again, and the URL.
func plainCause(err error) error {
	var joined interface{ Unwrap() []error }
	for errors.As(err, &joined) && len(joined.Unwrap()) > 0 {
		all := joined.Unwrap()
		err = all[len(all)-1]
	}
	var tooBig *http.MaxBytesError
	if errors.As(err, &tooBig) {
		return &quietError{tooBig, fmt.Sprintf("an answer of more than %d bytes", tooBig.Limit)}
	}
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
