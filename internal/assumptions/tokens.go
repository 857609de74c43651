package assumptions

var tokens = Topic{Name: "Tokens", Assumptions: []Assumption{
	{
		ID:       "PXQ-038",
		Question: "With which status and code does PrivX refuse credentials?",
		Default: Side{
			PrivX:     "With 400: invalid_client for the OAuth client, and invalid_grant for the API client.",
			Connector: "It says which settings to check, and does not try them again for a minute.",
			Test:      "pkg/privx.TestRefusedCredentialsAreTriedOnce",
		},
		Others: []Side{
			{
				PrivX:     "With 401 and invalid_client.",
				Option:    "Options.BadCredentialsStatus",
				Connector: "The same.",
				Test:      "pkg/privx.TestRefusedCredentialsAreTriedOnce",
			},
			{
				PrivX:     "With 403.",
				Option:    "Fault.Status",
				Connector: "The same.",
				Test:      "pkg/privx.TestForbiddenTokenIsARefusal",
			},
		},
		Ask: CannotBe,
		How: "Wrong credentials count as a failed login, of which PrivX takes few before it refuses the right ones, too.",
	},
	{
		ID:       "PXQ-039",
		Question: "Does PrivX give the OAuth client a token on its own?",
		Default: Side{
			PrivX:     "It refuses that with unauthorized_client.",
			Connector: "The error says that api-client-id and api-client-secret are needed as well.",
			Test:      "pkg/privx.TestRefusedCredentialsAreTriedOnce",
		},
		Others: []Side{{
			PrivX:     "It does, and the OAuth client acts as an API client.",
			Option:    "Options.OAuthClientCredentials",
			Connector: "Everything works.",
			Test:      "pkg/privx.TestToken_EachWayWorks",
		}},
		Ask: CannotBe,
		How: "Where that is refused it may count as a failed login; with credentials of this kind, the connector's first request shows it.",
	},
	{
		ID:       "PXQ-040",
		Question: "Does PrivX give an API client a token without the OAuth client's secret?",
		Default: Side{
			PrivX:     "It refuses that: privx-external.client_type is not public.",
			Connector: "The error says that the OAuth client's settings are needed as well, or that setting in PrivX.",
			Test:      "pkg/privx.TestRefusedCredentialsAreTriedOnce",
		},
		Others: []Side{
			{
				PrivX:     "It does, at an endpoint of its own.",
				Option:    "Options.PublicClient",
				Connector: "Everything works.",
				Test:      "pkg/privx.TestToken_EachWayWorks",
			},
			{
				PrivX:     "It is of a version that has no such endpoint.",
				Option:    "Fault.Status",
				Connector: "The error says that this PrivX does not offer this way to authenticate.",
				Test:      "pkg/privx.TestNoSuchTokenEndpoint",
			},
		},
		Ask: CannotBe,
		How: "Where that is refused it may count as a failed login; with credentials of this kind, the connector's first request shows it.",
	},
	{
		ID:       "PXQ-041",
		Question: "Does the endpoint for an API client alone take JSON or a form?",
		Default: Side{
			PrivX:     "JSON, as its documentation shows, and no form.",
			Connector: "It sends JSON.",
			Test:      "pkg/privx.TestToken_RequestBytes",
		},
		Others: []Side{{
			PrivX:     "It takes no JSON, and refuses it with 400.",
			Option:    "Fault.Status",
			Connector: "It takes that for refused credentials, and says what else there is.",
			Test:      "pkg/privx.TestTokenRequestThatIsRefused",
		}},
		Ask: CannotBe,
		How: "A request in the wrong form may count as a failed login.",
	},
	{
		ID:       "PXQ-042",
		Question: "When does a change of the API client's roles, or its removal, take effect?",
		Default: Side{
			PrivX:     "With its next token, on all nodes at once.",
			Connector: "It goes on with the token that it has; the error of a missing permission says that a change takes minutes.",
			Test:      "pkg/privx.TestPermissionComesWithTheNextToken",
		},
		Others: []Side{{
			PrivX:     "At once: the token is refused.",
			Option:    "Simulator.RevokeTokens",
			Connector: "It gets a new token, and sends the request again.",
			Test:      "pkg/privx.TestReplayAfter401",
		}},
		Ask: CannotBe,
		How: "The connector must not change the roles of its own API client.",
	},
	{
		ID:       "PXQ-043",
		Question: "Does an API client get a refresh token?",
		Default: Side{
			PrivX:     "It does.",
			Connector: "It passes over it, and logs in anew when a token ends.",
			Test:      "pkg/privx.TestTokensAreReplacedInTime",
		},
		OneSide: "The connector reads access_token and expires_in alone, so that it makes no difference to it.",
		Ask:     ByReading,
		How:     "Look at the names of the fields of the answer to the login.",
	},
	{
		ID:       "PXQ-044",
		Question: "Does the answer to a login say how many seconds the token holds?",
		Default: Side{
			PrivX:     "It does, in expires_in, and keeps to it.",
			Connector: "It replaces the token before that.",
			Test:      "pkg/privx.TestOneTokenForASync",
		},
		Others: []Side{
			{
				PrivX:     "It says nothing, or nothing sensible.",
				Option:    "Options.ExpiresIn",
				Connector: "It replaces the token after a minute.",
				Test:      "pkg/privx.TestTokensAreReplacedInTime",
			},
			{
				PrivX:     "It ends the token earlier.",
				Option:    "Simulator.RevokeTokens",
				Connector: "It gets a new one when it is refused, and sends the request again.",
				Test:      "pkg/privx.TestReplayAfter401",
			},
		},
		Ask: ByReading,
		How: "Look at expires_in, and use one token until shortly before and after that time.",
	},
	{
		ID:       "PXQ-045",
		Question: "Does PrivX take a token at once that it has just issued?",
		Default: Side{
			PrivX:     "It does.",
			Connector: "It uses it at once.",
			Test:      "pkg/privx.TestReplayAfter401",
		},
		Others: []Side{{
			PrivX:     "Not before some time has passed, as where a clock is behind.",
			Option:    "Options.TokenDelay",
			Connector: "It sends the request again for some seconds before it gets another token.",
			Test:      "pkg/connector.TestMannersThatCostNothing",
		}},
		Ask: ByReading,
		How: "Log in, and read the list of roles at once.",
	},
	{
		ID:       "PXQ-046",
		Question: "How does PrivX refuse a login because there were too many failed ones?",
		Default: Side{
			PrivX:     "It refuses none for that.",
			Connector: "It tries refused credentials once a minute at most, so as not to meet such a limit.",
			Test:      "pkg/privx.TestRefusedCredentialsAreTriedOnce",
		},
		Others: []Side{
			{
				PrivX:     "As it refuses credentials: with 400, 401 or 403.",
				Option:    "Fault.Status",
				Connector: "It takes that for refused credentials, and tries them again after a minute.",
				Test:      "pkg/privx.TestRefusalIsForgotten",
			},
			{
				PrivX:     "With 429.",
				Option:    "Fault.Status",
				Connector: "It tries again a few times, as with any 429, and then says that PrivX is not available.",
				Test:      "pkg/privx.TestLoginsThatAreLimited",
			},
		},
		Ask: CannotBe,
		How: "It would lock the connector's own API client out.",
	},
	{
		ID:       "PXQ-047",
		Question: "Can an API client log out?",
		Default: Side{
			PrivX:     "It can, and its session ends.",
			Connector: "It logs out at the end of each sync.",
			Test:      "pkg/privx.TestLogout_EndsTheSession",
		},
		Others: []Side{{
			PrivX:     "It is refused.",
			Option:    "Fault.Status",
			Connector: "It forgets the token all the same, and leaves the session to end by itself.",
			Test:      "pkg/privx.TestLogout_FailureIsAnErrorAndDropsTheToken",
		}},
		Ask: ByReading,
		How: "Log in once more, log out with that token, and use it: this ends no other session.",
	},
}}
