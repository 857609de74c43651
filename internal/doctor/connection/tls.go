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
	When: "The address in base-url begins with http://, so that there is no TLS. The connector accepts that on this machine alone.",
}

func isPlain(c *doctor.Contact) bool { return c.Base.Scheme == "http" }

var tlsIsSpoken = doctor.Check{
	ID:      encrypted,
	Promise: "PrivX speaks TLS 1.2 or later",
	How:     howContact + "how the TLS handshake ended, and on which version and cipher both sides agreed.",
	Needs:   []string{connected},
	Ways: []doctor.Way{
		plain,
		{
			Name: "no-tls", Outcome: doctor.Failed,
			When:    "What answers does not speak TLS.",
			Matters: "The connector sends its secrets to PrivX over TLS only.",
			Do:      "Check the port in base-url: it may be that of plain HTTP, or of another service.",
		},
		{
			Name: "old", Outcome: doctor.Failed,
			When:    "What answers does not speak TLS 1.2 or later.",
			Matters: "Older versions do not protect secrets, and the connector does not use them.",
			Do:      "Enable TLS 1.2 or 1.3 in PrivX, or in the load balancer in front of it.",
		},
		{
			Name: wayRefused, Outcome: doctor.Failed,
			When:    "What answers refuses the TLS handshake.",
			Matters: "No request gets to PrivX.",
			Do: "Check whether PrivX, or the load balancer in front of it, wants a client certificate: the connector has none. " +
				"Check whether it knows the host name in base-url, and whether it has a safe cipher (with ECDHE).",
		},
		{
			Name: "broken", Outcome: doctor.Failed,
			When:    "The connection ends, or nothing more comes, in the middle of the TLS handshake.",
			Matters: "No request gets to PrivX.",
			Do:      "Check whether base-url has the port on which PrivX speaks HTTPS, and whether a firewall that inspects TLS stands in between.",
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
