package api

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

// The endpoints that give tokens.
var (
	tokenEndpoint             = Endpoint{Method: http.MethodPost, Path: "/auth/api/v1/oauth/token"}
	clientCredentialsEndpoint = Endpoint{Method: http.MethodPost, Path: "/auth/api/v1/oauth/clientcredentials/privx-external/token"}
)

// Credentials are a way to obtain a token for an API client.
type Credentials interface {
	// tokenRequest is the request for a token and, where it needs one, the value
	// of its Authorization header.
	tokenRequest() (*Request, string)
	// principal is the id of the API client, empty where they do not name it.
	principal() string
	// refusalHint says which settings to check if PrivX refuses the credentials.
	refusalHint() string
	// secretValues are the texts that must never be shown.
	secretValues() []string
}

// PasswordGrant is the way to authenticate that the vendor documents and that every version
// of PrivX knows. The OAuth client identifies the application; the API client is the
// principal.
type PasswordGrant struct {
	OAuthClientID, OAuthClientSecret string
	APIClientID, APIClientSecret     string
}

func (p PasswordGrant) tokenRequest() (*Request, string) {
	form := url.Values{
		"grant_type": {"password"},
		"username":   {p.APIClientID},
		"password":   {p.APIClientSecret},
	}
	return formRequest(form), basicAuth(p.OAuthClientID, p.OAuthClientSecret)
}

func (p PasswordGrant) principal() string { return p.APIClientID }

func (p PasswordGrant) refusalHint() string {
	return "check oauth-client-id, oauth-client-secret, api-client-id and api-client-secret against the Credentials page of the API client in PrivX"
}

func (p PasswordGrant) secretValues() []string {
	return []string{p.OAuthClientSecret, p.APIClientSecret}
}

// OAuthClientCredentials is RFC 6749's client credentials grant with only the OAuth client.
// PrivX's documentation reserves it for internal services, so a PrivX may refuse it.
type OAuthClientCredentials struct {
	ClientID, ClientSecret string
}

func (o OAuthClientCredentials) tokenRequest() (*Request, string) {
	return formRequest(url.Values{"grant_type": {"client_credentials"}}), basicAuth(o.ClientID, o.ClientSecret)
}

func (o OAuthClientCredentials) principal() string { return "" }

func (o OAuthClientCredentials) refusalHint() string {
	return "check oauth-client-id and oauth-client-secret; if they are right, this PrivX wants an API client too: " +
		"add api-client-id and api-client-secret from the same Credentials page"
}

func (o OAuthClientCredentials) secretValues() []string { return []string{o.ClientSecret} }

// APIClientCredentials is PrivX's own client credentials endpoint for API
// clients. It works where PrivX has privx-external as a public client.
type APIClientCredentials struct {
	ClientID, ClientSecret string
}

func (a APIClientCredentials) tokenRequest() (*Request, string) {
	// A map of strings always marshals.
	body, _ := json.Marshal(map[string]string{
		"grant_type":    "client_credentials",
		"client_id":     a.ClientID,
		"client_secret": a.ClientSecret,
	})
	rq := clientCredentialsEndpoint.Request()
	rq.Body = body
	return rq, ""
}

func (a APIClientCredentials) principal() string { return a.ClientID }

func (a APIClientCredentials) refusalHint() string {
	return "check api-client-id and api-client-secret; if they are right, either PrivX must have privx-external as a public client " +
		`(client_type="public"), or oauth-client-id and oauth-client-secret are needed too`
}

func (a APIClientCredentials) secretValues() []string { return []string{a.ClientSecret} }

func formRequest(form url.Values) *Request {
	rq := tokenEndpoint.Request()
	rq.Body, rq.form = []byte(form.Encode()), true
	return rq
}

// basicAuth is HTTP Basic as PrivX's own clients send it, with the secret as it is. RFC 6749
// wants the secret form-encoded first, and golang.org/x/oauth2 does that, but it spoils the
// base64 secrets that PrivX gives out.
func basicAuth(id, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))
}

// secrets replaces the secrets in a text, also where they are encoded as in a form or in
// JSON.
type secrets struct{ replacer *strings.Replacer }

func newSecrets(credentials Credentials) *secrets {
	var pairs []string
	for _, secret := range credentials.secretValues() {
		if secret == "" {
			continue
		}
		// A string always marshals.
		quoted, _ := json.Marshal(secret)
		for _, form := range []string{secret, url.QueryEscape(secret), strings.Trim(string(quoted), `"`)} {
			pairs = append(pairs, form, redacted)
		}
	}
	return &secrets{replacer: strings.NewReplacer(pairs...)}
}

const redacted = "[redacted]"

// hide removes the client's own secrets, and the token of req, from a text that the server
// sent, in case it repeats them.
func (s *secrets) hide(req *http.Request, text string) string {
	text = s.replacer.Replace(text)
	if _, sent, _ := strings.Cut(req.Header.Get("Authorization"), " "); sent != "" {
		text = strings.ReplaceAll(text, sent, redacted)
	}
	return text
}
