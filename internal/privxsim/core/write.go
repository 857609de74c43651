package core

import (
	"bytes"
	"context"
	"crypto/tls"
	"maps"
	"net"
	"net/http"
	"strconv"
	"time"
)

// endlessSize bounds an answer without end, so that a client which swallows it
// does not take the machine with it.
const endlessSize = 256 << 20

// writeHead writes the status and the headers, with the length of the whole
// body, and returns the body that may follow.
func writeHead(w http.ResponseWriter, a Answer) []byte {
	maps.Copy(w.Header(), a.Header)
	body := a.Body
	if a.Status == http.StatusNoContent || a.Status == http.StatusNotModified {
		body = nil
		w.Header().Del(ContentType)
	} else {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(a.Status)
	return body
}

// writeAnswer writes a whole answer. That the client has left is no error of
// the simulator's, here and below.
func writeAnswer(w http.ResponseWriter, a Answer) {
	send(w, writeHead(w, a))
}

func send(w http.ResponseWriter, body []byte) {
	_, _ = w.Write(body)
}

func writeSlowHeader(w http.ResponseWriter, r *http.Request, f *Fault, a Answer) {
	if f.wait(r) {
		writeAnswer(w, a)
	}
}

func writeSlowBody(w http.ResponseWriter, r *http.Request, f *Fault, a Answer) {
	body := writeHead(w, a)
	first := half(body)
	send(w, first)
	flush(w)
	if f.wait(r) {
		send(w, body[len(first):])
	}
}

func writeStall(w http.ResponseWriter, r *http.Request, f *Fault, _ Answer) {
	select {
	case <-r.Context().Done():
	case <-f.Release: // nil, and so never ready, if there is none
	}
	reset(w)
}

func writeReset(w http.ResponseWriter, _ *http.Request, _ *Fault, _ Answer) { reset(w) }

func writeCut(w http.ResponseWriter, _ *http.Request, _ *Fault, a Answer) {
	send(w, half(writeHead(w, a)))
	flush(w)
	panic(http.ErrAbortHandler) // closes the connection
}

func writeEndless(w http.ResponseWriter, _ *http.Request, _ *Fault, a Answer) {
	maps.Copy(w.Header(), a.Header)
	w.WriteHeader(a.Status)
	chunk := bytes.Repeat([]byte("a"), 1<<20)
	_, err := w.Write(a.Body)
	for sent := 0; err == nil && sent < endlessSize; sent += len(chunk) {
		_, err = w.Write(chunk)
	}
}

func flush(w http.ResponseWriter) {
	_ = http.NewResponseController(w).Flush()
}

// reset closes the connection in such a way that the client sees it reset.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil { // not HTTP/1: end it as abruptly as can be
		panic(http.ErrAbortHandler)
	}
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn() // without TLS's own goodbye
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// wait waits for as long as the fault delays a request. It reports false if the
// client left before.
func (f *Fault) wait(r *http.Request) bool {
	delay := f.Delay + time.Duration(askedRows(r.URL.Query()))*f.RowDelay
	return wait(r.Context(), delay, f.Release)
}

// wait waits for release, or for a time if there is none. It reports false if
// the client left before.
func wait(ctx context.Context, delay time.Duration, release <-chan struct{}) bool {
	var elapsed <-chan time.Time
	if release == nil {
		if delay <= 0 {
			return true
		}
		timer := time.NewTimer(delay)
		defer timer.Stop()
		elapsed = timer.C
	}
	select {
	case <-release:
		return true
	case <-elapsed:
		return true
	case <-ctx.Done():
		return false
	}
}
