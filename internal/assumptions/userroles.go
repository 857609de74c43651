package assumptions

var userRoles = Topic{Name: "Roles of a user", Assumptions: []Assumption{
	{
		ID:       "PXQ-021",
		Question: "Which fields has a role in a user's own list?",
		Default: Side{
			PrivX:     "Those of the one public sample; what is false is left out, and source_rules are reduced to null.",
			Connector: "It reads what tells of the membership, and writes the others back as they came.",
			Test:      "pkg/privx.TestATenantIsAsItWas",
		},
		Others: []Side{{
			PrivX:     "Others, as each version may bring.",
			Option:    "Fault.Body",
			Connector: "It writes each entry that is not to change back to the byte.",
			Test:      "pkg/privx.TestOtherEntriesGoBackToTheByte",
		}},
		Ask: ByReading,
		How: "Read the roles of some users, and list the names of the fields, without their values.",
	},
	{
		ID:       "PXQ-022",
		Question: "Has a membership that is only mapped a grant_type?",
		Default: Side{
			PrivX:     "It has none.",
			Connector: "It takes a membership for granted where it says explicit.",
			Test:      "pkg/privx.TestWhatAChangeCosts",
		},
		Others: []Side{{
			PrivX:     "It has one, as PERMANENT.",
			Option:    "Fault.Body",
			Connector: "It goes by explicit all the same, and makes it explicit when it is granted.",
			Test:      "pkg/privx.TestInForce",
		}},
		Ask: ByReading,
		How: "Look at entries that are implicit and not explicit, as that of privx-user.",
	},
	{
		ID:       "PXQ-023",
		Question: "How does a user's list show a role that he has by a grant and by a rule?",
		Default: Side{
			PrivX:     "As one entry that is explicit and implicit.",
			Connector: "A revoke takes the explicit part, and tells what remains.",
			Test:      "pkg/privx.TestWhatAChangeCosts",
		},
		Others: []Side{{
			PrivX:     "As two entries.",
			Option:    "Options.SplitMemberships",
			Connector: "It takes both together for one membership, and never writes a role twice.",
			Test:      "pkg/privx.TestTwoEntriesOfARole",
		}},
		Ask: ByReading,
		How: "Look for a role that a user's list has twice, or for an entry that is both.",
	},
	{
		ID:       "PXQ-024",
		Question: "Does a user's list show privx-user, which everybody holds?",
		Default: Side{
			PrivX:     "It does, as any other role that the user has by a rule.",
			Connector: "A revoke of it is refused.",
			Test:      "pkg/connector.TestPrivxUserIsNeverRevoked",
		},
		Others: []Side{{
			PrivX:     "It does not.",
			Option:    "Options.HideUserRole",
			Connector: "It knows that everybody holds it: a revoke of it is refused as well, and a sync warns of nothing.",
			Test:      "pkg/connector.TestRoleOfEverybodyThatIsNotShown",
		}},
		Ask: ByReading,
		How: "Read the roles of some users, and look for privx-user.",
	},
	{
		ID:       "PXQ-025",
		Question: "Does GET /users/{id} carry the user's roles?",
		Default: Side{
			PrivX:     "It does.",
			Connector: "An empty list of roles is believed where the user's record has none either.",
			Test:      "pkg/privx.TestEmpty_Confirmed",
		},
		Others: []Side{{
			PrivX:     "It says null of them.",
			Option:    "Options.UserRolesNull",
			Connector: "An empty list of roles is believed where it is still empty 7.5 s later.",
			Test:      "pkg/privx.TestFirstRoleWhereTheRecordSaysNothing",
		}},
		Ask: ByReading,
		How: "Read a user who has roles.",
	},
	{
		ID:       "PXQ-026",
		Question: "What becomes of a floating grant when it is first used?",
		Default: Side{
			PrivX:     "It stays what it is until then.",
			Connector: "It counts as in force, and a grant leaves it alone.",
			Test:      "pkg/privx.TestInForce",
		},
		Others: []Side{{
			PrivX:     "It becomes a time-restricted one that begins then.",
			Option:    "Store.StartFloating",
			Connector: "It counts as in force until its end, and a grant leaves it alone until then.",
			Test:      "pkg/privx.TestFloatingGrantThatHasBegun",
		}},
		Ask: CannotBe,
		How: "It would take a connection that a user makes.",
	},
	{
		ID:       "PXQ-027",
		Question: "In which of the two ways does PrivX tell the times of a grant?",
		Default: Side{
			PrivX:     "As it was told them: it takes grant_validity_periods, and grant_start and grant_end beside them.",
			Connector: "It writes both, and understands them when it reads them again.",
			Test:      "pkg/privx.TestGrantLength_EndsByPrivXsClock",
		},
		Others: []Side{
			{
				PrivX:     "In the older way alone, or in both, and they differ.",
				Option:    "Fault.Body",
				Connector: "It goes by grant_validity_periods where they are there, and else by the older way.",
				Test:      "pkg/privx.TestInForce",
			},
			{
				PrivX:     "In a form that the connector cannot read.",
				Option:    "Fault.Body",
				Connector: "A grant fails rather than replace such times by none; other entries go back as they came.",
				Test:      "pkg/privx.TestInForce_TimesThatCannotBeRead",
			},
		},
		Ask: ByReading,
		How: "Look for time-restricted grants in the lists of roles of users, and at the names of their fields.",
	},
	{
		ID:       "PXQ-028",
		Question: "Which permission does GET /users/{id}/roles need?",
		Default: Side{
			PrivX:     "Either of users-view and roles-view will do.",
			Connector: "The documentation asks for both, and so does the error of a 403.",
			Test:      "pkg/privx.TestError_ForbiddenNamesThePermission",
		},
		Others: []Side{{
			PrivX:     "It needs one that the API client lacks, and is refused with 403.",
			Option:    "Fault.Status",
			Connector: "A grant and a revoke fail, and the error names both permissions.",
			Test:      "pkg/privx.TestRefusedReads",
		}},
		Ask: ByReading,
		How: "Read the roles of one user with the API client as it is; its own permissions tell which of the two it has.",
	},
	{
		ID:       "PXQ-029",
		Question: "Are the names of roles unique?",
		Default: Side{
			PrivX:     "They need not be.",
			Connector: "It tells roles apart by their ids.",
			Test:      "pkg/privx.TestWhatAChangeCosts",
		},
		OneSide: "The connector never compares names of roles, so that unique ones make no difference to it.",
		Ask:     ByReading,
		How:     "Read all roles, and look for a name that comes twice.",
	},
	{
		ID:       "PXQ-071",
		Question: "Which types of grants are there?",
		Default: Side{
			PrivX:     "PERMANENT, TIME_RESTRICTED and FLOATING, as its documentation says.",
			Connector: "It knows what each of them means.",
			Test:      "pkg/connector.TestGrant",
		},
		Others: []Side{{
			PrivX:     "There are others.",
			Option:    "Store.GrantExplicit",
			Connector: "It takes such a grant for one in force, and reports the type as it is.",
			Test:      "pkg/connector.TestGrant",
		}},
		Ask: ByReading,
		How: "Look at the types in the lists of roles of users.",
	},
}}
