package privx

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
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

	"github.com/conductorone/baton-sdk/pkg/sdk"
	"github.com/conductorone/baton-sdk/pkg/uhttp"
	"google.golang.org/grpc/codes"
)

// maxConnections is how many connections to PrivX are open at a time: as many as the
// connector has calls under way with its usual number of workers. More calls than that
// wait for one.
const maxConnections = 32

// keepAlive finds a connection over which nothing comes any more within a minute or so.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 15 * time.Second, Count: 4}

// newTransport makes what carries the requests. It is uhttp's but for two bounds that
// no option of uhttp's changes: 60 s until an answer begins, whatever
// --http-timeout-seconds says, and two connections that are kept. Here all are kept
// for a while: each new one is a TLS handshake, and may lead to another node.
func newTransport(roots *x509.CertPool) *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 30 * time.Second, KeepAliveConfig: keepAlive}).DialContext,
		ForceAttemptHTTP2:     true,
		MaxConnsPerHost:       maxConnections,
		MaxIdleConnsPerHost:   maxConnections,
		IdleConnTimeout:       30 * time.Second,
		TLSHandshakeTimeout:   10 * time.Second,
		ExpectContinueTimeout: time.Second,
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
		// A connection that has died under way is found out soon.
		HTTP2: &http.HTTP2Config{
			SendPingTimeout: 15 * time.Second, PingTimeout: 15 * time.Second,
			MaxReceiveBufferPerStream: freeBody, // It is beside the room of an intake.
		},
	}
}

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

// newHTTPClient makes the client for PrivX. The timeout of a request, from its sending
// to the end of its answer, is uhttp's, set with --http-timeout-seconds.
func newHTTPClient(ctx context.Context, config Config, hidden *secrets) (*http.Client, error) {
	roots, err := x509.SystemCertPool()
	if err != nil {
		// Where the system has none (a scratch image), the given ones must do.
		roots = x509.NewCertPool()
	}
	for _, ca := range config.CertificateAuthorities {
		roots.AddCert(ca)
	}
	client, err := uhttp.NewClient(ctx)
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
	client.Transport = config.Transport
	if config.Transport == nil {
		client.Transport = newTransport(roots)
	}
	client.Transport = &boundedTransport{next: client.Transport, secrets: hidden}
	return client, nil
}

// boundedTransport bounds what is read of an answer, as its intake says: uhttp reads
// it all, and logs what goes wrong.
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
	in := intakeOf(req.Context())
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		in.limit = maxShortBody
	}
	resp.Body = http.MaxBytesReader(nil, &admittedBody{ReadCloser: resp.Body, ctx: req.Context(), intake: in}, in.limit)
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
	// took is how long it took from the end of the request.
	took time.Duration
	// hide takes secrets out of what the server said.
	hide func(string) string
}

func (a *answer) ok() bool { return a.status >= 200 && a.status <= 299 }

// isForeign tells whether an answer is not PrivX's but that of what stands before it: a
// login page, or a proxy's words. HTML is. What is empty, or a JSON object, is PrivX's,
// of whichever type it is said to be: nothing tells what PrivX says.
func (a *answer) isForeign() bool {
	contentType, body := a.header.Get(uhttp.ContentType), bytes.TrimSpace(a.body)
	switch {
	case strings.Contains(strings.ToLower(contentType), "html"):
		return true
	case uhttp.IsJSONContentType(contentType) || len(body) == 0:
		return false
	default:
		return body[0] != '{' || !json.Valid(body)
	}
}

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

const userAgent = "baton-privx baton-sdk/" + sdk.Version

// send makes one exchange with PrivX, and has its answer taken, of any status. What is
// taken of it must not keep its body.
func (c *Client) send(ctx context.Context, rq *request, take func(*answer) error, extra ...uhttp.RequestOption) error {
	options := append([]uhttp.RequestOption{
		uhttp.WithHeader("User-Agent", userAgent),
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
		return err
	}
	in := &intake{limit: cmp.Or(rq.maxAnswer, maxBody)}
	if !rq.atOnce {
		in.room = c.room
	}
	defer in.leave()
	req, err := c.http.NewRequest(in.context(ctx), rq.method, u, options...)
	if err != nil {
		return fmt.Errorf("making the request %s: %w", rq.endpoint(), err)
	}
	c.calls.Add(1)
	var got *answer
	resp, err := c.http.Do(req, func(w *uhttp.WrapperResponse) error {
		hide := func(text string) string { return c.secrets.hide(req, text) }
		got = &answer{status: w.StatusCode, header: w.Header, body: w.Body, took: in.took(), hide: hide}
		return nil
	})
	if resp != nil && resp.Body != nil {
		// uhttp has read and closed the real body; this one is a buffer.
		_ = resp.Body.Close()
	}
	if got == nil {
		return c.transportError(ctx, rq, in, err)
	}
	return take(got)
}

// transportError makes an Error of a request that got no whole answer.
func (c *Client) transportError(ctx context.Context, rq *request, in *intake, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", rq.endpoint(), ctx.Err())
	}
	var tooLong *http.MaxBytesError
	if errors.As(err, &tooLong) {
		return &Error{
			Endpoint: rq.endpoint(), grpcCode: codes.FailedPrecondition, tooMuch: tooLong.Limit > maxShortBody, Hint: hintBaseURL,
			cause: &quietError{tooLong, fmt.Sprintf("it is longer than %d MiB", tooLong.Limit>>20)},
		}
	}
	e := &Error{Endpoint: rq.endpoint(), cause: plainCause(err)}
	e.grpcCode, e.Hint = classifyTransport(err)
	if e.tooMuch = errors.Is(err, context.DeadlineExceeded) && in.sent.Load() != 0 && !in.crowded; e.tooMuch {
		e.Hint = "PrivX did not answer within the time that http-timeout-seconds gives it"
	}
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
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
