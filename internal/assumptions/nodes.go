package assumptions

var nodes = Topic{Name: "A cluster behind a load balancer", Assumptions: []Assumption{
	{
		ID:       "PXQ-064",
		Question: "For how long may a node show things as they were before a change?",
		Default: Side{
			PrivX:     "Not at all: all nodes know the same.",
			Connector: "It reads a list once after it was written.",
			Test:      "pkg/privx.TestWhatAChangeCosts",
		},
		Others: []Side{
			{
				PrivX:     "For up to 10 s.",
				Option:    "Node.Lag",
				Connector: "It believes no list of roles that lacks what it has changed itself in the last 10 s, and no search that lacks a user.",
				Test:      "pkg/privx.TestCluster_NothingLostNothingFalse",
			},
			{
				PrivX:     "For longer.",
				Option:    "Node.Lag",
				Connector: "It believes such a list after 10 s, and writes it back: an earlier change is lost.",
				Test:      "pkg/privx.TestNodeThatLagsForLongerThanIsThought",
			},
		},
		Ask: ByWriteProbe,
		How: "Write the list of a user, read it again and again without the load balancer's cookie, and note when an old one came last.",
	},
	{
		ID:       "PXQ-065",
		Question: "For how long may a node not know a token that another one has issued?",
		Default: Side{
			PrivX:     "Not at all.",
			Connector: "It uses a token at once.",
			Test:      "pkg/privx.TestReplayAfter401",
		},
		Others: []Side{{
			PrivX:     "For some seconds.",
			Option:    "Node.TokenLag",
			Connector: "It sends the request again for some seconds before it gets another token, and a sync loses nothing.",
			Test:      "pkg/connector.TestMannersThatCostNothing",
		}},
		Ask: ByReading,
		How: "Log in, and read without the load balancer's cookie at once, several times.",
	},
	{
		ID:       "PXQ-066",
		Question: "How far may the clocks of nodes be apart?",
		Default: Side{
			PrivX:     "They are the same.",
			Connector: "It goes by PrivX's clock, and not by its own.",
			Test:      "pkg/privx.TestInForce",
		},
		Others: []Side{{
			PrivX:     "By some seconds.",
			Option:    "Node.ClockOffset",
			Connector: "What was given to begin by one clock counts as begun by the next, in the same grant and in one a moment later.",
			Test:      "pkg/privx.TestGrantWithAnEndByTwoClocks",
		}},
		Ask: ByReading,
		How: "Compare the Date of several answers without the load balancer's cookie with the time that has passed.",
	},
	{
		ID:       "PXQ-067",
		Question: "Do all nodes count the same?",
		Default: Side{
			PrivX:     "They do.",
			Connector: "It ends a list where as many different rows were seen as are counted.",
			Test:      "pkg/privx.TestCounts",
		},
		Others: []Side{{
			PrivX:     "They count differently by one.",
			Option:    "Node.CountOffset",
			Connector: "It reads on where more is shown than was counted, and loses no row.",
			Test:      "pkg/privx.TestNodesThatCountDifferently",
		}},
		Ask: ByReading,
		How: "Ask for one row several times without the load balancer's cookie, and compare what is counted.",
	},
	{
		ID:       "PXQ-068",
		Question: "Does a node that has just started show what there is?",
		Default: Side{
			PrivX:     "It does.",
			Connector: "It asks once more, a second later, where a list may be empty.",
			Test:      "pkg/connector.TestRolesWithoutMembersAreWaitedForTogether",
		},
		Others: []Side{
			{
				PrivX:     "Its lists are empty for some seconds, and it knows single objects.",
				Option:    "Node.Empty",
				Connector: "A change of a user's roles waits until the list is itself again, and takes none of them away.",
				Test:      "pkg/privx.TestCluster_NothingLostNothingFalse",
			},
			{
				PrivX:     "Its lists are empty, and it says of single objects that there are none.",
				Option:    "Options.EmptyNotFound",
				Connector: "It takes no user for gone on such a node's word.",
				Test:      "pkg/privx.TestANodeThatHasJustStarted",
			},
		},
		Ask: CannotBe,
		How: "It would take a restart of a node.",
	},
	{
		ID:       "PXQ-069",
		Question: "Does a load balancer keep a client on one node by a cookie?",
		Default: Side{
			PrivX:     "It does not.",
			Connector: "It reckons with another node at each request.",
			Test:      "pkg/privx.TestCluster_InRealTime",
		},
		Others: []Side{{
			PrivX:     "It does.",
			Option:    "Options.AffinityCookie",
			Connector: "It sends the cookie back with each request.",
			Test:      "pkg/privx.TestAffinityCookieIsSentAgain",
		}},
		Ask: ByReading,
		How: "Look for the name of a cookie in the answer to the login.",
	},
}}
