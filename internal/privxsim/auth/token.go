package auth

import (
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/conductorone/baton-privx/internal/privxsim/core"
)

const (
	grantTypePassword          = "password"
	grantTypeClientCredentials = "client_credentials"

	typeForm = "application/x-www-form-urlencoded"

	// scopeOfAll is the scope that every token has, by the name of the role that
	// every user has.
	scopeOfAll = "privx-user"
	// unknownInToken is a member that no client knows, as every release of PrivX
	// brings new ones.
	unknownInToken = `"x_future_token":"later"` //nolint:gosec // It is no credential.
)

// token is the token endpoint: the OAuth client in a Basic header, the rest in
// a form. The domain privx-external knows the grant type password, for the id
// and secret of an API client, and authorization_code, which is for people and
// not simulated.
func (s *service) token(c *core.Call) core.Answer {
	if mediaType(c.Header) != typeForm {
		return oauthError(http.StatusBadRequest, oauthInvalidRequest, "content type is not "+typeForm)
	}
	form, err := url.ParseQuery(string(c.Body))
	if err != nil {
		return oauthError(http.StatusBadRequest, oauthInvalidRequest, "malformed form")
	}
	id, secret, ok := (&http.Request{Header: c.Header}).BasicAuth()
	if !ok || id != s.opts.OAuthClientID || secret != s.opts.OAuthClientSecret {
		// Guess (PXQ-038): the code that tells a wrong OAuth client from a wrong API client.
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

func (s *service) passwordToken(c *core.Call, id, secret string) core.Answer {
	if s.accounts.Authenticate(id, secret) {
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
func (s *service) oauthClientToken(c *core.Call) core.Answer {
	principal := cmp.Or(s.opts.OAuthPrincipal, s.accounts.FirstAPIClient())
	if !s.opts.OAuthClientCredentials || principal == "" {
		return oauthError(http.StatusBadRequest, oauthUnauthorizedClient, "grant type is not allowed for this client")
	}
	return s.issue(c, principal)
}

// clientCredentialsToken is the token endpoint for an API client alone. Its
// documentation shows JSON. Guess (PXQ-041): a form, which OAuth would have, is refused.
func (s *service) clientCredentialsToken(c *core.Call) core.Answer {
	var request struct {
		GrantType    string `json:"grant_type"`
		ClientID     string `json:"client_id"`
		ClientSecret string `json:"client_secret"`
	}
	if mediaType(c.Header) != core.TypeJSON || json.Unmarshal(c.Body, &request) != nil {
		return oauthError(http.StatusBadRequest, oauthInvalidRequest, "request is not JSON")
	}
	switch {
	case !s.opts.PublicClient:
		return oauthError(http.StatusBadRequest, oauthUnauthorizedClient, "client type is not public")
	case request.GrantType != grantTypeClientCredentials:
		return oauthError(http.StatusBadRequest, oauthUnsupportedGrantType, "unsupported grant type")
	case !s.accounts.Authenticate(request.ClientID, request.ClientSecret):
		return oauthError(s.opts.BadCredentialsStatus, oauthInvalidClient, "invalid credentials")
	default:
		return s.issue(c, request.ClientID)
	}
}

// issue makes a token for a principal and answers with it. Guess (PXQ-042): what it permits
// does not lag behind on any node.
func (s *service) issue(c *core.Call, principal string) core.Answer {
	now := c.Now()
	permissions, admin := s.accounts.Permissions(principal, now)
	caller := core.Caller{Principal: principal, Permissions: permissions, Admin: admin}
	expires := now.Add(s.opts.TokenTTL)
	token := newToken(caller, now, expires)
	c.OpenSession(token, caller, s.opts.TokenDelay, expires)

	expiresIn := fmt.Sprintf(`"expires_in":%d`, int64(s.opts.TokenTTL/time.Second))
	if raw := s.opts.ExpiresIn; raw != nil && *raw == "" {
		expiresIn = ""
	} else if raw != nil {
		expiresIn = `"expires_in":` + *raw
	}
	body := core.MustMarshal(struct {
		AccessToken  string `json:"access_token"`
		TokenType    string `json:"token_type"`
		RefreshToken string `json:"refresh_token"` // Guess (PXQ-043): API clients get one too.
		Scope        string `json:"scope"`
	}{token, "bearer", rand.Text(), strings.Join(append([]string{scopeOfAll}, permissions...), " ")})
	a := core.JSON(http.StatusOK, core.WithMembers(body, expiresIn, unknownInToken))
	a.Header.Set("Cache-Control", "no-store")
	a.Header.Set("Pragma", "no-cache")
	return a
}

// newToken makes a token that looks like PrivX's, a JWT. Its signature is
// random: to a client tokens are opaque, and the simulator remembers its own.
func newToken(caller core.Caller, now, expires time.Time) string {
	claims := core.MustMarshal(map[string]any{
		"iss": "oam.auth.ssh.com", "aud": "privx", "domain": DefaultOAuthClientID,
		"iat": now.Unix(), "exp": expires.Unix(),
		"permissions": strings.Join(caller.Permissions, ","), "sessionid": rand.Text(), "userid": caller.Principal,
	})
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"Ed25519","typ":"JWT"}`)) + "." + encode(claims) + "." + encode([]byte(rand.Text()+rand.Text()))
}

// mediaType returns what kind of text a request says that it carries.
func mediaType(header http.Header) string {
	t, _, err := mime.ParseMediaType(header.Get(core.ContentType))
	if err != nil {
		return ""
	}
	return t
}
