package core

import (
	"net/http"
	"slices"
)

// Alter adds a manner that no option has: a function that changes each true answer before
// it is sent. All that were added are called, in the order in which they were. What a
// fault answers by itself is not changed. The function may replace the body, and must not
// write into it. A header without values is left out of the answer, also Date.
func (s *Simulator) Alter(change func(Request, *Answer)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.alterations = append(s.alterations, change)
}

// alter changes a true answer to a call.
func (s *Simulator) alter(c *Call, a Answer) Answer {
	s.mu.Lock()
	alterations := slices.Clone(s.alterations)
	s.mu.Unlock()
	for _, change := range alterations {
		change(c.Request, &a)
	}
	if a.Header == nil {
		a.Header = http.Header{}
	}
	return a
}
