package assumptions

var directories = Topic{Name: "Users and directories", Assumptions: []Assumption{
	{
		ID:       "PXQ-060",
		Question: "Which permission does the list of directories need?",
		Default: Side{
			PrivX:     "It needs sources-view, and is refused with 403 without it.",
			Connector: "It syncs without the names and states of directories, and warns.",
			Test:      "pkg/connector.TestSourcesMayBeForbidden",
		},
		Others: []Side{{
			PrivX:     "It shows an empty list instead.",
			Option:    "FaultEmptyList",
			Connector: "It asks again over some seconds, and then does the same.",
			Test:      "pkg/connector.TestDirectoriesThatAreNotShown",
		}},
		Ask: ByReading,
		How: "Read the directories.",
	},
	{
		ID:       "PXQ-061",
		Question: "Can a user be disabled by anything but his directory?",
		Default: Side{
			PrivX:     "Not so that the API shows it.",
			Connector: "It reports a user as disabled where his directory is.",
			Test:      "pkg/connector.TestUsers",
		},
		Others: []Side{{
			PrivX:     "A field of the user says so, which is not known.",
			Option:    "User.Extra",
			Connector: "It passes over fields that it does not know: the user counts as enabled.",
			Test:      "pkg/connector.TestUserWithAFieldThatIsNotKnown",
		}},
		Ask: ByReading,
		How: "Read some users, and list the names of the fields that the connector does not know.",
	},
	{
		ID:       "PXQ-062",
		Question: "What becomes of the users of a directory that is removed?",
		Default: Side{
			PrivX:     "They stay, with a directory that there is not any more.",
			Connector: "It reports them as enabled, without the name of a directory.",
			Test:      "pkg/connector.TestUsersOfARemovedDirectory",
		},
		Others: []Side{{
			PrivX:     "They are removed, as users of short-lived directories are after their time.",
			Option:    "Store.RemoveUser",
			Connector: "A revoke from one of them has nothing to do.",
			Test:      "pkg/connector.TestRevokeOfWhatIsGone",
		}},
		Ask: ByReading,
		How: "Look for users whose directory is not among those that are listed.",
	},
	{
		ID:       "PXQ-063",
		Question: "Does PrivX write the same id in the same case each time?",
		Default: Side{
			PrivX:     "It does.",
			Connector: "It reports ids as PrivX writes them.",
			Test:      "pkg/connector.TestMemberships",
		},
		Others: []Side{{
			PrivX:     "It writes some in upper case.",
			Option:    "Fault.Body",
			Connector: "It takes ids for the same that differ in case alone.",
			Test:      "pkg/connector.TestHeldRoleInAnotherCase",
		}},
		Ask: ByReading,
		How: "Look for capital letters in the ids of all lists.",
	},
}}
