package errorid

var syncing = Group{"During a sync", []Entry{
	{PageRepeated, "PrivX gives the same page twice.", []Case{
		{
			Text:  "`pagination did not advance: the same page came twice`",
			Cause: "PrivX or a cache in between repeats a page.",
			Do:    "Take the cache out.",
		},
	}, "pkg/connector.TestErrorIDs"},
	{RowsMissing, "PrivX counts rows that it does not show.", []Case{
		{
			Text:  "`a list that counts … rows and shows none`, `a part of the user's roles only`",
			Cause: "PrivX contradicts itself, and rows would be missing.",
			Do:    "Try again. Report it if it stays.",
		},
	}, "pkg/connector.TestErrorIDs"},
	{ListEmpty, "PrivX shows a list empty that cannot be empty.", []Case{
		{
			Text:  "`an empty list, which cannot be`",
			Cause: "PrivX shows no user or no role at all, over some seconds.",
			Do:    "Look whether PrivX itself is well, and whether it shows users and roles to the API client. Try again.",
		},
		{
			Text:  "`an empty list of a role that has members`",
			Cause: "The same of `privx-user`, which everybody holds.",
			Do:    "Look whether PrivX itself is well, and try again.",
		},
		{
			Text:  "`an empty list of hosts, of which PrivX counted some a moment ago`",
			Cause: "PrivX counts hosts and shows none over some seconds. The API client may have lost the permission `hosts-view` or its access groups meanwhile.",
			Do:    "Look at the API client's roles, and sync again.",
		},
	}, "pkg/connector.TestErrorIDs"},
	{ListUnsettled, "A list changes while it is read, so that rows may be missing.", []Case{
		{
			Text:  "`an empty answer, where PrivX counts … rows and has shown …`, `an empty list, where PrivX counts … rows and has shown …`",
			Cause: "PrivX has stopped in the middle of a list.",
			Do:    "Try again, and look at PrivX's nodes.",
		},
		{
			Text:  "`where PrivX counts … rows and has shown …, in both orders`",
			Cause: "Rows are missing in two readings of the list. It changes too fast, or PrivX sorts rows of the same time differently each time.",
			Do:    "Try again at a quieter time. Report it if it stays.",
		},
		{
			Text:  "`the list keeps changing`, `the list does not end`",
			Cause: "The same, or the list has more than four million rows.",
			Do:    "Try again at a quieter time. Report it if it stays.",
		},
	}, "pkg/privx.TestListsWithJumpingCountsEnd"},
	{ListsAtOnce, "More long lists are read at once than the connector can remember.", []Case{
		{
			Text:  "`the list has started over too often, …`",
			Cause: "Too many long lists are read at the same time.",
			Do:    "Use fewer `--workers`.",
		},
	}, "pkg/privx.TestUnkind_ListThatAnotherProcessHasBegun"},
	{UsersMissing, "The list of users lacks a user whom PrivX knows.", []Case{
		{
			Text:  "`the list that PrivX gave is not complete: it lacks user …`",
			Cause: "A member of a role, or the owner of a personal secret, was there before the sync, and is not in the list of users.",
			Do:    "Try again. Report it if it stays.",
		},
	}, "pkg/connector.TestMembersThatWereNotListed"},
	{ExistsAndNotFound, "PrivX denies the members of a role that exists.", []Case{
		{
			Text:  "`listing the members of role …, which exists: PrivX answered 404 …`",
			Cause: "PrivX knows the role and not its members.",
			Do:    "Try again. Report it if it stays.",
		},
		{
			Text:  "`…, which is built in and cannot have been deleted: PrivX answered 404 …`",
			Cause: "PrivX denies one of its own roles.",
			Do:    "Check `base-url` and what is in between.",
		},
	}, "pkg/connector.TestErrorIDs"},
}}
