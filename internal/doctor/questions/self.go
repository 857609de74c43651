package questions

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/connection"
	"github.com/conductorone/baton-privx/pkg/privx"
)

func selfQuestions() []doctor.Check {
	return checks([]question{
		{
			id:      "PXQ-048",
			promise: "PrivX tells the API client who it is, where the connector has to know",
			how:     "GET /users/current is read. With provisioning, the connector has to know who it is, so that it never changes the roles of its own API client.",
			needs:   []string{connection.LoggedIn},
			costs: []cost{
				{"b", doctor.Way{
					Name: "not-told", Outcome: doctor.Warning,
					When:    "PrivX refuses GET /users/current, and api-client-id is set.",
					Matters: "The connector does not change the roles of the user whose id is api-client-id. If the API client has another id as a user, ConductorOne can grant and revoke its roles.",
					Do:      "Compare the API client's id as a user in PrivX with api-client-id. If they differ, do not grant and revoke its roles in ConductorOne.",
				}},
				{"c", doctor.Way{
					Name: "nobody-known", Outcome: doctor.Warning,
					When:    "PrivX refuses GET /users/current, and api-client-id is not set.",
					Matters: "The connector makes no grant and no revoke, because it could change the roles of its own API client. Syncs work.",
					Do:      "Set api-client-id and api-client-secret, too.",
				}},
			},
			otherwise: true,
			ask:       currentUser,
		},
		{
			id:      "PXQ-049",
			promise: "the connector knows which user is its own API client",
			how:     "The id in the answer to GET /users/current is compared with api-client-id. The connector changes the roles of neither user.",
			needs:   []string{connection.LoggedIn},
			unseen:  "PrivX does not tell who the API client is, or api-client-id is not set.",
			ask:     ownID,
		},
	})
}

// current asks PrivX who the API client is. It returns the status and the id, "" if PrivX
// does not tell.
func (l *look) current() (int, string, error) {
	said := l.visit.Ask.Get(l.ctx, privx.Endpoints.CurrentUser.Request())
	if !said.Good() {
		return said.Status, "", said.Err
	}
	var user struct {
		ID string `json:"id"`
	}
	if isPage(said) || json.Unmarshal(said.Body, &user) != nil {
		return said.Status, "", errNoUser
	}
	return said.Status, user.ID, nil
}

// doesNotTell are the statuses with which the connector takes it that PrivX does not tell.
var doesNotTell = []int{http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound}

func currentUser(l *look) answer {
	status, id, err := l.current()
	said := answer{}
	switch {
	case err == nil && id != "":
		return on(assumed, "It told an id.")
	case err == nil:
		return on(doctor.Otherwise, "It told of a user without an id.")
	case slices.Contains(doesNotTell, status) && l.visit.Client.API().Principal() != "":
		said = on("b", "It was answered with %d.", status)
	case slices.Contains(doesNotTell, status):
		said = on("c", "It was answered with %d.", status)
	default:
		return unanswered(err)
	}
	said.harmless = !l.visit.Given.Provisioning
	return said
}

func ownID(l *look) answer {
	status, id, err := l.current()
	named := l.visit.Client.API().Principal()
	switch {
	case err != nil && !slices.Contains(doesNotTell, status):
		return unanswered(err)
	case err != nil:
		return unseen("GET /users/current was answered with %d.", status)
	case id == "" || named == "":
		return unseen("There is nothing to compare.")
	case privx.SameID(id, named):
		return on(assumed, "Both are the same.")
	default:
		return on("b", "They differ.")
	}
}
