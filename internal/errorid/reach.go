package errorid

var reach = Group{"What roles reach", []Entry{
	{SettingUnfit, "A setting does not go with the others.", []Case{
		{
			Text:  "`sync-personal-secrets: needs sync-secrets`",
			Cause: "Personal secrets are synced with the shared ones, and those were not asked for.",
			Do:    "Add `--sync-secrets`, or leave `--sync-personal-secrets` out.",
		},
		{
			Text:  "`sync-resources: the resource type host needs sync-hosts`, and the same of the other kinds",
			Cause: "A single host was asked for, and hosts are not synced.",
			Do:    "Add the setting that the error names.",
		},
		{
			Text:  "`sync-resources: there is no resource type …`",
			Cause: "What is between `bid:r:` and the slash is none of the connector's resource types.",
			Do:    "Take one of the [data model](data-model.md).",
		},
	}, "pkg/config.TestReach"},
	{NotInThisPrivX, "This PrivX does not have what was asked for.", []Case{
		{
			Text:  "`this PrivX has no API targets (they come with version 42): leave sync-api-targets out`, and the same of hosts, secrets, network targets and AWS roles",
			Cause: "PrivX is older, or runs without that service. PrivX answers 404 or 405, or with a page of its user interface.",
			Do:    "Leave the setting out that the error names. If other calls fail in the same way, check `base-url`.",
		},
	}, "pkg/connector.TestPrivXWithoutAPITargets"},
	{TargetTooLarge, "A host has more accounts and roles than fit into one row.", []Case{
		{
			Text:  "`with the roles that hold them it is larger than baton-sdk takes`",
			Cause: "The accounts of one host, with the roles that reach them, take more than 3 MiB.",
			Do:    "Divide the host's accounts in PrivX, or leave the setting out that the error names.",
		},
	}, "pkg/connector.TestATargetThatIsTooLarge"},
	{TooManyRows, "The members of roles would take too many rows on what the roles reach.", []Case{
		{
			Text:  "`that takes up to … rows, which is more than the limit of …`",
			Cause: "Each person gets a row for each account that a role of his reaches.",
			Do:    "Set `expand-reach` to `off`, leave a kind of target out, or raise `expand-reach-limit` and the memory.",
		},
	}, "pkg/connector.TestExpansionLimit"},
	{RowWithoutRoles, "A row of a target does not say which roles reach it.", []Case{
		{
			Text:  "`the row does not say who reaches it`, `what the row says of its roles cannot be read`",
			Cause: "The row comes from another version of the connector.",
			Do:    "Sync again from the beginning.",
		},
	}, "pkg/connector.TestRowsThatAreNotOurs"},
}}
