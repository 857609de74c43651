package errorid

var credentials = Group{"Credentials and permissions", []Entry{
	{CredentialsRefused, "PrivX refuses the credentials.", []Case{
		{
			Text:  "`invalid_client: …; the credentials were refused …`",
			Cause: "The OAuth client is wrong. Some versions of PrivX may answer 401 in place of 400.",
			Do:    "Compare all four values with the Credentials page.",
		},
		{
			Text:  "`invalid_grant: …; the credentials were refused …`",
			Cause: "The API client is wrong, or it was deleted.",
			Do:    "Compare all four values with the Credentials page.",
		},
		{
			Text:  "`check that base-url is the address of PrivX itself, …; if it is, the credentials were refused …`",
			Cause: "The answer may not be PrivX's at all: `base-url` has `http://` and a port that speaks TLS, or, with 403, a proxy does not let the request through.",
			Do:    "Check `base-url` and the proxy first, then the credentials.",
		},
		{
			Text:  "`unauthorized_client: …; … this PrivX wants an API client too: add api-client-id and api-client-secret …`",
			Cause: "Only the OAuth client's pair was given.",
			Do:    "Add the API client's pair.",
		},
		{
			Text:  "`POST /auth/api/v1/oauth/clientcredentials/privx-external/token: unauthorized_client: …`",
			Cause: "Only the API client's pair was given, and PrivX does not have `privx-external` as a public client.",
			Do:    "Add the OAuth client's pair, or have PrivX's setting changed.",
		},
	}, "pkg/connector.TestErrorIDs"},
	{LoginNotOffered, "PrivX does not have the endpoint that the login is sent to.", []Case{
		{
			Text:  "`PrivX answered 404 to POST /auth/api/v1/oauth/…; check that base-url is …; if it is, this PrivX does not offer this way to authenticate …`",
			Cause: "The base URL is wrong, or this PrivX does not have that endpoint.",
			Do:    "Check `base-url`, and give both pairs of credentials.",
		},
	}, "pkg/connector.TestErrorIDs"},
	{PermissionMissing, "The API client lacks a permission in PrivX.", []Case{
		{
			Text:  "`PrivX answered 403 to …: …; give a role of the connector's API client in PrivX the permission …`",
			Cause: "No role of the API client has the permission that the text names: `users-view`, `roles-view`, or for grants and revokes `roles-manage`.",
			Do:    "Add it to a role of the API client (see [Permissions](../README.md#permissions)), wait some minutes, and try again.",
		},
	}, "pkg/connector.TestErrorIDs"},
	{TokenRefused, "PrivX refuses a token that it has issued itself.", []Case{
		{
			Text:  "`PrivX answered 401 to …; PrivX refuses a token that it has just issued: check the clocks of its nodes`",
			Cause: "PrivX's nodes disagree about the time by more than some seconds, or the API client was removed during the sync.",
			Do:    "Check PrivX.",
		},
	}, "pkg/connector.TestErrorIDs"},
}}
