package config_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/conductorone/baton-privx/internal/errorid"
	"github.com/conductorone/baton-privx/internal/errorid/errortest"

	"github.com/conductorone/baton-sdk/pkg/cli"
	"github.com/conductorone/baton-sdk/pkg/field"
	"github.com/spf13/viper"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/conductorone/baton-privx/pkg/config"
	"github.com/conductorone/baton-privx/pkg/privx"
)

const baseURL = "https://privx.example.com"

var (
	oauthPair = map[string]string{"oauth-client-id": "privx-external", "oauth-client-secret": "os"}
	apiPair   = map[string]string{"api-client-id": "ai", "api-client-secret": "as"}

	password = privx.PasswordGrant{OAuthClientID: "privx-external", OAuthClientSecret: "os", APIClientID: "ai", APIClientSecret: "as"}
	oauth    = privx.OAuthClientCredentials{ClientID: "privx-external", ClientSecret: "os"}
	api      = privx.APIClientCredentials{ClientID: "ai", ClientSecret: "as"}
)

// settings reads values as the binary does: decoded, checked by the SDK for the
// chosen method, then checked as a whole.
func settings(t *testing.T, method string, values ...map[string]string) (privx.Config, error) {
	t.Helper()
	v := viper.New()
	v.Set("base-url", baseURL)
	for _, some := range values {
		for name, value := range some {
			v.Set(name, value)
		}
	}
	cfg, err := cli.MakeGenericConfiguration[*config.Privx](v)
	require.NoError(t, err)
	if err := field.Validate(config.Config, cfg, field.WithAuthMethod(method)); err != nil {
		return privx.Config{}, err
	}
	return cfg.Settings(method)
}

func TestCredentials(t *testing.T) {
	t.Parallel()
	half := func(name string) map[string]string { return map[string]string{name: "x"} }
	for _, c := range []struct {
		name   string
		method string
		given  []map[string]string
		want   privx.Credentials
		field  string // that the error has to name
	}{
		{name: "both pairs", given: []map[string]string{oauthPair, apiPair}, want: password},
		{name: "both pairs, oauth", method: "oauth", given: []map[string]string{oauthPair, apiPair}, want: password},
		{name: "OAuth pair", given: []map[string]string{oauthPair}, want: oauth},
		{name: "OAuth pair, oauth", method: "oauth", given: []map[string]string{oauthPair}, want: oauth},
		{name: "API pair", given: []map[string]string{apiPair}, want: api},
		{name: "white space around", given: []map[string]string{{"api-client-id": " ai", "api-client-secret": "as\n"}}, want: api},
		{name: "white space alone", given: []map[string]string{{"api-client-id": "ai", "api-client-secret": " \n"}}, field: "api-client-secret"},
		{name: "API pair, oauth", method: "oauth", given: []map[string]string{apiPair}, field: "oauth-client-id"},
		{name: "API pair, client-secret", method: "client-secret", given: []map[string]string{apiPair}, want: api},
		{name: "both pairs, client-secret", method: "client-secret", given: []map[string]string{oauthPair, apiPair}, want: api},
		{name: "API pair and half a leftover, client-secret", method: "client-secret", given: []map[string]string{apiPair, half("oauth-client-secret")}, want: api},
		{name: "OAuth pair, client-secret", method: "client-secret", given: []map[string]string{oauthPair}, field: "api-client-id"},
		{name: "half an API pair, client-secret", method: "client-secret", given: []map[string]string{half("api-client-id")}, field: "api-client-secret"},
		{name: "unknown method", method: "kerberos", given: []map[string]string{oauthPair, apiPair}, field: "auth-method"},
		{name: "nothing", field: "oauth-client-id"},
		{name: "nothing, oauth", method: "oauth", field: "oauth-client-id"},
		{name: "nothing, client-secret", method: "client-secret", field: "api-client-id"},
		{name: "OAuth id alone", given: []map[string]string{half("oauth-client-id")}, field: "oauth-client-secret"},
		{name: "OAuth secret alone", given: []map[string]string{half("oauth-client-secret")}, field: "oauth-client-id"},
		{name: "API id alone", given: []map[string]string{half("api-client-id")}, field: "api-client-secret"},
		{name: "API secret alone", given: []map[string]string{half("api-client-secret")}, field: "api-client-id"},
		{name: "OAuth pair and API id", given: []map[string]string{oauthPair, half("api-client-id")}, field: "api-client-secret"},
		{name: "API pair and OAuth secret", given: []map[string]string{apiPair, half("oauth-client-secret")}, field: "oauth-client-id"},
		{name: "API pair and OAuth id, oauth", method: "oauth", given: []map[string]string{apiPair, half("oauth-client-id")}, field: "oauth-client-secret"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := settings(t, c.method, c.given...)
			if c.field != "" {
				want := errorid.CredentialsMissing
				if c.field == "auth-method" {
					want = errorid.AuthMethod
				}
				requireNames(t, err, c.field, want)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.want, got.Credentials)
			require.Equal(t, baseURL, got.BaseURL.String())
		})
	}
}

// requireNames wants one line that begins with the field and ends in the id, coded InvalidArgument.
func requireNames(t *testing.T, err error, name string, id errorid.ID) {
	t.Helper()
	require.Error(t, err)
	require.Equal(t, id, errortest.ID(t, err.Error()))
	require.Equal(t, codes.InvalidArgument, status.Code(err))
	require.True(t, strings.HasPrefix(err.Error(), "baton-privx: "+name+": "), err.Error())
	require.NotContains(t, err.Error(), "\n")
}

func TestBaseURL(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{
		"privx.example.com", "http://privx.example.com", "ftp://privx.example.com", "https://", "https://u:hunter2@privx.example.com",
		"https://privx.example.com/?a=b", "https://privx.example.com/#x", "https://privx.example.com:hunter2",
	} {
		_, err := settings(t, "", apiPair, map[string]string{"base-url": bad})
		requireNames(t, err, "base-url", errorid.BaseURL)
		require.NotContains(t, err.Error(), "hunter2")
	}
	_, err := settings(t, "", apiPair, map[string]string{"base-url": ""})
	require.ErrorContains(t, err, "base-url")
	got, err := settings(t, "", apiPair, map[string]string{"base-url": "https://privx.example.com/access/privx//"})
	require.NoError(t, err)
	require.Equal(t, "https://privx.example.com/access/privx", got.BaseURL.String())
}

func TestCACertificate(t *testing.T) {
	t.Parallel()
	bundle := append(certificate(t), certificate(t)...)
	cfg := config.Privx{BaseUrl: baseURL, ApiClientId: "ai", ApiClientSecret: "as", CaCertificate: bundle}
	got, err := cfg.Settings("")
	require.NoError(t, err)
	require.Len(t, got.CertificateAuthorities, 2)

	for name, bad := range map[string][]byte{
		"not PEM":         []byte("privx-ca.pem"),
		"a private key":   pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")}),
		"not a DER":       pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")}),
		"cut in the end":  bundle[:len(bundle)-40],
		"one good, a key": append(certificate(t), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: []byte("x")})...),
	} {
		cfg.CaCertificate = bad
		_, err := cfg.Settings("")
		require.Error(t, err, name)
		requireNames(t, err, "ca-certificate", errorid.CACertificate)
	}
}

func certificate(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// How long grants last at most: without an end unless it is set.
func TestGrantMaxHours(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		given map[string]string
		want  time.Duration
		bad   bool
	}{
		{name: "not set"},
		{name: "none", given: map[string]string{"grant-max-hours": "0"}},
		{name: "an hour", given: map[string]string{"grant-max-hours": "1"}, want: time.Hour},
		{name: "a quarter", given: map[string]string{"grant-max-hours": "2208"}, want: 2208 * time.Hour},
		{name: "ten years", given: map[string]string{"grant-max-hours": "87840"}, want: 87840 * time.Hour},
		{name: "more", given: map[string]string{"grant-max-hours": "87841"}, bad: true},
		{name: "less", given: map[string]string{"grant-max-hours": "-1"}, bad: true},
		{name: "what would overflow", given: map[string]string{"grant-max-hours": "5124095576030432"}, bad: true},
	} {
		for _, method := range []string{"", "oauth", "client-secret"} {
			t.Run(c.name+" "+method, func(t *testing.T) {
				t.Parallel()
				got, err := settings(t, method, oauthPair, apiPair, c.given)
				if c.bad {
					requireNames(t, err, "grant-max-hours", errorid.Number)
					require.ErrorContains(t, err, "between 0 (without an end) and 87840 hours")
					return
				}
				require.NoError(t, err)
				require.Equal(t, c.want, got.GrantLength)
			})
		}
	}
}

// How many rows are asked for at a time: PrivX's most unless it is set.
func TestPageSize(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]int{"": 0, "0": 0, "10": 10, "500": 500, "1000": 1000, "1": -1, "9": -1, "1001": -1, "-10": -1} {
		for _, method := range []string{"", "oauth", "client-secret"} {
			t.Run(given+" "+method, func(t *testing.T) {
				t.Parallel()
				values := map[string]string{}
				if given != "" {
					values["page-size"] = given
				}
				got, err := settings(t, method, oauthPair, apiPair, values)
				if want < 0 {
					requireNames(t, err, "page-size", errorid.Number)
					require.ErrorContains(t, err, "between 10 and 1000 rows")
					return
				}
				require.NoError(t, err)
				require.Equal(t, want, got.PageSize)
			})
		}
	}
}

// A number is one in plain digits.
func TestCheckNumber(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"grant-max-hours", "page-size", "expand-reach-limit"}, config.Numbers())
	for _, good := range []string{"0", "1", "10", "48", "87840", "999999999"} {
		require.NoError(t, config.CheckNumber("page-size", good), good)
	}
	for _, bad := range []string{
		"", " ", "00", "010", "0x10", "0b1", "0o7", "1_000", "1,000", "+1", "-1", "1.0", "1e3", "one", "1h", " 1", "1 ", "1\n2", "٣", "1234567890",
	} {
		requireNames(t, config.CheckNumber("page-size", bad), "page-size", errorid.Number)
	}
}

// Every field is explained to whoever fills it in, secrets are marked, and the
// common fields stand in both groups. What is on or off has no placeholder.
func TestFields(t *testing.T) {
	t.Parallel()
	secrets := map[string]bool{"api-client-secret": true, "oauth-client-secret": true}
	var names []string
	for _, f := range config.Config.Fields {
		names = append(names, f.FieldName)
		require.NotEmpty(t, f.ConnectorConfig.DisplayName, f.FieldName)
		require.NotEmpty(t, f.Description, f.FieldName)
		require.Equal(t, f.Variant == field.BoolVariant, f.ConnectorConfig.Placeholder == "", f.FieldName)
		require.Equal(t, secrets[f.FieldName], f.Secret, f.FieldName)
	}
	// A stable API: none of these may ever go.
	require.Subset(t, names, []string{"base-url", "api-client-id", "api-client-secret", "oauth-client-id", "oauth-client-secret"})
	require.Subset(t, names, []string{"grant-max-hours", "page-size"})
	reach := []string{
		"sync-hosts", "sync-secrets", "sync-personal-secrets", "sync-network-targets", "sync-api-targets", "sync-aws-roles",
		"role-summary", "expand-reach", "expand-reach-limit",
	}
	require.Subset(t, names, reach)
	for _, group := range config.Config.FieldGroups {
		fields := group.FieldMap()
		require.Contains(t, fields, "base-url")
		require.Contains(t, fields, "ca-certificate")
		require.Contains(t, fields, "grant-max-hours")
		require.Contains(t, fields, "page-size")
		for _, name := range reach {
			require.Contains(t, fields, name)
		}
		require.Equal(t, group.Name == "oauth", group.Default)
	}
}
