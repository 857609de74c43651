package questions_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/doctortest"
	"github.com/conductorone/baton-privx/internal/doctor/questions"
	"github.com/conductorone/baton-privx/internal/privxsim"
)

// Paths of requests, in the grammar of faults.
const (
	anyUserPath = "/role-store/api/v1/users/*"
	anyRolePath = "/role-store/api/v1/roles/*"
	nonePath    = "/role-store/api/v1/users/none"
	logoutPath  = "/auth/api/v1/logout"
)

// inTurn sends each request to the next node.
func inTurn(nodes int) func(privxsim.Request) int {
	var requests atomic.Int64
	return func(privxsim.Request) int { return int(requests.Add(1)) % nodes }
}

// arrangement makes a PrivX, and the settings with which it is reached.
type arrangement func(t *testing.T) doctor.Given

// with is a PrivX with options and faults.
func with(options privxsim.Options, faults ...privxsim.Fault) arrangement {
	return func(t *testing.T) doctor.Given {
		t.Helper()
		own := options
		if own.Nodes != nil {
			own.Route = inTurn(len(own.Nodes))
		}
		site := doctortest.NewSite(t, nil, own)
		for _, fault := range faults {
			site.Sim.Inject(fault)
		}
		return site.Given(t)
	}
}

// failing is a PrivX that answers with a status in place of others.
func failing(status int, paths ...string) arrangement {
	var faults []privxsim.Fault
	for _, path := range paths {
		faults = append(faults, doctortest.Status("", path, status))
	}
	return with(privxsim.Options{}, faults...)
}

// alteredBy is a PrivX that answers otherwise.
func alteredBy(options privxsim.Options, change func(privxsim.Request, *privxsim.Answer)) arrangement {
	return func(t *testing.T) doctor.Given {
		t.Helper()
		site := doctortest.NewSite(t, nil, options)
		site.Sim.Alter(change)
		return site.Given(t)
	}
}

// errorsAre is a PrivX whose errors have a body of their own.
func errorsAre(mediaType, body string) arrangement {
	return alteredBy(privxsim.Options{}, func(_ privxsim.Request, a *privxsim.Answer) {
		if a.Status >= http.StatusBadRequest {
			a.Body, a.Header = []byte(body), http.Header{"Content-Type": {mediaType}}
		}
	})
}

// configured changes the settings of what is arranged.
func configured(arrange arrangement, change func(*doctor.Given)) arrangement {
	return func(t *testing.T) doctor.Given {
		t.Helper()
		given := arrange(t)
		change(&given)
		return given
	}
}

// provisioning is for a connector that makes grants and revokes.
func provisioning(given *doctor.Given) { given.Provisioning = true }

// onSide is a case in which a question ends in a way, "" for passing, with an answer, "" for
// none.
func onSide(check, way, side string, arrange arrangement) doctortest.Case {
	return doctortest.Case{Check: check, Way: way, Name: "side " + side, Arrange: arrange, After: func(t *testing.T, v *doctor.Visit) {
		t.Helper()
		require.Equal(t, side, v.Answers[check].Side)
	}}
}

// finding is the case with a text that the evidence must have.
func finding(found string, c doctortest.Case) doctortest.Case {
	c.Found = found
	return c
}

// afterTheFirst is a fault of all logins but the first.
func afterTheFirst() privxsim.Fault {
	return privxsim.Fault{Path: doctortest.TokenPath, Skip: 1, Status: http.StatusInternalServerError}
}

// shortLived are tokens that are replaced at once.
func shortLived() privxsim.Options {
	life := "0.000001"
	return privxsim.Options{ExpiresIn: &life}
}

// loginWithout is a PrivX whose answer to a login lacks a field.
func loginWithout(field string) arrangement {
	return alteredBy(privxsim.Options{}, func(rq privxsim.Request, a *privxsim.Answer) {
		if rq.Matches("", doctortest.TokenPath) {
			a.Body = without(a.Body, field)
		}
	})
}

// without is a JSON object without a field.
func without(object []byte, field string) []byte {
	var fields map[string]json.RawMessage
	if json.Unmarshal(object, &fields) != nil {
		return object
	}
	delete(fields, field)
	text, err := json.Marshal(fields)
	if err != nil {
		return object
	}
	return text
}

// only is the layer with some of its questions.
func only(ids ...string) []doctor.Layer {
	layer := questions.Layer()
	layer.Checks = slices.DeleteFunc(layer.Checks, func(c doctor.Check) bool { return !slices.Contains(ids, c.ID) })
	return []doctor.Layer{layer}
}
