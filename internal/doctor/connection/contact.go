package connection

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// contact is what the first request has met on its way to PrivX. It asks for the role
// store's status, without credentials, and is sent once.
func contact(ctx context.Context, v *doctor.Visit) *doctor.Contact {
	if v.Contact != nil {
		return v.Contact
	}
	client := v.Client.API()
	transport, _ := client.Tuning().Transport.(*http.Transport)
	r := newRecorder(client, settings(v).BaseURL)
	if transport != nil {
		r.watchProxy(transport)
	}
	answer := v.Ask.Again(httptrace.WithClientTrace(ctx, r.trace()), privx.Endpoints.Status.Request(), api.Manner{Anonymous: true})
	v.Contact = r.end()
	v.Contact.Answer = answer
	return v.Contact
}

// recorder notes what the transport tells. The transport may go on to tell after the request
// has ended: an attempt to connect ends later than a request that has waited too long for it.
type recorder struct {
	now func() time.Time

	mu      sync.Mutex
	ended   bool
	contact doctor.Contact
	// begun are when the attempts to connect began.
	begun []time.Time
	// lookedUp is when the look-up began.
	lookedUp time.Time
	// foreign is how many handshakes come before the one with PrivX.
	foreign int
}

func newRecorder(client *api.Client, base *url.URL) *recorder {
	return &recorder{now: client.Now, contact: doctor.Contact{Base: base}}
}

// watchProxy notes which proxy the transport uses, and what that answers.
func (r *recorder) watchProxy(transport *http.Transport) {
	if transport.Proxy == nil {
		return
	}
	proxy, err := transport.Proxy(&http.Request{Method: http.MethodGet, URL: r.contact.Base})
	if proxy == nil || err != nil {
		return
	}
	r.contact.Proxy = &url.URL{Scheme: proxy.Scheme, Host: proxy.Host}
	if isCut(proxy) {
		r.contact.Proxy.Host = ""
	}
	if proxy.Scheme == "https" {
		r.foreign = 1
	}
	transport.OnProxyConnectResponse = func(_ context.Context, _ *url.URL, _ *http.Request, resp *http.Response) error {
		r.note(func(c *doctor.Contact) { c.Tunnel = resp.StatusCode })
		return nil
	}
}

// isCut tells whether a proxy's address may end in the middle of a password: one that has a
// special character in it as it is. What is taken for host and port is its beginning then.
func isCut(proxy *url.URL) bool {
	return strings.Contains(proxy.Path+proxy.RawQuery+proxy.Fragment, "@")
}

// note changes what is noted, until the request has ended.
func (r *recorder) note(change func(*doctor.Contact)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.ended {
		change(&r.contact)
	}
}

// end is what was noted. Nothing is from now on.
func (r *recorder) end() *doctor.Contact {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = true
	return &r.contact
}

func (r *recorder) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		DNSStart: func(httptrace.DNSStartInfo) {
			r.note(func(c *doctor.Contact) { c.Lookup, r.lookedUp = &doctor.Lookup{}, time.Now() })
		},
		DNSDone:           func(info httptrace.DNSDoneInfo) { r.note(func(c *doctor.Contact) { r.nameFound(c, info) }) },
		ConnectStart:      func(_, address string) { r.note(func(c *doctor.Contact) { r.dialBegan(c, address) }) },
		ConnectDone:       func(_, address string, err error) { r.note(func(c *doctor.Contact) { r.dialEnded(c, address, err) }) },
		TLSHandshakeStart: func() { r.note(r.handshakeBegan) },
		TLSHandshakeDone: func(state tls.ConnectionState, err error) {
			r.note(func(c *doctor.Contact) { r.handshakeEnded(c, state, err) })
		},
		// That the request was written may be told after its answer has come.
		GotConn:              func(httptrace.GotConnInfo) { r.note(func(c *doctor.Contact) { c.Connected, c.Sent = true, r.now() }) },
		GotFirstResponseByte: func() { r.note(func(c *doctor.Contact) { c.Began = r.now() }) },
	}
}

func (r *recorder) nameFound(c *doctor.Contact, info httptrace.DNSDoneInfo) {
	lookup := &doctor.Lookup{Done: true, Took: time.Since(r.lookedUp), Err: info.Err}
	for _, address := range info.Addrs {
		lookup.Addresses = append(lookup.Addresses, address.String())
	}
	c.Lookup = lookup
}

func (r *recorder) dialBegan(c *doctor.Contact, address string) {
	c.Dials = append(c.Dials, doctor.Dial{Address: address})
	r.begun = append(r.begun, time.Now())
}

// dialEnded notes the end of the attempt at an address: those at several may be under way.
func (r *recorder) dialEnded(c *doctor.Contact, address string, err error) {
	i := slices.IndexFunc(c.Dials, func(d doctor.Dial) bool { return d.Address == address && !d.Done })
	if i >= 0 {
		c.Dials[i] = doctor.Dial{Address: address, Done: true, Took: time.Since(r.begun[i]), Err: err}
	}
}

func (r *recorder) handshakeBegan(c *doctor.Contact) {
	if r.foreign == 0 {
		c.Handshake = &doctor.Handshake{}
	}
}

func (r *recorder) handshakeEnded(c *doctor.Contact, state tls.ConnectionState, err error) {
	if r.foreign > 0 {
		r.foreign--
		return
	}
	c.Handshake = &doctor.Handshake{State: state, Done: true, Err: err}
}

// isThrough tells whether the proxy has led to PrivX.
func isThrough(c *doctor.Contact) bool {
	return c.Connected || c.Handshake != nil || c.Tunnel == http.StatusOK
}

// proxyName is how the proxy is shown.
func proxyName(c *doctor.Contact) string {
	if c.Proxy.Host == "" {
		return "the proxy in HTTPS_PROXY, whose address is not shown because it may be part of a password,"
	}
	return "the proxy " + c.Proxy.String()
}

// isOp tells whether an error came of a step that package net names so.
func isOp(err error, op string) bool {
	var e *net.OpError
	return errors.As(err, &e) && e.Op == op
}

// cause is the error that the request ended with, in the connector's words; empty for none.
func cause(c *doctor.Contact) string {
	if c.Answer.Err == nil {
		return ""
	}
	return c.Answer.Err.Error()
}
