package core

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Fault is something that goes wrong with requests that fit it.
type Fault struct {
	// Method is the method of requests that fit; "" is any.
	Method string
	// Path is a pattern of path.Match on the path without prefix; "" is any.
	Path string
	// MinLimit is the least "limit" in the query of requests that fit; 0 is any, and
	// also none. Guess (PXQ-007): what is too much for PrivX, or for what stands before it, is
	// a page of so many rows or more.
	MinLimit int
	// Skip is how many requests that fit are let through first.
	Skip int
	// Count is how many are then hit; 0 is all.
	Count int
	// Kind is what happens to them.
	Kind FaultKind

	// Status is that of FaultStatus, FaultStatusAfter and FaultNoBody, where 0 is 500, and of
	// other kinds that answer by themselves, where 0 leaves them as they are.
	Status int
	// Header is added to the answer, as Retry-After or Location, or takes the
	// place of what it has. A name without a value is left out of it, as Date, or
	// Content-Type, which nothing else then fills in.
	Header http.Header
	// Body is that of FaultStatus and FaultStatusAfter; "" is an error in the
	// endpoint's own shape.
	Body string
	// Delay is how long FaultSlowHeader and FaultSlowBody wait.
	Delay time.Duration
	// RowDelay is how much longer they wait for each row that the "limit" in the
	// request's query asks for. Guess (PXQ-008): PrivX takes the longer to begin an answer, the
	// more rows it shall have.
	RowDelay time.Duration
	// Release, if set, takes the place of the delays: an answer that waits is sent
	// once something is received from it. It waits no longer than the client does.
	Release <-chan struct{}
}

// FaultKind is what goes wrong.
type FaultKind int

// Kinds of faults. Those that answer by themselves do not execute the request.
const (
	FaultStatus      FaultKind = iota // answers with Status and an error
	FaultHTML                         // answers with a login page: 200, text/html
	FaultRedirect                     // answers 302 with Location, by default to /auth/login
	FaultSlowHeader                   // executes, waits, and answers truly
	FaultSlowBody                     // executes, answers with half of the body, waits, and sends the rest
	FaultStall                        // never answers: waits for Release or the client's leaving, then closes
	FaultResetBefore                  // resets the connection without executing
	FaultResetAfter                   // executes and resets the connection
	FaultTruncated                    // executes and answers with half of the body, as if it were all
	FaultCut                          // executes, announces the whole body, and closes after half of it
	FaultGarbage                      // answers 200 and what is not JSON
	FaultEmpty                        // answers 200 and nothing
	FaultNoContent                    // answers 204
	FaultNull                         // answers 200 and null
	FaultTrailing                     // executes and answers truly, with garbage behind
	FaultOversized                    // answers 200 and JSON without end, up to 256 MiB
	FaultNested                       // answers 200 and JSON nested very deeply
	FaultDropWrite                    // answers 200 and nothing, as a write that was executed
	FaultRepeatPage                   // executes with offset 0 whatever was asked
	FaultStatusAfter                  // executes, and answers with Status and an error all the same
	FaultHeader                       // executes and answers truly, with other headers
	FaultStale                        // shows a user's roles as they were before they were last set, as a node that lags does
	FaultEmptyList                    // answers 200 and a list that is empty: "count":0,"items":[]
	FaultNullItems                    // answers 200 and a list without rows: "count":0,"items":null
	FaultTies                         // executes, with rows that are equal by the sort key in random order
	FaultTurnover                     // executes after a row from the front of the list has gone and another has come to its end
	FaultPageCount                    // executes, and counts the rows of the page alone
	FaultNoBody                       // answers with Status, without a body and its type
)

// behaviour is what a kind of fault does at each step of an answer. What is nil
// happens as without the fault.
type behaviour struct {
	name    string                     // in the grammar of ParseFault
	replace func(*Fault, *Call) Answer // answers in place of the API
	request func(*Call)                // changes the request
	instead func(*Fault, *Call) Answer // answers once the API has, which executed the request
	alter   func(body []byte) []byte   // changes the answer's body
	silent  bool                       // nothing is answered
	write   func(http.ResponseWriter, *http.Request, *Fault, Answer)
}

var behaviours = map[FaultKind]behaviour{
	FaultStatus:      {name: "status", replace: statusAnswer},
	FaultHTML:        {name: "html", replace: fixedAnswer(http.StatusOK, typeHTML, loginPage)},
	FaultRedirect:    {name: "redirect", replace: redirectAnswer},
	FaultSlowHeader:  {name: "slow-header", write: writeSlowHeader},
	FaultSlowBody:    {name: "slow-body", write: writeSlowBody},
	FaultStall:       {name: "stall", replace: noAnswer, silent: true, write: writeStall},
	FaultResetBefore: {name: "reset-before", replace: noAnswer, silent: true, write: writeReset},
	FaultResetAfter:  {name: "reset-after", silent: true, write: writeReset},
	FaultTruncated:   {name: "truncated", alter: half},
	FaultCut:         {name: "cut", write: writeCut},
	FaultGarbage:     {name: "garbage", replace: fixedAnswer(http.StatusOK, TypeJSON, "\x00\xff{]not JSON")},
	FaultEmpty:       {name: "empty", replace: fixedAnswer(http.StatusOK, TypeJSON, "")},
	FaultNoContent:   {name: "no-content", replace: fixedAnswer(http.StatusNoContent, TypeJSON, "")},
	FaultNull:        {name: "null", replace: fixedAnswer(http.StatusOK, TypeJSON, "null")},
	FaultTrailing:    {name: "trailing", alter: func(body []byte) []byte { return slices.Concat(body, []byte("}]garbage")) }},
	FaultOversized:   {name: "oversized", replace: fixedAnswer(http.StatusOK, TypeJSON, `{"count":1,"items":[{"id":"`), write: writeEndless},
	FaultNested:      {name: "nested", replace: fixedAnswer(http.StatusOK, TypeJSON, nestedJSON)},
	FaultDropWrite:   {name: "drop-write", replace: func(*Fault, *Call) Answer { return Empty() }},
	FaultRepeatPage:  {name: "repeat-page", request: func(c *Call) { c.query.Del("offset") }},
	FaultStatusAfter: {name: "status-after", instead: statusAnswer},
	FaultHeader:      {name: "header"},
	FaultStale:       {name: "stale", request: func(c *Call) { c.Stale = true }},
	FaultEmptyList:   {name: "empty-list", replace: fixedAnswer(http.StatusOK, TypeJSON, emptyList)},
	FaultNullItems:   {name: "null-items", replace: fixedAnswer(http.StatusOK, TypeJSON, `{"count":0,"items":null}`)},
	FaultTies:        {name: "ties", request: func(c *Call) { c.ties = true }},
	FaultTurnover:    {name: "turnover", request: func(c *Call) { c.Turnover = true }},
	FaultPageCount:   {name: "page-count", request: func(c *Call) { c.pageCount = true }},
	FaultNoBody:      {name: "no-body", replace: noBodyAnswer},
}

// emptyList is a list that has nothing.
const emptyList = `{"count":0,"items":[]}`

// nestedDepth is deeper than decoders that guard themselves go.
const nestedDepth = 100_000

var nestedJSON = `{"count":1,"items":` + strings.Repeat("[", nestedDepth) + strings.Repeat("]", nestedDepth) + "}"

// String returns the kind's name in the grammar of ParseFault.
func (k FaultKind) String() string {
	if b, ok := behaviours[k]; ok {
		return b.name
	}
	return fmt.Sprintf("FaultKind(%d)", int(k))
}

// behaviour returns what the fault does; no fault does nothing.
func (f *Fault) behaviour() behaviour {
	if f == nil {
		return behaviour{}
	}
	return behaviours[f.Kind]
}

// Inject adds a fault. A request is hit by the first fault, in order of
// injection, that fits it and is neither skipping nor used up.
func (s *Simulator) Inject(f Fault) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.list = append(s.faults.list, &activeFault{Fault: f})
}

// ClearFaults removes all faults.
func (s *Simulator) ClearFaults() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.list = nil
}

// faults are those that were injected.
type faults struct {
	mu   sync.Mutex
	list []*activeFault
}

type activeFault struct {
	Fault

	skipped, hits int
}

// pick returns the fault that hits a request, or nil.
func (f *faults) pick(c *Call) *Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.IndexFunc(f.list, func(a *activeFault) bool { return a.fits(c) && a.hit() })
	if i < 0 {
		return nil
	}
	fault := f.list[i].Fault
	return &fault
}

// fits reports whether a request is of those that the fault is for.
func (f *Fault) fits(c *Call) bool {
	return c.Matches(f.Method, f.Path) && askedRows(c.query) >= f.MinLimit
}

// hit counts a request that fits, and reports whether the fault hits it.
func (a *activeFault) hit() bool {
	if a.skipped < a.Skip {
		a.skipped++
		return false
	}
	if a.Count > 0 && a.hits == a.Count {
		return false
	}
	a.hits++
	return true
}

func statusAnswer(f *Fault, c *Call) Answer {
	a := c.sim.errorAnswer(c.Path, cmp.Or(f.Status, http.StatusInternalServerError))
	if f.Body != "" {
		a.Body = []byte(f.Body)
	}
	return a
}

func noBodyAnswer(f *Fault, _ *Call) Answer {
	a := Empty()
	a.Status = cmp.Or(f.Status, http.StatusInternalServerError)
	return a
}

func fixedAnswer(status int, mediaType, body string) func(*Fault, *Call) Answer {
	return func(f *Fault, _ *Call) Answer {
		a := Answer{Status: status, Header: http.Header{ContentType: {mediaType}}, Body: []byte(body)}
		if f.Status != 0 {
			a.Status = f.Status
		}
		return a
	}
}

func redirectAnswer(f *Fault, c *Call) Answer {
	a := fixedAnswer(http.StatusFound, typeHTML, loginPage)(f, c)
	a.Header.Set("Location", "/auth/login")
	return a
}

func noAnswer(*Fault, *Call) Answer { return Empty() }

func half(body []byte) []byte { return body[:len(body)/2] }
