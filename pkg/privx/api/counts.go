package api

import (
	"sync"
	"sync/atomic"
)

// counts is what is known of how a PrivX counts.
type counts struct {
	mu     sync.Mutex
	probes map[Endpoint]int
	// ofAnswers: PrivX counts the rows of an answer and not those of the list.
	ofAnswers atomic.Bool
	// cut is how many rows an answer had that was not all of a list, where that is less
	// than was asked for; 0 if there was none.
	cut atomic.Int32
}

// probed notes what PrivX counted when one row of a list was asked for.
func (c *counts) probed(endpoint Endpoint, count int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.probes == nil {
		c.probes = make(map[Endpoint]int)
	}
	c.probes[endpoint] = count
}

// contradicts tells whether more rows were counted then than an answer has. One that was
// counted then is what an answer of one row counts.
func (c *counts) contradicts(endpoint Endpoint, rows int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	probed := c.probes[endpoint]
	return rows < probed || probed == 1 && rows > 1
}

// DistrustCounts notes that PrivX counts the rows of an answer and not those of the list.
func (c *Client) DistrustCounts() { c.counts.ofAnswers.Store(true) }
