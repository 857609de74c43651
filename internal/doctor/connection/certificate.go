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

const whichCertificate = "the certificate with which PrivX answers, "

var certificateIsTrusted = doctor.Check{
	ID:      trusted,
	Promise: "PrivX's certificate comes from an issuer who is trusted",
	How:     howContact + whichCertificate + "who has issued it, and whether that leads to a certificate that is trusted: one of the system's own, or of ca-certificate.",
	Needs:   []string{encrypted},
	Ways: []doctor.Way{
		plain,
		{
			Name: wayForeign, Outcome: doctor.Failed,
			When:    "The certificate comes from a CA that is not trusted here.",
			Matters: "It may be somebody else who answers in place of PrivX. The connector sends no secret there.",
			Do: "If the issuer is your own CA, give its certificate with ca-certificate: PrivX shows it as its TLS trust anchor at the bottom of the API client's Credentials page. " +
				"If the issuer is an intermediate CA, let PrivX send that one's certificate, too, or add it to ca-certificate. A firewall that inspects TLS has a CA of its own.",
		},
		{
			Name: "unfit", Outcome: doctor.Failed,
			When:    "The certificate, or one that it was issued with, is not fit for this server.",
			Matters: "The connector sends no secret to a server whose certificate is not valid.",
			Do:      "Have a certificate issued for PrivX that is meant for servers. The error names what is wrong with this one.",
		},
		{
			Name: wayUnknown, Outcome: doctor.Skipped,
			When: "One of the certificates is not valid at this time, and so nothing can be said (see PX-TLS-04).",
		},
	},
	Run: func(ctx context.Context, v *doctor.Visit) doctor.Finding {
		if c := contact(ctx, v); isPlain(c) {
			return doctor.Finding{Way: plain.Name, Found: c.Base.String()}
		}
		got := judge(ctx, v)
		f := doctor.Finding{Found: issuer(got), Wanted: "an issuer who is trusted"}
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
	sent := "PrivX sends it alone"
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
	Promise: "PrivX's certificate is made out to the name in base-url",
	How:     howContact + whichCertificate + "and the names and addresses in it.",
	Needs:   []string{encrypted},
	Ways: []doctor.Way{
		plain,
		{
			Name: "misnamed", Outcome: doctor.Failed,
			When:    "The certificate is made out to other names.",
			Matters: "It may be another server that answers in place of PrivX. The connector sends no secret there.",
			Do:      "Write one of the certificate's names in base-url if it leads to PrivX, or have a certificate issued that has the name in base-url as a subject alternative name.",
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
	return "made out to " + shown(strings.Join(all, ", ")) + more
}

// soon is how long before its end a certificate is warned of.
const soon = 30 * day

const day = 24 * time.Hour

var certificateIsInTime = doctor.Check{
	ID:      inTime,
	Promise: "PrivX's certificate is valid, and will be for another 30 days",
	How:     howContact + whichCertificate + "and from when until when it is valid, as well as those that it was issued with, by this machine's clock.",
	Needs:   []string{encrypted},
	Ways: []doctor.Way{
		plain,
		{
			Name: "soon", Outcome: doctor.Warning,
			When:    "The certificate, or one that it was issued with, ends within 30 days.",
			Matters: "From then on the connector cannot reach PrivX.",
			Do:      "Renew the certificate. If the CA changes with it, add the new one to ca-certificate before.",
		},
		{
			Name: "expired", Outcome: doctor.Failed,
			When:    "PrivX's certificate has ended.",
			Matters: "The connector sends no secret to a server whose certificate is not valid.",
			Do:      "Renew PrivX's certificate. If it has not ended, this machine's clock is wrong.",
		},
		{
			Name: "early", Outcome: doctor.Failed,
			When:    "PrivX's certificate is not valid yet.",
			Matters: "The connector sends no secret to a server whose certificate is not valid.",
			Do:      "Set this machine's clock right if it is behind. Otherwise wait, or have a certificate issued that is valid now.",
		},
		{
			Name: "chain", Outcome: doctor.Failed,
			When:    "A certificate with which PrivX's own was issued is not valid now.",
			Matters: "The connector sends no secret to a server whose certificate is not valid.",
			Do:      "Renew the certificate of the CA that is named, in PrivX and in ca-certificate. If it has not ended, this machine's clock is wrong.",
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
	return fmt.Sprintf("the certificate of %s is valid from %s to %s", subject(certificate), date(certificate.NotBefore), date(certificate.NotAfter))
}

func date(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 MST") }
