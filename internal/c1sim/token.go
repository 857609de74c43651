package c1sim

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

const (
	tokenPath = "/auth/v1/token" //nolint:gosec // A path.

	grantType     = "client_credentials"
	assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

	// maxTokenRequest bounds what is read of a request for a token.
	maxTokenRequest = 64 << 10
)

// token is what is known of a token that was given out.
type token struct {
	client  string
	expires time.Time
}

// ForgetTokens makes all tokens worth nothing, as ConductorOne could at any
// time. The SDK keeps using one until the time that it was given for is over.
func (s *Simulator) ForgetTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.tokens)
}

// oauthError is a refusal as OAuth words it.
type oauthError struct {
	Code        string `json:"error"`
	Description string `json:"error_description"`

	status int
}

func (e *oauthError) Error() string { return e.Code + ": " + e.Description }

func badRequest(code, description string) error {
	return &oauthError{Code: code, Description: description, status: http.StatusBadRequest}
}

// invalidClient refuses an assertion. ConductorOne tells a caller no more than
// that; the description is for whoever reads the simulator's log.
func invalidClient(format string, a ...any) error {
	return &oauthError{Code: "invalid_client", Description: fmt.Sprintf(format, a...), status: http.StatusUnauthorized}
}

// serveToken answers a request for a token.
func (s *Simulator) serveToken(w http.ResponseWriter, r *http.Request) {
	call := s.begin(Call{Method: Token})
	var answer any
	err := s.serve(r.Context(), call, func() error {
		r.Body = http.MaxBytesReader(w, r.Body, maxTokenRequest)
		c, err := s.authenticateClient(r)
		if err != nil {
			return err
		}
		s.setCaller(call, c.ID, "", nil)
		answer = s.newToken(c)
		return nil
	})
	status := http.StatusOK
	if err != nil {
		status, answer = refusal(err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer) // the client may be gone
}

// refusal words an error for the token endpoint.
func refusal(err error) (int, any) {
	var refused *oauthError
	if errors.As(err, &refused) {
		return refused.status, refused
	}
	code := http.StatusInternalServerError
	switch status.Code(err) {
	case codes.Unavailable:
		code = http.StatusServiceUnavailable
	case codes.ResourceExhausted:
		code = http.StatusTooManyRequests
	case codes.PermissionDenied:
		code = http.StatusForbidden
	case codes.Unauthenticated:
		code = http.StatusUnauthorized
	default:
	}
	return code, &oauthError{Code: "temporarily_unavailable", Description: "by request"}
}

// authenticateClient finds out who asks for a token: whoever signed the
// assertion with the key of a client that is known.
func (s *Simulator) authenticateClient(r *http.Request) (*Client, error) {
	if err := r.ParseForm(); err != nil {
		return nil, badRequest("invalid_request", "not a form")
	}
	form := r.PostForm
	if form.Get("grant_type") != grantType {
		return nil, badRequest("unsupported_grant_type", "grant_type must be "+grantType)
	}
	if form.Get("client_assertion_type") != assertionType {
		return nil, badRequest("invalid_request", "client_assertion_type must be "+assertionType)
	}
	client := s.clientByID(form.Get("client_id"))
	if client == nil {
		return nil, invalidClient("unknown client")
	}
	assertion, err := jwt.ParseSigned(form.Get("client_assertion"), []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil {
		return nil, invalidClient("the assertion is no JWT with EdDSA")
	}
	var claims jwt.Claims
	if err := assertion.Claims(client.key, &claims); err != nil {
		return nil, invalidClient("the assertion was signed with another key")
	}
	return client, s.checkClaims(client, claims)
}

// checkClaims checks what an assertion says. Its audience is the host without
// the port.
func (s *Simulator) checkClaims(client *Client, claims jwt.Claims) error {
	host, _, err := net.SplitHostPort(s.Host)
	if err != nil {
		return err
	}
	if claims.Expiry == nil {
		return invalidClient("the assertion does not expire")
	}
	expected := jwt.Expected{Issuer: client.ID, Subject: client.ID, AnyAudience: jwt.Audience{host}, Time: s.opts.Clock()}
	if err := claims.ValidateWithLeeway(expected, 0); err != nil {
		return invalidClient("%v", err)
	}
	return nil
}

// newToken makes a token and the answer that carries it.
func (s *Simulator) newToken(c *Client) any {
	text := rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens[text] = token{client: c.ID, expires: s.opts.Clock().Add(s.opts.TokenTTL)}
	return map[string]any{
		"access_token": text,
		"token_type":   "Bearer",
		"expires_in":   int(s.opts.TokenTTL / time.Second),
	}
}

// authenticate finds out whose token an RPC carries.
func (s *Simulator) authenticate(ctx context.Context) (string, error) {
	values := metadata.ValueFromIncomingContext(ctx, "authorization")
	if len(values) != 1 {
		return "", status.Error(codes.Unauthenticated, "no token")
	}
	text, ok := strings.CutPrefix(values[0], "Bearer ")
	if !ok {
		return "", status.Error(codes.Unauthenticated, "not a bearer token")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	held, ok := s.tokens[text]
	if !ok {
		return "", status.Error(codes.Unauthenticated, "unknown token")
	}
	if !s.opts.Clock().Before(held.expires) {
		return "", status.Error(codes.Unauthenticated, "the token has expired")
	}
	if s.clients[held.client] == nil {
		return "", status.Error(codes.Unauthenticated, "the client is not known any more")
	}
	return held.client, nil
}
