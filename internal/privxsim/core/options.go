package core

import (
	"cmp"
	"net/http"
	"strings"
	"time"
)

// Options are the manners that all services of a simulator have in common. The
// zero value is PrivX as it is most likely set up.
type Options struct {
	// PathPrefix is the base path of all services, as "/privx".
	PathPrefix string
	// Clock tells the time for tokens, the Date header and the ages of everything
	// that a Node goes by. Nil is time.Now.
	Clock func() time.Time

	// MaxPageSize is a page's largest size; the default is 1000.
	MaxPageSize int
	// RefuseLargePages answers a larger one with 400 instead of a smaller page.
	// Guess (PXQ-001): PrivX does one of the two.
	RefuseLargePages bool
	// Count says what lists claim in "count".
	Count CountMode
	// RandomTies makes rows that are equal by the sort key come in another order
	// each time. Guess (PXQ-003): PrivX has an order of its own for them, which stays.
	RandomTies bool
	// ReadOnlyStatus is the status that refuses writes while the simulator is
	// read-only. The default is 503. Guess (PXQ-036): PrivX's own is not known.
	ReadOnlyStatus int

	// Seed is what everything random is made from, but for tokens.
	Seed int64
	// Latency is added to every answer.
	Latency time.Duration

	// Nodes make it a cluster. Nil is a single node that is perfect.
	Nodes []Node
	// AffinityCookie makes answers carry the cookie of a load balancer, which keeps
	// a client that sends it back on the node that has answered it first.
	AffinityCookie bool
	// Route chooses the node, by its index in Nodes, of each request that no cookie
	// keeps on one. Nil is any, by chance.
	Route func(Request) int
	// EmptyNotFound makes a node that is empty for the moment (see Node) say of a
	// single object, as a user or a role, that there is none. Guess (PXQ-068): it knows them,
	// as by default.
	EmptyNotFound bool

	// KeepRequests bounds how many requests are kept, the latest. 0 is all.
	KeepRequests int
}

// withDefaults returns the options with zero values replaced.
func (o Options) withDefaults() Options {
	o.MaxPageSize = cmp.Or(o.MaxPageSize, 1000)
	o.ReadOnlyStatus = cmp.Or(o.ReadOnlyStatus, http.StatusServiceUnavailable)
	if o.Clock == nil {
		o.Clock = time.Now
	}
	o.PathPrefix = strings.TrimRight(o.PathPrefix, "/")
	return o
}
