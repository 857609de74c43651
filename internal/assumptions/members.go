package assumptions

var members = Topic{Name: "Members of a role", Assumptions: []Assumption{
	{
		ID:       "PXQ-015",
		Question: "Which roles does a member of a role carry?",
		Default: Side{
			PrivX:     "Just the role that was asked for.",
			Connector: "It takes from it how the member holds the role, and makes no further call.",
			Test:      "pkg/connector.TestMemberships",
		},
		Others: []Side{
			{
				PrivX:     "All of the member's roles.",
				Option:    "MemberRolesAll",
				Connector: "It looks for the role among them.",
				Test:      "pkg/connector.TestMemberships",
			},
			{
				PrivX:     "None: null.",
				Option:    "MemberRolesNull",
				Connector: "It asks for each member's roles, once in a sync.",
				Test:      "pkg/connector.TestEachUsersRolesAreAskedForOnce",
			},
		},
		Ask: ByReading,
		How: "Ask for one member of each role, and look at what he carries.",
	},
	{
		ID:       "PXQ-016",
		Question: "Does the role that a member carries tell of the grant, as its type and times?",
		Default: Side{
			PrivX:     "It does not.",
			Connector: "It reports the membership without them, and makes no call to find out.",
			Test:      "pkg/connector.TestMembershipsWithoutParticulars",
		},
		Others: []Side{{
			PrivX:     "It does, as in the user's own list.",
			Option:    "Options.MemberGrants",
			Connector: "It reports them.",
			Test:      "pkg/connector.TestMemberships",
		}},
		Ask: ByReading,
		How: "Compare the role that an explicit member carries with the same role in his own list.",
	},
	{
		ID:       "PXQ-017",
		Question: "How long can a member be in a list of members?",
		Default: Side{
			PrivX:     "As long as the one public sample of it, which carries one role.",
			Connector: "It asks for 1000 members at a time.",
			Test:      "pkg/privx.TestPagesThatAreClamped",
		},
		Others: []Side{{
			PrivX:     "Each carries many whole roles, so that a page of them is longer than is read of one.",
			Option:    "Options.HeavyMembers",
			Connector: "It asks for fewer members at a time, and remembers that for an hour.",
			Test:      "pkg/privx.TestPageSize_HeavyMembers",
		}},
		Ask: ByReading,
		How: "Ask for 10 members of each role, and note the bytes of each answer.",
	},
	{
		ID:       "PXQ-018",
		Question: "Do roles carry member_count, and is it true?",
		Default: Side{
			PrivX:     "They do not, as in the recorded answers.",
			Connector: "It confirms that a role has no members by a second answer.",
			Test:      "pkg/connector.TestRolesWithoutMembersAreWaitedForTogether",
		},
		Others: []Side{
			{
				PrivX:     "They do, and it is true.",
				Option:    "Options.MemberCount",
				Connector: "It believes an empty list where the count is 0, without asking again.",
				Test:      "pkg/connector.TestRolesWithoutMembersAreWaitedForTogether",
			},
			{
				PrivX:     "They do, and it is out of date.",
				Option:    "Store.SetMemberCount",
				Connector: "It takes the members that are listed, and warns.",
				Test:      "pkg/connector.TestMemberCountThatNeverComesTrue",
			},
		},
		Ask: ByReading,
		How: "Read roles with their member_count, and compare it with the count of their members.",
	},
	{
		ID:       "PXQ-019",
		Question: "Does PrivX list every user as a member of privx-user?",
		Default: Side{
			PrivX:     "It does.",
			Connector: "It reports each as a member, whom only PrivX itself can remove.",
			Test:      "pkg/connector.TestMemberships",
		},
		Others: []Side{{
			PrivX:     "It lists no member of that role.",
			Option:    "Fault.Body",
			Connector: "It asks again over some seconds, and then fails the sync.",
			Test:      "pkg/connector.TestEmptyAnswersEndNoList",
		}},
		Ask: ByReading,
		How: "Compare the count of the members of privx-user with that of all users.",
	},
	{
		ID:       "PXQ-020",
		Question: "What becomes of a granted membership whose time is over?",
		Default: Side{
			PrivX:     "It stays where it is, among the members and in the user's list, with its times.",
			Connector: "A sync reports it with its times, and a grant replaces it.",
			Test:      "pkg/connector.TestMembershipThatIsOver",
		},
		Others: []Side{{
			PrivX:     "PrivX removes it.",
			Option:    "Store.RemoveExpired",
			Connector: "A sync does not report it any more, and a grant is a new one.",
			Test:      "pkg/connector.TestMembershipThatPrivXRemovesWhenItIsOver",
		}},
		Ask: ByReading,
		How: "Look for grants whose end is past in the lists of roles of users; where none is found, that says nothing.",
	},
	{
		ID:       "PXQ-070",
		Question: "Are users members of a role whose grant has not begun, or has not been used yet?",
		Default: Side{
			PrivX:     "They are listed as any other member.",
			Connector: "It reports them, with the times of the grant.",
			Test:      "pkg/connector.TestMemberships",
		},
		OneSide: "The connector reports who is listed as a member, whatever the times say.",
		Ask:     ByReading,
		How:     "Look in the lists of roles of users for a floating grant and for one that is yet to begin, and look for the user among the members.",
	},
}}
