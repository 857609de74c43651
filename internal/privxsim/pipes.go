package privxsim

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"
)

// Pipes serve a handler without sockets, for tests in which time is fake (see
// testing/synctest): that passes while everybody waits for a pipe, and does not
// while somebody waits for a socket. They speak HTTP/1.1 and, with a transport that
// wants it, HTTP/2.
type Pipes struct {
	// Transport reaches the handler, whichever host is asked.
	Transport *http.Transport

	listener *pipeListener
	server   *http.Server
}

// ServePipes serves a handler in the background until the pipes are closed.
func ServePipes(h http.Handler) *Pipes {
	listener := &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	p := &Pipes{
		Transport: &http.Transport{DialContext: listener.dial},
		listener:  listener,
		server:    &http.Server{Handler: h, Protocols: protocols, ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0)},
	}
	go func() { _ = p.server.Serve(listener) }()
	return p
}

// Close ends all connections.
func (p *Pipes) Close() {
	p.Transport.CloseIdleConnections()
	_ = p.server.Close()
}

// pipeListener takes the far ends of the pipes that are dialled.
type pipeListener struct {
	conns  chan net.Conn
	once   sync.Once
	closed chan struct{}
}

func (l *pipeListener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case l.conns <- far:
		return near, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Accept waits for the next connection.
func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close ends the wait for connections.
func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr is that of the loopback interface, for want of a truer one.
func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }
