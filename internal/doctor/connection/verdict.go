package connection

import (
	"context"
	"crypto/x509"
	"errors"
	"net/http"
	"time"

	"github.com/conductorone/baton-privx/internal/doctor"
)

// verdict is what is good and what is wrong with PrivX's certificate. crypto/tls says only
// the first thing that it finds wrong, and each of these has a check of its own.
type verdict struct {
	// own is PrivX's certificate, and sent are those that came, its own first.
	own  *x509.Certificate
	sent []*x509.Certificate
	// at is the time at which it is asked whether they are trusted: one at which PrivX's own
	// is valid, and now if it can be.
	at time.Time
	// chains lead from it to certificates that are trusted.
	chains [][]*x509.Certificate
	// misnamed tells that it is made out to another name.
	misnamed bool
	// outOfTime is the certificate that is not valid now: PrivX's own, or one that it was
	// issued with; nil if none is.
	outOfTime *x509.Certificate
	// untrusted is why it is not trusted; nil if it is, or if that cannot be known.
	untrusted error
}

// judge looks at the certificate with which PrivX answered. It finds something wrong if and
// only if the handshake failed.
func judge(ctx context.Context, v *doctor.Visit) verdict {
	c := contact(ctx, v)
	refused := refusedCertificate(c.Handshake)
	if refused == nil {
		state := c.Handshake.State
		return verdict{own: state.PeerCertificates[0], sent: state.PeerCertificates, at: time.Now(), chains: state.VerifiedChains}
	}
	own, now := refused.UnverifiedCertificates[0], time.Now()
	found := verdict{
		own: own, sent: refused.UnverifiedCertificates,
		at:       latest(own.NotBefore, earliest(now, own.NotAfter)),
		misnamed: own.VerifyHostname(c.Base.Hostname()) != nil,
	}
	if !found.at.Equal(now) {
		found.outOfTime = own
	}
	var err error
	found.chains, err = found.verify(roots(v))
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		if found.outOfTime == nil {
			found.outOfTime = invalid.Cert
		}
	case err != nil:
		found.untrusted = err
	case !found.misnamed && found.outOfTime == nil:
		found.untrusted = refused // For a reason that only crypto/tls knows.
	}
	return found
}

// verify looks for chains to certificates that are trusted.
func (v verdict) verify(roots *x509.CertPool) ([][]*x509.Certificate, error) {
	intermediates := x509.NewCertPool()
	for _, certificate := range v.sent[1:] {
		intermediates.AddCert(certificate)
	}
	return v.own.Verify(x509.VerifyOptions{Roots: roots, Intermediates: intermediates, CurrentTime: v.at})
}

// ends is the certificate with which the chain to what is trusted ends to be valid: PrivX's
// own or one that it was issued with. Of several chains, one is enough.
func (v verdict) ends() *x509.Certificate {
	first := v.own
	for i, chain := range v.chains {
		ending := chain[0]
		for _, certificate := range chain {
			if certificate.NotAfter.Before(ending.NotAfter) {
				ending = certificate
			}
		}
		if i == 0 || ending.NotAfter.After(first.NotAfter) {
			first = ending
		}
	}
	return first
}

// roots are the certificates that the connector's transport trusts; nil for the system's.
func roots(v *doctor.Visit) *x509.CertPool {
	transport, ok := v.Client.API().Tuning().Transport.(*http.Transport)
	if !ok || transport.TLSClientConfig == nil {
		return nil
	}
	return transport.TLSClientConfig.RootCAs
}

func earliest(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
