package assumptions

var failures = Topic{Name: "Errors", Assumptions: []Assumption{
	{
		ID:       "PXQ-051",
		Question: "Which error codes does PrivX use?",
		Default: Side{
			PrivX:     "GENERAL_ERROR and OBJECT_NOT_FOUND, and others that are made after the words of its documentation.",
			Connector: "It goes by the status, and repeats the code.",
			Test:      "pkg/connector.TestFailedGrantAndRevoke",
		},
		Others: []Side{
			{
				PrivX:     "Others.",
				Option:    "Fault.Body",
				Connector: "The same.",
				Test:      "pkg/privx.TestNotFoundUnderAnotherCode",
			},
			{
				PrivX:     "It says by a code such as MAX_LOAD, with 400, that it should be tried later.",
				Option:    "Fault.Body",
				Connector: "It takes that for a refused request, and the error repeats the code.",
				Test:      "pkg/privx.TestOverloadThatIsSaidWith400",
			},
		},
		Ask: ByReading,
		How: "Provoke a 400, a 401 and a 404 by reading, and note the codes.",
	},
	{
		ID:       "PXQ-052",
		Question: "Which form has an error?",
		Default: Side{
			PrivX:     "A JSON object with error_code, and with error and error_description from the token endpoints.",
			Connector: "It repeats what such an object says.",
			Test:      "pkg/privx.TestError_Fields",
		},
		Others: []Side{
			{
				PrivX:     "It has no body.",
				Option:    "FaultNoBody",
				Connector: "It goes by the status; a 404 alone is not believed.",
				Test:      "pkg/privx.TestErrorsWithoutABody",
			},
			{
				PrivX:     "Its details are null, or have null in them.",
				Option:    "Fault.Body",
				Connector: "It repeats the rest.",
				Test:      "pkg/privx.TestErrorDetailsThatAreNull",
			},
			{
				PrivX:     "It is a page.",
				Option:    "FaultHTML",
				Connector: "It takes it for the words of something that stands before PrivX, with a hint at base-url.",
				Test:      "pkg/privx.TestError_NotFoundInOthersWords",
			},
		},
		Ask: ByReading,
		How: "Provoke a 400, a 401 and a 404 by reading, and note the names of the fields.",
	},
	{
		ID:       "PXQ-053",
		Question: "What does PrivX answer to an id that is not a UUID?",
		Default: Side{
			PrivX:     "400.",
			Connector: "A grant and a revoke fail with InvalidArgument.",
			Test:      "pkg/connector.TestFailedGrantAndRevoke",
		},
		Others: []Side{{
			PrivX:     "404.",
			Option:    "Fault.Status",
			Connector: "A grant fails with NotFound, and a revoke finds that there is no such user.",
			Test:      "pkg/privx.TestMalformedIDThatIsNotFound",
		}},
		Ask: ByReading,
		How: "Read a user of the id none.",
	},
	{
		ID:       "PXQ-054",
		Question: "What does an endpoint answer that lacks a method?",
		Default: Side{
			PrivX:     "405, with an error in JSON.",
			Connector: "It fails at once, and does not try again.",
			Test:      "pkg/privx.TestPermanentStatusIsNotRetried",
		},
		Others: []Side{{
			PrivX:     "A page.",
			Option:    "FaultHTML",
			Connector: "It fails at once, with a hint at base-url.",
			Test:      "pkg/privx.TestFaultsOfAnAnswersContent",
		}},
		Ask: ByReading,
		How: "Send OPTIONS to the list of roles, which no endpoint is known to have.",
	},
	{
		ID:       "PXQ-055",
		Question: "What is answered outside of the path below which PrivX is served?",
		Default: Side{
			PrivX:     "Something else says 404, with a page.",
			Connector: "It does not take that for an object that is not there; the error hints at base-url.",
			Test:      "pkg/privx.TestError_WrongPathPrefix",
		},
		Others: []Side{
			{
				PrivX:     "A login page, with 200.",
				Option:    "FaultHTML",
				Connector: "The same.",
				Test:      "pkg/privx.TestFaultsOfAnAnswersContent",
			},
			{
				PrivX:     "A redirect.",
				Option:    "FaultRedirect",
				Connector: "It follows none, and fails.",
				Test:      "pkg/privx.TestRedirectsAreRefused",
			},
		},
		Ask: CannotBe,
		How: "What is not PrivX's cannot be asked about PrivX, and is none of the connector's business.",
	},
	{
		ID:       "PXQ-056",
		Question: "What does PrivX show on a path that is not one of its API?",
		Default: Side{
			PrivX:     "The page of its web interface, with 200.",
			Connector: "It takes no page for an answer; the error hints at base-url.",
			Test:      "pkg/privx.TestPathThatIsNotTheAPIs",
		},
		Others: []Side{{
			PrivX:     "404.",
			Option:    "Fault.Body",
			Connector: "The same.",
			Test:      "pkg/privx.TestError_NotFoundInOthersWords",
		}},
		Ask: ByReading,
		How: "Read a path below base-url that there is not.",
	},
	{
		ID:       "PXQ-057",
		Question: "Does PrivX limit how often its API is called?",
		Default: Side{
			PrivX:     "It does not.",
			Connector: "It makes up to 32 calls at a time.",
			Test:      "pkg/privx.TestConnections",
		},
		Others: []Side{
			{
				PrivX:     "It does with 429, and says when to come again.",
				Option:    "Fault.Header",
				Connector: "It waits for as long, a minute at most.",
				Test:      "pkg/privx.TestRetryAfterIsObeyed",
			},
			{
				PrivX:     "It does with 429, and does not say.",
				Option:    "Fault.Status",
				Connector: "It tries five times, and then says that PrivX is not available.",
				Test:      "pkg/privx.TestRetriesAreBounded",
			},
		},
		Ask: CannotBe,
		How: "It would take as many calls as might hurt a PrivX that others work with.",
	},
	{
		ID:       "PXQ-058",
		Question: "Does PrivX call its JSON application/json?",
		Default: Side{
			PrivX:     "It does.",
			Connector: "It reads it.",
			Test:      "pkg/privx.TestContentTypes",
		},
		Others: []Side{{
			PrivX:     "It calls it something else, or nothing.",
			Option:    "FaultHeader",
			Connector: "It reads whatever is a JSON object and not called HTML.",
			Test:      "pkg/connector.TestMannersThatCostNothing",
		}},
		Ask: ByReading,
		How: "Look at the Content-Type of each answer.",
	},
	{
		ID:       "PXQ-059",
		Question: "Does every answer tell PrivX's time in a Date header?",
		Default: Side{
			PrivX:     "It does.",
			Connector: "It goes by that clock where a grant has times.",
			Test:      "pkg/privx.TestInForce",
		},
		Others: []Side{
			{
				PrivX:     "It does not.",
				Option:    "Fault.Header",
				Connector: "It goes by its own clock.",
				Test:      "pkg/privx.TestInForce_WithoutADate",
			},
			{
				PrivX:     "It does not, and grants shall have an end.",
				Option:    "Fault.Header",
				Connector: "It makes no grant.",
				Test:      "pkg/privx.TestGrantLength_WithoutADate",
			},
		},
		Ask: ByReading,
		How: "Look at the Date of each answer.",
	},
	{
		ID:       "PXQ-072",
		Question: "What does the role store answer where PrivX's licence is missing or has ended?",
		Default: Side{
			PrivX:     "What it answers otherwise.",
			Connector: "It works as always.",
			Test:      "pkg/connector.TestSyncIsCompleteWhateverTheServersManners",
		},
		Others: []Side{{
			PrivX:     "It refuses, with a status of its own.",
			Option:    "Fault.Status",
			Connector: "It fails at once, and does not try again.",
			Test:      "pkg/privx.TestPermanentStatusIsNotRetried",
		}},
		Ask: CannotBe,
		How: "It would take a PrivX without a licence.",
	},
}}
