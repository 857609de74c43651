package connector_test

import (
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/faultmatrix"
)

var updateFaults = flag.Bool("update-faults", false, "write the table of faults instead of comparing with it")

// Good outcomes.
const (
	complete = "complete" // a sync that has every row
	verified = "verified" // a grant or revoke, which the simulated PrivX confirms
	leftOut  = "left out" // a targeted sync of what PrivX says it does not know
	// shownEmpty is a sync that has every row but the members of a role that PrivX has
	// shown without any all the time, and of which nothing else says that it has some.
	shownEmpty = "without its members"
	// noneShown is the same of a list of targets, and unnamed is a sync in which nothing but
	// the names of access groups is missing.
	noneShown = "without the targets"
	unnamed   = "without names of access groups"
)

// What is added to an outcome.
const (
	andWarned = ", with a warning"
	butMade   = ", though made"
)

// limit is longer than anything may go on: a sync has ten minutes' patience with a
// call, and may be at the end of it when a pause of baton-sdk's begins.
const limit = 20 * time.Minute

// TestFaultMatrix holds every cell of the table in internal/faultmatrix against what
// comes of the fault.
func TestFaultMatrix(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("make test runs the fault matrix")
	}
	path := filepath.Join("..", "..", faultmatrix.Path)
	var operations []faultmatrix.Operation
	for _, o := range operationsUnderTest() {
		operation := faultmatrix.Operation{Name: o.name}
		for _, a := range o.acts {
			operation.Calls = append(operation.Calls, a.call)
		}
		operations = append(operations, operation)
	}
	want, err := faultmatrix.Read(path, operations)
	require.NoError(t, err)
	var mu sync.Mutex
	got, known := make(faultmatrix.Table), make(faultmatrix.Table)
	wholeFile, _ := wholeSync(t, act{})
	reachFile, reachRows := wholeSync(t, act{cfg: fullReach()})
	for _, o := range operationsUnderTest() {
		for _, a := range o.acts {
			switch {
			case a.afterWhole && a.cfg != nil:
				a.wholeFile, a.undisturbed = reachFile, reachRows
			case a.afterWhole:
				a.wholeFile = wholeFile
			case a.syncs():
				a = withUndisturbed(t, a)
			}
			for n, fault := range faultmatrix.Faults() {
				if !fault.Fits(a.target) {
					continue
				}
				cell := want[o.name][fault.Name][a.call]
				known.Set(o.name, fault.Name, a.call, cell)
				if raceDetector && fault.Name != "no answer at all" {
					// The race detector makes thousands of operations take too long. One
					// fault at each call is left, at whose end most is under way: make test
					// runs all of them without it.
					continue
				}
				t.Run(o.name+"/"+a.call+"/"+fault.Name, func(t *testing.T) {
					t.Parallel()
					outcome := comesOf(t, a, fault, n)
					mu.Lock()
					defer mu.Unlock()
					got.Set(o.name, fault.Name, a.call, outcome)
					if !*updateFaults {
						require.Equal(t, cell, outcome)
					}
				})
			}
		}
	}
	if *updateFaults {
		t.Cleanup(func() { require.NoError(t, faultmatrix.Write(path, operations, got)) })
		return
	}
	require.Equal(t, known, want, "the table has cells that nothing stands for")
}

// withUndisturbed runs a sync without a fault, and keeps its rows, what came of it and
// which the last call was.
func withUndisturbed(t *testing.T, a act) act {
	t.Helper()
	onStage(t, a, func(s *stage) {
		a.undisturbedOutcome = a.run(s)
		a.undisturbed = readBack(s.t, s.file)
		if a.last {
			a.target.Skip = s.sim.CountRequests(a.target.Method, a.target.Path) - 1
		}
	})
	require.Equal(t, a.good, strings.TrimSuffix(a.undisturbedOutcome, andWarned))
	return a
}

// wholeSync gives the file of a whole sync of an act's stage, and its rows.
func wholeSync(t *testing.T, a act) ([]byte, *synced) {
	t.Helper()
	var file []byte
	var rows *synced
	onStage(t, a, func(s *stage) {
		require.Equal(s.t, complete, syncs(s))
		var err error
		file, err = os.ReadFile(s.file)
		require.NoError(s.t, err)
		rows = readBack(s.t, s.file)
	})
	return file, rows
}

// Each endpoint that the client's documentation knows has its columns.
func TestFaultMatrixHasAllEndpoints(t *testing.T) {
	t.Parallel()
	documentation, err := os.ReadFile(filepath.Join("..", "privx", "doc.go"))
	require.NoError(t, err)
	known := make(map[string]bool)
	for _, endpoint := range regexp.MustCompile(`(?m)^//\t(GET|POST|PUT) +(/\S+)`).FindAllStringSubmatch(string(documentation), -1) {
		known[endpoint[1]+" "+endpoint[2]] = true
	}
	require.NotEmpty(t, known)
	covered := make(map[string]bool)
	anything := regexp.MustCompile(`\*|\{\w+\}`)
	for _, o := range operationsUnderTest() {
		for _, a := range o.acts {
			for _, call := range append(a.also, a.target) {
				covered[call.Method+" "+anything.ReplaceAllString(call.Path, "{id}")] = true
			}
		}
	}
	require.Equal(t, known, covered)
}

// comesOf finds out what comes of a fault that happens once and of one without
// end, and holds both against the rules that no table may change.
func comesOf(t *testing.T, a act, fault faultmatrix.Fault, n int) string {
	t.Helper()
	var once, forever string
	onStage(t, a, func(s *stage) { once = s.suffer(fault, n, 1) })
	onStage(t, a, func(s *stage) { forever = s.suffer(fault, n, 0) })
	holdRules(t, a, fault, once, forever)
	return faultmatrix.Outcome(once, forever)
}

// holdRules holds the outcomes against what must be so whatever the table says.
func holdRules(t *testing.T, a act, fault faultmatrix.Fault, once, forever string) {
	t.Helper()
	for _, outcome := range []string{once, forever} {
		if outcome == leftOut {
			require.True(t, fault.Said == http.StatusNotFound || a.empties(fault), "only PrivX says what there is not")
		}
	}
	for _, lacking := range []string{shownEmpty, noneShown} {
		require.NotEqual(t, lacking, once, "an empty answer alone proves nothing")
	}
	if forever == shownEmpty || forever == noneShown {
		require.True(t, a.empties(fault), "members or targets are missing")
	}
	success := func(outcome string) bool {
		outcome = strings.TrimSuffix(outcome, andWarned)
		return outcome == complete || outcome == verified
	}
	if fault.Transient && !success(a.good) && !fault.Waits { // for which a grant has no time
		require.Equal(t, a.good, once)
	}
	passing := fault.Transient || fault.Harmless || a.spare
	made := fault.Done && a.target.Method == http.MethodPut
	if success(a.good) && (passing || made) {
		require.True(t, success(once), "what is over the next time costs nothing: %s", once)
	}
	if success(a.good) && (a.spare || made) {
		require.True(t, success(forever), "it can do without the answer: %s", forever)
	}
	answered := fault.Harmless || fault.Turns || made || a.spare || a.takes != nil && a.takes(fault)
	if !success(a.good) || !answered {
		require.False(t, success(forever), "without the answer there is no success")
	}
}
