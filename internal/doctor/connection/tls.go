package connection

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"strings"

	"github.com/conductorone/baton-privx/internal/doctor"
)

// plain is the way in which all checks of TLS end where there is none.
var plain = doctor.Way{
	Name: "plain", Outcome: doctor.Skipped, Moot: true,
	When: "The address in base-url begins with http://, which is accepted on this machine alone, and so there is no TLS.",
}

func isPlain(c *doctor.Contact) bool { return c.Base.Scheme == "http" }

var tlsIsSpoken = doctor.Check{
	ID:      encrypted,
	Promise: "PrivX speaks TLS 1.2 or later",
	How:     howContact + "how the handshake of TLS ended, and which version and cipher the two sides agreed on.",
	Needs:   []string{connected},
	Ways: []doctor.Way{
		plain,
		{
			Name: "no-tls", Outcome: doctor.Failed,
			When:    "What answers does not speak TLS.",
			Matters: "The connector sends its secrets over TLS alone.",
			Do:      "Check the port in base-url: it may be that of plain HTTP, or of another service.",
		},
		{
			Name: "old", Outcome: doctor.Failed,
			When:    "What answers speaks no version of TLS from 1.2 on.",
			Matters: "Older versions do not protect secrets, and the connector does not use them.",
			Do:      "Enable TLS 1.2 or 1.3 in PrivX, or in the load balancer in front of it.",
		},
		{
			Name: wayRefused, Outcome: doctor.Failed,
			When:    "What answers refuses the handshake.",
			Matters: "No request gets to PrivX.",
			Do: "Check whether PrivX, or the load balancer in front of it, wants a client certificate, does not know the host name in base-url, " +
				"or has no cipher that is considered safe (with ECDHE). The connector has no client certificate.",
		},
		{
			Name: "broken", Outcome: doctor.Failed,
			When:    "The connection ends, or nothing more comes, in the middle of the handshake.",
			Matters: "No request gets to PrivX.",
			Do:      "Check whether a firewall that inspects TLS stands in between, and whether base-url has the port of PrivX's HTTPS.",
		},
	},
	Run: func(ctx context.Context, v *doctor.Visit) doctor.Finding {
		c := contact(ctx, v)
		if isPlain(c) {
			return doctor.Finding{Way: plain.Name, Found: c.Base.String()}
		}
		const wanted = "TLS 1.2 or later"
		// A server that wants a client certificate may say so after the handshake.
		switch h := c.Handshake; {
		case h != nil && refusedCertificate(h) != nil:
			return doctor.Pass("a version of TLS that is new enough, with a certificate that is refused", wanted)
		case h != nil && h.Done && h.Err == nil && !isOp(c.Answer.Err, remoteError):
			return doctor.Pass(tls.VersionName(h.State.Version)+" with "+tls.CipherSuiteName(h.State.CipherSuite), wanted)
		}
		return doctor.Finding{Way: handshakeFailure(c.Answer.Err), Found: "no TLS with " + c.Base.Host, Wanted: wanted, Cause: cause(c)}
	},
}

// remoteError is what package net calls an alert of TLS from the other side.
const remoteError = "remote error"

// handshakeFailure is the way in which no TLS came about.
func handshakeFailure(err error) string {
	var header tls.RecordHeaderError
	switch {
	case errors.Is(err, http.ErrSchemeMismatch) || errors.As(err, &header):
		return "no-tls"
	case err != nil && strings.Contains(err.Error(), "protocol version"):
		// crypto/tls has no type for it, whichever side it is that does not have a version.
		return "old"
	case isOp(err, remoteError):
		return wayRefused
	default:
		return "broken"
	}
}

// refusedCertificate is the error of a handshake that failed by PrivX's certificate alone;
// nil otherwise.
func refusedCertificate(h *doctor.Handshake) *tls.CertificateVerificationError {
	var e *tls.CertificateVerificationError
	errors.As(h.Err, &e)
	return e
}
