package errorid

var answers = Group{"Answers of PrivX", []Entry{
	{AnswerTooLong, "An answer is longer than the connector reads.", []Case{
		{
			Text:  "`no whole answer from PrivX to …: it is longer than 64 MiB`",
			Cause: "PrivX sends so much for ten rows, or for a list that comes in one piece.",
			Do:    "Report it.",
		},
		{
			Text:  "`no whole answer from PrivX to …: it is longer than 1 MiB`",
			Cause: "The answer to a login, a grant or a revoke is so long, or one that tells of an error. It hardly comes from PrivX.",
			Do:    "Check `base-url`, and the proxy in between.",
		},
	}, "pkg/privx.TestOversizedAnswers"},
	{AnswerUnusable, "PrivX's answer is not what it was asked for.", []Case{
		{
			Text:  "`not the JSON that was asked for: unexpected end of JSON input`",
			Cause: "The answer was cut off on the way.",
			Do:    "Try again. If it stays, look at what is in between.",
		},
		{
			Text:  "`not the JSON that was asked for: field \"…\" cannot be read`, `a list without items`, `a row without an id`, `a user without an id`",
			Cause: "PrivX answers in a form that the connector does not know.",
			Do:    "Report it, with PrivX's version.",
		},
		{
			Text:  "`another user than the one asked for`, `another role than the one asked for`, `other users than the one searched for`",
			Cause: "PrivX or a cache in between gives the answer to another request.",
			Do:    "Take the cache out. Report it if there is none.",
		},
	}, "pkg/connector.TestErrorIDs"},
	{RequestRefused, "PrivX does not accept a request.", []Case{
		{
			Text:  "`PrivX answered 400 to …` (or another 4xx, or 501)",
			Cause: "PrivX finds something wrong with the request. What it says about that is in the text.",
			Do:    "Look at what PrivX says. Report it, with PrivX's version, if it is not clear.",
		},
	}, "pkg/connector.TestErrorIDs"},
	{NotFound, "PrivX does not know what was asked for.", []Case{
		{
			Text:  "`PrivX answered 404 to GET /role-store/api/v1/users/{id}/roles: …`",
			Cause: "A role was to be granted to a user who is gone.",
			Do:    "Sync again.",
		},
		{
			Text:  "`PrivX answered 404 to GET /role-store/api/v1/roles/{id}: …`",
			Cause: "A role was to be granted that is gone.",
			Do:    "Sync again.",
		},
		{
			Text:  "`PrivX answered 404 to …`, another call",
			Cause: "PrivX does not have what each PrivX must have.",
			Do:    "Check `base-url` and PrivX's version, and report it.",
		},
	}, "pkg/connector.TestErrorIDs"},
	{NotSent, "A request was not sent, because it would be malformed.", []Case{
		{
			Text:  "`… was not sent: empty or malformed id`",
			Cause: "The id of a user or a role that baton-sdk has passed on, or that PrivX lists, is none.",
			Do:    "Look at the id that was given on the command line or in ConductorOne. Report it if PrivX lists such an id.",
		},
		{
			Text:  "`the request for a page of a list was not sent: malformed page token`",
			Cause: "The page token that baton-sdk has kept comes from another version of the connector, or it was changed.",
			Do:    "Sync again, into a new file.",
		},
	}, "pkg/connector.TestErrorIDs"},
}}
