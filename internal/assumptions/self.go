package assumptions

var self = Topic{Name: "Who the connector is", Assumptions: []Assumption{
	{
		ID:       "PXQ-048",
		Question: "Does GET /users/current tell an API client who it is?",
		Default: Side{
			PrivX:     "It does.",
			Connector: "It changes no roles of that user, nor of the one that the credentials name.",
			Test:      "pkg/privx.TestActsAs",
		},
		Others: []Side{
			{
				PrivX:     "It is refused, and the credentials name the API client.",
				Option:    "Options.NoCurrentUser",
				Connector: "It goes by the credentials.",
				Test:      "pkg/privx.TestActsAs_WithoutTheEndpoint",
			},
			{
				PrivX:     "It is refused, and the credentials are those of the OAuth client alone.",
				Option:    "Options.NoCurrentUser",
				Connector: "It makes no grant and no revoke at all.",
				Test:      "pkg/connector.TestOwnAPIClientCannotBeKnown",
			},
		},
		Ask: ByReading,
		How: "Read it.",
	},
	{
		ID:       "PXQ-049",
		Question: "Is the id of an API client, by which it logs in, also its id as a user?",
		Default: Side{
			PrivX:     "It is.",
			Connector: "It protects the roles of that user.",
			Test:      "pkg/connector.TestDeclined",
		},
		Others: []Side{{
			PrivX:     "The API client is a user of another id.",
			Option:    "Fault.Body",
			Connector: "It protects the roles of both.",
			Test:      "pkg/connector.TestOwnAPIClientUnderAnotherID",
		}},
		Ask: ByReading,
		How: "Compare the id of /users/current with api-client-id.",
	},
	{
		ID:       "PXQ-050",
		Question: "Can an API client with roles-manage change its own roles?",
		Default: Side{
			PrivX:     "It can.",
			Connector: "It declines to, without a request.",
			Test:      "pkg/connector.TestDeclined",
		},
		OneSide: "The connector never asks for it, so that it makes no difference to it.",
		Ask:     CannotBe,
		How:     "The connector could lock itself out.",
	},
}}
