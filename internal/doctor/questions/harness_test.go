package questions_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/assumptions"
	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/doctortest"
	"github.com/conductorone/baton-privx/internal/doctor/questions"
	"github.com/conductorone/baton-privx/internal/privxsim"
)

// Paths of requests, in the grammar of faults.
const (
	membersPath = "/role-store/api/v1/roles/*/members"
	listPath    = "/role-store/api/v1/users/*/roles"
)

// world is a PrivX in which a question is asked.
type world struct {
	// store is what it knows; nil is the small tenant of [doctortest.NewSite].
	store   func() *privxsim.Store
	options privxsim.Options
	// faults are what goes wrong, by what it knows.
	faults func(*privxsim.Store) []privxsim.Fault
	// pageSize is what the connector is configured with; 0 is 1000.
	pageSize int
}

func (w world) given(t *testing.T) doctor.Given {
	t.Helper()
	var store *privxsim.Store
	if w.store != nil {
		store = w.store()
	}
	site := doctortest.NewSite(t, store, w.options)
	if w.faults != nil {
		for _, fault := range w.faults(site.Store) {
			site.Sim.Inject(fault)
		}
	}
	given := site.Given(t)
	if w.pageSize > 0 {
		given.Config.PageSize = w.pageSize
	}
	return given
}

// ends is a case in which a question ends in a way, with an answer; "" is none.
func ends(check, way, side string, w world) doctortest.Case {
	return doctortest.Case{Check: check, Way: way, Name: side, Arrange: w.given, After: func(t *testing.T, v *doctor.Visit) {
		t.Helper()
		require.Equal(t, side, v.Answers[check].Side)
	}}
}

// passes is a case in which a question passes.
func passes(check, side string, w world) doctortest.Case { return ends(check, "", side, w) }

// named is the case with a name and a text that the finding has.
func named(c doctortest.Case, name, found string) doctortest.Case {
	c.Name, c.Found = c.Name+" "+name, found
	return c
}

// always are faults that do not depend on what PrivX knows.
func always(faults ...privxsim.Fault) func(*privxsim.Store) []privxsim.Fault {
	return func(*privxsim.Store) []privxsim.Fault { return faults }
}

// body is a fault that answers with a text in place of PrivX.
func body(path, text string) privxsim.Fault {
	return privxsim.Fault{Path: path, Status: http.StatusOK, Body: text}
}

// pages is the fault for requests for pages of two rows and more alone: the connector's own
// checks of its permissions ask for one.
func pages(fault privxsim.Fault) privxsim.Fault {
	fault.MinLimit = max(fault.MinLimit, 2)
	return fault
}

// list is the text of a list.
func list(rows ...string) string {
	return fmt.Sprintf(`{"count":%d,"items":[%s]}`, len(rows), strings.Join(rows, ","))
}

// Ids of what a plain store knows.
const (
	anna, bert   = "00000000-0000-4000-8000-00000000aaaa", "00000000-0000-4000-8000-00000000bbbb"
	oneID, other = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"
)

// plain is a store with two users besides the API client: Anna is mapped to One, and Bert to
// Other.
func plain() *privxsim.Store {
	store := privxsim.NewStore()
	client := store.AddAPIClient(privxsim.APIClient{
		ID: privxsim.DefaultAPIClientID, Name: "Baton", Secret: privxsim.DefaultAPIClientSecret,
	})
	store.AddUser(privxsim.User{ID: anna, Principal: "anna", FullName: "Anna", Created: "2024-01-01T00:00:00Z"})
	store.AddUser(privxsim.User{ID: bert, Principal: "bert", FullName: "Bert", Created: "2024-01-02T00:00:00Z"})
	own := store.AddRole(privxsim.Role{
		Name: "API client", Created: "2024-01-01T00:00:00Z",
		Permissions: []string{"users-view", "roles-view", "sources-view"},
	})
	store.AddRole(privxsim.Role{ID: oneID, Name: "One", Created: "2024-01-02T00:00:00Z"})
	store.AddRole(privxsim.Role{ID: other, Name: "Other", Created: "2024-01-03T00:00:00Z"})
	store.GrantExplicit(own.ID, client.ID, privxsim.Grant{})
	store.Map(store.AdminRoleID(), anna)
	store.Map(oneID, anna)
	store.Map(other, bert)
	return store
}

// granted is a plain store with a grant to Anna.
func granted(grant privxsim.Grant) func() *privxsim.Store {
	return func() *privxsim.Store {
		store := plain()
		store.GrantExplicit(oneID, anna, grant)
		return store
	}
}

// mine are the checks of the topics of this file's package that are tested here.
func mine() []doctor.Layer {
	layer := questions.Layer()
	layer.Checks = slices.DeleteFunc(slices.Clone(layer.Checks), func(c doctor.Check) bool {
		return !slices.ContainsFunc(assumptions.Topics()[:3], func(topic assumptions.Topic) bool {
			return slices.ContainsFunc(topic.Assumptions, func(a assumptions.Assumption) bool { return a.ID == c.ID })
		})
	})
	return []doctor.Layer{layer}
}

// Each question of these topics that can be asked by reading is asked.
func TestEveryQuestion(t *testing.T) {
	t.Parallel()
	var want, got []string
	for _, topic := range assumptions.Topics()[:3] {
		for _, a := range topic.Assumptions {
			if a.Ask == assumptions.ByReading {
				want = append(want, a.ID)
			}
		}
	}
	for _, check := range mine()[0].Checks {
		got = append(got, check.ID)
		require.NotEmpty(t, check.How, check.ID)
		for _, way := range check.Ways {
			require.NotEmpty(t, way.When, check.ID+" "+way.Name)
			if way.Outcome != doctor.Skipped {
				require.NotEmpty(t, way.Matters, check.ID+" "+way.Name)
				require.NotEmpty(t, way.Do, check.ID+" "+way.Name)
			}
		}
	}
	require.Equal(t, want, got)
}

// Each question ends in each of its ways, on each side of the register that can be seen.
func TestEveryWay(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("make test brings about each way in which a check ends")
	}
	cases := slices.Concat(orderCases, pageCases, searchCases, memberCases, userRoleCases, grantCases)
	for _, check := range mine()[0].Checks {
		cases = append(cases, ends(check.ID, "unanswered", "", world{faults: always(pages(doctortest.Status("", "", http.StatusBadGateway)))}))
	}
	sides := make(map[string]bool)
	for _, c := range cases {
		sides[c.Check+" "+strings.Fields(c.Name + " -")[0]] = true
	}
	for _, topic := range assumptions.Topics()[:3] {
		for _, a := range topic.Assumptions {
			for place := range a.Sides() {
				side := a.ID + " " + assumptions.Letter(place)
				require.True(t, a.Ask != assumptions.ByReading || sides[side] || side == removedGrants, "no case for the side %s", side)
			}
		}
	}
	doctortest.RunCases(t, all(), mine(), cases)
}

// removedGrants is the side that cannot be seen: grants that PrivX has removed are not there.
const removedGrants = "PXQ-020 b"

// long is how long PrivX takes for a row, so that 1000 of them are late for certain.
const long = 3 * time.Millisecond
