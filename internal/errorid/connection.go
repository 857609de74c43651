package errorid

var connection = Group{"Connection and TLS", []Entry{
	{CertificateUntrusted, "PrivX's certificate is not trusted.", []Case{
		{
			Text:  "`tls: failed to verify certificate: x509: certificate signed by unknown authority; if PrivX uses a private CA, give its certificates with ca-certificate`",
			Cause: "PrivX has a private CA, and its certificate was not given, or the wrong one.",
			Do:    "Take the TLS trust anchor from PrivX, and give its file with `--ca-certificate`.",
		},
		{
			Text:  "`x509: certificate has expired or is not yet valid: …`",
			Cause: "PrivX's certificate is too old, or the clock of this machine is wrong.",
			Do:    "Renew the certificate, or set the clock.",
		},
	}, "pkg/privx.TestForeignCAIsRefused"},
	{CertificateName, "PrivX's certificate is made out to another name.", []Case{
		{
			Text:  "`x509: certificate is valid for …, not …; base-url must have a name that PrivX's certificate is made out to`",
			Cause: "The host in `base-url` is not in PrivX's certificate.",
			Do:    "Use a name from the certificate.",
		},
	}, "pkg/privx.TestCertificateWithAnotherNameIsRefused"},
	{TLSRefused, "PrivX, or what stands in front of it, refuses the TLS connection.", []Case{
		{
			Text:  "`remote error: tls: …; PrivX must speak TLS 1.2 or later`",
			Cause: "The other side speaks only TLS 1.0 or 1.1, or wants a certificate of the client.",
			Do:    "Have what answers at `base-url` speak TLS 1.2 or later, without a client's certificate.",
		},
	}, "pkg/privx.TestOldTLSIsRefused"},
	{NotTLS, "The port does not speak TLS.", []Case{
		{
			Text:  "`http: server gave HTTP response to HTTPS client; check the scheme and the port in base-url`",
			Cause: "The port in `base-url` speaks plain HTTP.",
			Do:    "Correct the port.",
		},
	}, "pkg/privx.TestPlainHTTPBehindHTTPS"},
	{HostUnknown, "The host name in `base-url` is not known.", []Case{
		{
			Text:  "`lookup …: no such host; check the host name in base-url`",
			Cause: "The name is wrong, or there is no DNS.",
			Do:    "Correct the name.",
		},
	}, "pkg/privx.TestTransport_UnknownHost"},
	{NoAnswer, "There was no connection to PrivX, or it broke off.", []Case{
		{
			Text:  "`connect: connection refused`",
			Cause: "Nothing listens there.",
			Do:    "Check the host, the port and the firewall.",
		},
		{
			Text:  "`EOF`, `connection reset by peer`",
			Cause: "PrivX, or what stands in front of it, ended the connection before the answer was there.",
			Do:    "Try again. If it stays, look at what is in between.",
		},
	}, "pkg/connector.TestErrorIDs"},
	{TimedOut, "PrivX did not answer within a bound of the connector's own.", []Case{
		{
			Text:  "`no answer from PrivX to the first requests: timed out`",
			Cause: "PrivX takes connections and does not answer.",
			Do:    "Check PrivX and what is in between.",
		},
		{
			Text:  "`no answer from PrivX to …: timed out`",
			Cause: "The same during a login, a grant or a revoke, where one answer may take some seconds and no more.",
			Do:    "Try again. Check PrivX and what is in between if it stays.",
		},
	}, "pkg/connector.TestErrorIDs"},
	{TooSlow, "PrivX took too long for an answer.", []Case{
		{
			Text:  "`…; PrivX did not answer within the time that http-timeout-seconds gives it`",
			Cause: "PrivX did not answer, from the request to the end of the answer, in that time; of a list, not even ten rows.",
			Do:    "Check the network. Raise the limit if PrivX is slow.",
		},
		{
			Text:  "`PrivX answered 504 to …`",
			Cause: "A gateway in front of PrivX has a limit of its own, which PrivX has exceeded.",
			Do:    "Raise the gateway's limit, or give a smaller `--page-size`.",
		},
	}, "pkg/privx.TestAStallEndsWithinTheTimeout"},
	{Unavailable, "PrivX does not work at the moment.", []Case{
		{
			Text:  "`PrivX answered 503 to …` (or another 5xx, or 408)",
			Cause: "PrivX or its load balancer is down or restarting.",
			Do:    "Try again later.",
		},
	}, "pkg/connector.TestErrorIDs"},
	{Throttled, "PrivX gets too many requests.", []Case{
		{
			Text:  "`PrivX answered 429 to …`",
			Cause: "PrivX, or what stands in front of it, limits how many requests may come in a time.",
			Do:    "Nothing, if it passes: the connector waits as long as it is told to. Use fewer `--workers` if it stays, or raise the limit.",
		},
	}, "pkg/connector.TestErrorIDs"},
	{GivenUp, "PrivX has failed for ten minutes.", []Case{
		{
			Text:  "`there was no good answer for 10m0s; given up`",
			Cause: "All requests to an endpoint have failed for so long. What the last answer was is in front of that.",
			Do:    "Try again when PrivX works.",
		},
	}, "pkg/connector.TestErrorIDs"},
	{NotPrivX, "Something else than PrivX has answered.", []Case{
		{
			Text:  "`PrivX answered 200 to …: not JSON but \"text/html; …\"; check that base-url is the address of PrivX itself, …`",
			Cause: "A login page or a proxy has answered, or `base-url` has a wrong path.",
			Do:    "Give PrivX's own address.",
		},
		{
			Text:  "`PrivX answered 302 to …: a redirect, which is never followed with credentials`",
			Cause: "The same, or the host name is wrong.",
			Do:    "Give the address that it redirects to, if that is PrivX.",
		},
		{
			Text:  "`not an answer of PrivX's API`, `not PrivX's answer to a write`, `not a JSON object`, `no usable access_token in it`",
			Cause: "The same. The answer does not look like one of PrivX.",
			Do:    "Check `base-url`, and the proxy in between.",
		},
	}, "pkg/connector.TestErrorIDs"},
}}
