package c1sim

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"fmt"

	"github.com/go-jose/go-jose/v4"
)

// Client is what ConductorOne knows of a connector, and the credentials that
// its operator was given. All clients are served from one queue of tasks.
type Client struct {
	ID     string // as BATON_CLIENT_ID
	Secret string // as BATON_CLIENT_SECRET

	key ed25519.PublicKey
}

// NewClient makes a client that the simulator knows. Its id is the name, the
// simulator's address and a path.
func (s *Simulator) NewClient(name string) (*Client, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making a client: %w", err)
	}
	key, err := jose.JSONWebKey{Key: private}.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("making a client: %w", err)
	}
	c := &Client{
		ID:     fmt.Sprintf("%s@%s/baton", name, s.Host),
		Secret: "secret-token:conductorone.com:v1:" + base64.RawURLEncoding.EncodeToString(key),
		key:    public,
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clients[c.ID] = c
	return c, nil
}

// ForgetClient makes a client unknown. The tokens that it holds are worth
// nothing any more.
func (s *Simulator) ForgetClient(c *Client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.clients, c.ID)
}

func (s *Simulator) clientByID(id string) *Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clients[id]
}

// Environment returns the variables with which a connector reaches the
// simulator, as exec.Cmd takes them. The file holds CAPEM; SSL_CERT_FILE takes
// the place of the system's roots in the whole process.
func (s *Simulator) Environment(c *Client, caFile string) []string {
	return []string{
		"BATON_CLIENT_ID=" + c.ID,
		"BATON_CLIENT_SECRET=" + c.Secret,
		"SSL_CERT_FILE=" + caFile,
	}
}
