// Package config declares what can be configured, and checks what the SDK's own
// field rules cannot express.
package config

//go:generate go run ./gen

import (
	"github.com/conductorone/baton-sdk/pkg/field"

	"github.com/conductorone/baton-privx/pkg/privx"
)

// Names of the authentication methods, as --auth-method and ConductorOne's form
// know them.
const (
	authMethodOAuth        = "oauth"
	authMethodClientSecret = "client-secret"
)

// The fields. Their names are a stable API.
var (
	baseURLField = field.StringField("base-url",
		field.WithDisplayName("Base URL"),
		field.WithDescription("The address of PrivX, such as https://privx.example.com. A path in front of PrivX's own paths is kept"),
		field.WithPlaceholder("https://privx.example.com"),
		field.WithRequired(true),
	)
	apiClientIDField = field.StringField("api-client-id",
		field.WithDisplayName("API client ID"),
		field.WithDescription("The ID of the API client in PrivX, from its Credentials page (Administration > Deployment > Integrate with PrivX using API clients)"),
		field.WithPlaceholder("01234567-89ab-cdef-0123-456789abcdef"),
	)
	apiClientSecretField = field.StringField("api-client-secret",
		field.WithDisplayName("API client secret"),
		field.WithDescription("The secret of the API client in PrivX, from the same Credentials page"),
		field.WithPlaceholder("API client secret"),
		field.WithIsSecret(true),
	)
	oauthClientIDField = field.StringField("oauth-client-id",
		field.WithDisplayName("OAuth client ID"),
		field.WithDescription("The OAuth client ID that PrivX shows on the API client's Credentials page, usually privx-external"),
		field.WithPlaceholder("privx-external"),
	)
	oauthClientSecretField = field.StringField("oauth-client-secret",
		field.WithDisplayName("OAuth client secret"),
		field.WithDescription("The OAuth client secret that PrivX shows on the API client's Credentials page"),
		field.WithPlaceholder("OAuth client secret"),
		field.WithIsSecret(true),
	)
	caCertificateField = field.FileUploadField("ca-certificate", []string{".pem", ".crt", ".cer"},
		field.WithDisplayName("CA certificates"),
		field.WithDescription("A file of PEM certificates to trust besides the system's own: PrivX's TLS trust anchor, "+
			"found at the bottom of the Credentials page, where PrivX uses a private CA"),
		field.WithPlaceholder("privx-ca.pem"),
	)
	grantMaxHoursField = field.IntField("grant-max-hours",
		field.WithDisplayName("Longest grant in hours"),
		field.WithDescription("If set, a role that is granted through ConductorOne ends by itself in PrivX after this many hours, "+
			"even when ConductorOne or the connector is down. Set it above the longest grant that ConductorOne gives out. 0: without an end"),
		field.WithPlaceholder("0"),
	)
	pageSizeField = field.IntField("page-size",
		field.WithDisplayName("Page size"),
		field.WithDescription("How many rows of a list PrivX is asked for at a time, 10 to 1000. Set it lower where PrivX, or what stands before it, "+
			"is slow or short of memory. The connector asks for fewer by itself where PrivX refuses so many, or answers too much or too late"),
		field.WithPlaceholder("1000"),
		field.WithDefaultValue(privx.MaxPageSize),
	)
)

// maxGrantHours bounds grant-max-hours: ten years.
const maxGrantHours = 10 * 366 * 24

// Config is the whole configuration. With field groups, the SDK asks of a field
// what is declared here whichever group is chosen; what differs between the
// groups is checked by [Privx.Settings].
var Config = field.NewConfiguration(
	append([]field.SchemaField{
		baseURLField,
		apiClientIDField,
		apiClientSecretField,
		oauthClientIDField,
		oauthClientSecretField,
		caCertificateField,
		grantMaxHoursField,
		pageSizeField,
	}, reachFields...),
	field.WithConnectorDisplayName("PrivX"),
	field.WithHelpUrl("/docs/baton/privx"),
	field.WithIconUrl("/static/app-icons/privx.svg"),
	field.WithFieldGroups([]field.SchemaFieldGroup{
		{
			Name:        authMethodOAuth,
			DisplayName: "OAuth",
			HelpText: "The OAuth client's credentials, and beside them the API client's: PrivX shows all four together, " +
				"and its documented way to authenticate needs them all.",
			Default: true,
			Fields: append([]field.SchemaField{
				baseURLField, oauthClientIDField, oauthClientSecretField,
				apiClientIDField, apiClientSecretField, caCertificateField, grantMaxHoursField, pageSizeField,
			}, reachFields...),
		},
		{
			Name:        authMethodClientSecret,
			DisplayName: "Client secret",
			HelpText:    "The API client's credentials alone. PrivX must have privx-external as a public client.",
			Fields: append([]field.SchemaField{
				baseURLField, apiClientIDField, apiClientSecretField, caCertificateField, grantMaxHoursField, pageSizeField,
			}, reachFields...),
		},
	}),
)
