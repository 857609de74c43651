package connection

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/ask"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// serviceStatus is what a service of PrivX says of itself. A field is nil where it is not
// said, or not as it should be.
type serviceStatus struct {
	Status, Version, Message *string
	// Phase is that of an upgrade, and Restricting tells whether changes are refused.
	Phase       *string
	Restricting *bool
}

// statusIn reads the answer to a question for a status; nil if it is none of PrivX's.
func statusIn(answer *ask.Answer) *serviceStatus {
	if !answer.Good() {
		return nil
	}
	top := answer.Object()
	said := &serviceStatus{
		Status: field[string](top, "status"), Version: field[string](top, "version"), Message: field[string](top, "status_message"),
		Phase: field[string](top, "zdu", "phase"), Restricting: field[bool](top, "zdu", "details", "api", "restricting"),
	}
	if said.Status == nil {
		return nil
	}
	return said
}

// field is a field of an object, at the end of a path of names; nil if it is not there, or
// something else than a T.
func field[T any](object map[string]json.RawMessage, path ...string) *T {
	for _, name := range path[:len(path)-1] {
		var inner map[string]json.RawMessage
		if json.Unmarshal(object[name], &inner) != nil {
			return nil
		}
		object = inner
	}
	var value *T // null leaves it nil
	if json.Unmarshal(object[path[len(path)-1]], &value) != nil {
		return nil
	}
	return value
}

// A service is running if it says so, and is unwell if it says something else.
const running, unwell = "RUNNING", "unwell"

var roleStoreAnswers = doctor.Check{
	ID:      isPrivX,
	Promise: "what answers at base-url is PrivX",
	How:     howContact + "the answer itself, which in PrivX is a JSON object with the field status.",
	Needs:   reached,
	Ways: []doctor.Way{
		{
			Name: wayNoAnswer, Outcome: doctor.Warning,
			When:    "The connection is good, but the request for the role store's status was not answered.",
			Matters: "The connector does not need the status. But something may be wrong with PrivX, or with what is in front of it.",
			Do:      "If PX-LOGIN-01 fails, too, check base-url, and check that PrivX's role store is running.",
		},
		{
			Name: wayRefused, Outcome: doctor.Warning,
			When:    "The request for the role store's status is answered with an error.",
			Matters: "The connector does not need the status. But base-url may lead elsewhere, or PrivX may not be well.",
			Do:      "If PX-LOGIN-01 fails, too, check base-url. It must be PrivX's own address, with the path in front of PrivX's own paths if there is one.",
		},
		{
			Name: "something-else", Outcome: doctor.Warning,
			When:    "Something answers, but not as PrivX's role store does.",
			Matters: "The address in base-url may lead to a login page, a proxy or another product.",
			Do:      "If PX-LOGIN-01 fails, too, check base-url. It must be PrivX's own address, with the path in front of PrivX's own paths if there is one.",
		},
	},
	Run: func(ctx context.Context, v *doctor.Visit) doctor.Finding {
		answer := contact(ctx, v).Answer
		f := doctor.Finding{Found: answered(answer), Wanted: "the status of PrivX's role store"}
		switch said := statusIn(answer); {
		case said != nil:
			f.Found = "the role store says " + shown(*said.Status)
		case answer.Status == 0:
			f.Way, f.Cause = wayNoAnswer, answer.Err.Error()
		case !answer.Good() && answer.Status >= http.StatusBadRequest:
			f.Way, f.Cause = wayRefused, answer.Err.Error()
		default:
			f.Way = "something-else"
		}
		return f
	},
}

// answered says what kind of answer came.
func answered(answer *ask.Answer) string {
	if answer.Status == 0 {
		return "no answer"
	}
	return fmt.Sprintf("an answer with status %d and type %s", answer.Status, shown(answer.Header.Get("Content-Type")))
}

// The versions of PrivX whose documentation this connector is written from.
const oldestVersion, newestVersion = 33, 45

// numbers are the first numbers in a version such as 43.0-72 (9875eb0c).
var numbers = regexp.MustCompile(`^v?(\d{1,4})((?:\.\d{1,4}){0,3})`)

var versionIsKnown = doctor.Check{
	ID:      "PX-PRIVX-02",
	Promise: fmt.Sprintf("PrivX is of version %d to %d", oldestVersion, newestVersion),
	How:     howContact + "the version in the answer.",
	Needs:   []string{isPrivX},
	Ways: []doctor.Way{
		{
			Name: wayNotSaid, Outcome: doctor.Warning,
			When:    "PrivX does not say which version it is.",
			Matters: "It is not known whether the connector was written for this version.",
			Do: fmt.Sprintf("Look up the version in PrivX. It must be %d or later. "+
				"The connector is written from the documentation of PrivX %d to %d.", oldestVersion, oldestVersion, newestVersion),
		},
		{
			Name: "old", Outcome: doctor.Warning,
			When:    fmt.Sprintf("PrivX is older than %d.", oldestVersion),
			Matters: "The connector is not written for this version, and has not been tried with it.",
			Do:      fmt.Sprintf("Update PrivX to %d or later.", oldestVersion),
		},
		{
			Name: "newer", Outcome: doctor.Warning,
			When:    fmt.Sprintf("PrivX is newer than %d.", newestVersion),
			Matters: "The connector was written before that version was there. What has changed in PrivX is not known to it.",
			Do:      "See whether there is a newer version of the connector. If not, look closely at what comes of the other checks and of the first sync.",
		},
	},
	Run: func(ctx context.Context, v *doctor.Visit) doctor.Finding {
		wanted := fmt.Sprintf("PrivX %d to %d", oldestVersion, newestVersion)
		said := statusIn(contact(ctx, v).Answer)
		if said == nil || said.Version == nil {
			return doctor.Finding{Way: wayNotSaid, Found: "no version", Wanted: wanted}
		}
		parts := numbers.FindStringSubmatch(*said.Version)
		if parts == nil {
			return doctor.Finding{Way: wayNotSaid, Found: "version " + shown(*said.Version), Wanted: wanted}
		}
		v.PrivXVersion = parts[1] + parts[2]
		f := doctor.Finding{Found: "PrivX " + v.PrivXVersion, Wanted: wanted}
		switch major, _ := strconv.Atoi(parts[1]); {
		case major < oldestVersion:
			f.Way = "old"
		case major > newestVersion:
			f.Way = "newer"
		}
		return f
	},
}

// authStatus tells the state of the service that gives tokens.
var authStatus = api.Endpoint{Method: http.MethodGet, Path: "/auth/api/v1/status"}

var servicesAreWell = doctor.Check{
	ID:      "PX-PRIVX-03",
	Promise: "the services of PrivX that the connector uses are running",
	How:     "PrivX's services role-store and auth are asked for their status, without credentials. The answer of role-store is that of PX-PRIVX-01.",
	Needs:   []string{isPrivX},
	Ways: []doctor.Way{
		{
			Name: unwell, Outcome: doctor.Warning,
			When:    "A service says that it is not running.",
			Matters: "Logins and syncs may fail as long as that is so.",
			Do:      "Look at the service that is named, in PrivX's monitoring or in its logs.",
		},
		{
			Name: wayNotSaid, Outcome: doctor.Warning,
			When:    "A service does not tell its status.",
			Matters: "It is not known whether the service is running. The connector does not need the status.",
			Do:      "If PX-LOGIN-01, PX-PERM-01 or PX-PERM-02 fails, too, look at the service that is named.",
		},
	},
	Run: func(ctx context.Context, v *doctor.Visit) doctor.Finding {
		auth := v.Ask.Again(ctx, authStatus.Request(), api.Manner{Anonymous: true})
		roleStore, first := condition(statusIn(contact(ctx, v).Answer))
		login, second := condition(statusIn(auth))
		f := doctor.Finding{Found: "role-store: " + roleStore + "; auth: " + login, Wanted: running}
		switch {
		case first == unwell || second == unwell:
			f.Way = unwell
		case first != "" || second != "":
			f.Way = wayNotSaid
		}
		return f
	},
}

// condition says how a service is, and in which way that ends the check.
func condition(said *serviceStatus) (string, string) {
	if said == nil {
		return "no status", wayNotSaid
	}
	text := shown(*said.Status)
	if said.Message != nil && *said.Message != "" {
		text += ", " + shown(*said.Message)
	}
	if !strings.EqualFold(*said.Status, running) {
		return text, unwell
	}
	return text, ""
}

var noUpgrade = doctor.Check{
	ID:      "PX-PRIVX-04",
	Promise: "PrivX does not refuse changes because of an upgrade",
	How:     howContact + "what the answer says of an upgrade without downtime (zdu.details.api.restricting).",
	Needs:   []string{isPrivX},
	Ways: []doctor.Way{
		{
			Name: "restricting", Outcome: doctor.Warning,
			When:    "PrivX says that it restricts its API, as it does while it is being upgraded.",
			Matters: "PrivX refuses grants and revokes until the upgrade is over. Syncs work.",
			Do:      "Wait for the end of the upgrade. Then grant and revoke again what has failed.",
		},
		{
			Name: wayNotSaid, Outcome: doctor.Skipped,
			When: "PrivX does not say whether it is being upgraded.",
		},
	},
	Run: func(ctx context.Context, v *doctor.Visit) doctor.Finding {
		said := statusIn(contact(ctx, v).Answer)
		if said == nil || said.Restricting == nil {
			return doctor.Finding{Way: wayNotSaid}
		}
		f := doctor.Finding{Found: "the API is not restricted", Wanted: "no restriction"}
		if *said.Restricting {
			f.Way, f.Found = "restricting", "the API is restricted"
		}
		if said.Phase != nil {
			f.Found += ", and the upgrade's phase is " + shown(*said.Phase)
		}
		return f
	},
}
