package errorid

var configuration = Group{"Configuration", []Entry{
	{BaseURL, "The address of PrivX in `base-url` cannot be used.", []Case{
		{"`must begin with https://`", "It has no scheme, or another one.", "Write the address with `https://`."},
		{"`must begin with https:// (http:// is accepted for localhost alone, …)`", "It begins with `http://`.", "Use `https://`."},
		{"`must not hold a user name or password`", "It is like `https://user:password@…`.", "Remove that part, and give the API client's credentials."},
		{"`must not hold a % in its host name`", "It has an IPv6 address with a zone, for instance.", "Give a name, or an address without a zone."},
		{"`must not hold a query (what follows a ?)`, `must not hold a fragment (what follows a #)`", "It was copied from the browser.", "Give the address of PrivX alone."},
		{"`has no host name`, `not a URL`", "A part of it is missing, or it has a character that no address may have.", "Write it like `https://privx.example.com`."},
	}, "pkg/config.TestBaseURL"},
	{CredentialsMissing, "PrivX's credentials are missing, or a part of them.", []Case{
		{"`oauth-client-id: no credentials: give the OAuth client's ID and secret, …`", "No pair of credentials arrived.", "See [Authentication](configuration.md#authentication)."},
		{"`api-client-secret: is missing: it belongs to api-client-id`", "One half of a pair is there. The same is said of the other three fields.", "Give both."},
		{"`oauth-client-id: is missing: the method oauth needs the OAuth client's ID and secret`", "`--auth-method oauth` was given with the API client's pair alone.", "Add the OAuth client's pair, or leave `--auth-method` out."},
		{"`api-client-id: is missing: the method client-secret needs the API client's ID and secret`", "`--auth-method client-secret` was given without the API client's pair.", "Add the pair."},
	}, "pkg/config.TestCredentials"},
	{AuthMethod, "There is no such way to authenticate.", []Case{
		{"`auth-method: \"…\" is not known: choose oauth or client-secret`", "`--auth-method` has another name.", "Correct it, or leave it out."},
	}, "pkg/config.TestCredentials"},
	{CACertificate, "The file of CA certificates cannot be used.", []Case{
		{"`ca-certificate: no PEM certificate in it`", "It has another format, or it is empty.", "Save the trust anchor as PEM: it begins with `-----BEGIN CERTIFICATE-----`."},
		{"`ca-certificate: PEM block 1 is not a certificate`", "It holds a private key, for instance.", "Keep the certificates alone."},
		{"`ca-certificate: PEM block 1: …`, `ca-certificate: 1 of 2 PEM blocks are malformed`", "It was cut or changed when it was copied.", "Save it once more."},
	}, "pkg/config.TestCACertificate"},
	{Number, "A number in the settings cannot be used.", []Case{
		{"`grant-max-hours: must be between 0 (without an end) and 87840 hours`, `page-size: must be between 10 and 1000 rows`", "It is out of range.", "Correct it."},
		{"`must be a whole number in at most 9 digits, …`", "It is something else than plain digits: it has a fraction, a sign, a unit or a zero in front.", "Write it in plain digits."},
	}, "pkg/config.TestCheckNumber"},
}}

var credentials = Group{"Credentials and permissions", []Entry{
	{CredentialsRefused, "PrivX refuses the credentials.", []Case{
		{"`invalid_client: …; the credentials were refused …`", "The OAuth client is wrong. Some versions of PrivX may answer 401 in place of 400.", "Compare all four values with the Credentials page."},
		{"`invalid_grant: …; the credentials were refused …`", "The API client is wrong, or it was deleted.", "Compare all four values with the Credentials page."},
		{"`check that base-url is the address of PrivX itself, …; if it is, the credentials were refused …`", "The answer may not be PrivX's at all: `base-url` has `http://` and a port that speaks TLS, or, with 403, a proxy does not let the request through.", "Check `base-url` and the proxy first, then the credentials."},
		{"`unauthorized_client: …; … this PrivX wants an API client too: add api-client-id and api-client-secret …`", "Only the OAuth client's pair was given.", "Add the API client's pair."},
		{"`POST /auth/api/v1/oauth/clientcredentials/privx-external/token: unauthorized_client: …`", "Only the API client's pair was given, and PrivX does not have `privx-external` as a public client.", "Add the OAuth client's pair, or have PrivX's setting changed."},
	}, "pkg/connector.TestErrorIDs"},
	{LoginNotOffered, "PrivX does not have the endpoint that the login is sent to.", []Case{
		{"`PrivX answered 404 to POST /auth/api/v1/oauth/…; check that base-url is …; if it is, this PrivX does not offer this way to authenticate …`", "The base URL is wrong, or this PrivX does not have that endpoint.", "Check `base-url`, and give both pairs of credentials."},
	}, "pkg/connector.TestErrorIDs"},
	{PermissionMissing, "The API client lacks a permission in PrivX.", []Case{
		{"`PrivX answered 403 to …: …; give a role of the connector's API client in PrivX the permission …`", "No role of the API client has the permission that the text names: `users-view`, `roles-view`, or for grants and revokes `roles-manage`.", "Add it to a role of the API client (see [Permissions](../README.md#permissions)), wait some minutes, and try again."},
	}, "pkg/connector.TestErrorIDs"},
	{TokenRefused, "PrivX refuses a token that it has issued itself.", []Case{
		{"`PrivX answered 401 to …; PrivX refuses a token that it has just issued: check the clocks of its nodes`", "PrivX's nodes disagree about the time by more than some seconds, or the API client was removed during the sync.", "Check PrivX."},
	}, "pkg/connector.TestErrorIDs"},
}}

var connection = Group{"Connection and TLS", []Entry{
	{CertificateUntrusted, "PrivX's certificate is not trusted.", []Case{
		{"`tls: failed to verify certificate: x509: certificate signed by unknown authority; if PrivX uses a private CA, give its certificates with ca-certificate`", "PrivX has a private CA, and its certificate was not given, or the wrong one.", "Take the TLS trust anchor from PrivX, and give its file with `--ca-certificate`."},
		{"`x509: certificate has expired or is not yet valid: …`", "PrivX's certificate is too old, or the clock of this machine is wrong.", "Renew the certificate, or set the clock."},
	}, "pkg/privx.TestForeignCAIsRefused"},
	{CertificateName, "PrivX's certificate is made out to another name.", []Case{
		{"`x509: certificate is valid for …, not …; base-url must have a name that PrivX's certificate is made out to`", "The host in `base-url` is not in PrivX's certificate.", "Use a name from the certificate."},
	}, "pkg/privx.TestCertificateWithAnotherNameIsRefused"},
	{TLSRefused, "PrivX, or what stands in front of it, refuses the TLS connection.", []Case{
		{"`remote error: tls: …; PrivX must speak TLS 1.2 or later`", "The other side speaks only TLS 1.0 or 1.1, or wants a certificate of the client.", "Have what answers at `base-url` speak TLS 1.2 or later, without a client's certificate."},
	}, "pkg/privx.TestOldTLSIsRefused"},
	{NotTLS, "The port does not speak TLS.", []Case{
		{"`http: server gave HTTP response to HTTPS client; check the scheme and the port in base-url`", "The port in `base-url` speaks plain HTTP.", "Correct the port."},
	}, "pkg/privx.TestPlainHTTPBehindHTTPS"},
	{HostUnknown, "The host name in `base-url` is not known.", []Case{
		{"`lookup …: no such host; check the host name in base-url`", "The name is wrong, or there is no DNS.", "Correct the name."},
	}, "pkg/privx.TestTransport_UnknownHost"},
	{NoAnswer, "There was no connection to PrivX, or it broke off.", []Case{
		{"`connect: connection refused`", "Nothing listens there.", "Check the host, the port and the firewall."},
		{"`EOF`, `connection reset by peer`", "PrivX, or what stands in front of it, ended the connection before the answer was there.", "Try again. If it stays, look at what is in between."},
	}, "pkg/connector.TestErrorIDs"},
	{TimedOut, "PrivX did not answer within a bound of the connector's own.", []Case{
		{"`no answer from PrivX to the first requests: timed out`", "PrivX takes connections and does not answer.", "Check PrivX and what is in between."},
		{"`no answer from PrivX to …: timed out`", "The same during a login, a grant or a revoke, where one answer may take some seconds and no more.", "Try again. Check PrivX and what is in between if it stays."},
	}, "pkg/connector.TestErrorIDs"},
	{TooSlow, "PrivX took too long for an answer.", []Case{
		{"`…; PrivX did not answer within the time that http-timeout-seconds gives it`", "PrivX did not answer, from the request to the end of the answer, in that time; of a list, not even ten rows.", "Check the network. Raise the limit if PrivX is slow."},
		{"`PrivX answered 504 to …`", "A gateway in front of PrivX has a limit of its own, which PrivX has exceeded.", "Raise the gateway's limit, or give a smaller `--page-size`."},
	}, "pkg/privx.TestAStallEndsWithinTheTimeout"},
	{Unavailable, "PrivX does not work at the moment.", []Case{
		{"`PrivX answered 503 to …` (or another 5xx, or 408)", "PrivX or its load balancer is down or restarting.", "Try again later."},
	}, "pkg/connector.TestErrorIDs"},
	{Throttled, "PrivX gets too many requests.", []Case{
		{"`PrivX answered 429 to …`", "PrivX, or what stands in front of it, limits how many requests may come in a time.", "Nothing, if it passes: the connector waits as long as it is told to. Use fewer `--workers` if it stays, or raise the limit."},
	}, "pkg/connector.TestErrorIDs"},
	{GivenUp, "PrivX has failed for ten minutes.", []Case{
		{"`there was no good answer for 10m0s; given up`", "All requests to an endpoint have failed for so long. What the last answer was is in front of that.", "Try again when PrivX works."},
	}, "pkg/connector.TestErrorIDs"},
	{NotPrivX, "Something else than PrivX has answered.", []Case{
		{"`PrivX answered 200 to …: not JSON but \"text/html; …\"; check that base-url is the address of PrivX itself, …`", "A login page or a proxy has answered, or `base-url` has a wrong path.", "Give PrivX's own address."},
		{"`PrivX answered 302 to …: a redirect, which is never followed with credentials`", "The same, or the host name is wrong.", "Give the address that it redirects to, if that is PrivX."},
		{"`not an answer of PrivX's API`, `not PrivX's answer to a write`, `not a JSON object`, `no usable access_token in it`", "The same. The answer does not look like one of PrivX.", "Check `base-url`, and the proxy in between."},
	}, "pkg/connector.TestErrorIDs"},
}}
