// Package faultmatrix says what comes of every fault at every call: which faults
// there are, and what is written down about them in matrix.md. Tests in other packages
// hold the connector and the binary to it, and docs/faults.md is made from it.
package faultmatrix

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/conductorone/baton-privx/internal/privxsim"
)

// Fault is one thing that goes wrong with a call.
type Fault struct {
	// Name is that of its row.
	Name string
	// Transient tells that it may be over the next time, so that one of it must
	// cost nothing.
	Transient bool
	// Harmless tells that the answer is a true one, if perhaps a late one.
	Harmless bool
	// Done tells that PrivX does what it is asked to, whatever it answers.
	Done bool
	// Forbids tells that it takes permissions away.
	Forbids bool
	// Waits tells that it keeps who asks waiting for long.
	Waits bool
	// Bulky tells that the answer takes a machine long to read, so that time may be up
	// before.
	Bulky bool
	// Turns tells that PrivX's users or roles are others afterwards: a sync may
	// have what has gone, and may lack what has come.
	Turns bool
	// Empties tells that a list is shown empty that is not.
	Empties bool
	// Said is the status that PrivX answers as its own, in its words or without
	// any; 0 if it does not.
	Said int

	fault privxsim.Fault
	// midway is what happens in PrivX when the call arrives, in place of fault.
	midway func(*privxsim.Simulator, *privxsim.Store)
	// fits tells which calls it can happen to; nil is all.
	fits func(Call) bool
}

// Call is a request that the connector makes.
type Call struct {
	Method string
	// Path is a pattern as in privxsim.Fault.
	Path string
	// Skip is how many requests that fit come before.
	Skip int
	// LaterPage tells that it asks for a page after a list's first.
	LaterPage bool
	// Empty tells that it asks for a list that is truly empty, to which an answer
	// that says so is no fault.
	Empty bool
}

const (
	usersPath   = "/role-store/api/v1/users/"
	searchPath  = usersPath + "search"
	rolesPath   = "/role-store/api/v1/roles"
	sourcesPath = "/role-store/api/v1/sources"
	awsPath     = "/role-store/api/v1/awsroles"

	hour = 3600
	// slow is longer than a grant or a revoke waits for one answer and shorter
	// than a sync does.
	slow = 20 * time.Second
)

// Fits tells whether the fault can happen to a call.
func (f Fault) Fits(c Call) bool { return f.fits == nil || f.fits(c) }

// Inject makes it happen to a call: the given number of times, 0 being without
// end, and in any case no more once the function that is returned was called.
func (f Fault) Inject(sim *privxsim.Simulator, store *privxsim.Store, c Call, count int) func() {
	if f.midway == nil {
		fault := f.fault
		fault.Method, fault.Path, fault.Skip, fault.Count = c.Method, c.Path, c.Skip, count
		sim.Inject(fault)
		return sim.ClearFaults
	}
	var mu sync.Mutex
	seen, stopped := 0, false
	sim.OnRequest(func(r privxsim.Request) {
		mu.Lock()
		defer mu.Unlock()
		if stopped || !r.Matches(c.Method, c.Path) {
			return
		}
		seen++
		if seen > c.Skip && (count == 0 || seen <= c.Skip+count) {
			f.midway(sim, store)
		}
	})
	return func() {
		mu.Lock()
		defer mu.Unlock()
		stopped = true
	}
}

// Faults are all of them, in the order of the table.
func Faults() []Fault {
	faults := []Fault{
		transient(status(http.StatusRequestTimeout)),
		transient(status(http.StatusTooManyRequests)),
		transient(retryAfter(status(http.StatusTooManyRequests), "5 s", 5)),
		transient(retryAfter(status(http.StatusTooManyRequests), "1 h", hour)),
		transient(status(http.StatusInternalServerError)),
		transient(retryAfter(status(http.StatusInternalServerError), "5 s", 5)),
		transient(done(kind("500, though done", privxsim.FaultStatusAfter))),
		transient(page(http.StatusBadGateway)),
		transient(status(http.StatusServiceUnavailable)),
		transient(retryAfter(status(http.StatusServiceUnavailable), "5 s", 5)),
		transient(retryAfter(status(http.StatusServiceUnavailable), "1 h", hour)),
		transient(status(http.StatusGatewayTimeout)),
		transient(kind("connection reset before the request was read", privxsim.FaultResetBefore)),
		transient(done(kind("connection reset, though done", privxsim.FaultResetAfter))),
		transient(done(kind("connection closed in the middle of the answer", privxsim.FaultCut))),
		transient(waiting(kind("no answer at all", privxsim.FaultStall))),
		transient(noBody(http.StatusServiceUnavailable)),
		only(transient(empties(kind("an empty list", privxsim.FaultEmptyList))), filledList),
		only(transient(empties(kind("a list whose items are null", privxsim.FaultNullItems))), filledList),
		only(transient(Fault{Name: "the token is revoked", midway: revokeTokens}), func(c Call) bool { return !strings.HasSuffix(c.Path, "/token") }),
		{Name: "slow: 20 s until the answer begins", Harmless: true, Waits: true, fault: privxsim.Fault{Kind: privxsim.FaultSlowHeader, Delay: slow}},
		{Name: "slow: 20 s in the middle of the answer", Harmless: true, Waits: true, fault: privxsim.Fault{Kind: privxsim.FaultSlowBody, Delay: slow}},
		{Name: "an answer without a date", Harmless: true, fault: privxsim.Fault{Kind: privxsim.FaultHeader, Header: http.Header{"Date": nil}}},
		{Name: "JSON that is called text", Harmless: true, fault: privxsim.Fault{Kind: privxsim.FaultHeader, Header: http.Header{"Content-Type": {"text/plain"}}}},
		{Name: "JSON without a type", Harmless: true, fault: privxsim.Fault{Kind: privxsim.FaultHeader, Header: http.Header{"Content-Type": nil}}},
		large(kind("an answer without end", privxsim.FaultOversized)),
		only(Fault{Name: "equal rows in another order", Harmless: true, fault: privxsim.Fault{Kind: privxsim.FaultTies}}, pagedList),
		only(Fault{Name: "a count of the page's rows", Harmless: true, fault: privxsim.Fault{Kind: privxsim.FaultPageCount}}, pagedList),
		{Name: "all permissions are lost", Forbids: true, midway: losePermissions},
	}
	for _, code := range []int{400, 401, 403, 404, 409, 418, 501} {
		faults = append(faults, status(code))
	}
	return append(faults,
		retryAfter(status(http.StatusForbidden), "5 s", 5),
		noBody(http.StatusBadRequest),
		noBody(http.StatusForbidden),
		noBody(http.StatusNotFound),
		page(http.StatusBadRequest),
		page(http.StatusForbidden),
		page(http.StatusNotFound),
		page(http.StatusOK),
		kind("302 to a login page", privxsim.FaultRedirect),
		Fault{Name: "304", fault: privxsim.Fault{Status: http.StatusNotModified}},
		Fault{Name: "a status that there is not: 700", fault: privxsim.Fault{Status: 700}},
		kind("204", privxsim.FaultNoContent),
		done(Fault{Name: "JSON that is called HTML", fault: privxsim.Fault{Kind: privxsim.FaultHeader, Header: http.Header{"Content-Type": {"text/html"}}}}),
		kind("empty answer", privxsim.FaultEmpty),
		kind("null", privxsim.FaultNull),
		Fault{Name: "JSON of something else", fault: privxsim.Fault{Status: http.StatusOK, Body: `{"status":"UP"}`}},
		kind("garbage in place of JSON", privxsim.FaultGarbage),
		done(kind("garbage behind the JSON", privxsim.FaultTrailing)),
		done(kind("half an answer that looks whole", privxsim.FaultTruncated)),
		bulky(kind("an answer without end", privxsim.FaultOversized)),
		kind("JSON nested 100,000 deep", privxsim.FaultNested),
		only(kind("the same page again and again", privxsim.FaultRepeatPage), laterPage),
		only(Fault{Name: "a row goes and another comes before the page", Turns: true, fault: privxsim.Fault{Kind: privxsim.FaultTurnover}}, laterPage),
		only(Fault{Name: "a node that lags behind", Harmless: true, fault: privxsim.Fault{Kind: privxsim.FaultStale}}, rolesOfUser),
		only(kind("answered as done, and not done", privxsim.FaultDropWrite), func(c Call) bool { return c.Method == http.MethodPut }),
	)
}

func status(code int) Fault {
	return Fault{Name: strconv.Itoa(code), Said: code, fault: privxsim.Fault{Status: code}}
}

// noBody is a status and nothing more. Of a 404 that says nothing it is not known
// whether it is PrivX's.
func noBody(code int) Fault {
	f := Fault{Name: strconv.Itoa(code) + " without a body", fault: privxsim.Fault{Kind: privxsim.FaultNoBody, Status: code}}
	if code != http.StatusNotFound {
		f.Said = code
	}
	return f
}

// page is an answer in HTML, as of a proxy.
func page(code int) Fault {
	return Fault{Name: strconv.Itoa(code) + " with a page in HTML", fault: privxsim.Fault{Kind: privxsim.FaultHTML, Status: code}}
}

func kind(name string, k privxsim.FaultKind) Fault {
	return Fault{Name: name, fault: privxsim.Fault{Kind: k}}
}

func retryAfter(f Fault, words string, seconds int) Fault {
	f.Name += ", Retry-After " + words
	f.Waits = seconds == hour
	f.fault.Header = http.Header{"Retry-After": {strconv.Itoa(seconds)}}
	return f
}

func transient(f Fault) Fault {
	f.Transient = true
	return f
}

func waiting(f Fault) Fault {
	f.Waits = true
	return f
}

func bulky(f Fault) Fault {
	f.Bulky = true
	return f
}

func empties(f Fault) Fault {
	f.Empties = true
	return f
}

func done(f Fault) Fault {
	f.Done = true
	return f
}

func only(f Fault, fits func(Call) bool) Fault {
	f.fits = fits
	return f
}

// large is a fault of answers that have many rows: smaller ones are good.
func large(f Fault) Fault {
	f.Name += ", to more than 500 rows"
	f.Harmless, f.fault.MinLimit = true, 501
	return only(f, pagedList)
}

func laterPage(c Call) bool { return c.LaterPage }

func rolesOfUser(c Call) bool {
	return c.Method == http.MethodGet && strings.HasPrefix(c.Path, usersPath) && strings.HasSuffix(c.Path, "/roles")
}

// targetLists are the paths of lists of what roles reach, and of access groups.
var targetLists = []string{
	"/host-store/api/v1/hosts", "/host-store/api/v1/hosts/search", "/vault/api/v1/search/secrets",
	"/network-access-manager/api/v1/nwtargets", "/api-proxy/api/v1/api-targets", "/authorizer/api/v1/accessgroups",
}

// pagedList tells whether a call is for a list that comes in pages.
func pagedList(c Call) bool {
	return slices.Contains(targetLists, c.Path) || c.Path == searchPath || c.Path == rolesPath || strings.HasPrefix(c.Path, rolesPath) && strings.HasSuffix(c.Path, "/members")
}

// filledList tells whether a call is for a list that is not truly empty.
func filledList(c Call) bool {
	return !c.Empty && (pagedList(c) || rolesOfUser(c) || c.Path == sourcesPath || c.Path == awsPath)
}

func revokeTokens(sim *privxsim.Simulator, _ *privxsim.Store) { sim.RevokeTokens() }

// losePermissions takes all permissions from all roles, and ends the sessions
// that still have them.
func losePermissions(sim *privxsim.Simulator, store *privxsim.Store) {
	lost := false
	for _, role := range store.Roles() {
		if len(role.Permissions) > 0 {
			lost = true
			role.Permissions = nil
			store.UpdateRole(role)
		}
	}
	if lost {
		sim.RevokeTokens()
	}
}
