package assumptions

var writes = Topic{Name: "Writing a user's roles", Assumptions: []Assumption{
	{
		ID:       "PXQ-030",
		Question: "What does PrivX make of an entry that is not explicit in a list of roles that is written?",
		Default: Side{
			PrivX:     "Nothing: what the user has by a rule stays as it is.",
			Connector: "It writes such entries back as they came, and they stay implicit.",
			Test:      "pkg/privx.TestWhatAChangeCosts",
		},
		Others: []Side{
			{
				PrivX:     "It grants every role in the list.",
				Option:    "Options.GrantEveryEntry",
				Connector: "The change is made, and so are others, which the read after it shows: the log warns and names the roles.",
				Test:      "pkg/privx.TestWriteThatGrantsEveryEntry",
			},
			{
				PrivX:     "It refuses a list with such entries.",
				Option:    "Fault.Status",
				Connector: "The grant or revoke fails after one write, and nothing is changed.",
				Test:      "pkg/privx.TestRefusedWritesAreNotRepeated",
			},
		},
		Ask: ByWriteProbe,
		How: "Grant a role to a user who has privx-user by its rule alone, and read whether that has become explicit.",
	},
	{
		ID:       "PXQ-031",
		Question: "Which lists of roles does PrivX refuse to write?",
		Default: Side{
			PrivX:     "What is no list, an explicit role twice, and grants without the times that their type needs, with 400.",
			Connector: "It writes a list, with each role that it grants once.",
			Test:      "pkg/privx.TestTwoEntriesOfARole",
		},
		Others: []Side{{
			PrivX:     "It refuses a list that the connector writes.",
			Option:    "Fault.Status",
			Connector: "The grant or revoke fails after one write, and nothing is changed.",
			Test:      "pkg/privx.TestRefusedWritesAreNotRepeated",
		}},
		Ask: ByWriteProbe,
		How: "Write the list of a user as it was read, and then with a role twice.",
	},
	{
		ID:       "PXQ-032",
		Question: "Does PrivX take null for an empty list of roles?",
		Default: Side{
			PrivX:     "It refuses it with 400.",
			Connector: "It writes an empty array.",
			Test:      "pkg/privx.TestRevokingTheLastRole",
		},
		Others: []Side{{
			PrivX:     "It does.",
			Option:    "Options.AcceptNullRoles",
			Connector: "It writes an empty array all the same.",
			Test:      "pkg/privx.TestEmptyListIsNeverNull",
		}},
		Ask: CannotBe,
		How: "Who sends null may take all roles from the user, and the connector never does.",
	},
	{
		ID:       "PXQ-033",
		Question: "What becomes of a write with a role that does not exist?",
		Default: Side{
			PrivX:     "It is refused with 400.",
			Connector: "A grant asks whether there is such a role, and says NotFound where there is none.",
			Test:      "pkg/privx.TestGrantingAnUnknownRole",
		},
		Others: []Side{
			{
				PrivX:     "It is refused with 404.",
				Option:    "UnknownRolesNotFound",
				Connector: "The same.",
				Test:      "pkg/privx.TestGrantingAnUnknownRole",
			},
			{
				PrivX:     "The other roles are written, and it says 200.",
				Option:    "UnknownRolesIgnored",
				Connector: "The same, once the role has not come for twice 10 s.",
				Test:      "pkg/privx.TestGrantingAnUnknownRole",
			},
		},
		Ask: ByWriteProbe,
		How: "Add a role of an id that there is not to the list of a user.",
	},
	{
		ID:       "PXQ-034",
		Question: "How does PrivX say that there is no such user or role?",
		Default: Side{
			PrivX:     "With 404 and an error_code.",
			Connector: "It takes that for NotFound.",
			Test:      "pkg/privx.TestError_NotFoundInPrivXsWords",
		},
		Others: []Side{
			{
				PrivX:     "With 400 and an error_code such as USER_NOT_FOUND.",
				Option:    "Fault.Body",
				Connector: "It takes that for a refused request: a grant and a revoke fail, and the error repeats PrivX's code.",
				Test:      "pkg/privx.TestNotFoundThatIsSaidWith400",
			},
			{
				PrivX:     "With 404 and no error_code.",
				Option:    "Fault.Body",
				Connector: "It does not believe it, as a gateway may say so: the call fails with a hint at base-url.",
				Test:      "pkg/privx.TestError_NotFoundInOthersWords",
			},
		},
		Ask: ByReading,
		How: "Read a user, his roles and a role by an id that there is not.",
	},
	{
		ID:       "PXQ-035",
		Question: "What does PrivX answer to a write that it has made?",
		Default: Side{
			PrivX:     "200, without a body.",
			Connector: "It reads the list again, and believes that.",
			Test:      "pkg/privx.TestWhatAChangeCosts",
		},
		Others: []Side{
			{
				PrivX:     "Another status of success, or a body.",
				Option:    "FaultStatusAfter",
				Connector: "The same.",
				Test:      "pkg/privx.TestWriteWithAnotherSuccess",
			},
			{
				PrivX:     "200, without having made it.",
				Option:    "FaultDropWrite",
				Connector: "It looks for the change over 10 s, writes once more, and then fails.",
				Test:      "pkg/privx.TestWritesThatDoNothingAreNoSuccess",
			},
			{
				PrivX:     "An error, although it has made it.",
				Option:    "FaultResetAfter",
				Connector: "It reads the list, and finds that it is done.",
				Test:      "pkg/privx.TestWritesThatWereExecutedWithoutAGoodAnswer",
			},
		},
		Ask: ByWriteProbe,
		How: "Write the list of a user as it was read.",
	},
	{
		ID:       "PXQ-036",
		Question: "With which status does PrivX refuse a write while it is being upgraded?",
		Default: Side{
			PrivX:     "With 503.",
			Connector: "It asks for PrivX's status, and the error says that PrivX is being upgraded.",
			Test:      "pkg/privx.TestReadOnly_Upgrade",
		},
		Others: []Side{
			{
				PrivX:     "With another one.",
				Option:    "Options.ReadOnlyStatus",
				Connector: "The same.",
				Test:      "pkg/privx.TestReadOnly_Upgrade",
			},
			{
				PrivX:     "With 200, and makes no change.",
				Option:    "FaultDropWrite",
				Connector: "The same, once the change has not come.",
				Test:      "pkg/privx.TestReadOnly_DroppedWrites",
			},
		},
		Ask: CannotBe,
		How: "It would take an upgrade of PrivX.",
	},
	{
		ID:       "PXQ-037",
		Question: "Does the role store's status say that PrivX is being upgraded, in zdu.details.api.restricting?",
		Default: Side{
			PrivX:     "It does, to everybody.",
			Connector: "It tells a write that the upgrade refuses from another one by it.",
			Test:      "pkg/privx.TestReadOnly_Upgrade",
		},
		Others: []Side{{
			PrivX:     "It does not, or not in that place.",
			Option:    "Fault.Body",
			Connector: "The error is that of the write as it was refused.",
			Test:      "pkg/privx.TestReadOnly_StatusDoesNotAnswer",
		}},
		Ask: ByReading,
		How: "Read the status, and look whether the field is there; that it becomes true takes an upgrade.",
	},
}}
