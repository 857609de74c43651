package connection

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/conductorone/baton-privx/internal/doctor"
)

// howContact is how the checks of the network and of TLS find out.
const howContact = "One request for the status of PrivX's role store is sent, with the connector's own HTTP client and without credentials. " +
	"The doctor looks at "

var proxyLetsThrough = doctor.Check{
	ID:      proxied,
	Promise: "no proxy stands in the way",
	How:     howContact + "which proxy the environment names (HTTPS_PROXY, NO_PROXY), and whether it lets the connector through to PrivX.",
	Needs:   []string{Configured},
	Ways: []doctor.Way{
		{
			Name: "ignored", Outcome: doctor.Warning,
			When:    "HTTPS_PROXY is set, but it is not a valid address.",
			Matters: "The connector then goes to PrivX without a proxy.",
			Do:      "Correct HTTPS_PROXY, or unset it. Its form is http://user:password@proxy:port. Special characters in the user name and the password must be percent-encoded.",
		},
		{
			Name: "cut", Outcome: doctor.Failed,
			When:    "The address in HTTPS_PROXY has an @ after what is taken for its host, and what is taken for its host does not let the connector through.",
			Matters: "A special character in the user or the password ends the address early, so that a part of them is taken for the proxy. Every request goes there first.",
			Do:      "Correct HTTPS_PROXY: http://user:password@proxy:port, with what is special in the user and the password percent-encoded.",
		},
		{
			Name: "unreachable", Outcome: doctor.Failed,
			When:    "The proxy cannot be reached.",
			Matters: "Every request goes to the proxy first.",
			Do:      "Correct HTTPS_PROXY, or name PrivX's host in NO_PROXY if it can be reached without the proxy.",
		},
		{
			Name: "credentials", Outcome: doctor.Failed,
			When:    "The proxy wants a user name and a password, or refuses those that are given (status 407).",
			Matters: "No request gets to PrivX.",
			Do:      "Give both in HTTPS_PROXY, as http://user:password@proxy:port. Special characters in them must be percent-encoded.",
		},
		{
			Name: "beyond", Outcome: doctor.Failed,
			When:    "The proxy answers that it cannot connect to PrivX (status 502, 503 or 504).",
			Matters: "No request gets to PrivX.",
			Do:      "Check that the proxy can reach the host and the port in base-url, and that PrivX is up. If PrivX can be reached without the proxy, name its host in NO_PROXY.",
		},
		{
			Name: wayRefused, Outcome: doctor.Failed,
			When:    "The proxy refuses to connect to PrivX.",
			Matters: "No request gets to PrivX.",
			Do:      "Let the proxy allow connections to PrivX's host and port, or name the host in NO_PROXY.",
		},
		{
			Name: wayNoAnswer, Outcome: doctor.Failed,
			When:    "The proxy can be reached, but gives no usable answer.",
			Matters: "No request gets to PrivX.",
			Do:      "Check that HTTPS_PROXY is the address of an HTTP proxy, with the right scheme and port.",
		},
	},
	Run: func(ctx context.Context, v *doctor.Visit) doctor.Finding {
		c := contact(ctx, v)
		switch {
		case c.Proxy == nil && isMalformed(cmp.Or(os.Getenv("HTTPS_PROXY"), os.Getenv("https_proxy"))) && !isLoopback(c.Base.Hostname()):
			return doctor.Finding{Way: "ignored", Found: "no proxy is used", Wanted: "an address in HTTPS_PROXY"}
		case c.Proxy == nil:
			return doctor.Pass("no proxy is used", "")
		}
		found := proxyName(c)
		switch {
		case isThrough(c):
			return doctor.Pass(found+" lets the connector through", "")
		case c.Proxy.Host == "":
			// The error would show the address.
			return doctor.Finding{Way: "cut", Found: found + " does not let the connector through", Wanted: "a way through to " + c.Base.Host}
		}
		if c.Tunnel != 0 {
			found += fmt.Sprintf(" answers %d", c.Tunnel)
		}
		return doctor.Finding{Way: proxyFailure(c), Found: found, Wanted: "a way through to " + c.Base.Host, Cause: cause(c)}
	},
}

// isMalformed tells whether net/http passes over the address of a proxy, as it does without
// a word where it is no URL, also with http:// before it.
func isMalformed(proxy string) bool {
	_, whole := url.Parse(proxy)
	_, host := url.Parse("http://" + proxy)
	return whole != nil && host != nil
}

// isLoopback tells whether a host is this machine, for which net/http uses no proxy.
func isLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}

// proxyFailure is the way in which the proxy stands in the way.
func proxyFailure(c *doctor.Contact) string {
	switch c.Tunnel {
	case http.StatusProxyAuthRequired:
		return "credentials"
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return "beyond"
	case 0:
	default:
		return wayRefused
	}
	switch {
	case isOp(c.Answer.Err, "socks connect"):
		return wayRefused
	case c.Dialled() == nil || isOp(c.Answer.Err, "proxyconnect"):
		return "unreachable"
	default:
		return wayNoAnswer
	}
}

var nameIsKnown = doctor.Check{
	ID:      named,
	Promise: "the host name in base-url is known",
	How:     howContact + "the IP addresses of the name in base-url.",
	Needs:   []string{proxied},
	Ways: []doctor.Way{
		{
			Name: "proxy", Outcome: doctor.Skipped, Moot: true,
			When: "It is the proxy that looks up the name, and not this machine.",
		},
		{
			Name: "address", Outcome: doctor.Skipped, Moot: true,
			When: "In base-url there is an IP address, so that there is no name to look up.",
		},
		{
			Name: wayUnknown, Outcome: doctor.Failed,
			When:    "No such name is known.",
			Matters: "The connector cannot find PrivX.",
			Do:      "Check the host name in base-url. If it is right, check that this machine asks a DNS server that knows it. A container may ask another DNS server than its host.",
		},
		{
			Name: wayNoAnswer, Outcome: doctor.Failed,
			When:    "No DNS server answers.",
			Matters: "The connector cannot find PrivX.",
			Do:      "Check which DNS servers this machine asks, and whether it can reach them.",
		},
	},
	Run: func(ctx context.Context, v *doctor.Visit) doctor.Finding {
		c := contact(ctx, v)
		const anAddress = "an address"
		host := c.Base.Hostname()
		switch {
		case c.Proxy != nil:
			return doctor.Finding{Way: "proxy", Found: proxyName(c)}
		case isAddress(host):
			return doctor.Finding{Way: "address", Found: host}
		case c.Lookup == nil || !c.Lookup.Done:
			return doctor.Finding{Way: wayNoAnswer, Found: host, Wanted: anAddress, Cause: cause(c)}
		case c.Lookup.Err != nil:
			return doctor.Finding{Way: lookupFailure(c.Lookup.Err), Found: host, Wanted: anAddress, Cause: c.Lookup.Err.Error()}
		}
		return doctor.Pass(fmt.Sprintf("%s is %s (%s)", host, strings.Join(c.Lookup.Addresses, ", "), rounded(c.Lookup.Took)), anAddress)
	},
}

func isAddress(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

func lookupFailure(err error) string {
	var dns *net.DNSError
	if errors.As(err, &dns) && dns.IsNotFound {
		return wayUnknown
	}
	return wayNoAnswer
}

var tcpConnects = doctor.Check{
	ID:      connected,
	Promise: "a connection to PrivX can be made",
	How:     howContact + "the addresses that were tried, and how long it took to connect.",
	Needs:   []string{named},
	Ways: []doctor.Way{
		{
			Name: wayRefused, Outcome: doctor.Failed,
			When:    "Nothing listens at that address and port.",
			Matters: "PrivX is down, or it is at another address or port.",
			Do:      "Check the host and the port in base-url, and whether PrivX is up.",
		},
		{
			Name: "unreachable", Outcome: doctor.Failed,
			When:    "There is no route to that address.",
			Matters: "The connector cannot get to PrivX's network from here.",
			Do:      "Check the routes of this machine. Check whether it needs a VPN, and whether a firewall or a network policy stands in between.",
		},
		{
			Name: wayNoAnswer, Outcome: doctor.Failed,
			When:    "Nothing answers at that address and port.",
			Matters: "A firewall may drop the packets, or PrivX's machine may be down.",
			Do:      "Let firewalls and network policies allow connections from here to PrivX's port. Check whether PrivX is up.",
		},
		{
			Name: "error", Outcome: doctor.Failed,
			When:    "The connection fails for another reason.",
			Matters: "No request gets to PrivX.",
			Do:      "Look for what the error names on the way from this machine to PrivX. Then run the doctor again.",
		},
	},
	Run: func(ctx context.Context, v *doctor.Visit) doctor.Finding {
		c := contact(ctx, v)
		wanted := "a TCP connection to " + c.Base.Host
		switch dial := c.Dialled(); {
		case c.Proxy != nil:
			return doctor.Pass("the proxy has connected", wanted)
		case dial != nil:
			return doctor.Pass(fmt.Sprintf("connected to %s in %s", dial.Address, rounded(dial.Took)), wanted)
		case c.Connected || c.Answer.Status != 0 || !c.Began.IsZero():
			// What is told of a connection is not needed where an answer has come over it.
			return doctor.Pass("connected", wanted)
		}
		return doctor.Finding{Way: dialFailure(c), Found: tried(c.Dials), Wanted: wanted, Cause: cause(c)}
	},
}

// dialFailure is the way in which no connection came about. One that was refused says more
// than another that was not answered.
func dialFailure(c *doctor.Contact) string {
	err := c.Answer.Err
	for _, dial := range c.Dials {
		err = errors.Join(err, dial.Err)
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return wayRefused
	case errors.Is(err, syscall.ENETUNREACH) || errors.Is(err, syscall.EHOSTUNREACH):
		return "unreachable"
	case len(c.Dials) > 0 && (errors.Is(err, os.ErrDeadlineExceeded) || !allDone(c.Dials) || isTimeout(err)):
		return wayNoAnswer
	default:
		return "error"
	}
}

func allDone(dials []doctor.Dial) bool {
	for _, dial := range dials {
		if !dial.Done {
			return false
		}
	}
	return true
}

func isTimeout(err error) bool {
	var e net.Error
	return errors.As(err, &e) && e.Timeout()
}

// tried says at which addresses no connection came about.
func tried(dials []doctor.Dial) string {
	if len(dials) == 0 {
		return "no address was tried"
	}
	var addresses []string
	for _, dial := range dials {
		addresses = append(addresses, dial.Address)
	}
	return "tried " + strings.Join(addresses, ", ")
}

// rounded is a time that something took, for the eye.
func rounded(took time.Duration) time.Duration {
	if took < 10*time.Millisecond {
		return max(took.Round(100*time.Microsecond), 100*time.Microsecond)
	}
	return took.Round(time.Millisecond)
}
