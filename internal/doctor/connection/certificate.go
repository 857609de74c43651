package connection

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/conductorone/baton-privx/internal/doctor"
)

const whichCertificate = "the certificate that PrivX shows, "

var certificateIsTrusted = doctor.Check{
	ID:      trusted,
	Promise: "PrivX's certificate comes from a trusted CA",
	How:     howContact + whichCertificate + "who has issued it, and whether that leads to a CA that is trusted: one of the system's own, or one in ca-certificate.",
	Needs:   []string{encrypted},
	Ways: []doctor.Way{
		plain,
		{
			Name: wayForeign, Outcome: doctor.Failed,
			When:    "The certificate comes from a CA that is not trusted here.",
			Matters: "Somebody else may answer in place of PrivX. So the connector sends it no secret.",
			Do: "If the issuer is your own CA, set ca-certificate to a file with its certificate. PrivX shows it as TLS trust anchor, at the bottom of the API client's Credentials page. " +
				"If the issuer is an intermediate CA, let PrivX send its certificate, too, or add it to that file. " +
				"If it is the CA of a firewall that inspects TLS, add that CA to the file, or let the firewall pass PrivX by.",
		},
		{
			Name: "unfit", Outcome: doctor.Failed,
			When:    "The certificate, or that of a CA above it, may not be used for a server.",
			Matters: "The connector sends no secret to a server whose certificate is not valid.",
			Do:      "Have a certificate issued for PrivX that is meant for servers. The error says what is wrong with this one.",
		},
		{
			Name: wayUnknown, Outcome: doctor.Skipped,
			When: "A certificate is not valid now, so that it cannot be said whether the CA is trusted (see PX-TLS-04).",
		},
	},
	Run: func(ctx context.Context, v *doctor.Visit) doctor.Finding {
		if c := contact(ctx, v); isPlain(c) {
			return doctor.Finding{Way: plain.Name, Found: c.Base.String()}
		}
		got := judge(ctx, v)
		f := doctor.Finding{Found: issuer(got), Wanted: "a trusted CA"}
		var foreign x509.UnknownAuthorityError
		switch {
		case errors.As(got.untrusted, &foreign):
			f.Way, f.Cause = wayForeign, got.untrusted.Error()
		case got.untrusted != nil:
			f.Way, f.Cause = "unfit", got.untrusted.Error()
		case len(got.chains) == 0:
			f.Way = wayUnknown
		default:
			f.Found += "; " + anchor(v, got)
		}
		return f
	},
}

func issuer(got verdict) string {
	sent := "PrivX sends 1 certificate"
	if len(got.sent) > 1 {
		sent = fmt.Sprintf("PrivX sends %d certificates", len(got.sent))
	}
	return "issued by " + shown(got.own.Issuer.String()) + "; " + sent
}

// anchor says which certificate makes it trusted, and who has given that.
func anchor(v *doctor.Visit, got verdict) string {
	if system, err := x509.SystemCertPool(); err == nil {
		if chains, err := got.verify(system); err == nil {
			text := "trusted by " + root(chains) + ", one of the system's own"
			if len(settings(v).CertificateAuthorities) > 0 {
				text += ", so that ca-certificate is not needed"
			}
			return text
		}
	}
	return "trusted by " + root(got.chains) + ", given with ca-certificate"
}

// root is whom the certificate at the end of the first chain is for.
func root(chains [][]*x509.Certificate) string { return subject(chains[0][len(chains[0])-1]) }

// subject is whom a certificate is for.
func subject(certificate *x509.Certificate) string { return shown(certificate.Subject.String()) }

var certificateHasName = doctor.Check{
	ID:      madeOut,
	Promise: "PrivX's certificate is issued for the host in base-url",
	How:     howContact + whichCertificate + "and the names and addresses in it.",
	Needs:   []string{encrypted},
	Ways: []doctor.Way{
		plain,
		{
			Name: "misnamed", Outcome: doctor.Failed,
			When:    "The certificate is issued for other names.",
			Matters: "Another server may answer in place of PrivX. So the connector sends it no secret.",
			Do:      "Set base-url to a name in the certificate that leads to PrivX. Or have a certificate issued that has the host in base-url as a subject alternative name.",
		},
	},
	Run: func(ctx context.Context, v *doctor.Visit) doctor.Finding {
		c := contact(ctx, v)
		if isPlain(c) {
			return doctor.Finding{Way: plain.Name, Found: c.Base.String()}
		}
		got := judge(ctx, v)
		f := doctor.Finding{Found: names(got.own), Wanted: c.Base.Hostname()}
		if got.misnamed {
			f.Way = "misnamed"
			f.Cause = got.own.VerifyHostname(c.Base.Hostname()).Error()
		}
		return f
	},
}

// maxNames is how many of a certificate's names are shown.
const maxNames = 8

// names says to which names and addresses a certificate is made out.
func names(certificate *x509.Certificate) string {
	all := certificate.DNSNames
	for _, address := range certificate.IPAddresses {
		all = append(all, address.String())
	}
	if len(all) == 0 {
		return "no name and no address, only the subject " + subject(certificate)
	}
	more := ""
	if len(all) > maxNames {
		more = fmt.Sprintf(" and %d more", len(all)-maxNames)
		all = all[:maxNames]
	}
	return "issued for " + shown(strings.Join(all, ", ")) + more
}

// soon is how long before its end a certificate is warned of.
const soon = 30 * day

const day = 24 * time.Hour

var certificateIsInTime = doctor.Check{
	ID:      inTime,
	Promise: "PrivX's certificate is valid for another 30 days",
	How:     howContact + whichCertificate + "and at those of the CAs above it: from when until when they are valid, by this machine's clock.",
	Needs:   []string{encrypted},
	Ways: []doctor.Way{
		plain,
		{
			Name: "soon", Outcome: doctor.Warning,
			When:    "The certificate, or that of a CA above it, ends within 30 days.",
			Matters: "From then on the connector cannot reach PrivX.",
			Do:      "Renew the certificate that is named. If a new CA issues it, add that CA to ca-certificate first.",
		},
		{
			Name: "expired", Outcome: doctor.Failed,
			When:    "PrivX's certificate has ended.",
			Matters: "The connector sends no secret to a server whose certificate is not valid.",
			Do:      "Renew PrivX's certificate. If it has not ended yet, set this machine's clock right.",
		},
		{
			Name: "early", Outcome: doctor.Failed,
			When:    "PrivX's certificate is not valid yet.",
			Matters: "The connector sends no secret to a server whose certificate is not valid.",
			Do:      "If this machine's clock is behind, set it right. Otherwise have a certificate issued that is valid now.",
		},
		{
			Name: "chain", Outcome: doctor.Failed,
			When:    "The certificate of a CA above PrivX's own is not valid now.",
			Matters: "The connector sends no secret to a server whose certificate is not valid.",
			Do:      "Renew the CA's certificate that is named, in PrivX and in ca-certificate. If it is valid by the right time, set this machine's clock right.",
		},
	},
	Run: func(ctx context.Context, v *doctor.Visit) doctor.Finding {
		if c := contact(ctx, v); isPlain(c) {
			return doctor.Finding{Way: plain.Name, Found: c.Base.String()}
		}
		got, now := judge(ctx, v), time.Now()
		if got.outOfTime != nil {
			return doctor.Finding{Way: timeFailure(got, now), Found: validity(got.outOfTime), Wanted: "valid on " + date(now)}
		}
		ending := got.ends()
		left := ending.NotAfter.Sub(now)
		f := doctor.Finding{Found: fmt.Sprintf("%s, %d days from now", validity(ending), int(left/day)), Wanted: "30 days or more"}
		if left < soon {
			f.Way = "soon"
		}
		return f
	},
}

// timeFailure is the way in which the certificates are out of their time.
func timeFailure(got verdict, now time.Time) string {
	switch {
	case got.outOfTime != got.own:
		return "chain"
	case now.Before(got.own.NotBefore):
		return "early"
	default:
		return "expired"
	}
}

// validity says from when until when a certificate is valid.
func validity(certificate *x509.Certificate) string {
	return fmt.Sprintf("%s, valid from %s to %s", subject(certificate), date(certificate.NotBefore), date(certificate.NotAfter))
}

func date(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 MST") }
