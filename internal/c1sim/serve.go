package c1sim

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	v1 "github.com/conductorone/baton-sdk/pb/c1/connectorapi/baton/v1"
	"google.golang.org/grpc"
)

// server is what listens for a simulator.
type server struct {
	http *http.Server
	rpc  *grpc.Server
	done chan struct{} // closed when the listener has ended

	mu       sync.Mutex
	closed   bool
	conns    map[net.Conn]struct{}
	handlers sync.WaitGroup // requests under way
}

// listen starts to serve the token endpoint and the RPCs.
func (s *Simulator) listen() error {
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", s.opts.Address)
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	address, ok := listener.Addr().(*net.TCPAddr)
	if !ok || !address.IP.IsLoopback() {
		_ = listener.Close()
		return fmt.Errorf("listening: %s is not on the loopback interface", listener.Addr())
	}
	certificate, err := s.opts.CA.Sign("ConductorOne simulator", address.IP.String(), s.opts.Host)
	if err != nil {
		_ = listener.Close()
		return fmt.Errorf("making a certificate: %w", err)
	}
	s.Host = net.JoinHostPort(s.opts.Host, strconv.Itoa(address.Port))
	s.server = s.newServer(certificate)
	go func() {
		defer close(s.server.done)
		_ = s.server.http.ServeTLS(refusing{listener, s}, "", "") // always ends with an error: closed
	}()
	return nil
}

func (s *Simulator) newServer(certificate tls.Certificate) *server {
	v := &server{
		// A handler may outlive its connection, but not Close.
		rpc:   grpc.NewServer(grpc.UnaryInterceptor(s.unary), grpc.StreamInterceptor(s.stream), grpc.WaitForHandlers(true)),
		done:  make(chan struct{}),
		conns: map[net.Conn]struct{}{},
	}
	v1.RegisterBatonServiceServer(v.rpc, service{Simulator: s})
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	v.http = &http.Server{
		Handler:           v.tracked(s.route(v.rpc)),
		Protocols:         protocols,
		TLSConfig:         &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12},
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          log.New(io.Discard, "", 0), // it would report every connection that a fault cuts
		ConnState:         v.track,
		ConnContext: func(ctx context.Context, conn net.Conn) context.Context {
			return context.WithValue(ctx, connKey{}, conn)
		},
	}
	return v
}

// route tells RPCs and token requests apart, which come to the same address.
func (s *Simulator) route(rpc http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+tokenPath, s.serveToken)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor == 2 && strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc") {
			rpc.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// tracked counts requests, so that close can wait for the last to end.
func (v *server) tracked(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v.mu.Lock()
		closed := v.closed
		if !closed {
			v.handlers.Add(1)
		}
		v.mu.Unlock()
		if closed {
			return
		}
		defer v.handlers.Done()
		h.ServeHTTP(w, r)
	})
}

func (v *server) track(conn net.Conn, state http.ConnState) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch state {
	case http.StateNew:
		v.conns[conn] = struct{}{}
	case http.StateClosed, http.StateHijacked:
		delete(v.conns, conn)
	default:
	}
}

// cutAll cuts all connections.
func (v *server) cutAll() {
	v.mu.Lock()
	defer v.mu.Unlock()
	for conn := range v.conns {
		cut(conn)
	}
}

func (v *server) close() {
	v.mu.Lock()
	v.closed = true
	v.mu.Unlock()
	_ = v.http.Close()
	<-v.done
	v.handlers.Wait()
	v.rpc.Stop()
}

// connKey is the context's key of the connection that a request came on.
type connKey struct{}

// cutConnection cuts the connection that a request came on.
func cutConnection(ctx context.Context) {
	if conn, ok := ctx.Value(connKey{}).(net.Conn); ok {
		cut(conn)
	}
}

// cut resets a connection, so that nothing of an answer under way arrives.
func cut(conn net.Conn) {
	if overTLS, ok := conn.(*tls.Conn); ok {
		conn = overTLS.NetConn()
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// refusing is a listener that turns connections away on request. It accepts and
// resets them: if it stopped to listen, another process might get the port.
type refusing struct {
	net.Listener

	sim *Simulator
}

func (l refusing) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil || !l.sim.refusesConnection() {
			return conn, err
		}
		cut(conn)
	}
}
