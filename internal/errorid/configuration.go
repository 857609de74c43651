package errorid

var configuration = Group{"Configuration", []Entry{
	{BaseURL, "The address of PrivX in `base-url` cannot be used.", []Case{
		{
			Text:  "`must begin with https://`",
			Cause: "It has no scheme, or another one.",
			Do:    "Write the address with `https://`.",
		},
		{
			Text:  "`must begin with https:// (http:// is accepted for localhost alone, …)`",
			Cause: "It begins with `http://`.",
			Do:    "Use `https://`.",
		},
		{
			Text:  "`must not hold a user name or password`",
			Cause: "It is like `https://user:password@…`.",
			Do:    "Remove that part, and give the API client's credentials.",
		},
		{
			Text:  "`must not hold a % in its host name`",
			Cause: "It has an IPv6 address with a zone, for instance.",
			Do:    "Give a name, or an address without a zone.",
		},
		{
			Text:  "`must not hold a query (what follows a ?)`, `must not hold a fragment (what follows a #)`",
			Cause: "It was copied from the browser.",
			Do:    "Give the address of PrivX alone.",
		},
		{
			Text:  "`has no host name`, `not a URL`",
			Cause: "A part of it is missing, or it has a character that no address may have.",
			Do:    "Write it like `https://privx.example.com`.",
		},
	}, "pkg/config.TestBaseURL"},
	{CredentialsMissing, "PrivX's credentials are missing, or a part of them.", []Case{
		{
			Text:  "`oauth-client-id: no credentials: give the OAuth client's ID and secret, …`",
			Cause: "No pair of credentials arrived.",
			Do:    "See [Authentication](configuration.md#authentication).",
		},
		{
			Text:  "`api-client-secret: is missing: it belongs to api-client-id`",
			Cause: "One half of a pair is there. The same is said of the other three fields.",
			Do:    "Give both.",
		},
		{
			Text:  "`oauth-client-id: is missing: the method oauth needs the OAuth client's ID and secret`",
			Cause: "`--auth-method oauth` was given with the API client's pair alone.",
			Do:    "Add the OAuth client's pair, or leave `--auth-method` out.",
		},
		{
			Text:  "`api-client-id: is missing: the method client-secret needs the API client's ID and secret`",
			Cause: "`--auth-method client-secret` was given without the API client's pair.",
			Do:    "Add the pair.",
		},
	}, "pkg/config.TestCredentials"},
	{AuthMethod, "There is no such way to authenticate.", []Case{
		{
			Text:  "`auth-method: \"…\" is not known: choose oauth or client-secret`",
			Cause: "`--auth-method` has another name.",
			Do:    "Correct it, or leave it out.",
		},
	}, "pkg/config.TestCredentials"},
	{CACertificate, "The file of CA certificates cannot be used.", []Case{
		{
			Text:  "`ca-certificate: no PEM certificate in it`",
			Cause: "It has another format, or it is empty.",
			Do:    "Save the trust anchor as PEM: it begins with `-----BEGIN CERTIFICATE-----`.",
		},
		{
			Text:  "`ca-certificate: PEM block 1 is not a certificate`",
			Cause: "It holds a private key, for instance.",
			Do:    "Keep the certificates alone.",
		},
		{
			Text:  "`ca-certificate: PEM block 1: …`, `ca-certificate: 1 of 2 PEM blocks are malformed`",
			Cause: "It was cut or changed when it was copied.",
			Do:    "Save it once more.",
		},
	}, "pkg/config.TestCACertificate"},
	{Number, "A number in the settings cannot be used.", []Case{
		{
			Text:  "`grant-max-hours: must be between 0 (without an end) and 87840 hours`, `page-size: must be between 10 and 1000 rows`",
			Cause: "It is out of range.",
			Do:    "Correct it.",
		},
		{
			Text:  "`must be a whole number in at most 9 digits, …`",
			Cause: "It is something else than plain digits: it has a fraction, a sign, a unit or a zero in front.",
			Do:    "Write it in plain digits.",
		},
	}, "pkg/config.TestCheckNumber"},
}}
