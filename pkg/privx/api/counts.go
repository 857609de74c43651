package api

import (
	"sync"
	"sync/atomic"
)

// counts is what is known of how PrivX counts rows. probes are the counts that Probe got.
type counts struct {
	mu     sync.Mutex
	probes map[Endpoint]int
	// ofAnswers: PrivX counts the rows of an answer and not those of the list.
	ofAnswers atomic.Bool
	// cut is the length of an answer that PrivX has cut short: it had fewer rows than were
	// asked for, and more followed. It is 0 if there was none.
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

// contradicts tells whether Probe got a higher count than an answer has rows. A probe that
// counted one row may have counted only the row it asked for, so it contradicts any answer
// with more rows than one.
func (c *counts) contradicts(endpoint Endpoint, rows int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	probed := c.probes[endpoint]
	return rows < probed || probed == 1 && rows > 1
}

// Expect notes how many rows a list has by the count of another one. A shorter answer does not
// end the list.
func (c *Client) Expect(endpoint Endpoint, rows int) { c.counts.probed(endpoint, rows) }

// DistrustCounts notes that PrivX counts the rows of an answer and not those of the list.
func (c *Client) DistrustCounts() { c.counts.ofAnswers.Store(true) }
