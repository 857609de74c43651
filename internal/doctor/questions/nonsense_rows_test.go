package questions_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/ask"
	"github.com/conductorone/baton-privx/internal/doctor/connection"
	"github.com/conductorone/baton-privx/internal/doctor/doctortest"
	"github.com/conductorone/baton-privx/internal/doctor/tenant"
	"github.com/conductorone/baton-privx/internal/oddjson"
	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// permitted are the layers that these questions need, and their own. They are asked whatever
// the connector's own checks of the permissions say.
func permitted() []doctor.Layer {
	granted := func(id string) doctor.Check {
		return doctor.Check{ID: id, Run: func(context.Context, *doctor.Visit) doctor.Finding { return doctor.Pass("", "") }}
	}
	permissions := doctor.Layer{Checks: []doctor.Check{granted(tenant.MayListUsers), granted(tenant.MayListRoles)}}
	return slices.Concat(connection.Layers(), []doctor.Layer{permissions}, mine())
}

// ids are the ids of these questions.
func ids() []string {
	var ids []string
	for _, check := range mine()[0].Checks {
		ids = append(ids, check.ID)
	}
	return ids
}

// roleStorePaths are the paths of all that these questions ask for.
var roleStorePaths = []string{
	doctortest.SearchPath, doctortest.RolesPath, doctortest.RolesPath + "/*", membersPath, strings.TrimSuffix(listPath, "/roles"), listPath, doctortest.SourcesPath,
}

// nonsense are answers that say nothing of PrivX.
func nonsenseInRows() map[string]privxsim.Fault {
	faults := make(map[string]privxsim.Fault)
	for _, kind := range []privxsim.FaultKind{
		privxsim.FaultHTML, privxsim.FaultRedirect, privxsim.FaultResetBefore, privxsim.FaultTruncated, privxsim.FaultCut, privxsim.FaultGarbage,
		privxsim.FaultEmpty, privxsim.FaultNoContent, privxsim.FaultNull, privxsim.FaultTrailing, privxsim.FaultNested, privxsim.FaultEmptyList, privxsim.FaultNullItems,
	} {
		faults[kind.String()] = privxsim.Fault{Kind: kind}
	}
	for _, status := range []int{400, 403, 404, 409, 429, 500, 503} {
		faults[fmt.Sprint(status)] = doctortest.Status("", "", status)
	}
	for _, text := range []string{
		`{}`, `[]`, `0`, `"x"`, `{"items":{}}`, `{"count":"5","items":[]}`, `{"count":-1,"items":[null,1,"x",[],{}]}`, `{"count":5,"items":[{},{},{},{},{}]}`,
		`{"count":1e400,"items":[]}`, `{"count":2,"items":[{"id":null},{"id":{}}]}`, `{"count":9223372036854775807,"items":[]}`,
	} {
		faults[text] = body("", text)
	}
	return faults
}

// No question is answered by nonsense, and none makes many requests of it.
func TestNonsenseInRows(t *testing.T) {
	t.Parallel()
	for name, fault := range nonsenseInRows() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var faults []privxsim.Fault
			for _, path := range roleStorePaths {
				fault.Path = path
				faults = append(faults, fault)
			}
			results, visit := doctortest.Run(t, permitted(), world{faults: always(faults...)}.given(t), ids()...)
			for _, id := range ids() {
				got := results[id]
				require.Empty(t, got.Because)
				require.NotEqual(t, doctor.Passed, got.Outcome, "%s: %s", id, got.Found)
			}
			require.LessOrEqual(t, visit.Ask.Requests(), mostRequests)
		})
	}
}

// Odd answers panic nothing, reveal nothing, and cost no more than others.
func TestOddAnswers(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("make test asks for all that is odd")
	}
	random := rand.New(rand.NewPCG(1, 2)) // The same cases each time.
	for n := range 40 {
		edits := make([]byte, 2+2*random.IntN(8))
		for i := range edits {
			edits[i] = byte(random.UintN(256))
		}
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			requireSenseOfOdd(t, n, edits)
		})
	}
}

// requireSenseOfOdd spoils the answers of one kind, and runs all questions.
func requireSenseOfOdd(t *testing.T, which int, edits []byte) {
	t.Helper()
	site := doctortest.NewSite(t, nil, privxsim.Options{})
	given := site.Given(t)
	_, visit := doctortest.Run(t, permitted(), given, connection.LoggedIn)
	odd := []struct {
		path string
		rq   *api.Request
	}{
		{doctortest.SearchPath, ask.UserRows(ask.Part{Limit: 10})},
		{doctortest.RolesPath, ask.RoleRows(ask.Part{Limit: 20})},
		{membersPath, ask.MemberRows(site.Store.UserRoleID(), ask.Part{Limit: 10})},
		{listPath, privx.Endpoints.UserRoles.Request(site.Store.Users()[0].ID)},
	}[which%4]
	site.Sim.Inject(body(odd.path, oddjson.Spoil(string(visit.Ask.Get(t.Context(), odd.rq).Body), edits)))
	results, visit := doctortest.Run(t, permitted(), given, ids()...)
	for _, id := range ids() {
		doctortest.RequireNoSecrets(t, results[id].Found+results[id].Cause)
		if got := results[id]; got.Outcome == doctor.Passed {
			require.NotEmpty(t, visit.Answers[id].Side, id)
		}
	}
	require.LessOrEqual(t, visit.Ask.Requests(), mostRequests)
}
