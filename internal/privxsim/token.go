package privxsim

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	grantTypePassword          = "password"
	grantTypeClientCredentials = "client_credentials"
)

// holder is who a token was issued to, with the permissions of that moment: a
// change of roles takes effect with the next token only. Guess: so does the
// removal of the API client itself.
type holder struct {
	principal   string
	permissions []string // sorted
	admin       bool
	issuer      *node
	issued      time.Time // by Options.Clock
	begins      time.Time // by Options.Clock: before that no node takes it
	expires     time.Time // by the issuer's clock
}

// may reports whether the holder has one of the permissions, if any is needed.
func (h holder) may(anyOf []string) bool {
	return h.admin || len(anyOf) == 0 || slices.ContainsFunc(anyOf, func(p string) bool {
		_, found := slices.BinarySearch(h.permissions, p)
		return found
	})
}

// tokens are the access tokens that were issued, each of which is a session
// until it is logged out.
type tokens struct {
	mu      sync.Mutex
	holders map[string]holder
}

func (t *tokens) add(token string, h holder) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.holders == nil {
		t.holders = map[string]holder{}
	}
	t.holders[token] = h
}

// holder returns whose token a request carries that a node accepts.
func (t *tokens) holder(header http.Header, n *node) (holder, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	h, ok := t.holders[bearer(header)]
	return h, ok && n.accepts(h)
}

func (t *tokens) remove(token string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.holders, token)
}

func bearer(header http.Header) string {
	scheme, token, _ := strings.Cut(header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return token
}

// RevokeTokens makes every token issued so far invalid, and ends its session.
func (s *Simulator) RevokeTokens() {
	s.tokens.mu.Lock()
	defer s.tokens.mu.Unlock()
	clear(s.tokens.holders)
}

// Sessions returns how many tokens were issued and neither logged out nor
// revoked. An expired token counts: in PrivX its session outlives it.
func (s *Simulator) Sessions() int {
	s.tokens.mu.Lock()
	defer s.tokens.mu.Unlock()
	return len(s.tokens.holders)
}

// logout ends the session of the bearer.
func (s *Simulator) logout(c *call) answer {
	s.tokens.remove(bearer(c.Header))
	return emptyAnswer()
}

// token is the token endpoint: the OAuth client in a Basic header, the rest in
// a form. The domain privx-external knows the grant type password, for the id
// and secret of an API client, and authorization_code, which is for people and
// not simulated.
func (s *Simulator) token(c *call) answer {
	if mediaType(c.Header) != typeForm {
		return oauthError(http.StatusBadRequest, oauthInvalidRequest, "content type is not "+typeForm)
	}
	form, err := url.ParseQuery(string(c.Body))
	if err != nil {
		return oauthError(http.StatusBadRequest, oauthInvalidRequest, "malformed form")
	}
	id, secret, ok := (&http.Request{Header: c.Header}).BasicAuth()
	if !ok || id != s.opts.OAuthClientID || secret != s.opts.OAuthClientSecret {
		// Guess: the code that tells a wrong OAuth client from a wrong API client.
		return oauthError(s.opts.BadCredentialsStatus, oauthInvalidClient, "client authentication failed")
	}
	switch form.Get("grant_type") {
	case "":
		return oauthError(http.StatusBadRequest, oauthInvalidRequest, "grant_type is missing")
	case grantTypePassword:
		return s.passwordToken(c, form.Get("username"), form.Get("password"))
	case grantTypeClientCredentials:
		return s.oauthClientToken(c)
	default:
		return oauthError(http.StatusBadRequest, oauthUnsupportedGrantType, "unsupported grant type")
	}
}

func (s *Simulator) passwordToken(c *call, id, secret string) answer {
	if s.store.authenticate(id, secret) {
		return s.issue(c, id)
	}
	code := oauthInvalidGrant
	if s.opts.BadCredentialsStatus == http.StatusUnauthorized {
		code = oauthInvalidClient
	}
	return oauthError(s.opts.BadCredentialsStatus, code, "invalid credentials")
}

// oauthClientToken answers the OAuth client that comes without an API client.
// In PrivX only the domain privx-service, its own services, may do that.
func (s *Simulator) oauthClientToken(c *call) answer {
	principal := s.opts.OAuthPrincipal
	if clients := s.store.APIClients(); principal == "" && len(clients) > 0 {
		principal = clients[0].ID
	}
	if !s.opts.OAuthClientCredentials || principal == "" {
		return oauthError(http.StatusBadRequest, oauthUnauthorizedClient, "grant type is not allowed for this client")
	}
	return s.issue(c, principal)
}

// clientCredentialsToken is the token endpoint for an API client alone. Its
// documentation shows JSON. Guess: a form, which OAuth would have, is refused.
func (s *Simulator) clientCredentialsToken(c *call) answer {
	var request struct {
		GrantType    string `json:"grant_type"`
		ClientID     string `json:"client_id"`
		ClientSecret string `json:"client_secret"`
	}
	if mediaType(c.Header) != typeJSON || json.Unmarshal(c.Body, &request) != nil {
		return oauthError(http.StatusBadRequest, oauthInvalidRequest, "request is not JSON")
	}
	switch {
	case !s.opts.PublicClient:
		return oauthError(http.StatusBadRequest, oauthUnauthorizedClient, "client type is not public")
	case request.GrantType != grantTypeClientCredentials:
		return oauthError(http.StatusBadRequest, oauthUnsupportedGrantType, "unsupported grant type")
	case !s.store.authenticate(request.ClientID, request.ClientSecret):
		return oauthError(s.opts.BadCredentialsStatus, oauthInvalidClient, "invalid credentials")
	default:
		return s.issue(c, request.ClientID)
	}
}

// issue makes a token for a principal and answers with it. Guess: what it permits
// does not lag behind on any node.
func (s *Simulator) issue(c *call, principal string) answer {
	now := c.node.now()
	permissions, admin := s.store.permissions(principal, now)
	issued := s.opts.Clock()
	h := holder{
		principal: principal, permissions: permissions, admin: admin, issuer: c.node,
		issued: issued, begins: issued.Add(s.opts.TokenDelay), expires: now.Add(s.opts.TokenTTL),
	}
	token := newToken(h, now)
	s.tokens.add(token, h)

	expiresIn := fmt.Sprintf(`"expires_in":%d`, int64(s.opts.TokenTTL/time.Second))
	if raw := s.opts.ExpiresIn; raw != nil && *raw == "" {
		expiresIn = ""
	} else if raw != nil {
		expiresIn = `"expires_in":` + *raw
	}
	body := mustMarshal(struct {
		AccessToken  string `json:"access_token"`
		TokenType    string `json:"token_type"`
		RefreshToken string `json:"refresh_token"` // Guess: API clients get one too.
		Scope        string `json:"scope"`
	}{token, "bearer", rand.Text(), strings.Join(append([]string{RoleNameUser}, permissions...), " ")})
	a := jsonAnswer(http.StatusOK, withMembers(body, expiresIn, unknownInToken))
	a.header.Set("Cache-Control", "no-store")
	a.header.Set("Pragma", "no-cache")
	return a
}

// newToken makes a token that looks like PrivX's, a JWT. Its signature is
// random: to a client tokens are opaque, and the simulator remembers its own.
func newToken(h holder, now time.Time) string {
	claims := mustMarshal(map[string]any{
		"iss": "oam.auth.ssh.com", "aud": "privx", "domain": DefaultOAuthClientID,
		"iat": now.Unix(), "exp": h.expires.Unix(),
		"permissions": strings.Join(h.permissions, ","), "sessionid": rand.Text(), "userid": h.principal,
	})
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"Ed25519","typ":"JWT"}`)) + "." + encode(claims) + "." + encode([]byte(rand.Text()+rand.Text()))
}

// authenticate reports whether an API client has this secret.
func (s *Store) authenticate(id, secret string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.apiClients, func(c APIClient) bool {
		return c.ID == id && c.Secret == secret && secret != ""
	})
}

func mediaType(header http.Header) string {
	t, _, err := mime.ParseMediaType(header.Get(contentType))
	if err != nil {
		return ""
	}
	return t
}
