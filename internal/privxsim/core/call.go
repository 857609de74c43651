package core

import (
	"net/url"
	"time"
)

// Call is a request on its way through the simulator, as the endpoint that
// answers it sees it.
type Call struct {
	Request

	// ID is the UUID that stands at {id} in the endpoint's path.
	ID string
	// Name is the text that stands at {name} there.
	Name string
	// Caller is who the token belongs to that the request carries. It is empty at
	// an open endpoint.
	Caller Caller
	// Stale wants an answer that shows what was before the last write.
	Stale bool
	// Turnover wants a row to go and another to come before a list is answered.
	Turnover bool

	sim       *Simulator
	node      *node
	outside   bool // of the path prefix
	query     url.Values
	ties      bool // rows that are equal by the sort key come in random order
	pageCount bool // the rows of the page alone are counted
}

// Now is the time by the clock of the node that answers.
func (c *Call) Now() time.Time { return c.node.now() }
