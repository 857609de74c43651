package privxsim

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/conductorone/baton-privx/internal/simcert"
)

// ServeOptions say how a handler is served.
type ServeOptions struct {
	Address    string // default 127.0.0.1:0, a free port
	TLS        bool   // with a certificate of the server's own CA
	MaxVersion uint16 // of TLS, as tls.VersionTLS11; 0 is the newest
}

// Server serves a handler until it is closed.
type Server struct {
	URL   string // scheme, host and port
	CAPEM []byte // the CA's certificate; nil without TLS

	server *http.Server
	done   chan struct{} // closed when the server has ended
}

// Serve serves a handler in the background.
func Serve(h http.Handler, o ServeOptions) (*Server, error) {
	o.Address = cmp.Or(o.Address, "127.0.0.1:0")
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", o.Address)
	if err != nil {
		return nil, fmt.Errorf("listening: %w", err)
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true) // whose connections can be reset one by one
	s := &Server{
		URL: "http://" + reachable(listener.Addr()),
		server: &http.Server{
			Handler: h, Protocols: protocols, ReadHeaderTimeout: time.Minute,
			ErrorLog: log.New(io.Discard, "", 0), // clients that abort their connections are expected
		},
		done: make(chan struct{}),
	}
	if o.TLS {
		leaf, ca, err := newCertificates(o.Address)
		if err != nil {
			_ = listener.Close()
			return nil, fmt.Errorf("making certificates: %w", err)
		}
		s.URL = "https://" + reachable(listener.Addr())
		s.CAPEM = ca.PEM
		listener = tls.NewListener(listener, &tls.Config{ //nolint:gosec // Clients must be seen to refuse old versions themselves.
			Certificates: []tls.Certificate{leaf},
			MinVersion:   tls.VersionTLS10,
			MaxVersion:   o.MaxVersion,
		})
	}
	go func() {
		defer close(s.done)
		_ = s.server.Serve(listener) // always ends with an error: closed
	}()
	return s, nil
}

// Close closes the listener and all connections.
func (s *Server) Close() {
	_ = s.server.Close()
	<-s.done
}

// reachable returns the address at which a listener can be reached from here.
func reachable(address net.Addr) string {
	tcp, ok := address.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return address.String()
	}
	return (&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: tcp.Port}).String()
}

// newCertificates makes a CA, and a certificate of it for the loopback
// addresses and the host that is listened on.
func newCertificates(address string) (tls.Certificate, *simcert.CA, error) {
	ca, err := simcert.NewCA("PrivX simulator CA")
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	hosts := []string{"127.0.0.1", "::1"}
	if host, _, err := net.SplitHostPort(address); err == nil && host != "" {
		hosts = append(hosts, host)
	}
	leaf, err := ca.Sign("PrivX simulator", hosts...)
	return leaf, ca, err
}
