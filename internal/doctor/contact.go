package doctor

import (
	"crypto/tls"
	"net/url"
	"time"

	"github.com/conductorone/baton-privx/internal/doctor/ask"
)

// Contact is what the first request met on its way to PrivX, as the connector's own
// transport tells it.
type Contact struct {
	// Base is base-url.
	Base *url.URL
	// Proxy is the proxy on the way, without user and password; nil if there is none. It has
	// no host where that may be the beginning of a password.
	Proxy *url.URL
	// Tunnel is the HTTP status with which the proxy answered; 0 if it did not.
	Tunnel int
	// Lookup is how the name was looked up, of PrivX or of the proxy; nil if it was not.
	Lookup *Lookup
	// Dials are the attempts to connect, to PrivX or to the proxy.
	Dials []Dial
	// Handshake is that of TLS with PrivX; nil if it did not begin.
	Handshake *Handshake
	// Connected tells that the connection was ready for the request.
	Connected bool
	// Sent is when the connection was ready and the request was sent, and Began when the
	// answer began, by the connector's clock.
	Sent, Began time.Time
	// Answer is what came of the request.
	Answer *ask.Answer
}

// Lookup is how a name was looked up.
type Lookup struct {
	Addresses []string
	// Done tells that there was an answer, good or bad.
	Done bool
	Took time.Duration
	Err  error
}

// Dial is an attempt to connect to an address.
type Dial struct {
	Address string
	// Done tells that it has ended, well or not.
	Done bool
	Took time.Duration
	Err  error
}

// Handshake is how two sides agreed on TLS.
type Handshake struct {
	// State is what they agreed on; zero if they did not.
	State tls.ConnectionState
	// Done tells that it has ended, well or not.
	Done bool
	Err  error
}

// Dialled is the attempt to connect that led to a connection; nil if none did.
func (c *Contact) Dialled() *Dial {
	for i, dial := range c.Dials {
		if dial.Done && dial.Err == nil {
			return &c.Dials[i]
		}
	}
	return nil
}
