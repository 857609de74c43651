package errorid

var answers = Group{"Answers of PrivX", []Entry{
	{AnswerTooLong, "An answer is longer than the connector reads.", []Case{
		{"`no whole answer from PrivX to …: it is longer than 64 MiB`", "PrivX sends so much for ten rows, or for a list that comes in one piece.", "Report it."},
		{"`no whole answer from PrivX to …: it is longer than 1 MiB`", "The answer to a login, a grant or a revoke is so long, or one that tells of an error. It hardly comes from PrivX.", "Check `base-url`, and the proxy in between."},
	}, "pkg/privx.TestOversizedAnswers"},
	{AnswerUnusable, "PrivX's answer is not what it was asked for.", []Case{
		{"`not the JSON that was asked for: unexpected end of JSON input`", "The answer was cut off on the way.", "Try again. If it stays, look at what is in between."},
		{"`not the JSON that was asked for: field \"…\" cannot be read`, `a list without items`, `a row without an id`, `a user without an id`", "PrivX answers in a form that the connector does not know.", "Report it, with PrivX's version."},
		{"`another user than the one asked for`, `another role than the one asked for`, `other users than the one searched for`", "PrivX or a cache in between gives the answer to another request.", "Take the cache out. Report it if there is none."},
	}, "pkg/connector.TestErrorIDs"},
	{RequestRefused, "PrivX does not accept a request.", []Case{
		{"`PrivX answered 400 to …` (or another 4xx, or 501)", "PrivX finds something wrong with the request. What it says about that is in the text.", "Look at what PrivX says. Report it, with PrivX's version, if it is not clear."},
	}, "pkg/connector.TestErrorIDs"},
	{NotFound, "PrivX does not know what was asked for.", []Case{
		{"`PrivX answered 404 to GET /role-store/api/v1/users/{id}/roles: …`", "A role was to be granted to a user who is gone.", "Sync again."},
		{"`PrivX answered 404 to GET /role-store/api/v1/roles/{id}: …`", "A role was to be granted that is gone.", "Sync again."},
		{"`PrivX answered 404 to …`, another call", "PrivX does not have what each PrivX must have.", "Check `base-url` and PrivX's version, and report it."},
	}, "pkg/connector.TestErrorIDs"},
	{NotSent, "A request was not sent, because it would be malformed.", []Case{
		{"`… was not sent: empty or malformed id`", "The id of a user or a role that baton-sdk has passed on, or that PrivX lists, is none.", "Look at the id that was given on the command line or in ConductorOne. Report it if PrivX lists such an id."},
		{"`the request for a page of a list was not sent: malformed page token`", "The page token that baton-sdk has kept comes from another version of the connector, or it was changed.", "Sync again, into a new file."},
	}, "pkg/connector.TestErrorIDs"},
}}

var syncing = Group{"During a sync", []Entry{
	{PageRepeated, "PrivX gives the same page twice.", []Case{
		{"`pagination did not advance: the same page came twice`", "PrivX or a cache in between repeats a page.", "Take the cache out."},
	}, "pkg/connector.TestErrorIDs"},
	{RowsMissing, "PrivX counts rows that it does not show.", []Case{
		{"`a list that counts … rows and shows none`, `a part of the user's roles only`", "PrivX contradicts itself, and rows would be missing.", "Try again. Report it if it stays."},
	}, "pkg/connector.TestErrorIDs"},
	{ListEmpty, "PrivX shows a list empty that cannot be empty.", []Case{
		{"`an empty list, which cannot be`", "PrivX shows no user or no role at all, over some seconds.", "Look whether PrivX itself is well, and whether it shows users and roles to the API client. Try again."},
		{"`an empty list of a role that has members`", "The same of `privx-user`, which everybody holds.", "Look whether PrivX itself is well, and try again."},
	}, "pkg/connector.TestErrorIDs"},
	{ListUnsettled, "A list changes while it is read, so that rows may be missing.", []Case{
		{"`an empty answer, where PrivX counts … rows and has shown …`, `an empty list, where PrivX counts … rows and has shown …`", "PrivX has stopped in the middle of a list.", "Try again, and look at PrivX's nodes."},
		{"`where PrivX counts … rows and has shown …, in both orders`", "Rows are missing in two readings of the list. It changes too fast, or PrivX sorts rows of the same time differently each time.", "Try again at a quieter time. Report it if it stays."},
		{"`the list keeps changing`, `the list does not end`", "The same, or the list has more than four million rows.", "Try again at a quieter time. Report it if it stays."},
	}, "pkg/privx.TestListsWithJumpingCountsEnd"},
	{ListsAtOnce, "More long lists are read at once than the connector can remember.", []Case{
		{"`the list has started over too often, …`", "Too many long lists are read at the same time.", "Use fewer `--workers`."},
	}, "pkg/privx.TestUnkind_ListThatAnotherProcessHasBegun"},
	{UsersMissing, "The list of users lacks a user whom PrivX knows.", []Case{
		{"`the list that PrivX gave is not complete: it lacks user …`", "A member of a role was there before the sync, and is not in the list of users.", "Try again. Report it if it stays."},
	}, "pkg/connector.TestMembersThatWereNotListed"},
	{ExistsAndNotFound, "PrivX denies the members of a role that exists.", []Case{
		{"`listing the members of role …, which exists: PrivX answered 404 …`", "PrivX knows the role and not its members.", "Try again. Report it if it stays."},
		{"`…, which is built in and cannot have been deleted: PrivX answered 404 …`", "PrivX denies one of its own roles.", "Check `base-url` and what is in between."},
	}, "pkg/connector.TestErrorIDs"},
}}
