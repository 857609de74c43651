package errorid

var runs = Group{"One-shot runs", []Entry{
	{NotStarted, "A one-shot run could not be started.", []Case{
		{
			Text:  "`baton-privx: starting: …`",
			Cause: "The system does not let the connector start itself once more, which each one-shot run does.",
			Do:    "Look at the cause in the text: the number of processes or of open files may be limited.",
		},
	}, "cmd/baton-privx.TestRunThatCannotBeStarted"},
	{TaskNotDone, "A one-shot run has not done its task.", []Case{
		{
			Text:  "`looking for what the run has done: no call of … has succeeded; the log above may say why`",
			Cause: "The run was for a grant, a revoke or the like, and ended without it.",
			Do:    "Look at the log above, and run it again.",
		},
		{
			Text:  "`running an action: the action has failed: …`",
			Cause: "The action itself says that it has failed.",
			Do:    "Look at what it says.",
		},
	}, "cmd/baton-privx.TestCalled"},
	{NothingSaved, "A one-shot run has left no finished sync.", []Case{
		{
			Text:  "`looking for what the run has saved: … holds no sync that this run has finished; the log above may say why`",
			Cause: "The sync has failed or was interrupted, or the file could not be written.",
			Do:    "Look at the log above, and sync again.",
		},
		{
			Text:  "`looking for what the run has saved: reading …`, `looking for what the run has saved: opening …`",
			Cause: "The file cannot be read, or there is no room in the folder for temporary files.",
			Do:    "Look at the cause in the text, and sync again, into a new file.",
		},
	}, "cmd/baton-privx.TestSavedNeedsAFileThatCanBeRead"},
}}

var doctor = Group{"The doctor", []Entry{
	{DoctorMisused, "The doctor was called wrongly.", []Case{
		{
			Text:  "`--output: \"…\" is not known`, `--only: there is no check \"…\"`, `--only: none of these checks belongs to --write-probe`, `unknown flag`",
			Cause: "There is no such form, check or flag.",
			Do:    "See `baton-privx doctor --help` and [the checks](doctor.md).",
		},
		{
			Text:  "`--write-probe needs --user and --role`, `--user, --role and --clear need --write-probe`",
			Cause: "Flags that belong together were given one without the other.",
			Do:    "Give all of them, or none. See [the doctor](doctor.md).",
		},
		{
			Text:  "`--report: open …`",
			Cause: "The file for the report cannot be written.",
			Do:    "Give a file in a folder that you may write to.",
		},
	}, "cmd/baton-privx.TestDoctorExitCodes"},
	{DoctorUnwritten, "What the doctor found could not be written.", []Case{
		{
			Text:  "`what was found could not be written: …`",
			Cause: "The disk is full, or nobody reads the output any more.",
			Do:    "Make room, and run it again.",
		},
	}, "cmd/baton-privx.TestDoctorCannotWrite"},
}}

var anywhere = Group{"Anywhere", []Entry{
	{Cancelled, "A call was cancelled.", []Case{
		{
			Text:  "`context canceled`",
			Cause: "Another call has failed, and baton-sdk has stopped this one; or the connector was told to end.",
			Do:    "Look for another error in the log. There is nothing to do about this one.",
		},
	}, "pkg/connector.TestCancelledCall"},
	{OutOfTime, "There was no time left.", []Case{
		{
			Text:  "`context deadline exceeded`",
			Cause: "A grant or a revoke has 30 seconds. They were over, because PrivX is slow or because other changes of the same user's roles came first.",
			Do:    "Try again. Look at PrivX if it stays.",
		},
	}, "pkg/connector.TestErrorIDs"},
	{Unexpected, "Something happened that the connector does not expect.", []Case{
		{
			Cause: "No other entry fits. It is probably a mistake in the connector.",
			Do:    "Please [report it](https://github.com/conductorone/baton-privx/issues), with the whole text.",
		},
	}, "internal/errorid.TestOf"},
}}
