package errorid

var provisioning = Group{"Granting and revoking", []Entry{
	{NotAUser, "Only users can hold roles.", []Case{
		{
			Text:  "`only a user can be a member of a role, …`",
			Cause: "The principal is not a user.",
			Do:    "Request it for a user.",
		},
	}, "pkg/connector.TestErrorIDs"},
	{OwnClient, "The connector does not change the roles of its own API client.", []Case{
		{
			Text:  "`this is the API client that the connector itself runs as, …`",
			Cause: "The principal is the API client that the connector logs in as.",
			Do:    "Change its roles in PrivX.",
		},
	}, "pkg/connector.TestErrorIDs"},
	{OwnClientUnknown, "The connector does not know its own API client, whose roles it must not change.", []Case{
		{
			Text:  "`PrivX does not say as which API client the connector runs, whose roles it must not change: …`",
			Cause: "Only the OAuth client's pair was given, and PrivX does not tell; or its answer cannot be used.",
			Do:    "Add the API client's pair. If it is there, look at the cause behind the text.",
		},
	}, "pkg/connector.TestErrorIDs"},
	{MappedOnly, "A revoke cannot end what a role's mapping rules give.", []Case{
		{
			Text:  "`the user holds the role through its mapping rules alone (…)`",
			Cause: "The membership comes from the role's mapping rules.",
			Do:    "Change the rule, or the user in the directory.",
		},
	}, "pkg/connector.TestRevokeOfAMappedMembership"},
	{Everybodys, "A role that everybody holds cannot be revoked.", []Case{
		{
			Text:  "`built in: every user is a member`",
			Cause: "The role is `privx-user`.",
			Do:    "Leave it: it cannot be revoked, and goes with the user.",
		},
	}, "pkg/connector.TestPrivxUserIsNeverRevoked"},
	{ReadOnly, "PrivX is read-only during an upgrade.", []Case{
		{
			Text:  "`PrivX is being upgraded and is read-only; …`",
			Cause: "A zero-downtime upgrade is under way.",
			Do:    "Try again when it is over.",
		},
	}, "pkg/connector.TestErrorIDs"},
	{ChangeDoesNotStay, "A change does not stay.", []Case{
		{
			Text:  "`the change was not there when it was read again, 2 times over`",
			Cause: "Something else writes the same user's roles, or PrivX does not take the change.",
			Do:    "Look at the user in PrivX, and stop the other writer.",
		},
	}, "pkg/connector.TestErrorIDs"},
	{ChangeUnverified, "A change was sent, and it is not known whether it was made.", []Case{
		{
			Text:  "`the change was sent, and could not be verified: …`, `the change may have been sent, and could not be verified: …`",
			Cause: "PrivX failed right after the write, or there was no time left.",
			Do:    "Sync, or look at the user in PrivX. A second grant or revoke does no harm.",
		},
	}, "pkg/connector.TestErrorIDs"},
	{UserFoundAndNot, "PrivX contradicts itself about a user.", []Case{
		{
			Text:  "`yet the search knows the user`",
			Cause: "A node of PrivX lags behind, and the user has just come or gone; or PrivX contradicts itself.",
			Do:    "Try again in a minute. Report it if it stays.",
		},
	}, "pkg/privx.TestAUserNotFoundIsNotYetGone"},
	{UserNotProvenGone, "It is not proven that a user is gone, so that the role was not revoked.", []Case{
		{
			Text:  "`neither the user nor anybody else is found`, `the user is not found, which a node that lags may say of a new one`",
			Cause: "A node of PrivX has just started, or there was no time left to search again.",
			Do:    "Look at PrivX's nodes, and try again.",
		},
	}, "pkg/privx.TestNoTimeToSearchAgain"},
	{ChangeNotShown, "PrivX does not show a change that was made a moment ago.", []Case{
		{
			Text:  "`a list of roles that does not show a change which was made a moment ago`",
			Cause: "A node of PrivX lags behind, or something else has undone what was just granted or revoked.",
			Do:    "Try again in a minute. Look at the user in PrivX if it stays.",
		},
	}, "pkg/privx.TestLag_NoTimeToWait"},
	{RolesNotBelieved, "PrivX shows a user's roles empty, which is not believed. Nothing was written.", []Case{
		{
			Text:  "`an empty list of roles, of a user who has some`, `… of a user whom PrivX does not find`, `… which there was no time to confirm`, `null in place of a list`",
			Cause: "A node of PrivX is not yet itself again, or PrivX contradicts itself.",
			Do:    "Look at PrivX's nodes, and try again. Report it if it stays.",
		},
	}, "pkg/privx.TestEmpty_NoTimeToConfirm"},
	{TimesUnreadable, "A grant would replace a membership whose times cannot be read.", []Case{
		{
			Text:  "`a membership whose times cannot be read, and that a grant would replace`",
			Cause: "PrivX tells the times of a `TIME_RESTRICTED` membership in another form than RFC 3339.",
			Do:    "Look at the membership in PrivX. Remove it there first if it shall be replaced.",
		},
	}, "pkg/privx.TestInForce_TimesThatCannotBeRead"},
	{NoDate, "A time-limited grant cannot be given an end.", []Case{
		{
			Text:  "`no Date header, so that a time-limited grant cannot be given an end`",
			Cause: "Something in between removes the header that tells PrivX's time.",
			Do:    "Let it through, or leave `--grant-max-hours` out.",
		},
	}, "pkg/privx.TestGrantLength_WithoutADate"},
}}
