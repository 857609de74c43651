package errorid

var provisioning = Group{"Granting and revoking", []Entry{
	{NotAUser, "Only users can hold roles.", []Case{
		{"`only a user can be a member of a role, …`", "The principal is not a user.", "Request it for a user."},
	}, "pkg/connector.TestErrorIDs"},
	{OwnClient, "The connector does not change the roles of its own API client.", []Case{
		{"`this is the API client that the connector itself runs as, …`", "The principal is the API client that the connector logs in as.", "Change its roles in PrivX."},
	}, "pkg/connector.TestErrorIDs"},
	{OwnClientUnknown, "The connector does not know its own API client, whose roles it must not change.", []Case{
		{"`PrivX does not say as which API client the connector runs, whose roles it must not change: …`", "Only the OAuth client's pair was given, and PrivX does not tell; or its answer cannot be used.", "Add the API client's pair. If it is there, look at the cause behind the text."},
	}, "pkg/connector.TestErrorIDs"},
	{MappedOnly, "A revoke cannot end what a role's mapping rules give.", []Case{
		{"`the user holds the role through its mapping rules alone (…)`", "The membership comes from the role's mapping rules.", "Change the rule, or the user in the directory."},
	}, "pkg/connector.TestRevokeOfAMappedMembership"},
	{Everybodys, "A role that everybody holds cannot be revoked.", []Case{
		{"`built in: every user is a member`", "The role is `privx-user`.", "Leave it: it cannot be revoked, and goes with the user."},
	}, "pkg/connector.TestPrivxUserIsNeverRevoked"},
	{ReadOnly, "PrivX is read-only during an upgrade.", []Case{
		{"`PrivX is being upgraded and is read-only; …`", "A zero-downtime upgrade is under way.", "Try again when it is over."},
	}, "pkg/connector.TestErrorIDs"},
	{ChangeDoesNotStay, "A change does not stay.", []Case{
		{"`the change was not there when it was read again, 2 times over`", "Something else writes the same user's roles, or PrivX does not take the change.", "Look at the user in PrivX, and stop the other writer."},
	}, "pkg/connector.TestErrorIDs"},
	{ChangeUnverified, "A change was sent, and it is not known whether it was made.", []Case{
		{"`the change was sent, and could not be verified: …`, `the change may have been sent, and could not be verified: …`", "PrivX failed right after the write, or there was no time left.", "Sync, or look at the user in PrivX. A second grant or revoke does no harm."},
	}, "pkg/connector.TestErrorIDs"},
	{UserFoundAndNot, "PrivX contradicts itself about a user.", []Case{
		{"`yet the search knows the user`", "A node of PrivX lags behind, and the user has just come or gone; or PrivX contradicts itself.", "Try again in a minute. Report it if it stays."},
	}, "pkg/privx.TestAUserNotFoundIsNotYetGone"},
	{UserNotProvenGone, "It is not proven that a user is gone, so that the role was not revoked.", []Case{
		{"`neither the user nor anybody else is found`, `the user is not found, which a node that lags may say of a new one`", "A node of PrivX has just started, or there was no time left to search again.", "Look at PrivX's nodes, and try again."},
	}, "pkg/privx.TestNoTimeToSearchAgain"},
	{ChangeNotShown, "PrivX does not show a change that was made a moment ago.", []Case{
		{"`a list of roles that does not show a change which was made a moment ago`", "A node of PrivX lags behind, or something else has undone what was just granted or revoked.", "Try again in a minute. Look at the user in PrivX if it stays."},
	}, "pkg/privx.TestLag_NoTimeToWait"},
	{RolesNotBelieved, "PrivX shows a user's roles empty, which is not believed. Nothing was written.", []Case{
		{"`an empty list of roles, of a user who has some`, `… of a user whom PrivX does not find`, `… which there was no time to confirm`, `null in place of a list`", "A node of PrivX is not yet itself again, or PrivX contradicts itself.", "Look at PrivX's nodes, and try again. Report it if it stays."},
	}, "pkg/privx.TestEmpty_NoTimeToConfirm"},
	{TimesUnreadable, "A grant would replace a membership whose times cannot be read.", []Case{
		{"`a membership whose times cannot be read, and that a grant would replace`", "PrivX tells the times of a `TIME_RESTRICTED` membership in another form than RFC 3339.", "Look at the membership in PrivX. Remove it there first if it shall be replaced."},
	}, "pkg/privx.TestInForce_TimesThatCannotBeRead"},
	{NoDate, "A time-limited grant cannot be given an end.", []Case{
		{"`no Date header, so that a time-limited grant cannot be given an end`", "Something in between removes the header that tells PrivX's time.", "Let it through, or leave `--grant-max-hours` out."},
	}, "pkg/privx.TestGrantLength_WithoutADate"},
}}

var runs = Group{"One-shot runs", []Entry{
	{NotStarted, "A one-shot run could not be started.", []Case{
		{"`baton-privx: starting: …`", "The system does not let the connector start itself once more, which each one-shot run does.", "Look at the cause in the text: the number of processes or of open files may be limited."},
	}, "cmd/baton-privx.TestRunThatCannotBeStarted"},
	{TaskNotDone, "A one-shot run has not done its task.", []Case{
		{"`looking for what the run has done: no call of … has succeeded; the log above may say why`", "The run was for a grant, a revoke or the like, and ended without it.", "Look at the log above, and run it again."},
		{"`running an action: the action has failed: …`", "The action itself says that it has failed.", "Look at what it says."},
	}, "cmd/baton-privx.TestCalled"},
	{NothingSaved, "A one-shot run has left no finished sync.", []Case{
		{"`looking for what the run has saved: … holds no sync that this run has finished; the log above may say why`", "The sync has failed or was interrupted, or the file could not be written.", "Look at the log above, and sync again."},
		{"`looking for what the run has saved: reading …`, `looking for what the run has saved: opening …`", "The file cannot be read, or there is no room in the folder for temporary files.", "Look at the cause in the text, and sync again, into a new file."},
	}, "cmd/baton-privx.TestSavedNeedsAFileThatCanBeRead"},
}}

var doctor = Group{"The doctor", []Entry{
	{DoctorMisused, "The doctor was called wrongly.", []Case{
		{"`--output: \"…\" is not known`, `--only: there is no check \"…\"`, `--only: none of these checks belongs to --write-probe`, `unknown flag`", "There is no such form, check or flag.", "See `baton-privx doctor --help` and [the checks](doctor.md)."},
		{"`--write-probe needs --user and --role`, `--user, --role and --clear need --write-probe`", "Flags that belong together were given one without the other.", "Give all of them, or none. See [the doctor](doctor.md)."},
		{"`--report: open …`", "The file for the report cannot be written.", "Give a file in a folder that you may write to."},
	}, "cmd/baton-privx.TestDoctorExitCodes"},
	{DoctorUnwritten, "What the doctor found could not be written.", []Case{
		{"`what was found could not be written: …`", "The disk is full, or nobody reads the output any more.", "Make room, and run it again."},
	}, "cmd/baton-privx.TestDoctorCannotWrite"},
}}

var anywhere = Group{"Anywhere", []Entry{
	{Cancelled, "A call was cancelled.", []Case{
		{"`context canceled`", "Another call has failed, and baton-sdk has stopped this one; or the connector was told to end.", "Look for another error in the log. There is nothing to do about this one."},
	}, "pkg/connector.TestCancelledCall"},
	{OutOfTime, "There was no time left.", []Case{
		{"`context deadline exceeded`", "A grant or a revoke has 30 seconds. They were over, because PrivX is slow or because other changes of the same user's roles came first.", "Try again. Look at PrivX if it stays."},
	}, "pkg/connector.TestErrorIDs"},
	{Unexpected, "Something happened that the connector does not expect.", []Case{
		{"", "No other entry fits. It is probably a mistake in the connector.", "Please [report it](https://github.com/conductorone/baton-privx/issues), with the whole text."},
	}, "internal/errorid.TestOf"},
}}
