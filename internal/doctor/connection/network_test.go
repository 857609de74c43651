package connection_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/doctortest"
	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/privx"
)

func TestNetwork(t *testing.T) {
	t.Parallel()
	const proxy, name, tcp = "PX-NET-01", "PX-NET-02", "PX-NET-03"
	behindOne := func(scheme string, serve func(*testing.T) string) arranger {
		return func(t *testing.T) doctor.Given { return behind(t, scheme, serve(t)) }
	}
	status := func(status int) arranger {
		return behindOne("http", func(t *testing.T) string { return answering(t, status) })
	}
	through := func(scheme string) arranger {
		return func(t *testing.T) doctor.Given { return throughTunnel(t, scheme) }
	}
	runCases(t, "Network", []doctortest.Case{
		{Check: proxy, Found: "no proxy", Arrange: ordinary(privxsim.Options{})},
		{Check: proxy, Name: "through", Found: "the proxy http://127.0.0.1:", Arrange: through("http"), After: noPassword},
		{Check: proxy, Name: "through with TLS", Found: "the proxy https://127.0.0.1:", Arrange: through("https")},
		{Check: proxy, Name: "through, and the name is wrong", Arrange: func(t *testing.T) doctor.Given { return throughTunnel(t, "https", "other.invalid") }},
		{Check: proxy, Way: "ignored", Found: "no proxy", Arrange: asking(unknownName)},
		{Check: proxy, Way: "cut", Found: "whose address is not shown", Arrange: cut("/canary@proxy:3128", silent)},
		{Check: proxy, Way: "cut", Name: "407", Arrange: cut("#canary@proxy:3128", func(t *testing.T) string { return answering(t, http.StatusProxyAuthRequired) })},
		{Check: proxy, Way: "unreachable", Cause: "connection refused", Arrange: behindOne("http", silent)},
		{Check: proxy, Way: "unreachable", Name: "SOCKS", Cause: "connection refused", Arrange: behindOne("socks5", silent)},
		{Check: proxy, Way: "unreachable", Name: "no TLS", Arrange: behindOne("https", func(t *testing.T) string { return answering(t, 200) })},
		{Check: proxy, Way: "credentials", Found: "407", Arrange: status(http.StatusProxyAuthRequired), After: noPassword},
		{Check: proxy, Way: "refused", Found: "403", Arrange: status(http.StatusForbidden)},
		{Check: proxy, Way: "refused", Name: "SOCKS", Cause: "not allowed", Arrange: behindOne("socks5", refusingSOCKS)},
		{Check: proxy, Way: "beyond", Name: "502", Found: "502", Arrange: status(http.StatusBadGateway)},
		{Check: proxy, Way: "beyond", Name: "503", Found: "503", Arrange: status(http.StatusServiceUnavailable)},
		{Check: proxy, Way: "beyond", Name: "504", Found: "504", Arrange: status(http.StatusGatewayTimeout)},
		{Check: proxy, Way: "no-answer", Arrange: behindOne("http", func(t *testing.T) string { return listening(t, closing) })},
		{Check: proxy, Way: "no-answer", Name: "in time", Arrange: inAMoment(behindOne("http", func(t *testing.T) string { return listening(t, waiting) }))},

		{Check: name, Found: "localhost is ", Arrange: namedLocalhost},
		{Check: name, Way: "proxy", Arrange: through("http")},
		{Check: name, Way: "address", Found: "127.0.0.1", Arrange: ordinary(privxsim.Options{})},
		{Check: name, Way: "unknown", Cause: "no such host", Arrange: asking(unknownName)},
		{Check: name, Way: "no-answer", Cause: "server misbehaving", Arrange: asking(func(reply []byte) { reply[3] = reply[3]&0xf0 | 2 })},
		{Check: name, Way: "no-answer", Name: "in time", Arrange: inAMoment(asking(nil))},

		{Check: tcp, Found: "connected to 127.0.0.1:", Arrange: ordinary(privxsim.Options{})},
		{Check: tcp, Name: "of a name", Found: "connected to ", Arrange: namedLocalhost},
		{Check: tcp, Name: "of which nothing was told", Found: "connected", Arrange: untold},
		{Check: tcp, Name: "by a proxy", Found: "the proxy", Arrange: through("http")},
		{Check: tcp, Way: "refused", Cause: "connection refused", Arrange: func(t *testing.T) doctor.Given { return at(t, "https://"+silent(t)) }},
		{Check: tcp, Way: "unreachable", Name: "network", Arrange: dialling(syscall.ENETUNREACH)},
		{Check: tcp, Way: "unreachable", Name: "host", Arrange: dialling(syscall.EHOSTUNREACH)},
		{Check: tcp, Way: "no-answer", Arrange: dialling(os.ErrDeadlineExceeded)},
		{Check: tcp, Way: "no-answer", Name: "by the dialler's patience", Arrange: dialler(&net.Dialer{Timeout: moment, ControlContext: blocking})},
		{Check: tcp, Way: "no-answer", Name: "in time", Arrange: inAMoment(dialler(&net.Dialer{ControlContext: blocking}))},
		{Check: tcp, Way: "error", Cause: "not permitted", Arrange: dialling(syscall.EPERM)},
	})
}

// waiting waits for the other side to leave.
func waiting(conn net.Conn) {
	buffer := make([]byte, 1024)
	for {
		if _, err := conn.Read(buffer); err != nil {
			return
		}
	}
}

// inAMoment and inAWhile make a request that waits end soon.
func inAMoment(arrange arranger) arranger { return within(moment, arrange) }

func inAWhile(arrange arranger) arranger { return within(while, arrange) }

func within(timeout time.Duration, arrange arranger) arranger {
	return func(t *testing.T) doctor.Given {
		given := arrange(t)
		given.HTTPTimeout = timeout
		return given
	}
}

func namedLocalhost(t *testing.T) doctor.Given {
	t.Helper()
	given := ordinary(privxsim.Options{})(t)
	_, port, err := net.SplitHostPort(given.Config.BaseUrl[len("https://"):])
	require.NoError(t, err)
	given.Config.BaseUrl = "https://localhost:" + port
	return given
}

// asking lets the name be asked for at a name server whose replies are changed; nil is one
// that does not reply.
func asking(change func(reply []byte)) arranger {
	return func(t *testing.T) doctor.Given {
		server, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
		require.NoError(t, err)
		t.Cleanup(func() { _ = server.Close() })
		go func() {
			for {
				packet := make([]byte, 1500)
				n, client, err := server.ReadFrom(packet)
				if err != nil {
					return
				}
				if change != nil {
					packet[2] |= 0x80 // It is a reply.
					change(packet)
					_, _ = server.WriteTo(packet[:n], client)
				}
			}
		}()
		resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "udp", server.LocalAddr().String())
		}}
		return adjust(at(t, "https://"+newName()), func(transport *http.Transport) {
			transport.DialContext = (&net.Dialer{Resolver: resolver}).DialContext
		})
	}
}

// unknownName makes a reply say that there is no such name.
func unknownName(reply []byte) { reply[3] = reply[3]&0xf0 | 3 }

// dialling lets every attempt to connect fail.
func dialling(failure error) arranger {
	return dialler(&net.Dialer{Control: func(string, string, syscall.RawConn) error { return failure }})
}

// dialler connects to where nothing listens.
func dialler(with *net.Dialer) arranger {
	return func(t *testing.T) doctor.Given {
		return adjust(at(t, "https://"+silent(t)), func(transport *http.Transport) { transport.DialContext = with.DialContext })
	}
}

// blocking is as if nothing came back from an address.
func blocking(ctx context.Context, _, _ string, _ syscall.RawConn) error {
	<-ctx.Done()
	return ctx.Err()
}

// refusingSOCKS is a SOCKS proxy that allows no connection.
func refusingSOCKS(t *testing.T) string {
	t.Helper()
	return listening(t, func(conn net.Conn) {
		buffer := make([]byte, 1024)
		for _, reply := range [][]byte{{5, 0}, {5, 2, 0, 1, 0, 0, 0, 0, 0, 0}} {
			if _, err := conn.Read(buffer); errors.Is(err, net.ErrClosed) {
				return
			}
			_, _ = conn.Write(reply)
		}
	})
}

// noPassword checks that nothing that was learnt has the proxy's password.
func noPassword(t *testing.T, v *doctor.Visit) {
	t.Helper()
	require.NotNil(t, v.Contact.Proxy)
	require.Nil(t, v.Contact.Proxy.User)
}

// cut are settings with a proxy whose address ends early: a special character of the password
// stands in it as it is.
func cut(rest string, serve func(*testing.T) string) arranger {
	return func(t *testing.T) doctor.Given {
		proxy, err := url.Parse("http://" + serve(t) + rest)
		require.NoError(t, err)
		return adjust(at(t, "https://"+newName()), func(transport *http.Transport) { transport.Proxy = http.ProxyURL(proxy) })
	}
}

// What is taken for the address of a proxy is not shown if it may be the beginning of a
// password, neither when it cannot be reached nor when it lets the connector through.
func TestNoPartOfAPasswordIsShown(t *testing.T) {
	t.Parallel()
	for _, rest := range []string{"/canary@proxy:3128", "?canary@proxy:3128", "#canary@proxy:3128", "/%2fcanary@proxy", "/a#b@proxy"} {
		address := silent(t)
		host, port, err := net.SplitHostPort(address)
		require.NoError(t, err)
		results, v := doctortest.Run(t, layers(), cut(rest, func(*testing.T) string { return address })(t))
		require.Equal(t, "cut", results["PX-NET-01"].Way)
		require.Empty(t, v.Contact.Proxy.Host)
		for id, result := range results {
			text := result.Found + result.Cause + result.Wanted
			require.NotContains(t, text, host+":", id)
			require.NotContains(t, text, port, id)
			require.NotContains(t, text, "canary", id)
		}
	}
	given := throughTunnel(t, "http")
	through, _ := adjustments.Load(given.Config)
	adjustClient(given, func(client *privx.Client) {
		through.(func(*privx.Client))(client)
		transport, _ := client.API().Tuning().Transport.(*http.Transport)
		proxy, _ := transport.Proxy(nil)
		longer := *proxy
		longer.Path = "/canary@proxy"
		transport.Proxy = http.ProxyURL(&longer)
	})
	results, _ := doctortest.Run(t, layers(), given)
	require.Equal(t, doctor.Passed, results["PX-NET-01"].Outcome)
	for _, id := range []string{"PX-NET-01", "PX-NET-02", "PX-NET-03"} {
		require.NotContains(t, results[id].Found, "127.0.0.1", id)
	}
}

// deaf is a transport that tells nothing of what it does.
type deaf struct{ http.RoundTripper }

func (d deaf) RoundTrip(req *http.Request) (*http.Response, error) {
	return d.RoundTripper.RoundTrip(req.WithContext(context.Background()))
}

// untold is an ordinary PrivX that answers over a connection of which nothing is told.
func untold(t *testing.T) doctor.Given {
	t.Helper()
	return adjustClient(ordinary(privxsim.Options{})(t), func(client *privx.Client) {
		tuning := client.API().Tuning()
		tuning.Transport = deaf{tuning.Transport}
	})
}
