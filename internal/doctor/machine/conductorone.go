package machine

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"os"
	"time"

	"github.com/conductorone/baton-sdk/pkg/crypto"
	"github.com/conductorone/baton-sdk/pkg/ugrpc"
	"github.com/conductorone/baton-sdk/pkg/uhttp"
	"google.golang.org/grpc/credentials"

	"github.com/conductorone/baton-privx/internal/doctor"
)

// Ids of checks that others need.
const (
	idCredentials = "PX-C1-01"
	idReachable   = "PX-C1-02"
)

// patience bounds each request to ConductorOne. The SDK waits as long for a connection.
const patience = 30 * time.Second

// provider is what gives the SDK ConductorOne's tokens, with the host that they come from.
// Making it sends nothing.
func provider(ctx context.Context, v *doctor.Visit) (credentials.PerRPCCredentials, string, error) {
	bounded := context.WithValue(ctx, uhttp.ContextHTTPTimeoutKey, patience)
	tokens, _, host, err := ugrpc.NewC1CredentialProvider(bounded, v.Given.ClientID, v.Given.ClientSecret)
	if other, set := os.LookupEnv("BATON_C1_API_HOST"); set {
		host = other
	}
	return tokens, host, err
}

var credentialsGiven = doctor.Check{
	ID:      idCredentials,
	Promise: "ConductorOne's credentials have the right form",
	How:     "The doctor reads client-id and client-secret as baton-sdk does. Nothing is sent.",
	Ways: []doctor.Way{
		{Name: "none", Outcome: doctor.Skipped, When: "The setting client-id is not given. A one-shot run does not need it."},
		{
			Name: "no-secret", Outcome: doctor.Failed,
			When: "The setting client-id is given without client-secret.", Matters: "The service does not start.",
			Do: "Set client-secret, or leave out client-id for a one-shot run.",
		},
		{
			Name: "id", Outcome: doctor.Failed,
			When: "The setting client-id does not have the form NAME@HOST/PATH.", Matters: "The service does not start.",
			Do: "Copy the whole client ID again from the connector's page in ConductorOne.",
		},
		{
			Name: "secret", Outcome: doctor.Failed,
			When: "The setting client-secret does not have the form of ConductorOne's secrets.", Matters: "The service does not start.",
			Do: "Copy the whole secret again. ConductorOne shows it only once. If it is lost, rotate it on the connector's page in ConductorOne.",
		},
	},
	Run: func(ctx context.Context, v *doctor.Visit) doctor.Finding {
		switch {
		case v.Given.ClientID == "":
			return doctor.Finding{Way: "none"}
		case v.Given.ClientSecret == "":
			return doctor.Finding{Way: "no-secret", Found: "client-id without client-secret", Wanted: "both"}
		}
		_, host, err := provider(ctx, v)
		switch {
		case errors.Is(err, crypto.ErrInvalidClientSecret):
			return doctor.Finding{Way: "secret", Found: "a secret of another form", Wanted: "one that begins with secret-token:", Cause: err.Error()}
		case err != nil || host == "":
			return doctor.Finding{Way: "id", Found: "an id of another form", Wanted: "NAME@HOST/PATH", Cause: cmp.Or(err, errNoHost).Error()}
		default:
			return doctor.Pass("for "+host, "")
		}
	},
}

var errNoHost = errors.New("the client-id names no host")

var reachable = doctor.Check{
	ID:      idReachable,
	Promise: "ConductorOne can be reached",
	How: "The doctor connects to the host in client-id as baton-sdk does: with TLS, the system's CAs, and the proxy that the environment names. " +
		"One request without credentials is sent, and its answer does not matter.",
	Needs: []string{idCredentials},
	Ways: []doctor.Way{
		{
			Name: "unknown-name", Outcome: doctor.Failed,
			When: "The name of the host in client-id is not known.", Matters: "The service does not start.",
			Do: "Compare client-id with the one in ConductorOne. If it is right, check the DNS servers of this machine, or the proxy.",
		},
		{
			Name: "unreachable", Outcome: doctor.Failed,
			When: "The host in client-id cannot be reached, or does not answer.", Matters: "The service does not start, or waits.",
			Do: "Let firewalls and network policies allow connections from this machine to port 443 of the host, or set HTTPS_PROXY.",
		},
		{
			Name: "tls", Outcome: doctor.Failed,
			When: "The host's certificate is not trusted here, or the host does not speak TLS.", Matters: "The service does not start.",
			Do: "If a firewall or a proxy inspects TLS, add its CA to those of the system (SSL_CERT_FILE). The setting ca-certificate is for PrivX only.",
		},
	},
	Run: func(ctx context.Context, v *doctor.Visit) doctor.Finding {
		_, host, err := provider(ctx, v)
		if err == nil {
			var found string
			if found, err = connect(ctx, host); err == nil {
				return doctor.Pass(host+": "+found, "")
			}
		}
		return doctor.Finding{Way: hindrance(err), Found: host, Wanted: "a connection with TLS", Cause: plainly(err)}
	},
}

// connect sends a request to a host and says over what it was answered.
func connect(ctx context.Context, host string) (string, error) {
	client, err := uhttp.NewClient(ctx, uhttp.WithTimeout(patience), uhttp.WithUserAgent("baton-privx-doctor"))
	if err != nil {
		return "", err
	}
	defer client.CloseIdleConnections()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	var to string
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) { to = info.Conn.RemoteAddr().String() },
	})
	target := url.URL{Scheme: "https", Host: host, Path: "/"}
	rq, err := http.NewRequestWithContext(traced, http.MethodHead, target.String(), nil)
	if err != nil {
		return "", err
	}
	answer, err := client.Do(rq)
	if err != nil {
		return "", err
	}
	_ = answer.Body.Close()
	if answer.TLS == nil {
		return "", errors.New("no TLS")
	}
	return fmt.Sprintf("%s to %s", tls.VersionName(answer.TLS.Version), to), nil
}

// hindrance is the way in which a connection fails.
func hindrance(err error) string {
	var (
		name      *net.DNSError
		bad       *tls.CertificateVerificationError
		authority x509.UnknownAuthorityError
		header    tls.RecordHeaderError
		op        *net.OpError
	)
	switch {
	case errors.As(err, &name):
		return "unknown-name"
	case errors.As(err, &bad), errors.As(err, &authority), errors.As(err, &header), errors.Is(err, http.ErrSchemeMismatch),
		errors.As(err, &op) && op.Op == "remote error":
		return "tls"
	default:
		return "unreachable"
	}
}

// plainly is the innermost cause, without the address that was asked for.
func plainly(err error) string {
	var joined interface{ Unwrap() []error }
	for errors.As(err, &joined) && len(joined.Unwrap()) > 0 {
		all := joined.Unwrap()
		err = all[len(all)-1]
	}
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err.Error()
	}
	return err.Error()
}

var tokenGiven = doctor.Check{
	ID:      "PX-C1-03",
	Promise: "ConductorOne gives a token for the credentials",
	How:     "One token is asked for, as baton-sdk does. It is not used, so that ConductorOne does not take the doctor for the connector's service.",
	Needs:   []string{idReachable},
	Ways: []doctor.Way{
		{
			Name: "refused", Outcome: doctor.Failed,
			When: "ConductorOne answers, but gives no token.", Matters: "The service does not start.",
			Do: "Compare client-id with the one in ConductorOne, and check this machine's clock. If both are right, rotate the secret. " +
				"If the error has a status of 500 or more, first run the doctor again in a minute.",
		},
		{
			Name: "no-answer", Outcome: doctor.Failed,
			When: "ConductorOne does not answer the request for a token.", Matters: "The service does not start.",
			Do: "Run the doctor again in a minute. If it still fails, look at the firewalls and proxies between this machine and ConductorOne.",
		},
	},
	Run: func(ctx context.Context, v *doctor.Visit) doctor.Finding {
		tokens, host, err := provider(ctx, v)
		if err == nil {
			err = askForToken(ctx, tokens)
		}
		var unanswered *url.Error
		switch {
		case errors.As(err, &unanswered), errors.Is(err, context.Canceled):
			return doctor.Finding{Way: "no-answer", Found: "no answer of " + host, Wanted: "a token", Cause: plainly(err)}
		case err != nil:
			return doctor.Finding{Way: "refused", Found: "no token of " + host, Wanted: "a token", Cause: err.Error()}
		default:
			return doctor.Pass("a token of "+host, "")
		}
	},
}

// askForToken asks for a token and drops it. The SDK's own request heeds no context, and ends
// after patience.
func askForToken(ctx context.Context, tokens credentials.PerRPCCredentials) error {
	// The SDK hands out a token only to a connection that is secure. This one is sent nowhere.
	secure := credentials.NewContextWithRequestInfo(ctx, credentials.RequestInfo{
		AuthInfo: credentials.TLSInfo{CommonAuthInfo: credentials.CommonAuthInfo{SecurityLevel: credentials.PrivacyAndIntegrity}},
	})
	result := make(chan error, 1)
	go func() {
		_, err := tokens.GetRequestMetadata(secure)
		result <- err
	}()
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}
