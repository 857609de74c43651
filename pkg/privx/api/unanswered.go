package api

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"

	"github.com/conductorone/baton-privx/internal/errorid"
)

// unanswered makes the error for a request that got no complete answer.
func unanswered(ctx context.Context, rq *Request, in *intake, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", rq.Endpoint, ctx.Err())
	}
	e := &Error{Endpoint: rq.Endpoint.String()}
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		if e.Kind = TooLong; tooLong.Limit <= MaxShortBody {
			e.Kind = Unusable // The limit for short answers: asking for less does not help.
		}
		e.ID, e.Hint, e.Cause = errorid.AnswerTooLong, hintBaseURL, &quietError{tooLong, fmt.Sprintf("it is longer than %d MiB", tooLong.Limit>>20)}
	case errors.Is(err, context.DeadlineExceeded) && in.sent.Load() != 0 && !in.crowded:
		e.Kind, e.Cause = TooSlow, plainCause(err)
		e.Hint = "PrivX did not answer within the time that http-timeout-seconds gives it"
	default:
		e.Cause = plainCause(err)
		e.Kind, e.ID, e.Hint = kindOfFailure(err)
	}
	return e
}

// kindOfFailure distinguishes failures that can be tried again from lasting ones, names the
// condition, and gives a hint at what the operator can do about the latter. A failure that
// it does not know can be tried again, because the number of tries is bounded.
func kindOfFailure(err error) (Kind, errorid.ID, string) {
	var (
		badName x509.HostnameError
		badCert *tls.CertificateVerificationError
		op      *net.OpError
		dns     *net.DNSError
	)
	switch {
	case errors.As(err, &badName):
		return Unusable, errorid.CertificateName, "base-url must have a name that PrivX's certificate is made out to"
	case errors.As(err, &badCert):
		return Unusable, errorid.CertificateUntrusted, hintCA
	case errors.As(err, &op) && op.Op == "remote error":
		// A TLS alert, as crypto/tls tells it.
		return Unusable, errorid.TLSRefused, "PrivX must speak TLS 1.2 or later"
	case errors.Is(err, http.ErrSchemeMismatch):
		return Unusable, errorid.NotTLS, "check the scheme and the port in base-url"
	case errors.As(err, &dns) && dns.IsNotFound:
		return Unusable, errorid.HostUnknown, "check the host name in base-url"
	default:
		return Unavailable, errorid.NoAnswer, ""
	}
}

// plainCause drops what uhttp and net/http wrap around the real cause: a gRPC status with
// the same text, and the URL.
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
