package config

import (
	"fmt"
	"strings"
	"time"

	"github.com/conductorone/baton-privx/internal/errorid"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/conductorone/baton-sdk/pkg/field"

	"github.com/conductorone/baton-privx/pkg/privx"
)

// Settings checks the configuration as a whole and makes of it what the client
// needs. The method is what --auth-method says, empty if nothing was chosen. An
// error is one line that names the field, coded InvalidArgument. Nothing is sent.
func (c *Privx) Settings(method string) (privx.Config, error) {
	var settings privx.Config
	given := c.trimmed()
	baseURL, err := privx.ParseBaseURL(given.BaseUrl)
	if err != nil {
		return settings, invalid(errorid.BaseURL, baseURLField, err.Error())
	}
	settings.BaseURL = baseURL
	if len(c.CaCertificate) > 0 {
		settings.CertificateAuthorities, err = privx.ParseCertificates(c.CaCertificate)
		if err != nil {
			return settings, invalid(errorid.CACertificate, caCertificateField, err.Error())
		}
	}
	if c.GrantMaxHours < 0 || c.GrantMaxHours > maxGrantHours {
		return settings, invalid(errorid.Number, grantMaxHoursField, fmt.Sprintf("must be between 0 (without an end) and %d hours", maxGrantHours))
	}
	settings.GrantLength = time.Duration(c.GrantMaxHours) * time.Hour
	// A page size that is not set comes as 0 if the caller does not put in the default.
	if c.PageSize != 0 && (c.PageSize < privx.MinPageSize || c.PageSize > privx.MaxPageSize) {
		return settings, invalid(errorid.Number, pageSizeField, fmt.Sprintf("must be between %d and %d rows", privx.MinPageSize, privx.MaxPageSize))
	}
	settings.PageSize = c.PageSize
	if err := c.checkReach(); err != nil {
		return settings, err
	}
	settings.Credentials, err = given.credentials(method)
	return settings, err
}

// trimmed is the configuration without the white space that copying, and secrets
// mounted as files, leave at the ends: PrivX limits failed logins.
func (c *Privx) trimmed() *Privx {
	given := *c
	for _, text := range []*string{&given.BaseUrl, &given.ApiClientId, &given.ApiClientSecret, &given.OauthClientId, &given.OauthClientSecret} {
		*text = strings.TrimSpace(*text)
	}
	return &given
}

// credentials chooses how to authenticate from the method and from what is given.
func (c *Privx) credentials(method string) (privx.Credentials, error) {
	switch method {
	case authMethodClientSecret:
		return c.clientSecretCredentials()
	case authMethodOAuth, "":
		return c.oauthCredentials(method)
	default:
		return nil, &Error{ID: errorid.AuthMethod, Field: "auth-method", Problem: fmt.Sprintf("%q is not known: choose %s or %s", method, authMethodOAuth, authMethodClientSecret)}
	}
}

// clientSecretCredentials looks at the API client's pair alone: what else is
// given is a leftover.
func (c *Privx) clientSecretCredentials() (privx.Credentials, error) {
	given, err := pair(apiClientIDField, c.ApiClientId, apiClientSecretField, c.ApiClientSecret)
	if err != nil {
		return nil, err
	}
	if !given {
		return nil, invalid(errorid.CredentialsMissing, apiClientIDField, "is missing: the method "+authMethodClientSecret+" needs the API client's ID and secret")
	}
	return privx.APIClientCredentials{ClientID: c.ApiClientId, ClientSecret: c.ApiClientSecret}, nil
}

func (c *Privx) oauthCredentials(method string) (privx.Credentials, error) {
	oauthPair, err := pair(oauthClientIDField, c.OauthClientId, oauthClientSecretField, c.OauthClientSecret)
	if err != nil {
		return nil, err
	}
	apiPair, err := pair(apiClientIDField, c.ApiClientId, apiClientSecretField, c.ApiClientSecret)
	if err != nil {
		return nil, err
	}
	switch {
	case oauthPair && apiPair:
		return privx.PasswordGrant{
			OAuthClientID: c.OauthClientId, OAuthClientSecret: c.OauthClientSecret,
			APIClientID: c.ApiClientId, APIClientSecret: c.ApiClientSecret,
		}, nil
	case oauthPair:
		return privx.OAuthClientCredentials{ClientID: c.OauthClientId, ClientSecret: c.OauthClientSecret}, nil
	case apiPair && method == "":
		return privx.APIClientCredentials{ClientID: c.ApiClientId, ClientSecret: c.ApiClientSecret}, nil
	case apiPair:
		return nil, invalid(errorid.CredentialsMissing, oauthClientIDField, "is missing: the method "+method+" needs the OAuth client's ID and secret")
	default:
		return nil, invalid(errorid.CredentialsMissing, oauthClientIDField, "no credentials: give the OAuth client's ID and secret, the API client's (api-client-id, api-client-secret), or both")
	}
}

// pair tells whether both halves of a pair are given; one alone is an error.
func pair(idField field.SchemaField, id string, secretField field.SchemaField, secret string) (bool, error) {
	switch {
	case id != "" && secret == "":
		return false, invalid(errorid.CredentialsMissing, secretField, "is missing: it belongs to "+idField.FieldName)
	case id == "" && secret != "":
		return false, invalid(errorid.CredentialsMissing, idField, "is missing: it belongs to "+secretField.FieldName)
	default:
		return id != "", nil
	}
}

// Error is a mistake in the configuration.
type Error struct {
	// ID names what is wrong.
	ID errorid.ID
	// Field is the name of the flag.
	Field string
	// Problem says what is wrong with it, and never repeats its value.
	Problem string
}

// Error is one line that names the field.
func (e *Error) Error() string { return errorid.Text(e.Field, errorid.New(e.ID, e.Problem)) }

// GRPCStatus makes it an InvalidArgument, from which the exit code comes.
func (e *Error) GRPCStatus() *status.Status { return status.New(codes.InvalidArgument, e.Error()) }

func invalid(id errorid.ID, f field.SchemaField, problem string) error {
	return &Error{ID: id, Field: f.FieldName, Problem: problem}
}
